//! The world a request meets: registry, KV, catalog, clock, all of them fakes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};
use http::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::host::FakeHost;
use super::through::{BrokenOff, through};
use crate::catalog::ask::index::NoIndex;
use crate::catalog::ask::{Ask, AskError, Index, Indexed, Progress};
use crate::config::{Config, Problems};
use crate::index::{Candidate, Key, Origin, Shard, shard_of};
use crate::oci::Digest;
use crate::platform::{Document, DocumentMetadata, Timestamp};
use crate::serve::{Body, CatalogClient, Handled, Memory, Service};
use crate::testing::{FakeDocuments, FakeRegistry, Pushed, VirtualClock, rebuilt, run};

/// 2026-11-21, in milliseconds.
const NOW: Timestamp = Timestamp(1_795_219_200_000);

pub(crate) const PUBLIC: &[(&str, &str)] = &[("REGISTRY", "registry.example/charts")];

pub(crate) const PRIVATE: &[(&str, &str)] = &[
    ("REGISTRY", "registry.example/charts"),
    ("BASIC_AUTH_USER", "helm"),
    ("BASIC_AUTH_PASS", "secret"),
    ("ADMIN_TOKEN", "t0ken"),
    ("WEBHOOK_SECRET", "hook"),
];

/// `helm:secret`.
pub(crate) const READER: (HeaderName, &str) = (AUTHORIZATION, "Basic aGVsbTpzZWNyZXQ=");
pub(crate) const ADMIN: (HeaderName, &str) = (AUTHORIZATION, "Bearer t0ken");

/// What the catalog says next.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// Its index.
    Document(&'static str),
    /// There is no such space or file.
    Missing,
    /// The first pass runs.
    NotReady(Progress),
    /// An answer to another question than one for an index.
    Answer(serde_json::Value),
    /// It runs with other settings.
    Refused,
    /// It fails, and why.
    Failed(String),
}

impl Say {
    pub(crate) fn answer(answer: &impl Serialize) -> Self {
        Self::Answer(serde_json::to_value(answer).unwrap())
    }

    pub(crate) fn broken() -> Self {
        Self::Failed("the object was reset".to_owned())
    }

    /// As the answer to a question that is not for an index.
    fn into_answer<A: DeserializeOwned>(self) -> Result<A, AskError> {
        // `Found`, and nothing where an answer may be none.
        let missing = || json!("missing");
        let value = match self {
            Self::Answer(value) => value,
            Self::Missing => match serde_json::from_value(missing()) {
                Ok(answer) => return Ok(answer),
                Err(_) => serde_json::Value::Null,
            },
            Self::NotReady(progress) => json!({ "not-ready": progress }),
            Self::Refused => return Err(AskError::Refused),
            Self::Failed(reason) => return Err(AskError::Failed(reason)),
            other @ Self::Document(_) => panic!("{other:?} is no answer to this question"),
        };
        serde_json::from_value(value).map_err(|error| AskError::Failed(error.to_string()))
    }

    fn into_index(self) -> Result<Indexed<Bytes>, AskError> {
        Ok(match self {
            Self::Document(text) => Indexed::Document(Document {
                body: Bytes::from(text),
                metadata: DocumentMetadata {
                    etag: format!("\"{text}\""),
                    length: text.len() as u64,
                    updated: NOW,
                },
            }),
            Self::Missing => Indexed::Without(NoIndex::Missing),
            Self::NotReady(progress) => Indexed::Without(NoIndex::NotReady(progress)),
            Self::Refused => return Err(AskError::Refused),
            Self::Failed(reason) => return Err(AskError::Failed(reason)),
            Self::Answer(value) => panic!("{value} is no index"),
        })
    }
}

/// A question as [`World::asked`] tells it.
pub(crate) fn question<Q: Ask>(question: &Q) -> String {
    format!("{} {}", Q::NAME, serde_json::to_string(question).unwrap())
}

/// A catalog that says what it was told to say; the last saying is repeated.
pub(crate) struct FakeCatalog {
    clock: VirtualClock,
    says: RefCell<VecDeque<Say>>,
    asked: RefCell<Vec<String>>,
    pauses: Cell<usize>,
}

impl FakeCatalog {
    fn next(&self) -> Say {
        let mut says = self.says.borrow_mut();
        let say = match says.len() {
            0 | 1 => says.front().cloned(),
            _ => says.pop_front(),
        };
        say.expect("nobody said what the catalog answers")
    }
}

impl CatalogClient for FakeCatalog {
    type Body = Bytes;

    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        asked: &Q,
    ) -> Result<Q::Answer, AskError> {
        self.asked.borrow_mut().push(question(asked));
        self.next().into_answer()
    }

    async fn index(&self, asked: &Index) -> Result<Indexed<Bytes>, AskError> {
        self.asked.borrow_mut().push(question(asked));
        self.next().into_index()
    }

    async fn pause(&self, duration: std::time::Duration) {
        self.pauses.set(self.pauses.get() + 1);
        self.clock.sleep(duration).await;
    }
}

/// Everything a request meets.
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) registry: FakeRegistry,
    pub(crate) documents: FakeDocuments,
    pub(crate) catalog: FakeCatalog,
    pub(crate) memory: Memory,
    /// The limits under which bodies of requests were read.
    pub(crate) received: RefCell<Vec<usize>>,
    pub(crate) config: Result<Config, Problems>,
}

