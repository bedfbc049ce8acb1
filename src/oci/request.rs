//! The requests of the distribution spec as values.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};

use url::form_urlencoded;

use super::manifest::ACCEPT;
use super::written::Upload;
use super::{Digest, Name, Reference, Registry};

/// Who asks; some registries refuse nameless clients.
const USER_AGENT: &str = concat!("portolan/", env!("CARGO_PKG_VERSION"));

/// `GET /v2/_catalog?<query>` (distribution's `docs/content/spec/api.md`; not part of the OCI spec).
pub fn repositories(registry: &Registry, query: &str) -> Result<Request<Bytes>, http::Error> {
    to(
        Method::GET,
        &format!("{}/v2/_catalog{}", registry.origin(), after_path(query)),
    )
    .body(Bytes::new())
}

/// A query as it follows a path; nothing where there is none.
fn after_path(query: &str) -> String {
    if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    }
}

/// `GET /v2/<name>/tags/list?<query>`, conditional when a validator is known.
pub fn tags(
    registry: &Registry,
    name: &Name,
    query: &str,
    known_etag: Option<&str>,
) -> Result<Request<Bytes>, http::Error> {
    let mut request = to(
        Method::GET,
        &format!(
            "{}/v2/{name}/tags/list{}",
            registry.origin(),
            after_path(query)
        ),
    );
    if let Some(etag) = known_etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    request.body(Bytes::new())
}

/// `GET` or `HEAD /v2/<name>/manifests/<reference>`.
pub fn manifest(
    registry: &Registry,
    method: Method,
    name: &Name,
    reference: &Reference,
) -> Result<Request<Bytes>, http::Error> {
    let url = format!("{}/v2/{name}/manifests/{reference}", registry.origin());
    to(method, &url)
        .header(header::ACCEPT, ACCEPT)
        .body(Bytes::new())
}

/// `GET /v2/<name>/blobs/<digest>`, or a range of it.
pub fn blob(
    registry: &Registry,
    name: &Name,
    digest: &Digest,
    range: Option<&HeaderValue>,
) -> Result<Request<Bytes>, http::Error> {
    let mut request = to(
        Method::GET,
        &format!("{}/v2/{name}/blobs/{digest}", registry.origin()),
    );
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    request.body(Bytes::new())
}

/// `HEAD /v2/<name>/blobs/<digest>`: whether a blob is there already.
pub fn has_blob(
    registry: &Registry,
    name: &Name,
    digest: &Digest,
) -> Result<Request<Bytes>, http::Error> {
    let url = format!("{}/v2/{name}/blobs/{digest}", registry.origin());
    to(Method::HEAD, &url).body(Bytes::new())
}

/// `POST /v2/<name>/blobs/uploads/`: begins an upload, or asks to mount `digest` from another repository of the registry,
/// which begins one where that is not done (distribution spec, "Mounting a blob from another repository").
pub fn begin_upload(
    registry: &Registry,
    name: &Name,
    mount: Option<(&Digest, &Name)>,
) -> Result<Request<Bytes>, http::Error> {
    let mut url = format!("{}/v2/{name}/blobs/uploads/", registry.origin());
    if let Some((digest, from)) = mount {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("mount", &digest.to_string());
        query.append_pair("from", from.as_str());
        url = format!("{url}?{}", query.finish());
    }
    to(Method::POST, &url).body(Bytes::new())
}

