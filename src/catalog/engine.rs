//! The engine: takes the lease, reads a slice, concludes, publishes, and says when it wants to be woken.

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::budget::Budgeted;
use super::configure::configure;
use super::publish::{Progressed, Publisher};
use super::schema;
use super::slice::{Ended, Slice};
use super::state::{Enumeration, LastPass, Lease, Pass, Pause, Rhythm, Ring, Tickets, Totals};
use super::store::Store;
use crate::config::Config;
use crate::index::Key;
use crate::oci::Tokens;
use crate::platform::{Clock, Database, DatabaseError, Documents, Fetch, Timestamp};

/// How long nobody else may work without a sign of life: longer than one call and its timeout may take.
const LEASE: Duration = Duration::from_secs(90);
/// The lease is prolonged when less than this is left.
const RENEWAL: Duration = Duration::from_secs(45);
/// When rows cannot be read or written, it is tried again after this.
const BROKEN: Duration = Duration::from_secs(60);
/// Revalidation runs a little ahead of its time, so that rounding never leaves a tag behind.
const AHEAD_PERCENT: u64 = 110;

/// The catalog over one set of rows. Cheap to make: one an invocation.
pub struct Engine<'a, F, D, C> {
    /// The way to the registry.
    pub fetch: &'a F,
    /// Where documents go.
    pub documents: &'a D,
    /// The rows.
    pub database: &'a dyn Database,
    /// Tokens of the registry, kept in memory.
    pub tokens: &'a Tokens,
    /// What is configured.
    pub config: &'a Config,
    /// The time.
    pub clock: &'a C,
    /// Names this life of the object: a lease of another one is void. Random.
    pub incarnation: &'a str,
}

/// What a step did, for the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When the next one is due.
    pub next: Timestamp,
    /// Calls made to the registry.
    pub calls: u32,
    /// A pass that ended in this step: its number, calls, faults and length.
    pub pass: Option<EndedPass>,
    /// What went wrong, in words fit for a log.
    pub fault: Option<String>,
}

/// A pass that ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EndedPass {
    /// Counted from 1 on.
    pub number: u64,
    /// Calls to the registry.
    pub calls: u64,
    /// Faults met.
    pub faults: u64,
    /// The last of them, in public words.
    pub fault: Option<String>,
    /// From its start to its end.
    pub milliseconds: u64,
    /// Versions that are served.
    pub versions: u64,
}

