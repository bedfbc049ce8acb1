//! What is a source's own: one row of JSON each in `state`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::catalog::rows::position::Ring;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::oci::RateLimit;
use crate::platform::Timestamp;

/// A pause as long as this is not waited for: what was read before it is published, and who waits for a sync is told.
pub(crate) const LONG_PAUSE: Duration = Duration::from_secs(10);

/// So many refusals in a row are no moment's: two rounds of six calls.
const MANY_REFUSALS: u32 = 12;

/// What is known of a source beside the rows read from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SourceState {
    /// Whether its registry is to be left alone.
    pub(crate) pause: Pause,
    /// How fast it is asked.
    pub(crate) pace: Pace,
    /// How many calls it said it still takes, and when.
    pub(crate) rate_limit: Option<(RateLimit, Timestamp)>,
    /// Until when an API beside the registry is not asked for its list: it limits requests, which is no reason to leave the
    /// registry alone.
    pub(crate) unlisted_until: Timestamp,
    /// [`Source::trace`](crate::source::Source::trace): other settings end a pause.
    pub(crate) settings: String,
    /// A mass removal that is doubted.
    pub(crate) held: Held,
    /// Versions of it that are served, as counted last.
    pub(crate) versions: u64,
    /// The last pass in which it was read: enumerated, if it is, and a tag list of it read, if it has any.
    pub(crate) read: Option<Timestamp>,
    /// Passes since then.
    pub(crate) unread: u32,
    /// Since when it is denied: its enumeration, or every list that was asked for.
    pub(crate) denied_since: Option<Timestamp>,
    /// Since when it answers calls with 429 or 503, or not in time, until it was gone through without.
    pub(crate) busy_since: Option<Timestamp>,
    /// Tags of it that are versions by their name, as counted last.
    pub(crate) version_tags: u64,
    /// Where the revalidation of these stands.
    pub(crate) ring: Ring,
    /// The last ticket that was given out for it.
    pub(crate) ticket: u64,
    /// What was called for of it with tickets up to this one is read and published.
    pub(crate) settled: u64,
    /// The pass that was called for: its turn is to begin in it or after it.
    pub(crate) turn_wanted: u64,
    /// The pass that all who have tickets wait for, as it tells what a path is that they asked for.
    pub(crate) turn_awaited: u64,
    /// The pass in which its turn began, of the last one that was called for, is over and is published.
    pub(crate) turn_settled: u64,
}

impl SourceState {
    /// Why it is not read soon, if it is left alone for long or until it is well again: `<host>: <what was wrong>`.
    pub(crate) fn unreachable(&self, now: Timestamp) -> Option<String> {
        let Pause { until, cause, .. } = &self.pause;
        let down = self.pace.openings > 0 || self.pace.refusals >= MANY_REFUSALS;
        let down = *until > now && down;
        if !down && *until < now.after(LONG_PAUSE) {
            return None;
        }
        let fault = |cause: &RegistryFault| format!("{}: {}", cause.host, cause.kind);
        let left_alone = || format!("it is left alone until {until}");
        Some(cause.as_ref().map_or_else(left_alone, fault))
    }
}

/// How fast a source is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pace {
    /// Calls side by side, in thousandths.
    pub(crate) side_by_side: u32,
    /// Milliseconds between two calls, where one side by side is too much; else 0.
    pub(crate) gap: u64,
    /// When it was last halved: calls that began before say nothing new.
    pub(crate) slowed: Timestamp,
    /// Failures in a row without an answer.
    pub(crate) failures: u32,
    /// Refusals in a row (429) without an answer.
    pub(crate) refusals: u32,
    /// How often in a row it was left alone because nothing succeeded.
    pub(crate) openings: u32,
    /// When that ended, or ends: calls that began before say nothing new.
    pub(crate) opened: Timestamp,
    /// Other sources go first until then, as they had to wait for this one's calls.
    pub(crate) aside: Timestamp,
    /// How often such calls were given up: each time they are waited for twice as long.
    pub(crate) given_up: u32,
}

impl Pace {
    /// The most calls side by side, in thousandths: a Worker may have six connections waiting for an answer.
    pub(crate) const MOST: u32 = 6_000;
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            side_by_side: Self::MOST,
            gap: 0,
            slowed: Timestamp::default(),
            failures: 0,
            refusals: 0,
            openings: 0,
            opened: Timestamp::default(),
            aside: Timestamp::default(),
            given_up: 0,
        }
    }
}

/// A time in which a registry is left alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pause {
    /// Since when it is left alone, but for a call now and then.
    pub(crate) since: Timestamp,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Why, in public words.
    pub(crate) cause: Option<RegistryFault>,
    /// Whether the registry asked for it: it does not end before, but by an operator.
    pub(crate) asked: bool,
}

/// A removal too large to believe at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    /// The pass that saw it; 0 when nothing is held.
    pub(crate) pass: u64,
    /// When.
    pub(crate) since: Timestamp,
    /// How many versions it would remove.
    pub(crate) versions: u64,
    /// An operator said that it is meant.
    pub(crate) confirmed: bool,
}
