//! Whether anything that is known could not be read: a first index is judged by this, not by the pass that runs.

use crate::catalog::rows::store::Store;
use crate::platform::DatabaseError;

impl Store<'_> {
    /// Whether any repository's list was not read, or not to its end, or any tag serves nothing yet, those
    /// among them whose turn has not come.
    pub(crate) fn any_row_unread(&self) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM repository WHERE listed = 0 OR error IS NOT NULL
             UNION ALL SELECT 1 FROM tag WHERE due > 0 AND manifest IS NULL
             UNION ALL SELECT 1 FROM tag WHERE next IS NOT NULL AND manifest IS NULL
             UNION ALL SELECT 1 FROM tag WHERE moving > 0 AND manifest IS NULL LIMIT 1",
            &[],
        )
    }

    /// Whether a dirty document waits for this reason.
    pub(crate) fn any_document_waits(&self, error: &str) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM document WHERE dirty > 0 AND error = ? LIMIT 1",
            &[error.into()],
        )
    }
}
