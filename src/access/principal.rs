//! Who sent a request, and what they may do.

use std::borrow::Cow;

use super::grant::{Grants, Right};
use crate::index::{IndexScope, Space, Spaces, View};

/// Who sent a request, as far as their credentials prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal<'c> {
    /// The account's name; `None` of a stranger.
    account: Option<Cow<'c, str>>,
    /// What it may do itself.
    own: Cow<'c, Grants>,
    /// What anyone may.
    anonymous: &'c Grants,
}

impl<'c> Principal<'c> {
    /// Anybody, who may do what anyone may.
    pub(crate) fn stranger(anonymous: &'c Grants) -> Self {
        Self {
            account: None,
            own: Cow::Owned(Grants::NONE),
            anonymous,
        }
    }

    /// An account, which may do what anyone may and what it is granted.
    pub(crate) fn known(
        name: impl Into<Cow<'c, str>>,
        own: Cow<'c, Grants>,
        anonymous: &'c Grants,
    ) -> Self {
        Self {
            account: Some(name.into()),
            own,
            anonymous,
        }
    }

    /// The account's name, if credentials were given and are right.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Whether credentials were given and are right.
    pub(crate) fn is_known(&self) -> bool {
        self.account.is_some()
    }

    /// Whether they have this right on this space.
    pub(crate) fn may(&self, right: Right, space: &Space) -> bool {
        self.own.give(right, space) || self.anonymous.give(right, space)
    }

    /// Whether they have this right on some space.
    pub(crate) fn may_somewhere(&self, right: Right) -> bool {
        let has = |grants: &Grants| !grants.spaces(right).is_empty();
        has(&self.own) || has(self.anonymous)
    }

    /// Whether a space itself may be read, not only something below it.
    pub(crate) fn reads(&self, space: &Space) -> bool {
        self.readable().hold(space)
    }

    /// What they see of a folder: all of it, or their share; `None` where they may read nothing.
    pub(crate) fn view(&self, space: &Space, scope: IndexScope) -> Option<View> {
        let readable = self.readable();
        let all = match scope {
            IndexScope::Subtree => readable.hold_all_below(space),
            IndexScope::Folder => readable.hold(space),
        };
        if all {
            return Some(View::from(space.clone()));
        }
        let spaces = readable.at(space);
        (!spaces.is_empty()).then(|| View::Share {
            below: space.clone(),
            spaces,
        })
    }

    /// Whether they may read everything.
    pub(crate) fn reads_all(&self) -> bool {
        self.own.read_all() || self.anonymous.read_all()
    }

    fn readable(&self) -> Spaces {
        let own = self.own.spaces(Right::Read);
        own.and(self.anonymous.spaces(Right::Read))
    }
}
