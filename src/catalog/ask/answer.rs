//! Answers to the edge, from the rows as they are now.

use crate::catalog::ask::question::{Answer, Progress, Question, Status};
use crate::catalog::publish::build::Made;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::state::{Held, LastPass, Pass, Pause, Tickets, Totals};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::Due;
use crate::catalog::sync::engine::Engine;
use crate::catalog::sync::removal::SECOND_SIGHT;
use crate::index::{DOCUMENT_LIMIT, Key, View, shard_of};
use crate::platform::{Clock, DatabaseError, Documents, Fetch, Metadata};

/// An answer, with the bytes of a document where one was asked for.
#[derive(Debug)]
pub enum Answered {
    /// A document made from rows.
    Document {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its entity tag, length and time.
        metadata: Metadata,
    },
    /// Anything else.
    Answer(Answer),
}

impl<F: Fetch, D: Documents, C: Clock> Engine<'_, F, D, C> {
    /// Answers a question. The caller then sets the alarm to [`Engine::next_alarm`], as a question may bring work.
    pub fn answer(&self, question: &Question) -> Answered {
        self.try_answer(question).unwrap_or_else(|error| {
            Answered::Answer(Answer::Failed {
                reason: error.to_string(),
            })
        })
    }

    fn try_answer(&self, question: &Question) -> Result<Answered, DatabaseError> {
        let store = self.store()?;
        let now = self.clock.now();
        Ok(Answered::Answer(match question {
            Question::Index { view, fresh } => return self.index(store, view, *fresh),
            Question::Find { file } => {
                let candidates = store.candidates(self.config, file.as_str())?;
                match (candidates.is_empty(), store.load::<LastPass>()?.number > 0) {
                    (false, _) => {
                        store.document_missed(&Key::Files(shard_of(file.as_str())), now)?;
                        Answer::File { candidates }
                    }
                    (true, true) => Answer::Missing,
                    (true, false) => self.not_ready(store)?,
                }
            }
            Question::Read { views } => {
                store.asked(self.config, now)?;
                for view in views {
                    // Whether there is a row is not asked: what KV has and nobody here knows of is put anew, or removed.
                    store.view_read(view, now)?;
                }
                Answer::Status {
                    status: self.status(store)?,
                }
            }
            Question::Tick | Question::Status => Answer::Status {
                status: self.status(store)?,
            },
            Question::Info { page } => Answer::Info {
                info: self.info(store, *page)?,
            },
            Question::Refresh { path, confirm } => {
                self.refresh(store, path.as_deref(), *confirm)?
            }
            Question::Await { ticket, path } => awaited(store, *ticket, path.as_deref())?,
            Question::Changed { names } => self.changed(store, names)?,
        }))
    }

    fn index(&self, store: Store<'_>, view: &View, fresh: bool) -> Result<Answered, DatabaseError> {
        let now = self.clock.now();
        store.asked(self.config, now)?;
        if store.load::<LastPass>()?.number == 0 {
            return Ok(Answered::Answer(self.not_ready(store)?));
        }
        if !view.is_root() && !store.view_exists(self.config, view)? {
            return Ok(Answered::Answer(Answer::Missing));
        }
        store.view_read(view, now)?;
        if !fresh {
            store.document_missed(&Key::Index(view.clone()), now)?;
        }
        Ok(match store.index(self.config, view)? {
            Made::Index(written) => {
                let length = written.bytes.len() as u64;
                Answered::Document {
                    bytes: written.bytes,
                    metadata: Metadata {
                        etag: written.etag,
                        length,
                        updated: now,
                    },
                }
            }
            Made::Nothing => Answered::Answer(Answer::Missing),
            Made::TooLarge => Answered::Answer(Answer::TooLarge {
                limit: DOCUMENT_LIMIT as u64,
            }),
        })
    }

    fn not_ready(&self, store: Store<'_>) -> Result<Answer, DatabaseError> {
        Ok(Answer::NotReady {
            progress: self.progress(store)?,
        })
    }

    /// How far the first pass is: counted, as long as it lasts. Later the counts are those of the last pass: a question
    /// that many ask must not cost rows that grow with the catalog.
    pub(crate) fn progress(&self, store: Store<'_>) -> Result<Progress, DatabaseError> {
        let pause: Pause = store.load()?;
        let pass: Pass = store.load()?;
        let last: LastPass = store.load()?;
        let progress = if last.number > 0 {
            let totals: Totals = store.load()?;
            Progress {
                repositories: totals.repositories,
                listed: totals.repositories,
                tags: totals.tags,
                read: totals.tags,
                fault: None,
            }
        } else {
            store.counted_progress()?
        };
        // A first pass that could read nothing tells why, and so does the next one as long as it has nothing either; one
        // that goes on in spite of a fault is no cause for alarm.
        let stuck = last.number == 0 && (!pass.running() || progress.listed == 0);
        let fault = pause
            .cause
            .filter(|_| pause.until > self.clock.now())
            .or(pass.fault.or(last.fault).filter(|_| stuck));
        let fault = match fault {
            Some(fault) => Some(RegistryFault {
                retry_at: Some(fault.retry_at.unwrap_or(store.deadline(self.clock.now())?)),
                ..fault
            }),
            None => None,
        };
        Ok(Progress { fault, ..progress })
    }

    /// Counts and progress.
    pub(crate) fn status(&self, store: Store<'_>) -> Result<Status, DatabaseError> {
        let now = self.clock.now();
        let last: LastPass = store.load()?;
        let totals: Totals = store.load()?;
        Ok(Status {
            ready: last.number > 0,
            progress: self.progress(store)?,
            charts: totals.charts,
            versions: totals.versions,
            last_pass: (last.number > 0).then_some(last.ended),
            next: Some(store.deadline(now)?),
            figures: Box::new(store.figures(now)?),
        })
    }

    fn refresh(
        &self,
        store: Store<'_>,
        path: Option<&str>,
        confirm: bool,
    ) -> Result<Answer, DatabaseError> {
        let now = self.clock.now();
        if confirm {
            let held: Held = store.load()?;
            if held.pass != 0 {
                store.save(&Held {
                    confirmed: true,
                    since: now.before(SECOND_SIGHT),
                    ..held
                })?;
            }
        }
        let ticket = match path {
            None => {
                store.waive_all()?;
                store.call_pass(now)?;
                store.ticket()?
            }
            Some(path) => {
                let known = store.repositories_below(path)?;
                for repository in &known {
                    store.call_repository(repository.id, true)?;
                    store.waive_manifests_of(repository.id)?;
                }
                if known.is_empty() && !self.meet(store, path)? {
                    return Ok(Answer::Missing);
                }
                store.asked(self.config, now)?;
                let is_repository = known.iter().any(|repository| repository.relative == path);
                // What was pushed to a space for the first time, only an enumeration tells. Where nothing is known at all, the
                // path is tried as a repository first.
                if !known.is_empty() && !is_repository {
                    store.call_pass(now)?;
                }
                store.ticket()?
            }
        };
        accepted(store, ticket)
    }

    /// Adds the repository that may lie at a path nobody knows yet: a first push, told before any enumeration.
    fn meet(&self, store: Store<'_>, path: &str) -> Result<bool, DatabaseError> {
        let mut met = false;
        for source in &self.config.sources {
            if let Some(name) = source.name(path).filter(|name| source.allows(name)) {
                let id = store.add_repository(&source.id, name.as_str(), path)?;
                store.call_repository(id, true)?;
                met = true;
            }
        }
        Ok(met)
    }

    fn changed(
        &self,
        store: Store<'_>,
        names: &[(String, Option<String>)],
    ) -> Result<Answer, DatabaseError> {
        let now = self.clock.now();
        for (name, tag) in names {
            let Ok(name) = name.parse::<crate::oci::Name>() else {
                continue;
            };
            for source in self
                .config
                .sources
                .iter()
                .filter(|source| source.allows(&name))
            {
                let Some(relative) = source.relative(&name) else {
                    continue;
                };
                let id = store.add_repository(&source.id, name.as_str(), relative)?;
                store.call_repository(id, tag.is_none())?;
                if let Some(tag) = tag {
                    store.call_tag(id, tag, Due::Read)?;
                }
            }
        }
        store.asked(self.config, now)?;
        let ticket = store.ticket()?;
        accepted(store, ticket)
    }
}

/// How far the sync with this ticket is.
fn accepted(store: Store<'_>, ticket: u64) -> Result<Answer, DatabaseError> {
    let tickets: Tickets = store.load()?;
    let published = store.document_etag(&Key::Index(View::root()))?;
    let done = tickets.settled >= ticket;
    let etag = published.filter(|_| done);
    Ok(Answer::Accepted {
        ticket,
        done,
        etag,
        fault: None,
        unread: None,
    })
}

/// The same for one that waits: with what could not be read of what it was for.
fn awaited(store: Store<'_>, ticket: u64, path: Option<&str>) -> Result<Answer, DatabaseError> {
    let mut answer = accepted(store, ticket)?;
    if let Answer::Accepted {
        done: true,
        fault,
        unread,
        ..
    } = &mut answer
        && let Some(path) = path
    {
        let repositories = store.repositories_below(path)?;
        if repositories.is_empty() {
            return Ok(Answer::Missing);
        }
        for repository in repositories {
            if unread.is_none() {
                *unread = store.unread(repository.id)?;
            }
            *fault = repository.error;
            if fault.is_some() {
                break;
            }
        }
    }
    Ok(answer)
}
