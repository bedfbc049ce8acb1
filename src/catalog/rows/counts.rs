//! Counts of the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::rows::offer::FOLDER;
use crate::catalog::rows::store::Store;
use crate::config::{Collisions, IndexScope};
use crate::platform::{DatabaseError, Row};

/// Counts of the rows, taken when a pass ends, so that a pass need not count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    /// Different chart names.
    pub(crate) charts: u64,
    /// Versions that indexes show: one that several repositories offer counts once.
    pub(crate) versions: u64,
    /// Tags that are versions by their name.
    pub(crate) version_tags: u64,
    /// Repositories.
    pub(crate) repositories: u64,
    /// Tags.
    pub(crate) tags: u64,
    /// Manifests that are skipped.
    pub(crate) skipped: u64,
    /// File names that are contested: offered for one index with other packages, metadata or provenance files.
    pub(crate) contested: u64,
    /// Repositories that could not be listed.
    pub(crate) failing: u64,
}

/// How far the reading is, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadingCounts {
    /// Repositories known.
    pub(crate) repositories: u64,
    /// Those whose tag list was read.
    pub(crate) listed: u64,
    /// Tags known.
    pub(crate) tags: u64,
    /// Those that serve a manifest.
    pub(crate) read: u64,
}

/// What is counted of each source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SourceCounts {
    /// Versions that are served.
    pub(crate) versions: u64,
    /// Tags that are versions by their name.
    pub(crate) version_tags: u64,
}

/// Published documents, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DocumentCounts {
    /// Documents that were put.
    pub(crate) put: u64,
    /// Bytes of all of them.
    pub(crate) bytes: u64,
    /// Documents that are to be made anew.
    pub(crate) dirty: u64,
    /// Notes of rows that could not be read, some of which keep documents from being put.
    pub(crate) unreadable_rows: u64,
}

/// What an operator is told of rows that fail or wait, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TroubleCounts {
    /// Repositories that could not be listed.
    pub(crate) failing_repositories: u64,
    /// Tags that could not be asked about.
    pub(crate) failing_tags: u64,
    /// Tags that serve nothing yet.
    pub(crate) unread_tags: u64,
    /// Manifests that are skipped.
    pub(crate) skipped: u64,
    /// Superseded packages that are still given.
    pub(crate) superseded: u64,
}

