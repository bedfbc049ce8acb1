//! The rows of tag lists that a slice's end cut off: the next slice goes on where it ended.

use crate::catalog::rows::store::Store;
use crate::platform::DatabaseError;

impl Store<'_> {
    /// What is kept of a tag list that a slice's end cut off: its names so far and the next page.
    pub(crate) fn listing(&self, id: i64) -> Result<Option<(Vec<String>, String)>, DatabaseError> {
        let rows = self.0.query(
            "SELECT names, next FROM listing WHERE repository = ? ORDER BY page",
            &[id.into()],
        )?;
        let Some(next) = rows.last().and_then(|row| row.text(1)).map(str::to_owned) else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for row in &rows {
            names.extend(
                row.text(0)
                    .and_then(|text| serde_json::from_str::<Vec<String>>(text).ok())
                    .unwrap_or_default(),
            );
        }
        Ok(Some((names, next)))
    }

    /// Keeps a cut tag list: names beyond those kept already, and the next page.
    pub(crate) fn keep_listing(
        &self,
        id: i64,
        names: &[String],
        next: &str,
    ) -> Result<(), DatabaseError> {
        /// Names a row: 5,000 of at most 128 bytes stay below a row's 2 MB.
        const NAMES_A_ROW: usize = 5_000;
        let page = self
            .0
            .first(
                "SELECT coalesce(max(page), -1) FROM listing WHERE repository = ?",
                &[id.into()],
            )?
            .and_then(|row| row.integer(0))
            .unwrap_or(-1);
        let empty: &[String] = &[];
        let chunks = if names.is_empty() {
            vec![empty]
        } else {
            names.chunks(NAMES_A_ROW).collect()
        };
        for (chunk, page) in chunks.into_iter().zip((page + 1)..) {
            let text =
                serde_json::to_string(chunk).map_err(|error| DatabaseError(error.to_string()))?;
            self.0.execute(
                "INSERT INTO listing(repository, page, names, next) VALUES(?, ?, ?, ?)",
                &[id.into(), page.into(), text.into(), next.into()],
            )?;
        }
        Ok(())
    }

    /// Lets go of a cut tag list.
    pub(crate) fn forget_listing(&self, id: i64) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM listing WHERE repository = ?", &[id.into()])?;
        Ok(())
    }
}
