//! What becomes of a job that failed: when it is tried again, when the registry is left alone.

use std::time::Duration;

use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::repository::{Absence, Repository};
use crate::catalog::rows::tag::Due;
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::Slice;
use crate::oci::{Error, Kind};
use crate::platform::{Clock, DatabaseError, Timestamp};
use crate::source::Source;

/// A list, a tag or a blob that could not be read: soon again, as most faults pass, and in the end no more than a pass asks.
const ITEM: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_hours(1),
};
/// So often in a row an item may be refused because of too many calls before it is put off itself.
const PATIENCE: i64 = 3;
/// What was read and could not be written: rows that are full or refused do not mend in a moment.
const UNWRITABLE: Backoff = Backoff {
    first: Duration::from_mins(1),
    longest: Duration::from_hours(1),
};
/// How often a page of repositories is asked for in a pass before the pass goes on without.
const ENUMERATION_ATTEMPTS: u32 = 3;
/// How often in a row a list may fail before what came of it before is forgotten and it begins again.
const LIST_ATTEMPTS: i64 = 3;
/// Faults of a slice that are told to the log; the rest are counted.
const FAULTS_TOLD: usize = 20;

impl<C: Clock> Slice<'_, C> {
    /// Takes over that a job failed.
    pub(crate) fn failed(
        &mut self,
        job: &Job,
        error: &Error,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        if error.kind() == Kind::Budget {
            return self.put_back(job);
        }
        self.pass.faults += 1;
        let text = error.to_string();
        self.tell(text.clone());
        match job {
            Job::Enumerate { source, .. } => {
                let api = self.is_of_an_api(*source, error);
                if let Some(enumeration) = self.pass.enumerations.get_mut(*source) {
                    enumeration.attempts += 1;
                    // What may be over in a moment is asked for again, a few times.
                    let again = match error.kind() {
                        // The registry's own pause is waited for; another host's must not keep the pass from ending.
                        Kind::Throttled => !api,
                        Kind::Unavailable => enumeration.attempts < ENUMERATION_ATTEMPTS,
                        _ => false,
                    };
                    if !again {
                        enumeration.done = true;
                        enumeration.fault = Some(error.public());
                        enumeration.refused = matches!(error.kind(), Kind::Denied(_));
                    }
                }
                Ok(())
            }
            Job::List { repository, .. } => self.unlisted(repository, error, &text, now),
            Job::Resolve { tag, repository } | Job::Read { tag, repository } => {
                if error.kind() == Kind::NotFound && tag.gone_in.is_none() {
                    // Whether a tag is gone, its repository's list says; of others it has said so.
                    self.store.call_repository(repository.id, false)?;
                }
                let about = format!("{}:{}", repository.name, tag.name);
                self.store
                    .tag_failed(tag, &text, self.again_at(error, now, tag.attempts, &about))
            }
            Job::Contents { digest, .. } => {
                let attempts = self
                    .store
                    .manifest(digest)?
                    .map_or(0, |known| known.attempts);
                self.store.manifest_failed(
                    digest,
                    &text,
                    self.again_at(error, now, attempts, digest.hex()),
                )
            }
        }
    }

    /// Has the log told of a fault, if it was not told of many.
    pub(crate) fn tell(&mut self, fault: String) {
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(fault);
        }
    }

    /// Puts a job off whose outcome could not be written.
    pub(crate) fn set_aside(
        &mut self,
        job: &Job,
        error: &DatabaseError,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.pass.faults += 1;
        let text = error.to_string();
        self.faults.push(text.clone());
        match job {
            Job::Enumerate { source, .. } => {
                if let Some(enumeration) = self.pass.enumerations.get_mut(*source) {
                    enumeration.done = true;
                    enumeration.fault = Some(text);
                }
                Ok(())
            }
            Job::List { repository, .. } => {
                self.store.forget_listing(repository.id)?;
                let retry_at =
                    self.retry_at(UNWRITABLE, now, repository.attempts, &repository.name);
                let absence = Absence {
                    denied_since: repository.denied_since,
                    missing_since: None,
                };
                self.store
                    .repository_failed(repository, &text, Some(retry_at), absence)
            }
            Job::Resolve { tag, .. } | Job::Read { tag, .. } => {
                let retry_at = self.retry_at(UNWRITABLE, now, tag.attempts, &tag.name);
                self.store.tag_failed(tag, &text, retry_at)
            }
            Job::Contents { digest, .. } => self.store.manifest_failed(
                digest,
                &text,
                self.retry_at(UNWRITABLE, now, 0, digest.hex()),
            ),
        }
    }

    /// A job that the budget did not reach: what only the pass's place in its order knew of is noted.
    pub(crate) fn put_back(&mut self, job: &Job) -> Result<(), DatabaseError> {
        match job {
            Job::List {
                repository,
                in_turn: true,
                ..
            } => self.store.resume_repository(repository.id),
            Job::Resolve { tag, .. } if tag.due == Due::Nothing => {
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
        let passing = match error.kind() {
            Kind::Throttled => true,
            // Or the place in the list is what it cannot answer for.
            Kind::Unavailable => repository.attempts < LIST_ATTEMPTS,
            _ => false,
        };
        if !passing {
            self.store.forget_listing(repository.id)?;
        }
        if error.kind() == Kind::NotFound {
            self.forget_named(repository)?;
        }
        match error.kind() {
            // Somebody named it, and there is no such repository: nothing is lost with its row.
            Kind::NotFound if !repository.listed && self.enumerated_source(repository) => {
                if repository.recheck > 0 {
                    // Who asks for a path may mean a space, of which only an enumeration tells.
                    self.store.await_pass(&repository.source, now)?;
                }
                self.store.remove_repository(repository.id)
            }
            // The next pass asks again; a change of the registry's mind is no hurry. Neither removes anything by itself:
            // see `removal`.
            Kind::Denied(_) => {
                let since = repository.denied_since.unwrap_or(now);
                self.tell(format!("{} is denied since {since}", repository.name));
                if let Some(source) = self.of_source(&repository.source) {
                    source.denials += 1;
                }
                let absence = Absence {
                    denied_since: Some(since),
                    missing_since: None,
                };
                self.store
                    .repository_failed(repository, text, None, absence)
            }
            Kind::NotFound => {
                let absence = Absence {
                    denied_since: None,
                    missing_since: repository.missing_since.or(Some(now)),
                };
                self.store
                    .repository_failed(repository, text, None, absence)
            }
            _ => {
                let retry_at = self.again_at(error, now, repository.attempts, &repository.name);
                let absence = Absence {
                    denied_since: repository.denied_since,
                    missing_since: None,
                };
                self.store
                    .repository_failed(repository, text, Some(retry_at), absence)
            }
        }
    }

    /// When to try an item again that failed.
    fn again_at(&self, error: &Error, now: Timestamp, attempts: i64, about: &str) -> Timestamp {
        if error.kind() != Kind::Throttled {
            return self.retry_at(ITEM, now, attempts, about);
        }
        // It is not the item's fault, and the source's pace has seen to it: unless it is refused again and again.
        let again = match attempts - PATIENCE {
            ..0 => now,
            more => self.retry_at(ITEM, now, more, about),
        };
        let longest = now.after(ITEM.longest);
        let asked = error.retry_after(now).unwrap_or(now);
        again.max(asked.min(longest))
    }

    fn retry_at(&self, backoff: Backoff, now: Timestamp, attempts: i64, about: &str) -> Timestamp {
        backoff.retry_at(now, attempts, &format!("{}{about}", self.incarnation))
    }

    /// Whether its source would name it if it came to be.
    fn enumerated_source(&self, repository: &Repository) -> bool {
        self.config
            .source(&repository.source)
            .is_some_and(Source::enumerates)
    }
}
