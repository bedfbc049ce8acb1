//! Whose tokens are believed, and on what terms.

use super::super::{Grants, Right};
use super::key::NamedKey;

/// Somebody whose tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// What it is called here; it stands in the log before the subject.
    pub(crate) name: String,
    /// What its tokens say in `iss`.
    pub(crate) claimed: String,
    /// What they must be for: one of these in `aud`.
    pub(crate) audiences: Vec<String>,
    /// Its keys.
    pub(crate) keys: IssuerKeys,
    /// What its tokens give by what they say.
    pub(crate) rules: Vec<ClaimRule>,
    /// The path of the claim that holds ChartMuseum's access entries, if it is believed.
    pub(crate) access: Option<Vec<String>>,
    /// Whether its `scope` claim gives rights.
    pub(crate) scope: bool,
}

/// Where an issuer's keys are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IssuerKeys {
    /// They are written in the setting.
    Fixed(Vec<NamedKey>),
    /// They are asked for at this URL.
    Url(String),
}

/// What a token gives that says certain things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimRule {
    /// Claims, each with patterns of which one must match it: `*` stands for any characters. All must.
    pub(crate) when: Vec<(String, Vec<String>)>,
    /// What is given.
    pub(crate) grants: Grants,
}

impl Issuer {
    /// Whether some token of it could give a right.
    pub(crate) fn could_give(&self, right: Right) -> bool {
        let by_access = matches!(right, Right::Read | Right::Push | Right::Delete);
        let mut rules = self.rules.iter();
        self.scope
            || (self.access.is_some() && by_access)
            || rules.any(|rule| !rule.grants.spaces(right).is_empty())
    }
}
