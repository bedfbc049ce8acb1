//! A change of configuration: what is no longer configured goes at once, the rest is served from rows under new keys.

use std::collections::BTreeMap;

use crate::catalog::rows::counts::SourceCounts;
use crate::catalog::rows::document::RETIRED_FOR;
use crate::catalog::rows::recall::Recall;
use crate::catalog::rows::source_state::{Pace, Pause, SourceState};
use crate::catalog::rows::state::{AppliedConfig, LastPass, Pass, Rhythm, State};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::TagName;
use crate::catalog::sync::listing::allowed;
use crate::config::Config;
use crate::oci::{Credentials, Name};
use crate::platform::{DatabaseError, Timestamp};
use crate::source::{Source, unmounted};

/// Repositories read at a time.
const PAGE: i64 = 500;

impl State {
    /// Keeps what is known of the configured sources, and their versions as counted.
    fn set_sources(&mut self, config: &Config, counts: &BTreeMap<String, SourceCounts>) {
        self.sources.retain(|id, _| config.source(id).is_some());
        for source in &config.sources {
            if !self.sources.contains_key(&source.id) {
                // A Worker that kept nothing by source had one ring for all.
                self.source_mut(&source.id).ring = self.ring.clone();
            }
            let trace = source.trace();
            let known = self.source_mut(&source.id);
            if known.settings != trace {
                // What it said to the former settings is void.
                known.pause = Pause::default();
                known.pace = Pace::default();
                known.settings = trace;
            }
        }
        self.count_versions(counts);
    }
}

/// Makes the rows fit the configuration if they were made under another one, as the state says that was loaded a moment ago.
pub(crate) fn configure(
    store: Store<'_>,
    state: State,
    config: &Config,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mut origin = state.origin;
    let fingerprint = config.fingerprint();
    if origin.fingerprint == fingerprint {
        let same = |source: &Source| {
            let known = state.sources.get(&source.id);
            known.is_some_and(|known| known.settings == source.trace())
        };
        if !config.sources.iter().all(same) {
            // Another password, or rows of a Worker that kept nothing by source.
            store.waive_all()?;
            let counts = store.count_by_source()?;
            store.update(|state| {
                state.set_sources(config, &counts);
                state.rhythm.next = state.rhythm.next.min(now);
            })?;
        }
        return Ok(());
    }
    for source in &config.sources {
        if let Some(former) = former_id(source, config, &state.sources) {
            store.rename_source(&former, &source.id)?;
            for private in origin.private.iter_mut().filter(|id| **id == former) {
                private.clone_from(&source.id);
            }
        }
    }
    let mut after = 0;
    loop {
        let page = store.all_repositories_after(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for repository in page {
            let configured = config.source(&repository.source).and_then(|source| {
                // What was seen with credentials is not for those who read without: who may see it, only a crawl without
                // them can tell.
                let exposed = origin.private.contains(&source.id)
                    && source.credentials == Credentials::Anonymous;
                let name: Name = repository.name.parse().ok()?;
                let relative = source.relative(&name)?;
                (!exposed && source.allows(&name)).then_some((source, relative))
            });
            let Some((source, relative)) = configured else {
                // No evidence is needed, and nothing is kept for holders of links: it is not to be served any more.
                store.forget_repository(repository.id)?;
                store.forget_superseded(&repository.source, &repository.name)?;
                continue;
            };
            if repository.relative != relative {
                // It is mounted elsewhere now.
                store.name_repository(repository.id, &source.id, &repository.name, &relative)?;
            }
            // How many versions are wanted is seen to when the list is read: what is pushed out goes on evidence.
            for TagName { name, .. } in store.tag_names(repository.id)? {
                if !allowed(&source.tags, &name) {
                    store.forget_tag(repository.id, &name)?;
                }
            }
        }
    }
    for source in &origin.private {
        let anonymous = |source: &Source| source.credentials == Credentials::Anonymous;
        if config.source(source).is_none_or(anonymous) {
            // Those of repositories that are gone themselves, too.
            store.forget_superseded_of(source)?;
        }
    }
    store.drop_orphans()?;
    let empty = store.all_repositories_after(0, 1)?.is_empty();
    store.forget_hashes()?;
    store.retire_documents(&origin.fingerprint, now.after(RETIRED_FOR))?;
    // What a mass removal is measured against.
    let totals = store.count(config.index_scope, config.collisions)?;
    let counts = store.count_by_source()?;
    store.waive_all()?;
    let private = config
        .sources
        .iter()
        .filter(|source| source.credentials != Credentials::Anonymous)
        .map(|source| source.id.clone())
        .collect();
    store.update(|state| {
        if empty {
            // Nothing is left to serve: an empty index would be no answer.
            state.last_pass = LastPass::default();
        }
        // A pass under way was enumerated for other sources.
        state.pass = Pass {
            number: state.pass.number,
            ..Pass::default()
        };
        state.rhythm = Rhythm {
            next: now,
            ..Rhythm::default()
        };
        if !origin.fingerprint.is_empty() {
            // What another Worker put stands under other keys.
            state.recall = Recall::default();
        }
        state.totals = totals;
        state.set_sources(config, &counts);
        state.origin = AppliedConfig {
            fingerprint: fingerprint.to_owned(),
            private,
        };
    })
}

/// The id that a source had before: where it was mounted until now, or when ids held no scheme. `None` where another source has
/// that id.
fn former_id(
    source: &Source,
    config: &Config,
    known: &BTreeMap<String, SourceState>,
) -> Option<String> {
    let place = unmounted(&source.id);
    let known_here = known.contains_key(&source.id);
    let elsewhere = known
        .keys()
        .find(|id| !known_here && unmounted(id) == place && config.source(id).is_none());
    elsewhere
        .map(String::as_str)
        .or_else(|| source.former_id())
        .filter(|former| config.source(former).is_none())
        .map(str::to_owned)
}
