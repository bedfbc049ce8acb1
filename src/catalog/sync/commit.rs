//! Takes over what a job brought: rows and dirty marks in one synchronous write.

use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::manifest::Contents;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::{Due, TagRow};
use crate::catalog::sync::contents::Judged;
use crate::catalog::sync::job::{Job, Outcome};
use crate::catalog::sync::plan::MOVING_SHARE;
use crate::catalog::sync::removal::withdraw;
use crate::catalog::sync::slice::Slice;
use crate::chart::tag_is_version;
use crate::oci::{Digest, Kind, Name, Page};
use crate::platform::{Clock, DatabaseError, Timestamp};
use crate::shown::shown;

/// Pages of an enumeration: more is a fault of the registry.
const PAGES_LIMIT: u32 = 5_000;

/// Pages in a row that name nothing. An API that filters gives some on the way (Google's and Amazon's documentation say so); a
/// list of nothing else has no end.
const EMPTY_LIMIT: u32 = 20;
/// Manifests of named tags that are noted while their contents are not read; others are published with what else is read.
const AWAITED: usize = 100;

impl<C: Clock> Slice<'_, C> {
    /// Takes over the outcome of a job.
    pub(crate) fn commit(
        &mut self,
        job: &Job,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        if let Job::List { repository, .. } = job
            && self.store.repository(repository.id)?.is_none()
        {
            return Ok(());
        }
        match (job, outcome) {
            (_, Outcome::Failed(error)) => self.failed(job, &error, now),
            (Job::Enumerate { source, page }, Outcome::Enumerated(found)) => self.enumerated(
                *source,
                page.as_ref().map(ToString::to_string).as_deref(),
                &found,
            ),
            (
                Job::List { repository, .. },
                Outcome::Listed {
                    names,
                    incomplete,
                    progress,
                    etag,
                },
            ) => {
                // As it was when the list began: of what was called for since it knows nothing.
                let repository = Repository {
                    called: progress.called,
                    recheck: i64::from(progress.recheck),
                    ..repository.clone()
                };
                self.listed(&repository, &names, incomplete, etag.as_deref())
            }
            (Job::List { repository, .. }, Outcome::Indexed(index)) => {
                self.index_read(repository, &index, now)
            }
            (Job::List { repository, .. }, Outcome::Unchanged) => self.unchanged(repository),
            (
                Job::List { repository, .. },
                Outcome::Cut {
                    names,
                    progress,
                    error,
                },
            ) => {
                self.store.keep_listing(repository.id, &names, &progress)?;
                if error.kind() == Kind::Budget {
                    self.store.resume_repository(repository.id)
                } else {
                    self.failed(job, &error, now)
                }
            }
            (Job::Resolve { tag, .. }, Outcome::Resolved(digest)) => self.resolved(tag, &digest),
            (
                Job::Resolve { tag, repository } | Job::Read { tag, repository },
                Outcome::Found {
                    digest,
                    what,
                    unread,
                },
            ) => {
                self.found(tag, repository, &digest, what, now)?;
                let asked = unread.as_ref().and_then(|error| error.retry_after(now));
                match (unread, asked) {
                    // It is asked for again when the registry wants it.
                    (Some(error), Some(at)) => {
                        self.store.manifest_waits(&digest, &error.to_string(), at)
                    }
                    _ => Ok(()),
                }
            }
            (Job::Contents { digest, .. }, Outcome::Judged(judged)) => match judged {
                Judged::Known(contents) => self.settled(digest, &contents, None, now),
                Judged::Wants(plan) => self.store.plan_manifest(digest, &plan),
            },
            // No job gives another one's outcome.
            _ => Ok(()),
        }
    }

    fn enumerated(
        &mut self,
        place: usize,
        asked: Option<&str>,
        page: &Page,
    ) -> Result<(), DatabaseError> {
        let Some(source) = self.config.sources.get(place) else {
            return Ok(());
        };
        for name in &page.names {
            match name.parse::<Name>() {
                Ok(known) if !source.allows(&known) => {}
                Ok(known) => match source.relative(&known) {
                    Some(relative) => {
                        let id =
                            self.store
                                .add_repository(&source.id, known.as_str(), &relative)?;
                        self.see(place, id);
                    }
                    None => self.leave_out(place, name),
                },
                Err(_) if source.may_hold(name) => self.leave_out(place, name),
                Err(_) => {}
            }
        }
        let Some(enumeration) = self.pass.enumerations.get_mut(place) else {
            return Ok(());
        };
        enumeration.pages += 1;
        let next = page.next.as_ref().map(ToString::to_string);
        enumeration.empty = if page.names.is_empty() {
            enumeration.empty + 1
        } else {
            0
        };
        // Empty pages with a further one, and a page that names itself, never end: Cloudflare's serverless-registry gives both.
        let endless = next.is_some()
            && (next.as_deref() == asked
                || next == enumeration.mark
                || enumeration.empty >= EMPTY_LIMIT
                || enumeration.pages >= PAGES_LIMIT);
        if endless || !page.complete {
            enumeration.fault = Some("its list of repositories has no end".to_owned());
            self.pass.faults += 1;
        }
        if enumeration.pages.is_power_of_two() {
            enumeration.mark.clone_from(&next);
        }
        enumeration.done = next.is_none() || endless;
        enumeration.next = next;
        Ok(())
    }

    /// Notes that a repository is wanted and cannot be served under its name.
    pub(crate) fn leave_out(&mut self, place: usize, name: &str) {
        if let Some(enumeration) = self.pass.enumerations.get_mut(place) {
            enumeration.unservable += 1;
            enumeration
                .first_unservable
                .get_or_insert_with(|| shown(name));
        }
    }

    /// How far the pass is with a source.
    pub(crate) fn of_source(&mut self, id: &str) -> Option<&mut Enumeration> {
        let mut sources = self.pass.enumerations.iter_mut();
        sources.find(|source| source.source == id)
    }

    /// Notes that an enumeration named the repository with this row id.
    pub(crate) fn see(&mut self, place: usize, id: i64) {
        if let Some(enumeration) = self.pass.enumerations.get_mut(place) {
            enumeration.seen.insert(id);
        }
    }

    fn unchanged(&mut self, repository: &Repository) -> Result<(), DatabaseError> {
        if repository.recheck > 0 {
            self.store.call_tags_of(repository.id, MOVING_SHARE)?;
        }
        if let Some(source) = self.of_source(&repository.source) {
            source.answered = true;
        }
        self.forget_named(repository)?;
        let hash = repository.hash.clone().unwrap_or_default();
        self.store
            .repository_listed(repository, &hash, repository.etag.as_deref(), None)
    }

    /// The row of a tag as it is now, other jobs having changed it meanwhile; what was called for since this job began
    /// stays called for. `None` when it is gone.
    fn now(&self, tag: &TagRow) -> Result<Option<TagRow>, DatabaseError> {
        let called = tag.called;
        let row = self.store.tag(tag.repository, &tag.name)?;
        Ok(row.map(|row| TagRow { called, ..row }))
    }

    fn resolved(&mut self, tag: &TagRow, digest: &Digest) -> Result<(), DatabaseError> {
        let Some(tag) = &self.now(tag)? else {
            return Ok(());
        };
        if tag.manifest.as_ref() == Some(digest) {
            // Rows of an older reader are read again with the quota that confirms them; what they say serves meanwhile.
            if self
                .store
                .manifest(digest)?
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
        tag: &TagRow,
        repository: &Repository,
        digest: &Digest,
        what: Judged,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let Some(tag) = &self.now(tag)? else {
            return Ok(());
        };
        self.note_first_reading(tag);
        let known = self.store.manifest(digest)?;
        match (known, what) {
            (Some(known), _) if known.read && !known.outdated => {
                self.serve(tag, repository, digest, now)
            }
            (_, Judged::Known(contents)) => {
                self.settled(digest, &contents, Some(tag), now)?;
                self.serve(tag, repository, digest, now)
            }
            // Another tag brought it a moment ago; its contents are on their way.
            (Some(known), Judged::Wants(_)) if known.pending => self.await_manifest(tag, digest),
            (_, Judged::Wants(plan)) => {
                self.store.plan_manifest(digest, &plan)?;
                self.await_manifest(tag, digest)
            }
        }
    }

    /// Notes that a tag that moves was read for the first time: it need not be asked about in this pass once more.
    fn note_first_reading(&mut self, tag: &TagRow) {
        /// So many are kept; more are asked about once more.
        const KEPT: usize = 200;
        let read = &mut self.pass.moving_read;
        if tag.manifest.is_none() && !tag_is_version(&tag.name) && read.len() < KEPT {
            read.push(tag.position());
        }
    }

    fn await_manifest(&mut self, tag: &TagRow, digest: &Digest) -> Result<(), DatabaseError> {
        let before = tag.next.clone().filter(|next| next != digest);
        let awaited = &self.pass.awaited;
        if tag.due == Due::ReadFirst && awaited.len() < AWAITED && !awaited.contains(digest) {
            self.pass.awaited.push(digest.clone());
        }
        self.store.tag_awaits(tag, digest)?;
        before.map_or(Ok(()), |before| self.store.drop_orphan(&before))
    }

    /// Takes over what a manifest holds, for all tags that name it but `finder`, whose turn comes after.
    fn settled(
        &mut self,
        digest: &Digest,
        contents: &Contents,
        finder: Option<&TagRow>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        // What an older reader made of it may have stood in other documents.
        let before = self.store.manifest(digest)?.and_then(|known| known.file);
        let tags = self.store.tags_of_manifest(digest)?;
        if tags.is_empty() && finder.is_none() {
            // They went while it was read.
            return self.store.drop_orphan(digest);
        }
        let changed = before.is_some();
        self.store.settle_manifest(digest, contents)?;
        for tag in tags {
            let Some(repository) = self.store.repository(tag.repository)? else {
                continue;
            };
            if changed && let Some(file) = &before {
                self.store.mark(&repository.relative, file)?;
            }
            if finder.is_some_and(|finder| finder.position() == tag.position()) {
                continue;
            }
            self.serve(&tag, &repository, digest, now)?;
        }
        Ok(())
    }

    /// Has a tag serve a manifest that is known to its end, and marks what that changes.
    pub(crate) fn serve(
        &mut self,
        tag: &TagRow,
        repository: &Repository,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let same = tag.manifest.as_ref() == Some(digest);
        let awaited = self.pass.awaited.len();
        self.pass.awaited.retain(|awaited| awaited != digest);
        let named = tag.due == Due::ReadFirst || self.pass.awaited.len() < awaited;
        if !same {
            if let Some(before) = &tag.manifest {
                withdraw(self.store, before, repository, tag, now)?;
            }
            self.pass.changed = true;
        }
        self.store.tag_serves(tag, digest)?;
        // What changes out of its source's turn was called for.
        let called = self
            .of_source(&repository.source)
            .is_some_and(|turn| turn.finished);
        let only = named && !self.store.any_tag_first(tag.repository)?;
        if only || (called && !same) {
            self.pass.hurry = true;
        }
        if let Some((file, _)) = self.store.chart_file(digest)? {
            self.store.mark(&repository.relative, &file)?;
        }
        for old in [tag.manifest.as_ref(), tag.next.as_ref()]
            .into_iter()
            .flatten()
            .filter(|old| *old != digest)
        {
            self.store.drop_orphan(old)?;
        }
        Ok(())
    }
}
