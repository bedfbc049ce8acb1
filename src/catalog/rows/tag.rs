//! The rows of tags.

use crate::catalog::rows::cell::in_cell;
use crate::catalog::rows::position::Position;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{query_row, typed_row};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Timestamp, Value};

/// How much is to be asked about a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing, until its turn comes.
    Nothing,
    /// Its digest, by HEAD: is it still the one that is served?
    Resolve,
    /// Its manifest, by GET.
    Read,
    /// The same, before those of other tags: somebody named it.
    ReadFirst,
}

in_cell!(Due as i64 { Nothing = 0, Resolve = 1, Read = 2, ReadFirst = 3 });

/// Whether a tag is still there and wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is.
    Present,
    /// Its repository's list has it no more.
    Missing,
    /// Newer versions have pushed it out (`VERSIONS_PER_CHART`).
    PushedOut,
    /// A notification named it, and no list has shown it so far.
    Named,
}

in_cell!(Presence as i64 { Present = 0, Missing = 1, PushedOut = 2, Named = 3 });

typed_row! {
    /// A tag as the sync sees it.
    TagRow of "tag"
    key {
        /// Row id of its repository.
        repository: i64,
        /// The tag itself.
        name: String,
    }
    columns {
        /// Digest of the manifest that is served.
        manifest: Option<Digest>,
        /// Digest of a manifest that was read and whose contents are not known yet.
        next: Option<Digest>,
        /// What is to be asked.
        due: Due,
        /// Failures in a row.
        attempts: i64,
        /// How often it was called for.
        called: i64,
        /// The pass since which it is missing from its repository's list.
        gone_in: Option<i64>,
    }
    checked {
        moving: bool,
        rank: i64,
        gone: Presence,
        error: Option<String>,
        retry_at: Option<Timestamp>,
    }
}

typed_row! {
    /// The name of a tag and how it is absent.
    TagName of "tag"
    key {
        /// Row id of its repository.
        repository: i64,
        /// The tag itself.
        name: String,
    }
    columns {
        /// How it is absent.
        gone: Presence,
    }
    checked {}
}

impl TagRow {
    /// Where it stands in the order of tags.
    pub(crate) fn position(&self) -> Position {
        Position {
            repository: self.repository,
            tag: self.name.clone(),
        }
    }
}

query_row! {
    /// A repository of tags.
    TaggedRepository
    of "tag" {
        repository: i64 = [repository],
    }
}

