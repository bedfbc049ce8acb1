//! The catalog's object as requests meet it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bytes::Bytes;

use crate::catalog::tests::World;
use crate::catalog::{Answer, Answered, Question, Reply};
use crate::index::Candidate;
use crate::platform::{Clock as _, Fetch, FetchError};
use crate::serve::{Catalog, CatalogError};
use crate::testing::FakeRegistry;

/// The real engine, spoken to in JSON as over the border of a Durable Object.
pub(super) struct Object<'w> {
    world: &'w World,
    asks: Cell<usize>,
    /// What it last said of a file.
    found: RefCell<Vec<Candidate>>,
}

impl<'w> Object<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self {
            world,
            asks: Cell::default(),
            found: RefCell::default(),
        }
    }

    pub(super) fn asks(&self) -> usize {
        self.asks.get()
    }

    pub(super) fn found(&self) -> Vec<Candidate> {
        self.found.borrow().clone()
    }
}

impl Catalog for Object<'_> {
    type Body = Bytes;

    async fn ask(&self, question: &Question) -> Result<Reply<Bytes>, CatalogError> {
        self.asks.set(self.asks.get() + 1);
        let crossed: Question =
            serde_json::from_str(&serde_json::to_string(question).unwrap()).unwrap();
        assert_eq!(&crossed, question);
        Ok(match self.world.engine().answer(&crossed) {
            Answered::Document { bytes, metadata } => Reply::Document {
                body: bytes.into(),
                metadata,
            },
            Answered::Answer(answer) => {
                let crossed: Answer =
                    serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
                assert_eq!(crossed, answer);
                if let Answer::File { candidates } = &crossed {
                    self.found.borrow_mut().clone_from(candidates);
                }
                Reply::Answer(crossed)
            }
        })
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
pub(super) struct Counted<'w> {
    registry: &'w FakeRegistry,
    calls: Cell<usize>,
}

impl<'w> Counted<'w> {
    pub(super) fn new(registry: &'w FakeRegistry) -> Self {
        Self {
            registry,
            calls: Cell::default(),
        }
    }

    pub(super) fn calls(&self) -> usize {
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

    async fn send_stream(
        &self,
        request: http::Request<Bytes>,
        length: u64,
    ) -> Result<http::Response<Bytes>, FetchError> {
        self.calls.set(self.calls.get() + 1);
        self.registry.send_stream(request, length).await
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        self.registry.read(body, limit).await
    }

    async fn cancel(&self, body: Bytes) {
        self.registry.cancel(body).await;
    }
}
