//! When the catalog works next: the earliest deadline among its rows, never before a pause ends.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::source_state::{LONG_PAUSE, Pause};
use crate::catalog::rows::state::{Lease, Pass, Phase, Rhythm, State};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::removal::SECOND_SIGHT;
use crate::catalog::sync::side_by_side::GRACE;
use crate::config::Config;
use crate::platform::{DatabaseError, Timestamp};

/// The longest interval between passes that nobody asks for.
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
/// How soon a first pass that could read nothing is tried again, doubled each time up to the interval.
const FIRST_AGAIN: Duration = Duration::from_secs(10);

/// The interval between two passes after `idle` passes that nobody asked for.
pub(crate) fn interval(config: &Config, idle: u32) -> Duration {
    let rest = Backoff {
        first: config.sync_interval,
        longest: LONGEST_INTERVAL.max(config.sync_interval),
    };
    rest.wait(idle.into())
}

impl State {
    /// Whether the reading goes on within moments: what it brought is then not published before, or the same documents would
    /// be written again and again.
    pub(crate) fn resumes_soon(&self, now: Timestamp) -> bool {
        let mut sources = self.sources.iter();
        sources
            .any(|(id, source)| self.unfinished(id) && source.pause.until < now.after(LONG_PAUSE))
    }
}

impl Store<'_> {
    /// When the catalog is to be woken, given that nobody works at it now.
    pub(crate) fn deadline(&self, now: Timestamp) -> Result<Timestamp, DatabaseError> {
        self.deadline_in(&self.state()?, now)
    }

    /// The same, where the state was loaded a moment ago.
    pub(crate) fn deadline_in(
        &self,
        state: &State,
        now: Timestamp,
    ) -> Result<Timestamp, DatabaseError> {
        if state.recall.wanted {
            // Before anything is read or put.
            return Ok(state.recall.retry_at.max(now));
        }
        let Pass { phase, started, .. } = &state.pass;
        let earliest = self.earliest(now)?;
        let mut deadline = earliest.removal;
        let mut due = |at: Timestamp| deadline = Some(deadline.map_or(at, |known| known.min(at)));
        let reads = state.resumes_soon(now);
        if state.last_pass.number > 0
            && !reads
            && let Some(put) = earliest.put
        {
            due(put);
        }
        if *phase == Phase::Publishing || state.sources.is_empty() {
            due(now);
        }
        let mut others = false;
        for (id, source) in &state.sources {
            let mut wants = match phase {
                _ if state.unfinished(id) => Some(now),
                Phase::Ended => Some(state.rhythm.next),
                Phase::Publishing => Some(now),
                Phase::Reading => {
                    others = true;
                    None
                }
            };
            if wants.is_none_or(|wants| wants > now) && earliest.reading {
                let reading = self.earliest_reading(id, now)?;
                wants = wants.into_iter().chain(reading).min();
            }
            // Reading waits for the end of a pause; publishing does not.
            if let Some(wants) = wants {
                due(wants.max(source.pause.until));
            }
        }
        if *phase == Phase::Reading {
            if !state.sources.keys().any(|id| state.unfinished(id)) {
                due(now);
            } else if others {
                // One that is left alone is left out then.
                due(started.after(GRACE));
            }
        }
        Ok(deadline.unwrap_or(state.rhythm.next).max(now))
    }

    /// Takes the lease for `incarnation`, unless it works already. A lease of another incarnation is a dead
    /// one's: there is one object.
    pub(crate) fn lease(&self, incarnation: &str, now: Timestamp) -> Result<bool, DatabaseError> {
        self.update(|state| {
            if state.lease.end(incarnation, now).is_some() {
                return false;
            }
            state.lease = Lease::taken(incarnation, now);
            true
        })
    }

    /// Notes that somebody reads or a registry calls: the interval is short again.
    pub(crate) fn asked(&self, config: &Config, now: Timestamp) -> Result<(), DatabaseError> {
        self.update(|state| {
            let due = state.last_pass.started.after(config.sync_interval).max(now);
            let rhythm = &mut state.rhythm;
            rhythm.next = rhythm.next.min(due);
            rhythm.idle = 0;
        })
    }

    /// Ends the pauses of the sources whose ids are `meant`: with `asked` those too that registries asked for.
    pub(crate) fn end_pauses(
        &self,
        asked: bool,
        meant: &dyn Fn(&str) -> bool,
    ) -> Result<(), DatabaseError> {
        self.update(|state| {
            for (id, source) in &mut state.sources {
                if meant(id) && (asked || !source.pause.asked) {
                    source.pause = Pause::default();
                    source.unlisted_until = Timestamp::default();
                }
            }
        })
    }

    /// Gives out a ticket: it is done when all that was called for of these sources before is published.
    pub(crate) fn ticket(&self, sources: &BTreeSet<&str>) -> Result<u64, DatabaseError> {
        self.update(|state| {
            state.tickets.issued += 1;
            let ticket = state.tickets.issued;
            for id in sources {
                state.source_mut(id).ticket = ticket;
            }
            ticket
        })
    }

    /// Has a pass through a source tell what a path is that may be a space: all who have tickets for it wait for that.
    pub(crate) fn await_pass(&self, source: &str, now: Timestamp) -> Result<(), DatabaseError> {
        let pass = self.call_pass(&BTreeSet::from([source]), now)?;
        self.update(|state| state.source_mut(source).turn_awaited = pass)
    }

    /// Has a pass begin now, or right after the one that runs, for these sources. Gives its number: a turn that begins in it or
    /// later sees all that is there now.
    pub(crate) fn call_pass(
        &self,
        sources: &BTreeSet<&str>,
        now: Timestamp,
    ) -> Result<u64, DatabaseError> {
        self.update(|state| {
            let pass = state.pass.number + 1;
            for id in sources {
                state.source_mut(id).turn_wanted = pass;
            }
            state.rhythm = Rhythm {
                next: now,
                idle: 0,
                again: state.pass.running(),
            };
            pass
        })
    }
}

