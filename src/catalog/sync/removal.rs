//! What removes a chart: evidence only, and a large removal only on second sight.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::source_state::Held;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::Tag;
use crate::catalog::sync::slice::Slice;
use crate::chart::{Version, tag_to_version};
use crate::index::Candidate;
use crate::oci::Digest;
use crate::platform::{Clock, DatabaseError, Timestamp};

/// From how many versions on a removal of more than half of them is doubted.
const MASS: u64 = 20;
/// How long after the first sight a second one counts.
pub(crate) const SECOND_SIGHT: Duration = Duration::from_mins(1);
/// Repositories read at a time.
const PAGE: i64 = 500;

/// What is gone of a source by the evidence.
#[derive(Default)]
struct Gone {
    tags: Vec<Tag>,
    repositories: Vec<Repository>,
}

impl Gone {
    fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.repositories.is_empty()
    }

    /// How many versions would go.
    fn versions(&self, store: Store<'_>) -> Result<u64, DatabaseError> {
        let served = |tags: &[Tag]| tags.iter().filter(|tag| tag.manifest.is_some()).count();
        let mut versions = served(&self.tags);
        for repository in &self.repositories {
            versions += served(&store.tags_of(repository.id)?);
        }
        Ok(u64::try_from(versions).unwrap_or(u64::MAX))
    }

    /// What was missing up to pass `first` already, and what came later; `now` is the pass that looks.
    fn split(self, first: u64, now: u64) -> (Self, Self) {
        let known = |pass: Option<i64>| {
            let pass = pass
                .and_then(|pass| u64::try_from(pass).ok())
                .unwrap_or(now);
            pass <= first
        };
        let (tags, new_tags) = self.tags.into_iter().partition(|tag| known(tag.gone_in));
        let (repositories, new_repositories) = self
            .repositories
            .into_iter()
            .partition(|repository| known(repository.unseen));
        let new = Self {
            tags: new_tags,
            repositories: new_repositories,
        };
        (Self { tags, repositories }, new)
    }
}

impl<C: Clock> Slice<'_, C> {
    /// Removes what the reading showed to be gone. `whole` when a pass has gone through everything: only then is a
    /// repository that no enumeration named known to be gone.
    pub(crate) fn conclude(&mut self, whole: bool, now: Timestamp) -> Result<(), DatabaseError> {
        self.drop_pushed_out(now)?;
        let mut gone: BTreeMap<String, Gone> = BTreeMap::new();
        for tag in self.store.gone_tags()? {
            if let Some(repository) = self.store.repository(tag.repository)? {
                gone.entry(repository.source).or_default().tags.push(tag);
            }
        }
        if whole {
            for repository in self.unseen()? {
                let gone = gone.entry(repository.source.clone()).or_default();
                gone.repositories.push(repository);
            }
        }
        for place in 0..self.pass.enumerations.len() {
            if let Some(source) = self.pass.enumerations.get(place) {
                let gone = gone.remove(&source.source).unwrap_or_default();
                self.conclude_source(place, gone, whole, now)?;
            }
        }
        Ok(())
    }

    /// Removes what is gone of a source, if that can be believed.
    fn conclude_source(
        &mut self,
        place: usize,
        all: Gone,
        whole: bool,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let Some(source) = self.pass.enumerations.get(place) else {
            return Ok(());
        };
        let held = self.store.state()?.source(&source.source).held;
        if all.is_empty() {
            // What was held has come back, or nothing was.
            if whole && held.pass != 0 {
                self.set_held(place, Held::default())?;
            }
            return Ok(());
        }
        let versions = all.versions(self.store)?;
        let before = source.versions_before;
        if before < MASS || (versions + source.removed) * 2 <= before {
            return self.remove(place, all, versions, now);
        }
        let again = whole && held.pass != 0 && now.since(held.since) >= SECOND_SIGHT;
        if again || (held.confirmed && held.pass != 0) {
            // Only what was missing at the first sight, or what the operator was told of; the rest is seen for the first time.
            let (old, new) = all.split(held.pass, self.pass.number);
            let versions = old.versions(self.store)?;
            self.remove(place, old, versions, now)?;
            self.set_held(place, Held::default())?;
            return if new.is_empty() {
                Ok(())
            } else {
                self.hold(place, &new, now)
            };
        }
        if held.pass == 0 {
            self.hold(place, &all, now)
        } else {
            Ok(())
        }
    }

    fn hold(&mut self, place: usize, gone: &Gone, now: Timestamp) -> Result<(), DatabaseError> {
        for repository in gone
            .repositories
            .iter()
            .filter(|known| known.unseen.is_none())
        {
            let pass = i64::try_from(self.pass.number).ok();
            self.store.repository_unseen(repository.id, pass)?;
        }
        let held = Held {
            pass: self.pass.number,
            since: now,
            versions: gone.versions(self.store)?,
            confirmed: false,
        };
        self.set_held(place, held)
    }

    fn set_held(&self, place: usize, held: Held) -> Result<(), DatabaseError> {
        let Some(source) = self.pass.enumerations.get(place) else {
            return Ok(());
        };
        self.store
            .update(|state| state.source_mut(&source.source).held = held)
    }

    fn remove(
        &mut self,
        place: usize,
        gone: Gone,
        versions: u64,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        for tag in gone.tags {
            if let Some(repository) = self.store.repository(tag.repository)? {
                remove_tag(self.store, &repository, &tag, now)?;
            }
        }
        for repository in gone.repositories {
            remove_tags(self.store, &repository, now)?;
            self.store.remove_repository(repository.id)?;
        }
        if let Some(source) = self.pass.enumerations.get_mut(place) {
            source.removed += versions;
        }
        self.pass.changed = true;
        Ok(())
    }

    /// Removes versions that newer ones have pushed out (`VERSIONS_PER_CHART`), once those are read: one that turns out to
    /// be no chart pushes nothing out. No loss to be doubted.
    fn drop_pushed_out(&mut self, now: Timestamp) -> Result<(), DatabaseError> {
        let limit = self
            .config
            .versions_per_chart
            .map_or(u64::MAX, |limit| u64::from(limit.get()));
        for id in self.store.pushing_repositories()? {
            let (Some(repository), Some((mut tags, served))) =
                (self.store.repository(id)?, self.store.pushed_out(id)?)
            else {
                continue;
            };
            let key = |tag: &Tag| {
                Version::parse(&tag_to_version(&tag.name))
                    .map(|version| version.key().to_owned())
                    .ok()
            };
            tags.sort_by_cached_key(|tag| std::cmp::Reverse(key(tag)));
            let room = usize::try_from(limit.saturating_sub(served)).unwrap_or(usize::MAX);
            for tag in tags.iter().skip(room) {
                remove_tag(self.store, &repository, tag, now)?;
                self.pass.changed = true;
            }
        }
        Ok(())
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
                } else if seen && repository.unseen.is_some() {
                    self.store.repository_unseen(repository.id, None)?;
                }
            }
        }
    }
}

/// Takes a manifest out of what a repository serves: its package is kept for those who hold a link, its documents are dirty.
pub(crate) fn withdraw(
    store: Store<'_>,
    digest: &Digest,
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
pub(crate) fn remove_tag(
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
pub(crate) fn remove_tags(
    store: Store<'_>,
    repository: &Repository,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    for tag in store.tags_of(repository.id)? {
        remove_tag(store, repository, &tag, now)?;
    }
    Ok(())
}
