//! What one invocation may still spend, counted where it is spent.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use crate::catalog::rows::calls::Calls;
use crate::oci::RateLimit;
use crate::platform::{Clock, Fetch, FetchError, Timestamp};

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

impl<F: Fetch> Budgeted<'_, F> {
    /// Waits for a send that is allowed, and notes what came of it. One that is not allowed is never begun.
    async fn count(
        &self,
        send: impl Future<Output = Result<http::Response<F::Body>, FetchError>>,
    ) -> Result<http::Response<F::Body>, FetchError> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(FetchError::Budget);
        };
        self.left.set(left);
        self.made.set(self.made.get() + 1);
        (self.alive)();
        let answer = send.await;
        let mut outcomes = self.outcomes.get();
        outcomes.note(answer.as_ref().ok().map(http::Response::status));
        self.outcomes.set(outcomes);
        answer
    }
}

impl<F: Fetch> Fetch for Budgeted<'_, F> {
    type Body = F::Body;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Self::Body>, FetchError> {
        self.count(self.inner.send(request)).await
    }

    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, FetchError> {
        self.inner.read(body, limit).await
    }

    async fn cancel(&self, body: Self::Body) {
        self.inner.cancel(body).await;
    }

    async fn wait(&self, duration: Duration) {
        self.inner.wait(duration).await;
    }
}

/// A [`Fetch`] to one source that sends nothing while that is left alone: a job under way, too, then ends as it does where the
/// budget is used up, and goes on later.
pub(crate) struct Patient<'a, F, C> {
    /// The way to the registry.
    pub(crate) inner: &'a F,
    /// Until when it is left alone.
    pub(crate) until: Rc<Cell<Timestamp>>,
    /// The registry's own host, with its port.
    pub(crate) home: String,
    /// How many calls the registry still takes, where an answer said so.
    pub(crate) rate_limit: Rc<Cell<Option<RateLimit>>>,
    /// Whether the slice is at its end: what is under way sends nothing more.
    pub(crate) closed: Rc<Cell<bool>>,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<F, C: Clock> Patient<'_, F, C> {
    fn wait(&self) -> Result<(), FetchError> {
        if self.closed.get() || self.until.get() > self.clock.now() {
            return Err(FetchError::Budget);
        }
        Ok(())
    }
}

impl<F: Fetch, C: Clock> Fetch for Patient<'_, F, C> {
    type Body = F::Body;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Self::Body>, FetchError> {
        self.wait()?;
        let authority = request.uri().authority();
        let home = authority.is_some_and(|authority| self.home == authority.as_str());
        let answer = self.inner.send(request).await;
        if let (true, Ok(answer)) = (home, &answer)
            && let Some(told) = RateLimit::read(answer.headers())
        {
            self.rate_limit.set(Some(told));
        }
        answer
    }

    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, FetchError> {
        self.inner.read(body, limit).await
    }

    async fn cancel(&self, body: Self::Body) {
        self.inner.cancel(body).await;
    }
}