/// Sets when the next pass begins, after one that began at `started` and ended `now`.
pub(crate) fn schedule(state: &mut State, config: &Config, started: Timestamp, now: Timestamp) {
    let next = if state.rhythm.again {
        now
    } else if state.last_pass.number == 0 {
        let again = Backoff {
            first: FIRST_AGAIN,
            longest: config.sync_interval,
        };
        now.after(again.wait(state.last_pass.faulty.saturating_sub(1)))
    } else {
        started.after(interval(config, state.rhythm.idle)).max(now)
    };
    // A removal that waits for a second sight is looked at again as soon as that counts.
    let second_sights = state
        .sources
        .values()
        .filter(|source| source.held.pass != 0)
        .map(|source| source.held.since.after(SECOND_SIGHT));
    let next = second_sights.fold(next, Timestamp::min).max(now);
    let rhythm = &mut state.rhythm;
    rhythm.next = next;
    rhythm.again = false;
    rhythm.idle = rhythm.idle.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::rows::enumeration::Enumeration;
    use crate::catalog::rows::source_state::SourceState;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn reading_goes_on_within_moments_where_no_long_pause_keeps_it() {
        let soon = |finished, until| {
            let mut state = State::default();
            state.pass.enumerations.push(Enumeration {
                source: "a".to_owned(),
                finished,
                ..Enumeration::default()
            });
            let mut source = SourceState::default();
            source.pause.until = until;
            state.sources.insert("a".to_owned(), source);
            state.resumes_soon(NOW)
        };
        let second = Duration::from_secs(1);
        assert!(soon(false, Timestamp::default()), "no pause");
        assert!(soon(false, NOW.after(LONG_PAUSE / 2)));
        assert!(!soon(false, NOW.after(LONG_PAUSE)));
        assert!(!soon(false, NOW.after(LONG_PAUSE + second)));
        assert!(!soon(true, Timestamp::default()), "nothing is left to read");
    }
}
