//! Refuses requests that another site's page has a browser send. No route needs a cookie, but browsers remember Basic credentials and
//! add them by themselves.

use http::header::{HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method};

use crate::error::Error;

/// Where the page comes from, as a browser says and no page can change (<https://www.w3.org/TR/fetch-metadata/>).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what would change something and is sent by a page of another origin.
pub(super) fn judge(head: &Parts) -> Result<(), Error> {
    if matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let foreign_site = head
        .headers
        .get(SITE)
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    if foreign_site || !is_own(head) {
        return Err(Error::CrossSite);
    }
    Ok(())
}

/// Whether the request names no origin, or the host that it came to (RFC 6454 §7). `null`, the origin of what hides it, is none.
fn is_own(head: &Parts) -> bool {
    let Some(origin) = head.headers.get(ORIGIN) else {
        return true;
    };
    let sent_to = head.headers.get(HOST).map(HeaderValue::as_bytes);
    let host = head.uri.authority().map(|host| host.as_str().as_bytes());
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| {
        let origin = Some(origin.as_bytes());
        origin == host || (host.is_none() && origin == sent_to)
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn told(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder()
            .method(method)
            .uri("https://charts.example:8443/refresh");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        judge(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn pages_of_others_change_nothing() {
        for fine in [
            [].as_slice(),
            &[("origin", "https://charts.example:8443")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://charts.example:8443"),
            ],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(told("POST", fine) && told("DELETE", fine), "{fine:?}");
        }
        for foreign in [
            [("origin", "https://evil.example")].as_slice(),
            &[("origin", "https://charts.example")],
            &[("origin", "null")],
            &[("origin", "https://charts.example:8443.evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
            ],
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                assert!(!told(method, foreign), "{method} {foreign:?}");
            }
            assert!(told("GET", foreign) && told("HEAD", foreign), "{foreign:?}");
        }
    }
}
