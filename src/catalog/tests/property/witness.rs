//! Who watches a history: what must hold at each moment, whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::event::{BULKY, Event};
use crate::catalog::rows::state::State;
use crate::index::{Key, View, shard_of};
use crate::platform::{Clock as _, Timestamp};
use crate::testing::World;

/// Name and version.
type File = (String, String);

/// What removes without a second word of the registry: a list that is not found for so long, a mass removal seen so long.
const BELIEVED_AFTER: Duration = Duration::from_hours(24);

/// What a webhook named while the registry held it.
struct Promise {
    ticket: u64,
    repository: String,
    tag: String,
    file: File,
    package: String,
}

/// Knows what the registry holds and reads every document that was ever put.
#[derive(Default)]
pub(super) struct Witness {
    /// Which tags offer a file, and with which package.
    offers: BTreeMap<File, BTreeSet<(String, String, String)>>,
    /// Files whose offers changed, and the pass that ran: before a later one has read all without a fault, nothing is owed.
    unsettled: BTreeMap<File, u64>,
    /// What the root's index had and the registry has held ever since: no index may lack it.
    owed: BTreeMap<File, String>,
    promises: Vec<Promise>,
    /// Since when lists may be not found, and since when the list of the many versions is short.
    not_found_since: Option<Timestamp>,
    short_since: Option<Timestamp>,
    hides: BTreeSet<usize>,
    /// Whether the rows were made anew and know of nothing yet.
    anew: bool,
    /// The latest time that the clock has shown.
    latest: Timestamp,
    /// KV as a reader finds it, and whether it has lost anything: then a document may be older than what links to it.
    shards: BTreeMap<String, Bytes>,
    lost: bool,
}

impl Witness {
    /// Looks at all that came of an event.
    pub(super) fn look(&mut self, world: &World, event: &Event) {
        let state = world.engine().store().unwrap().state().unwrap();
        self.latest = self.latest.max(world.clock.now());
        self.notice(world, event, &state);
        self.compare(world, &state);
        self.doubt(world, &state);
        self.read(world);
        self.settle(world, &state);
        self.hold_to_promises(world, &state, event);
        assert_eq!(
            world.registry.intrusions(),
            [""; 0],
            "it was to be left alone"
        );
    }

    fn notice(&mut self, world: &World, event: &Event, state: &State) {
        let loses = matches!(event, Event::LoseDocuments | Event::LostInPut { .. });
        let empty = loses || world.documents.keys().is_empty();
        // Until they have put an index, what is in KV may have more than they know.
        let root = world.engine().store().unwrap().root_document().unwrap();
        let anew = root.is_none_or(|root| root.length.is_none());
        if empty && (anew || self.anew) {
            // Neither rows nor documents: nobody can know any more.
            self.forget(state, |_, _| true);
        }
        self.anew = anew;
        match event {
            Event::Amnesia(true) => self.short_since = self.short_since.or(Some(self.latest)),
            Event::Amnesia(false) => self.short_since = None,
            Event::Hide {
                repository,
                hidden: true,
            } => {
                self.hides.insert(*repository);
            }
            Event::Hide { repository, .. } => {
                self.hides.remove(repository);
            }
            Event::LoseDocuments | Event::LostInPut { .. } => {
                self.lost = true;
                self.shards.clear();
            }
            // What failed to be put is asked of the catalog.
            Event::FailPuts(_) => self.lost = true,
            _ => {}
        }
    }

    /// Takes files out of what is owed.
    fn forget(&mut self, state: &State, which: impl Fn(&Witness, &File) -> bool) {
        let files: Vec<File> = self.offers.keys().cloned().collect();
        for file in files {
            if which(self, &file) {
                self.owed.remove(&file);
                self.unsettled.insert(file, state.pass.number);
            }
        }
    }

    /// Notes what the registry holds now.
    fn compare(&mut self, world: &World, state: &State) {
        let mut offers: BTreeMap<File, BTreeSet<_>> = BTreeMap::new();
        for chart in world.registry.charts() {
            let offer = (chart.repository, chart.tag, chart.package);
            let file = (chart.name, chart.version);
            offers.entry(file).or_default().insert(offer);
        }
        let files: BTreeSet<&File> = offers.keys().chain(self.offers.keys()).collect();
        for file in files {
            if offers.get(file) != self.offers.get(file) {
                self.owed.remove(file);
                self.unsettled.insert(file.clone(), state.pass.number);
                self.promises.retain(|promise| promise.file != *file);
            }
        }
        self.offers = offers;
    }

