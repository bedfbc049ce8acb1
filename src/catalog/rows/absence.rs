//! The rows of repositories that a registry does not give: denied, not found, not enumerated.

use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Timestamp};

impl Store<'_> {
    /// Repositories that the registry denies, or says it has not, and that are asked no further question now; of those that
    /// are denied only the ones whose removal is confirmed.
    pub(crate) fn absent_repositories(&self) -> Result<Vec<Repository>, DatabaseError> {
        self.rows(
            "WHERE error IS NOT NULL AND due = 0 AND (missing_since IS NOT NULL OR (denied_since IS NOT NULL AND confirmed > 0))
             ORDER BY id",
            &[],
        )
    }

    /// Repositories that the last complete enumeration did not name.
    pub(crate) fn unseen_repositories(&self) -> Result<Vec<Repository>, DatabaseError> {
        self.rows("WHERE unseen IS NOT NULL ORDER BY id", &[])
    }

    /// Whether there is a repository of a source.
    pub(crate) fn has_repositories(&self, source: &str) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM repository WHERE source = ? LIMIT 1",
            &[source.into()],
        )
    }

    /// Has the time begin anew since which a repository is not found.
    pub(crate) fn repository_missing_since(
        &self,
        id: i64,
        since: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET missing_since = ?2 WHERE id = ?1",
            &[id.into(), since.into()],
        )?;
        Ok(())
    }

    /// Has a repository asked for at once that is denied or not found, and its charts removed if it still is.
    pub(crate) fn confirm_absence(&self, id: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET confirmed = 1, due = 1, retry_at = NULL, called = called + 1
             WHERE id = ? AND (denied_since IS NOT NULL OR missing_since IS NOT NULL)",
            &[id.into()],
        )?;
        Ok(())
    }

    /// Notes that what an operator confirmed of a repository is done.
    pub(crate) fn absence_settled(&self, id: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET confirmed = 0 WHERE id = ? AND confirmed > 0",
            &[id.into()],
        )?;
        Ok(())
    }
}
