//! The pace of a source: how many calls it is asked side by side and how many a second, and when it is left alone.
//!
//! Additive increase and multiplicative decrease, as TCP does (RFC 5681 §3.1): what slows a registry down halves the pace, each
//! answer lets it grow a little.

use std::time::Duration;

use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::source_state::Pace;
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::Slice;
use crate::oci::{Error, Kind};
use crate::platform::{Clock, DatabaseError, Timestamp};

/// Failures without one answer between them after which a registry is taken to be down: more than one burst of six calls, and
/// few enough to ask a registry that is down no more than this before it is left alone.
pub(crate) const OUTAGES: u32 = 10;
/// A `Retry-After` up to this is of the call that it answers: RFC 9110 §10.2.3 has it say how long to wait "before making a
/// follow-up request", and a registry that gives other calls at the same time what they ask for (its limit is of a moment, or of
/// one of its servers) means that one. The item waits, and the source's pace is halved. Obeyed by the whole source, 35 such
/// answers among 250 were 35 seconds of silence. A longer one is the end of a window, and the whole source waits for it.
const BRIEF: Duration = Duration::from_secs(5);
/// So many refusals without an answer between them are the source's, however brief the wait: what else is asked would be refused,
/// too.
const REFUSALS: u32 = 4;
/// The wait between two calls where one side by side is too much: alarms are about a second apart at the least.
const SHORTEST_GAP: Duration = Duration::from_secs(1);
/// The longest such wait: a registry that counts calls an hour lets some through again after it.
const LONGEST_GAP: Duration = Duration::from_hours(1);
/// A pause that begins within this after the last one is the same trouble.
const ANOTHER: Duration = Duration::from_mins(1);
/// What an answer adds to the calls a second, in thousandths.
const RATE_STEP: u64 = 250;
/// A gap in milliseconds is this divided by the calls a second in thousandths, and the other way round.
const GAP_TIMES_RATE: u64 = 1_000_000;
/// How long a registry that is down is left alone at first: many are back after some seconds.
const FIRST_REST: Duration = Duration::from_secs(5);
/// One call side by side, in the unit of [`Pace::side_by_side`].
const ONE: u32 = 1000;

impl Pace {
    /// Calls that may be under way at a time.
    pub(crate) fn slots(&self) -> usize {
        if self.failures >= OUTAGES || self.gap > 0 {
            return 1;
        }
        usize::try_from((self.side_by_side + ONE / 2) / ONE).unwrap_or(1)
    }

    /// Takes an answer into account: whatever it says, the registry lives.
    pub(crate) fn answered(&mut self) {
        self.failures = 0;
        self.refusals = 0;
        self.openings = 0;
        if let Some(rate) = GAP_TIMES_RATE.checked_div(self.gap) {
            // Calls a second grow, and so the gap shrinks.
            let rate = rate + RATE_STEP;
            let gap = GAP_TIMES_RATE / rate;
            self.gap = if Duration::from_millis(gap) < SHORTEST_GAP {
                0
            } else {
                gap
            };
        } else {
            // One more after a whole round of answers.
            self.side_by_side =
                (self.side_by_side + ONE * ONE / self.side_by_side.max(ONE)).min(Self::MOST);
        }
    }

    /// Takes a refusal into account. Gives whether the wait that was asked for is the whole source's, and not that of the item
    /// alone.
    pub(crate) fn refused(&mut self, wait: Duration) -> bool {
        self.refusals = self.refusals.saturating_add(1);
        wait > BRIEF || self.refusals >= REFUSALS
    }

    /// Halves the pace, once for all calls that were under way at the time. Gives whether it did.
    pub(crate) fn halve(&mut self, begun: Timestamp, now: Timestamp) -> bool {
        if begun < self.slowed {
            return false;
        }
        self.slowed = now;
        if self.side_by_side > ONE {
            self.side_by_side = (self.side_by_side / 2).max(ONE);
        } else {
            let gap = Duration::from_millis(self.gap.saturating_mul(2));
            let gap = gap.clamp(SHORTEST_GAP, LONGEST_GAP);
            self.gap = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
        }
        true
    }

