//! Somebody wants to write a version of a chart to the registry.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Accepted, Ask, Rows};
pub use crate::catalog::rows::write_lock::TagPlace;
use crate::chart::tag_is_version;
use crate::oci::Name;
use crate::platform::DatabaseError;

/// The longest lock: no step of a write takes longer, and nobody is to wait longer for who has died.
const LONGEST: Duration = Duration::from_mins(10);

/// Asks to be the only one who writes a version, for a while; answered by the number of the lock, or by `None` while
/// somebody else writes it. With the number of a lock it asks for more time, and `None` says that the lock has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is to be written.
    pub version: TagPlace,
    /// The lock that is to last longer.
    pub holder: Option<u64>,
    /// For how long, in seconds from now on.
    pub seconds: u64,
}

/// Gives a lock back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlock {
    /// What was locked.
    pub version: TagPlace,
    /// The lock.
    pub holder: u64,
    /// Whether the version may have changed in the registry, and is to be read anew.
    pub changed: bool,
}

impl Ask for Lock {
    const NAME: &'static str = "lock";
    type Answer = Option<u64>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Option<u64>, DatabaseError> {
        let time = Duration::from_secs(self.seconds).min(LONGEST);
        let until = rows.now.after(time);
        rows.store
            .lock_version(&self.version, self.holder, until, rows.now)
    }
}

impl Ask for Unlock {
    const NAME: &'static str = "unlock";
    type Answer = Accepted;

    fn answer(&self, rows: &Rows<'_>) -> Result<Accepted, DatabaseError> {
        let Rows {
            store, config, now, ..
        } = *rows;
        store.unlock_version(self.holder)?;
        let TagPlace {
            source,
            repository,
            tag,
        } = &self.version;
        let place = self.changed.then(|| {
            let source = config.source(source)?;
            let name = repository.parse::<Name>().ok()?;
            let relative = source.relative(&name)?;
            source.allows(&name).then_some((source, name, relative))
        });
        let Some((source, name, relative)) = place.flatten() else {
            return rows.accepted(store.state()?.tickets.issued);
        };
        // Whoever may write invents no names: a new repository is asked for at once.
        let id = store.add_repository(&source.id, name.as_str(), &relative)?;
        store.call_repository(id, false)?;
        store.name_tag(id, tag, !tag_is_version(tag))?;
        store.end_pauses(false, &|id| id == source.id)?;
        store.asked(config, now)?;
        rows.accepted(store.ticket()?)
    }
}
