//! What the registry answers to a request.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::oci::Digest;
use crate::platform::{Clock as _, FetchError, Timestamp};

use super::{Auth, BLOB_HOST, Blobs, FakeRegistry, LinkStyle, State, fault, paging};

/// An error as the distribution spec has it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    json_answer(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

/// An answer in JSON.
pub(super) fn json_answer(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

impl FakeRegistry {
    pub(super) fn answer(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
        let mut state = self.state.borrow_mut();
        if let Some(refusal) = state.throttled(self.clock.now()) {
            return Ok(refusal);
        }
        // Amazon names its operations in a header.
        let target = request.headers().get("x-amz-target");
        let target = target.map_or("", |target| target.to_str().unwrap());
        let call = format!("{} {} {target}", request.method(), request.uri());
        if let Some(answer) = fault::Injected::strike(&mut state.faults, &call) {
            return answer;
        }
        let host = request
            .uri()
            .authority()
            .expect("an absolute URL")
            .to_string();
        let path = request.uri().path();
        let authorization = request
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        let now = self.clock.now();
        if host == BLOB_HOST || path.starts_with("/artifacts-downloads/") {
            assert_eq!(
                authorization, None,
                "credentials were sent along with a redirect: {call}"
            );
            if request.method() == http::Method::PUT {
                return Ok(state.uploaded(request));
            }
            return Ok(state.stored(request));
        }
        if let Auth::Token(tokens) = state.auth.clone()
            && request.uri().to_string().split('?').next() == tokens.realm.split('?').next()
        {
            return Ok(state.guard.give(&tokens, request, now));
        }
        let own = match &state.other_host {
            Some(other) if *other == host => format!("https://{other}"),
            _ => self.registry.origin(),
        };
        assert_eq!(
            own.split("://").nth(1),
            Some(host.as_str()),
            "a call to another host: {call}"
        );
        let Some(rest) = path.strip_prefix("/v2/") else {
            return Ok(error(404, "NOT_FOUND", "page not found"));
        };
        let repository = rest
            .strip_suffix("/tags/list")
            .or_else(|| rest.rsplit_once("/manifests/").map(|(name, _)| name))
            .or_else(|| rest.rsplit_once("/blobs/").map(|(name, _)| name));
        let denied = repository.is_some_and(|name| state.denied.contains(name));
        let State { guard, auth, .. } = &mut *state;
        if let Err(refusal) = guard.judge(
            auth,
            (repository, rest.ends_with("/tags/list")),
            denied,
            authorization.as_deref(),
            now,
        ) {
            return Ok(refusal);
        }
        let Some(name) = repository else {
            return Ok(match rest {
                "" => json_answer(200, &json!({})),
                "_catalog" => state.catalog(request, &own),
                _ => error(404, "NOT_FOUND", "page not found"),
            });
        };
        let reference = rest.rsplit('/').next().unwrap();
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let rest = rest.strip_prefix(name).unwrap();
            return Ok(state.write(name, rest, request));
        }
        Ok(match rest.strip_prefix(name).unwrap() {
            "/tags/list" => state.tags(name, request, &own),
            other if other.starts_with("/manifests/") => state.manifest(name, reference, request),
            _ => state.blob(name, reference, request),
        })
    }
}

impl State {
    /// The refusal of a call beyond the rate, if it is.
    fn throttled(&mut self, now: Timestamp) -> Option<Response<Bytes>> {
        let (most, length) = self.rate?;
        let (begun, calls) = &mut self.window;
        if now.since(*begun) >= length {
            (*begun, *calls) = (now, 0);
        }
        *calls += 1;
        let left = begun.after(length).since(now).as_millis().div_ceil(1000);
        (*calls > most).then(|| {
            let mut refusal = error(429, "TOOMANYREQUESTS", "slow down");
            let left = left.to_string().parse().unwrap();
            refusal.headers_mut().insert("retry-after", left);
            refusal
        })
    }