/// `PUT <location>?digest=<digest>`: the whole blob at once, to where its upload goes on. Stored as it is sent; registries
/// refuse another type.
pub fn upload(
    upload: &Upload,
    digest: &Digest,
    body: Bytes,
) -> Result<Request<Bytes>, http::Error> {
    let location = upload.uri().to_string();
    let sign = if upload.uri().query().is_some() {
        '&'
    } else {
        '?'
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("digest", &digest.to_string());
    to(Method::PUT, &format!("{location}{sign}{}", query.finish()))
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(body)
}

/// `PUT /v2/<name>/manifests/<reference>`: the bytes are stored as they are sent.
pub fn put_manifest(
    registry: &Registry,
    name: &Name,
    reference: &Reference,
    media_type: &HeaderValue,
    bytes: Bytes,
) -> Result<Request<Bytes>, http::Error> {
    let url = format!("{}/v2/{name}/manifests/{reference}", registry.origin());
    to(Method::PUT, &url)
        .header(header::CONTENT_TYPE, media_type)
        .body(bytes)
}

/// `DELETE /v2/<name>/manifests/<reference>`. By digest every tag of the manifest goes; by tag many registries refuse.
pub fn delete_manifest(
    registry: &Registry,
    name: &Name,
    reference: &Reference,
) -> Result<Request<Bytes>, http::Error> {
    let url = format!("{}/v2/{name}/manifests/{reference}", registry.origin());
    to(Method::DELETE, &url).body(Bytes::new())
}

/// The same request again, for where a redirect leads: without credentials, whoever is asked.
pub fn redirected(request: &Request<Bytes>, uri: Uri) -> Request<Bytes> {
    let mut again = request.clone();
    again.headers_mut().remove(header::AUTHORIZATION);
    *again.uri_mut() = uri;
    again
}

/// `GET` of what a redirect led to, or of a range of it.
pub fn target(uri: &Uri, range: Option<&HeaderValue>) -> Result<Request<Bytes>, http::Error> {
    let mut request = client().uri(uri);
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    request.body(Bytes::new())
}

fn to(method: Method, url: &str) -> http::request::Builder {
    client().method(method).uri(url)
}

/// The beginning of every request.
pub(crate) fn client() -> http::request::Builder {
    Request::builder().header(header::USER_AGENT, USER_AGENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &Request<Bytes>) -> String {
        let mut headers: Vec<String> = request
            .headers()
            .iter()
            .filter(|(name, _)| *name != header::USER_AGENT)
            .map(|(name, value)| format!(" {name}={}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        format!("{} {}{}", request.method(), request.uri(), headers.concat())
    }

    #[test]
    fn they_are_those_of_the_spec() {
        let registry: Registry = "docker.io".parse().unwrap();
        let name: Name = "acme/nginx".parse().unwrap();
        let digest = Digest::sha256_of(b"{}");
        let range = HeaderValue::from_static("bytes=0-1");
        assert_eq!(
            shown(&repositories(&registry, "n=1000").unwrap()),
            "GET https://registry-1.docker.io/v2/_catalog?n=1000"
        );
        assert_eq!(
            shown(&tags(&registry, &name, "n=1000", Some("\"x\"")).unwrap()),
            "GET https://registry-1.docker.io/v2/acme/nginx/tags/list?n=1000 if-none-match=\"x\""
        );
        assert_eq!(
            shown(
                &manifest(
                    &registry,
                    Method::HEAD,
                    &name,
                    &"1.0.0_b".parse::<super::super::Tag>().unwrap().into()
                )
                .unwrap()
            ),
            format!(
                "HEAD https://registry-1.docker.io/v2/acme/nginx/manifests/1.0.0_b accept={ACCEPT}"
            )
        );
        assert_eq!(
            shown(&blob(&registry, &name, &digest, Some(&range)).unwrap()),
            format!(
                "GET https://registry-1.docker.io/v2/acme/nginx/blobs/{digest} range=bytes=0-1"
            )
        );
    }

    /// CVE-2021-32690 in Helm: a chart's URL on another host was sent the repository's password.
    #[test]
    fn a_redirected_request_carries_no_credentials() {
        let mut request = Request::get("https://registry.example/a")
            .body(Bytes::new())
            .unwrap();
        request.headers_mut().insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("Basic eDp5"),
        );
        request
            .headers_mut()
            .insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        let again = redirected(&request, "https://blobs.example/b".parse().unwrap());
        assert_eq!(shown(&again), "GET https://blobs.example/b range=bytes=0-1");
    }
}
