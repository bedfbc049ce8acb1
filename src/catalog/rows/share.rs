//! Published shares: indexes of what accounts of limited rights may read.

use crate::catalog::rows::document::row_key;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::query_row;
use crate::index::{Key, RepositoryPath, View};
use crate::platform::DatabaseError;

/// Most shares that are published: each has as much as an index, and each change makes those anew that show it. The catalog
/// answers for more.
pub(crate) const SHARES: u64 = 100;

/// The condition for the rows of shares.
const IS_SHARE: &str = "key >= 'index:' AND key < 'index;' AND instr(key, '?') > 0";

query_row! {
    /// A document that may have to be made anew.
    CleanDocument
    of "document" {
        /// Which.
        key: Key = [key],
    }
}

impl Store<'_> {
    /// How many shares are published.
    pub(crate) fn shares(&self) -> Result<u64, DatabaseError> {
        self.count_of(&format!("FROM document WHERE {IS_SHARE}"), &[])
    }

    /// Whether a view may be published: it is no share, or one that is already, or there is room for one more.
    pub(super) fn has_room(&self, view: &View) -> Result<bool, DatabaseError> {
        if matches!(view, View::Folder(_)) {
            return Ok(true);
        }
        let key = row_key(&Key::Index(view.clone()));
        let known = self.any("SELECT 1 FROM document WHERE key = ?", &[key.into()])?;
        // There are as many shares of the root as sets of rights; of folders a stranger may find any number.
        let room = if view.below().is_root() {
            SHARES
        } else {
            SHARES / 2
        };
        Ok(known || self.shares()? < room)
    }

    /// Marks the shares that may show a repository. Costs no row where there is none.
    pub(super) fn mark_shares(&self, relative: &RepositoryPath) -> Result<(), DatabaseError> {
        for folder in View::folders_of(relative) {
            // What begins with the folder's name and goes on as a share's does: `@` is what follows `?`.
            let (from, to) = (format!("index:{folder}?"), format!("index:{folder}@"));
            let clean: Vec<CleanDocument> = self.select(
                "FROM document WHERE key >= ? AND key < ? AND dirty <> 1",
                &[from.into(), to.into()],
            )?;
            for document in clean {
                let shows = match &document.key {
                    Key::Index(view) => view.may_show(relative),
                    Key::Files(_) => true,
                };
                if shows {
                    let key = row_key(&document.key).into();
                    self.0
                        .execute("UPDATE document SET dirty = 1 WHERE key = ?", &[key])?;
                }
            }
        }
        Ok(())
    }
}
