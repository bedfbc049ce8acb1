//! The rows of tag lists that were not read to their end: the next slice goes on where the last one stopped.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::cell::{CellFault, Json};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{
    TableRow as _, UnreadableRow, key_text, query_row, typed_row,
};
use crate::oci::Next;
use crate::platform::DatabaseError;

/// What was read of a tag list so far, over all slices, so that its limits hold for the whole of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListProgress {
    /// Where it goes on; at its first page when `None`.
    pub(crate) next: Option<Next>,
    /// Pages read.
    pub(crate) pages: u64,
    /// Names read, those that are no tags too.
    pub(crate) names: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// The address that the last page whose number was a power of two led to: where it comes again, the list goes round in
    /// a circle (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).
    pub(crate) mark: Option<Next>,
    /// How often its repository had been called for when its first page was asked for: of later calls it knows nothing.
    pub(crate) called: i64,
    /// Whether all tags of the repository were to be confirmed then.
    pub(crate) recheck: bool,
}

/// A tag list of which only the beginning was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CutList {
    /// The tags in it so far.
    pub(crate) names: Vec<String>,
    /// How far it was read.
    pub(crate) progress: ListProgress,
}

typed_row! {
    /// A part of a tag list.
    ListPage of "listing"
    key {
        /// Row id of its repository.
        repository: i64,
        /// Its place in the list.
        page: i64,
    }
    columns {
        /// The tags in it.
        names: Json<Vec<String>>,
        /// How far the list was read.
        progress: Json<ListProgress>,
    }
    checked {}
}

query_row! {
    /// The last row of a list that is kept; -1 before the first.
    LastPage
    of "listing" {
        page: i64 = ["coalesce(max(page), -1)"],
    }
}

impl Store<'_> {
    /// What is kept of a tag list. `None` when nothing is. Where a part cannot be read or is missing, all are
    /// let go of, and the list begins again.
    pub(crate) fn listing(&self, id: i64) -> Result<Option<CutList>, DatabaseError> {
        let mut pages: Vec<ListPage> =
            self.rows("WHERE repository = ? ORDER BY page", &[id.into()])?;
        // Without one of its parts the list would show tags to be gone that are there.
        let mut places = pages.iter().zip(0..);
        if let Some((row, _)) = places.find(|(row, place)| row.page != *place) {
            self.note_unreadable(&[UnreadableRow {
                table: ListPage::TABLE,
                key: key_text(&[&row.repository, &row.page]),
                column: "page",
                why: CellFault::Text("not the one that comes next".to_owned()),
            }])?;
            return Ok(None);
        }
        let Some(progress) = pages
            .last_mut()
            .map(|page| std::mem::take(&mut page.progress.0))
        else {
            return Ok(None);
        };
        let names = pages.into_iter().flat_map(|page| page.names.0).collect();
        Ok(Some(CutList { names, progress }))
    }

    /// Keeps a tag list that is not at its end: names beyond those kept already, and how far it was read.
    pub(crate) fn keep_listing(
        &self,
        id: i64,
        names: &[String],
        progress: &ListProgress,
    ) -> Result<(), DatabaseError> {
        /// Names a row: 5,000 of at most 128 bytes stay below a row's 2 MB.
        const NAMES_A_ROW: usize = 5_000;
        let LastPage { page } =
            self.select_one("FROM listing WHERE repository = ?", &[id.into()])?;
        let empty: &[String] = &[];
        let chunks = if names.is_empty() {
            vec![empty]
        } else {
            names.chunks(NAMES_A_ROW).collect()
        };
        let json = |error: serde_json::Error| DatabaseError(error.to_string());
        let progress = serde_json::to_string(progress).map_err(json)?;
        for (chunk, page) in chunks.into_iter().zip((page + 1)..) {
            let text = serde_json::to_string(chunk).map_err(json)?;
            self.0.execute(
                "INSERT INTO listing(repository, page, names, progress) VALUES(?, ?, ?, ?)",
                &[
                    id.into(),
                    page.into(),
                    text.into(),
                    progress.as_str().into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Lets go of what is kept of a tag list.
    pub(crate) fn forget_listing(&self, id: i64) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM listing WHERE repository = ?", &[id.into()])?;
        Ok(())
    }
}
