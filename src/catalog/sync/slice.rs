//! A slice: the reading that fits into one invocation's budget of calls. Six jobs run side by side; what each brings is
//! committed as it comes, so that a restart repeats no more than what was under way.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::catalog::rows::position::Ring;
use crate::catalog::rows::source_state::Pace;
use crate::catalog::rows::state::{Pass, State};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::budget::{Budgeted, Patient};
use crate::catalog::sync::job::{Job, Outcome};
use crate::config::Config;
use crate::oci::{Digest, RateLimit, Tokens};
use crate::platform::{Clock, DatabaseError, Fetch, Timestamp};

/// Calls at a time: the connections that a Worker may have waiting for an answer.
pub(crate) const SIDE_BY_SIDE: usize = 6;
/// No job begins with fewer calls left than it may need: a token, the call, a redirect, the call again.
const RESERVE: u32 = 4;
/// No job begins after this time, so that alarms stay far below their 15 minutes.
const LENGTH: Duration = Duration::from_mins(1);

/// How often it is looked for what became due while calls are under way.
const TICK: Duration = Duration::from_secs(1);

/// What a slice works on and with.
pub(crate) struct Slice<'a, C> {
    /// The rows.
    pub(crate) store: Store<'a>,
    /// What is configured.
    pub(crate) config: &'a Config,
    /// The time.
    pub(crate) clock: &'a C,
    /// Salt of the jitter.
    pub(crate) incarnation: &'a str,
    /// The running pass, or one that does not run: then only what was called for is read.
    pub(crate) pass: Pass,
    /// What is each source's own, in the order of the configuration.
    pub(crate) sources: Vec<SourceSlice>,
    /// Jobs under way and the places of their sources, by what they are about.
    pub(crate) under_way: HashMap<JobKey, (usize, Job)>,
    /// Digests of manifests whose contents one of these jobs reads on the way, with the place of its source, and which. A source
    /// that is slow keeps no other from what both have.
    pub(crate) claimed: Rc<RefCell<HashMap<(usize, Digest), JobKey>>>,
    /// Faults met in this slice, in words fit for a log.
    pub(crate) faults: Vec<String>,
}

/// What a slice knows of a source.
pub(crate) struct SourceSlice {
    /// Its id.
    pub(crate) id: String,
    /// How fast it is asked.
    pub(crate) pace: Pace,
    /// Until when it is left alone.
    pub(crate) paused_until: Rc<Cell<Timestamp>>,
    /// How many calls it still takes, where an answer of this slice said so.
    pub(crate) rate_limit: Rc<Cell<Option<RateLimit>>>,
    /// Whether it said last that few are left: it is then asked one call at a time.
    pub(crate) few_left: bool,
    /// Whether the slice is at its end.
    pub(crate) closed: Rc<Cell<bool>>,
    /// Whether it ever said how many it takes: what is counted there is asked for in the order of its worth.
    pub(crate) counts_calls: bool,
    /// Where revalidation stands.
    pub(crate) ring: Ring,
    /// Jobs under way.
    pub(crate) under_way: usize,
    /// Lists among them.
    pub(crate) lists: usize,
    /// The repository of the last failure: others are asked first.
    pub(crate) failed_at: i64,
    /// The repository whose named tag had its turn last: others go first.
    pub(crate) named_at: i64,
    /// How many tags that waited were taken since the pass had its turn.
    pub(crate) tags_taken: u32,
}

impl SourceSlice {
    /// As the state has it.
    pub(crate) fn new(id: &str, state: &State) -> Self {
        let known = state.source(id);
        Self {
            id: id.to_owned(),
            pace: known.pace,
            paused_until: Rc::new(Cell::new(known.pause.until)),
            rate_limit: Rc::default(),
            few_left: known.rate_limit.is_some_and(|(told, _)| told.is_low()),
            closed: Rc::default(),
            counts_calls: known.rate_limit.is_some(),
            ring: known.ring,
            under_way: 0,
            lists: 0,
            failed_at: 0,
            named_at: 0,
            tags_taken: 0,
        }
    }
}

/// How a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With nothing left to read now.
    All,
    /// With its budget or time.
    Cut,
    /// With nothing left to read now but of sources that are left alone.
    Waiting,
}

/// What a job is about, so that none is begun twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum JobKey {
    /// A source's enumeration.
    Source(usize),
    /// A repository's list.
    Repository(i64),
    /// A tag.
    Tag(i64, String),
    /// A manifest of a source.
    Manifest(String, Digest),
}

impl Job {
    /// Whether it may show what is new.
    fn is_list(&self) -> bool {
        matches!(self, Self::Enumerate { .. } | Self::List { .. })
    }

    /// What it is about.
    pub(crate) fn key(&self) -> JobKey {
        match self {
            Self::Enumerate { source, .. } => JobKey::Source(*source),
            Self::List { repository, .. } => JobKey::Repository(repository.id),
            Self::Resolve { tag, .. } | Self::Read { tag, .. } => {
                JobKey::Tag(tag.repository, tag.name.clone())
            }
            Self::Contents {
                digest, repository, ..
            } => JobKey::Manifest(repository.source.clone(), digest.clone()),
        }
    }
}

