//! A whole registry in memory, at the HTTP seam: it answers `http::Request`s as real ones do, oddities on request.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | what it answers |
//! | `auth` | who may read |
//! | `content` | what is in it |
//! | `fault` | faults on request |
//! | `log` | what it saw |
//! | `paging` | lists in pages, and the many ways to write a `Link` |
//! | `truth` | what only the registry itself knows, to compare with |
//! | `write` | uploads of blobs, manifests, deletion |

mod answer;
mod auth;
mod content;
mod fault;
mod log;
mod paging;
mod truth;
mod write;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use crate::oci::{Digest, Registry};
use crate::platform::{Clock as _, Fetch, FetchError, Timestamp};

use super::VirtualClock;
use super::clock::give_way;

pub(crate) use auth::{Auth, TokenAuth};
pub(crate) use fault::Fault;
pub(crate) use log::Call;
pub(crate) use paging::LinkStyle;

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
    uploads: write::Uploads,
    /// Repositories that nobody may see.
    denied: BTreeSet<String>,
    where_blobs: Blobs,
    manifests_redirect: bool,
    digest_header: bool,
    tag_list_etags: bool,
    page_size: Option<usize>,
    largest_n: Option<usize>,
    link_style: LinkStyle,
    shuffled: Option<u64>,
    /// Repositories whose tag lists never end.
    endless: BTreeSet<String>,
    /// Repositories that the list of repositories lacks, and those whose tag lists have only so many.
    hidden: BTreeSet<String>,
    shown: BTreeMap<String, usize>,
    /// Another host at which it answers.
    other_host: Option<String>,
    /// A host at which calls take so long, or half a minute and then have no answer.
    slow: Option<(String, Duration)>,
    /// What manifests are of, once they were looked into.
    contents: BTreeMap<Digest, truth::Contents>,
    /// Times in which it is to be left alone, and calls in them.
    refusals: Vec<truth::Refusal>,
    intrusions: Vec<String>,
    /// What is told of how many calls are left: of these, of so many, in so many seconds.
    told_limit: Option<(u64, u64, u64)>,
    /// How many calls are answered in how long.
    rate: Option<(usize, Duration)>,
    /// When the window of that began, and the calls in it.
    window: (Timestamp, usize),
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
    /// Other registries, which answer for their own hosts.
    neighbours: RefCell<Vec<Rc<FakeRegistry>>>,
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
            uploads: write::Uploads::default(),
            denied: BTreeSet::new(),
            where_blobs: Blobs::Here,
            manifests_redirect: false,
            digest_header: true,
            tag_list_etags: false,
            page_size: None,
            largest_n: None,
            link_style: LinkStyle::Relative,
            shuffled: None,
            endless: BTreeSet::new(),
            hidden: BTreeSet::new(),
            shown: BTreeMap::new(),
            other_host: None,
            slow: None,
            contents: BTreeMap::new(),
            refusals: Vec::new(),
            intrusions: Vec::new(),
            told_limit: None,
            rate: None,
            window: (Timestamp::default(), 0),
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
            neighbours: RefCell::default(),
        }
    }

    /// Where it is.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

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

    /// Whether blobs can be mounted from another repository, and manifests deleted; many registries can neither.
    pub(crate) fn set_mounts_and_deletes(&self, able: bool) {
        self.state.borrow_mut().uploads.mounts_and_deletes = able;
    }

    /// Where uploads are said to go on, `{}` for the upload's own path; the start is that path with a query.
    pub(crate) fn set_upload_location(&self, location: &str) {
        location.clone_into(&mut self.state.borrow_mut().uploads.location);
    }

    /// How `Link` headers are written.
    pub(crate) fn set_link_style(&self, style: LinkStyle) {
        self.state.borrow_mut().link_style = style;
    }

    /// Lists the names of each page in an order of its own, as distribution 2.8 does with tags on a file system.
    pub(crate) fn shuffle_lists(&self, seed: u64) {
        self.state.borrow_mut().shuffled = Some(seed);
    }

    /// Gives a repository's tags again and again, and always a further page.
    pub(crate) fn set_endless(&self, repository: &str) {
        let mut state = self.state.borrow_mut();
        state.endless.insert(repository.to_owned());
    }

    /// Answers so many calls in each window of this length; those beyond get 429 and when to come again.
    pub(crate) fn limit_rate(&self, calls: usize, window: Duration) {
        self.state.borrow_mut().rate = Some((calls, window));
    }

    /// Tells with each manifest that is read how many are left, as Docker Hub does: of these, of so many, in so many seconds.
    pub(crate) fn tell_rate_limit(&self, told: Option<(u64, u64, u64)>) {
        self.state.borrow_mut().told_limit = told;
    }

    /// How long each call takes, on the virtual clock.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.state.borrow_mut().latency = latency;
    }

    /// How long each call takes now.
    pub(crate) fn latency(&self) -> Duration {
        self.state.borrow().latency
    }

    /// Answers calls whose `METHOD URL`, with Amazon's name of the operation behind it, contains `what` with `fault`: so many times, or (`None`) for ever.
    pub(crate) fn inject(&self, what: &str, times: Option<usize>, fault: Fault) {
        self.state
            .borrow_mut()
            .faults
            .push(fault::Injected::new(what, times, fault));
    }

    /// Another registry, at `[scheme://]host[:port]`, that is reached the same way.
    pub(crate) fn beside(&self, host: &str) -> Rc<Self> {
        let other = Rc::new(Self::at(host, &self.clock));
        self.neighbours.borrow_mut().push(Rc::clone(&other));
        other
    }

    fn neighbour_of(&self, request: &http::Request<Bytes>) -> Option<Rc<Self>> {
        let origin = format!(
            "{}://{}",
            request.uri().scheme_str()?,
            request.uri().authority()?
        );
        let neighbours = self.neighbours.borrow();
        let mut at = neighbours
            .iter()
            .filter(|it| it.registry.origin() == origin);
        at.next().cloned()
    }

    fn count_manifest(&self, answer: &mut Result<http::Response<Bytes>, FetchError>) {
        let mut state = self.state.borrow_mut();
        if let (Ok(answer), Some((left, limit, window))) = (answer, &mut state.told_limit) {
            *left = left.saturating_sub(1);
            for (name, count) in [("ratelimit-limit", limit), ("ratelimit-remaining", left)] {
                let value = format!("{count};w={window}").parse().unwrap();
                answer.headers_mut().insert(name, value);
            }
        }
    }

    /// Ends all injected faults.
    pub(crate) fn heal(&self) {
        self.state.borrow_mut().faults.clear();
    }
}

