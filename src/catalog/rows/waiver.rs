//! Ends the waits of what was put off, so that it is tried at once: when an operator asks for it, as what was broken may be mended,
//! and when the clock was put back.

use crate::catalog::rows::document::RETIRED_FOR;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::superseded::KEPT;
use crate::platform::{DatabaseError, Timestamp};

impl Store<'_> {
    /// Waives all that is put off.
    pub(crate) fn waive_all(&self) -> Result<(), DatabaseError> {
        for sql in [
            "UPDATE repository SET retry_at = NULL WHERE error IS NOT NULL AND retry_at IS NOT NULL",
            "UPDATE tag SET retry_at = NULL WHERE due > 0 AND retry_at IS NOT NULL",
            "UPDATE manifest SET retry_at = NULL WHERE plan IS NOT NULL AND retry_at IS NOT NULL",
        ] {
            self.0.execute(sql, &[])?;
        }
        Ok(())
    }

    /// Waives what is put off of the manifests that a repository's tags name. Its list and its tags are called for anyway.
    pub(crate) fn waive_manifests_of(&self, repository: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE manifest SET retry_at = NULL WHERE plan IS NOT NULL AND retry_at IS NOT NULL AND digest IN
               (SELECT manifest FROM tag WHERE repository = ?1 UNION SELECT next FROM tag WHERE repository = ?1)",
            &[repository.into()],
        )?;
        Ok(())
    }

    /// Brings to `now` what rows wait for in its future and what was seen there, after a clock was put back; what is kept for
    /// holders of links is kept no longer than from now on.
    pub(crate) fn wait_no_longer(&self, now: Timestamp) -> Result<(), DatabaseError> {
        for sql in [
            "UPDATE repository SET retry_at = ?1 WHERE due > 0 AND retry_at > ?1",
            "UPDATE repository SET denied_since = ?1 WHERE error IS NOT NULL AND denied_since > ?1",
            "UPDATE repository SET missing_since = ?1 WHERE error IS NOT NULL AND missing_since > ?1",
            "UPDATE tag SET retry_at = ?1 WHERE due > 0 AND retry_at > ?1",
            "UPDATE manifest SET retry_at = ?1 WHERE plan IS NOT NULL AND retry_at > ?1",
            "UPDATE document SET retry_at = ?1 WHERE dirty > 0 AND retry_at > ?1",
            "UPDATE document SET put_at = ?1 WHERE put_at > ?1",
            "UPDATE document SET read_at = ?1 WHERE read_at > ?1",
        ] {
            self.0.execute(sql, &[now.into()])?;
        }
        self.0.execute(
            "UPDATE retired SET at = ?1 WHERE at > ?1",
            &[now.after(RETIRED_FOR).into()],
        )?;
        self.0.execute(
            "UPDATE superseded SET until = ?1 WHERE until > ?1",
            &[now.after(KEPT).into()],
        )?;
        Ok(())
    }
}
