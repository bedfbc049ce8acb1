//! The engine against a registry at the HTTP seam, documents that behave as KV does, and SQLite.

mod absences;
mod asking;
mod budgets;
mod classic;
mod clocks;
mod contests;
mod damage;
mod discovery;
mod faults;
mod first_index;
mod guards;
mod handed_out;
mod helm;
mod hostile;
mod kept;
mod layouts;
mod links;
mod lists;
mod lost_puts;
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
mod rollback;
mod same_bytes;
mod scale;
mod schema;
mod several;
mod shares;
mod shedding;
mod side_by_side;
mod sources;
mod turns;
mod worker;

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::ask::index::NoIndex;
use super::ask::{self, Accepted, Ask, Found, Indexed};
use super::{Engine, Recent, Step};
use crate::index::{Key, View};
use crate::platform::{Clock, Timestamp};
use crate::testing::{
    FakeDatabase, FakeDocuments, FakeRegistry, START, VirtualClock, World, config, run,
};

impl World {
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
        self.ask(&ask::Changed::Notified {
            names,
            host: None,
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

fn lines(index: &Value) -> Vec<String> {
    let entries = index["entries"].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .values()
        .flat_map(|versions| versions.as_array().unwrap())
        .map(|version| format!("{} {}", text(&version["name"]), text(&version["version"])))
        .collect()
}
