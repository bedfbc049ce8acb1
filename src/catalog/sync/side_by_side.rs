//! Several sources side by side: one that is slow, stopped or throttled delays no other.
//!
//! A pass ends without the sources that are not gone through while others are; their turn goes on after its end, and each
//! source's evidence is concluded once its own turn is over. In a slice each source has a connection of its own; calls that hold
//! up the end of a slice while others have work to do are given up, and their source then waits longer than it held the others up.

use std::time::Duration;

use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::state::{Phase, State};
use crate::catalog::rows::tag::Due;
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::Slice;
use crate::platform::{Clock, DatabaseError, Timestamp};

/// A pass waits so long for sources that are not gone through when others are: what is read within moments appears together,
/// and is put once.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// What somebody named is published as soon as it is read, but not sooner after the last time: many who push charts one after
/// the other must not have all documents put for each.
pub(crate) const HASTE: Duration = Duration::from_secs(5);
/// Calls of a source that hold up the end of a slice are waited for so long, twice as long each time they are given up: so every
/// source gets on at last. Half a minute is a call's own time.
const PATIENCE: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(32),
};
/// A source that kept others waiting lets them go first for so many times as long.
const ASIDE: u32 = 4;

impl State {
    /// Whether a source's turn is not over.
    pub(crate) fn unfinished(&self, id: &str) -> bool {
        let mut turns = self.pass.enumerations.iter();
        turns.any(|turn| turn.source == id && !turn.finished)
    }
}

impl<C: Clock> Slice<'_, C> {
    /// Whether all sources have been gone through.
    pub(crate) fn all_finished(&self) -> bool {
        self.pass.enumerations.iter().all(|turn| turn.finished)
    }

    /// Whether a source that can be asked now has not been gone through.
    pub(crate) fn goes_on(&self, now: Timestamp) -> bool {
        let mut turns = self.pass.enumerations.iter().zip(&self.sources);
        turns.any(|(turn, source)| !turn.finished && source.paused_until.get() <= now)
    }

    /// Whether a source has just been gone through, so that it is known what is gone of it.
    pub(crate) fn any_fresh(&self) -> bool {
        let mut turns = self.pass.enumerations.iter();
        turns.any(Enumeration::is_fresh)
    }

    /// Whether the pass ends though some source has not been gone through: the others need not wait for one that is left alone
    /// or slow, and what was read is shown. Its turn goes on after the pass.
    pub(crate) fn leaves_out(&self, now: Timestamp) -> bool {
        if self.pass.phase != Phase::Reading {
            return false;
        }
        let due = self.pass.started.after(self.config.sync_interval);
        let turns = self.pass.enumerations.iter().zip(&self.sources);
        let unfinished = || turns.clone().filter(|(turn, _)| !turn.finished);
        let for_long = unfinished().all(|(_, source)| source.paused_until.get() > due);
        let others = self.pass.enumerations.iter().any(|turn| turn.finished);
        let late = now >= self.pass.started.after(GRACE);
        unfinished().next().is_some() && (for_long || (others && late))
    }

    /// Whether something is ready that is not to wait for the end of the slice.
    pub(crate) fn has_something_to_show(&self, now: Timestamp) -> Result<bool, DatabaseError> {
        if self.leaves_out(now) || (self.any_fresh() && !self.all_finished()) {
            return Ok(true);
        }
        Ok(self.pass.hurry && now >= self.store.root_put_at()?.after(HASTE))
    }

    /// Whether another source has calls under way.
    pub(crate) fn others_work(&self, place: usize) -> bool {
        let mut sources = self.sources.iter().enumerate();
        sources.any(|(other, source)| other != place && source.under_way > 0)
    }

    /// Has nothing more be sent.
    pub(crate) fn close(&self) {
        for source in &self.sources {
            source.closed.set(true);
        }
    }

    /// Whether calls under way have held the slice's end up for longer than is to be waited, while a source without any has
    /// something to do.
    pub(crate) fn keeps_others(
        &self,
        waited: Duration,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let mut waited_for = self.sources.iter().filter(|source| source.under_way > 0);
        if waited_for.any(|source| waited < PATIENCE.wait(source.pace.given_up.into())) {
            return Ok(false);
        }
        for (turn, source) in self.pass.enumerations.iter().zip(&self.sources) {
            if source.under_way > 0 || source.paused_until.get() > now {
                continue;
            }
            let waiting = || self.store.earliest_reading(&source.id, now);
            if !turn.finished || waiting()?.is_some_and(|at| at <= now) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes into account that a job ended that `begun` then: who is quick again is not waited for longer than at first.
    pub(crate) fn note_end(&mut self, place: usize, begun: Timestamp, now: Timestamp) {
        if now.since(begun) < PATIENCE.first
            && let Some(source) = self.sources.get_mut(place)
        {
            source.pace.given_up = 0;
        }
    }

    /// Keeps what is under way as something to be read, though its place in the pass's order is behind it: the object may die while
    /// that order is kept.
    pub(crate) fn keep_places(&self) -> Result<(), DatabaseError> {
        for (_, job) in self.under_way.values() {
            match job {
                Job::List { repository, .. } => self.store.resume_repository(repository.id)?,
                Job::Resolve { tag, .. } if tag.due == Due::Nothing => {
                    self.store.resume_tag(tag.repository, &tag.name)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives up the jobs under way, which keep others, as where the budget ends them.
    pub(crate) fn give_up(
        &mut self,
        waited: Duration,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        for (place, job) in std::mem::take(&mut self.under_way).into_values() {
            if let Some(source) = self.sources.get_mut(place) {
                source.under_way = 0;
                source.lists = 0;
                let aside = now.after(waited.saturating_mul(ASIDE));
                if source.pace.aside < aside {
                    source.pace.aside = aside;
                    source.pace.given_up = source.pace.given_up.saturating_add(1);
                }
            }
            self.put_back(&job)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::rows::store::Store;
    use crate::catalog::sync::slice::JobKey;
    use crate::testing::World;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn calls_of_a_source_that_are_given_up_together_count_once_until_one_is_quick() {
        let world = World::new();
        world.pass();
        let now = world.clock.now();
        let store = Store(&world.database);
        let mut slice = world.engine().slice(store, now, false).unwrap();
        for times in 1..4 {
            for place in 0..2 {
                let job = Job::Enumerate {
                    source: 0,
                    page: None,
                };
                slice.under_way.insert(JobKey::Source(place), (0, job));
            }
            slice.give_up(SECOND * times, now).unwrap();
            let pace = &slice.sources[0].pace;
            assert_eq!(pace.given_up, times);
            assert_eq!(pace.aside, now.after(SECOND * times * 4));
        }
        slice.note_end(0, now, now.after(SECOND));
        assert_eq!(slice.sources[0].pace.given_up, 3, "it is as slow as it was");
        slice.note_end(0, now, now.after(SECOND / 2));
        assert_eq!(slice.sources[0].pace.given_up, 0);
    }
}
