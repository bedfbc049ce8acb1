//! Who showed wrong credentials too often, in an isolate's memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::platform::Timestamp;

/// How long nobody at an address is listened to.
const SILENCE: Duration = Duration::from_mins(1);

/// Most addresses that are remembered.
const MOST: usize = 1000;

/// Addresses, and until when they are not listened to.
#[derive(Debug, Default)]
pub(super) struct Guessers(RefCell<BTreeMap<String, Timestamp>>);

impl Guessers {
    /// Notes that somebody at an address has guessed too often.
    pub(super) fn note(&self, address: String, now: Timestamp) {
        let mut all = self.0.borrow_mut();
        all.retain(|_, until| now < *until);
        if all.len() < MOST {
            all.insert(address, now.after(SILENCE));
        }
    }

    /// Whether somebody there has.
    pub(super) fn has(&self, address: &str, now: Timestamp) -> bool {
        let all = self.0.borrow();
        all.get(address).is_some_and(|until| now < *until)
    }
}
