//! Notifications that were honoured: one that is sent again is not taken for a new one, also by an object that starts anew.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Most notifications that are remembered, beside those that the object has in memory.
const KEPT: usize = 64;

/// What tells the notifications that were honoured last from others, the newest at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Deliveries(VecDeque<String>);

impl Deliveries {
    /// Whether this one was honoured before.
    pub(crate) fn know(&self, delivery: &str) -> bool {
        self.0.iter().any(|known| known == delivery)
    }

    /// Remembers one that was honoured, in the place of the oldest.
    pub(crate) fn remember(&mut self, delivery: &str) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(delivery.to_owned());
    }
}
