//! Asks whether a sync is published.

use serde::{Deserialize, Serialize};

use super::{Accepted, Ask, Rows};
use crate::platform::DatabaseError;

/// Asks whether the sync with this ticket is published. Answered by `None` when it has shown that the registry has
/// nothing at the path; with what could not be read of what it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Await {
    /// From [`Accepted`].
    pub ticket: u64,
    /// The path that was to be synced.
    pub path: Option<String>,
}

impl Ask for Await {
    const NAME: &'static str = "await";
    type Answer = Option<Accepted>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Option<Accepted>, DatabaseError> {
        let mut accepted = rows.accepted(self.ticket)?;
        let Some(path) = self.path.as_deref().filter(|_| accepted.done) else {
            return Ok(Some(accepted));
        };
        let repositories = rows.store.repositories_below(path)?;
        if repositories.is_empty() {
            return rows.mounted(path, accepted);
        }
        for repository in repositories {
            if accepted.unread.is_none() {
                accepted.unread = rows.store.unread(repository.id)?;
            }
            accepted.fault = repository.error;
            if accepted.fault.is_some() {
                break;
            }
        }
        Ok(Some(accepted))
    }
}

impl Rows<'_> {
    /// What came of the sync for a path at which no repository is known: nothing is there, unless a source is mounted in it, which is
    /// there by its settings. Then why it could not be listed, if that is why it has nothing.
    fn mounted(
        &self,
        path: &str,
        mut accepted: Accepted,
    ) -> Result<Option<Accepted>, DatabaseError> {
        let sources = self.config.sources.iter();
        let mounted: Vec<&str> = sources
            .filter(|source| source.is_mounted_in(path))
            .map(|source| source.id.as_str())
            .collect();
        if mounted.is_empty() {
            return Ok(None);
        }
        let enumerations = self.store.state()?.pass.enumerations;
        accepted.fault = enumerations
            .into_iter()
            .filter(|enumeration| mounted.contains(&enumeration.source.as_str()))
            .find_map(|enumeration| Some(format!("{} {}", enumeration.source, enumeration.fault?)));
        Ok(Some(accepted))
    }
}
