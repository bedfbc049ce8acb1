//! A pass from its beginning to its end: what it sets out with, what is kept of it between slices, and how it ends.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::catalog::publish::publisher::{Progressed, Publisher, TOO_LARGE};
use crate::catalog::rows::state::{
    Enumeration, LastPass, Pass, Phase, Rhythm, Ring, Tickets, Totals,
};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::engine::{EndedPass, Engine, Told};
use crate::catalog::sync::slice::Slice;
use crate::index::{Key, View};
use crate::platform::{Clock, DatabaseError, Documents, Fetch, Timestamp};

/// Revalidation runs a little ahead of its time, so that rounding never leaves a tag behind.
const AHEAD_PERCENT: u64 = 110;

impl<'a, F: Fetch, D: Documents, C: Clock> Engine<'a, F, D, C> {
    /// What the slice works with: the running pass, a new one if its time has come and `may_begin`, or none.
    pub(crate) fn slice(
        &self,
        store: Store<'a>,
        now: Timestamp,
        may_begin: bool,
    ) -> Result<Slice<'a, C>, DatabaseError> {
        let mut pass: Pass = store.load()?;
        let mut slice_ring: Ring = store.load()?;
        let totals: Totals = store.load()?;
        let rhythm: Rhythm = store.load()?;
        let fresh = may_begin && !pass.running() && rhythm.next <= now;
        if fresh {
            pass = self.begin(store, pass.number + 1, &totals, &mut slice_ring, now)?;
        } else if !pass.running() {
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
            under_way: HashSet::new(),
            claimed: Rc::default(),
            outages: 0,
            faults: Vec::new(),
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
            Self::keep(store, &slice)?;
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
            phase: Phase::Reading,
            started: now,
            enumerations,
            quota,
            versions_before: totals.versions,
            known_to: store.last_repository()?,
            ..Pass::default()
        })
    }

    /// Keeps what the slice has moved.
    pub(crate) fn keep(store: Store<'a>, slice: &Slice<'a, C>) -> Result<(), DatabaseError> {
        let mut pass = slice.pass.clone();
        for (enumeration, seen) in pass.enumerations.iter_mut().zip(&slice.seen) {
            enumeration.seen = STANDARD_NO_PAD.encode(seen);
        }
        store.save(&pass)?;
        store.save(&slice.ring)
    }

    /// Publishes what is dirty, if the catalog is ready for it, and ends the pass whose reading is done.
    pub(crate) async fn publish(
        &self,
        store: Store<'a>,
        mut slice: Slice<'a, C>,
        told: &RefCell<Told>,
    ) -> Result<(), DatabaseError> {
        let last: LastPass = store.load()?;
        let ends = slice.pass.phase == Phase::Publishing;
        let readable = last.number > 0 || (ends && Self::presentable(store, &slice.pass)?);
        let beat = || self.beat(store);
        let mut publisher = Publisher {
            store,
            documents: self.documents,
            config: self.config,
            clock: self.clock,
            operations: self.config.kv_budget,
        };
        let progressed = if readable {
            if last.number == 0 {
                store.mark_document(&Key::Index(View::root()))?;
            }
            publisher.run(&beat).await?
        } else {
            // What went out of use goes in its time, whether or not there is something new to show.
            publisher.remove_retired(&beat).await?
        };
        if progressed == Progressed::Cut {
            return Ok(());
        }
        let now = self.clock.now();
        if ends {
            slice.pass.phase = Phase::Ended;
            let totals = Self::recount(store, &slice.pass)?;
            let pass = &slice.pass;
            told.borrow_mut().pass = Some(EndedPass {
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
            })?;
            store.schedule(self.config, pass.started, now)?;
            Self::keep(store, &slice)?;
        } else if slice.pass.changed && !slice.pass.running() {
            Self::recount(store, &slice.pass)?;
        }
        Self::settle(store, now)
    }

    /// The counts of the rows, taken anew where they may have changed.
    fn recount(store: Store<'a>, pass: &Pass) -> Result<Totals, DatabaseError> {
        let known: Totals = store.load()?;
        let first = store.load::<LastPass>()?.number == 0;
        if !(first || pass.changed || pass.faults > 0 || known.failing > 0) {
            return Ok(known);
        }
        let totals = store.count()?;
        store.save(&totals)?;
        Ok(totals)
    }

    /// Whether a first pass read enough to be shown: something was listed, or there was nothing to fail. A registry that
    /// is down must not become an empty repository.
    fn presentable(store: Store<'a>, pass: &Pass) -> Result<bool, DatabaseError> {
        if pass.faults == 0 {
            return Ok(true);
        }
        Ok(store.any_repository_listed()? && (store.any_manifest_read()? || !store.any_tag()?))
    }

    /// Settles the requests for a sync that all that was called for is read and published.
    fn settle(store: Store<'a>, now: Timestamp) -> Result<(), DatabaseError> {
        let tickets: Tickets = store.load()?;
        let last: LastPass = store.load()?;
        if tickets.settled == tickets.issued || last.number < tickets.pass {
            return Ok(());
        }
        if !store.any_dirty_document_but(TOO_LARGE)? && !store.called(now)? {
            store.save(&Tickets {
                settled: tickets.issued,
                ..tickets
            })?;
        }
        Ok(())
    }
}
