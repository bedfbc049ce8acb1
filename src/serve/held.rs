//! What is in the memory of an isolate at a time: packages while somebody looks into them or stores them, and bodies of
//! whom nobody knows.

use std::cell::RefCell;
use std::time::Duration;

use crate::platform::Timestamp;

/// How long one counts at most. A request whose client has left may end without a word.
const LONGEST: Duration = Duration::from_mins(2);

/// The slowest upload to a registry that is waited for, in bytes a second: what is held counts as much longer.
const SLOWEST: u64 = 256 << 10;

/// Packages: an isolate has 128 MiB, and what is unpacked takes its own.
pub(super) type HeldPackages = HeldWithin<{ 32 << 20 }, { usize::MAX }>;

/// Bodies that have yet to prove who sends them: whoever reaches the Worker can send them, as slowly as any client may.
pub(super) type UnprovenBodies = HeldWithin<{ 4 << 20 }, 64>;

/// What is held: at most so many bytes, and so many of them. One that is larger is held alone.
#[derive(Debug, Default)]
pub(super) struct HeldWithin<const BYTES: u64, const NUMBER: usize>(RefCell<HeldWithinNow>);

#[derive(Debug, Default)]
struct HeldWithinNow {
    /// How many there were.
    given: u64,
    /// Number, bytes, and until when they count.
    held: Vec<(u64, u64, Timestamp)>,
}

/// Counts something as held, until it is dropped.
#[derive(Debug)]
pub(super) struct Holding<'h> {
    of: &'h RefCell<HeldWithinNow>,
    number: u64,
    /// How many bytes may be held at a time.
    most: u64,
}

impl<const BYTES: u64, const NUMBER: usize> HeldWithin<BYTES, NUMBER> {
    /// Counts something of this size, if there is room for it beside the others.
    pub(super) fn hold(&self, size: u64, now: Timestamp) -> Option<Holding<'_>> {
        let mut counted = self.0.borrow_mut();
        counted.held.retain(|(_, _, until)| now < *until);
        let held: u64 = counted.held.iter().map(|(_, size, _)| size).sum();
        if counted.held.len() >= NUMBER || (held > 0 && held.saturating_add(size) > BYTES) {
            return None;
        }
        counted.given += 1;
        let number = counted.given;
        counted.held.push((number, size, until(size, now)));
        Some(Holding {
            of: &self.0,
            number,
            most: BYTES,
        })
    }
}

/// Until when so many bytes count.
fn until(size: u64, now: Timestamp) -> Timestamp {
    now.after(LONGEST.saturating_add(Duration::from_secs(size / SLOWEST)))
}

impl Holding<'_> {
    /// Counts it as of this size at least, and as held for as long again; `false` where there is no room for that beside the others.
    pub(super) fn grow(&self, size: u64, now: Timestamp) -> bool {
        let mut counted = self.of.borrow_mut();
        counted.held.retain(|(_, _, until)| now < *until);
        let mine = counted.held.iter().find(|(of, ..)| *of == self.number);
        let known = mine.map_or(0, |(_, size, _)| *size);
        let all: u64 = counted.held.iter().map(|(_, size, _)| size).sum();
        let (others, size) = (all - known, size.max(known));
        if others > 0 && others.saturating_add(size) > self.most {
            return false;
        }
        counted.held.retain(|(number, ..)| *number != self.number);
        counted.held.push((self.number, size, until(size, now)));
        true
    }

    /// Counts so many bytes more, if there is room for all of it beside what others hold.
    pub(super) fn add(&self, size: u64, now: Timestamp) -> Option<()> {
        let all = self.size().saturating_add(size);
        self.grow(all, now).then_some(())
    }

    /// How many bytes it counts as; none, if it was held for too long.
    fn size(&self) -> u64 {
        let counted = self.of.borrow();
        let mine = counted.held.iter().find(|(of, ..)| *of == self.number);
        mine.map_or(0, |(_, size, _)| *size)
    }

    /// Counts so many bytes less.
    pub(super) fn remove(&self, size: u64) {
        let mut counted = self.of.borrow_mut();
        let mine = counted
            .held
            .iter_mut()
            .find(|(number, ..)| *number == self.number);
        if let Some((_, held, _)) = mine {
            *held = held.saturating_sub(size);
        }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        let mut counted = self.of.borrow_mut();
        counted.held.retain(|(number, ..)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_a_time() {
        let (held, now) = (UnprovenBodies::default(), Timestamp(0));
        let mut all: Vec<_> = (0..64).map(|_| held.hold(1, now)).collect();
        assert!(all.iter().all(Option::is_some) && held.hold(1, now).is_none());
        all.pop();
        assert!(held.hold(1, now).is_some());
    }

    #[test]
    fn what_grows_counts_as_what_it_has_become() {
        let (held, now) = (HeldPackages::default(), Timestamp(0));
        let (one, two) = (held.hold(0, now), held.hold(20 << 20, now));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one.grow(1 << 20, now) && one.grow(12 << 20, now));
        assert!(!one.grow((12 << 20) + 1, now), "no room");
        assert!(two.grow(1, now) && !two.grow(21 << 20, now), "it is 20 MiB");
        assert!(held.hold(1, now).is_none());
        drop(two);
        assert!(one.grow(60 << 20, now), "alone");
        assert!(held.hold(1, now).is_none());
        // Its sender goes on, and it counts for as long again, and longer for what is large.
        let later = now.after(Duration::from_mins(5));
        assert!(one.grow(60 << 20, later));
        assert!(held.hold(1, later.after(LONGEST)).is_none());
        assert!(held.hold(1, later.after(2 * LONGEST)).is_none());
        assert!(held.hold(1, later.after(3 * LONGEST)).is_some());
    }

    #[test]
    fn what_is_held_grows_beside_what_others_hold() {
        let (held, now) = (HeldPackages::default(), Timestamp(0));
        let one = held.hold(0, now).unwrap();
        assert_eq!(one.add(60 << 20, now), Some(()), "a large one alone");
        assert!(held.hold(1, now).is_none());
        one.remove(50 << 20);
        let two = held.hold(0, now).unwrap();
        assert_eq!(two.add(22 << 20, now), Some(()));
        assert_eq!((one.add(1, now), two.add(1, now)), (None, None));
        two.remove(1 << 20);
        assert_eq!(one.add(1 << 20, now), Some(()));
        drop(one);
        assert_eq!(two.add(60 << 20, now), Some(()), "alone again");
    }

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
        assert!(held.hold(20 << 20, now.after(2 * LONGEST)).is_some());
    }
}
