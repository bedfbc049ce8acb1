//! Time that passes only when a test lets it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::platform::{Clock, Timestamp};

/// A day in November 2025, so that nothing works only because the clock stands at zero.
pub(crate) const START: Timestamp = Timestamp(1_763_683_200_000);

/// A clock that stands still until it is advanced. Clones show the same time.
#[derive(Clone, Default)]
pub(crate) struct VirtualClock(Rc<Hands>);

#[derive(Default)]
struct Hands {
    now: Cell<Timestamp>,
    sleepers: RefCell<Vec<(Timestamp, Waker)>>,
}

impl VirtualClock {
    /// A clock that shows `now`.
    pub(crate) fn at(now: Timestamp) -> Self {
        let clock = Self::default();
        clock.0.now.set(now);
        clock
    }

    /// Lets time pass and wakes who slept until then.
    pub(crate) fn advance(&self, duration: Duration) {
        self.set(self.now().after(duration));
    }

    /// Puts the clock back, as one is that ran ahead.
    pub(crate) fn put_back(&self, duration: Duration) {
        self.set(self.now().before(duration));
    }

    /// Sleeps; under [`run`] time passes as soon as everybody sleeps.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        Sleep {
            until: self.now().after(duration),
            clock: self.clone(),
        }
    }

    /// Shows another time, as a clock does that is set; an earlier one too.
    pub(crate) fn jump(&self, now: Timestamp) {
        self.set(now);
    }

    fn set(&self, now: Timestamp) {
        self.0.now.set(now);
        let mut due = Vec::new();
        self.0.sleepers.borrow_mut().retain(|(until, waker)| {
            let sleeps = *until > now;
            if !sleeps {
                due.push(waker.clone());
            }
            sleeps
        });
        due.into_iter().for_each(Waker::wake);
    }

    fn next_sleeper(&self) -> Option<Timestamp> {
        self.0
            .sleepers
            .borrow()
            .iter()
            .map(|(until, _)| *until)
            .min()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.now.get()
    }
}

/// A sleep on a [`VirtualClock`].
pub(crate) struct Sleep {
    until: Timestamp,
    clock: VirtualClock,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        self.clock
            .0
            .sleepers
            .borrow_mut()
            .push((self.until, context.waker().clone()));
        Poll::Pending
    }
}

/// Gives way once, as a call to the platform does whose answer is not there yet.
pub(crate) async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Drives `future` to its end; whenever it stalls, time jumps to the next sleeper.
#[track_caller]
pub(crate) fn run<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(flag.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        if !flag.0.swap(false, Ordering::Relaxed) {
            let next = clock
                .next_sleeper()
                .expect("the future waits for something that is no sleep");
            clock.set(next);
            flag.0.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_side_by_side_take_as_long_as_the_longest() {
        let clock = VirtualClock::at(Timestamp(1_000));
        let sleeps = [30, 10, 20].map(|ms| clock.sleep(Duration::from_millis(ms)));
        run(&clock, futures::future::join_all(sleeps));
        assert_eq!(clock.now(), Timestamp(1_030));
    }

    #[test]
    fn advance_wakes() {
        let clock = VirtualClock::default();
        let sleep = clock.sleep(Duration::from_secs(1));
        clock.advance(Duration::from_secs(2));
        run(&clock, sleep);
        assert_eq!(clock.now(), Timestamp(2_000));
    }
}