    /// What lasts for a day, the registry says in earnest.
    fn doubt(&mut self, world: &World, state: &State) {
        let lists = [
            "_catalog",
            "tags/list",
            "last=",
            "team",
            "charts/a/",
            "https://",
        ];
        if world.registry.has_fault(404, &lists) {
            let since = *self.not_found_since.get_or_insert(self.latest);
            if !self.hides.is_empty() || self.latest.since(since) >= BELIEVED_AFTER {
                self.forget(state, |_, _| true);
            }
        } else if state.last_pass.faults == 0 {
            self.not_found_since = None;
        } else if self.not_found_since.is_some() {
            self.forget(state, |_, _| true);
        }
        let short = self.short_since;
        if short.is_some_and(|since| self.latest.since(since) >= BELIEVED_AFTER) {
            self.forget(state, is_bulky);
        }
    }

    /// Reads what was put since the last look, in its order.
    fn read(&mut self, world: &World) {
        let root = Key::Index(View::root()).name(world.config.fingerprint());
        for (name, value) in world.documents.take_journal() {
            let Some(value) = value else {
                self.shards.remove(&name);
                continue;
            };
            if name != root {
                self.shards.insert(name, value);
                continue;
            }
            let listed = listed(&value);
            for (file, package) in &self.owed {
                assert_eq!(
                    listed.get(file),
                    Some(package),
                    "{file:?} is held by {:?}",
                    self.offers.get(file)
                );
            }
            if self.lost {
                continue;
            }
            for ((name, version), package) in &listed {
                let file = format!("{name}-{version}.tgz");
                let shard = Key::Files(shard_of(&file)).name(world.config.fingerprint());
                let shard = self.shards.get(&shard).map(|shard| shard.to_vec());
                let shard = String::from_utf8(shard.unwrap_or_default()).unwrap();
                assert!(
                    shard.contains(&file) && shard.contains(package.as_str()),
                    "an index links to {file} before its shard has it"
                );
            }
        }
    }

    /// What the root's index has and the registry holds is owed from now on.
    fn settle(&mut self, world: &World, state: &State) {
        let store = world.engine().store().unwrap();
        let clean = state.last_pass.faults == 0 && !store.any_row_unread().unwrap();
        let ended = state.last_pass.number;
        self.unsettled.retain(|_, pass| !clean || ended <= *pass);
        let root = Key::Index(View::root()).name(world.config.fingerprint());
        let Some((index, _)) = world.documents.stored(&root) else {
            return;
        };
        for (file, package) in listed(&index) {
            let offers = self.offers.get(&file);
            let held = offers.is_some_and(|offers| offers.iter().all(|(_, _, it)| *it == package));
            if held && !self.unsettled.contains_key(&file) {
                self.owed.insert(file, package);
            }
        }
    }

    /// What a webhook named is in the index that its sender is told of, or the catalog says why it is not.
    fn hold_to_promises(&mut self, world: &World, state: &State, event: &Event) {
        let store = world.engine().store().unwrap();
        let root = Key::Index(View::root()).name(world.config.fingerprint());
        let index = world.documents.stored(&root);
        let listed = index.map(|(index, _)| listed(&index));
        let settled = state.source(&world.config.sources[0].id).settled;
        let silent = self.not_found_since.is_some() || matches!(event, Event::Rollback);
        self.promises.retain(|promise| {
            if silent || promise.ticket > settled {
                return !silent;
            }
            let source = &world.config.sources[0].id;
            let repository = store.repository_named(source, &promise.repository).unwrap();
            let read = repository.is_some_and(|repository| {
                let tag = store.tag(repository.id, &promise.tag).unwrap();
                let failed = |tag: &crate::catalog::rows::tag::TagRow| {
                    tag.attempts > 0 || tag.next.is_some() || tag.manifest.is_none()
                };
                repository.error.is_none() && !tag.as_ref().is_some_and(failed)
            });
            if let (true, Some(listed)) = (read, &listed) {
                let published = listed.get(&promise.file);
                assert_eq!(published, Some(&promise.package), "{:?}", promise.file);
            }
            false
        });
        if let Event::Webhook { repository, tag } = event {
            let (repository, tag) = (super::REPOSITORIES[*repository], super::TAGS[*tag]);
            for (file, offers) in &self.offers {
                if let [(holder, named, package)] = Vec::from_iter(offers).as_slice()
                    && holder == repository
                    && named == tag
                {
                    self.promises.push(Promise {
                        ticket: state.tickets.issued,
                        repository: repository.to_owned(),
                        tag: tag.to_owned(),
                        file: file.clone(),
                        package: package.clone(),
                    });
                }
            }
        }
    }
}

fn is_bulky(witness: &Witness, file: &File) -> bool {
    let mut offers = witness.offers.get(file).into_iter().flatten();
    offers.any(|(repository, _, _)| repository == BULKY)
}

/// Name and version of what an index lists, and its digest.
fn listed(index: &[u8]) -> BTreeMap<File, String> {
    let index: Value = serde_json::from_slice(index).unwrap();
    let entries = index["entries"].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let versions = entries.values().flat_map(|list| list.as_array().unwrap());
    versions
        .map(|version| {
            let file = (text(&version["name"]), text(&version["version"]));
            (file, text(&version["digest"]))
        })
        .collect()
}
