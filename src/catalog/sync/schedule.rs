//! When the catalog works next: the earliest deadline among its rows, never before a pause ends.

use std::time::Duration;

use crate::catalog::rows::state::{Held, LastPass, Lease, Pass, Pause, Rhythm, Tickets};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::removal::SECOND_SIGHT;
use crate::config::Config;
use crate::platform::{DatabaseError, Timestamp};

/// The longest interval between passes that nobody asks for.
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
/// How soon a first pass that could read nothing is tried again, doubled each time up to the interval.
const FIRST_AGAIN: Duration = Duration::from_secs(10);

/// The interval between two passes after `idle` passes that nobody asked for.
pub(crate) fn interval(config: &Config, idle: u32) -> Duration {
    let longest = LONGEST_INTERVAL.max(config.sync_interval);
    config
        .sync_interval
        .saturating_mul(1 << idle.min(16))
        .min(longest)
}

impl Store<'_> {
    /// When the catalog is to be woken, given that nobody works at it now.
    pub(crate) fn deadline(&self, now: Timestamp) -> Result<Timestamp, DatabaseError> {
        let rhythm: Rhythm = self.load()?;
        let pass: Pass = self.load()?;
        let pause: Pause = self.load()?;
        let mut deadline = if pass.running() { now } else { rhythm.next };
        deadline = deadline.min(self.earliest_reading()?.unwrap_or(deadline));
        // Reading waits for the end of a pause; publishing does not.
        deadline = deadline.max(pause.until);
        deadline = deadline.min(self.earliest_removal()?.unwrap_or(deadline));
        if self.load::<LastPass>()?.number > 0 {
            let dirty = self.earliest_put()?;
            deadline = deadline.min(dirty.unwrap_or(deadline));
        }
        Ok(deadline.max(now))
    }

    /// Takes the lease for `incarnation` until `until`, unless it works already. A lease of another incarnation is a dead
    /// one's: there is one object.
    pub(crate) fn lease(
        &self,
        incarnation: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let lease: Lease = self.load()?;
        if lease.holder == incarnation && lease.until > now {
            return Ok(false);
        }
        self.save(&Lease {
            holder: incarnation.to_owned(),
            until,
        })?;
        Ok(true)
    }

    /// The end of the lease, if somebody works.
    pub(crate) fn leased(
        &self,
        incarnation: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let lease: Lease = self.load()?;
        Ok((lease.holder == incarnation && lease.until > now).then_some(lease.until))
    }

    /// Notes that somebody reads or a registry calls: the interval is short again.
    pub(crate) fn asked(&self, config: &Config, now: Timestamp) -> Result<(), DatabaseError> {
        let rhythm: Rhythm = self.load()?;
        let last: LastPass = self.load()?;
        let due = last.started.after(config.sync_interval).max(now);
        self.save(&Rhythm {
            next: rhythm.next.min(due),
            asked: now,
            idle: 0,
            ..rhythm
        })
    }

    /// Sets when the next pass begins, after one that began at `started` and ended `now`.
    pub(crate) fn schedule(
        &self,
        config: &Config,
        started: Timestamp,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let rhythm: Rhythm = self.load()?;
        let last: LastPass = self.load()?;
        let next = if rhythm.again {
            now
        } else if last.number == 0 {
            let doublings = u32::try_from(last.faulty.saturating_sub(1).min(16)).unwrap_or(16);
            now.after(
                FIRST_AGAIN
                    .saturating_mul(1 << doublings)
                    .min(config.sync_interval),
            )
        } else {
            started.after(interval(config, rhythm.idle)).max(now)
        };
        // A removal that waits for a second sight is looked at again as soon as that counts.
        let held: Held = self.load()?;
        let next = if held.pass == 0 {
            next
        } else {
            next.min(held.since.after(SECOND_SIGHT)).max(now)
        };
        self.save(&Rhythm {
            next,
            again: false,
            idle: rhythm.idle.saturating_add(1),
            ..rhythm
        })
    }

    /// Gives out a ticket: it is done when all that was called for before is published, passes too.
    pub(crate) fn ticket(&self) -> Result<u64, DatabaseError> {
        let mut tickets: Tickets = self.load()?;
        tickets.issued += 1;
        self.save(&tickets)?;
        Ok(tickets.issued)
    }

    /// Has a pass begin now, or right after the one that runs. All who have tickets wait for it.
    pub(crate) fn call_pass(&self, now: Timestamp) -> Result<(), DatabaseError> {
        let pass: Pass = self.load()?;
        self.save(&Rhythm {
            next: now,
            asked: now,
            idle: 0,
            again: pass.running(),
        })?;
        let tickets: Tickets = self.load()?;
        self.save(&Tickets {
            pass: pass.number + 1,
            ..tickets
        })
    }
}
