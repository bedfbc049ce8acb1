//! Published shares: indexes of what accounts of limited rights may read.

use crate::catalog::rows::document::{key_of, row_key};
use crate::catalog::rows::store::Store;
use crate::index::{Key, RepositoryPath, View};
use crate::platform::{DatabaseError, Value};

/// Most shares that are published: each has as much as an index, and each change makes those anew that show it. The catalog
/// answers for more.
pub(crate) const SHARES: i64 = 100;

/// The condition for the rows of shares.
const IS_SHARE: &str = "key >= 'index:' AND key < 'index;' AND instr(key, '?') > 0";

impl Store<'_> {
    /// How many shares are published.
    pub(crate) fn shares(&self) -> Result<i64, DatabaseError> {
        let row = self.0.first(
            &format!("SELECT count(*) FROM document WHERE {IS_SHARE}"),
            &[],
        )?;
        Ok(row.and_then(|row| row.integer(0)).unwrap_or_default())
    }

    /// Whether a view may be published: it is no share, or one that is already, or there is room for one more.
    pub(super) fn has_room(&self, view: &View) -> Result<bool, DatabaseError> {
        if matches!(view, View::Folder(_)) {
            return Ok(true);
        }
        let key = row_key(&Key::Index(view.clone()));
        let known = self
            .0
            .first("SELECT 1 FROM document WHERE key = ?", &[key.into()])?;
        // There are as many shares of the root as sets of rights; of folders a stranger may find any number.
        let room = if view.below().is_root() {
            SHARES
        } else {
            SHARES / 2
        };
        Ok(known.is_some() || self.shares()? < room)
    }

    /// Marks the shares that may show a repository. Costs no row where there is none.
    pub(super) fn mark_shares(&self, relative: &RepositoryPath) -> Result<(), DatabaseError> {
        for folder in View::folders_of(relative) {
            // What begins with the folder's name and goes on as a share's does: `@` is what follows `?`.
            let (from, to) = (format!("index:{folder}?"), format!("index:{folder}@"));
            let clean = self.0.query(
                "SELECT key FROM document WHERE key >= ? AND key < ? AND dirty <> 1",
                &[from.into(), to.into()],
            )?;
            for row in clean {
                let Some(key) = row.text(0) else { continue };
                // One that cannot be read is made anew too: it may be any.
                let shows = match key_of(key) {
                    Some(Key::Index(view)) => view.may_show(relative),
                    Some(Key::Files(_)) | None => true,
                };
                if shows {
                    let key: Value = key.into();
                    self.0
                        .execute("UPDATE document SET dirty = 1 WHERE key = ?", &[key])?;
                }
            }
        }
        Ok(())
    }
}
