//! Accounts: who may do what, and how they prove who they are.
//!
//! | file | holds |
//! |---|---|
//! | `right` | what may be done, and in which spaces |
//! | `read` | `ACCOUNTS`: names, proofs, rights, ends |
//! | `node` | JSON or YAML as it was written |
//! | `known` | the accounts of all settings together, and what is wrong with them |

mod known;
mod node;
mod read;
mod right;

pub use right::{Grants, Right};

pub(super) use known::read;

use crate::platform::Timestamp;
use crate::secret::SecretHash;

/// Whether a setting of this name is merged with `ACCOUNTS`: `ACCOUNTS_2`, `ACCOUNTS_TEAM_A`.
pub fn is_of_accounts(name: &str) -> bool {
    name.strip_prefix("ACCOUNTS_")
        .is_some_and(|rest| !rest.is_empty())
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Those that have to prove who they are.
    pub named: Vec<Account>,
    /// What anyone may do.
    pub anonymous: Grants,
}

impl Accounts {
    /// Whether anyone may read everything.
    pub fn are_open(&self) -> bool {
        self.anonymous.read_all()
    }

    /// Whether anybody has a right.
    pub fn anyone_has(&self, right: Right) -> bool {
        let mut all = self.named.iter().map(|account| &account.grants);
        let has = |grants: &Grants| !grants.spaces(right).is_empty();
        all.any(has) || has(&self.anonymous)
    }
}

/// Somebody with rights of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name; of one that a short form stands for, the name of that setting. No secret: it stands in the log.
    pub name: String,
    /// How it proves who it is: any of these does.
    pub proofs: Vec<Proof>,
    /// From then on nothing proves it.
    pub until: Option<Timestamp>,
    /// What it may do, beside what anyone may.
    pub grants: Grants,
}

/// What proves an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A user and a password, as Basic credentials.
    Password {
        /// The user.
        user: SecretHash,
        /// The password.
        password: SecretHash,
    },
    /// A token: as Bearer, or as Basic password of whatever user.
    Token(SecretHash),
}

impl Proof {
    /// What must not be known to others.
    pub(crate) fn secret(&self) -> &SecretHash {
        match self {
            Self::Password { password, .. } => password,
            Self::Token(token) => token,
        }
    }
}
