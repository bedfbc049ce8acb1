//! A whole registry in memory, at the HTTP seam: it answers `http::Request`s as real ones do, oddities on request.

mod answer;
mod auth;
mod fault;
mod paging;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::oci::{Digest, Registry};
use crate::platform::{Clock as _, Fetch, FetchError, Timestamp};

use super::VirtualClock;

pub(crate) use auth::{Auth, TokenAuth};
pub(crate) use fault::Fault;
pub(crate) use paging::LinkStyle;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// Where redirects lead; the fake answers there too, and fails the test when credentials arrive.
pub(super) const BLOB_HOST: &str = "blobs.example";

/// Where blobs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blobs {
    /// In the registry: 200, ranges.
    Here,
    /// Elsewhere: this 30x with an absolute Location, signed.
    Redirect(u16),
    /// Google Artifact Registry: this 30x with a relative Location.
    Relative(u16),
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) at: Timestamp,
}

/// What a pushed chart is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pushed {
    pub(crate) manifest: Digest,
    pub(crate) config: Digest,
    pub(crate) package: Digest,
    pub(crate) provenance: Option<Digest>,
}

#[derive(Default)]
struct Repository {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, (String, Bytes)>,
}

struct State {
    repositories: BTreeMap<String, Repository>,
    blobs: BTreeMap<Digest, Bytes>,
    /// Repositories that nobody may see.
    denied: BTreeSet<String>,
    where_blobs: Blobs,
    manifests_redirect: bool,
    digest_header: bool,
    tag_list_etags: bool,
    page_size: Option<usize>,
    largest_n: Option<usize>,
    link_style: LinkStyle,
    auth: Auth,
    guard: auth::Guard,
    faults: Vec<fault::Injected>,
    latency: Duration,
    log: Vec<Call>,
    running: usize,
    most_running: usize,
}

/// The registry. Everything can be changed while it is in use.
pub(crate) struct FakeRegistry {
    registry: Registry,
    clock: VirtualClock,
    state: RefCell<State>,
}

impl FakeRegistry {
    /// An open, empty registry at `https://registry.example`: no paging, blobs in place, no latency.
    pub(crate) fn new(clock: &VirtualClock) -> Self {
        Self::at("registry.example", clock)
    }

    /// The same at another `[scheme://]host[:port]`.
    pub(crate) fn at(host: &str, clock: &VirtualClock) -> Self {
        let state = State {
            repositories: BTreeMap::new(),
            blobs: BTreeMap::new(),
            denied: BTreeSet::new(),
            where_blobs: Blobs::Here,
            manifests_redirect: false,
            digest_header: true,
            tag_list_etags: false,
            page_size: None,
            largest_n: None,
            link_style: LinkStyle::Relative,
            auth: Auth::Open,
            guard: auth::Guard::default(),
            faults: Vec::new(),
            latency: Duration::ZERO,
            log: Vec::new(),
            running: 0,
            most_running: 0,
        };
        Self {
            registry: host.parse().unwrap(),
            clock: clock.clone(),
            state: RefCell::new(state),
        }
    }

    /// Where it is.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    // What is in it.

