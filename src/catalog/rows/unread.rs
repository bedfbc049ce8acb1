//! Whether anything that is known could not be read: a first index is judged by this, not by the pass that runs.

use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::query_row;
use crate::platform::{DatabaseError, Value};

query_row! {
    /// Why a tag or its manifest could not be read.
    UnreadTag
    of "tag" {
        repository: i64 = [t.repository],
        name: String = [t.name],
        next: Option<String> = [m.digest],
    }
    of "tag" by repository, name {
        tag_error: Option<String> = [t.error],
    }
    of "manifest" by next {
        manifest_error: Option<String> = [m.error],
    }
}

impl Store<'_> {
    /// Why a tag could not be read, if one could not: of a repository, or of any.
    pub(crate) fn unread(&self, repository: Option<i64>) -> Result<Option<String>, DatabaseError> {
        let of = repository.map_or("1", |_| "t.repository = ?");
        let sql = format!(
            "FROM tag t LEFT JOIN manifest m ON m.digest = t.next
             WHERE {of} AND (t.error IS NOT NULL OR m.error IS NOT NULL) LIMIT 1"
        );
        let repository: Vec<Value> = repository.into_iter().map(Value::from).collect();
        let rows: Vec<UnreadTag> = self.select(&sql, &repository)?;
        let first = rows.into_iter().next();
        Ok(first.and_then(|row| row.tag_error.or(row.manifest_error)))
    }

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
