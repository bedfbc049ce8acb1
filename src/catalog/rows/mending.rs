//! What becomes of a row that cannot be read: it is noted, and made whole as far as that goes without the registry.

use crate::catalog::rows::cell::{CellFault, shortened};
use crate::catalog::rows::shed::SHED;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{UnreadableRow, query_row, typed_row};
use crate::chart::tag_is_version;
use crate::index::{Key, View};
use crate::platform::{DatabaseError, Value};

/// Whether a row's loss is felt in documents until it is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Loss {
    /// It is not: what it held is known all the same, or no document shows it.
    None,
    /// What these repositories serve is not known; of all repositories where there are none.
    Of(Vec<String>, Option<u8>),
}

query_row! {
    /// Where a manifest is served. A path that cannot be read is noted by whoever reads its repository.
    ServedIn
    of "repository" {
        relative: Result<String, CellFault> = [r.relative],
    }
}

typed_row! {
    /// What is left of a manifest.
    DamagedManifest of "manifest"
    key {
        /// Its digest.
        digest: String,
    }
    columns {
        /// The shard that its file stands in.
        shard: Result<Option<u8>, CellFault>,
        /// Its state.
        state: Result<String, CellFault>,
    }
    checked {}
}

impl Store<'_> {
    /// Notes rows that cannot be read and mends them as far as that goes without the registry.
    pub(crate) fn note_unreadable(&self, rows: &[UnreadableRow]) -> Result<(), DatabaseError> {
        for row in rows {
            let loss = match row.table {
                "manifest" => self.mend_manifest(row)?,
                "tag" => self.mend_tag(row)?,
                "repository" => self.mend_repository(row)?,
                "listing" => self.mend_listing(row)?,
                "document" => self.mend_document(row)?,
                "superseded" => self.mend_superseded(row)?,
                "retired" => self.mend_retired(row)?,
                "unreadable" => self.mend_note(row)?,
                "state" => self.mend_state(row)?,
                _ => Loss::None,
            };
            self.note(row, &loss)?;
        }
        Ok(())
    }

    fn note(&self, row: &UnreadableRow, loss: &Loss) -> Result<(), DatabaseError> {
        let (places, shard, blocks) = match loss {
            Loss::None => (&[][..], None, false),
            Loss::Of(places, shard) => (places.as_slice(), *shard, true),
        };
        let unknown = [String::new()];
        for relative in if places.is_empty() { &unknown } else { places } {
            self.0.execute(
                "INSERT INTO unreadable(place, key, relative, cell, reason, blocks, shard) VALUES(?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT(place, key, relative) DO UPDATE SET blocks = max(blocks, excluded.blocks)",
                &[
                    row.table.into(),
                    row.key.as_str().into(),
                    relative.as_str().into(),
                    row.column.into(),
                    shortened(row.why.to_string()).into(),
                    blocks.into(),
                    shard.map(i64::from).into(),
                ],
            )?;
            if blocks {
                self.mark_lacking(relative, shard)?;
            }
        }
        Ok(())
    }

    /// Marks all documents that may show what a row held: they are made anew when it is known again.
    fn mark_lacking(&self, relative: &str, shard: Option<u8>) -> Result<(), DatabaseError> {
        self.mark_document(&Key::Index(View::root()))?;
        if let Some(shard) = shard {
            self.mark_document(&Key::Files(shard))?;
        } else {
            self.0.execute(
                "UPDATE document SET dirty = 1 WHERE key >= 'files:' AND key < 'files;' AND dirty <> 1",
                &[],
            )?;
        }
        let Ok(path) = relative.parse() else {
            self.0.execute(
                "UPDATE document SET dirty = 1 WHERE key >= 'index:' AND key < 'index;' AND dirty <> 1",
                &[],
            )?;
            return Ok(());
        };
        self.mark_ancestors(&path)
    }

    /// A manifest: what it was, the registry tells; its tags are to be read again.
    fn mend_manifest(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.column == "digest" {
            // A row that no tag can name; whether one meant it, `note_lost` tells.
            self.0.execute(
                "DELETE FROM manifest WHERE typeof(digest) <> 'text' OR NOT (digest GLOB 'sha256:*' OR digest GLOB 'sha512:*')",
                &[],
            )?;
            return Ok(Loss::None);
        }
        let key: [Value; 1] = [row.key.as_str().into()];
        let served: Vec<ServedIn> = self.select(
            "FROM tag t JOIN repository r ON r.id = t.repository WHERE t.manifest = ? GROUP BY r.relative",
            &key,
        )?;
        // Where a path cannot be read either, any index may show it.
        let served: Vec<String> = served
            .into_iter()
            .map(|row| row.relative.unwrap_or_default())
            .collect();
        self.0.execute(
            "UPDATE tag SET due = 2, retry_at = NULL, error = NULL, attempts = 0, called = called + 1 WHERE manifest = ?1 OR next = ?1",
            &key,
        )?;
        if served.is_empty() {
            // Nothing serves it, or ever did.
            self.0
                .execute("UPDATE tag SET next = NULL WHERE next = ?", &key)?;
            self.0
                .execute("DELETE FROM manifest WHERE digest = ?", &key)?;
            return Ok(Loss::None);
        }
        if matches!(
            row.column,
            "plan" | "error" | "attempts" | "retry_at" | "reader"
        ) {
            // What is served is whole.
            self.0.execute(
                "UPDATE manifest SET reader = 0, plan = NULL, error = NULL, attempts = 0, retry_at = NULL WHERE digest = ?",
                &key,
            )?;
            return Ok(Loss::None);
        }
        let known: Option<DamagedManifest> = self.row("WHERE digest = ?", &key)?;
        let shard = known
            .as_ref()
            .filter(|_| !matches!(row.column, "shard" | "file"))
            .and_then(|known| known.shard.clone().unwrap_or_default());
        let skipped = row.column != "state"
            && known.is_some_and(|known| known.state.as_deref() == Ok("skipped"));
        self.0.execute(
            "UPDATE manifest SET state = 'unreadable', reader = 0, plan = NULL, error = NULL, attempts = 0, retry_at = NULL, reason = NULL,
               name = NULL, version = NULL, version_key = NULL, file = NULL, shard = NULL, package = NULL, candidate = NULL,
               created = NULL, metadata = NULL WHERE digest = ?",
            &key,
        )?;
        Ok(if skipped {
            Loss::None
        } else {
            Loss::Of(served, shard)
        })
    }

    /// A tag: its row is made as that of a new one, but for what it serves, and its list is taken over again.
    fn mend_tag(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        let Some((repository, name)) = tag_key(&row.key) else {
            // A row without a key names no tag: the lists tell which there are.
            self.0.execute(
                "DELETE FROM tag WHERE typeof(repository) <> 'integer' OR typeof(name) <> 'text'",
                &[],
            )?;
            self.0.execute(
                "UPDATE repository SET hash = NULL, etag = NULL, due = 1",
                &[],
            )?;
            return Ok(Loss::Of(Vec::new(), None));
        };
        let lost = row.column == "manifest";
        self.0.execute(
            "UPDATE tag SET moving = ?3, manifest = CASE WHEN ?4 THEN NULL ELSE manifest END, next = NULL, due = 2, rank = 0,
               called = CASE WHEN typeof(called) = 'integer' THEN called + 1 ELSE 1 END, gone = 0, gone_in = NULL, error = NULL,
               attempts = 0, retry_at = NULL WHERE repository = ?1 AND name = ?2",
            &[
                repository.into(),
                name.into(),
                (!tag_is_version(name)).into(),
                lost.into(),
            ],
        )?;
        self.0.execute(
            "UPDATE repository SET hash = NULL, etag = NULL, due = 1 WHERE id = ?",
            &[repository.into()],
        )?;
        if !lost {
            return Ok(Loss::None);
        }
        let served: Vec<ServedIn> =
            self.select("FROM repository r WHERE id = ?", &[repository.into()])?;
        let relative = served.into_iter().filter_map(|row| row.relative.ok());
        Ok(Loss::Of(relative.collect(), None))
    }

    /// A repository: its list is read again. What it is called, source, name and path tell of each other: see
    /// [`crate::catalog::sync::repair`].
    fn mend_repository(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        let Ok(id) = row.key.parse::<i64>() else {
            return Ok(Loss::Of(Vec::new(), None));
        };
        self.forget_listing(id)?;
        self.0.execute(
            "UPDATE repository SET listed = CASE WHEN typeof(listed) = 'integer' THEN listed > 0 ELSE 1 END, etag = NULL, hash = NULL,
               due = 1, recheck = 0, called = CASE WHEN typeof(called) = 'integer' THEN called + 1 ELSE 1 END, unseen = NULL,
               error = NULL, attempts = 0, retry_at = NULL, denied_since = NULL, missing_since = NULL, confirmed = 0,
               passed_over = NULL WHERE id = ?",
            &[id.into()],
        )?;
        Ok(if is_identity(row.column) {
            Loss::Of(Vec::new(), None)
        } else {
            Loss::None
        })
    }

    /// A tag list that was not read to its end: it begins again.
    fn mend_listing(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        let repository = row.key.split('/').next().and_then(|id| id.parse().ok());
        if let Some(id) = repository {
            self.forget_listing(id)?;
            self.call_repository(id, false)?;
        } else {
            // Which list it is of is not known, and none may go on without a part of it: each begins again.
            self.0.execute(
                "UPDATE repository SET due = 1, retry_at = NULL, called = called + 1 WHERE id IN (SELECT repository FROM listing)",
                &[],
            )?;
            self.0.execute("DELETE FROM listing", &[])?;
        }
        Ok(Loss::None)
    }

    /// A document: it is made and put anew.
    fn mend_document(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.column == "key" {
            // Which it was is not known: each is made anew, and put where it differs.
            self.0.execute(
                "INSERT INTO document(key, dirty) SELECT DISTINCT 'files:' || printf('%02x', shard), 1 FROM manifest WHERE state = 'chart'
                 ON CONFLICT(key) DO UPDATE SET dirty = 1",
                &[],
            )?;
            self.mark_document(&Key::Index(View::root()))?;
            self.0.execute(
                "DELETE FROM document WHERE typeof(key) <> 'text' OR NOT (key GLOB 'files:[0-9a-f][0-9a-f]' OR key GLOB 'index:*')",
                &[],
            )?;
            return Ok(Loss::None);
        }
        self.0.execute(
            "UPDATE document SET dirty = 1, etag = NULL, length = NULL, put_at = NULL, retry_at = NULL, attempts = 0, error = NULL,
               read_at = CASE WHEN typeof(read_at) IN ('integer', 'null') THEN read_at
                 ELSE (SELECT max(put_at) FROM document WHERE typeof(put_at) = 'integer') END
             WHERE key = ?",
            &[row.key.as_str().into()],
        )?;
        Ok(Loss::None)
    }

    /// A key out of use: one that cannot be read is the key of no document.
    fn mend_retired(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.column == "key" {
            self.0
                .execute("DELETE FROM retired WHERE typeof(key) <> 'text'", &[])?;
        }
        Ok(Loss::None)
    }

    /// A note of another row. What may have waited for that waits on: while the row is not whole; for a whole pass where it is not
    /// known which row it was.
    fn mend_note(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.key.is_empty() {
            self.0.execute(
                "DELETE FROM unreadable WHERE typeof(place) <> 'text' OR typeof(key) <> 'text' OR typeof(relative) <> 'text'",
                &[],
            )?;
            return Ok(Loss::Of(Vec::new(), None));
        }
        self.0.execute(
            "UPDATE unreadable SET
               cell = CASE WHEN typeof(cell) = 'text' THEN cell ELSE 'unknown' END,
               reason = CASE WHEN typeof(reason) = 'text' THEN reason ELSE 'unknown' END,
               since = CASE WHEN typeof(since) = 'integer' THEN since END,
               blocks = CASE WHEN blocks IN (0, 1) THEN blocks ELSE place IN ('manifest', 'tag', 'repository', 'superseded', 'unreadable') END,
               shard = CASE WHEN typeof(shard) = 'integer' AND shard BETWEEN 0 AND 255 THEN shard
                 WHEN place = 'superseded' AND instr(key, '/') > 0 THEN CAST(key AS INTEGER) END
             WHERE typeof(cell) <> 'text' OR typeof(reason) <> 'text' OR typeof(since) NOT IN ('integer', 'null') OR blocks NOT IN (0, 1)
               OR typeof(shard) NOT IN ('integer', 'null') OR shard NOT BETWEEN 0 AND 255",
            &[],
        )?;
        if row.column == "blocks"
            && let Some(key) = row.key.strip_prefix("superseded/")
            && let Some(shard) = key.split('/').next().and_then(|shard| shard.parse().ok())
        {
            // Who publishes the shard mends what is superseded in it, and lets go of the note.
            self.mark_document(&Key::Files(shard))?;
        }
        Ok(Loss::None)
    }

    /// A single-row value: what stands in for it, [`crate::catalog::rows::state`] knows. What an index sheds is told anew when
    /// that is made.
    fn mend_state(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.column == "key" {
            self.0
                .execute("DELETE FROM state WHERE typeof(key) <> 'text'", &[])?;
        }
        if let Some(document) = row.key.strip_prefix(SHED) {
            self.0.execute(
                "UPDATE document SET dirty = 1 WHERE key = ?",
                &[document.into()],
            )?;
            self.0.execute(
                "DELETE FROM state WHERE key = ?",
                &[row.key.as_str().into()],
            )?;
        }
        Ok(Loss::None)
    }

    /// A superseded package: no tag tells of it; the shard that was published last does, see
    /// [`crate::catalog::publish::publisher`].
    fn mend_superseded(&self, row: &UnreadableRow) -> Result<Loss, DatabaseError> {
        if row.column == "until" {
            self.0.execute(
                "UPDATE superseded SET until = coalesce(json_extract(candidate, '$.until'), 0) WHERE typeof(until) <> 'integer'",
                &[],
            )?;
            return Ok(Loss::None);
        }
        if row.column == "tag" {
            // Unknown, as of older rows: the package stays for as long as any.
            self.0.execute(
                "UPDATE superseded SET tag = NULL WHERE typeof(tag) NOT IN ('text', 'null')",
                &[],
            )?;
            return Ok(Loss::None);
        }
        if row.column == "shard" {
            self.restore_shards()?;
            return Ok(Loss::None);
        }
        if row.key.is_empty() {
            // A row without a key: nobody finds its package by a link.
            self.0.execute(
                "DELETE FROM superseded WHERE typeof(file) <> 'text' OR typeof(source) <> 'text' OR typeof(repository) <> 'text'
                   OR NOT (package GLOB 'sha256:*' OR package GLOB 'sha512:*')",
                &[],
            )?;
            return Ok(Loss::None);
        }
        let shard = row
            .key
            .split('/')
            .next()
            .and_then(|shard| shard.parse().ok());
        Ok(Loss::Of(Vec::new(), shard))
    }
}

/// Whether a column says which repository a row is of.
fn is_identity(column: &str) -> bool {
    matches!(column, "source" | "name" | "relative")
}

/// The parts of a tag's key.
pub(crate) fn tag_key(key: &str) -> Option<(i64, &str)> {
    let (repository, name) = key.split_once('/')?;
    Some((repository.parse().ok()?, name)).filter(|(_, name)| !name.is_empty())
}
