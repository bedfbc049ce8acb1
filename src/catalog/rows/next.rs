//! What is to be read next, by source: what was not tried comes before what failed.

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::manifest::PendingManifest;
use crate::catalog::rows::position::Position;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::store::{LATEST, Store};
use crate::catalog::rows::tag::{Due, TagRow};
use crate::catalog::rows::typed_row::query_row;
use crate::platform::{DatabaseError, Timestamp, Value};

/// Which rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Those that do not wait: new ones, and those that were called for.
    New,
    /// Those that failed and whose wait has ended now.
    Again(Timestamp),
}

impl Turn {
    /// The condition, with the parameters 2 and 3.
    fn condition(self) -> (&'static str, [Value; 2]) {
        match self {
            Self::New => ("retry_at IS NULL AND ?2 IS ?3", [Value::Null, Value::Null]),
            Self::Again(now) => (
                "(retry_at <= ?2 OR retry_at > ?3)",
                [now.into(), now.after(LATEST).into()],
            ),
        }
    }
}

query_row! {
    /// When the first row of a source wants to be read. A time that cannot be read has come: its row is read then, and mended.
    EarliestReading
    of "deadline" {
        at: Result<Option<Timestamp>, CellFault> = ["min(at)"],
    }
}

impl Store<'_> {
    /// Tags of a source that are to be read before others as somebody named them; those of repositories after `after` before the
    /// others.
    pub(crate) fn first_tags(
        &self,
        source: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<TagRow>, DatabaseError> {
        self.tags_due(source, Due::ReadFirst, Turn::New, after, limit)
    }

    /// Tags of a source that are to be asked about. New ones come first, as those to be confirmed are served already. Among them the
    /// newest version of each repository comes before the second newest of any, and of as new ones those of repositories after
    /// `after` before the others.
    pub(crate) fn next_tags(
        &self,
        source: &str,
        turn: Turn,
        after: i64,
        limit: usize,
    ) -> Result<Vec<TagRow>, DatabaseError> {
        let mut found = Vec::new();
        for due in [Due::ReadFirst, Due::Read, Due::Resolve] {
            let missing = limit.saturating_sub(found.len());
            if missing == 0 {
                break;
            }
            found.extend(self.tags_due(source, due, turn, after, missing)?);
        }
        if found.is_empty() {
            // One whose `due` is none of them keeps the alarm awake until its row is read, and so mended.
            let (condition, [now, latest]) = turn.condition();
            found = self.rows(
                &format!(
                    "WHERE (due > 3 OR (due > 2 AND due < 3) OR (due > 1 AND due < 2) OR (due > 0 AND due < 1)) AND {condition}
                       AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.source = ?1) LIMIT ?4"
                ),
                &[
                    source.into(),
                    now,
                    latest,
                    i64::try_from(limit).unwrap_or(i64::MAX).into(),
                ],
            )?;
        }
        Ok(found)
    }

    /// Tags of a source about which this is to be asked.
    fn tags_due(
        &self,
        source: &str,
        due: Due,
        turn: Turn,
        after: i64,
        limit: usize,
    ) -> Result<Vec<TagRow>, DatabaseError> {
        let mut found = Vec::new();
        let (condition, [now, latest]) = turn.condition();
        let wanted = format!(
            "due > 0 AND due = ?4 AND {condition}
             AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.source = ?1)"
        );
        // Through the index from the first row that is wanted: its rank, behind `after`.
        let first = format!("SELECT rank FROM tag WHERE {wanted} ORDER BY rank LIMIT 1");
        for side in [">", "<="] {
            let missing = limit.saturating_sub(found.len());
            if missing == 0 {
                break;
            }
            found.extend(self.rows::<TagRow>(
                &format!(
                    "WHERE {wanted} AND (rank, repository) {side} (({first}), ?5) ORDER BY rank, repository, name LIMIT ?6"
                ),
                &[
                    source.into(),
                    now.clone(),
                    latest.clone(),
                    due.into(),
                    after.into(),
                    i64::try_from(missing).unwrap_or(i64::MAX).into(),
                ],
            )?);
        }
        Ok(found)
    }

    /// Repositories of a source that are to be listed.
    pub(crate) fn next_repositories(
        &self,
        source: &str,
        turn: Turn,
        limit: i64,
    ) -> Result<Vec<Repository>, DatabaseError> {
        let (condition, [now, latest]) = turn.condition();
        self.rows(
            &format!("WHERE due > 0 AND {condition} AND source = ?1 ORDER BY id LIMIT ?4"),
            &[source.into(), now, latest, limit.into()],
        )
    }

    /// Manifests of which something is to be read that a tag of a source names.
    pub(crate) fn next_manifests(
        &self,
        source: &str,
        turn: Turn,
        limit: i64,
    ) -> Result<Vec<PendingManifest>, DatabaseError> {
        let (condition, [now, latest]) = turn.condition();
        self.rows(
            &format!(
                "WHERE plan IS NOT NULL AND {condition} AND {} ORDER BY digest LIMIT ?4",
                named("manifest.digest")
            ),
            &[source.into(), now, latest, limit.into()],
        )
    }

    /// Takes away manifests of which something is to be read and that no tag names any more.
    pub(crate) fn drop_unnamed_plans(&self) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM manifest WHERE plan IS NOT NULL
               AND NOT EXISTS(SELECT 1 FROM tag WHERE tag.next = manifest.digest)
               AND NOT EXISTS(SELECT 1 FROM tag WHERE tag.manifest = manifest.digest)",
            &[],
        )?;
        Ok(())
    }

    /// The next repository of a source in the order of a pass that is not waiting for a retry.
    pub(crate) fn repository_after(
        &self,
        source: &str,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<Repository>, DatabaseError> {
        let rows = self.rows(
            "WHERE id > ?1 AND source = ?2 AND (retry_at IS NULL OR retry_at <= ?3 OR retry_at > ?4) ORDER BY id LIMIT 1",
            &[
                id.into(),
                source.into(),
                now.into(),
                now.after(LATEST).into(),
            ],
        )?;
        Ok(rows.into_iter().next())
    }

    /// The next tag of a source that is no version (`latest`) and not due anyway.
    pub(crate) fn moving_tag_after(
        &self,
        source: &str,
        at: &Position,
    ) -> Result<Option<TagRow>, DatabaseError> {
        self.tag_after(source, at, "moving > 0")
    }

    /// The next version tag of a source in the ring of revalidation that is not due anyway.
    pub(crate) fn version_tag_after(
        &self,
        source: &str,
        at: &Position,
    ) -> Result<Option<TagRow>, DatabaseError> {
        self.tag_after(source, at, "NOT moving > 0")
    }

    fn tag_after(
        &self,
        source: &str,
        at: &Position,
        kind: &str,
    ) -> Result<Option<TagRow>, DatabaseError> {
        let rows = self.rows(
            &format!(
                "WHERE {kind} AND NOT due > 0 AND NOT gone = 3 AND (repository, name) > (?, ?)
                   AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.source = ?)
                 ORDER BY repository, name LIMIT 1"
            ),
            &[at.repository.into(), at.tag.as_str().into(), source.into()],
        )?;
        Ok(rows.into_iter().next())
    }

    /// When the first row of a source wants to be read. One without a time of its own wants it now, and so does one whose time
    /// cannot have been set.
    pub(crate) fn earliest_reading(
        &self,
        source: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let at = "min(CASE WHEN retry_at <= ?2 THEN retry_at ELSE 0 END) AS at";
        let sql = format!(
            "FROM (
               SELECT {at} FROM repository WHERE due > 0 AND source = ?1 UNION ALL
               SELECT {at} FROM tag WHERE due > 0
                 AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.source = ?1) UNION ALL
               SELECT {at} FROM manifest WHERE plan IS NOT NULL AND {})",
            named("manifest.digest")
        );
        let cells: EarliestReading =
            self.select_one(&sql, &[source.into(), now.after(LATEST).into()])?;
        Ok(cells.at.unwrap_or(Some(Timestamp(0))))
    }
}

/// Whether a tag of the source `?1` names a digest. Two lookups by index: one condition of two columns would go through all
/// tags.
pub(super) fn named(digest: &str) -> String {
    let by = |column| {
        format!(
            "EXISTS(SELECT 1 FROM tag t JOIN repository r ON r.id = t.repository
               WHERE t.{column} = {digest} AND r.source = ?1)"
        )
    };
    format!("({} OR {})", by("next"), by("manifest"))
}
