//! How many questions a second an isolate asks the catalog: each kind of sender has an allowance of its own, and uses up nobody
//! else's.

use std::cell::Cell;

use crate::platform::Timestamp;

/// Most questions to the catalog within a second, for each kind of sender: nobody who guesses names may keep it busy.
const ASKS: u32 = 20;

/// Whose questions are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// Who has proved nothing.
    Stranger,
    /// Who has proved who they are.
    Known,
    /// The same, past caches.
    PastCaches,
}

/// What is left of an isolate's allowances: of each kind, the second that is counted and the questions asked in it.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    strangers: Cell<(i64, u32)>,
    known: Cell<(i64, u32)>,
    past_caches: Cell<(i64, u32)>,
}

impl Allowance {
    /// Takes one of the questions this second allows.
    pub(super) fn may_ask(&self, asker: Asker, now: Timestamp) -> bool {
        let count = match asker {
            Asker::Stranger => &self.strangers,
            Asker::Known => &self.known,
            Asker::PastCaches => &self.past_caches,
        };
        let before = asked_in(count, now);
        let may = before < ASKS;
        count.set((now.seconds(), before + u32::from(may)));
        may
    }

    /// How many questions were asked in this second for those for whom most were.
    pub(super) fn most_asked(&self, now: Timestamp) -> u32 {
        let counts = [&self.strangers, &self.known, &self.past_caches];
        let asked = counts.map(|count| asked_in(count, now));
        asked.into_iter().max().unwrap_or(0)
    }
}

/// How many questions of this second are counted.
fn asked_in(count: &Cell<(i64, u32)>, now: Timestamp) -> u32 {
    let (counted, asked) = count.get();
    if counted == now.seconds() { asked } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Asker; 3] = [Asker::Stranger, Asker::Known, Asker::PastCaches];

    #[test]
    fn twenty_questions_a_second_for_each_kind_of_sender() {
        let allowance = Allowance::default();
        for kind in KINDS {
            let asked = |second: i64| {
                (0..100)
                    .filter(|n| allowance.may_ask(kind, Timestamp(second * 1000 + n)))
                    .count()
            };
            assert_eq!(asked(7), 20, "{kind:?}");
            assert_eq!(asked(7), 0);
            assert_eq!(asked(8), 20);
        }
    }
}
