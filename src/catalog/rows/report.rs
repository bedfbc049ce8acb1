//! Pages of rows as an operator sees them: JSON objects without the cells that are empty.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::rows::cell::Json;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::typed_row;
use crate::platform::{DatabaseError, Value as Cell};

/// Rows of each list a page.
pub(crate) const PAGE: i64 = 100;

typed_row! {
    /// A repository with tags that are passed over.
    UnwantedTags of "repository"
    key {
        /// Row id.
        id: i64,
    }
    columns {
        /// Full name.
        name: String,
        /// How many tags, by the reason.
        passed_over: Json<BTreeMap<String, u64>>,
    }
    checked {}
}

impl Store<'_> {
    /// A page of repositories whose charts have no address: their first segments belong to the OCI gateway and the API.
    pub(crate) fn unreachable_repositories(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[("repository", "name")],
            "FROM repository WHERE (relative >= 'v2/' AND relative < 'v20')
               OR (relative >= 'api/v1/' AND relative < 'api/v10') ORDER BY id",
            page,
        )
    }

    /// A page of repositories that could not be listed.
    pub(crate) fn failing_repositories(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[
                ("repository", "name"),
                ("error", "error"),
                ("attempts", "attempts"),
                ("retry_at", "retry_at"),
                ("denied_since", "denied_since"),
                ("missing_since", "missing_since"),
                ("not_enumerated_since_pass", "unseen"),
            ],
            "FROM repository WHERE error IS NOT NULL ORDER BY id",
            page,
        )
    }

    /// A page of tags that could not be asked about.
    pub(crate) fn failing_tags(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[
                ("repository", "r.name"),
                ("tag", "t.name"),
                ("error", "t.error"),
                ("attempts", "t.attempts"),
                ("retry_at", "t.retry_at"),
            ],
            "FROM tag t JOIN repository r ON r.id = t.repository
             WHERE t.due > 0 AND t.error IS NOT NULL ORDER BY t.repository, t.name",
            page,
        )
    }

    /// A page of manifests of which a part could not be read.
    pub(crate) fn failing_manifests(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[
                ("digest", "digest"),
                ("error", "error"),
                ("attempts", "attempts"),
                ("retry_at", "retry_at"),
            ],
            "FROM manifest WHERE plan IS NOT NULL AND error IS NOT NULL ORDER BY digest",
            page,
        )
    }

    /// A page of tags whose manifests are skipped, and why.
    pub(crate) fn skipped_tags(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[("repository", "r.name"), ("tag", "t.name"), ("reason", "m.reason")],
            "FROM manifest m JOIN tag t ON t.manifest = m.digest
             JOIN repository r ON r.id = t.repository WHERE m.state = 'skipped' ORDER BY r.name, t.name",
            page,
        )
    }

    /// A page of documents.
    pub(crate) fn published_documents(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[
                ("document", "key"),
                ("etag", "etag"),
                ("length", "length"),
                ("put_at", "put_at"),
                ("dirty", "dirty"),
                ("error", "error"),
            ],
            "FROM document ORDER BY key DESC",
            page,
        )
    }

    /// A page of repositories with tags that are passed over by their names, and how many for which reason.
    pub(crate) fn passed_over(&self, page: u32) -> Result<Vec<Value>, DatabaseError> {
        let rows: Vec<UnwantedTags> = self.rows(
            "WHERE passed_over IS NOT NULL ORDER BY id LIMIT ? OFFSET ?",
            &[PAGE.into(), (i64::from(page) * PAGE).into()],
        )?;
        Ok(rows
            .into_iter()
            .map(|row| json!({ "repository": row.name, "tags": row.passed_over.0 }))
            .collect())
    }

    /// A page of rows that could not be read, each until it is whole again.
    pub(crate) fn unreadable_rows(&self, page: u32) -> Result<Value, DatabaseError> {
        self.objects(
            &[
                ("table", "place"),
                ("row", "key"),
                ("column", "cell"),
                ("reason", "reason"),
                ("since", "since"),
                ("blocks", "blocks"),
            ],
            "FROM unreadable ORDER BY place, key, relative",
            page,
        )
    }

    /// A page of rows as JSON objects: names, each with the cell of it.
    fn objects(
        &self,
        names: &[(&str, &str)],
        from: &str,
        page: u32,
    ) -> Result<Value, DatabaseError> {
        let offset = i64::from(page) * PAGE;
        let rows = self.named_cells(
            names,
            &format!("{from} LIMIT ? OFFSET ?"),
            &[PAGE.into(), offset.into()],
        )?;
        let shown = |cell| match cell {
            Cell::Integer(number) => json!(number),
            Cell::Text(text) => json!(text),
            Cell::Null => Value::Null,
            // Noted and mended where the row is worked with.
            Cell::Real(_) | Cell::Blob(_) => json!("(cannot be read)"),
        };
        let object = |row: Vec<(&str, Cell)>| {
            row.into_iter()
                .map(|(name, cell)| (name.to_owned(), shown(cell)))
                .filter(|(_, cell)| !cell.is_null())
                .collect::<Value>()
        };
        Ok(rows.into_iter().map(object).collect())
    }
}
