//! HTTP out, by the runtime's `fetch`.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use worker::{AbortController, CacheMode, RequestInit, RequestRedirect};

use super::stream::{BodyRead, Stream};
use super::{headers, within};
use crate::platform::{Fetch, FetchError, Patience};

/// How long a registry may take to begin its answer, and again to finish a body that is read. Shorter than the lease.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The slowest upload that is waited for, in bytes a second: the answer begins when the last byte has been taken.
const SLOWEST_UPLOAD: u64 = 256 << 10;

/// The network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network;

impl Fetch for Network {
    type Body = Stream;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Stream>, FetchError> {
        let (parts, bytes) = request.into_parts();
        let time = patience(bytes.len() as u64);
        let body = (!bytes.is_empty()).then(|| Uint8Array::from(bytes.as_ref()).into());
        exchange(parts, body, time).await
    }

    async fn read(&self, body: Stream, limit: usize) -> Result<Bytes, FetchError> {
        match body.read(limit, Patience::Whole(TIMEOUT)).await {
            Ok(BodyRead::Whole(bytes)) => Ok(bytes),
            Ok(BodyRead::Cut) => Err(FetchError::TooLarge(limit)),
            Ok(BodyRead::Late | BodyRead::NoRoom) => Err(FetchError::Timeout),
            Err(error) => Err(transport(&worker::Error::from(error))),
        }
    }

    async fn cancel(&self, body: Stream) {
        body.cancel().await;
    }

    async fn wait(&self, duration: Duration) {
        worker::Delay::from(duration).await;
    }
}

/// How long an answer to a body of this length is waited for.
fn patience(length: u64) -> Duration {
    TIMEOUT.saturating_add(Duration::from_secs(length / SLOWEST_UPLOAD))
}

/// A call whose answer nobody has yet. Whoever stops waiting, and drops it, ends the call: it would hold one of six connections.
struct Unanswered(Option<AbortController>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

/// One request on the wire, and the answer as soon as its headers are there, within `time`.
async fn exchange(
    parts: Parts,
    body: Option<JsValue>,
    time: Duration,
) -> Result<Response<Stream>, FetchError> {
    let request = to_js(parts, body)?;
    let controller = AbortController::default();
    let signal = controller.signal();
    let mut unanswered = Unanswered(Some(controller));
    let fetch = worker::Fetch::Request(request);
    let Some(answer) = within(time, fetch.send_with_signal(&signal)).await else {
        return Err(FetchError::Timeout);
    };
    unanswered.0 = None;
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

/// Redirects are never followed here, caches never asked, and bodies taken as they are: digests are of raw bytes, and a
/// zone's cache would turn HEAD into GET
/// (<https://developers.cloudflare.com/cache/concepts/cache-behavior/>).
fn to_js(mut parts: Parts, body: Option<JsValue>) -> Result<worker::Request, FetchError> {
    let method = match parts.method {
        Method::GET => worker::Method::Get,
        Method::HEAD => worker::Method::Head,
        Method::POST => worker::Method::Post,
        Method::PUT => worker::Method::Put,
        Method::PATCH => worker::Method::Patch,
        Method::DELETE => worker::Method::Delete,
        Method::OPTIONS => worker::Method::Options,
        // `worker` would send GET instead of a method that it has no name for.
        _ => return Err(FetchError::Transport("an unknown method".to_owned())),
    };
    parts
        .headers
        .entry(ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("identity"));
    let mut init = RequestInit::new();
    init.with_method(method)
        .with_headers(headers::to_js(&parts.headers))
        .with_redirect(RequestRedirect::Manual)
        .with_cache(CacheMode::NoStore)
        .with_body(body);
    worker::Request::new_with_init(&parts.uri.to_string(), &init).map_err(|error| transport(&error))
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
