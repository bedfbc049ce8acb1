//! The host that a request came to: the ways to registries, documents and the catalog, and the time.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::ask::{Ask, AskError, Index, Indexed};
use crate::platform::{Clock, Documents, Fetch, FetchError};

/// The way to the catalog: one Durable Object at Cloudflare.
pub trait CatalogClient {
    /// A document's body not read yet.
    type Body;

    /// Asks a question.
    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, AskError>;

    /// Asks for an index, which comes as a stream.
    async fn index(&self, question: &Index) -> Result<Indexed<Self::Body>, AskError>;

    /// Waits before asking again.
    async fn pause(&self, duration: Duration);
}

/// The host a request came to: the ways to everything outside, and the time.
pub trait Host {
    /// A body not read yet: of a request, a registry's answer or a document.
    type Body;
    /// The way to registries.
    type Fetch: Fetch<Body = Self::Body>;
    /// The published documents.
    type Documents: Documents<Body = Self::Body>;
    /// The way to the catalog.
    type Catalog: CatalogClient<Body = Self::Body>;
    /// The time.
    type Clock: Clock;

    /// The way to registries.
    fn fetch(&self) -> &Self::Fetch;
    /// The published documents.
    fn documents(&self) -> &Self::Documents;
    /// The way to the catalog.
    fn catalog(&self) -> &Self::Catalog;
    /// The time.
    fn clock(&self) -> &Self::Clock;

    /// Takes one of what `key` may ask within a while; `false` where that is used up. Where nothing is limited, `true`.
    async fn allows(&self, key: &str) -> bool;

    /// Reads the body of a request to its end, at most `limit` bytes; its sender spoke of `stated`, 0 if of none. `has_room` is asked
    /// before more is kept than that or than it allowed, with the length so far; where it says no, that is [`FetchError::Budget`].
    /// Called once it is known who sends it.
    async fn receive(
        &self,
        body: Self::Body,
        stated: usize,
        limit: usize,
        has_room: impl FnMut(usize) -> bool,
    ) -> Result<Bytes, FetchError>;
}
