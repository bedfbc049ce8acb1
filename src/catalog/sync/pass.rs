//! A pass from its beginning to its end: what it sets out with, what is kept of it between slices, and how it ends.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::catalog::publish::publisher::{FULLER, Progressed, Publisher, anything_unread};
use crate::catalog::rows::counts::Totals;
use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::source_state::SourceState;
use crate::catalog::rows::state::{LastPass, Pass, Phase, State};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::engine::{EndedPass, Engine, Told};
use crate::catalog::sync::schedule::{interval, schedule};
use crate::catalog::sync::settle::settle;
use crate::catalog::sync::slice::{Slice, SourceSlice};
use crate::index::{Key, View};
use crate::oci::MAX_PAUSE;
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
        store.drop_unnamed_plans()?;
        let known_to = store.last_repository()?;
        // What a slice moves, it keeps for itself until `keep`: no question of the edge changes the pass, a ring or a pace.
        let (state, fresh) = store.update(|state| {
            let fresh = may_begin && !state.pass.running() && state.rhythm.next <= now;
            if fresh {
                self.begin(state, known_to, now);
            } else if !state.pass.running() {
                self.reset(state);
            }
            (state.clone(), fresh)
        })?;
        let pass = state.pass.clone();
        let mut slice = Slice {
            store,
            config: self.config,
            clock: self.clock,
            incarnation: self.incarnation,
            pass,
            sources: self
                .config
                .sources
                .iter()
                .map(|source| SourceSlice::new(&source.id, &state))
                .collect(),
            under_way: HashMap::new(),
            claimed: Rc::default(),
            faults: Vec::new(),
        };
        if fresh {
            for (place, source) in self.config.sources.iter().enumerate() {
                for exact in source.exact() {
                    match exact {
                        Ok((name, path)) => {
                            let id = store.add_repository(&source.id, name.as_str(), &path)?;
                            slice.see(place, id);
                        }
                        Err(name) => slice.leave_out(place, &name),
                    }
                }
            }
            Self::keep(store, &slice)?;
        }
        Ok(slice)
    }

    /// Begins a pass. A source that the last one could not finish goes on where it was.
    fn begin(&self, state: &mut State, known_to: i64, now: Timestamp) {
        state.rhythm.again = false;
        self.reset(state);
        let number = state.pass.number;
        let mut enumerations = Vec::new();
        for source in &self.config.sources {
            let former = state
                .pass
                .enumerations
                .iter()
                .find(|former| former.source == source.id && !former.finished);
            enumerations.push(match former {
                Some(former) => former.clone(),
                None => Enumeration {
                    source: source.id.clone(),
                    begun: number + 1,
                    done: !source.enumerates() || state.source(&source.id).unlisted_until > now,
                    fault: (source.enumerates() && state.source(&source.id).unlisted_until > now)
                        .then(|| "is limiting requests".to_owned()),
                    versions_before: state.source(&source.id).versions,
                    quota: match source.classic {
                        Some(_) => 0,
                        None => self.quota(state.source_mut(&source.id), now),
                    },
                    known_to,
                    ..Enumeration::default()
                },
            });
        }
        let Pass { awaited, hurry, .. } = std::mem::take(&mut state.pass);
        state.pass = Pass {
            number: number + 1,
            phase: Phase::Reading,
            started: now,
            enumerations,
            awaited,
            hurry,
            ..Pass::default()
        };
    }

    /// How many version tags of a source a pass revalidates: the share of them that the time since the last share is of
    /// `REVALIDATE_WITHIN`.
    fn quota(&self, source: &mut SourceState, now: Timestamp) -> u64 {
        let within = u64::try_from(self.config.revalidate_within.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let since = u64::try_from(now.since(source.ring.paid_until).as_millis())
            .unwrap_or(u64::MAX)
            .min(within);
        source.ring.paid_until = now;
        // A tag whose turn comes just after a pass waits for the next: the round must be over an interval before its time.
        let longest =
            u64::try_from(interval(self.config, u32::MAX).as_millis()).unwrap_or(u64::MAX);
        let round = within.saturating_sub(longest).max(1);
        let share = source
            .version_tags
            .saturating_mul(since)
            .saturating_mul(AHEAD_PERCENT)
            / round.saturating_mul(100);
        match source.version_tags {
            0 => 0,
            tags => (share + 1).min(tags),
        }
    }

    /// Has the judgement of mass removals begin anew, where no pass runs and the source has been gone through.
    fn reset(&self, state: &mut State) {
        state.pass.changed = false;
        let mut enumerations = std::mem::take(&mut state.pass.enumerations);
        for source in &self.config.sources {
            if !enumerations.iter().any(|known| known.source == source.id) {
                enumerations.push(Enumeration {
                    source: source.id.clone(),
                    done: true,
                    finished: true,
                    concluded: true,
                    ..Enumeration::default()
                });
            }
        }
        let place = |id: &str| {
            self.config
                .sources
                .iter()
                .position(|source| source.id == id)
        };
        enumerations.retain(|known| place(&known.source).is_some());
        // Each stands where its source does.
        enumerations.sort_by_key(|known| place(&known.source));
        // A turn that goes on after its pass is judged as a whole.
        for known in enumerations.iter_mut().filter(|known| known.finished) {
            known.versions_before = state.source(&known.source).versions;
            known.removed = 0;
        }
        state.pass.enumerations = enumerations;
    }

    /// Keeps what the slice has moved.
    pub(crate) fn keep(store: Store<'a>, slice: &Slice<'a, C>) -> Result<(), DatabaseError> {
        let now = slice.clock.now();
        let mut pass = slice.pass.clone();
        // The clock may have been put back since they were set.
        pass.started = pass.started.min(now);
        store.update(|state| {
            state.pass = pass;
            for source in &slice.sources {
                let known = state.source_mut(&source.id);
                known.ring = source.ring.clone();
                known.pace = source.pace.clone();
                known.pace.slowed = known.pace.slowed.min(now);
                known.pace.opened = known.pace.opened.min(now.after(MAX_PAUSE));
            }
        })
    }

    /// Publishes what is dirty, if the catalog is ready for it, and ends the pass whose reading is done.
    pub(crate) async fn publish(
        &self,
        store: Store<'a>,
        slice: &mut Slice<'a, C>,
        told: &RefCell<Told>,
    ) -> Result<(), DatabaseError> {
        let last = store.state()?.last_pass;
        let ends = slice.pass.phase == Phase::Publishing;
        let readable = last.number > 0 || (ends && self.presentable(store)?);
        let beat = || self.beat(store);
        let mut publisher = Publisher {
            store,
            documents: self.documents,
            config: self.config,
            clock: self.clock,
            operations: self.config.kv_budget,
            unread: None,
            folder_made: false,
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
            let totals = self.recount(store, &slice.pass)?;
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
                .all(|source| source.finished && source.done && source.fault.is_none());
            store.update(|state| {
                let last = &state.last_pass;
                // What waits for a retry is no fault of this pass, and still the reason why nothing is shown.
                let waits = last.fault.clone().filter(|_| !readable);
                let clean = pass.faults == 0 && readable;
                state.last_pass = LastPass {
                    number: if readable { pass.number } else { last.number },
                    started: pass.started,
                    ended: now,
                    calls: pass.calls,
                    faults: pass.faults,
                    fault: pass.fault.clone().or(waits),
                    complete,
                    clean: last.clean + u64::from(clean),
                    faulty: last.faulty + u64::from(!clean),
                };
                schedule(state, self.config, pass.started, now);
            })?;
            Self::keep(store, slice)?;
        } else if slice.pass.changed && !slice.pass.running() {
            self.recount(store, &slice.pass)?;
        }
        let shown = if readable {
            !store.any_document_unpublished(FULLER)?
        } else {
            // Too little could be read to show anything.
            ends
        };
        if shown {
            settle(store, &slice.pass, now)?;
        }
        Ok(())
    }

    /// The counts of the rows, taken anew where they may have changed.
    fn recount(&self, store: Store<'a>, pass: &Pass) -> Result<Totals, DatabaseError> {
        let State {
            totals: known,
            last_pass,
            ..
        } = store.state()?;
        if !(last_pass.number == 0 || pass.changed || pass.faults > 0 || known.failing > 0) {
            return Ok(known);
        }
        let totals = store.count(self.config.index_scope, self.config.collisions)?;
        let counts = store.count_by_source()?;
        store.update(|state| {
            state.totals = totals.clone();
            state.count_versions(&counts);
        })?;
        Ok(totals)
    }

    /// Whether enough was read for a first index: something, or there was nothing that could not be read. A registry that is
    /// down must not become an empty repository. The rows tell, as a later pass skips what waits for a retry and meets no fault.
    fn presentable(&self, store: Store<'a>) -> Result<bool, DatabaseError> {
        Ok(store.any_manifest_read()? || !anything_unread(store, self.config)?)
    }
}