    /// Pushes a blob.
    pub(crate) fn push_blob(&self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256_of(&bytes);
        self.state.borrow_mut().blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Pushes a manifest of any kind under `tag`.
    pub(crate) fn push_manifest(
        &self,
        repository: &str,
        tag: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let digest = self.push_untagged(repository, content_type, bytes);
        self.tag(repository, tag, &digest);
        digest
    }

    /// Pushes a manifest by digest only.
    pub(crate) fn push_untagged(
        &self,
        repository: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256_of(&bytes);
        let mut state = self.state.borrow_mut();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository
            .manifests
            .insert(digest.clone(), (content_type.to_owned(), bytes));
        digest
    }

    /// Points `tag` to a manifest.
    pub(crate) fn tag(&self, repository: &str, tag: &str, manifest: &Digest) {
        let mut state = self.state.borrow_mut();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.tags.insert(tag.to_owned(), manifest.clone());
    }

    /// Pushes a chart as Helm ≥ 3.7 does: config, package and perhaps provenance, layers sorted by digest.
    pub(crate) fn push_chart(
        &self,
        repository: &str,
        tag: &str,
        metadata: &Value,
        package: &[u8],
        provenance: Option<&[u8]>,
        annotations: &[(&str, &str)],
    ) -> Pushed {
        let config = metadata.to_string().into_bytes();
        let mut layers = vec![self.layer(PACKAGE, package)];
        layers.extend(provenance.map(|bytes| self.layer(PROVENANCE, bytes)));
        layers.sort_by_key(|layer| layer["digest"].to_string());
        let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
        let manifest = json!({
            "schemaVersion": 2,
            "config": self.layer(CONFIG, &config),
            "layers": layers,
            "annotations": annotations,
        });
        Pushed {
            manifest: self.push_manifest(repository, tag, MANIFEST, manifest.to_string()),
            config: Digest::sha256_of(&config),
            package: Digest::sha256_of(package),
            provenance: provenance.map(Digest::sha256_of),
        }
    }

    /// Pushes a chart of which only name and version matter; the tag is the version with `+` as `_`.
    pub(crate) fn push_version(&self, repository: &str, name: &str, version: &str) -> Pushed {
        let metadata = json!({"apiVersion": "v2", "name": name, "version": version});
        let package = format!("the package of {name} {version}");
        self.push_chart(
            repository,
            &version.replace('+', "_"),
            &metadata,
            package.as_bytes(),
            None,
            &[],
        )
    }

    fn layer(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = self.push_blob(bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Deletes a tag; its manifest stays.
    pub(crate) fn delete_tag(&self, repository: &str, tag: &str) {
        if let Some(repository) = self.state.borrow_mut().repositories.get_mut(repository) {
            repository.tags.remove(tag);
        }
    }

    /// Deletes a repository altogether.
    pub(crate) fn delete_repository(&self, repository: &str) {
        self.state.borrow_mut().repositories.remove(repository);
    }

    // How it behaves.

    /// Who may read.
    pub(crate) fn set_auth(&self, auth: Auth) {
        let mut state = self.state.borrow_mut();
        state.auth = auth;
        state.guard = auth::Guard::default();
    }

    /// Denies a repository to everybody, or to nobody any more.
    pub(crate) fn deny(&self, repository: &str, denied: bool) {
        let mut state = self.state.borrow_mut();
        if denied {
            state.denied.insert(repository.to_owned());
        } else {
            state.denied.remove(repository);
        }
    }

    /// All tokens given so far end now.
    pub(crate) fn expire_tokens(&self) {
        self.state.borrow_mut().guard.expire(self.clock.now());
    }

    /// The next request with a token is answered `insufficient_scope`, whatever the token.
    pub(crate) fn insufficient_scope_once(&self) {
        self.state.borrow_mut().guard.refuse_once();
    }

    /// Where blobs are.
    pub(crate) fn set_blobs(&self, blobs: Blobs) {
        self.state.borrow_mut().where_blobs = blobs;
    }

    /// Whether manifests are redirected too, as registry.k8s.io does.
    pub(crate) fn redirect_manifests(&self, redirect: bool) {
        self.state.borrow_mut().manifests_redirect = redirect;
    }

    /// Whether answers carry `Docker-Content-Digest`.
    pub(crate) fn set_digest_header(&self, digest_header: bool) {
        self.state.borrow_mut().digest_header = digest_header;
    }

    /// Whether tag lists carry an `ETag` and answer `If-None-Match`.
    pub(crate) fn set_tag_list_etags(&self, etags: bool) {
        self.state.borrow_mut().tag_list_etags = etags;
    }

    /// The largest page of a list; `None` (the start) gives everything at once whatever `n` says, as distribution 2.8.
    pub(crate) fn set_page_size(&self, size: Option<usize>) {
        self.state.borrow_mut().page_size = size;
    }

    /// Answers 400 `PAGINATION_NUMBER_INVALID` to a larger `n`.
    pub(crate) fn set_largest_n(&self, n: Option<usize>) {
        self.state.borrow_mut().largest_n = n;
    }

    /// How `Link` headers are written.
    pub(crate) fn set_link_style(&self, style: LinkStyle) {
        self.state.borrow_mut().link_style = style;
    }

    /// How long each call takes, on the virtual clock.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.state.borrow_mut().latency = latency;
    }

    /// Answers calls whose `METHOD URL` contains `what` with `fault`: so many times, or (`None`) for ever.
    pub(crate) fn inject(&self, what: &str, times: Option<usize>, fault: Fault) {
        self.state
            .borrow_mut()
            .faults
            .push(fault::Injected::new(what, times, fault));
    }

    /// Ends all injected faults.
    pub(crate) fn heal(&self) {
        self.state.borrow_mut().faults.clear();
    }

    // What it saw.

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

    fn arrive(&self, request: &http::Request<Bytes>) -> Running<'_> {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let mut state = self.state.borrow_mut();
        state.log.push(Call {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            authorization: header("authorization"),
            range: header("range"),
            at: self.clock.now(),
        });
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        Running(self)
    }
}

/// A request under way; a dropped one ends too.
struct Running<'a>(&'a FakeRegistry);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().running -= 1;
    }
}

impl Fetch for FakeRegistry {
    type Body = Bytes;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        let running = self.arrive(&request);
        let latency = self.state.borrow().latency;
        if !latency.is_zero() {
            self.clock.sleep(latency).await;
        }
        let answer = self.answer(&request);
        drop(running);
        answer
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        if body.len() > limit {
            Err(FetchError::TooLarge(limit))
        } else {
            Ok(body)
        }
    }

    async fn cancel(&self, _body: Bytes) {}
}