impl<C: Clock> Slice<'_, C> {
    /// The way to each source, which is closed while that is left alone.
    fn fetches<'f, F>(&self, fetch: &'f F) -> Vec<Patient<'f, F, C>>
    where
        C: 'f,
        Self: 'f,
    {
        let homes = self.config.sources.iter().map(|source| {
            let origin = source.registry.origin();
            let home = origin.split_once("://").map(|(_, home)| home.to_owned());
            home.unwrap_or_default()
        });
        self.sources
            .iter()
            .zip(homes)
            .map(|(source, home)| Patient {
                inner: fetch,
                until: Rc::clone(&source.paused_until),
                home,
                rate_limit: Rc::clone(&source.rate_limit),
                closed: Rc::clone(&source.closed),
                clock: self.clock,
            })
            .collect()
    }

    /// Notes that a job begins.
    fn job_begins(&mut self, place: usize, job: &Job) {
        self.under_way.insert(job.key(), (place, job.clone()));
        if let Some(source) = self.sources.get_mut(place) {
            source.under_way += 1;
            source.lists += usize::from(job.is_list());
        }
    }

    /// Takes over what came of a job that `begun` then.
    fn job_ended(
        &mut self,
        place: usize,
        job: &Job,
        outcome: Outcome,
        begun: Timestamp,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        if let Some(source) = self.sources.get_mut(place) {
            source.under_way -= 1;
            source.lists -= usize::from(job.is_list());
        }
        self.note_end(place, begun, now);
        let key = job.key();
        self.under_way.remove(&key);
        self.claimed
            .borrow_mut()
            .retain(|_, claimant| *claimant != key);
        let error = match &outcome {
            Outcome::Failed(error)
            | Outcome::Cut { error, .. }
            | Outcome::Found {
                unread: Some(error),
                ..
            } => Some(error),
            _ => None,
        };
        self.heed(place, job, error, begun, now)?;
        if let Err(error) = self.commit(job, outcome, now) {
            // What cannot be written fails its job and not the slice; if nothing can be written, this fails too.
            self.set_aside(job, &error, now)?;
        }
        Ok(())
    }

    /// Reads until the budget, the time or the work is used up. What is ready before is shown while calls are under way, and
    /// what becomes due meanwhile is begun: a call that hangs keeps nothing else.
    /// Gives whether all there was to read now was read.
    pub(crate) async fn run<F: Fetch>(
        &mut self,
        fetch: &Budgeted<'_, F>,
        tokens: &Tokens,
        show: &impl AsyncFn(&mut Self) -> Result<(), DatabaseError>,
    ) -> Result<Ended, DatabaseError> {
        let config = self.config;
        let clock = self.clock;
        let fetches = self.fetches(fetch);
        let clients: Vec<_> = config
            .sources
            .iter()
            .zip(&fetches)
            .map(|(source, fetch)| (source, source.client(fetch, tokens, clock)))
            .collect();
        let store = self.store;
        let claimed = Rc::clone(&self.claimed);
        let begun = clock.now();
        let mut jobs = FuturesUnordered::new();
        let mut cut_at = None;
        let mut ended;
        loop {
            ended = Ended::All;
            while jobs.len() < SIDE_BY_SIDE {
                let room = fetch.left() >= RESERVE + u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                let now = clock.now();
                let late = now.since(begun) >= LENGTH;
                if late {
                    self.close();
                }
                if !room || late {
                    ended = Ended::Cut;
                    break;
                }
                let Some((place, job)) = self.next_job(now)? else {
                    break;
                };
                let Some((source, client)) = clients.get(place) else {
                    break;
                };
                self.job_begins(place, &job);
                let claimed = &claimed;
                jobs.push(async move {
                    let key = job.key();
                    // Rows that cannot be read claim nothing: the commit meets the same fault and ends the slice.
                    let claims = |digest: &Digest| {
                        let unknown = store.manifest(digest).is_ok_and(|known| known.is_none());
                        let mut claimed = claimed.borrow_mut();
                        let claim = (place, digest.clone());
                        let free = unknown && !claimed.contains_key(&claim);
                        if free {
                            claimed.insert(claim, key.clone());
                        }
                        free
                    };
                    let outcome = job.run(source, client, &claims).await;
                    (place, now, job, outcome)
                });
            }
            let now = clock.now();
            if !jobs.is_empty() && self.has_something_to_show(now)? {
                self.keep_places()?;
                show(self).await?;
                continue;
            }
            if ended != Ended::Cut {
                cut_at = None;
            } else if !jobs.is_empty() {
                let waited = now.since(*cut_at.get_or_insert(now));
                if self.keeps_others(waited, now)? {
                    self.give_up(waited, now)?;
                    break;
                }
            }
            let tick = pin!(fetch.wait(TICK));
            let (place, begun, job, outcome) = match select(jobs.next(), tick).await {
                Either::Left((Some(done), _)) => done,
                Either::Left((None, _)) => break,
                Either::Right(_) => continue,
            };
            self.job_ended(place, &job, outcome, begun)?;
        }
        self.pass.calls += u64::from(fetch.made());
        let now = clock.now();
        let waits = |source: &SourceSlice| source.paused_until.get() > now;
        if ended == Ended::All && self.sources.iter().any(waits) {
            ended = Ended::Waiting;
        }
        Ok(ended)
    }
}
