//! The client: puts requests in order. What they look like, and what the answers mean, is said elsewhere.
//!
//! | file | holds |
//! |---|---|
//! | `auth` | sends a request, logging in where that is asked for |
//! | `ask` | gets a token |
//! | `exchange` | gets what the keys of clouds are exchanged for |
//! | `gate` | lets one call log in while those beside it wait |
//! | `answer` | what a refusal asks for: a token, another scope, nothing |
//! | `hops` | follows redirects by hand, never with credentials |
//! | `pages` | lists of repositories and tags, page by page |
//! | `manifests` | manifests, read and verified or only resolved |
//! | `blobs` | blobs, read and verified or handed on unread |
//! | `creation` | repositories that a registry does not make by itself |
//! | `writes` | blobs and manifests, stored |

mod answer;
mod ask;
mod auth;
mod blobs;
mod creation;
mod exchange;
mod gate;
mod hops;
mod manifests;
mod pages;
mod writes;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::platform::{Clock, Fetch, FetchError};
use crate::secret::Secret;

use super::token::Token;
use super::tokens::RegistryAccount;
use super::{Credentials, Error, Garbage, Operation, Registry, Terms, Tokens};

pub use blobs::Opened;
pub use manifests::Fetched;
pub use pages::{Listing, Page};

/// How much of an error's body is read, in bytes: its code is at the beginning, as in go-containerregistry.
const MAX_ERROR: usize = 64 * 1024;

/// Names on a page that is asked for: the most that ECR, ACR and distribution 3 allow.
const PAGE_SIZE: u32 = 1000;

/// Speaks to one registry with one set of credentials. Every send goes through `fetch`, and none is hidden: with a token
/// at hand each method is one send for each page, manifest or blob, and one for each redirect it follows. The only retry
/// is the one that a challenge asks for.
#[derive(Debug)]
pub struct Client<'a, F, C> {
    fetch: &'a F,
    registry: &'a Registry,
    credentials: &'a Credentials,
    terms: &'a Terms,
    tokens: &'a Tokens,
    clock: &'a C,
    account: RegistryAccount,
    gates: gate::Gates,
    page_size: std::cell::Cell<Option<u32>>,
}

impl<'a, F: Fetch, C: Clock> Client<'a, F, C> {
    /// A client for `registry`. Keep one for an invocation: calls that run side by side then share the way in.
    pub fn new(
        fetch: &'a F,
        registry: &'a Registry,
        credentials: &'a Credentials,
        terms: &'a Terms,
        tokens: &'a Tokens,
        clock: &'a C,
    ) -> Self {
        let account = RegistryAccount::new(registry, credentials);
        let page_size = std::cell::Cell::new(Some(PAGE_SIZE));
        Self {
            fetch,
            registry,
            credentials,
            terms,
            tokens,
            clock,
            account,
            gates: gate::Gates::default(),
            page_size,
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> crate::platform::Timestamp {
        self.clock.now()
    }

    /// The registry's host as people know it.
    pub(crate) fn host(&self) -> &str {
        self.registry.host()
    }

    /// The token that these credentials have at the API at `origin`, beside the registry, if it still lasts.
    pub(crate) fn session(&self, origin: &'static str) -> Option<Secret> {
        self.tokens
            .session(&self.account, origin, self.clock.now())
            .map(|token| token.value)
    }

    /// Keeps the token of an API for as long as it is good for.
    pub(crate) fn keep_session(&self, origin: &'static str, token: Secret, lifetime: Duration) {
        let token = Token {
            value: token,
            until: self.clock.now().after(lifetime),
        };
        self.tokens.keep_session(&self.account, origin, Some(token));
    }

    /// Forgets the token of an API.
    pub(crate) fn end_session(&self, origin: &'static str) {
        self.tokens.keep_session(&self.account, origin, None);
    }

    /// Sends one request, with nothing added but, to the registry's own host, the operator's headers: for what is not of the
    /// distribution protocol, too.
    pub(crate) async fn exchange(
        &self,
        operation: Operation,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<F::Body>, Error> {
        let host = self.host_of(&request);
        if self.is_home(request.uri()) {
            let headers = self.terms.headers.iter().cloned();
            request.headers_mut().extend(headers);
        }
        self.fetch
            .send(request)
            .await
            .map_err(|source| Error::Fetch {
                host,
                operation,
                source,
            })
    }

    /// Lets go of a body without reading it.
    pub(crate) async fn cancel(&self, body: F::Body) {
        self.fetch.cancel(body).await;
    }

    /// Reads a body to its end, at most `limit` bytes.
    pub(crate) async fn read(
        &self,
        operation: Operation,
        host: &str,
        body: F::Body,
        limit: usize,
    ) -> Result<Bytes, Error> {
        self.fetch.read(body, limit).await.map_err(|source| {
            let host = host.to_owned();
            match source {
                FetchError::TooLarge(_) => Error::Garbage {
                    host,
                    operation,
                    what: Garbage::TooLarge,
                },
                source => Error::Fetch {
                    host,
                    operation,
                    source,
                },
            }
        })
    }

    /// The error that an answer without success stands for. Its body is read for the code in it, if it can be.
    async fn refusal(
        &self,
        operation: Operation,
        host: &str,
        response: http::Response<F::Body>,
    ) -> Error {
        self.refusal_with_body(operation, host, response).await.0
    }

    /// The same, and the body.
    async fn refusal_with_body(
        &self,
        operation: Operation,
        host: &str,
        response: http::Response<F::Body>,
    ) -> (Error, Bytes) {
        let (parts, body) = response.into_parts();
        let body = if parts.status.is_client_error() || parts.status.is_server_error() {
            self.fetch.read(body, MAX_ERROR).await.unwrap_or_default()
        } else {
            self.fetch.cancel(body).await;
            Bytes::new()
        };
        let error = Error::refusal(host, operation, parts.status, &parts.headers, &body);
        (error, body)
    }

    #[expect(clippy::unused_self, reason = "reads like its neighbours")]
    fn garbage(&self, operation: Operation, host: &str, what: Garbage) -> Error {
        Error::Garbage {
            host: host.to_owned(),
            operation,
            what,
        }
    }

    /// Whether an address is at the registry itself: the same scheme, host and port.
    pub(super) fn is_home(&self, uri: &http::Uri) -> bool {
        let origin = uri.scheme_str().zip(uri.authority());
        origin.is_some_and(|(scheme, authority)| {
            self.registry.origin() == format!("{scheme}://{authority}")
        })
    }

    /// The host of a request as people know it, with its port: for messages.
    pub(crate) fn host_of(&self, request: &http::Request<Bytes>) -> String {
        let authority = request
            .uri()
            .authority()
            .map_or("", |authority| authority.as_str());
        if self.registry.origin().ends_with(&format!("://{authority}")) {
            self.registry.host().to_owned()
        } else {
            authority.to_owned()
        }
    }

    /// A request that could not be formed.
    fn formed(
        &self,
        operation: Operation,
        request: Result<http::Request<Bytes>, http::Error>,
    ) -> Result<http::Request<Bytes>, Error> {
        request.map_err(|_| self.garbage(operation, self.registry.host(), Garbage::Address))
    }
}

/// A header as text; none when it is absent or no text.
fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Redirects of any kind: 300 and 304 are none.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests;
