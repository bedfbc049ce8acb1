//! Locks by name: of calls side by side that need the same token, one asks for it, and the others wait.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::lock::{Mutex, MutexGuard};

/// One door for each thing that is worth waiting for. Within a client, so within an invocation: a Worker must not be woken
/// by another request's event.
#[derive(Debug, Default)]
pub(super) struct Gates(RefCell<BTreeMap<String, Rc<Mutex<()>>>>);

impl Gates {
    /// The door called `name`.
    pub(super) fn door(&self, name: String) -> Rc<Mutex<()>> {
        self.0.borrow_mut().entry(name).or_default().clone()
    }
}

/// Goes first, and holds the door while the guard lives; or waits until somebody else has gone. Who waited goes on whatever
/// came of it: a registry that does not answer must not be asked by one after the other.
pub(super) async fn first(door: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    let guard = door.try_lock();
    if guard.is_none() {
        drop(door.lock().await);
    }
    guard
}
