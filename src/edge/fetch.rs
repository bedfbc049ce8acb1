//! HTTP out, by the runtime's `fetch`.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use js_sys::Uint8Array;
use worker::{AbortController, CacheMode, RequestInit, RequestRedirect};

use super::stream::{Read, Stream};
use super::{headers, within};
use crate::platform::{Fetch, FetchError};

/// How long a registry may take to begin its answer, and again to finish a body that is read. Shorter than the lease.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network;

impl Fetch for Network {
    type Body = Stream;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Stream>, FetchError> {
        let request = to_js(request)?;
        let controller = AbortController::default();
        let signal = controller.signal();
        let fetch = worker::Fetch::Request(request);
        let Some(answer) = within(TIMEOUT, fetch.send_with_signal(&signal)).await else {
            controller.abort();
            return Err(FetchError::Timeout);
        };
        let answer = answer.map_err(|error| transport(&error))?;
        let status = StatusCode::from_u16(answer.status_code())
            .map_err(|_| FetchError::Transport("an impossible status".to_owned()))?;
        let headers = headers::from_js(answer.headers());
        let (_, body) = answer.into_parts();
        let mut response = Response::new(Stream::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    async fn read(&self, body: Stream, limit: usize) -> Result<Bytes, FetchError> {
        match body.read(limit, TIMEOUT).await {
            Ok(Read::Whole(bytes)) => Ok(bytes),
            Ok(Read::Cut(_)) => Err(FetchError::TooLarge(limit)),
            Ok(Read::Late) => Err(FetchError::Timeout),
            Err(error) => Err(transport(&worker::Error::from(error))),
        }
    }

    async fn cancel(&self, body: Stream) {
        body.cancel().await;
    }
}

/// Redirects are never followed here, caches never asked, and bodies taken as they are: digests are of raw bytes, and a
/// zone's cache would turn HEAD into GET
/// (<https://developers.cloudflare.com/cache/concepts/cache-behavior/>).
fn to_js(mut request: Request<Bytes>) -> Result<worker::Request, FetchError> {
    let method = match *request.method() {
        Method::GET => worker::Method::Get,
        Method::HEAD => worker::Method::Head,
        Method::POST => worker::Method::Post,
        _ => {
            return Err(FetchError::Transport(
                "a method that is not used".to_owned(),
            ));
        }
    };
    request
        .headers_mut()
        .entry(ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("identity"));
    let mut init = RequestInit::new();
    init.with_method(method)
        .with_headers(headers::to_js(request.headers()))
        .with_redirect(RequestRedirect::Manual)
        .with_cache(CacheMode::NoStore);
    if !request.body().is_empty() {
        let body = Uint8Array::from(request.body().as_ref());
        init.with_body(Some(body.into()));
    }
    worker::Request::new_with_init(&request.uri().to_string(), &init)
        .map_err(|error| transport(&error))
}

/// The runtime's words, unless they name a URL: a signed one is a credential.
fn transport(error: &worker::Error) -> FetchError {
    let text = error.to_string();
    FetchError::Transport(if text.contains("://") {
        "the request failed".to_owned()
    } else {
        text
    })
}
