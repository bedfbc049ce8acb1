//! Who may do what: the only module that looks at a client's credentials.
//!
//! | file | holds |
//! |---|---|
//! | [`account`] | an account: its name, what proves it, what it may do |
//! | [`grant`] | what may be done, and in which spaces |
//! | [`principal`] | who sent a request, and what they may do |
//! | [`authenticate`] | how it is proven: basic, token |
//! | [`jwt`] | how it is proven by tokens that others sign |
//! | [`signature`] | how a notification is proven: by a signature over its body, or by the secret itself |
//!
//! A request is let in by what its head shows; its body is not read before. What a principal may not see does not exist: that
//! is decided by the patterns of their rights alone, before anything is looked up, so that neither answer nor time tells whether
//! there is something.

pub(crate) mod account;
pub(crate) mod authenticate;
pub(crate) mod grant;
pub(crate) mod jwt;
pub(crate) mod principal;
pub(crate) mod signature;

pub(crate) use account::{Account, Accounts, Proof};
pub(crate) use authenticate::Identity;
pub(crate) use grant::{Grants, Right};
pub(crate) use principal::Principal;

use crate::error::{Door, Error, Missing};
use crate::index::Space;

/// Lets only a principal pass who has this right on this space. To a stranger who has not, credentials are missing; to an
/// account that may not read there, nothing is there, which `missing` says as the route would; another account is told which
/// right it lacks.
pub(crate) fn permit(
    accounts: &Accounts,
    principal: &Principal<'_>,
    right: Right,
    space: &Space,
    missing: Missing,
) -> Result<(), Error> {
    if right.writes() && accounts.read_only {
        return Err(Error::ReadOnly);
    }
    if principal.may(right, space) {
        return Ok(());
    }
    let hidden = !space.is_root() && !principal.may(Right::Read, space);
    Err(match right {
        Right::Read if principal.is_known() => Error::NotFound(missing),
        Right::Read => Error::Unauthorized(Door::Charts),
        _ if !accounts.anyone_has(right) => Error::Closed("ADMIN_TOKEN"),
        Right::Push | Right::Delete | Right::Refresh if principal.is_known() && hidden => {
            Error::NotFound(missing)
        }
        _ if principal.is_known() => Error::Forbidden(right.name()),
        Right::Inspect | Right::Measure | Right::Refresh => Error::Unauthorized(Door::Admin),
        Right::Push | Right::Delete => Error::Unauthorized(Door::Writing),
    })
}

/// Lets only a principal pass who has this right on some space; who has not is told what [`permit`] tells at the root.
pub(crate) fn permit_somewhere(
    accounts: &Accounts,
    principal: &Principal<'_>,
    right: Right,
    missing: Missing,
) -> Result<(), Error> {
    let open = !(right.writes() && accounts.read_only);
    if open && principal.may_somewhere(right) {
        return Ok(());
    }
    permit(accounts, principal, right, &Space::root(), missing)
}

#[cfg(test)]
mod tests;
