//! Pages of rows as an operator sees them: JSON objects without the cells that are empty.

use serde_json::{Value, json};

use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Row, Value as Cell};

/// Rows of each list a page.
pub(crate) const PAGE: i64 = 100;

impl Store<'_> {
    /// A page of repositories whose charts have no address: their first segments belong to the OCI gateway and the API.
    pub(crate) fn unreachable_repositories(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT name FROM repository WHERE (relative >= 'v2/' AND relative < 'v20')
               OR (relative >= 'api/v1/' AND relative < 'api/v10') ORDER BY id",
            &["repository"],
            page,
        )
    }

    /// A page of repositories that could not be listed.
    pub(crate) fn failing_repositories(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT name, error, attempts, retry_at, denied_since FROM repository WHERE error IS NOT NULL ORDER BY id",
            &["repository", "error", "attempts", "retry_at", "denied_since"],
            page,
        )
    }

    /// A page of tags that could not be asked about.
    pub(crate) fn failing_tags(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT r.name, t.name, t.error, t.attempts, t.retry_at FROM tag t JOIN repository r ON r.id = t.repository
             WHERE t.due > 0 AND t.error IS NOT NULL ORDER BY t.repository, t.name",
            &["repository", "tag", "error", "attempts", "retry_at"],
            page,
        )
    }

    /// A page of manifests of which a part could not be read.
    pub(crate) fn failing_manifests(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT digest, error, attempts, retry_at FROM manifest WHERE plan IS NOT NULL AND error IS NOT NULL ORDER BY digest",
            &["digest", "error", "attempts", "retry_at"],
            page,
        )
    }

    /// A page of tags whose manifests are skipped, and why.
    pub(crate) fn skipped_tags(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT r.name, t.name, m.reason FROM manifest m JOIN tag t ON t.manifest = m.digest
             JOIN repository r ON r.id = t.repository WHERE m.state = 'skipped' ORDER BY r.name, t.name",
            &["repository", "tag", "reason"],
            page,
        )
    }

    /// A page of documents.
    pub(crate) fn published_documents(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            "SELECT key, etag, length, put_at, dirty, error FROM document ORDER BY key DESC",
            &["document", "etag", "length", "put_at", "dirty", "error"],
            page,
        )
    }

    /// A page of repositories with tags that are passed over by their names, and how many for which reason.
    pub(crate) fn passed_over(&self, page: u32) -> Result<Vec<Value>, DatabaseError> {
        let rows = self.0.query(
            "SELECT name, passed_over FROM repository WHERE passed_over IS NOT NULL ORDER BY id LIMIT ? OFFSET ?",
            &[PAGE.into(), (i64::from(page) * PAGE).into()],
        )?;
        let object = |row: &Row| {
            let tags: Value = serde_json::from_str(row.text(1)?).ok()?;
            Some(json!({ "repository": row.text(0)?, "tags": tags }))
        };
        Ok(rows.iter().filter_map(object).collect())
    }

    /// A page of rows as JSON objects with these keys.
    fn objects(&self, sql: &str, keys: &[&str], page: u32) -> Result<Value, DatabaseError> {
        let offset = i64::from(page) * PAGE;
        let rows = self.0.query(
            &format!("{sql} LIMIT ? OFFSET ?"),
            &[PAGE.into(), offset.into()],
        )?;
        let object = |row: &Row| {
            let cells = row.0.iter().map(|cell| match cell {
                Cell::Integer(number) => json!(number),
                Cell::Text(text) => json!(text),
                Cell::Null | Cell::Blob(_) => Value::Null,
            });
            keys.iter()
                .map(|key| (*key).to_owned())
                .zip(cells)
                .filter(|(_, cell)| !cell.is_null())
                .collect::<Value>()
        };
        Ok(rows.iter().map(object).collect())
    }
}
