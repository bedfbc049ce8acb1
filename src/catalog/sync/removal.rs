//! What removes a chart: evidence only, and a large removal only when it is seen again a day later, or confirmed.
//!
//! | what was seen | what goes |
//! |---|---|
//! | a tag missing from a complete list | the tag, at once |
//! | a repository missing from a complete enumeration | nothing by itself: its own list, asked for in the same pass, says |
//! | such a repository not found, or without a tag | all of it, at once |
//! | another repository not found | its tags, after a day in which its source answered for others |
//! | a denial (401, 403) | nothing, ever; its tags when an operator confirms it |
//! | more than half of a source's 20 or more versions | nothing before a pass a day later sees it too, or an operator confirms it |

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::source_state::Held;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::TagRow;
use crate::catalog::sync::slice::Slice;
use crate::chart::{Version, tag_to_version};
use crate::index::{Candidate, Key};
use crate::oci::Digest;
use crate::platform::{Clock, DatabaseError, Timestamp};

/// From how many versions of a source on a removal of more than half of them is doubted.
const MASS: u64 = 20;
/// How long after the first sight of a mass removal a second one counts: what a credential that lost rights sees is as
/// complete as ever, and an operator is to have a working day to notice.
pub(crate) const SECOND_SIGHT: Duration = Duration::from_hours(24);
/// How long a repository must be not found before its tags go: registries say so of what is hidden, and proxies of what
/// they cannot reach.
const ABSENCE: Duration = Duration::from_hours(24);
/// Repositories read at a time.
const PAGE: i64 = 500;

/// How many versions tags serve.
fn versions(tags: &[TagRow]) -> u64 {
    tags.iter().filter(|tag| tag.manifest.is_some()).count() as u64
}

