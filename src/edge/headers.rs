//! Headers across the border. `worker`'s own conversions panic at a value that is not ASCII (`HeaderValue::to_str`), and such
//! values come from registries and clients; here what cannot cross stays behind.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers of one connection, not of the message (RFC 9110 §7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that came in. A value is kept as UTF-8, which [`to_js`] turns back: whatever way the runtime decodes bytes that
/// are not ASCII, what passes through goes out as it came.
pub(super) fn from_js(headers: &worker::Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers.entries() {
        if HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            map.append(name, value);
        }
    }
    map
}

/// Headers that go out.
pub(super) fn to_js(map: &HeaderMap) -> worker::Headers {
    let headers = worker::Headers::new();
    for (name, value) in map {
        let text = String::from_utf8_lossy(value.as_bytes());
        // A header that JavaScript refuses is left out; it is checked input, so this does not happen.
        let _ = headers.append(name.as_str(), &text);
    }
    headers
}
