//! What may be done, and on which spaces.

use crate::index::Space;

/// What a route may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Read indexes and packages (`read`).
    Read,
    /// Store charts (`push`).
    Push,
    /// Delete charts (`delete`).
    Delete,
    /// Start a sync (`refresh`).
    Refresh,
    /// See counts (`metrics`).
    Measure,
    /// See everything an operator sees (`admin`).
    Inspect,
}

impl Right {
    /// Whether something in the registry changes by it.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::Push | Self::Delete => true,
            Self::Read | Self::Refresh | Self::Measure | Self::Inspect => false,
        }
    }
}

/// Rights on a space and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// What may be done.
    pub(crate) rights: &'static [Right],
    /// The space; the root is everything.
    pub(crate) below: Space,
}

impl Grant {
    /// A grant on everything.
    pub(crate) fn everywhere(rights: &'static [Right]) -> Self {
        Self {
            rights,
            below: Space::root(),
        }
    }

    /// Whether it gives this right on this space.
    pub(crate) fn gives(&self, right: Right, space: &Space) -> bool {
        self.rights.contains(&right) && space.ancestors().contains(&self.below)
    }
}
