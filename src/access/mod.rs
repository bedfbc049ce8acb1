//! Who may do what: the only module that looks at a client's credentials.
//!
//! | file | holds |
//! |---|---|
//! | [`principal`] | who sent a request, and what they may do |
//! | [`grant`] | what may be done, and on which spaces |
//! | [`authenticate`] | how it is proven: basic, token |
//! | [`signature`] | how a notification is proven: by a signature over its body, or by the secret itself |
//!
//! A request is let in by what its head shows; its body is not read before.

pub(crate) mod authenticate;
pub(crate) mod grant;
pub(crate) mod principal;
pub(crate) mod signature;

pub(crate) use grant::Right;
pub(crate) use principal::Principal;

use crate::config::{Config, Readers};
use crate::error::{Door, Error};
use crate::index::Space;

/// Whether anyone may read.
pub(crate) fn is_public(config: &Config) -> bool {
    matches!(config.readers, Readers::Open)
}

/// Lets only a principal pass who has this right on this space.
pub(crate) fn permit(
    config: &Config,
    principal: Principal,
    right: Right,
    space: &Space,
) -> Result<(), Error> {
    if right.writes() && config.read_only {
        return Err(Error::ReadOnly);
    }
    if principal.may(config, right, space) {
        return Ok(());
    }
    Err(match right {
        Right::Read => Error::Unauthorized(Door::Charts),
        Right::Inspect | Right::Measure | Right::Refresh | Right::Push | Right::Delete
            if config.admin_token.is_none() =>
        {
            Error::Closed("ADMIN_TOKEN")
        }
        Right::Inspect | Right::Measure | Right::Refresh => Error::Unauthorized(Door::Admin),
        Right::Push | Right::Delete => Error::Unauthorized(Door::Writing),
    })
}

#[cfg(test)]
mod tests;
