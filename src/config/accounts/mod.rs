//! The settings that say who may do what. What an account is stands in [`access`](crate::access).
//!
//! | file | holds |
//! |---|---|
//! | `read` | `ACCOUNTS`: names, proofs, rights, ends |
//! | `issuers` | `JWT_ISSUERS`: whose tokens are believed, and what they give |
//! | `node` | JSON or YAML as it was written |
//! | `known` | the accounts of all settings together, and what is wrong with them |

mod issuers;
mod known;
mod node;
mod read;

pub(super) use known::read;

/// Whether a setting of this name is merged with `ACCOUNTS`: `ACCOUNTS_2`, `ACCOUNTS_TEAM_A`.
pub fn is_of_accounts(name: &str) -> bool {
    name.strip_prefix("ACCOUNTS_")
        .is_some_and(|rest| !rest.is_empty())
}