impl<C: Clock> Slice<'_, C> {
    /// Removes what the reading showed to be gone; `ends` with the pass. A source that has just been gone through is judged as a
    /// whole, once: only then it is known what its enumeration did not name, and only then something of it was seen again.
    pub(crate) fn conclude(&mut self, ends: bool, now: Timestamp) -> Result<(), DatabaseError> {
        self.drop_pushed_out(now)?;
        if self.any_fresh() {
            self.compare_enumerations()?;
        }
        self.judge_absences(now)?;
        let mut gone: BTreeMap<String, Vec<TagRow>> = BTreeMap::new();
        for tag in self.store.gone_tags()? {
            if let Some(repository) = self.store.repository(tag.repository)? {
                gone.entry(repository.source).or_default().push(tag);
            }
        }
        for place in 0..self.pass.enumerations.len() {
            if let Some(source) = self.pass.enumerations.get(place) {
                let gone = gone.remove(&source.source).unwrap_or_default();
                self.conclude_source(place, gone, now)?;
            }
        }
        self.drop_empty()?;
        self.judge_sources(ends, now)?;
        for source in &mut self.pass.enumerations {
            source.concluded |= source.finished;
        }
        Ok(())
    }

    /// Removes what is gone of a source, if that can be believed.
    fn conclude_source(
        &mut self,
        place: usize,
        all: Vec<TagRow>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let Some(source) = self.pass.enumerations.get(place) else {
            return Ok(());
        };
        let whole = source.is_fresh();
        let held = self.store.state()?.source(&source.source).held;
        if all.is_empty() {
            // What was held has come back, or nothing was.
            if whole && held.pass != 0 {
                self.set_held(place, Held::default())?;
            }
            return Ok(());
        }
        let before = source.versions_before;
        if before < MASS || (versions(&all) + source.removed) * 2 <= before {
            return self.remove(place, all, now);
        }
        let again = whole && self.pass.number > held.pass && now.since(held.since) >= SECOND_SIGHT;
        if held.pass != 0 && (again || held.confirmed) {
            // Only what was missing at the first sight, or what the operator was told of; the rest is seen for the first time.
            let first = |tag: &TagRow| {
                tag.gone_in
                    .and_then(|pass| u64::try_from(pass).ok())
                    .is_some_and(|pass| pass <= held.pass)
            };
            let (old, new): (Vec<TagRow>, Vec<TagRow>) = all.into_iter().partition(first);
            self.remove(place, old, now)?;
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

    fn hold(&mut self, place: usize, gone: &[TagRow], now: Timestamp) -> Result<(), DatabaseError> {
        let held = Held {
            pass: self.pass.number,
            since: now,
            versions: versions(gone),
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
        gone: Vec<TagRow>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        if let Some(source) = self.pass.enumerations.get_mut(place) {
            source.removed += versions(&gone);
        }
        for tag in gone {
            if let Some(repository) = self.store.repository(tag.repository)? {
                remove_tag(self.store, &repository, &tag, now)?;
            }
        }
        self.pass.changed = true;
        Ok(())
    }

    /// Judges repositories that the registry denies or says it has not.
    fn judge_absences(&mut self, now: Timestamp) -> Result<(), DatabaseError> {
        for repository in self.store.absent_repositories()? {
            let source = self.of_source(&repository.source);
            let (whole, answered) = source.map_or((false, false), |source| {
                (source.is_fresh(), source.answered)
            });
            let over = repository
                .missing_since
                .is_some_and(|since| whole && answered && now.since(since) >= ABSENCE);
            if repository.confirmed || over {
                remove_tags(self.store, &repository, now)?;
                self.store.forget_hash(repository.id)?;
                self.store.absence_settled(repository.id)?;
                self.pass.changed = true;
            } else if repository.missing_since.is_none() {
                // Denied.
            } else if repository.unseen.is_some() {
                if let Ok(pass) = i64::try_from(self.pass.number) {
                    self.store.mark_all_gone(repository.id, pass)?;
                    // If it comes back its list is to be taken over whatever it is.
                    self.store.forget_hash(repository.id)?;
                }
            } else if whole && !answered {
                // Who finds nothing at all says nothing about this one.
                self.store.repository_missing_since(repository.id, now)?;
            }
        }
        Ok(())
    }

    /// Takes away the rows of repositories that are neither enumerated nor have a tag, and are not there when asked for.
    fn drop_empty(&mut self) -> Result<(), DatabaseError> {
        for repository in self.store.unseen_repositories()? {
            let source = self.of_source(&repository.source);
            if !source.is_some_and(|source| source.is_fresh()) {
                continue;
            }
            // A name that somebody invented is denied by registries that do not tell what they have not.
            let invented = !repository.listed && repository.denied_since.is_some();
            let absent =
                repository.error.is_none() || repository.missing_since.is_some() || invented;
            if absent && self.store.tag_names(repository.id)?.is_empty() {
                self.store.remove_repository(repository.id)?;
            }
        }
        Ok(())
    }

    /// Notes which sources have been read, and which are denied; at the end of a pass, which it goes without.
    fn judge_sources(&mut self, ends: bool, now: Timestamp) -> Result<(), DatabaseError> {
        let mut judged = Vec::new();
        for source in &self.pass.enumerations {
            if !source.is_fresh() && (source.finished || !ends) {
                continue;
            }
            let enumerated = source.done && source.fault.is_none();
            let empty = !self.store.has_repositories(&source.source)?;
            let denied = source.refused || (source.denials > 0 && !source.answered);
            let read = source.finished && enumerated && (source.answered || empty);
            let well = source.finished && source.busy == 0;
            judged.push((source.source.clone(), denied, read, well));
        }
        self.store.update(|state| {
            for (id, denied, read, well) in judged {
                let source = state.source_mut(&id);
                source.busy_since = source.busy_since.filter(|_| !well);
                source.denied_since = denied.then(|| source.denied_since.unwrap_or(now));
                if read {
                    source.read = Some(now);
                    source.unread = 0;
                } else {
                    source.unread = source.unread.saturating_add(1);
                }
            }
        })
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
            let key = |tag: &TagRow| {
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

    /// Notes which repositories a complete enumeration of their source did not name in this pass.
    fn compare_enumerations(&self) -> Result<(), DatabaseError> {
        let number = i64::try_from(self.pass.number).ok();
        let mut after = 0;
        loop {
            let page = self.store.all_repositories_after(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            for repository in page {
                let mut turns = self.pass.enumerations.iter();
                let turn = turns.find(|turn| turn.source == repository.source);
                if turn.is_some_and(|turn| !turn.is_fresh()) {
                    continue;
                }
                let unseen = turn.is_some_and(|turn| {
                    let complete = turn.done && turn.fault.is_none();
                    complete && repository.id <= turn.known_to && !turn.seen.contains(repository.id)
                });
                // The first pass of those in a row is kept, so that a row is written once.
                if unseen != repository.unseen.is_some() {
                    let pass = number.filter(|_| unseen);
                    self.store.repository_unseen(repository.id, pass)?;
                }
            }
        }
    }
}

/// Takes a manifest out of what a tag of a repository serves: its package is kept for those who hold a link, its documents are dirty.
pub(crate) fn withdraw(
    store: Store<'_>,
    digest: &Digest,
    repository: &Repository,
    tag: &TagRow,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    if let Some((file, candidate)) = store.chart_file(digest)? {
        let candidate = Candidate {
            source: repository.source.clone(),
            repository: repository.name.clone(),
            ..candidate
        };
        for shard in store.supersede(&file, &candidate, &tag.name, now)? {
            store.mark_document(&Key::Files(shard))?;
        }
        store.mark(&repository.relative, &file)?;
    }
    Ok(())
}

/// Removes a tag on evidence.
pub(crate) fn remove_tag(
    store: Store<'_>,
    repository: &Repository,
    tag: &TagRow,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    if let Some(digest) = &tag.manifest {
        withdraw(store, digest, repository, tag, now)?;
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
