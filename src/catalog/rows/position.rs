//! Places in the order of tags, at which the next pass goes on confirming them.

use serde::{Deserialize, Serialize};

use crate::platform::Timestamp;

/// A place in the order of tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Row id of the repository.
    pub(crate) repository: i64,
    /// The tag.
    pub(crate) tag: String,
}

/// How many of a repository's moving tags were asked about in its turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MovingTurn {
    /// Row id of the repository.
    pub(crate) repository: i64,
    /// Tags taken.
    pub(crate) taken: u64,
}

/// Where the rolling revalidation of version tags stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ring {
    /// The tag last taken.
    pub(crate) at: Position,
    /// Up to when tags were taken in due proportion.
    pub(crate) paid_until: Timestamp,
}
