//! Who tried passwords too often, in an isolate's memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::platform::Timestamp;

/// How long nobody there is listened to.
const SILENCE: Duration = Duration::from_mins(1);

/// Most that are remembered.
const MOST: usize = 1000;

/// Addresses with the users whose passwords are tried there, and until when these are not listened to.
#[derive(Debug, Default)]
pub(super) struct Guessers(RefCell<BTreeMap<String, Timestamp>>);

impl Guessers {
    /// Notes that somebody has guessed too often.
    pub(super) fn note(&self, guesser: String, now: Timestamp) {
        let mut all = self.0.borrow_mut();
        all.retain(|_, until| now < *until);
        if all.len() < MOST {
            all.insert(guesser, now.after(SILENCE));
        }
    }

    /// Whether they have.
    pub(super) fn has(&self, guesser: &str, now: Timestamp) -> bool {
        let all = self.0.borrow();
        all.get(guesser).is_some_and(|until| now < *until)
    }
}
