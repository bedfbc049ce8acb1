//! Packages that no tag serves any more: clients keep indexes for days, so links to them hold on for a while.

use std::time::Duration;

use crate::catalog::rows::store::Store;
use crate::index::{Candidate, shard_of};
use crate::platform::{DatabaseError, Timestamp};

/// How long a superseded package stays reachable by its digest, as long as the registry has it.
pub(crate) const KEPT: Duration = Duration::from_hours(720);

impl Store<'_> {
    /// Keeps a candidate that is no longer served under `file`.
    pub(crate) fn supersede(
        &self,
        file: &str,
        candidate: &Candidate,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let until = now.after(KEPT);
        let candidate = Candidate {
            until: Some(until),
            ..candidate.clone()
        };
        let text =
            serde_json::to_string(&candidate).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO superseded(shard, file, source, repository, package, candidate, until) VALUES(?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT(shard, file, source, repository, package) DO UPDATE SET candidate = excluded.candidate, until = excluded.until",
            &[
                i64::from(shard_of(file)).into(),
                file.into(),
                candidate.source.as_str().into(),
                candidate.repository.as_str().into(),
                candidate.package.to_string().into(),
                text.into(),
                until.into(),
            ],
        )?;
        Ok(())
    }

    /// The kept candidates of a shard, or of one file of it, by file name and then in a fixed order.
    pub(crate) fn superseded(
        &self,
        shard: u8,
        file: Option<&str>,
    ) -> Result<Vec<(String, Candidate)>, DatabaseError> {
        let rows = self.0.query(
            "SELECT file, candidate FROM superseded WHERE shard = ?1 AND (?2 IS NULL OR file = ?2)
             ORDER BY file, source, repository, package",
            &[i64::from(shard).into(), file.into()],
        )?;
        let read = |row: &crate::platform::Row| {
            Some((
                row.text(0)?.to_owned(),
                serde_json::from_str(row.text(1)?).ok()?,
            ))
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// Takes away what was kept long enough; gives the shards it stood in.
    pub(crate) fn expire_superseded(&self, now: Timestamp) -> Result<Vec<u8>, DatabaseError> {
        let rows = self.0.query(
            "SELECT DISTINCT shard FROM superseded WHERE until <= ?",
            &[now.into()],
        )?;
        if !rows.is_empty() {
            self.0
                .execute("DELETE FROM superseded WHERE until <= ?", &[now.into()])?;
        }
        Ok(rows
            .iter()
            .filter_map(|row| row.integer(0).and_then(|shard| u8::try_from(shard).ok()))
            .collect())
    }

    /// Takes away what was kept of a source.
    pub(crate) fn forget_superseded_of(&self, source: &str) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM superseded WHERE source = ?", &[source.into()])?;
        Ok(())
    }

    /// Takes away what was kept of a repository that is no longer configured.
    pub(crate) fn forget_superseded(
        &self,
        source: &str,
        repository: &str,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM superseded WHERE source = ? AND repository = ?",
            &[source.into(), repository.into()],
        )?;
        Ok(())
    }
}