    fn catalog(&self, request: &Request<Bytes>, origin: &str) -> Response<Bytes> {
        let names = self.repositories.keys().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !self.hidden.contains(*name)).collect();
        self.list(
            &names,
            |page| json!({"repositories": page}),
            request,
            origin,
        )
    }

    fn tags(&self, name: &str, request: &Request<Bytes>, origin: &str) -> Response<Bytes> {
        let Some(repository) = self.repositories.get(name) else {
            return error(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let shown = self.shown.get(name).copied().unwrap_or(usize::MAX);
        let tags = repository.tags.keys().map(String::as_str);
        let tags: Vec<&str> = tags.take(shown).collect();
        if self.endless.contains(name) {
            let page: Vec<&str> = tags
                .iter()
                .copied()
                .take(self.page_size.unwrap_or(1))
                .collect();
            let query = request.uri().query().unwrap_or("");
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let last = pairs.find(|(key, _)| key == "last");
            let next = last.map_or(1, |(_, last)| last.parse::<u64>().unwrap() + 1);
            let mut response = json_answer(200, &json!({"name": name, "tags": page}));
            let link = format!("</v2/{name}/tags/list?last={next}>; rel=\"next\"");
            response.headers_mut().insert("link", link.parse().unwrap());
            return response;
        }
        // distribution says null, not [], when all are gone.
        let list =
            |page: &[&str]| json!({"name": name, "tags": (!tags.is_empty()).then_some(page)});
        let mut response = self.list(&tags, list, request, origin);
        if self.tag_list_etags && response.status() == 200 {
            let etag = format!("\"{}\"", Digest::sha256_of(response.body()).hex());
            if request
                .headers()
                .get("if-none-match")
                .is_some_and(|known| known == etag.as_str())
            {
                response = Response::builder().status(304).body(Bytes::new()).unwrap();
            }
            response.headers_mut().insert("etag", etag.parse().unwrap());
        }
        response
    }

    fn list(
        &self,
        names: &[&str],
        body: impl Fn(&[&str]) -> Value,
        request: &Request<Bytes>,
        origin: &str,
    ) -> Response<Bytes> {
        assert_eq!(request.method(), Method::GET);
        let path_and_query = request.uri().path_and_query().unwrap().as_str();
        let query = request.uri().query().unwrap_or("");
        let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let asked: Option<usize> = query.get("n").and_then(|n| n.parse().ok());
        if self.largest_n.is_some() && asked > self.largest_n {
            return error(
                400,
                "PAGINATION_NUMBER_INVALID",
                "invalid number of results requested",
            );
        }
        let style: LinkStyle = self.link_style;
        let (mut page, link) =
            paging::page(names, &query, self.page_size, style, origin, path_and_query);
        if let Some(seed) = self.shuffled {
            page.sort_by_cached_key(|name| Digest::sha256_of(format!("{seed} {name}").as_bytes()));
        }
        let mut response = json_answer(200, &body(&page));
        if let Some(link) = link {
            response.headers_mut().insert("link", link.parse().unwrap());
        }
        response
    }

    fn manifest(&self, name: &str, reference: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let accept = request
            .headers()
            .get("accept")
            .map_or("", |value| value.to_str().unwrap());
        if !accept.contains("application/vnd.oci.image.manifest.v1+json") {
            return error(
                404,
                "MANIFEST_UNKNOWN",
                "accept header does not support OCI manifests",
            );
        }
        if self.manifests_redirect {
            return redirect(
                307,
                &format!("https://{BLOB_HOST}/manifests/{name}/{reference}?sig=a%2Bb"),
            );
        }
        self.stored_manifest(name, reference, request)
    }

    fn stored_manifest(
        &self,
        name: &str,
        reference: &str,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let Some(repository) = self.repositories.get(name) else {
            return error(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let digest = reference
            .parse()
            .ok()
            .or_else(|| repository.tags.get(reference).cloned());
        let found = digest.and_then(|digest| Some((repository.manifests.get(&digest)?, digest)));
        let Some(((content_type, bytes), digest)) = found else {
            return error(404, "MANIFEST_UNKNOWN", "manifest unknown");
        };
        let etag = format!("\"{digest}\"");
        let mut response = Response::builder()
            .header("content-type", content_type)
            .header("etag", &etag);
        if self.digest_header {
            response = response.header("docker-content-digest", digest.to_string());
        }
        if request
            .headers()
            .get("if-none-match")
            .is_some_and(|known| known == etag.as_str())
        {
            return response.status(304).body(Bytes::new()).unwrap();
        }
        let body = if request.method() == Method::HEAD {
            Bytes::new()
        } else {
            bytes.clone()
        };
        response
            .header("content-length", bytes.len())
            .body(body)
            .unwrap()
    }

    fn blob(&self, name: &str, digest: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let Some(bytes) = digest
            .parse()
            .ok()
            .and_then(|digest: Digest| self.blobs.get(&digest))
        else {
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        };
        match self.where_blobs {
            // The escapes, their case and the order are what a careless copy would change.
            Blobs::Redirect(status) => redirect(
                status,
                &format!("https://{BLOB_HOST}/{name}/{digest}?sig=a%2bb%2F%3D&X-Amz-Expires=1200"),
            ),
            Blobs::Relative(status) => redirect(
                status,
                &format!("/artifacts-downloads/{name}/{digest}?token=a%2Bb"),
            ),
            Blobs::Here => content(bytes, digest, request),
        }
    }

    /// What lies where redirects lead.
    fn stored(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        if let Some(manifest) = path.strip_prefix("/manifests/") {
            let (name, reference) = manifest.rsplit_once('/').unwrap();
            return self.stored_manifest(name, reference, request);
        }
        let digest = path.rsplit('/').next().unwrap();
        match self.blobs.get(&digest.parse::<Digest>().unwrap()) {
            Some(bytes) => content(bytes, digest, request),
            None => Response::builder()
                .status(403)
                .body(Bytes::from("<Error>AccessDenied</Error>"))
                .unwrap(),
        }
    }
}

fn redirect(status: u16, location: &str) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("location", location)
        .header("content-type", "application/octet-stream")
        .body(Bytes::new())
        .unwrap()
}

/// Bytes or a part of them.
fn content(bytes: &Bytes, digest: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let response = Response::builder()
        .header("content-type", "application/octet-stream")
        .header("accept-ranges", "bytes")
        .header("etag", format!("\"{digest}\""));
    let range = request
        .headers()
        .get("range")
        .map(|value| value.to_str().unwrap());
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return response
            .header("content-length", bytes.len())
            .body(bytes.clone())
            .unwrap();
    };
    let (from, to) = range.split_once('-').unwrap();
    let length = bytes.len();
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.min(length.saturating_sub(1))),
        (Ok(from), Err(_)) => (from, length.saturating_sub(1)),
        (Err(_), Ok(suffix)) => (length.saturating_sub(suffix), length.saturating_sub(1)),
        (Err(_), Err(_)) => panic!("a malformed range: {range}"),
    };
    if from > to || from >= length {
        let all = format!("bytes */{length}");
        return response
            .status(416)
            .header("content-range", all)
            .body(Bytes::new())
            .unwrap();
    }
    response
        .status(206)
        .header("content-range", format!("bytes {from}-{to}/{length}"))
        .header("content-length", to + 1 - from)
        .body(bytes.slice(from..=to))
        .unwrap()
}
