//! Counts of the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::offer::FOLDER;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::query_row;
use crate::config::{Collisions, IndexScope};
use crate::platform::DatabaseError;

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

query_row! {
    /// What is counted of a source, with its id.
    CountedSource
    of "repository" {
        /// Id of the source.
        source: String = [r.source],
        /// Versions that are served.
        versions: u64 = ["count(m.digest)"],
        /// Tags that are versions by their name.
        version_tags: u64 = ["count(CASE WHEN t.moving = 0 THEN 1 END)"],
    }
}

query_row! {
    /// How many tags of a source are to be read.
    UnreadOfSource
    of "repository" {
        source: String = [r.source],
        tags: u64 = ["count(*)"],
    }
}

query_row! {
    /// [`DocumentCounts`] as they are asked for.
    DocumentSums
    of "document" {
        put: u64 = ["count(etag)"],
        bytes: Result<u64, CellFault> = ["coalesce(sum(length), 0)"],
        dirty: u64 = ["count(CASE WHEN dirty > 0 THEN 1 END)"],
        unreadable_rows: u64 = ["(SELECT count(*) FROM unreadable)"],
    }
}

impl Store<'_> {
    /// Counts the rows, and what is served of them under these settings.
    pub(crate) fn count(
        &self,
        scope: IndexScope,
        collisions: Collisions,
    ) -> Result<Totals, DatabaseError> {
        let served = self.served_files(scope)?;
        let count = |from: &str| self.count_of(from, &[]);
        Ok(Totals {
            charts: count("FROM (SELECT DISTINCT name FROM manifest WHERE state = 'chart')")?,
            versions: match collisions {
                Collisions::First => served,
                Collisions::Hide => served.saturating_sub(self.contested_packages()?.len() as u64),
            },
            version_tags: count("FROM tag WHERE moving = 0")?,
            repositories: count("FROM repository")?,
            tags: count("FROM tag")?,
            skipped: count("FROM manifest WHERE state = 'skipped'")?,
            contested: self.contested(scope)?.len() as u64,
            failing: count("FROM repository WHERE error IS NOT NULL")?,
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
        let files = match scope {
            IndexScope::Subtree => {
                "SELECT DISTINCT file FROM manifest m WHERE state = 'chart'
                   AND EXISTS(SELECT 1 FROM tag t WHERE t.manifest = m.digest)"
                    .to_owned()
            }
            IndexScope::Folder => format!(
                "SELECT DISTINCT {FOLDER}, m.file
                   FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                   WHERE m.state = 'chart'"
            ),
        };
        self.count_of(&format!("FROM ({files})"), &[])
    }

    /// Counts versions by the ids of their sources.
    pub(crate) fn count_by_source(&self) -> Result<BTreeMap<String, SourceCounts>, DatabaseError> {
        let rows: Vec<CountedSource> = self.select(
            "FROM tag t JOIN repository r ON r.id = t.repository
             LEFT JOIN manifest m ON m.digest = t.manifest AND m.state = 'chart' GROUP BY r.source",
            &[],
        )?;
        let counts = |row: CountedSource| {
            let counts = SourceCounts {
                versions: row.versions,
                version_tags: row.version_tags,
            };
            (row.source, counts)
        };
        Ok(rows.into_iter().map(counts).collect())
    }

    /// Counts how far the reading is.
    pub(crate) fn count_reading(&self) -> Result<ReadingCounts, DatabaseError> {
        let count = |from: &str| self.count_of(from, &[]);
        Ok(ReadingCounts {
            repositories: count("FROM repository")?,
            listed: count("FROM repository WHERE listed > 0")?,
            tags: count("FROM tag")?,
            read: count("FROM tag WHERE manifest IS NOT NULL")?,
        })
    }

    /// Counts the documents.
    pub(crate) fn count_documents(&self) -> Result<DocumentCounts, DatabaseError> {
        let sums: DocumentSums = self.select_one("FROM document", &[])?;
        let bytes = if let Ok(bytes) = sums.bytes {
            bytes
        } else {
            // A length of them cannot be read: reading the rows mends it.
            let documents = self.all_documents()?;
            documents.iter().filter_map(|one| one.length).sum()
        };
        Ok(DocumentCounts {
            put: sums.put,
            bytes,
            dirty: sums.dirty,
            unreadable_rows: sums.unreadable_rows,
        })
    }

    /// Counts what fails or waits.
    pub(crate) fn count_trouble(&self) -> Result<TroubleCounts, DatabaseError> {
        let count = |from: &str| self.count_of(from, &[]);
        Ok(TroubleCounts {
            failing_repositories: count("FROM repository WHERE error IS NOT NULL")?,
            failing_tags: count("FROM tag WHERE error IS NOT NULL")?,
            unread_tags: count("FROM tag WHERE manifest IS NULL")?,
            skipped: count("FROM manifest WHERE state = 'skipped'")?,
            superseded: count("FROM superseded")?,
        })
    }

    /// How many tags of each source are to be read, by the source's id; of one that has none it says nothing.
    pub(crate) fn count_unread_by_source(&self) -> Result<BTreeMap<String, u64>, DatabaseError> {
        let rows: Vec<UnreadOfSource> = self.select(
            "FROM tag t JOIN repository r ON r.id = t.repository
             WHERE t.manifest IS NULL AND t.due > 0 GROUP BY r.source",
            &[],
        )?;
        let counted = rows.into_iter().map(|row| (row.source, row.tags));
        Ok(counted.collect())
    }
}
