//! Packages in the memory of an isolate, while somebody looks into them.

use std::cell::RefCell;
use std::time::Duration;

use crate::platform::Timestamp;

/// Most bytes of packages at a time: an isolate has 128 MiB, and what is unpacked takes its own. A larger one is read alone.
const MOST: u64 = 32 << 20;

/// How long a package counts at most. A request whose client has left may end without a word.
const LONGEST: Duration = Duration::from_mins(2);

/// What is held.
#[derive(Debug, Default)]
pub(super) struct HeldPackages(RefCell<PackagesNow>);

#[derive(Debug, Default)]
struct PackagesNow {
    /// How many there were.
    given: u64,
    /// Number, bytes, and until when they count.
    held: Vec<(u64, u64, Timestamp)>,
}

/// Counts a package as held, until it is dropped.
#[derive(Debug)]
pub(super) struct Holding<'h> {
    of: &'h HeldPackages,
    number: u64,
}

impl HeldPackages {
    /// Counts a package of this size, if there is room for it beside the others.
    pub(super) fn hold(&self, size: u64, now: Timestamp) -> Option<Holding<'_>> {
        let mut counted = self.0.borrow_mut();
        counted.held.retain(|(_, _, until)| now < *until);
        let held: u64 = counted.held.iter().map(|(_, size, _)| size).sum();
        if held > 0 && held.saturating_add(size) > MOST {
            return None;
        }
        counted.given += 1;
        let number = counted.given;
        counted.held.push((number, size, now.after(LONGEST)));
        Some(Holding { of: self, number })
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        let mut counted = self.of.0.borrow_mut();
        counted.held.retain(|(number, ..)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_bytes_at_a_time_and_each_for_a_while() {
        let (held, now) = (HeldPackages::default(), Timestamp(0));
        let whole = held.hold(60 << 20, now).expect("a large one alone");
        assert!(held.hold(1, now).is_none());
        drop(whole);
        let one = held.hold(20 << 20, now);
        let two = held.hold(12 << 20, now);
        assert!(one.is_some() && two.is_some() && held.hold(1, now).is_none());
        drop(two);
        assert!(held.hold(1, now).is_some(), "given back");
        // The first was never given back: its request is no more.
        std::mem::forget(one);
        assert!(held.hold(20 << 20, now).is_none());
        assert!(held.hold(20 << 20, now.after(LONGEST)).is_some());
    }
}
