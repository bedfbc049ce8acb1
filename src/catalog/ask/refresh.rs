//! Asks for a sync now.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Ask, Rows};
use crate::catalog::sync::removal::SECOND_SIGHT;
use crate::platform::DatabaseError;

/// Starts a sync of everything, or of what lies at or below a path. Answered by `None` when nothing that is configured
/// can lie at that path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// A repository or a space, relative to the prefix.
    pub path: Option<String>,
    /// Confirms what is held back there: a mass removal, and that charts of repositories that are denied or not found may go, if
    /// they still are.
    pub confirm: bool,
}

/// Names a request for a sync, for [`Await`](super::Await).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Counted from 1 on.
    pub number: u64,
    /// Ids of the sources that are asked for it; none where nothing is to be read.
    pub sources: Vec<String>,
    /// The pass that each of them is to be gone through in, or in a later one, if the request is for more than what it names.
    pub pass: Option<u64>,
}

/// A sync that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Names this request.
    pub ticket: Ticket,
    /// Whether the sync is published.
    pub done: bool,
    /// The entity tag of the root's index then; `None` where that is too large to be published.
    pub etag: Option<String>,
    /// Why a source or repository of what was to be synced could not be read, once all others are published. For operators.
    pub fault: Option<String>,
    /// Why a tag of them could not be read, likewise: the others are served.
    pub unread: Option<String>,
}

impl Ask for Refresh {
    const NAME: &'static str = "refresh";
    type Answer = Option<Accepted>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Option<Accepted>, DatabaseError> {
        let Rows {
            store, config, now, ..
        } = *rows;
        let path = self.path.as_deref().unwrap_or_default();
        let reaches = |id: &str| config.source(id).is_some_and(|source| source.reaches(path));
        if self.confirm {
            store.update(|state| {
                for (id, source) in &mut state.sources {
                    if source.held.pass != 0 && reaches(id) {
                        source.held.confirmed = true;
                        source.held.since = now.before(SECOND_SIGHT);
                    }
                }
            })?;
        }
        if self.confirm {
            for repository in store.repositories_below(path)? {
                store.confirm_absence(repository.id)?;
            }
        }
        // What a registry asked for, only who may refresh everything ends: who asks for a space has no say in all that is its
        // registry's.
        store.end_pauses(path.is_empty(), &reaches)?;
        let ids = config.sources.iter().map(|source| source.id.as_str());
        let meant_by_path: BTreeSet<&str> = ids.filter(|id| reaches(id)).collect();
        let Some(path) = &self.path else {
            store.waive_all()?;
            let pass = store.call_pass(&meant_by_path, now)?;
            return rows.accepted(&meant_by_path, Some(pass)).map(Some);
        };
        let repositories = store.repositories_below(path)?;
        for repository in &repositories {
            store.call_repository(repository.id, true)?;
            store.waive_manifests_of(repository.id)?;
        }
        let has_mount = config
            .sources
            .iter()
            .any(|source| source.is_mounted_in(path));
        let mut meant: BTreeSet<&str> = repositories
            .iter()
            .map(|repository| repository.source.as_str())
            .collect();
        if repositories.is_empty() {
            let met = rows.meet(path)?;
            if met.is_empty() && !has_mount {
                return Ok(None);
            }
            meant.extend(met);
        }
        store.asked(config, now)?;
        let is_repository = repositories
            .iter()
            .any(|repository| repository.relative.as_str() == path);
        // What was pushed to a space for the first time, only an enumeration tells. Where nothing is known at all, the
        // path is tried as a repository first, if it can be one.
        let mut pass = None;
        if (!repositories.is_empty() || has_mount) && !is_repository {
            pass = Some(store.call_pass(&meant_by_path, now)?);
            meant.extend(meant_by_path);
        }
        rows.accepted(&meant, pass).map(Some)
    }
}

impl<'a> Rows<'a> {
    /// Adds the repository that may lie at a path nobody knows yet: a first push, told before any enumeration. Not if too many
    /// unknown names were told: an enumeration finds what there is. Gives the sources that may have it.
    fn meet(&self, path: &str) -> Result<BTreeSet<&'a str>, DatabaseError> {
        let mut met = BTreeSet::new();
        let mut new_names = self.store.state()?.tickets.new_names;
        for source in &self.config.sources {
            if let Some(name) = source.name(path).filter(|name| source.allows(name))
                && let Some(path) = source.relative(&name)
            {
                met.insert(source.id.as_str());
                if new_names.take(self.now) {
                    let id = self
                        .store
                        .add_repository(&source.id, name.as_str(), &path)?;
                    self.store.call_repository(id, true)?;
                } else {
                    self.store.await_pass(&source.id, self.now)?;
                }
            }
        }
        self.store
            .update(|state| state.tickets.new_names = new_names)?;
        Ok(met)
    }
}

impl Rows<'_> {
    /// Notes a sync of what was called for of these sources, and of a pass through them.
    pub(super) fn accepted(
        &self,
        sources: &BTreeSet<&str>,
        pass: Option<u64>,
    ) -> Result<Accepted, DatabaseError> {
        let number = self.store.ticket(sources)?;
        let sources = sources.iter().map(|id| (*id).to_owned()).collect();
        Ok(Accepted {
            ticket: Ticket {
                number,
                sources,
                pass,
            },
            done: false,
            etag: None,
            fault: None,
            unread: None,
        })
    }
}
