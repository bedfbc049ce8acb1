//! Everything around the code under test.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::{HeaderName, Request};

use super::catalog::FakeCatalog;
use super::clock::{START, VirtualClock, run};
use super::database::FakeDatabase;
use super::documents::FakeDocuments;
use super::host::{FakeHost, FakeLimits};
use super::registry::FakeRegistry;
use crate::catalog::ask::{self, Ask, Indexed};
use crate::catalog::sync::engine::EndedPass;
use crate::catalog::{Engine, Recent, Step};
use crate::config::{Config, Problems};
use crate::oci::Tokens;
use crate::platform::{Clock, Fetch, Timestamp};
use crate::serve::{CatalogClient, Handled, Memory, Service};

/// The settings of a world that nobody gave any: what a public registry needs.
pub(crate) const PUBLIC: &[(&str, &str)] = &[("REGISTRY", "registry.example/charts")];

/// A registry, KV, the catalog's object and an isolate of the Worker, at one time. Requests are answered by a catalog that is
/// told what to say ([`FakeCatalog`]) or by the one that the engine keeps ([`super::Object`]).
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) registry: FakeRegistry,
    pub(crate) documents: FakeDocuments,
    pub(crate) database: FakeDatabase,
    pub(crate) tokens: Tokens,
    pub(crate) recent: Recent,
    pub(crate) catalog: FakeCatalog,
    pub(crate) memory: Memory,
    pub(crate) config: Config,
    /// What is wrong with the settings; then `config` holds others.
    pub(crate) wrong: Option<Problems>,
    pub(crate) incarnation: String,
    /// The limits under which bodies of requests were read.
    pub(crate) received: RefCell<Vec<usize>>,
    /// How long the body of a request takes.
    pub(crate) bodies_take: Duration,
    /// What has a price.
    pub(crate) limits: FakeLimits,
}

impl World {
    /// A registry at `registry.example` read below `charts`.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same with further settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(&[PUBLIC, settings].concat())
    }

    /// A world of these settings alone, which may be wrong.
    pub(crate) fn of(settings: &[(&str, &str)]) -> Self {
        let clock = VirtualClock::at(START);
        let documents = FakeDocuments::new(clock.clone());
        documents.limit_puts(true);
        let (config, wrong) = match read(settings) {
            Ok(config) => (config, None),
            Err(problems) => (config(&[]), Some(problems)),
        };
        Self {
            registry: FakeRegistry::new(&clock),
            documents,
            database: FakeDatabase::new(),
            tokens: Tokens::signed_by(super::rs256),
            recent: Recent::default(),
            catalog: FakeCatalog::new(&clock),
            memory: Memory::new(),
            config,
            wrong,
            incarnation: "first".to_owned(),
            received: RefCell::default(),
            bodies_take: Duration::ZERO,
            limits: FakeLimits::default(),
            clock,
        }
    }

    pub(crate) fn engine(&self) -> Engine<'_, FakeRegistry, FakeDocuments, VirtualClock> {
        assert_eq!(self.wrong, None);
        Engine {
            fetch: &self.registry,
            documents: &self.documents,
            database: &self.database,
            tokens: &self.tokens,
            recent: &self.recent,
            config: &self.config,
            clock: &self.clock,
            incarnation: &self.incarnation,
        }
    }

    /// One step now, as an alarm makes it.
    #[track_caller]
    pub(crate) fn step(&self) -> Step {
        let step = run(&self.clock, self.engine().step());
        assert_eq!(step.broken, None);
        step
    }

    /// Steps as alarms make them, time passing to each, until a pass ends.
    #[track_caller]
    pub(crate) fn pass(&self) -> EndedPass {
        for _ in 0..10_000 {
            self.wait_for_alarm();
            if let Some(pass) = self.step().pass {
                return pass;
            }
        }
        panic!("no pass ends");
    }

    /// Steps as alarms make them until nothing is due within a second.
    #[track_caller]
    pub(crate) fn rest(&self) -> u32 {
        let mut calls = 0;
        for _ in 0..10_000 {
            if self.engine().next_alarm() > self.clock.now().after(Duration::from_secs(1)) {
                return calls;
            }
            self.wait_for_alarm();
            calls += self.step().calls;
        }
        panic!("the catalog never rests");
    }

    /// Passes for so many hours.
    pub(crate) fn wait(&self, hours: u64) {
        let until = self.clock.now().after(Duration::from_hours(hours));
        while self.clock.now() < until {
            self.pass();
        }
        self.rest();
    }

    pub(crate) fn wait_for_alarm(&self) {
        let now = self.clock.now();
        self.clock.advance(self.engine().next_alarm().since(now));
    }

    #[track_caller]
    pub(crate) fn ask<Q: Ask>(&self, question: &Q) -> Q::Answer {
        self.engine().answer(question).unwrap()
    }

    /// The index of a view as a request meets it that KV could not answer.
    #[track_caller]
    pub(crate) fn index(&self, view: &str) -> Indexed<Bytes> {
        self.ask(&ask::Index {
            view: view.parse().unwrap(),
            fresh: false,
        })
    }

    /// Answers a request as the Worker does, which asks registries by `fetch` and reaches this catalog.
    pub(crate) fn serve<F: Fetch<Body = Bytes>, C: CatalogClient<Body = Bytes>>(
        &self,
        fetch: &F,
        catalog: &C,
        memory: &Memory,
        request: Request<Bytes>,
    ) -> Handled<Bytes> {
        self.serve_all(fetch, catalog, memory, vec![request])
            .remove(0)
    }

    /// The same of several requests that come at one time.
    pub(crate) fn serve_all<F: Fetch<Body = Bytes>, C: CatalogClient<Body = Bytes>>(
        &self,
        fetch: &F,
        catalog: &C,
        memory: &Memory,
        requests: Vec<Request<Bytes>>,
    ) -> Vec<Handled<Bytes>> {
        let host = FakeHost {
            fetch,
            documents: &self.documents,
            catalog,
            clock: &self.clock,
            received: &self.received,
            bodies_take: self.bodies_take,
            limits: &self.limits,
        };
        let config = self.wrong.clone().map_or(Ok(self.config.clone()), Err);
        let service = Service {
            config: &config,
            host: &host,
            memory,
        };
        let handled = requests.into_iter().map(|one| service.handle(one));
        run(&self.clock, join_all(handled))
    }
}

/// A request as a client sends it.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(HeaderName, &str)],
    body: impl Into<Bytes>,
) -> Request<Bytes> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("https://charts.example{path}"))
        .body(body.into())
        .unwrap();
    for (name, value) in headers {
        let value = value.parse().unwrap();
        request.headers_mut().insert(name.clone(), value);
    }
    request
}

fn read(settings: &[(&str, &str)]) -> Result<Config, Problems> {
    let names = settings.iter().map(|(name, _)| (*name).to_owned());
    let further: Vec<String> = names
        .filter(|name| crate::config::is_of_accounts(name))
        .collect();
    let lookup = |name: &str| {
        // The last one counts.
        let setting = settings.iter().rev().find(|(key, _)| *key == name);
        setting.map(|(_, value)| (*value).to_owned())
    };
    Config::read(lookup, &further)
}

/// The settings of a public registry and these.
pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    read(&[PUBLIC, settings].concat()).unwrap()
}
