//! Rows that cannot be read: each is noted and mended at once, so that it is read again from the registry, and no document
//! is put that would lack what it held.
//!
//! A note *blocks* documents while what the row held is not known: the indexes that cover its repository, and the shard its
//! file stands in; any of them where the row does not tell. It no longer does when the row is whole again or gone on evidence,
//! and then only tells of what happened, until a whole pass has gone by.

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::mending::tag_key;
use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::state::LastPass;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{UnreadableRow, key_text, query_row, typed_row};
use crate::index::{RepositoryPath, View};
use crate::platform::{DatabaseError, Timestamp};

/// Most notes that are looked at: with more of them everything is blocked in any case.
const LOOK: i64 = 1_000;

typed_row! {
    /// A note of an unreadable row.
    Note of "unreadable"
    key {
        /// Its table.
        place: String,
        /// Its key.
        key: String,
        /// Where what it held is served, relative to the prefix; empty where that is not known.
        relative: String,
    }
    columns {
        /// The column that could not be read.
        cell: String,
        /// Why.
        reason: String,
        /// When it was first told of.
        since: Option<Timestamp>,
        /// Whether documents wait for it.
        blocks: bool,
        /// The shard that what it held stands in, where that is known.
        shard: Option<u8>,
    }
    checked {}
}

/// Which documents wait for an unreadable row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blockade {
    /// The repository whose charts would be lacking; `None` where that is not known.
    pub(crate) relative: Option<RepositoryPath>,
    /// The shard that would lack them; `None` where that is not known.
    pub(crate) shard: Option<u8>,
}

typed_row! {
    /// What is left of a repository's names.
    Remains of "repository"
    key {
        /// Row id.
        id: i64,
    }
    columns {
        /// Id of its source.
        source: Result<String, CellFault>,
        /// Full name.
        name: Result<String, CellFault>,
        /// Name below the source's prefix.
        relative: Result<RepositoryPath, CellFault>,
    }
    checked {}
}

impl Remains {
    fn is_whole(&self) -> bool {
        self.source.is_ok() && self.name.is_ok() && self.relative.is_ok()
    }
}

typed_row! {
    /// A manifest that no query of a document meets.
    OddManifest of "manifest"
    key {
        /// Its digest, as it stands there.
        digest: String,
    }
    columns {
        /// Its state, which may be none.
        state: Result<String, CellFault>,
    }
    checked {}
}

query_row! {
    /// A repository that may have no path.
    PathlessRepository
    of "repository" {
        /// Row id.
        id: i64 = [id],
    }
}

query_row! {
    /// A tag that serves a manifest of which there is no row.
    LostTag
    of "tag" {
        repository: i64 = [t.repository],
        name: String = [t.name],
    }
}

