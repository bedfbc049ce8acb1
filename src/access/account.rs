//! Accounts: the name of each, what proves it, and what it may do. `config` builds them of the settings.

use super::grant::{Grants, Right};
use super::jwt::Issuer;
use crate::platform::Timestamp;
use crate::secret::SecretHash;

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Those that have to prove who they are.
    pub named: Vec<Account>,
    /// What anyone may do.
    pub anonymous: Grants,
    /// Whose tokens are believed.
    pub(crate) issuers: Vec<Issuer>,
    /// Whether nobody may write to the registry, whatever they are granted.
    pub read_only: bool,
}

impl Accounts {
    /// Whether anybody can prove who they are.
    pub(crate) fn anyone_is_named(&self) -> bool {
        !self.named.is_empty() || !self.issuers.is_empty()
    }

    /// Whether anybody has a right.
    pub fn anyone_has(&self, right: Right) -> bool {
        let mut all = self.named.iter().map(|account| &account.grants);
        let has = |grants: &Grants| !grants.spaces(right).is_empty();
        let mut issuers = self.issuers.iter();
        all.any(has) || has(&self.anonymous) || issuers.any(|issuer| issuer.could_give(right))
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
