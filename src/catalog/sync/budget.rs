//! What one invocation may still spend, counted where it is spent.

use std::cell::Cell;

use bytes::Bytes;

use crate::catalog::rows::calls::Calls;
use crate::platform::{Fetch, FetchError};

/// A [`Fetch`] that counts every send and refuses those beyond the invocation's budget.
pub(crate) struct Budgeted<'a, F> {
    inner: &'a F,
    left: Cell<u32>,
    made: Cell<u32>,
    outcomes: Cell<Calls>,
    alive: &'a dyn Fn(),
}

impl<'a, F> Budgeted<'a, F> {
    /// Allows `calls` sends through `inner`, and tells of each by `alive`.
    pub(crate) fn new(inner: &'a F, calls: u32, alive: &'a dyn Fn()) -> Self {
        Self {
            inner,
            left: Cell::new(calls),
            made: Cell::new(0),
            outcomes: Cell::default(),
            alive,
        }
    }

    /// Sends still allowed.
    pub(crate) fn left(&self) -> u32 {
        self.left.get()
    }

    /// Sends made.
    pub(crate) fn made(&self) -> u32 {
        self.made.get()
    }

    /// What came of those that have ended.
    pub(crate) fn outcomes(&self) -> Calls {
        self.outcomes.get()
    }
}

impl<F: Fetch> Fetch for Budgeted<'_, F> {
    type Body = F::Body;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Self::Body>, FetchError> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(FetchError::Budget);
        };
        self.left.set(left);
        self.made.set(self.made.get() + 1);
        (self.alive)();
        let answer = self.inner.send(request).await;
        let mut outcomes = self.outcomes.get();
        outcomes.note(answer.as_ref().ok().map(http::Response::status));
        self.outcomes.set(outcomes);
        answer
    }

    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, FetchError> {
        self.inner.read(body, limit).await
    }

    async fn cancel(&self, body: Self::Body) {
        self.inner.cancel(body).await;
    }
}
