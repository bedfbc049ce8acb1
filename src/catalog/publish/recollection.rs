//! Learns from another Worker's documents what it knew, where tables were made anew: a rollback to an older schema, say. From
//! then on what was published is judged like everything else: a repository that the registry denies, or no longer names, keeps its charts.

use std::time::Duration;

use bytes::Bytes;

use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::manifest::Chart;
use crate::catalog::rows::recall::Recall;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::superseded::KEPT;
use crate::catalog::rows::tag::Due;
use crate::chart::{FileName, ListedVersion, Version};
use crate::config::Config;
use crate::index::{Candidate, DOCUMENT_LIMIT, Key, Origin, Shard, View};
use crate::oci::{Name, Tag};
use crate::platform::{Clock, DatabaseError, Documents, Timestamp};
use crate::source::classic::published_versions;

/// So often in a row KV may not answer before the crawl begins without: what is published then stays while something cannot be
/// read.
const ATTEMPTS: u32 = 8;
/// How long it is waited for in between.
const SILENT: Backoff = Backoff {
    first: Duration::from_secs(2),
    longest: Duration::from_mins(5),
};

/// Goes through the documents, within a budget of KV operations.
pub(crate) struct Recollection<'a, D, C> {
    /// The rows.
    pub(crate) store: Store<'a>,
    /// Where documents are.
    pub(crate) documents: &'a D,
    /// What is configured.
    pub(crate) config: &'a Config,
    /// The time.
    pub(crate) clock: &'a C,
    /// KV operations left in this invocation.
    pub(crate) operations: u32,
}

