//! Lists that a registry gives: of tags, of repositories by each way of asking, of a classic repository. The bytes are what it
//! answers to whatever it is asked; the first line of them is the `Link` header.

use std::cell::RefCell;
use std::sync::LazyLock;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, Request, Response, header};

use crate::config::Config;
use crate::oci::{Listing, RateLimit, RetryAfter, Tokens};
use crate::platform::{Fetch, FetchError, Timestamp};
use crate::source::{classic, listing};

const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// A registry of each kind, by its settings.
const KINDS: [&[(&str, &str)]; 8] = [
    &[("REGISTRY", "registry.example/charts")],
    &[("REGISTRY", "docker.io/acme")],
    &[("REGISTRY", "ghcr.io/acme")],
    &[("REGISTRY", "registry.gitlab.com/acme/charts")],
    &[("REGISTRY", "quay.io/acme")],
    &[
        ("REGISTRY", "harbor.example/charts"),
        ("DISCOVERY", "harbor"),
    ],
    &[
        ("REGISTRY", "europe-docker.pkg.dev/acme/charts"),
        ("DISCOVERY", "google"),
    ],
    &[
        ("REGISTRY", "old.example"),
        ("DISCOVERY", "list"),
        ("REPOSITORIES", "web"),
        ("CLASSIC_INDEXES", "https://acme.example/charts"),
    ],
];

static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    let of = |kind: &&[(&str, &str)]| {
        let given = [
            *kind,
            &[
                ("REGISTRY_USERNAME", "robot"),
                ("REGISTRY_PASSWORD", "the registry's password"),
                ("AUTH_ANONYMOUS_GET", "true"),
            ],
        ]
        .concat();
        let lookup = |name: &str| {
            let found = given.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(lookup).ok()
    };
    KINDS.iter().filter_map(of).collect()
});

/// Answers whatever it is asked with the same bytes, and looks at where credentials go.
struct Answering {
    link: Option<HeaderValue>,
    body: Bytes,
    /// The first host that was shown credentials.
    trusted: RefCell<Option<String>>,
}

impl Answering {
    /// With the first line of the input as its `Link`, and the rest as its body.
    fn of(input: &[u8]) -> Self {
        let end = input.iter().position(|byte| *byte == b'\n');
        let (first, rest) = match end {
            Some(end) => (input.get(..end), input.get(end + 1..)),
            None => (None, Some(input)),
        };
        Self {
            link: first.and_then(|line| HeaderValue::from_bytes(line).ok()),
            body: Bytes::copy_from_slice(rest.unwrap_or_default()),
            trusted: RefCell::default(),
        }
    }
}

impl Fetch for Answering {
    type Body = Bytes;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
        assert_eq!(request.uri().scheme_str(), Some("https"));
        if request.headers().contains_key(header::AUTHORIZATION) {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let trusted = self.trusted.borrow().clone();
            // Credentials go to one host, wherever the next page is said to be.
            assert!(trusted.is_none_or(|trusted| trusted == host));
            *self.trusted.borrow_mut() = Some(host);
        }
        let mut response = Response::new(self.body.clone());
        if let Some(link) = &self.link {
            response.headers_mut().insert(header::LINK, link.clone());
        }
        Ok(response)
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        if body.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        Ok(body)
    }

    async fn cancel(&self, _: Bytes) {}
}

/// A page of tags, and the one that it says is next.
pub(super) fn tags(input: &[u8]) {
    let answering = Answering::of(input);
    let (tokens, now) = (Tokens::default(), || NOW);
    let Some(source) = CONFIGS.first().and_then(|config| config.sources.first()) else {
        return;
    };
    let client = source.client(&answering, &tokens, &now);
    let Ok(name) = "charts/web".parse() else {
        return;
    };
    let page = |next| client.tags(&name, next, Some("\"known\"")).now_or_never();
    if let Some(Ok(Listing::Page(first))) = page(None)
        && let Some(next) = &first.next
    {
        assert!(first.complete);
        let _ = page(Some(next));
    }
}

/// A page of repositories of each kind of registry, and the one that it says is next; and the same bytes as the index of a classic
/// repository.
pub(super) fn repositories(input: &[u8]) {
    for source in CONFIGS.iter().flat_map(|config| &config.sources) {
        let answering = Answering::of(input);
        let (tokens, now) = (Tokens::default(), || NOW);
        let client = source.client(&answering, &tokens, &now);
        if let Some(url) = &source.classic {
            let _ = classic::read(source, url, &client, None).now_or_never();
            continue;
        }
        let page = |next| listing::page(source, &client, next).now_or_never();
        if let Some(Ok(first)) = page(None)
            && let Some(next) = &first.next
        {
            let _ = page(Some(next));
        }
    }
}

/// When a registry wants to be asked again, and how many calls it says that it still takes.
pub(super) fn limits(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(after) = RetryAfter::parse(text)
    {
        let day = std::time::Duration::from_hours(24);
        assert!((NOW..=NOW.after(day)).contains(&after.at(NOW)));
    }
    if let Ok(value) = HeaderValue::from_bytes(input) {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-limit", value.clone());
        headers.insert("ratelimit-remaining", value);
        if let Some(limit) = RateLimit::read(&headers) {
            assert!(limit.remaining <= limit.limit && limit.limit > 0);
            let _ = (limit.is_low(), limit.share());
        }
    }
}