impl Fetch for FakeRegistry {
    type Body = Bytes;

    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        if let Some(neighbour) = self.neighbour_of(&request) {
            return Box::pin(neighbour.send(request)).await;
        }
        // As the runtime does with a body in memory.
        if let length @ 1.. = request.body().len() {
            let headers = request.headers_mut();
            headers.insert(http::header::CONTENT_LENGTH, length.into());
        }
        let running = self.arrive(&request);
        let latency = self.state.borrow().latency_of(&request);
        if latency.is_zero() {
            give_way().await;
        } else {
            self.clock.sleep(latency).await;
        }
        if latency >= truth::SILENCE {
            drop(running);
            return Err(FetchError::Timeout);
        }
        let mut answer = self.answer(&request);
        if let Ok(answer) = &answer {
            let now = self.clock.now();
            self.state.borrow_mut().note(&request, answer, now);
        }
        if request.method() == http::Method::GET && request.uri().path().contains("/manifests/") {
            self.count_manifest(&mut answer);
        }
        drop(running);
        answer
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        give_way().await;
        if body.len() > limit {
            Err(FetchError::TooLarge(limit))
        } else {
            Ok(body)
        }
    }

    async fn cancel(&self, _body: Bytes) {
        give_way().await;
    }

    async fn wait(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}