impl<D: Documents, C: Clock> Recollection<'_, D, C> {
    /// Goes on where it was. `beat` is called before each document, to keep the lease.
    pub(crate) async fn run(
        &mut self,
        beat: &dyn Fn() -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let mut recall = self.store.state()?.recall;
        if recall.next == 0 {
            recall.until = now.after(KEPT);
        }
        while recall.wanted && self.operations > 0 {
            beat()?;
            self.operations -= 1;
            let key = self.next_key(&recall)?;
            if let Ok(document) = self.document(&key).await {
                self.take(&key, document.as_deref(), &mut recall)?;
                recall.failures = 0;
            } else {
                recall.failures += 1;
                recall.retry_at = self.clock.now().after(SILENT.wait(recall.failures.into()));
                recall.wanted = recall.failures < ATTEMPTS;
            }
            self.store.update(|state| state.recall = recall.clone())?;
            if recall.failures > 0 {
                return Ok(());
            }
        }
        if !recall.wanted {
            // What a mass removal is measured against.
            let counts = self.store.count_by_source()?;
            self.store.update(|state| state.count_versions(&counts))?;
        }
        Ok(())
    }

    /// What KV has under a key.
    async fn document(&self, key: &Key) -> Result<Option<Bytes>, ()> {
        let name = key.name(self.config.fingerprint());
        let Some(document) = self.documents.get(&name).await.map_err(drop)? else {
            return Ok(None);
        };
        let bytes = self.documents.read(document.body, DOCUMENT_LIMIT).await;
        bytes.map(Some).map_err(drop)
    }

    /// Which document comes next.
    fn next_key(&self, recall: &Recall) -> Result<Key, DatabaseError> {
        if let Ok(shard) = u8::try_from(recall.next) {
            return Ok(Key::Files(shard));
        }
        let folder = if recall.is_done() {
            self.store.folder_after(&recall.folder)?
        } else {
            None
        };
        let view = folder.map_or_else(View::root, View::Folder);
        Ok(Key::Index(view))
    }

    fn take(
        &self,
        key: &Key,
        document: Option<&[u8]>,
        recall: &mut Recall,
    ) -> Result<(), DatabaseError> {
        let view = match key {
            Key::Files(_) => {
                recall.next += 1;
                return self.take_shard(document.unwrap_or_default(), recall.until);
            }
            Key::Index(view) => view,
        };
        // The index of a folder that nobody read is not there.
        if view.is_root() || document.is_some() {
            let all = self.take_index(document.unwrap_or_default(), recall.until)?;
            recall.has_more |= !all;
        }
        let counts = self.store.count_recalled(recall.until)?;
        let known = self.store.count_recalled_versions()?;
        recall.all_files = !recall.has_more && known.files == counts.files;
        recall.all_offers = !recall.has_more && known == counts;
        recall.next = recall.next.max(Recall::SHARDS + 1);
        recall.folder = view.below().clone();
        // The root may hide, leave out or not cover what a folder shows.
        recall.wanted = known != counts && self.store.folder_after(&recall.folder)?.is_some();
        Ok(())
    }

    fn take_shard(&self, document: &[u8], until: Timestamp) -> Result<(), DatabaseError> {
        let Ok(shard) = Shard::parse(document) else {
            return Ok(());
        };
        for (file, candidates) in shard.files() {
            let Ok(file) = file.parse::<FileName>() else {
                continue;
            };
            for candidate in candidates {
                if self.repository_of(candidate)?.is_some() {
                    self.store.recall_offer(&file, candidate, until)?;
                }
            }
        }
        Ok(())
    }

    /// Has the rows serve what an index shows; gives whether they know all of it now.
    fn take_index(&self, document: &[u8], until: Timestamp) -> Result<bool, DatabaseError> {
        let text = std::str::from_utf8(document).unwrap_or_default();
        let Some(versions) = published_versions(text) else {
            return Ok(false);
        };
        let mut all = true;
        for version in versions {
            all &= match version {
                Ok(version) => self.take_version(&version, until)?,
                Err(_) => false,
            };
        }
        Ok(all)
    }

    /// Has the tags of a version serve it. Gives whether any repository offers it.
    fn take_version(
        &self,
        listed: &ListedVersion,
        until: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let metadata = &listed.metadata;
        let (Ok(version), Ok(file)) = (
            Version::parse(metadata.version()),
            FileName::of(metadata.name(), metadata.version()),
        ) else {
            return Ok(false);
        };
        let mut offered = false;
        for candidate in self.store.recalled_offers(&file, until)? {
            let (tag, due, same) = match &candidate.origin {
                Origin::Elsewhere { urls, .. } => {
                    let stem = file.as_str().trim_end_matches(FileName::EXTENSION);
                    (stem.replace('+', "_"), Due::Nothing, *urls == listed.urls)
                }
                Origin::Stored | Origin::Rebuilt { .. } => {
                    let same = listed.digest.as_deref() == Some(candidate.package.hex());
                    // As Helm names it. Under another tag it is found when the repository's list is read.
                    (metadata.version().replace('+', "_"), Due::Read, same)
                }
            };
            let Some(repository) = self
                .repository_of(&candidate)?
                .filter(|_| same && tag.parse::<Tag>().is_ok())
            else {
                continue;
            };
            let chart = Chart {
                name: metadata.name().to_owned(),
                version: metadata.version().to_owned(),
                version_key: version.key().to_owned(),
                file: file.clone(),
                candidate: Candidate {
                    until: None,
                    ..candidate
                },
                created: listed.created.clone(),
                metadata: metadata.to_json(),
            };
            self.store.recall_version(repository, &tag, due, chart)?;
            offered = true;
        }
        Ok(offered)
    }

    /// The row of the repository that an offer is of; `None` where it is not configured.
    fn repository_of(&self, candidate: &Candidate) -> Result<Option<i64>, DatabaseError> {
        let place = self.config.source(&candidate.source).and_then(|source| {
            let name: Name = candidate.repository.parse().ok()?;
            let relative = source.relative(&name)?;
            source.allows(&name).then_some((source, name, relative))
        });
        let Some((source, name, relative)) = place else {
            return Ok(None);
        };
        let id = self
            .store
            .add_repository(&source.id, name.as_str(), &relative)?;
        self.store.recall_repository(id)?;
        Ok(Some(id))
    }
}