impl Store<'_> {
    /// Repositories of which a name, path or source cannot be read.
    pub(crate) fn nameless_repositories(&self) -> Result<Vec<Remains>, DatabaseError> {
        let remains: Vec<Remains> = self.rows(
            "WHERE id IN (
               SELECT CAST(key AS INTEGER) FROM unreadable WHERE place = 'repository' AND cell IN ('source', 'name', 'relative'))",
            &[],
        )?;
        let nameless = remains.into_iter().filter(|remains| !remains.is_whole());
        Ok(nameless.collect())
    }

    /// Gives a repository its names back.
    pub(crate) fn name_repository(
        &self,
        id: i64,
        source: &str,
        name: &str,
        relative: &RepositoryPath,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET source = ?2, name = ?3, relative = ?4 WHERE id = ?1",
            &[
                id.into(),
                source.into(),
                name.into(),
                relative.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// Notes what no query of a document can meet: manifests whose state or shard is none, and tags that serve a manifest of
    /// which there is no row.
    pub(crate) fn note_lost(&self, view: &View) -> Result<(), DatabaseError> {
        let mut lost = Vec::new();
        let odd: Vec<OddManifest> = self.rows(&format!("WHERE {ODD} LIMIT ?"), &[LOOK.into()])?;
        for manifest in odd {
            let is_chart = manifest.state.as_deref() == Ok("chart");
            lost.push(UnreadableRow {
                table: "manifest",
                key: manifest.digest,
                column: if is_chart { "shard" } else { "state" },
                why: CellFault::Text("none that may be".to_owned()),
            });
        }
        let (below, mut parameters) = if view.below().is_root() {
            ("1 = 1", Vec::new())
        } else {
            let prefix = format!("{}/", view.below());
            let end = range_end(&prefix);
            (
                "t.repository IN (SELECT id FROM repository WHERE relative >= ? AND relative < ?)",
                vec![prefix.into(), end.into()],
            )
        };
        parameters.push(LOOK.into());
        let tags: Vec<LostTag> = self.select(
            &format!(
                "FROM tag t WHERE t.manifest IS NOT NULL AND {below}
                   AND NOT EXISTS(SELECT 1 FROM manifest m WHERE m.digest = t.manifest) LIMIT ?"
            ),
            &parameters,
        )?;
        for tag in tags {
            lost.push(UnreadableRow {
                table: "tag",
                key: key_text(&[&tag.repository, &tag.name]),
                column: "manifest",
                why: CellFault::Text("the digest of no manifest".to_owned()),
            });
        }
        if lost.iter().any(|row| row.table == "tag") {
            // The row that was meant may be there under a digest that is none.
            self.drop_orphans()?;
        }
        self.note_unreadable(&lost)
    }

    /// Notes repositories that cannot be found below any path.
    pub(crate) fn note_pathless(&self) -> Result<(), DatabaseError> {
        // Bytes sort after every text: the index finds them at its end.
        let rows: Vec<PathlessRepository> = self.select(
            "FROM repository WHERE relative >= x'' LIMIT ?",
            &[LOOK.into()],
        )?;
        let rows: Vec<UnreadableRow> = rows
            .into_iter()
            .map(|row| UnreadableRow {
                table: "repository",
                key: row.id.to_string(),
                column: "relative",
                why: CellFault::Type("bytes", "text"),
            })
            .collect();
        self.note_unreadable(&rows)
    }

    /// What of the documents waits for rows that could not be read.
    pub(crate) fn blockades(&self) -> Result<Vec<Blockade>, DatabaseError> {
        let notes: Vec<Note> = self.rows("WHERE blocks > 0 LIMIT ?", &[LOOK.into()])?;
        Ok(notes
            .into_iter()
            .map(|note| Blockade {
                relative: note.relative.parse().ok(),
                shard: note.shard,
            })
            .collect())
    }

    /// Gives the notes that were not told of yet.
    pub(crate) fn new_notes(&self, now: Timestamp) -> Result<Vec<Note>, DatabaseError> {
        let notes: Vec<Note> = self.rows("WHERE since IS NULL LIMIT ?", &[LOOK.into()])?;
        for note in &notes {
            self.0.execute(
                "UPDATE unreadable SET since = ? WHERE place = ? AND key = ? AND relative = ?",
                &[
                    now.into(),
                    note.place.as_str().into(),
                    note.key.as_str().into(),
                    note.relative.as_str().into(),
                ],
            )?;
        }
        Ok(notes)
    }

    /// Has nothing wait any more for rows that are whole again, and lets go of notes after a whole pass.
    pub(crate) fn drop_whole_notes(&self) -> Result<(), DatabaseError> {
        let notes: Vec<Note> = self.rows("LIMIT ?", &[LOOK.into()])?;
        if notes.is_empty() {
            return Ok(());
        }
        let last = self.state()?.last_pass;
        for note in notes {
            let old = note.since.is_some_and(|since| last.started > since);
            let sql = match (note.blocks, old) {
                (true, _) if self.is_whole(&note, &last)? => {
                    "UPDATE unreadable SET blocks = 0 WHERE place = ? AND key = ? AND relative = ?"
                }
                (false, true) => {
                    "DELETE FROM unreadable WHERE place = ? AND key = ? AND relative = ?"
                }
                _ => continue,
            };
            self.0.execute(
                sql,
                &[note.place.into(), note.key.into(), note.relative.into()],
            )?;
        }
        Ok(())
    }

    fn is_whole(&self, note: &Note, last: &LastPass) -> Result<bool, DatabaseError> {
        let open = match note.place.as_str() {
            "manifest" => self.any(
                "SELECT 1 FROM manifest m WHERE m.digest = ?1 AND m.state = 'unreadable' AND EXISTS(SELECT 1 FROM tag t WHERE t.manifest = ?1)",
                &[note.key.as_str().into()],
            )?,
            "tag" => match tag_key(&note.key) {
                Some((repository, name)) => self.any(
                    "SELECT 1 FROM tag WHERE repository = ? AND name = ? AND manifest IS NULL",
                    &[repository.into(), name.into()],
                )?,
                None => return Ok(note.since.is_some_and(|since| last.started > since)),
            },
            // Which row its note was of is not known.
            "unreadable" => return Ok(note.since.is_some_and(|since| last.started > since)),
            "repository" => {
                let remains: Option<Remains> =
                    self.row("WHERE id = ?", &[note.key.as_str().into()])?;
                remains.is_some_and(|remains| !remains.is_whole())
            }
            // Whoever mends it lets go of the note.
            _ => return Ok(false),
        };
        Ok(!open)
    }
}

/// The condition on a manifest whose state or shard is none: that of the index `manifest_odd`, word for word.
const ODD: &str = "state NOT IN ('new', 'chart', 'skipped', 'unreadable')
    OR (state = 'chart' AND (typeof(shard) <> 'integer' OR shard NOT BETWEEN 0 AND 255))";