impl World {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let clock = VirtualClock::at(NOW);
        Self {
            registry: FakeRegistry::new(&clock),
            documents: FakeDocuments::new(clock.clone()),
            catalog: FakeCatalog {
                clock: clock.clone(),
                says: RefCell::default(),
                asked: RefCell::default(),
                pauses: Cell::new(0),
            },
            memory: Memory::new(),
            received: RefCell::default(),
            config: config(settings),
            clock,
        }
    }

    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::new(&[PUBLIC, settings].concat())
    }

    pub(crate) fn say(&self, says: impl IntoIterator<Item = Say>) {
        *self.catalog.says.borrow_mut() = says.into_iter().collect();
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.catalog.asked.borrow().clone()
    }

    pub(crate) fn pauses(&self) -> usize {
        self.catalog.pauses.get()
    }

    fn fingerprint(&self) -> &str {
        self.config.as_ref().unwrap().fingerprint()
    }

    pub(crate) fn publish_index(&self, view: &str, text: &str) {
        let key = Key::Index(view.parse().unwrap()).name(self.fingerprint());
        self.documents.seed(&key, text.to_owned(), text);
    }

    pub(crate) fn publish_file(&self, file: &str, candidates: &[Candidate]) {
        let mut shard = Shard::default();
        for candidate in candidates {
            shard.add(file, candidate.clone());
        }
        let key = Key::Files(shard_of(file)).name(self.fingerprint());
        self.documents.seed(&key, shard.to_bytes(), "shard");
    }

    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Handled<Bytes> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://charts.example{path}"))
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(name.clone(), value.parse().unwrap());
        }
        let host = FakeHost {
            fetch: &self.registry,
            documents: &self.documents,
            catalog: &self.catalog,
            clock: &self.clock,
            received: RefCell::default(),
        };
        let service = Service {
            config: &self.config,
            host: &host,
            memory: &self.memory,
        };
        let handled = run(&self.clock, service.handle(request));
        self.received.borrow_mut().extend(host.received.take());
        assert!(
            handled.response.headers().contains_key(CACHE_CONTROL),
            "no Cache-Control for {method} {path}"
        );
        handled
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response<Body<Bytes>> {
        self.send("GET", path, &[], "").response
    }

    #[track_caller]
    pub(crate) fn get_with(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Response<Body<Bytes>> {
        self.send("GET", path, headers, "").response
    }

    #[track_caller]
    pub(crate) fn head(&self, path: &str) -> Response<Body<Bytes>> {
        self.send("HEAD", path, &[], "").response
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body<Bytes>> {
        self.send("POST", path, headers, "").response
    }
}

pub(crate) fn config(settings: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::from_lookup(|name| {
        let setting = settings.iter().rev().find(|(key, _)| *key == name);
        setting.map(|(_, value)| (*value).to_owned())
    })
}

/// A pushed chart as a candidate.
pub(crate) fn candidate(repository: &str, pushed: &Pushed, package: &[u8]) -> Candidate {
    assert_eq!(pushed.package, Digest::sha256_of(package));
    Candidate {
        source: "registry.example/charts".to_owned(),
        repository: repository.to_owned(),
        package: pushed.package.clone(),
        size: package.len() as u64,
        provenance: None,
        origin: Origin::Stored,
        until: None,
    }
}

/// A whole answer as text.
pub(crate) fn show(response: &Response<Body<Bytes>>) -> String {
    let mut text = format!("{}\n", response.status().as_u16());
    let mut headers: Vec<_> = response.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
    }
    match response.body() {
        Body::Empty => {}
        Body::Bytes(bytes) => {
            let _ = write!(text, "\n{}", String::from_utf8_lossy(bytes));
        }
        Body::Stream(bytes) => {
            let _ = write!(text, "\nstream: {}", String::from_utf8_lossy(bytes));
        }
        Body::Verified { stream, promised } => {
            let _ = match through(promised, stream.chunks(7)) {
                Ok(bytes) => write!(text, "\nverified: {}", String::from_utf8_lossy(&bytes)),
                Err(BrokenOff(sent)) => {
                    write!(text, "\nbroken off: {}", String::from_utf8_lossy(&sent))
                }
            };
        }
        Body::Unmeasured { stream, size } => {
            let text_of = String::from_utf8_lossy(stream);
            let _ = write!(text, "\nstream of {size} bytes: {text_of}");
        }
        Body::Rebuilt { parts, .. } => {
            let _ = write!(text, "\n{parts:?}");
        }
    }
    text
}

/// The message of an error answer.
#[track_caller]
pub(crate) fn error(response: &Response<Body<Bytes>>) -> String {
    let Body::Bytes(bytes) = response.body() else {
        panic!("no error: {}", show(response));
    };
    let body: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    format!(
        "{} {}",
        response.status().as_u16(),
        body["error"].as_str().unwrap()
    )
}

pub(crate) fn status(response: &Response<Body<Bytes>>) -> u16 {
    response.status().as_u16()
}

/// The bytes a client gets.
pub(crate) fn bytes(response: &Response<Body<Bytes>>) -> &[u8] {
    match response.body() {
        Body::Empty => b"",
        Body::Bytes(bytes) | Body::Stream(bytes) | Body::Unmeasured { stream: bytes, .. } => bytes,
        Body::Verified { stream, promised } => {
            through(promised, stream.chunks(7)).expect("these are other bytes");
            stream
        }
        Body::Rebuilt { .. } => panic!("see `made`"),
    }
}

/// The bytes a client gets of a package that is made for it, whose length is as it was promised.
pub(crate) fn made(response: &Response<Body<Bytes>>) -> Bytes {
    let Body::Rebuilt { parts, size } = response.body() else {
        panic!("not rebuilt: {}", show(response));
    };
    let package = rebuilt(parts);
    assert_eq!(package.len() as u64, *size);
    package
}
