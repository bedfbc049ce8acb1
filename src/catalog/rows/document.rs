//! The rows of published documents, and which of them a change makes dirty.

use std::time::Duration;

use crate::catalog::rows::cell::{CellFault, FromCell, in_cell};
use crate::catalog::rows::store::{LATEST, Store};
use crate::catalog::rows::typed_row::{KeyPart, TableRow as _, UnreadableRow, typed_row};
use crate::chart::FileName;
use crate::index::{Key, RepositoryPath, View, shard_of};
use crate::platform::{DatabaseError, Timestamp, Value};

/// How long documents under an old prefix stay in KV: other isolates may still run the old configuration.
pub(crate) const RETIRED_FOR: Duration = Duration::from_hours(1);

/// Whether a document shows what the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It does.
    Clean,
    /// It is to be made anew.
    Dirty,
    /// Its bytes were made and are being put. A crash leaves it so, and then it counts as dirty.
    BeingPut,
}

in_cell!(Freshness as i64 { Clean = 0, Dirty = 1, BeingPut = 2 });

typed_row! {
    /// A document as publishing sees it.
    Published of "document"
    key {
        /// Which.
        key: Key,
    }
    columns {
        /// Entity tag of what was put last; `None` before the first put.
        etag: Option<String>,
        /// When.
        put_at: Option<Timestamp>,
        /// Its length then; `None` before these rows' first put of it, whatever KV has.
        length: Option<u64>,
        /// When it was last read, for indexes of spaces.
        read_at: Option<Timestamp>,
        /// Failed puts in a row.
        attempts: i64,
    }
    checked {
        dirty: Freshness,
        retry_at: Option<Timestamp>,
        error: Option<String>,
    }
}

typed_row! {
    /// A full key out of use, which is to be removed from KV.
    RetiredKey of "retired"
    key {
        /// The key.
        key: String,
    }
    columns {
        /// When; what cannot be read is put off.
        at: Result<Timestamp, CellFault>,
    }
    checked {}
}

impl KeyPart for Key {
    fn text(&self) -> String {
        row_key(self)
    }
}

impl FromCell for Key {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        key_of(&String::from_cell(cell)?)
            .ok_or_else(|| CellFault::Text("the key of no document".to_owned()))
    }
}

/// The row's key: the kind sorts shards (`files:`) before indexes (`index:`), which is the order of publishing.
pub(super) fn row_key(key: &Key) -> String {
    match key {
        Key::Files(shard) => format!("files:{shard:02x}"),
        Key::Index(view) => format!("index:{view}"),
    }
}

pub(super) fn key_of(text: &str) -> Option<Key> {
    match text.split_once(':')? {
        ("files", shard) => u8::from_str_radix(shard, 16).ok().map(Key::Files),
        ("index", view) => view.parse().ok().map(Key::Index),
        _ => None,
    }
}

