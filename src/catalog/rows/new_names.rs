//! How many repositories that nobody knew were named by notifications and refreshes: kept in the rows, so that an object which starts anew has
//! not forgotten it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform::Timestamp;

/// Repositories that nobody knew and that notifications and refreshes of a path may name in [`WINDOW`]: each costs a tag list. A pass finds the others.
const MOST: u32 = 100;

/// The time in which [`MOST`] are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// The count of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NewNames {
    /// When the counting began.
    since: Timestamp,
    /// How many there were since.
    count: u32,
}

impl NewNames {
    /// Counts one more, if one more may be named now.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        if now < self.since || now.since(self.since) >= WINDOW {
            *self = Self {
                since: now,
                count: 0,
            };
        }
        let takes = self.count < MOST;
        self.count += u32::from(takes);
        takes
    }
}