    /// Takes a call into account that failed as calls of a registry that is down do. Gives how long to leave it alone, where
    /// nothing succeeds any more: longer each time, until an answer comes.
    pub(crate) fn failed(
        &mut self,
        begun: Timestamp,
        now: Timestamp,
        longest: Duration,
    ) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < OUTAGES || begun < self.opened {
            return None;
        }
        let backoff = Backoff {
            first: FIRST_REST,
            longest,
        };
        let wait = backoff.wait(self.openings.into());
        self.opened = now.after(wait);
        self.openings = self.openings.saturating_add(1);
        Some(wait)
    }
}

impl<C: Clock> Slice<'_, C> {
    /// Takes into account how a call ended that `begun` then, for the pace of its source.
    pub(crate) fn heed(
        &mut self,
        place: usize,
        job: &Job,
        error: Option<&Error>,
        begun: Timestamp,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let Some(source) = self.sources.get_mut(place) else {
            return Ok(());
        };
        let kind = error.map(Error::kind);
        let reads = matches!(job, Job::Read { .. });
        let mut spread = None;
        if let Some(told) = source.rate_limit.take() {
            source.few_left = told.is_low();
            source.counts_calls = true;
            let id = source.id.clone();
            self.store
                .update(|state| state.source_mut(&id).rate_limit = Some((told, now)))?;
            // Manifests are what is counted (Docker Hub: a HEAD and a list are free). The last fifth is not used up at once.
            spread = (reads && told.is_low()).then(|| now.after(told.share()));
        }
        if let (Job::Enumerate { .. }, Some(Kind::Throttled), Some(error)) = (job, kind, error)
            && self.is_of_an_api(place, error)
        {
            return self.leave_unlisted(place, error, now);
        }
        let is_busy = kind == Some(Kind::Throttled) || error.is_some_and(Error::is_overload);
        if is_busy {
            self.note_busy(place, now)?;
        }
        let Some(source) = self.sources.get_mut(place) else {
            return Ok(());
        };
        let mut asked = None;
        let mut until = None;
        match kind {
            Some(Kind::Budget) => return Ok(()),
            Some(Kind::Throttled) => {
                asked = error.and_then(|error| error.retry_after(now));
                let wait = asked.map_or(Duration::ZERO, |asked| asked.since(now));
                // A page of repositories is no item of its own, and nothing else is to be asked before.
                let first = matches!(job, Job::Enumerate { .. });
                if !source.pace.refused(wait) && !first {
                    asked = None;
                }
                if source.pace.halve(begun, now) && source.pace.gap > 0 {
                    until = Some(now.after(Duration::from_millis(source.pace.gap)));
                }
            }
            Some(Kind::Unavailable) => {
                if is_busy {
                    source.pace.halve(begun, now);
                }
                let longest = self.config.sync_interval;
                until = source
                    .pace
                    .failed(begun, now, longest)
                    .map(|wait| now.after(wait));
            }
            // Whatever it says, it lives.
            Some(Kind::Denied(_) | Kind::NotFound | Kind::Garbage | Kind::Unsupported) | None => {
                source.pace.answered();
                if source.pace.gap > 0 {
                    until = Some(now.after(Duration::from_millis(source.pace.gap)));
                }
            }
        }
        let Some(error) = error else {
            return self.leave_alone(place, until.max(spread), None, false, now);
        };
        if let Job::List { repository, .. }
        | Job::Resolve { repository, .. }
        | Job::Read { repository, .. }
        | Job::Contents { repository, .. } = job
        {
            source.failed_at = repository.id;
        }
        let registry = self
            .config
            .sources
            .get(place)
            .map(|source| source.registry.host());
        let fault = RegistryFault {
            host: error.host().or(registry).unwrap_or_default().to_owned(),
            kind: error.public(),
            retry_at: None,
        };
        self.leave_alone(place, asked.max(until), Some(&fault), asked.is_some(), now)?;
        self.pass.fault = Some(fault);
        Ok(())
    }

    /// Notes that a source has too much to do.
    fn note_busy(&mut self, place: usize, now: Timestamp) -> Result<(), DatabaseError> {
        let Some(turn) = self.pass.enumerations.get_mut(place) else {
            return Ok(());
        };
        turn.busy += 1;
        self.store.update(|state| {
            let source = state.source_mut(&turn.source);
            source.busy_since = source.busy_since.or(Some(now));
        })
    }

    /// Whether it was another host than the registry that answered so: an API that knows its repositories.
    pub(crate) fn is_of_an_api(&self, place: usize, error: &Error) -> bool {
        let source = self.config.sources.get(place);
        let registry = source.map(|source| source.registry.host());
        error.host().is_some() && error.host() != registry
    }

    /// Asks an API that limits requests for no list until it says, and the registry for all else as before.
    fn leave_unlisted(
        &mut self,
        place: usize,
        error: &Error,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let until = error
            .retry_after(now)
            .unwrap_or_else(|| now.after(self.config.sync_interval));
        self.pass.fault = Some(RegistryFault {
            host: error.host().unwrap_or_default().to_owned(),
            kind: error.public(),
            retry_at: Some(until),
        });
        let Some(source) = self.sources.get(place) else {
            return Ok(());
        };
        self.store
            .update(|state| state.source_mut(&source.id).unlisted_until = until)
    }

    /// Leaves a source alone, if `until` is later than what it is left alone for already.
    fn leave_alone(
        &mut self,
        place: usize,
        until: Option<Timestamp>,
        cause: Option<&RegistryFault>,
        asked: bool,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let (Some(until), Some(source)) = (until, self.sources.get_mut(place)) else {
            return Ok(());
        };
        if until <= source.paused_until.get() {
            return Ok(());
        }
        source.paused_until.set(until);
        self.store.update(|state| {
            let pause = &mut state.source_mut(&source.id).pause;
            if pause.until.after(ANOTHER) < now {
                pause.since = now;
            }
            pause.until = until;
            pause.asked = asked;
            let cause = cause.or(pause.cause.as_ref());
            pause.cause = cause.map(|cause| RegistryFault {
                retry_at: Some(until),
                ..cause.clone()
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn later(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_burst_of_refusals_halves_once_and_answers_let_it_grow_again() {
        let mut pace = Pace::default();
        assert_eq!(pace.slots(), 6);
        assert!(pace.halve(NOW, later(1)));
        assert!(!pace.halve(NOW, later(1)), "of the same burst");
        assert_eq!(pace.slots(), 3);
        assert!(pace.halve(later(1), later(2)));
        assert!(pace.halve(later(2), later(3)));
        assert_eq!(pace.slots(), 1);
        let mut answers = 0;
        while pace.slots() < 6 {
            pace.answered();
            answers += 1;
        }
        assert_eq!(answers, 14, "one more after each round");
        for _ in 0..100 {
            pace.answered();
        }
        assert_eq!(pace.slots(), 6, "six at most");
    }

    #[test]
    fn where_one_call_is_too_much_calls_are_spread_over_time() {
        let mut pace = Pace::default();
        let mut now = NOW;
        let gaps: Vec<u64> = (0..18)
            .map(|_| {
                now = now.after(Duration::from_secs(1));
                pace.halve(now, now);
                pace.gap / 1000
            })
            .collect();
        assert_eq!(
            gaps,
            [
                0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600
            ]
        );
        assert_eq!(pace.slots(), 1);
        let mut answers = 0;
        while pace.gap > 0 {
            pace.answered();
            answers += 1;
        }
        assert_eq!(answers, 5, "a registry that answers is soon asked again");
    }

    #[test]
    fn a_brief_wait_is_the_source_s_only_where_nothing_is_answered_between() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            for _ in 1..REFUSALS {
                assert!(!pace.refused(BRIEF));
            }
            pace.answered();
        }
        assert!(pace.refused(BRIEF + Duration::from_secs(1)), "a long one");
        pace.answered();
        for _ in 1..REFUSALS {
            assert!(!pace.refused(Duration::from_secs(1)));
        }
        assert!(pace.refused(Duration::from_secs(1)), "one after the other");
    }

    #[test]
    fn only_failures_without_an_answer_between_them_leave_a_registry_alone() {
        let longest = Duration::from_mins(1);
        let mut pace = Pace::default();
        for _ in 0..100 {
            assert_eq!(pace.failed(NOW, NOW, longest), None);
            pace.answered();
        }
        let mut waits = Vec::new();
        let mut now = NOW;
        for _ in 0..OUTAGES + 5 {
            // Five calls of the last burst end after it was given up.
            if let Some(wait) = pace.failed(now, now, longest) {
                assert_eq!(pace.failed(now, now, longest), None, "of the same burst");
                waits.push(wait.as_secs());
                now = now.after(wait);
                assert_eq!(pace.slots(), 1, "probed with one call");
            }
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        pace.answered();
        assert_eq!(pace.failed(now, now, longest), None);
    }
}
