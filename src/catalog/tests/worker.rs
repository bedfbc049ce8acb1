//! The whole Worker but for the platform: requests, the catalog behind them, and KV between.

use std::cell::RefCell;

use bytes::Bytes;
use http::Request;

use super::*;
use crate::catalog::ask::AskError;
use crate::serve::tests::FakeHost;
use crate::serve::{self, Body, Memory, Service};
use crate::testing::rebuilt;

/// The catalog as the edge reaches it.
struct Object<'w>(&'w World);

impl serve::CatalogClient for Object<'_> {
    type Body = Bytes;

    async fn ask<Q: Ask>(&self, question: &Q) -> Result<Q::Answer, AskError> {
        Ok(self.0.ask(question))
    }

    async fn index(&self, question: &ask::Index) -> Result<Indexed<Bytes>, AskError> {
        Ok(self.0.ask(question))
    }

    async fn pause(&self, duration: Duration) {
        // Its alarm goes on meanwhile.
        self.0.engine().step().await;
        self.0.clock.sleep(duration).await;
    }
}

/// A request through the whole Worker, but for the platform.
pub(super) fn get(world: &World, path: &str) -> http::Response<Body<Bytes>> {
    let request = Request::get(format!("https://charts.example/{path}"))
        .body(Bytes::new())
        .unwrap();
    let config = Ok(world.config.clone());
    let host = FakeHost {
        fetch: &world.registry,
        documents: &world.documents,
        catalog: &Object(world),
        clock: &world.clock,
        received: RefCell::default(),
    };
    let service = Service {
        config: &config,
        host: &host,
        memory: &Memory::new(),
    };
    let answer = run(&world.clock, service.handle(request)).response;
    answer.map(|body| match body {
        Body::Rebuilt { parts, .. } => Body::Bytes(rebuilt(&parts)),
        other => other,
    })
}

/// The bytes that a client gets.
pub(super) fn body(response: &http::Response<Body<Bytes>>) -> &[u8] {
    crate::serve::tests::bytes(response)
}
