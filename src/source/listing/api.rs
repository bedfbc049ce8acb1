//! What the listing APIs have in common: JSON over HTTP, page by page, at an address that Portolan knows, not the registry.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use crate::oci::link::Link;
use crate::oci::{
    Client, Credentials, Error, Garbage, Kind, Next, Operation, Page, Refusal, RetryAfter,
    is_redirect, request, token,
};
use crate::platform::{Clock, Fetch, Timestamp};
use crate::secret::Secret;
use crate::source::Source;

/// The longest page that is read, in bytes: GitHub writes some 6 KiB for each of the hundred packages of a page.
const MAX_PAGE: usize = 4 * 1024 * 1024;

/// How much of an error's body is read, in bytes.
const MAX_ERROR: usize = 64 * 1024;

const OPERATION: Operation = Operation::ListingRepositories;

/// What a registry's API is asked.
pub(super) struct Api {
    /// What its pages are called in a pass's rows, so that no page of another way of listing is taken for one of these.
    pub(super) name: &'static str,
    /// Addresses without a query. Where the first page is not found at one, the next is tried.
    pub(super) places: Vec<String>,
    /// The query of the first page.
    pub(super) query: String,
    /// Headers of every request, credentials among them. They are sent to `places` and nowhere else.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Reads a page; `None` when it is none.
    pub(super) parse: fn(&Source, &Answer) -> Option<Listed>,
}

/// An answer with status 200.
pub(super) struct Answer {
    pub(super) host: String,
    pub(super) asked: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }
}

/// A page as an API gives it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Repositories by their whole names.
    pub(super) names: Vec<String>,
    /// Where the list goes on.
    pub(super) next: Link,
}

impl Api {
    /// A page, the first when `page` is `None`.
    pub(super) async fn page<F: Fetch, C: Clock>(
        &self,
        source: &Source,
        client: &Client<'_, F, C>,
        page: Option<&Next>,
    ) -> Result<Page, Error> {
        // A page of a list that was begun in another way is none of this one: it begins anew.
        let begun = page.and_then(|page| self.read_cursor(page));
        let first_page = begun.is_none();
        let (first, query) = begun.unwrap_or((0, &self.query));
        let mut not_found = None;
        for (place, address) in self.places.iter().enumerate().skip(first) {
            match self.ask(client, &format!("{address}?{query}")).await {
                Ok(answer) => return self.listed(source, place, &answer),
                Err(error) if first_page && error.kind() == Kind::NotFound => {
                    not_found = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(not_found.unwrap_or_else(|| garbage(client.host(), Garbage::Address)))
    }

    fn listed(&self, source: &Source, place: usize, answer: &Answer) -> Result<Page, Error> {
        let listed = (self.parse)(source, answer)
            .ok_or_else(|| garbage(&answer.host, Garbage::Unparseable))?;
        let (next, complete) = match listed.next {
            Link::End => (None, true),
            Link::Next(next) => {
                let cursor = format!("{}.{place}?{next}", self.name).parse().ok();
                let complete = cursor.is_some();
                (cursor, complete)
            }
            Link::Unusable => (None, false),
        };
        Ok(Page {
            names: listed.names,
            next,
            complete,
            etag: None,
        })
    }

    /// Which address a page is at, and its query.
    fn read_cursor<'n>(&self, page: &'n Next) -> Option<(usize, &'n str)> {
        let rest = page.as_str().strip_prefix(self.name)?.strip_prefix('.')?;
        let (place, query) = rest.split_once('?')?;
        let place = place.parse().ok()?;
        (place < self.places.len()).then_some((place, query))
    }

    async fn ask<F: Fetch, C: Clock>(
        &self,
        client: &Client<'_, F, C>,
        address: &str,
    ) -> Result<Answer, Error> {
        let mut builder = request::client()
            .uri(address)
            .header(header::ACCEPT, "application/json");
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let request = builder
            .body(Bytes::new())
            .map_err(|_| garbage(client.host(), Garbage::Address))?;
        exchange(client, OPERATION, request, MAX_PAGE).await
    }
}

/// Sends a request to an API, and reads the answer: one with status 200, all others are errors. A redirect is not followed,
/// with or without credentials: an API that has moved is for the operator to judge.
pub(super) async fn exchange<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    operation: Operation,
    request: http::Request<Bytes>,
    limit: usize,
) -> Result<Answer, Error> {
    exchange_judged(client, operation, request, limit, |error, _| error).await
}

/// The same, where `judge` reads what a refusal's body says of it.
pub(super) async fn exchange_judged<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    operation: Operation,
    request: http::Request<Bytes>,
    limit: usize,
    judge: fn(Error, &[u8]) -> Error,
) -> Result<Answer, Error> {
    let asked = request.uri().clone();
    let host = client.host_of(&request);
    let response = client.exchange(operation, request).await?;
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::OK {
        let body = client.read(operation, &host, body, limit).await?;
        return Ok(Answer {
            host,
            asked,
            headers: parts.headers,
            body,
        });
    }
    let body = client
        .read(operation, &host, body, MAX_ERROR)
        .await
        .unwrap_or_default();
    if is_redirect(parts.status) {
        return Err(Error::Refused {
            host,
            operation,
            what: Refusal::Listing,
        });
    }
    let error = Error::refusal(&host, operation, parts.status, &parts.headers, &body);
    let error = judge(error, &body);
    if is_limit(parts.status, &parts.headers) {
        return Err(error.throttled(end_of_limit(&parts.headers)));
    }
    Err(error)
}

/// Whether an answer limits requests. GitHub says 403 where others say 429 ("Rate limits for the REST API").
fn is_limit(status: StatusCode, headers: &HeaderMap) -> bool {
    let used_up = text(headers, "x-ratelimit-remaining") == Some("0");
    let asked = headers.contains_key(header::RETRY_AFTER);
    status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && (used_up || asked))
}

/// Until when requests are limited, in seconds since the epoch: Docker Hub's header first, then GitHub's.
fn end_of_limit(headers: &HeaderMap) -> Option<RetryAfter> {
    let instant = |name| {
        let seconds: i64 = text(headers, name)?.trim().parse().ok()?;
        Timestamp::of_seconds(seconds).map(RetryAfter::Date)
    };
    instant("x-retry-after").or_else(|| instant("x-ratelimit-reset"))
}

/// The header that shows user and password to an API of the registry's own.
pub(super) fn basic(credentials: &Credentials) -> Option<HeaderValue> {
    let (username, password) = user(credentials)?;
    token::basic(username, password).ok()
}

/// The header that shows the password alone, where it is a token.
pub(super) fn bearer(credentials: &Credentials) -> Option<HeaderValue> {
    let (_, password) = user(credentials)?;
    token::bearer(password).ok()
}

/// User and password, where Portolan has some.
fn user(credentials: &Credentials) -> Option<(&Secret, &Secret)> {
    match credentials {
        Credentials::Basic { username, password } => Some((username, password)),
        Credentials::Anonymous
        | Credentials::Identity(_)
        | Credentials::Bearer(_)
        | Credentials::Aws(_)
        | Credentials::Google(_)
        | Credentials::Azure(_) => None,
    }
}

/// An answer that is not used.
pub(super) fn garbage(host: &str, what: Garbage) -> Error {
    Error::Garbage {
        host: host.to_owned(),
        operation: OPERATION,
        what,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
