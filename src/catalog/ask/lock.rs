//! Somebody wants to write a version of a chart to the registry.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ask, Rows};
pub use crate::catalog::rows::write_lock::TagPlace;
use crate::platform::DatabaseError;

/// The longest lock: no step of a write takes longer, and nobody is to wait longer for who has died.
const LONGEST: Duration = Duration::from_mins(10);

/// Asks to be the only one who writes a version, for a while; answered by the number of the lock, or by `None` while
/// somebody else writes it. With the number of a lock it asks for more time, and `None` says that the lock has ended.
/// [`Changed::Written`](super::Changed::Written) gives it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is to be written.
    pub version: TagPlace,
    /// The lock that is to last longer.
    pub holder: Option<u64>,
    /// For how long, in seconds from now on.
    pub seconds: u64,
}

impl Ask for Lock {
    const NAME: &'static str = "lock";
    type Answer = Option<u64>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Option<u64>, DatabaseError> {
        let time = Duration::from_secs(self.seconds).min(LONGEST);
        let until = rows.now.after(time);
        // Several sources may read one registry: a tag of it is one tag.
        let mut version = self.version.clone();
        if let Some(source) = rows.config.source(&version.source) {
            version.source = source.registry.origin();
        }
        rows.store
            .lock_version(&version, self.holder, until, rows.now)
    }
}