impl Store<'_> {
    /// Counts the rows, and what is served of them under these settings.
    pub(crate) fn count(
        &self,
        scope: IndexScope,
        collisions: Collisions,
    ) -> Result<Totals, DatabaseError> {
        let served = self.served_files(scope)?;
        Ok(Totals {
            charts: self
                .number("SELECT count(DISTINCT name) FROM manifest WHERE state = 'chart'")?,
            versions: match collisions {
                Collisions::First => served,
                Collisions::Hide => served.saturating_sub(self.contested_packages()?.len() as u64),
            },
            version_tags: self.number("SELECT count(*) FROM tag WHERE moving = 0")?,
            repositories: self.number("SELECT count(*) FROM repository")?,
            tags: self.number("SELECT count(*) FROM tag")?,
            skipped: self.number("SELECT count(*) FROM manifest WHERE state = 'skipped'")?,
            contested: self.contested(scope)?.len() as u64,
            failing: self.number("SELECT count(*) FROM repository WHERE error IS NOT NULL")?,
        })
    }

    /// Notes how many files are contested, in the middle of a pass.
    pub(crate) fn note_contested(&self, contested: u64) -> Result<(), DatabaseError> {
        if self.state()?.totals.contested != contested {
            self.update(|state| state.totals.contested = contested)?;
        }
        Ok(())
    }

    /// Counts the files that indexes show: those of the root, which has one version of a name once however many repositories
    /// offer it, or where each folder has an index of its own, those of all folders.
    fn served_files(&self, scope: IndexScope) -> Result<u64, DatabaseError> {
        match scope {
            IndexScope::Subtree => self.number(
                "SELECT count(DISTINCT file) FROM manifest m WHERE state = 'chart'
                   AND EXISTS(SELECT 1 FROM tag t WHERE t.manifest = m.digest)",
            ),
            IndexScope::Folder => self.number(&format!(
                "SELECT count(*) FROM (SELECT DISTINCT {FOLDER}, m.file
                   FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                   WHERE m.state = 'chart')"
            )),
        }
    }

    /// Counts versions by the ids of their sources.
    pub(crate) fn count_by_source(&self) -> Result<BTreeMap<String, SourceCounts>, DatabaseError> {
        let rows = self.0.query(
            "SELECT r.source, count(m.digest), count(CASE WHEN t.moving = 0 THEN 1 END) FROM tag t
             JOIN repository r ON r.id = t.repository LEFT JOIN manifest m ON m.digest = t.manifest AND m.state = 'chart'
             GROUP BY r.source",
            &[],
        )?;
        let number = |row: &Row, column| {
            row.integer(column)
                .and_then(|number| u64::try_from(number).ok())
        };
        let counts = |row: &Row| {
            let counts = SourceCounts {
                versions: number(row, 1)?,
                version_tags: number(row, 2)?,
            };
            Some((row.text(0)?.to_owned(), counts))
        };
        Ok(rows.iter().filter_map(counts).collect())
    }

    /// Counts how far the reading is.
    pub(crate) fn count_reading(&self) -> Result<ReadingCounts, DatabaseError> {
        Ok(ReadingCounts {
            repositories: self.number("SELECT count(*) FROM repository")?,
            listed: self.number("SELECT count(*) FROM repository WHERE listed > 0")?,
            tags: self.number("SELECT count(*) FROM tag")?,
            read: self.number("SELECT count(*) FROM tag WHERE manifest IS NOT NULL")?,
        })
    }

    /// Counts the documents.
    pub(crate) fn count_documents(&self) -> Result<DocumentCounts, DatabaseError> {
        let row = self.0.first(
            "SELECT count(etag), coalesce(sum(length), 0), count(CASE WHEN dirty > 0 THEN 1 END),
               (SELECT count(*) FROM unreadable) FROM document",
            &[],
        )?;
        let cell = |column| {
            let number = row.as_ref().and_then(|row| row.integer(column));
            number
                .and_then(|number| u64::try_from(number).ok())
                .unwrap_or(0)
        };
        Ok(DocumentCounts {
            put: cell(0),
            bytes: cell(1),
            dirty: cell(2),
            unreadable_rows: cell(3),
        })
    }

    /// Counts what fails or waits.
    pub(crate) fn count_trouble(&self) -> Result<TroubleCounts, DatabaseError> {
        Ok(TroubleCounts {
            failing_repositories: self
                .number("SELECT count(*) FROM repository WHERE error IS NOT NULL")?,
            failing_tags: self.number("SELECT count(*) FROM tag WHERE error IS NOT NULL")?,
            unread_tags: self.number("SELECT count(*) FROM tag WHERE manifest IS NULL")?,
            skipped: self.number("SELECT count(*) FROM manifest WHERE state = 'skipped'")?,
            superseded: self.number("SELECT count(*) FROM superseded")?,
        })
    }

    /// How many tags of each source are to be read, by the source's id; of one that has none it says nothing.
    pub(crate) fn count_unread_by_source(&self) -> Result<BTreeMap<String, u64>, DatabaseError> {
        let rows = self.0.query(
            "SELECT r.source, count(*) FROM tag t JOIN repository r ON r.id = t.repository
             WHERE t.manifest IS NULL AND t.due > 0 GROUP BY r.source",
            &[],
        )?;
        let counted = rows.iter().filter_map(|row| {
            let count = u64::try_from(row.integer(1)?).ok()?;
            Some((row.text(0)?.to_owned(), count))
        });
        Ok(counted.collect())
    }

    fn number(&self, sql: &str) -> Result<u64, DatabaseError> {
        let number = self
            .0
            .first(sql, &[])?
            .and_then(|row| row.integer(0))
            .unwrap_or(0);
        Ok(u64::try_from(number).unwrap_or(0))
    }
}
