//! Who writes which version of a chart to the registry: one at a time.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Timestamp};

/// Locks of those who write to the registry, in the single-row state. A lock ends by itself: its holder may have died.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WriteLocks {
    /// How many were given out: each has its number.
    given: u64,
    /// Those that were not given back. What has ended goes when the next one is asked for.
    held: Vec<WriteLock>,
}

/// A version that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WriteLock {
    /// Its number, which only its holder knows.
    holder: u64,
    version: TagPlace,
    until: Timestamp,
}

/// A tag of a repository, whether there is one or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagPlace {
    /// Id of the source.
    pub source: String,
    /// Full name of the repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

impl Store<'_> {
    /// Locks a version until then, or prolongs the lock of `holder`. Gives the holder's number; none while it is another's.
    pub(crate) fn lock_version(
        &self,
        version: &TagPlace,
        holder: Option<u64>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<u64>, DatabaseError> {
        self.update(|state| {
            let locks = &mut state.writes;
            locks.held.retain(|lock| lock.until > now);
            let held = locks.held.iter_mut().find(|lock| lock.version == *version);
            match (held, holder) {
                (Some(lock), Some(holder)) if lock.holder == holder => {
                    lock.until = until;
                    Some(holder)
                }
                // Somebody else's; or a lock that has ended, after which anybody may have written.
                (Some(_), _) | (None, Some(_)) => None,
                (None, None) => {
                    locks.given += 1;
                    locks.held.push(WriteLock {
                        holder: locks.given,
                        version: version.clone(),
                        until,
                    });
                    Some(locks.given)
                }
            }
        })
    }

    /// Gives a lock back.
    pub(crate) fn unlock_version(&self, holder: u64) -> Result<(), DatabaseError> {
        self.update(|state| state.writes.held.retain(|lock| lock.holder != holder))
    }
}
