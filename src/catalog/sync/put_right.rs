//! Ends waits that are far too long because a clock ran ahead and was put back, as when the object moves to another machine: what
//! waits for a time that the clock reaches only much later is due at once.

use std::time::Duration;

use crate::catalog::rows::state::{Lease, State};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::schedule::interval;
use crate::config::Config;
use crate::oci::MAX_PAUSE;
use crate::platform::{DatabaseError, Timestamp};

/// By so much the clocks of machines may differ without one of them having been wrong: nothing waits longer for it.
const SLACK: Duration = Duration::from_secs(5);

impl State {
    /// Whether the clock showed a later time before than `now`, or something waits longer than anything can.
    fn ran_ahead(&self, config: &Config, now: Timestamp) -> bool {
        let latest = now.after(SLACK);
        let mut pauses = self.sources.values().map(|source| source.pause.until);
        self.lease.seen > latest
            || self.lease.until > latest.after(Lease::LENGTH)
            || self.rhythm.next > latest.after(interval(config, self.rhythm.idle))
            || pauses.any(|until| until > latest.after(MAX_PAUSE.max(config.sync_interval)))
    }

    /// Takes the clock for one that is right `now`: what waits need wait no more, but where a registry asked for it. What was
    /// seen in the future was seen now; so evidence that takes time takes its time again.
    fn put_right(&mut self, now: Timestamp) {
        let ahead = self.lease.seen.since(now);
        let stamps = [
            &mut self.recall.retry_at,
            &mut self.rhythm.next,
            &mut self.pass.started,
            &mut self.last_pass.started,
            &mut self.last_pass.ended,
        ];
        for stamp in stamps {
            *stamp = now.min(*stamp);
        }
        for source in self.sources.values_mut() {
            // Obeyed for what was left of it, so far as that is known.
            let left = now.after(MAX_PAUSE).min(source.pause.until.before(ahead));
            let until = if source.pause.asked {
                left.max(now)
            } else {
                now
            };
            source.pause.until = until.min(source.pause.until);
            if let Some(cause) = &mut source.pause.cause {
                cause.retry_at = cause.retry_at.min(Some(source.pause.until));
            }
            let stamps = [
                &mut source.pause.since,
                &mut source.pace.aside,
                &mut source.pace.slowed,
                &mut source.pace.opened,
                &mut source.held.since,
                &mut source.ring.paid_until,
            ];
            for stamp in stamps
                .into_iter()
                .chain(&mut source.read)
                .chain(&mut source.denied_since)
                .chain(&mut source.busy_since)
            {
                *stamp = now.min(*stamp);
            }
        }
        self.lease.until = now.after(Lease::LENGTH).min(self.lease.until);
        self.lease.seen = now;
    }
}

/// Has nothing wait for a time that only a clock that was put back would reach. Gives the state as it is then.
pub(crate) fn put_right(
    store: Store<'_>,
    config: &Config,
    now: Timestamp,
) -> Result<State, DatabaseError> {
    let state = store.state()?;
    if !state.ran_ahead(config, now) {
        return Ok(state);
    }
    store.wait_no_longer(now)?;
    store.update(|state| {
        state.put_right(now);
        state.clone()
    })
}
