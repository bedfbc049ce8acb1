//! The client against a registry that answers requests, flow by flow. What is counted is what was sent.

mod auth;
mod aws;
mod blobs;
mod clouds;
mod lists;
mod manifests;
mod terms;
mod token_servers;
mod traps;

use std::cell::Cell;

use http::HeaderValue;

use crate::oci::{Credentials, Digest, Name, Reference, Tag};
use crate::platform::Timestamp;
use crate::testing::{Auth, Blobs, FakeRegistry, Fault, Pushed, TokenAuth, VirtualClock};

use super::*;

/// The first second of 2026.
const START: Timestamp = Timestamp(1_767_225_600_000);

/// What `push_version` packs for `nginx`.
const PACKAGE: &[u8] = b"the package of nginx 1.0.0";
const SIZE: u64 = PACKAGE.len() as u64;

/// A registry with one chart in `acme/nginx`, and what a client needs to speak to it.
struct Bench {
    clock: VirtualClock,
    registry: FakeRegistry,
    tokens: Tokens,
    credentials: Credentials,
    terms: Terms,
    nginx: Pushed,
}

impl Bench {
    fn new(credentials: Credentials) -> Self {
        Self::at("registry.example", credentials)
    }

    fn at(host: &str, credentials: Credentials) -> Self {
        let clock = VirtualClock::at(START);
        let registry = FakeRegistry::at(host, &clock);
        let nginx = registry.push_version("acme/nginx", "nginx", "1.0.0");
        Self {
            clock,
            registry,
            tokens: Tokens::signed_by(crate::testing::rs256),
            credentials,
            terms: Terms::default(),
            nginx,
        }
    }

    fn client(&self) -> Client<'_, FakeRegistry, VirtualClock> {
        Client::new(
            &self.registry,
            self.registry.registry(),
            &self.credentials,
            &self.terms,
            &self.tokens,
            &self.clock,
        )
    }

    /// The requests since the last time, each as `METHOD path?query`, with the kind of credentials that it showed.
    fn sent(&self) -> Vec<String> {
        let log = self.registry.log();
        self.registry.clear_log();
        let origin = self.registry.registry().origin();
        let show = |call: &crate::testing::Call| {
            let url = call.url.strip_prefix(&origin).unwrap_or(&call.url);
            let shown = call
                .authorization
                .as_deref()
                .map_or(String::new(), |value| {
                    let token = value.strip_prefix("Bearer ");
                    format!(" [{}]", token.or_else(|| value.split(' ').next()).unwrap())
                });
            format!("{} {url}{shown}", call.method)
        };
        log.iter().map(show).collect()
    }
}

fn manifest(bench: &Bench, reference: &Reference) -> Result<Fetched, Error> {
    done(bench.client().manifest(&name("acme/nginx"), reference))
}

fn by_tag() -> Reference {
    tag("1.0.0").into()
}

fn opened(bench: &Bench, range: Option<&'static str>) -> Result<Opened<Bytes>, Error> {
    let range = range.map(HeaderValue::from_static);
    done(
        bench
            .client()
            .open(&name("acme/nginx"), &bench.nginx.package, range.as_ref()),
    )
}

fn blob(bench: &Bench, digest: &Digest, size: u64) -> Result<Bytes, Error> {
    done(bench.client().blob(&name("acme/nginx"), digest, size, 1024))
}

fn acme() -> Credentials {
    Credentials::Basic {
        username: "acme".into(),
        password: "hunter2".into(),
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

#[track_caller]
fn done<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

const TOKEN: &str = "GET https://auth.registry.example/token?service=registry.example&scope=";

fn nginx_token() -> String {
    format!("{TOKEN}repository%3Aacme%2Fnginx%3Apull")
}

fn with_tokens(credentials: Credentials, auth: TokenAuth) -> Bench {
    let bench = Bench::new(credentials);
    bench.registry.push_version("acme/redis", "redis", "1.0.0");
    bench.registry.set_auth(Auth::Token(auth));
    bench
}

fn for_acme() -> TokenAuth {
    TokenAuth {
        user: Some(("acme".to_owned(), "hunter2".to_owned())),
        ..TokenAuth::default()
    }
}

async fn tags(bench: &Bench, repository: &str) -> Result<Listing, Error> {
    bench.client().tags(&name(repository), None, None).await
}

const TAGS: &str = "GET /v2/acme/nginx/tags/list?n=1000";

/// A Worker that drops a body keeps its connection open.
#[test]
fn unread_bodies_are_let_go() {
    struct Counting<'a>(&'a FakeRegistry, Cell<i32>);

    impl Fetch for Counting<'_> {
        type Body = Bytes;

        async fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> Result<http::Response<Bytes>, FetchError> {
            self.1.set(self.1.get() + 1);
            self.0.send(request).await
        }

        async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
            self.1.set(self.1.get() - 1);
            self.0.read(body, limit).await
        }

        async fn cancel(&self, body: Bytes) {
            self.1.set(self.1.get() - 1);
            self.0.cancel(body).await;
        }
    }

    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::Token(TokenAuth::default()));
    bench.registry.set_blobs(Blobs::Redirect(307));
    bench.registry.set_largest_n(Some(100));
    bench.registry.redirect_manifests(true);
    bench.registry.set_tag_list_etags(true);
    let fetch = Counting(&bench.registry, Cell::new(0));
    let client = Client::new(
        &fetch,
        bench.registry.registry(),
        &bench.credentials,
        &bench.terms,
        &bench.tokens,
        &bench.clock,
    );
    let repository = name("acme/nginx");
    let package = &bench.nginx.package;
    done(async {
        client.repositories(None).await.unwrap();
        let Ok(Listing::Page(page)) = client.tags(&repository, None, None).await else {
            panic!("a page")
        };
        client
            .tags(&repository, None, page.etag.as_deref())
            .await
            .unwrap();
        client
            .manifest(&repository, &tag("1.0.0").into())
            .await
            .unwrap();
        client
            .manifest(&repository, &tag("2.0.0").into())
            .await
            .unwrap_err();
        client.resolve(&repository, &tag("1.0.0")).await.unwrap();
        client.blob(&repository, package, 26, 99).await.unwrap();
        client.open(&repository, package, None).await.unwrap();
        bench.registry.insufficient_scope_once();
        client.tags(&repository, None, None).await.unwrap();
        for status in [204, 302, 400, 401, 403, 404, 405, 418, 429, 500, 503] {
            bench
                .registry
                .inject("/v2/", Some(3), Fault::status(status));
            let _ = client.tags(&repository, None, None).await;
            let _ = client.manifest(&repository, &tag("1.0.0").into()).await;
            let _ = client
                .open(&repository, package, None)
                .await
                .map(|opened| match opened {
                    Opened::Redirect(_) => {}
                    Opened::Content(response) => done(fetch.cancel(response.into_body())),
                });
            bench.registry.heal();
        }
    });
    assert_eq!(fetch.1.get(), 0, "bodies neither read nor cancelled");
}
