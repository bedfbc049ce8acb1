//! What removes a chart: evidence only, and a large removal only on second sight.

use std::time::Duration;

use super::repository::Repository;
use super::slice::Slice;
use super::state::Held;
use super::store::Store;
use super::tag::Tag;
use crate::index::Candidate;
use crate::platform::{Clock, DatabaseError, Timestamp};

/// From how many versions on a removal of more than half of them is doubted.
const MASS: u64 = 20;
/// How long after the first sight a second one counts.
pub(super) const SECOND_SIGHT: Duration = Duration::from_mins(1);
/// Repositories read at a time.
const PAGE: i64 = 500;

impl<C: Clock> Slice<'_, C> {
    /// Removes what the reading showed to be gone. `whole` when a pass has gone through everything: only then is a
    /// repository that no enumeration named known to be gone.
    pub(super) fn conclude(&mut self, whole: bool, now: Timestamp) -> Result<(), DatabaseError> {
        let tags = self.store.gone_tags()?;
        let repositories = if whole { self.unseen()? } else { Vec::new() };
        let mut versions = u64::try_from(tags.iter().filter(|tag| tag.manifest.is_some()).count())
            .unwrap_or(u64::MAX);
        for repository in &repositories {
            versions += u64::try_from(
                self.store
                    .tags_of(repository.id)?
                    .iter()
                    .filter(|tag| tag.manifest.is_some())
                    .count(),
            )
            .unwrap_or(u64::MAX);
        }
        if tags.is_empty() && repositories.is_empty() {
            // What was held has come back, or nothing was.
            if whole {
                self.store.save(&Held::default())?;
            }
            return Ok(());
        }
        if !self.believed(versions, whole, now)? {
            return Ok(());
        }
        for tag in tags {
            if let Some(repository) = self.store.repository(tag.repository)? {
                remove_tag(self.store, &repository, &tag, now)?;
            }
        }
        for repository in repositories {
            remove_tags(self.store, &repository, now)?;
            self.store.remove_repository(repository.id)?;
        }
        self.pass.removed += versions;
        self.pass.changed = true;
        if whole {
            self.store.save(&Held::default())?;
        }
        Ok(())
    }

    /// Whether a removal of so many versions is believed now.
    fn believed(
        &mut self,
        versions: u64,
        whole: bool,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let before = self.pass.versions_before;
        let in_all = versions + self.pass.removed;
        if before < MASS || in_all * 2 <= before {
            return Ok(true);
        }
        let held: Held = self.store.load()?;
        let again = whole
            && held.pass != 0
            && held.pass < self.pass.number
            && now.since(held.since) >= SECOND_SIGHT;
        if held.confirmed || again {
            self.store.save(&Held::default())?;
            return Ok(true);
        }
        if held.pass == 0 {
            self.store.save(&Held {
                pass: self.pass.number,
                since: now,
                versions,
                confirmed: false,
            })?;
        }
        Ok(false)
    }

    /// Repositories that a complete enumeration of their source did not name.
    fn unseen(&self) -> Result<Vec<Repository>, DatabaseError> {
        let mut unseen = Vec::new();
        let mut after = 0;
        loop {
            let page = self.store.all_repositories_after(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(unseen);
            };
            after = last.id;
            for repository in page {
                let place = self
                    .pass
                    .enumerations
                    .iter()
                    .position(|enumeration| enumeration.source == repository.source);
                let complete = place
                    .and_then(|place| self.pass.enumerations.get(place))
                    .is_some_and(|enumeration| enumeration.done && enumeration.fault.is_none());
                let byte = usize::try_from(repository.id / 8).unwrap_or(usize::MAX);
                let seen = place
                    .and_then(|place| self.seen.get(place))
                    .and_then(|seen| seen.get(byte))
                    .is_some_and(|bits| bits & (1 << (repository.id % 8)) != 0);
                if complete && !seen && repository.id <= self.pass.known_to {
                    unseen.push(repository);
                }
            }
        }
    }
}

/// Takes a manifest out of what a repository serves: its package is kept for those who hold a link, its documents are dirty.
pub(super) fn withdraw(
    store: Store<'_>,
    digest: &str,
    repository: &Repository,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    if let Some((file, candidate)) = store.chart_file(digest)? {
        let candidate = Candidate {
            source: repository.source.clone(),
            repository: repository.name.clone(),
            ..candidate
        };
        store.supersede(&file, &candidate, now)?;
        store.mark(&repository.relative, &file)?;
    }
    Ok(())
}

/// Removes a tag on evidence.
pub(super) fn remove_tag(
    store: Store<'_>,
    repository: &Repository,
    tag: &Tag,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    if let Some(digest) = &tag.manifest {
        withdraw(store, digest, repository, now)?;
    }
    store.remove_tag(tag)?;
    for digest in [&tag.manifest, &tag.next].into_iter().flatten() {
        store.drop_orphan(digest)?;
    }
    Ok(())
}

/// Removes all tags of a repository on evidence.
pub(super) fn remove_tags(
    store: Store<'_>,
    repository: &Repository,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    for tag in store.tags_of(repository.id)? {
        remove_tag(store, repository, &tag, now)?;
    }
    Ok(())
}
