//! What is a source's own: one row of JSON each in `state`.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::registry_fault::RegistryFault;
use crate::platform::Timestamp;

/// What is known of a source beside the rows read from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SourceState {
    /// Whether its registry is to be left alone.
    pub(crate) pause: Pause,
    /// A mass removal that is doubted.
    pub(crate) held: Held,
    /// Versions of it that are served, as counted last.
    pub(crate) versions: u64,
    /// The last pass in which it was read: enumerated, if it is, and a tag list of it read, if it has any.
    pub(crate) read: Option<Timestamp>,
    /// Passes since then.
    pub(crate) unread: u32,
    /// Since when it is denied: its enumeration, or every list that was asked for.
    pub(crate) denied_since: Option<Timestamp>,
}

/// A time in which the registry is left alone, as it asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pause {
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Why, in public words.
    pub(crate) cause: Option<RegistryFault>,
    /// Pauses in a row, without an answer between.
    pub(crate) count: u32,
}

/// A removal too large to believe at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    /// The pass that saw it; 0 when nothing is held.
    pub(crate) pass: u64,
    /// When.
    pub(crate) since: Timestamp,
    /// How many versions it would remove.
    pub(crate) versions: u64,
    /// An operator said that it is meant.
    pub(crate) confirmed: bool,
}
