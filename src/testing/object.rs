//! The catalog's object as requests meet it: the real engine, behind the border that questions cross as JSON.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::ask::{Ask, AskError, Find, Found, Index, Indexed, wire};
use crate::index::Candidate;
use crate::platform::{Clock as _, Document, Fetch, FetchError};
use crate::serve::CatalogClient;
use crate::testing::{FakeRegistry, World};

/// The real engine, spoken to in JSON as over the border of a Durable Object.
pub(crate) struct Object<'w> {
    world: &'w World,
    asks: Cell<usize>,
    /// What it last said of a file.
    found: RefCell<Vec<Candidate>>,
}

impl<'w> Object<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            asks: Cell::default(),
            found: RefCell::default(),
        }
    }

    pub(crate) fn asks(&self) -> usize {
        self.asks.get()
    }

    /// Sends a question over the border and back.
    fn send<Q: Ask>(&self, question: &Q) -> (Response<Bytes>, String) {
        self.asks.set(self.asks.get() + 1);
        let fingerprint = self.world.config.fingerprint().to_owned();
        let request = wire::request(question, &fingerprint).unwrap();
        let answer = self.world.engine().respond(&request.map(Bytes::from));
        (answer.map(Bytes::from), fingerprint)
    }

    pub(crate) fn found(&self) -> Vec<Candidate> {
        self.found.borrow().clone()
    }
}

impl CatalogClient for Object<'_> {
    type Body = Bytes;

    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, AskError> {
        let (answer, fingerprint) = self.send(question);
        if Q::NAME == Find::NAME
            && let Ok(Found::Candidates(candidates)) = wire::answer(&answer, &fingerprint)
        {
            *self.found.borrow_mut() = candidates;
        }
        wire::answer(&answer, &fingerprint)
    }

    async fn index(&self, question: &Index) -> Result<Indexed<Bytes>, AskError> {
        let (answer, fingerprint) = self.send(question);
        match wire::document(answer.headers(), &fingerprint) {
            Some(metadata) => Ok(Indexed::Document(Document {
                body: answer.into_body(),
                metadata,
            })),
            None => wire::answer(&answer, &fingerprint).map(Indexed::Without),
        }
    }

    /// While a request waits, alarms go off.
    async fn pause(&self, duration: Duration) {
        self.world.clock.sleep(duration).await;
        if self.world.engine().next_alarm() <= self.world.clock.now() {
            assert_eq!(self.world.engine().step().await.broken, None);
        }
    }
}

/// The way to the registry, counted apart from the catalog's.
pub(crate) struct Counted<'w> {
    registry: &'w FakeRegistry,
    calls: Cell<usize>,
}

impl<'w> Counted<'w> {
    pub(crate) fn new(registry: &'w FakeRegistry) -> Self {
        Self {
            registry,
            calls: Cell::default(),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.get()
    }
}

impl Fetch for Counted<'_> {
    type Body = Bytes;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        self.calls.set(self.calls.get() + 1);
        self.registry.send(request).await
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        self.registry.read(body, limit).await
    }

    async fn cancel(&self, body: Bytes) {
        self.registry.cancel(body).await;
    }
}