impl Store<'_> {
    /// One tag.
    pub(crate) fn tag(&self, repository: i64, name: &str) -> Result<Option<TagRow>, DatabaseError> {
        self.row(
            "WHERE repository = ? AND name = ?",
            &[repository.into(), name.into()],
        )
    }

    /// How many tags of a repository move.
    pub(crate) fn count_moving(&self, repository: i64) -> Result<u64, DatabaseError> {
        self.count_of(
            "FROM tag WHERE moving > 0 AND repository = ?",
            &[repository.into()],
        )
    }

    /// The last of the first `count` tags of a repository that move; `None` for the first none.
    pub(crate) fn moving_tag_at(
        &self,
        repository: i64,
        count: u64,
    ) -> Result<Option<Position>, DatabaseError> {
        let Some(offset) = count.checked_sub(1).and_then(|at| i64::try_from(at).ok()) else {
            return Ok(None);
        };
        let row: Option<TagName> = self.row(
            "WHERE moving > 0 AND repository = ? ORDER BY name LIMIT 1 OFFSET ?",
            &[repository.into(), offset.into()],
        )?;
        Ok(row.map(|row| Position {
            repository,
            tag: row.name,
        }))
    }

    /// Tags that serve a manifest, or will.
    pub(crate) fn tags_of_manifest(&self, digest: &Digest) -> Result<Vec<TagRow>, DatabaseError> {
        self.rows(
            "WHERE manifest = ?1 OR next = ?1",
            &[digest.to_string().into()],
        )
    }

    /// All tags of a repository.
    pub(crate) fn tags_of(&self, repository: i64) -> Result<Vec<TagRow>, DatabaseError> {
        self.rows("WHERE repository = ? ORDER BY name", &[repository.into()])
    }

    /// The names of a repository's tags and how each is absent, in byte order.
    pub(crate) fn tag_names(&self, repository: i64) -> Result<Vec<TagName>, DatabaseError> {
        self.rows("WHERE repository = ? ORDER BY name", &[repository.into()])
    }

    /// Adds new tags, each with whether it moves, and what is to be asked about them. Versions are in the order in which they are to
    /// be read.
    pub(crate) fn add_tags(
        &self,
        repository: i64,
        tags: &[(&str, bool)],
        due: Due,
    ) -> Result<(), DatabaseError> {
        /// Five parameters a row, a hundred a statement.
        const ROWS: usize = 20;
        let mut versions = 0_i64;
        for chunk in tags.chunks(ROWS) {
            let mut sql =
                String::from("INSERT INTO tag(repository, name, moving, due, rank) VALUES ");
            let mut parameters: Vec<Value> = Vec::with_capacity(chunk.len() * 5);
            for (index, (name, moving)) in chunk.iter().enumerate() {
                sql.push_str(if index == 0 {
                    "(?, ?, ?, ?, ?)"
                } else {
                    ", (?, ?, ?, ?, ?)"
                });
                let rank = if *moving { 0 } else { versions };
                versions += i64::from(!*moving);
                parameters.extend([
                    repository.into(),
                    (*name).into(),
                    (*moving).into(),
                    due.into(),
                    rank.into(),
                ]);
            }
            sql.push_str(" ON CONFLICT DO NOTHING");
            self.0.execute(&sql, &parameters)?;
        }
        Ok(())
    }

    /// Marks how a tag is absent from what is wanted and since which pass, or that it is not.
    pub(crate) fn mark_presence(
        &self,
        repository: i64,
        name: &str,
        presence: Presence,
        pass: Option<i64>,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET gone = ?3, gone_in = ?4 WHERE repository = ?1 AND name = ?2 AND gone <> ?3",
            &[repository.into(), name.into(), presence.into(), pass.into()],
        )?;
        Ok(())
    }

    /// Marks all tags of a repository as missing since a pass; those that are so already keep theirs.
    pub(crate) fn mark_all_gone(&self, repository: i64, pass: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET gone = 1, gone_in = ?2 WHERE repository = ?1 AND gone <> 1",
            &[repository.into(), pass.into()],
        )?;
        Ok(())
    }

    /// The repositories in which newer versions have pushed others out.
    pub(crate) fn pushing_repositories(&self) -> Result<Vec<i64>, DatabaseError> {
        let rows: Vec<TaggedRepository> = self.select(
            "FROM tag INDEXED BY tag_gone WHERE gone > 0 AND gone = 2 GROUP BY repository",
            &[],
        )?;
        Ok(rows.into_iter().map(|row| row.repository).collect())
    }

    /// The tags of a repository that were pushed out, and how many versions it serves without them; `None` while any of
    /// its tags is not read to its end, as what pushes may turn out to be no chart.
    pub(crate) fn pushed_out(
        &self,
        repository: i64,
    ) -> Result<Option<(Vec<TagRow>, u64)>, DatabaseError> {
        let open = self.any(
            "SELECT 1 FROM tag WHERE repository = ? AND gone = 0 AND (due > 0 OR next IS NOT NULL OR manifest IS NULL) LIMIT 1",
            &[repository.into()],
        )?;
        if open {
            return Ok(None);
        }
        let served = self.count_of(
            "FROM tag t JOIN manifest m ON m.digest = t.manifest
             WHERE t.repository = ? AND t.gone = 0 AND t.moving = 0 AND m.state = 'chart'",
            &[repository.into()],
        )?;
        let tags = self.rows("WHERE repository = ? AND gone = 2", &[repository.into()])?;
        Ok(Some((tags, served)))
    }

    /// The tags that are gone: missing from the lists of repositories that could be listed, or of repositories that the
    /// registry neither enumerates nor has. None of repositories that are to be listed once more, and none that another Worker's
    /// documents told, whose version may stand under another tag, while one of its repository is not read.
    pub(crate) fn gone_tags(&self) -> Result<Vec<TagRow>, DatabaseError> {
        // The index by name: the planner would go through all repositories first.
        self.rows(
            "INDEXED BY tag_gone
             WHERE gone > 0 AND gone = 1 AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.due = 0
               AND (r.error IS NULL OR (r.missing_since IS NOT NULL AND r.unseen IS NOT NULL)))
               AND NOT (EXISTS(SELECT 1 FROM manifest m WHERE m.digest = tag.manifest AND m.reader = 0)
                 AND EXISTS(SELECT 1 FROM tag t WHERE t.repository = tag.repository AND t.manifest IS NULL AND t.gone = 0))
             ORDER BY repository, name",
            &[],
        )
    }

    /// Has a tag asked about at once, with the first of those that are; a pending retry is waived.
    pub(crate) fn call_tag(
        &self,
        repository: i64,
        name: &str,
        due: Due,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = max(due, ?3), rank = 0, retry_at = NULL, called = called + 1
             WHERE repository = ?1 AND name = ?2 AND gone <> 3",
            &[repository.into(), name.into(), due.into()],
        )?;
        Ok(())
    }

    /// Has a tag asked about whose turn it was: no call for it, so nothing that is to be asked once more.
    pub(crate) fn resume_tag(&self, repository: i64, name: &str) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = max(due, 1) WHERE repository = ? AND name = ?",
            &[repository.into(), name.into()],
        )?;
        Ok(())
    }

    /// Has the tags of a repository confirmed at once: all that are versions, and of those that move a share, in turn: the next call
    /// has the next ones. Those that its list has no more wait for the end of the pass.
    pub(crate) fn call_tags_of(&self, repository: i64, share: u64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = max(due, 1), retry_at = NULL, called = called + 1
             WHERE repository = ?1 AND gone <> 1 AND gone <> 3 AND (moving = 0 OR name IN (
               SELECT name FROM tag WHERE repository = ?1 AND moving > 0 AND gone <> 1 AND gone <> 3 ORDER BY called, name LIMIT ?2))",
            &[repository.into(), i64::try_from(share).unwrap_or(i64::MAX).into()],
        )?;
        Ok(())
    }

    /// Has no tag of a repository asked for: all of it was read at once.
    pub(crate) fn settle_tags(&self, repository: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = 0, next = NULL, error = NULL, attempts = 0, retry_at = NULL WHERE repository = ? AND due > 0",
            &[repository.into()],
        )?;
        Ok(())
    }

    /// Notes that a tag was confirmed; writes only if it was due or had failed.
    pub(crate) fn tag_confirmed(&self, tag: &TagRow) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = CASE WHEN called = ?3 THEN 0 ELSE due END, error = NULL, attempts = 0, retry_at = NULL, next = NULL
             WHERE repository = ?1 AND name = ?2 AND (due > 0 OR error IS NOT NULL OR next IS NOT NULL)",
            &[tag.repository.into(), tag.name.as_str().into(), tag.called.into()],
        )?;
        Ok(())
    }

    /// Notes that a tag now names a manifest whose contents are still to be read.
    pub(crate) fn tag_awaits(&self, tag: &TagRow, digest: &Digest) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET next = ?3, due = CASE WHEN called = ?4 THEN 0 ELSE due END, error = NULL, attempts = 0, retry_at = NULL WHERE repository = ?1 AND name = ?2",
            &[tag.repository.into(), tag.name.as_str().into(), digest.to_string().into(), tag.called.into()],
        )?;
        Ok(())
    }

    /// Has a tag serve a manifest.
    pub(crate) fn tag_serves(&self, tag: &TagRow, digest: &Digest) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET manifest = ?3, next = NULL, due = CASE WHEN called = ?4 THEN 0 ELSE due END, error = NULL, attempts = 0, retry_at = NULL
             WHERE repository = ?1 AND name = ?2",
            &[tag.repository.into(), tag.name.as_str().into(), digest.to_string().into(), tag.called.into()],
        )?;
        Ok(())
    }

    /// Notes that a tag could not be asked about.
    pub(crate) fn tag_failed(
        &self,
        tag: &TagRow,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET due = max(due, 1), error = ?3, attempts = attempts + 1, retry_at = ?4 WHERE repository = ?1 AND name = ?2",
            &[tag.repository.into(), tag.name.as_str().into(), error.into(), retry_at.into()],
        )?;
        Ok(())
    }

    /// Takes the row of a tag away that the configuration no longer allows.
    pub(crate) fn forget_tag(&self, repository: i64, name: &str) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM tag WHERE repository = ? AND name = ?",
            &[repository.into(), name.into()],
        )?;
        Ok(())
    }

    /// Takes a tag's row away.
    pub(crate) fn remove_tag(&self, tag: &TagRow) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM tag WHERE repository = ? AND name = ?",
            &[tag.repository.into(), tag.name.as_str().into()],
        )?;
        Ok(())
    }
}