impl Store<'_> {
    /// The root's index.
    pub(crate) fn root_document(&self) -> Result<Option<Published>, DatabaseError> {
        let root = Key::Index(View::root());
        self.row("WHERE key = ?", &[row_key(&root).into()])
    }

    /// When the root's index was last put.
    pub(crate) fn root_put_at(&self) -> Result<Timestamp, DatabaseError> {
        let put_at = self.root_document()?.and_then(|root| root.put_at);
        Ok(put_at.unwrap_or_default())
    }

    /// Every document's row, shards first.
    pub(crate) fn all_documents(&self) -> Result<Vec<Published>, DatabaseError> {
        self.rows("ORDER BY key", &[])
    }

    /// Dirty documents that are not waiting for a retry, shards first.
    pub(crate) fn dirty_documents(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Published>, DatabaseError> {
        self.rows(
            "WHERE dirty > 0 AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2) ORDER BY key LIMIT ?3",
            &[now.into(), now.after(LATEST).into(), limit.into()],
        )
    }

    /// Whether a document is dirty without which what was called for is not published. A shard that waits for this reason is
    /// none: for what it lacks, the catalog is asked.
    pub(crate) fn any_document_unpublished(&self, waits: &str) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM document WHERE dirty > 0 AND NOT (error IS ? AND key >= 'files:' AND key < 'files;') LIMIT 1",
            &[waits.into()],
        )
    }

    /// Marks what shows a file of a repository: its shard, the root, and the spaces above it that are published.
    /// Costs no row where the mark is there.
    pub(crate) fn mark(
        &self,
        relative: &RepositoryPath,
        file: &FileName,
    ) -> Result<(), DatabaseError> {
        self.mark_document(&Key::Files(shard_of(file.as_str())))?;
        self.mark_document(&Key::Index(View::root()))?;
        self.mark_ancestors(relative)
    }

    /// Marks the indexes of the spaces above a repository that are published.
    pub(crate) fn mark_ancestors(&self, relative: &RepositoryPath) -> Result<(), DatabaseError> {
        for view in View::folders_of(relative)
            .into_iter()
            .filter(|view| !view.is_root())
        {
            self.0.execute(
                "UPDATE document SET dirty = 1 WHERE key = ? AND dirty <> 1",
                &[row_key(&Key::Index(view)).into()],
            )?;
        }
        self.mark_shares(relative)
    }

    /// Has a document published, for the first time or anew.
    pub(crate) fn mark_document(&self, key: &Key) -> Result<(), DatabaseError> {
        self.0.execute(
            "INSERT INTO document(key, dirty) VALUES(?, 1) ON CONFLICT(key) DO UPDATE SET dirty = 1, retry_at = CASE WHEN length IS NULL THEN NULL ELSE retry_at END
             WHERE dirty <> 1 OR (length IS NULL AND retry_at IS NOT NULL)",
            &[row_key(key).into()],
        )?;
        Ok(())
    }

    /// Notes that an index was read. Written at most once an hour, as reading must not cost a row a time.
    pub(crate) fn view_read(&self, view: &View, now: Timestamp) -> Result<(), DatabaseError> {
        const HOUR_MS: i64 = 3_600_000;
        if !self.has_room(view)? {
            return Ok(());
        }
        self.0.execute(
            "INSERT INTO document(key, dirty, read_at) VALUES(?1, 1, ?2)
             ON CONFLICT(key) DO UPDATE SET read_at = excluded.read_at WHERE read_at IS NULL OR read_at < excluded.read_at - ?3",
            &[row_key(&Key::Index(view.clone())).into(), now.into(), HOUR_MS.into()],
        )?;
        Ok(())
    }

    /// Notes that a reader missed a document in KV: it is put again if it was put long enough ago for that to mean that it
    /// is lost. KV remembers a miss for a minute and more, so a miss soon after a put means nothing.
    pub(crate) fn document_missed(&self, key: &Key, now: Timestamp) -> Result<(), DatabaseError> {
        const LOST_AFTER_MS: i64 = 300_000;
        self.0.execute(
            "UPDATE document SET dirty = 1, etag = NULL, put_at = NULL WHERE key = ? AND put_at <= ?",
            &[row_key(key).into(), (now.0 - LOST_AFTER_MS).into()],
        )?;
        Ok(())
    }

    /// Notes that a document's bytes were made and are being put: a change from now on marks it again.
    pub(crate) fn document_taken(&self, key: &Key) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE document SET dirty = 2 WHERE key = ?",
            &[row_key(key).into()],
        )?;
        Ok(())
    }

    /// The same; what KV has is not known until the put is heard of, as it may take a document and say that it did not, and the
    /// object may die: so nothing counts as put until then.
    pub(crate) fn document_leaves(&self, key: &Key) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE document SET dirty = 2, etag = NULL WHERE key = ?",
            &[row_key(key).into()],
        )?;
        Ok(())
    }

    /// Notes that a document was put; with `None` that what was put before is what it is now.
    pub(crate) fn document_put(
        &self,
        key: &Key,
        put: Option<(&str, u64, Timestamp)>,
    ) -> Result<(), DatabaseError> {
        let key = row_key(key);
        if let Some((etag, length, now)) = put {
            let length = i64::try_from(length).unwrap_or(i64::MAX);
            self.0.execute(
                "UPDATE document SET etag = ?, length = ?, put_at = ?, error = NULL, attempts = 0, retry_at = NULL WHERE key = ?",
                &[etag.into(), length.into(), now.into(), key.as_str().into()],
            )?;
        }
        self.0.execute(
            "UPDATE document SET dirty = 0, error = NULL, attempts = 0, retry_at = NULL WHERE key = ? AND dirty = 2",
            &[key.into()],
        )?;
        Ok(())
    }

    /// Notes that a document could not be put, or is not to be put before `retry_at`. It stays dirty.
    pub(crate) fn document_failed(
        &self,
        key: &Key,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE document SET dirty = 1, error = ?, attempts = attempts + 1, retry_at = ? WHERE key = ?",
            &[error.into(), retry_at.into(), row_key(key).into()],
        )?;
        Ok(())
    }

    /// Notes that a dirty document is not to be put before `at`.
    pub(crate) fn document_waits(&self, key: &Key, at: Timestamp) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE document SET retry_at = ? WHERE key = ?",
            &[at.into(), row_key(key).into()],
        )?;
        Ok(())
    }

    /// Has documents made at once that waited for this reason.
    pub(crate) fn release_documents(&self, error: &str) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE document SET retry_at = NULL, error = NULL, attempts = 0 WHERE dirty > 0 AND error = ?",
            &[error.into()],
        )?;
        Ok(())
    }

    /// Takes a document's row away: it is no longer published.
    pub(crate) fn remove_document(&self, key: &Key) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM document WHERE key = ?", &[row_key(key).into()])?;
        Ok(())
    }

    /// Makes every document one that was never put, and keeps the keys it was put under for removal at `at`.
    pub(crate) fn retire_documents(
        &self,
        fingerprint: &str,
        at: Timestamp,
    ) -> Result<(), DatabaseError> {
        // Whether it was ever put is not asked: an object that died while it put does not know.
        for document in self.all_documents()? {
            self.0.execute(
                "INSERT INTO retired(key, at) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET at = excluded.at",
                &[document.key.name(fingerprint).into(), at.into()],
            )?;
        }
        self.0.execute(
            "UPDATE document SET dirty = 1, etag = NULL, length = NULL, put_at = NULL, error = NULL, attempts = 0, retry_at = NULL",
            &[],
        )?;
        Ok(())
    }

    /// Full keys whose time has come to be removed from KV.
    pub(crate) fn retired(&self, now: Timestamp, limit: i64) -> Result<Vec<String>, DatabaseError> {
        // Text and bytes sort after every number: what cannot be read is met here, and mended.
        let rows: Vec<RetiredKey> = self.rows(
            "WHERE at <= ? OR typeof(at) <> 'integer' ORDER BY key LIMIT ?",
            &[now.into(), limit.into()],
        )?;
        let mut keys = Vec::new();
        for row in rows {
            match row.at {
                Ok(_) => keys.push(row.key),
                Err(why) => {
                    self.note_unreadable(&[UnreadableRow {
                        table: RetiredKey::TABLE,
                        key: row.key.clone(),
                        column: "at",
                        why,
                    }])?;
                    self.retire_key(&row.key, now.after(RETIRED_FOR))?;
                }
            }
        }
        Ok(keys)
    }

    /// Has a full key removed from KV at `at`.
    pub(crate) fn retire_key(&self, key: &str, at: Timestamp) -> Result<(), DatabaseError> {
        self.0.execute(
            "INSERT INTO retired(key, at) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET at = excluded.at",
            &[key.into(), at.into()],
        )?;
        Ok(())
    }

    /// Forgets a full key: it was removed from KV, or is in use again.
    pub(crate) fn unretire(&self, key: &str) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM retired WHERE key = ?", &[key.into()])?;
        Ok(())
    }
}
