//! What the registry saw.

use bytes::Bytes;

use crate::platform::{Clock as _, Timestamp};

use super::FakeRegistry;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) at: Timestamp,
}

impl FakeRegistry {
    /// Every request, in order.
    pub(crate) fn log(&self) -> Vec<Call> {
        self.state.borrow().log.clone()
    }

    /// How many requests there were.
    pub(crate) fn calls(&self) -> usize {
        self.state.borrow().log.len()
    }

    /// How many requests there were whose `METHOD URL` contains `what`.
    pub(crate) fn calls_to(&self, what: &str) -> usize {
        let state = self.state.borrow();
        state
            .log
            .iter()
            .filter(|call| format!("{} {}", call.method, call.url).contains(what))
            .count()
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_log(&self) {
        let mut state = self.state.borrow_mut();
        state.log.clear();
        state.most_running = 0;
    }

    /// The most requests that ran at one time.
    pub(crate) fn max_concurrency(&self) -> usize {
        self.state.borrow().most_running
    }

    pub(super) fn arrive(&self, request: &http::Request<Bytes>) -> Running<'_> {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let mut state = self.state.borrow_mut();
        state.log.push(Call {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            authorization: header("authorization"),
            range: header("range"),
            at: self.clock.now(),
        });
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        Running(self)
    }
}

/// A request under way; a dropped one ends too.
pub(super) struct Running<'a>(&'a FakeRegistry);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().running -= 1;
    }
}
