//! The engine: takes the lease, reads a slice, concludes, publishes, and says when it wants to be woken.

use std::cell::RefCell;
use std::time::Duration;

use crate::catalog::publish::recollection::Recollection;
use crate::catalog::rows::schema;
use crate::catalog::rows::state::{Lease, Phase};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::budget::Budgeted;
use crate::catalog::sync::configure::configure;
use crate::catalog::sync::put_right::put_right;
use crate::catalog::sync::recent::Recent;
use crate::catalog::sync::repair::repair;
use crate::catalog::sync::side_by_side::HASTE;
use crate::catalog::sync::slice::{Ended, Slice};
use crate::config::Config;
use crate::index::Key;
use crate::oci::Tokens;
use crate::platform::{Clock, Database, DatabaseError, Documents, Fetch, Timestamp};

/// The lease is prolonged when less than this is left.
const RENEWAL: Duration = Duration::from_secs(45);
/// When rows cannot be read or written, it is tried again after this.
const BROKEN: Duration = Duration::from_mins(1);
/// In a pass of many slices what is read is published this often: soon enough for who waits for one chart of many, and few
/// writes to KV.
const OVERDUE: Duration = Duration::from_secs(30);
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
    /// What this life of the object remembers.
    pub recent: &'a Recent,
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
    /// A pass that ended in this step.
    pub pass: Option<EndedPass>,
    /// Faults of the registry that were met, some of them if they are many, in words fit for a log.
    pub faults: Vec<String>,
    /// Why the step broke off: rows could not be read or written.
    pub broken: Option<String>,
}

/// What is told of a step while it runs.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// A pass that ended.
    pub(crate) pass: Option<EndedPass>,
    /// Faults of the registry.
    pub(crate) faults: Vec<String>,
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
    pub(crate) fn store(&self) -> Result<Store<'a>, DatabaseError> {
        schema::prepare(self.database)?;
        let store = Store(self.database);
        let now = self.clock.now();
        let state = put_right(store, self.config, now)?;
        configure(store, state, self.config, now)?;
        Ok(store)
    }

    /// When the catalog wants to be woken; while somebody works, when that one's lease ends.
    pub fn next_alarm(&self) -> Timestamp {
        let now = self.clock.now();
        let next = self.store().and_then(|store| {
            let state = store.state()?;
            match state.lease.end(self.incarnation, now) {
                Some(until) => Ok(until),
                None => store.deadline_in(&state, now),
            }
        });
        next.unwrap_or_else(|_| now.after(BROKEN))
    }

    /// Until when an alarm must be set before [`Engine::step`], so that the work goes on if this step dies.
    pub fn guard(&self) -> Timestamp {
        self.clock.now().after(Lease::LENGTH)
    }

    /// Runs one slice, unless one runs or nothing is due.
    pub async fn step(&self) -> Step {
        // Every call is a sign of life: one job may make many.
        let alive = || {
            let _ = self.beat(Store(self.database));
        };
        let calls = Budgeted::new(self.fetch, self.config.subrequest_budget, &alive);
        let told = RefCell::new(Told::default());
        let result = self.try_step(&calls, &told).await;
        let broken = result.err().map(|error| error.to_string());
        let next = if broken.is_some() {
            self.clock.now().after(BROKEN)
        } else {
            self.next_alarm()
        };
        let Told { pass, faults } = told.into_inner();
        Step {
            next,
            calls: calls.made(),
            pass,
            faults,
            broken,
        }
    }

    async fn try_step(
        &self,
        calls: &Budgeted<'_, F>,
        told: &RefCell<Told>,
    ) -> Result<(), DatabaseError> {
        let store = self.store()?;
        // Later than what setting the tables up noted as due now.
        let now = self.clock.now();
        // A tick of cron, or an alarm that comes early, costs no row when nothing is due.
        if store.deadline(now)? > now || !store.lease(self.incarnation, now)? {
            return Ok(());
        }
        let working = self.recent.working();
        let result = self.work(store, calls, told).await;
        let repaired = repair(store, self.config, self.clock.now());
        let repaired = repaired.map(|mut lines| told.borrow_mut().faults.append(&mut lines));
        drop(working);
        let ended = self.clock.now();
        let counted = store.update(|state| {
            state.calls = state.calls.plus(calls.outcomes());
            state.lease = Lease::given_back(ended);
        });
        result.and(repaired).and(counted)
    }

    pub(crate) fn beat(&self, store: Store<'_>) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        store.update(|state| {
            let left = state.lease.end(self.incarnation, now);
            if left.is_none_or(|until| until.since(now) < RENEWAL) {
                state.lease = Lease::taken(self.incarnation, now);
            }
        })
    }

    async fn work(
        &self,
        store: Store<'a>,
        calls: &Budgeted<'_, F>,
        told: &RefCell<Told>,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        if store.state()?.recall.wanted {
            let mut recollection = Recollection {
                store,
                documents: self.documents,
                config: self.config,
                clock: self.clock,
                operations: self.config.kv_budget,
            };
            // The next step has the whole budget again.
            return recollection.run(&|| self.beat(store)).await;
        }
        for shard in store.expire_superseded(now)? {
            store.mark_document(&Key::Files(shard))?;
        }
        let awake = {
            let state = store.state()?;
            let mut sources = self.config.sources.iter();
            sources.any(|source| state.source(&source.id).pause.until <= now)
        };
        let mut slice = self.slice(store, now, awake)?;
        // A pause is the registry's: what is known is published all the same.
        if slice.pass.running() || slice.goes_on(now) || (awake && store.called(now)?) {
            let show = async |slice: &mut Slice<'a, C>| self.show(store, slice, None, told).await;
            let ended = slice.run(calls, self.tokens, &show).await?;
            told.borrow_mut().faults.append(&mut slice.faults);
            return self.show(store, &mut slice, Some(ended), told).await;
        }
        self.publish(store, &mut slice, told).await
    }

    /// Draws the conclusions of what was read, and publishes what is ready. `ended` says how the slice did; it goes on where that
    /// is `None`.
    async fn show(
        &self,
        store: Store<'a>,
        slice: &mut Slice<'a, C>,
        ended: Option<Ended>,
        told: &RefCell<Told>,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let reading = slice.pass.phase == Phase::Reading;
        let ends = if reading {
            slice.all_finished() || slice.leaves_out(now)
        } else {
            ended == Some(Ended::All)
        };
        let put_at = store.root_put_at()?;
        let publishing = slice.pass.phase == Phase::Publishing && ended.is_some();
        let mut ready = ends || publishing || (slice.pass.hurry && now >= put_at.after(HASTE));
        if let Some(ended) = ended {
            let state = store.state()?;
            let waited_for = store.any_ready_for_tickets(&state)?;
            let overdue = now >= put_at.max(slice.pass.started).after(OVERDUE);
            let soon = !slice.all_finished() && (ended == Ended::Cut || state.resumes_soon(now));
            // Somebody waits for what was called for, and that is read; or what somebody named is; or the registry wants to be
            // left alone for long; or there is much to read: the pass goes on after what it brought is published.
            ready |= waited_for || overdue || !soon;
        }
        if ready || slice.any_fresh() {
            slice.conclude(ends && reading, now)?;
        }
        if ends && reading {
            slice.pass.phase = Phase::Publishing;
        }
        slice.pass.hurry &= !ready;
        Self::keep(store, slice)?;
        if !ready {
            return Ok(());
        }
        self.publish(store, slice, told).await
    }
}
