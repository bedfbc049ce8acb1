//! The client: puts requests in order.

use bytes::Bytes;
use http::HeaderValue;

use crate::platform::{Clock, Fetch};

use super::{Credentials, Digest, Error, Name, Next, Reference, Registry, Tag, Tokens};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The names as the registry wrote them; nulls are left out.
    pub names: Vec<String>,
    /// Where the list goes on.
    pub next: Option<Next>,
    /// False when the list ends here only because its `Link` cannot be followed (malformed, to another host, in a circle):
    /// what it names exists, but what it does not name may exist too, so it is no evidence for a removal.
    pub complete: bool,
    /// The validator of the page, if the registry gives one.
    pub etag: Option<String>,
}

/// What came of asking for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// A page of it.
    Page(Page),
    /// It is as it was when the known validator was given.
    Unchanged,
}

/// A manifest whose bytes were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its digest.
    pub digest: Digest,
    /// The `Content-Type` it came with.
    pub content_type: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A blob that was asked for on behalf of somebody.
#[derive(Debug)]
pub enum Opened<B> {
    /// It lies elsewhere: an absolute URL that was judged, byte for byte as the registry gave it unless that was relative.
    Redirect(HeaderValue),
    /// It is here, unread: 200, 206 or 416.
    Content(http::Response<B>),
}

/// Speaks to one registry with one set of credentials. Every send goes through `fetch`, and none is hidden: with a token
/// at hand each method is one send a page, manifest or blob (and one a redirect hop).
#[derive(Debug)]
pub struct Client<'a, F, C> {
    fetch: &'a F,
    registry: &'a Registry,
    credentials: &'a Credentials,
    tokens: &'a Tokens,
    clock: &'a C,
}

impl<'a, F: Fetch, C: Clock> Client<'a, F, C> {
    /// A client for `registry`. Keep one for an invocation: calls that run side by side share the way in.
    pub fn new(
        fetch: &'a F,
        registry: &'a Registry,
        credentials: &'a Credentials,
        tokens: &'a Tokens,
        clock: &'a C,
    ) -> Self {
        Self {
            fetch,
            registry,
            credentials,
            tokens,
            clock,
        }
    }

    /// A page of `_catalog`.
    pub async fn repositories(&self, page: Option<&Next>) -> Result<Page, Error> {
        let _ = page;
        todo!()
    }

    /// A page of a repository's tags; with the validator of the first page as it was known, perhaps only that nothing changed.
    pub async fn tags(
        &self,
        name: &Name,
        page: Option<&Next>,
        known_etag: Option<&str>,
    ) -> Result<Listing, Error> {
        let _ = (name, page, known_etag);
        todo!()
    }

    /// A manifest or index, verified.
    pub async fn manifest(&self, name: &Name, reference: &Reference) -> Result<Fetched, Error> {
        let _ = (name, reference);
        todo!()
    }

    /// The digest a tag points to, by HEAD; `None` when the registry does not tell that way.
    pub async fn resolve(&self, name: &Name, tag: &Tag) -> Result<Option<Digest>, Error> {
        let _ = (name, tag);
        todo!()
    }

    /// A small blob, read whole and verified; `size` as the manifest says, `limit` as the caller can bear.
    pub async fn blob(
        &self,
        name: &Name,
        digest: &Digest,
        size: u64,
        limit: usize,
    ) -> Result<Bytes, Error> {
        let _ = (name, digest, size, limit);
        todo!()
    }

    /// A blob for a download: where it lies, or its bytes unread.
    pub async fn open(
        &self,
        name: &Name,
        digest: &Digest,
        range: Option<&HeaderValue>,
    ) -> Result<Opened<F::Body>, Error> {
        let _ = (name, digest, range);
        todo!()
    }

    /// Goes where [`Opened::Redirect`] says, without credentials, and gives what is there unread: 200, 206 or 416.
    pub async fn follow(
        &self,
        location: &HeaderValue,
        range: Option<&HeaderValue>,
    ) -> Result<http::Response<F::Body>, Error> {
        let _ = (location, range);
        todo!()
    }
}
