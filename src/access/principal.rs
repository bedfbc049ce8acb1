//! Who sent a request, and what they may do.

use super::grant::{Grant, Right};
use crate::config::{Config, Readers};
use crate::index::Space;

/// Who sent a request, as far as their credentials prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Anybody.
    Stranger,
    /// Who knows the reader's user and password.
    Reader,
    /// Who knows the admin token.
    Admin,
}

impl Principal {
    /// What they may do. Who may see everything may read, too.
    fn grants(self, config: &Config) -> Option<Grant> {
        const READ: &[Right] = &[Right::Read];
        const ALL: &[Right] = &[
            Right::Read,
            Right::Push,
            Right::Delete,
            Right::Refresh,
            Right::Measure,
            Right::Inspect,
        ];
        match (self, &config.readers) {
            (Self::Admin, _) => Some(Grant::everywhere(ALL)),
            (Self::Reader, _) | (Self::Stranger, Readers::Open) => Some(Grant::everywhere(READ)),
            (Self::Stranger, Readers::Basic { .. }) => None,
        }
    }

    /// Whether they have this right on this space.
    pub(crate) fn may(self, config: &Config, right: Right, space: &Space) -> bool {
        let grant = self.grants(config);
        grant.is_some_and(|grant| grant.gives(right, space))
    }

    /// Whether credentials were given and are right.
    pub(crate) fn is_known(self) -> bool {
        self != Self::Stranger
    }
}
