//! Asks for a sync now.

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
    /// Confirms a held mass removal.
    pub confirm: bool,
}

/// A sync that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Names this request for [`Await`](super::Await).
    pub ticket: u64,
    /// Whether the sync is published.
    pub done: bool,
    /// The entity tag of the root's index then; `None` where that is too large to be published.
    pub etag: Option<String>,
    /// Why a repository of what was to be synced could not be listed, once all others are published. For operators.
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
        let Some(path) = &self.path else {
            store.waive_all()?;
            store.call_pass(now)?;
            return rows.accepted(store.ticket()?).map(Some);
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
        if repositories.is_empty() && !rows.meet(path)? && !has_mount {
            return Ok(None);
        }
        store.asked(config, now)?;
        let is_repository = repositories
            .iter()
            .any(|repository| repository.relative.as_str() == path);
        // What was pushed to a space for the first time, only an enumeration tells. Where nothing is known at all, the
        // path is tried as a repository first, if it can be one.
        if (!repositories.is_empty() || has_mount) && !is_repository {
            store.call_pass(now)?;
        }
        rows.accepted(store.ticket()?).map(Some)
    }
}

impl Rows<'_> {
    /// Adds the repository that may lie at a path nobody knows yet: a first push, told before any enumeration. Not if too many
    /// unknown names were told: an enumeration finds what there is.
    fn meet(&self, path: &str) -> Result<bool, DatabaseError> {
        let mut met = false;
        let mut new_names = self.store.state()?.tickets.new_names;
        for source in &self.config.sources {
            if let Some(name) = source.name(path).filter(|name| source.allows(name))
                && let Some(path) = source.relative(&name)
            {
                if new_names.take(self.now) {
                    let id = self
                        .store
                        .add_repository(&source.id, name.as_str(), &path)?;
                    self.store.call_repository(id, true)?;
                } else {
                    self.store.call_pass(self.now)?;
                }
                met = true;
            }
        }
        self.store
            .update(|state| state.tickets.new_names = new_names)?;
        Ok(met)
    }

    /// How far the sync with this ticket is.
    pub(super) fn accepted(&self, ticket: u64) -> Result<Accepted, DatabaseError> {
        let tickets = self.store.state()?.tickets;
        let published = self.store.root_document()?.and_then(|root| root.etag);
        let done = tickets.settled >= ticket;
        Ok(Accepted {
            ticket,
            done,
            etag: published.filter(|_| done),
            fault: None,
            unread: None,
        })
    }
}
