//! Takes over what a job brought: rows and dirty marks in one synchronous write.

use super::job::{Job, Outcome};
use super::manifest::{Contents, Plan};
use super::question::Fault;
use super::repository::Repository;
use super::slice::Slice;
use super::state::Pause;
use super::store::Store;
use super::tag::{Due, Tag};
use crate::config::Source;
use crate::index::Candidate;
use crate::oci::{Digest, Error, Kind, Name, Page};
use crate::platform::{Clock, DatabaseError, Timestamp};
use std::time::Duration;

/// How long a repository must be denied or unknown before its charts go: hidden repositories, expired tokens and outages
/// look alike (design §4).
const DENIAL: Duration = Duration::from_secs(24 * 3600);
/// Pages of an enumeration, and repositories: more is a fault of the registry.
const PAGES_LIMIT: u32 = 5_000;
/// Outages in a row after which the registry is taken to be down, and left alone for a while.
const OUTAGES: u32 = 5;

impl<C: Clock> Slice<'_, C> {
    /// Takes over the outcome of a job.
    pub(super) fn commit(
        &mut self,
        job: &Job,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        match (job, outcome) {
            (_, Outcome::Failed(error)) => self.failed(job, &error, now),
            (Job::Enumerate { source, page }, Outcome::Enumerated(found)) => {
                self.enumerated(*source, page.as_ref().map(ToString::to_string), &found)
            }
            (
                Job::List { repository, .. },
                Outcome::Listed {
                    names,
                    complete,
                    etag,
                },
            ) => self.listed(repository, names, complete, etag.as_deref(), now),
            (Job::List { repository, .. }, Outcome::Unchanged) => self.unchanged(repository),
            (Job::List { repository, .. }, Outcome::Cut { names, next }) => {
                self.store
                    .keep_listing(repository.id, &names, &next.to_string())?;
                self.store.call_repository(repository.id, false)
            }
            (Job::Resolve { tag, .. }, Outcome::Resolved(digest)) => self.resolved(tag, &digest),
            (
                Job::Resolve { tag, repository } | Job::Read { tag, repository },
                Outcome::Found { digest, what },
            ) => self.found(tag, repository, &digest, what, now),
            (Job::Contents { digest, .. }, Outcome::Settled(contents)) => {
                self.settled(digest, &contents, now)
            }
            (Job::Contents { digest, .. }, Outcome::Advanced(plan)) => {
                self.store.plan_manifest(digest, &plan)
            }
            // No job gives another one's outcome.
            _ => Ok(()),
        }
    }

    fn enumerated(
        &mut self,
        place: usize,
        asked: Option<String>,
        page: &Page,
    ) -> Result<(), DatabaseError> {
        let Some(source) = self.config.sources.get(place) else {
            return Ok(());
        };
        for name in &page.names {
            if let Ok(name) = name.parse::<Name>()
                && source.allows(&name)
                && let Some(relative) = source.relative(&name)
            {
                let id = self
                    .store
                    .add_repository(&source.id, name.as_str(), relative)?;
                self.see(place, id);
            }
        }
        let Some(enumeration) = self.pass.enumerations.get_mut(place) else {
            return Ok(());
        };
        enumeration.pages += 1;
        let next = page.next.as_ref().map(ToString::to_string);
        // An empty page with a further one, and a page that names itself, never end (facts/registries.md §1.4).
        let endless = next.is_some()
            && (next == asked || page.names.is_empty() || enumeration.pages >= PAGES_LIMIT);
        if endless || !page.complete {
            enumeration.fault = Some("its list of repositories has no end".to_owned());
            self.pass.faults += 1;
        }
        enumeration.done = next.is_none() || endless;
        enumeration.next = next;
        Ok(())
    }

    /// Notes that an enumeration named the repository with this row id.
    pub(super) fn see(&mut self, place: usize, id: i64) {
        let (Ok(byte), Some(seen)) = (usize::try_from(id / 8), self.seen.get_mut(place)) else {
            return;
        };
        if seen.len() <= byte {
            seen.resize(byte + 1, 0);
        }
        if let Some(bits) = seen.get_mut(byte) {
            *bits |= 1 << (id % 8);
        }
    }

    fn unchanged(&mut self, repository: &Repository) -> Result<(), DatabaseError> {
        if repository.recheck {
            self.store.call_tags_of(repository.id)?;
        }
        let hash = repository.hash.clone().unwrap_or_default();
        self.store
            .repository_listed(repository.id, &hash, repository.etag.as_deref())
    }

    fn resolved(&mut self, tag: &Tag, digest: &Digest) -> Result<(), DatabaseError> {
        let digest = digest.to_string();
        if tag.manifest.as_deref() == Some(&digest) {
            // Rows of an older reader are read again with the quota that confirms them; what they say serves meanwhile.
            if self
                .store
                .manifest(&digest)?
                .is_some_and(|known| known.outdated)
            {
                return self.store.call_tag(tag.repository, &tag.name, Due::Read);
            }
            return self.store.tag_confirmed(tag);
        }
        self.store.call_tag(tag.repository, &tag.name, Due::Read)
    }

    fn found(
        &mut self,
        tag: &Tag,
        repository: &Repository,
        digest: &Digest,
        what: Result<Contents, Plan>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let digest = digest.to_string();
        let known = self.store.manifest(&digest)?;
        match known {
            Some(known) if known.read && !known.outdated => {
                return self.serve(tag, repository, &digest, now);
            }
            // Another tag brought it a moment ago; its contents are on their way.
            Some(known) if known.pending => return self.await_manifest(tag, &digest),
            _ => {}
        }
        match what {
            Ok(contents) => {
                self.store.tag_awaits(tag, &digest)?;
                self.settled(&digest, &contents, now)
            }
            Err(plan) => {
                self.store.plan_manifest(&digest, &plan)?;
                self.await_manifest(tag, &digest)
            }
        }
    }

    fn await_manifest(&mut self, tag: &Tag, digest: &str) -> Result<(), DatabaseError> {
        let before = tag.next.clone().filter(|next| next != digest);
        self.store.tag_awaits(tag, digest)?;
        before.map_or(Ok(()), |before| self.store.drop_orphan(&before))
    }

    fn settled(
        &mut self,
        digest: &str,
        contents: &Contents,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        // What an older reader made of it may have stood in other documents.
        let before = self.store.manifest(digest)?.and_then(|known| known.file);
        let tags = self.store.tags_of_manifest(digest)?;
        let changed = before.is_some();
        self.store.settle_manifest(digest, contents)?;
        for tag in tags {
            let Some(repository) = self.store.repository(tag.repository)? else {
                continue;
            };
            if changed && let Some(file) = &before {
                self.store.mark(&repository.relative, file)?;
            }
            self.serve(&tag, &repository, digest, now)?;
        }
        Ok(())
    }

    /// Has a tag serve a manifest that is known to its end, and marks what that changes.
    fn serve(
        &mut self,
        tag: &Tag,
        repository: &Repository,
        digest: &str,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let same = tag.manifest.as_deref() == Some(digest);
        if !same {
            if let Some(before) = &tag.manifest {
                withdraw(self.store, before, repository, now)?;
            }
            self.pass.changed = true;
        }
        self.store.tag_serves(tag, digest)?;
        if let Some((file, _)) = self.store.chart_file(digest)? {
            self.store.mark(&repository.relative, &file)?;
        }
        for old in [tag.manifest.as_deref(), tag.next.as_deref()]
            .into_iter()
            .flatten()
            .filter(|old| *old != digest)
        {
            self.store.drop_orphan(old)?;
        }
        Ok(())
    }

    fn failed(&mut self, job: &Job, error: &Error, now: Timestamp) -> Result<(), DatabaseError> {
        if error.kind() == Kind::Budget {
            return self.put_back(job);
        }
        self.pass.faults += 1;
        let source = match job {
            Job::Enumerate { source, .. } => self.config.sources.get(*source),
            Job::List { repository, .. }
            | Job::Resolve { repository, .. }
            | Job::Read { repository, .. }
            | Job::Contents { repository, .. } => self.config.source(&repository.source),
        };
        self.judge_outage(source, error, now)?;
        let text = error.to_string();
        match job {
            Job::Enumerate { source, .. } => {
                if error.kind() != Kind::Throttled
                    && let Some(enumeration) = self.pass.enumerations.get_mut(*source)
                {
                    enumeration.done = true;
                    enumeration.fault = Some(error.public());
                }
                Ok(())
            }
            Job::List { repository, .. } => self.unlisted(repository, error, &text, now),
            Job::Resolve { tag, repository } | Job::Read { tag, repository } => {
                if error.kind() == Kind::NotFound {
                    // Whether a tag is gone, its repository's list says.
                    self.store.call_repository(repository.id, false)?;
                }
                let about = format!("{}:{}", repository.name, tag.name);
                self.store
                    .tag_failed(tag, &text, self.retry_at(now, tag.attempts + 3, &about))
            }
            Job::Contents { digest, .. } => {
                let attempts = self
                    .store
                    .manifest(digest)?
                    .map_or(0, |known| known.attempts);
                self.store
                    .manifest_failed(digest, &text, self.retry_at(now, attempts, digest))
            }
        }
    }

    /// A job that the budget did not reach: what only the pass's place in its order knew of is noted.
    fn put_back(&mut self, job: &Job) -> Result<(), DatabaseError> {
        match job {
            Job::List {
                repository,
                in_turn: true,
                ..
            } => self.store.call_repository(repository.id, false),
            Job::Resolve { tag, .. } if tag.due.is_none() => {
                self.store.call_tag(tag.repository, &tag.name, Due::Resolve)
            }
            _ => Ok(()),
        }
    }

    fn unlisted(
        &mut self,
        repository: &Repository,
        error: &Error,
        text: &str,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.store.forget_listing(repository.id)?;
        match error.kind() {
            Kind::Denied(_) | Kind::NotFound => {
                let since = repository.denied_since.unwrap_or(now);
                if now.since(since) >= DENIAL {
                    remove_tags(self.store, repository, now)?;
                    self.store.forget_hash(repository.id)?;
                    self.pass.changed = true;
                }
                // The next pass asks again; a change of the registry's mind is no hurry.
                self.store
                    .repository_failed(repository, text, None, Some(since))
            }
            _ => {
                let retry_at = self.retry_at(now, repository.attempts, &repository.name);
                self.store.repository_failed(
                    repository,
                    text,
                    Some(retry_at),
                    repository.denied_since,
                )
            }
        }
    }

    /// Pauses when the registry asks for it, and when it seems to be down.
    fn judge_outage(
        &mut self,
        source: Option<&Source>,
        error: &Error,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let host = error
            .host()
            .or_else(|| source.map(|source| source.registry.host()))
            .unwrap_or_default();
        let fault = Fault {
            host: host.to_owned(),
            kind: error.public(),
            retry_at: None,
        };
        let throttled = error.kind() == Kind::Throttled;
        if error.kind() == Kind::Unavailable {
            self.outages += 1;
        } else {
            self.outages = 0;
        }
        if throttled || self.outages >= OUTAGES {
            let before: Pause = self.store.load()?;
            // Another answer of the same burst must not lengthen the pause.
            let count = if before.until > now {
                before.count
            } else {
                before.count + 1
            };
            let guess = self.retry_at(now, i64::from(count) + 4, host);
            let asked = error
                .retry_after(now)
                .map(|asked| asked.max(now.after(Duration::from_secs(1))));
            let until = asked.unwrap_or(guess).max(before.until);
            let cause = Some(Fault {
                retry_at: Some(until),
                ..fault.clone()
            });
            self.store.save(&Pause {
                until,
                cause,
                count,
            })?;
            self.stopped = true;
        }
        self.pass.fault = Some(fault);
        Ok(())
    }
}

/// Takes a manifest out of what a repository serves: its package is kept for those who hold a link, its documents are dirty.
fn withdraw(
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
