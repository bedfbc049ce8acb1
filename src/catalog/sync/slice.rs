//! A slice: the reading that fits into one invocation's budget of calls. Six jobs run side by side; what each brings is
//! committed as it comes, so that a restart repeats no more than what was under way.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::catalog::rows::state::{Pass, Ring};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::budget::Budgeted;
use crate::catalog::sync::job::{Job, Outcome};
use crate::config::Config;
use crate::oci::{Client, Digest, Tokens};
use crate::platform::{Clock, DatabaseError, Fetch, Timestamp};
use crate::source::Source;

/// Calls at a time: the connections that a Worker may have waiting for an answer.
const SIDE_BY_SIDE: usize = 6;
/// No job begins with fewer calls left than it may need: a token, the call, a redirect, the call again.
const RESERVE: u32 = 4;
/// No job begins after this time, so that alarms stay far below their 15 minutes.
const LENGTH: Duration = Duration::from_mins(1);

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
    /// Row ids seen by each source's enumeration, one bit each.
    pub(crate) seen: Vec<Vec<u8>>,
    /// Where revalidation stands.
    pub(crate) ring: Ring,
    /// Jobs under way, by what they are about.
    pub(crate) under_way: HashSet<Key>,
    /// Digests of manifests whose contents one of these jobs reads on the way, and which.
    pub(crate) claimed: Rc<RefCell<HashMap<Digest, Key>>>,
    /// Faults of the registry's being down, in a row.
    pub(crate) outages: u32,
    /// Faults met in this slice, in words fit for a log.
    pub(crate) faults: Vec<String>,
    /// Set when the registry asked to be left alone, or is down.
    pub(crate) stopped: bool,
}

/// How a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With nothing left to read now.
    All,
    /// With its budget or time, or because the registry is to be left alone.
    Cut,
}

/// What a job is about, so that none is begun twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A source's enumeration.
    Source(usize),
    /// A repository's list.
    Repository(i64),
    /// A tag.
    Tag(i64, String),
    /// A manifest.
    Manifest(Digest),
}

impl Job {
    /// What it is about.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Enumerate { source, .. } => Key::Source(*source),
            Self::List { repository, .. } => Key::Repository(repository.id),
            Self::Resolve { tag, .. } | Self::Read { tag, .. } => {
                Key::Tag(tag.repository, tag.name.clone())
            }
            Self::Contents { digest, .. } => Key::Manifest(digest.clone()),
        }
    }

    /// Id of the source it asks; `None` for an enumeration, which knows its place.
    fn source(&self) -> Option<&str> {
        match self {
            Self::Enumerate { .. } => None,
            Self::List { repository, .. }
            | Self::Resolve { repository, .. }
            | Self::Read { repository, .. }
            | Self::Contents { repository, .. } => Some(&repository.source),
        }
    }
}

impl<C: Clock> Slice<'_, C> {
    /// Reads until the budget, the time or the work is used up.
    /// Gives whether all there was to read now was read.
    pub(crate) async fn run<F: Fetch>(
        &mut self,
        fetch: &Budgeted<'_, F>,
        tokens: &Tokens,
    ) -> Result<Ended, DatabaseError> {
        let config = self.config;
        let clock = self.clock;
        let clients: Vec<_> = config
            .sources
            .iter()
            .map(|source| {
                let Source {
                    registry,
                    credentials,
                    ..
                } = source;
                (
                    source,
                    Client::new(fetch, registry, credentials, tokens, clock),
                )
            })
            .collect();
        let store = self.store;
        let claimed = Rc::clone(&self.claimed);
        let begun = clock.now();
        let mut jobs = FuturesUnordered::new();
        let mut ended;
        loop {
            ended = Ended::All;
            while jobs.len() < SIDE_BY_SIDE {
                let room = fetch.left() >= RESERVE + u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                if self.stopped || !room || clock.now().since(begun) >= LENGTH {
                    ended = Ended::Cut;
                    break;
                }
                let Some(job) = self.next_job(clock.now())? else {
                    break;
                };
                let place = match (&job, job.source()) {
                    (Job::Enumerate { source, .. }, _) => Some(*source),
                    (_, Some(id)) => config.sources.iter().position(|source| source.id == id),
                    _ => None,
                };
                let Some((source, client)) = place.and_then(|place| clients.get(place)) else {
                    // A row of a source that is not configured: `configure` removes it before a slice can see it.
                    continue;
                };
                self.under_way.insert(job.key());
                let claimed = &claimed;
                jobs.push(async move {
                    let key = job.key();
                    // Rows that cannot be read claim nothing: the commit meets the same fault and ends the slice.
                    let claims = |digest: &Digest| {
                        let unknown = store.manifest(digest).is_ok_and(|known| known.is_none());
                        let mut claimed = claimed.borrow_mut();
                        let free = unknown && !claimed.contains_key(digest);
                        if free {
                            claimed.insert(digest.clone(), key.clone());
                        }
                        free
                    };
                    let outcome = job.run(source, client, &claims).await;
                    (job, outcome)
                });
            }
            let Some((job, outcome)) = jobs.next().await else {
                break;
            };
            let key = job.key();
            self.under_way.remove(&key);
            self.claimed
                .borrow_mut()
                .retain(|_, claimant| *claimant != key);
            if !matches!(&outcome, Outcome::Failed(_)) {
                self.outages = 0;
            }
            let now = clock.now();
            if let Err(error) = self.commit(&job, outcome, now) {
                // What cannot be written fails its job and not the slice; if nothing can be written, this fails too.
                self.set_aside(&job, &error, now)?;
            }
        }
        self.pass.calls += u64::from(fetch.made());
        Ok(ended)
    }

    /// When to try again what failed for the `attempts`th time: twice as long each time from a second up to an hour, and
    /// spread by up to a half, so that what failed together is not asked for together.
    pub(crate) fn retry_at(&self, now: Timestamp, attempts: i64, about: &str) -> Timestamp {
        const FIRST_MS: u64 = 1_000;
        const LONGEST_MS: u64 = 3_600_000;
        let doublings = u32::try_from(attempts.clamp(0, 12)).unwrap_or(12);
        let wait = FIRST_MS.saturating_mul(1 << doublings).min(LONGEST_MS);
        let spread = spread(&format!("{}{about}{attempts}", self.incarnation)) % (wait / 2 + 1);
        now.after(Duration::from_millis(wait + spread))
    }
}

/// A number that looks random and is the same for the same text: jitter without a source of randomness.
fn spread(text: &str) -> u64 {
    let digest = Digest::sha256_of(text.as_bytes());
    digest
        .hex()
        .get(..15)
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .unwrap_or(0)
}
