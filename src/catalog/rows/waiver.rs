//! What was put off after faults and is to be tried at once, as an operator asks for it: what was broken may be mended.

use crate::catalog::rows::store::Store;
use crate::platform::DatabaseError;

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
}