impl<'a, F: Fetch, D: Documents, C: Clock> Engine<'a, F, D, C> {
    /// The rows, with tables that this Worker knows and of the configuration it has.
    pub(super) fn store(&self) -> Result<Store<'a>, DatabaseError> {
        schema::prepare(self.database)?;
        let store = Store(self.database);
        configure(store, self.config, self.clock.now())?;
        Ok(store)
    }

    /// When the catalog wants to be woken; while somebody works, when that one's lease ends.
    pub fn next_alarm(&self) -> Timestamp {
        let now = self.clock.now();
        let next = self
            .store()
            .and_then(|store| match store.leased(self.incarnation, now)? {
                Some(until) => Ok(until),
                None => store.deadline(now),
            });
        next.unwrap_or_else(|_| now.after(BROKEN))
    }

    /// Until when an alarm must be set before [`Engine::step`], so that the work goes on if this step dies.
    pub fn guard(&self) -> Timestamp {
        self.clock.now().after(LEASE)
    }

    /// Runs one slice, unless one runs or nothing is due.
    pub async fn step(&self) -> Step {
        let calls = Budgeted::new(self.fetch, self.config.subrequest_budget);
        let ended = RefCell::new(None);
        let result = self.try_step(&calls, &ended).await;
        let fault = result.err().map(|error| error.to_string());
        let next = if fault.is_some() {
            self.clock.now().after(BROKEN)
        } else {
            self.next_alarm()
        };
        Step {
            next,
            calls: calls.made(),
            pass: ended.into_inner(),
            fault,
        }
    }

    async fn try_step(
        &self,
        calls: &Budgeted<'_, F>,
        ended: &RefCell<Option<EndedPass>>,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let store = self.store()?;
        // A tick of cron, or an alarm that comes early, costs no row when nothing is due.
        if store.deadline(now)? > now || !store.lease(self.incarnation, now, now.after(LEASE))? {
            return Ok(());
        }
        let result = self.work(store, calls, ended).await;
        store.save(&Lease::default())?;
        result
    }

    fn beat(&self, store: Store<'_>) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let left = store
            .leased(self.incarnation, now)?
            .map(|until| until.since(now));
        if left.is_none_or(|left| left < RENEWAL) {
            store.save(&Lease {
                holder: self.incarnation.to_owned(),
                until: now.after(LEASE),
            })?;
        }
        Ok(())
    }

    async fn work(
        &self,
        store: Store<'a>,
        calls: &Budgeted<'_, F>,
        ended: &RefCell<Option<EndedPass>>,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        if store.load::<Pause>()?.until > now {
            return Ok(());
        }
        for shard in store.expire_superseded(now)? {
            store.mark_document(&Key::Files(shard))?;
        }
        let mut slice = self.slice(store, now)?;
        if slice.pass.running || store.called(now)? {
            let beat = || self.beat(store);
            let outcome = slice.run(calls, self.tokens, &beat).await?;
            let now = self.clock.now();
            if calls.made() > 0 && slice.outages == 0 && !slice.stopped {
                // The registry answers: the next pause begins small again.
                store.save(&Pause::default())?;
            }
            let whole = slice.pass.running;
            if outcome == Ended::All {
                slice.conclude(whole, now)?;
                slice.pass.publishing = whole;
            }
            self.keep(store, &slice)?;
            let waited_for = {
                let tickets: Tickets = store.load()?;
                tickets.issued > tickets.settled && !store.called(now)?
            };
            if outcome == Ended::Cut {
                if !waited_for {
                    return Ok(());
                }
                // Somebody waits for what was called for, and that is read: the pass goes on after it is published.
                slice.conclude(false, now)?;
                self.keep(store, &slice)?;
            }
        }
        self.publish(store, slice, ended).await
    }

    /// What the slice works with: the running pass, a new one if its time has come, or none.
    fn slice(&self, store: Store<'a>, now: Timestamp) -> Result<Slice<'a, C>, DatabaseError> {
        let mut pass: Pass = store.load()?;
        let mut slice_ring: Ring = store.load()?;
        let totals: Totals = store.load()?;
        let rhythm: Rhythm = store.load()?;
        let fresh = !pass.running && rhythm.next <= now;
        if fresh {
            pass = self.begin(store, pass.number + 1, &totals, &mut slice_ring, now)?;
        } else if !pass.running {
            pass.versions_before = totals.versions;
            pass.removed = 0;
            pass.changed = false;
        }
        let seen = pass
            .enumerations
            .iter()
            .map(|source| STANDARD_NO_PAD.decode(&source.seen).unwrap_or_default())
            .collect();
        let mut slice = Slice {
            store,
            config: self.config,
            clock: self.clock,
            incarnation: self.incarnation,
            pass,
            seen,
            ring: slice_ring,
            under_way: std::collections::HashSet::new(),
            outages: 0,
            stopped: false,
        };
        if fresh {
            for (place, source) in self.config.sources.iter().enumerate() {
                for name in source.exact() {
                    if let Some(relative) = source.relative(&name) {
                        let id = store.add_repository(&source.id, name.as_str(), relative)?;
                        slice.see(place, id);
                    }
                }
            }
            self.keep(store, &slice)?;
        }
        Ok(slice)
    }

    /// A pass from its beginning.
    fn begin(
        &self,
        store: Store<'a>,
        number: u64,
        totals: &Totals,
        ring: &mut Ring,
        now: Timestamp,
    ) -> Result<Pass, DatabaseError> {
        let rhythm: Rhythm = store.load()?;
        store.save(&Rhythm {
            again: false,
            ..rhythm
        })?;
        // The share of version tags that the time since the last share is of REVALIDATE_WITHIN.
        let within = u64::try_from(self.config.revalidate_within.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let since = u64::try_from(now.since(ring.paid_until).as_millis())
            .unwrap_or(u64::MAX)
            .min(within);
        let share = totals
            .version_tags
            .saturating_mul(since)
            .saturating_mul(AHEAD_PERCENT)
            / within.saturating_mul(100);
        let quota = if totals.version_tags == 0 {
            0
        } else {
            (share + 1).min(totals.version_tags)
        };
        ring.paid_until = now;
        let enumerations = self
            .config
            .sources
            .iter()
            .map(|source| Enumeration {
                source: source.id.clone(),
                done: !source.enumerates(),
                ..Enumeration::default()
            })
            .collect();
        Ok(Pass {
            number,
            running: true,
            started: now,
            enumerations,
            quota,
            versions_before: totals.versions,
            known_to: store.last_repository()?,
            ..Pass::default()
        })
    }

    /// Keeps what the slice has moved.
    fn keep(&self, store: Store<'a>, slice: &Slice<'a, C>) -> Result<(), DatabaseError> {
        let mut pass = slice.pass.clone();
        for (enumeration, seen) in pass.enumerations.iter_mut().zip(&slice.seen) {
            enumeration.seen = STANDARD_NO_PAD.encode(seen);
        }
        store.save(&pass)?;
        store.save(&slice.ring)
    }

    /// Publishes what is dirty, if the catalog is ready for it, and ends the pass whose reading is done.
    async fn publish(
        &self,
        store: Store<'a>,
        mut slice: Slice<'a, C>,
        ended: &RefCell<Option<EndedPass>>,
    ) -> Result<(), DatabaseError> {
        let last: LastPass = store.load()?;
        let ends = slice.pass.running && slice.pass.publishing;
        let readable = last.number > 0 || (ends && self.presentable(store, &slice.pass)?);
        if readable {
            if last.number == 0 {
                store.mark_document(&Key::Index(crate::index::View::root()))?;
            }
            let beat = || self.beat(store);
            let mut publisher = Publisher {
                store,
                documents: self.documents,
                config: self.config,
                clock: self.clock,
                operations: self.config.kv_budget,
            };
            if publisher.run(&beat).await? == Progressed::Cut {
                return Ok(());
            }
        }
        let now = self.clock.now();
        if ends {
            slice.pass.running = false;
            slice.pass.publishing = false;
            let totals = if slice.pass.changed || last.number == 0 {
                store.count()?
            } else {
                store.load()?
            };
            store.save(&totals)?;
            let pass = &slice.pass;
            *ended.borrow_mut() = Some(EndedPass {
                number: pass.number,
                calls: pass.calls,
                faults: pass.faults,
                fault: pass
                    .fault
                    .as_ref()
                    .map(|fault| format!("{} {}", fault.host, fault.kind)),
                milliseconds: u64::try_from(now.since(pass.started).as_millis())
                    .unwrap_or(u64::MAX),
                versions: totals.versions,
            });
            let complete = pass
                .enumerations
                .iter()
                .all(|source| source.done && source.fault.is_none());
            store.save(&LastPass {
                number: if readable { pass.number } else { last.number },
                started: pass.started,
                ended: now,
                calls: pass.calls,
                faults: pass.faults,
                fault: pass.fault.clone(),
                complete,
                clean: last.clean + u64::from(pass.faults == 0),
                faulty: last.faulty + u64::from(pass.faults > 0),
                calls_in_all: last.calls_in_all + pass.calls,
            })?;
            store.schedule(self.config, pass.started, now)?;
            self.keep(store, &slice)?;
        }
        self.settle(store, now)
    }

    /// Whether a first pass read enough to be shown: something was listed, or there was nothing to fail. A registry that
    /// is down must not become an empty repository.
    fn presentable(&self, store: Store<'a>, pass: &Pass) -> Result<bool, DatabaseError> {
        if pass.faults == 0 {
            return Ok(true);
        }
        let listed = store
            .0
            .first("SELECT 1 FROM repository WHERE listed > 0 LIMIT 1", &[])?
            .is_some();
        let tags = store.0.first("SELECT 1 FROM tag LIMIT 1", &[])?.is_some();
        let read = store
            .0
            .first("SELECT 1 FROM manifest WHERE state <> 'new' LIMIT 1", &[])?
            .is_some();
        Ok(listed && (read || !tags))
    }

    /// Settles the requests for a sync that all that was called for is read and published.
    fn settle(&self, store: Store<'a>, now: Timestamp) -> Result<(), DatabaseError> {
        let tickets: Tickets = store.load()?;
        let last: LastPass = store.load()?;
        if tickets.settled == tickets.issued || last.number < tickets.pass {
            return Ok(());
        }
        let dirty = store
            .0
            .first("SELECT 1 FROM document WHERE dirty > 0 LIMIT 1", &[])?
            .is_some();
        if !dirty && !store.called(now)? {
            store.save(&Tickets {
                settled: tickets.issued,
                ..tickets
            })?;
        }
        Ok(())
    }
}
