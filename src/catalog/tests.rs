//! The engine against a registry at the HTTP seam, documents that behave as KV does, and SQLite.

mod absences;
mod asking;
mod budgets;
mod contests;
mod damage;
mod discovery;
mod faults;
mod first_index;
mod guards;
mod helm;
mod hostile;
mod kept;
mod layouts;
mod lists;
mod meanwhile;
mod named;
mod odd;
mod pace;
mod peer;
mod precedence;
pub(crate) mod property;
mod publishing;
mod refreshes;
mod removals;
mod same_bytes;
mod scale;
mod schema;
mod shedding;
mod sources;
mod turns;
mod worker;

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::ask::index::NoIndex;
use super::ask::{self, Accepted, Ask, Found, Indexed};
use super::sync::engine::EndedPass;
use super::{Engine, Recent, Step};
use crate::config::Config;
use crate::index::{Key, View};
use crate::oci::Tokens;
use crate::platform::{Clock, Timestamp};
use crate::testing::{FakeDatabase, FakeDocuments, FakeRegistry, VirtualClock, run};

/// A day in November 2025, so that nothing works only because the clock stands at zero.
const START: Timestamp = Timestamp(1_763_683_200_000);

/// Everything around an engine.
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) registry: FakeRegistry,
    pub(crate) documents: FakeDocuments,
    pub(crate) database: FakeDatabase,
    pub(crate) tokens: Tokens,
    pub(crate) recent: Recent,
    pub(crate) config: Config,
    pub(crate) incarnation: String,
}

impl World {
    /// A registry at `registry.example` read below `charts`.
    fn new() -> Self {
        Self::with(&[])
    }

    /// The same with further settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let clock = VirtualClock::at(START);
        let documents = FakeDocuments::new(clock.clone());
        documents.limit_puts(true);
        Self {
            registry: FakeRegistry::new(&clock),
            documents,
            database: FakeDatabase::new(),
            tokens: Tokens::default(),
            recent: Recent::default(),
            config: config(settings),
            incarnation: "first".to_owned(),
            clock,
        }
    }

    pub(crate) fn engine(&self) -> Engine<'_, FakeRegistry, FakeDocuments, VirtualClock> {
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
    fn step(&self) -> Step {
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

    /// Why the catalog has no such index.
    #[track_caller]
    fn no_index(&self, view: &str) -> NoIndex {
        match self.index(view) {
            Indexed::Without(reason) => reason,
            Indexed::Document(_) => panic!("{view:?} has an index"),
        }
    }

    /// A webhook that names a repository, and perhaps a tag.
    fn notify(&self, repository: &str, tag: Option<&str>) {
        let names = vec![(repository.to_owned(), tag.map(str::to_owned))];
        self.ask(&ask::Changed {
            names,
            delivery: None,
        });
    }

    /// A request to sync all, or what lies at a path.
    fn refresh(&self, path: Option<&str>) -> Option<Accepted> {
        self.ask(&ask::Refresh {
            path: path.map(str::to_owned),
            confirm: false,
        })
    }

    /// What KV has under a key.
    fn published(&self, key: &Key) -> Option<Value> {
        let (bytes, _) = self
            .documents
            .stored(&key.name(self.config.fingerprint()))?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// The `<chart> <version>` lines of a published index, in its order.
    #[track_caller]
    fn versions(&self, view: &str) -> Vec<String> {
        lines(
            &self
                .published(&Key::Index(view.parse().unwrap()))
                .expect("the index is published"),
        )
    }

    /// The same of an index as the catalog answers it from rows.
    #[track_caller]
    fn answered(&self, view: &str) -> Vec<String> {
        match self.index(view) {
            Indexed::Document(document) => lines(&serde_json::from_slice(&document.body).unwrap()),
            Indexed::Without(reason) => panic!("{reason:?}"),
        }
    }
}

/// A catalog at rest that has read so many versions of one chart.
fn filled(settings: &[(&str, &str)], versions: usize) -> World {
    let world = World::with(settings);
    world.registry.push_versions("charts/a", 0..versions);
    world.pass();
    world.rest();
    world
}

/// The same with one version of `b`, in two repositories that nothing enumerates.
fn two_repositories(versions: usize) -> World {
    let world = World::with(&[("REPOSITORIES", "a,b")]);
    world.registry.push_versions("charts/a", 0..versions);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world
}

pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    let lookup = |name: &str| {
        let given = settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned());
        given.or_else(|| (name == "REGISTRY").then(|| "registry.example/charts".to_owned()))
    };
    Config::from_lookup(lookup).unwrap()
}

fn lines(index: &Value) -> Vec<String> {
    let entries = index["entries"].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .values()
        .flat_map(|versions| versions.as_array().unwrap())
        .map(|version| format!("{} {}", text(&version["name"]), text(&version["version"])))
        .collect()
}
