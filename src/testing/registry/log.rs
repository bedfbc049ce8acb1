//! What the registry saw.

use base64::Engine as _;
use bytes::Bytes;

use crate::platform::{Clock as _, Timestamp};

use super::FakeRegistry;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    /// All headers, a line each.
    pub(crate) headers: String,
    pub(crate) body: Bytes,
    pub(crate) at: Timestamp,
}

impl Call {
    /// A request as it arrives.
    pub(crate) fn of(request: &http::Request<Bytes>, at: Timestamp) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            authorization: header("authorization"),
            range: header("range"),
            headers: text_of(request.headers()),
            body: request.body().clone(),
            at,
        }
    }

    /// Whether `secret` stands anywhere in it: address, headers, body; as it is, in Base64 or escaped.
    pub(crate) fn shows(&self, secret: &str) -> bool {
        let text = String::from_utf8_lossy(&self.body);
        let packed = self.authorization.as_deref().unwrap_or_default();
        let packed = packed.split_once(' ').map_or("", |(_, packed)| packed);
        let unpacked = crate::secret::BASE64.decode(packed).unwrap_or_default();
        let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        [
            &self.url,
            &self.headers,
            &*text,
            &*String::from_utf8_lossy(&unpacked),
        ]
        .iter()
        .any(|place| place.contains(secret) || place.contains(&escaped))
    }

    /// The host that it arrived at, with its port.
    pub(crate) fn host(&self) -> String {
        let uri: http::Uri = self.url.parse().unwrap();
        uri.authority().unwrap().to_string()
    }
}

impl FakeRegistry {
    /// Every request, in order.
    pub(crate) fn log(&self) -> Vec<Call> {
        self.state.borrow().log.clone()
    }

    /// How many requests there were.
    pub(crate) fn calls(&self) -> usize {
        self.state.borrow().log.len()
    }

    /// How many requests there were whose `METHOD URL` contains `what`.
    pub(crate) fn calls_to(&self, what: &str) -> usize {
        let state = self.state.borrow();
        state
            .log
            .iter()
            .filter(|call| format!("{} {}", call.method, call.url).contains(what))
            .count()
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_log(&self) {
        let mut state = self.state.borrow_mut();
        state.log.clear();
        state.most_running = 0;
    }

    /// The most requests that ran at one time.
    pub(crate) fn max_concurrency(&self) -> usize {
        self.state.borrow().most_running
    }

    pub(super) fn arrive(&self, request: &http::Request<Bytes>) -> Running<'_> {
        let mut state = self.state.borrow_mut();
        state.watch(request, self.clock.now());
        state.log.push(Call::of(request, self.clock.now()));
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        Running(self)
    }
}

/// All headers, a line each.
fn text_of(headers: &http::HeaderMap) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        for part in [name.as_str(), ": ", value.to_str().unwrap(), "\n"] {
            text.push_str(part);
        }
    }
    text
}

/// A request under way; a dropped one ends too.
pub(super) struct Running<'a>(&'a FakeRegistry);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().running -= 1;
    }
}
