//! Something changed in a registry: it sent a notification, or a write of ours has ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Accepted, Ask, Rows, Ticket};
use crate::catalog::rows::write_lock::TagPlace;
use crate::catalog::sync::listing::allowed;
use crate::chart::tag_is_version;
use crate::oci::Name;
use crate::platform::DatabaseError;
use crate::source::Source;

/// Says what may have changed in a registry. Only a hint of what to look at: what is there, the registry tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// A notification names these.
    Notified {
        /// Full repository names as the registry knows them, each with the tag if one was named.
        names: Vec<(String, Option<String>)>,
        /// The registry's `host[:port]`, if it was told: where a source is there, others are not meant.
        host: Option<String>,
        /// What tells this notification from all others, if anything does: each is honoured once.
        delivery: Option<String>,
    },
    /// A write of ours has ended, whether it was done or not. This is the one end of every write: it gives the lock back and has
    /// the catalog read what was written.
    Written {
        /// What was locked.
        version: TagPlace,
        /// The lock.
        holder: u64,
        /// Whether the version may have changed in the registry, and is to be read anew.
        touched: bool,
    },
}

impl Ask for Changed {
    const NAME: &'static str = "changed";
    type Answer = Accepted;

    fn answer(&self, rows: &Rows<'_>) -> Result<Accepted, DatabaseError> {
        match self {
            Self::Notified {
                names,
                host,
                delivery,
            } => rows.notified(names, host.as_deref(), delivery.as_deref()),
            Self::Written {
                version,
                holder,
                touched,
            } => rows.written(version, *holder, *touched),
        }
    }
}

impl Rows<'_> {
    fn notified(
        &self,
        names: &[(String, Option<String>)],
        host: Option<&str>,
        delivery: Option<&str>,
    ) -> Result<Accepted, DatabaseError> {
        let store = self.store;
        let tickets = store.state()?.tickets;
        let is_known = |delivery: &str| {
            self.recent.knows_delivery(delivery) || tickets.deliveries.know(delivery)
        };
        if delivery.is_some_and(is_known) {
            return Ok(nothing_called());
        }
        let mut new_names = tickets.new_names;
        let mut meant = BTreeSet::new();
        for (name, tag) in names {
            let Ok(name) = name.parse::<Name>() else {
                continue;
            };
            for source in self.config.sources_of(host, &name) {
                meant.insert(source.id.as_str());
                let known = store.repository_named(&source.id, name.as_str())?;
                // Whoever invents names must not have each of them asked for; an enumeration finds what there is.
                if known.is_some() || new_names.take(self.now) {
                    self.call_for(source, &name, tag.as_deref())?;
                }
            }
        }
        store.update(|state| state.tickets.new_names = new_names)?;
        let accepted = self.called(&meant)?;
        if let Some(delivery) = delivery {
            self.recent.remember_delivery(delivery);
            store.update(|state| {
                if self.recent.knows_delivery(delivery) {
                    state.tickets.deliveries.remember(delivery);
                }
            })?;
        }
        Ok(accepted)
    }

    fn written(
        &self,
        version: &TagPlace,
        holder: u64,
        touched: bool,
    ) -> Result<Accepted, DatabaseError> {
        self.store.unlock_version(holder)?;
        let place = touched.then(|| {
            let source = self.config.source(&version.source)?;
            let name = version.repository.parse::<Name>().ok()?;
            Some((&source.registry, name))
        });
        let Some((registry, name)) = place.flatten() else {
            return Ok(nothing_called());
        };
        let mut meant = BTreeSet::new();
        for source in &self.config.sources {
            // Several may read the same repository.
            if source.registry == *registry && source.classic.is_none() && source.allows(&name) {
                // Whoever may write invents no names: a new repository is asked for at once.
                self.call_for(source, &name, Some(&version.tag))?;
                meant.insert(source.id.as_str());
            }
        }
        self.called(&meant)
    }

    /// Has a repository listed and a tag of it read, or all of its tags.
    fn call_for(
        &self,
        source: &Source,
        name: &Name,
        tag: Option<&str>,
    ) -> Result<(), DatabaseError> {
        let Some(relative) = source.relative(name) else {
            return Ok(());
        };
        let store = self.store;
        let id = store.add_repository(&source.id, name.as_str(), &relative)?;
        store.call_repository(id, tag.is_none())?;
        match tag.filter(|tag| allowed(&source.tags, tag)) {
            Some(tag) => store.name_tag(id, tag, !tag_is_version(tag)),
            None => Ok(()),
        }
    }

    /// What was called for is to be read soon. These sources live: one that seemed to be down is asked once more.
    fn called(&self, sources: &BTreeSet<&str>) -> Result<Accepted, DatabaseError> {
        self.store.end_pauses(false, &|id| sources.contains(id))?;
        self.store.asked(self.config, self.now)?;
        self.accepted(sources, None)
    }
}

/// The answer where there is nothing to wait for.
fn nothing_called() -> Accepted {
    Accepted {
        ticket: Ticket::default(),
        done: true,
        etag: None,
        fault: None,
        unread: None,
    }
}
