//! A registry says that something changed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Accepted, Ask, Rows};
use crate::catalog::sync::listing::allowed;
use crate::chart::tag_is_version;
use crate::oci::Name;
use crate::platform::DatabaseError;

/// Says that these changed. Only a hint of what to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Full repository names as the registry knows them, each with the tag if one was named.
    pub names: Vec<(String, Option<String>)>,
    /// The registry's `host[:port]`, if it was told: where a source is there, others are not meant.
    pub host: Option<String>,
    /// What the sender calls this notification, if it does: each is honoured once.
    pub delivery: Option<String>,
}

impl Ask for Changed {
    const NAME: &'static str = "changed";
    type Answer = Accepted;

    fn answer(&self, rows: &Rows<'_>) -> Result<Accepted, DatabaseError> {
        let (store, recent) = (rows.store, rows.recent);
        let delivery = self.delivery.as_deref();
        if delivery.is_some_and(|delivery| recent.knows_delivery(delivery)) {
            return rows.accepted(store.state()?.tickets.issued);
        }
        let mut new_names = store.state()?.tickets.new_names;
        let mut meant = BTreeSet::new();
        for (name, tag) in &self.names {
            let Ok(name) = name.parse::<Name>() else {
                continue;
            };
            let host = self.host.as_deref();
            for source in rows.config.sources_of(host, &name) {
                meant.insert(source.id.as_str());
                let Some(relative) = source.relative(&name) else {
                    continue;
                };
                let known = store.repository_named(&source.id, name.as_str())?;
                // Whoever invents names must not have each of them asked for; an enumeration finds what there is.
                if known.is_none() && !new_names.take(rows.now) {
                    continue;
                }
                let id = store.add_repository(&source.id, name.as_str(), &relative)?;
                store.call_repository(id, tag.is_none())?;
                if let Some(tag) = tag.as_deref().filter(|tag| allowed(&source.tags, tag)) {
                    store.name_tag(id, tag, !tag_is_version(tag))?;
                }
            }
        }
        store.update(|state| state.tickets.new_names = new_names)?;
        // It lives: a registry that seemed to be down is asked once more.
        store.end_pauses(false, &|id| meant.contains(id))?;
        store.asked(rows.config, rows.now)?;
        let accepted = rows.accepted(store.ticket()?)?;
        if let Some(delivery) = delivery {
            recent.remember_delivery(delivery);
        }
        Ok(accepted)
    }
}
