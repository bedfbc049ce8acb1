//! What becomes of a job that failed: when it is tried again, when the registry is left alone.

use std::time::Duration;

use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::repository::{Absence, Repository};
use crate::catalog::rows::source_state::Pause;
use crate::catalog::rows::tag::Due;
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::Slice;
use crate::oci::{Error, Kind};
use crate::platform::{Clock, DatabaseError, Timestamp};
use crate::source::Source;

/// Outages in a row after which the registry is taken to be down, and left alone for a while.
const OUTAGES: u32 = 5;
/// So many pauses in a row are as short as the registry says.
const PATIENCE: i64 = 3;
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
        let source = match job {
            Job::Enumerate { source, .. } => self.config.sources.get(*source),
            Job::List { repository, .. }
            | Job::Resolve { repository, .. }
            | Job::Read { repository, .. }
            | Job::Contents { repository, .. } => self.config.source(&repository.source),
        };
        self.judge_outage(source, error, now)?;
        let text = error.to_string();
        self.tell(text.clone());
        match job {
            Job::Enumerate { source, .. } => {
                if let Some(enumeration) = self.pass.enumerations.get_mut(*source) {
                    enumeration.attempts += 1;
                    // What may be over in a moment is asked for again, a few times.
                    let again = match error.kind() {
                        Kind::Throttled => true,
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
                    .tag_failed(tag, &text, self.retry_at(now, tag.attempts + 3, &about))
            }
            Job::Contents { digest, .. } => {
                let attempts = self
                    .store
                    .manifest(digest)?
                    .map_or(0, |known| known.attempts);
                self.store.manifest_failed(
                    digest,
                    &text,
                    self.retry_at(now, attempts, digest.hex()),
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
                let retry_at = self.retry_at(now, repository.attempts + 6, &repository.name);
                let absence = Absence {
                    denied_since: repository.denied_since,
                    missing_since: None,
                };
                self.store
                    .repository_failed(repository, &text, Some(retry_at), absence)
            }
            Job::Resolve { tag, .. } | Job::Read { tag, .. } => {
                let retry_at = self.retry_at(now, tag.attempts + 6, &tag.name);
                self.store.tag_failed(tag, &text, retry_at)
            }
            Job::Contents { digest, .. } => {
                self.store
                    .manifest_failed(digest, &text, self.retry_at(now, 6, digest.hex()))
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
        match error.kind() {
            // Somebody named it, and there is no such repository: nothing is lost with its row.
            Kind::NotFound if !repository.listed && self.enumerated_source(repository) => {
                if repository.recheck > 0 {
                    // Who asks for a path may mean a space, of which only an enumeration tells.
                    self.store.call_pass(now)?;
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
                let retry_at = self.retry_at(now, repository.attempts, &repository.name);
                let absence = Absence {
                    denied_since: repository.denied_since,
                    missing_since: None,
                };
                self.store
                    .repository_failed(repository, text, Some(retry_at), absence)
            }
        }
    }

    /// Whether its source would name it if it came to be.
    fn enumerated_source(&self, repository: &Repository) -> bool {
        self.config
            .source(&repository.source)
            .is_some_and(Source::enumerates)
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
        let fault = RegistryFault {
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
            let id = source.map_or(host, |source| source.id.as_str());
            let before = self.store.state()?.source(id).pause;
            // Another answer of the same burst must not lengthen the pause.
            let count = if before.until > now {
                before.count
            } else {
                before.count + 1
            };
            let guess = self.retry_at(now, i64::from(count) + 4, host);
            // Who asks for a second again and again wants to be left alone for longer.
            let least = match i64::from(count) - PATIENCE {
                ..=0 => now.after(Duration::from_secs(1)),
                impatient => self.retry_at(now, impatient, host),
            };
            let asked = error.retry_after(now).map(|asked| asked.max(least));
            let until = asked.unwrap_or(guess).max(before.until);
            let cause = Some(RegistryFault {
                retry_at: Some(until),
                ..fault.clone()
            });
            self.store.update(|state| {
                state.source_mut(id).pause = Pause {
                    until,
                    cause,
                    count,
                };
            })?;
            self.stopped = true;
        }
        self.pass.fault = Some(fault);
        Ok(())
    }
}
