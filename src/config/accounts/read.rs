//! `ACCOUNTS`: a mapping of names to what each account is.
//!
//! Messages name accounts and what is wrong with them, and never show a value: it may be a secret in the wrong place.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use super::node::SettingNode;
use crate::access::{Account, Grants, Proof, Right};
use crate::index::Spaces;
use crate::platform::Timestamp;
use crate::secret::SecretHash;
use crate::shown::shown;

/// The account of whoever proves nothing.
pub(super) const ANONYMOUS: &str = "anonymous";

/// Longest name of an account, in bytes: it stands in the log.
const NAME_LIMIT: usize = 64;

/// Below this many characters a secret can be guessed.
const SHORT: usize = 16;

/// What a secret begins with that is given by its hash.
const HASHED: &str = "sha256:";

/// What was found in one setting.
#[derive(Default)]
pub(super) struct AccountsRead {
    pub(super) accounts: Vec<Account>,
    /// The account `anonymous`, if it is there.
    pub(super) anonymous: Option<Grants>,
    pub(super) wrong: Vec<String>,
    /// What works, and should not stay so.
    pub(super) warnings: Vec<String>,
}

/// Reads one setting.
pub(super) fn accounts(text: &str) -> AccountsRead {
    let mut found = AccountsRead::default();
    let entries = match SettingNode::parse(text) {
        Ok(SettingNode::Map(entries)) => entries,
        Ok(_) => {
            let wrong = "is no mapping of names to accounts";
            found.wrong.push(wrong.to_owned());
            return found;
        }
        Err(wrong) => {
            found.wrong.push(wrong);
            return found;
        }
    };
    for (name, node) in entries {
        found.add(&name, node);
    }
    found
}

impl AccountsRead {
    fn add(&mut self, name: &str, node: SettingNode) {
        if !name_is_fit(name) {
            // What is no name may be a secret.
            self.wrong.push(format!(
                "a name of an account has 1 to {NAME_LIMIT} letters, digits or . _ - @ and that of the account in place {} has not",
                self.accounts.len() + 1
            ));
            return;
        }
        if matches!(name, "ADMIN_TOKEN" | "BASIC_AUTH_USER") {
            self.wrong(name, "is what the audit calls the setting of that name");
            return;
        }
        let before = self.wrong.len();
        let mut account = Reading {
            name,
            found: self,
            proofs: Vec::new(),
            until: None,
            grants: Grants::NONE,
        };
        account.read(node);
        let Reading {
            proofs,
            until,
            grants,
            ..
        } = account;
        if self.wrong.len() > before {
            return;
        }
        if name == ANONYMOUS {
            if !proofs.is_empty() || until.is_some() {
                self.wrong(name, "has a secret or an end, and is who shows nothing");
            } else if self.anonymous.is_some() {
                self.wrong(name, "is there twice");
            }
            self.anonymous = Some(grants);
            return;
        }
        if proofs.is_empty() {
            self.wrong(name, "has neither password nor token");
        }
        if grants == Grants::NONE {
            self.wrong(name, "has no right");
        }
        self.accounts.push(Account {
            name: name.to_owned(),
            proofs,
            until,
            grants,
        });
    }

    fn wrong(&mut self, account: &str, what: impl std::fmt::Display) {
        self.wrong.push(format!("{account} {what}"));
    }
}

/// An account while it is read.
struct Reading<'r> {
    name: &'r str,
    found: &'r mut AccountsRead,
    proofs: Vec<Proof>,
    until: Option<Timestamp>,
    grants: Grants,
}

impl Reading<'_> {
    fn read(&mut self, node: SettingNode) {
        let SettingNode::Map(fields) = node else {
            self.wrong("is no mapping of what it has");
            return;
        };
        let mut seen: Vec<String> = Vec::new();
        for (field, value) in fields {
            if seen.contains(&field) {
                self.wrong(format!("has {} twice", shown(&field)));
                continue;
            }
            let right = Right::NAMES.iter().find(|(name, _)| *name == field);
            match (field.as_str(), right) {
                ("password" | "token", _) => self.secrets(&field, value),
                ("until", _) => self.ends(&value),
                (_, Some((_, right))) => self.right(*right, value),
                (_, None) => self.wrong(format!(
                    "has {}, which is none of password, token, until, read, push, delete, refresh, metrics, admin",
                    shown(&field)
                )),
            }
            seen.push(field);
        }
    }

    fn wrong(&mut self, what: impl std::fmt::Display) {
        self.found.wrong(self.name, what);
    }

    fn secrets(&mut self, field: &str, value: SettingNode) {
        let all = match value {
            SettingNode::List(all) if !all.is_empty() => all,
            one => vec![one],
        };
        for one in all {
            let SettingNode::Text(text) = one else {
                self.wrong(format!("has a {field} that is no text: put it in quotes"));
                continue;
            };
            match secret(&text) {
                Ok(secret) => self.proofs.push(match field {
                    "password" => Proof::Password {
                        user: SecretHash::of(self.name.as_bytes()),
                        password: secret,
                    },
                    _ => Proof::Token(secret),
                }),
                Err(what) => self.wrong(format!("has a {field} that {what}")),
            }
            if !text.starts_with(HASHED) && is_short(&text) {
                let warning = format!(
                    "{} has a {field} of fewer than {SHORT} characters, which can be guessed",
                    self.name
                );
                self.found.warnings.push(warning);
            }
        }
    }

    fn ends(&mut self, value: &SettingNode) {
        let end = match value {
            SettingNode::Text(text) => end(text),
            _ => None,
        };
        if end.is_none() {
            self.wrong(
                "has an until that is neither a day (2026-12-31) nor a time (2026-12-31T12:00:00Z)",
            );
        }
        self.until = end;
    }

    fn right(&mut self, right: Right, value: SettingNode) {
        match spaces(right, value) {
            Ok(spaces) => self.grants.add(right, &spaces),
            Err(problems) => problems.into_iter().for_each(|what| self.wrong(what)),
        }
    }
}

/// The spaces that a right is given for, or what is wrong with them, each as what somebody does.
pub(super) fn spaces(right: Right, value: SettingNode) -> Result<Spaces, Vec<String>> {
    let name = right.name();
    let neither = || {
        vec![format!(
            "has a {name} that is neither true nor patterns for spaces"
        )]
    };
    let texts = match value {
        SettingNode::Switch(true) => return Ok(Spaces::all()),
        SettingNode::Switch(false) | SettingNode::Nothing => return Ok(Spaces::NONE),
        SettingNode::Text(text) => vec![SettingNode::Text(text)],
        SettingNode::List(texts) if !texts.is_empty() => texts,
        SettingNode::List(_) | SettingNode::Map(_) | SettingNode::Number => return Err(neither()),
    };
    let (mut patterns, mut problems) = (Vec::new(), Vec::new());
    for text in texts {
        let SettingNode::Text(text) = text else {
            return Err(neither());
        };
        for text in text.split([',', ' ']).filter(|text| !text.is_empty()) {
            match Spaces::pattern(text) {
                Some(pattern) => patterns.push(pattern),
                None => problems.push(format!(
                    "may {name} in {}, which no space can be called",
                    shown(text)
                )),
            }
        }
    }
    let spaces = Spaces::of(patterns);
    if problems.is_empty() && right.is_of_all() && spaces != Spaces::all() {
        problems.push(format!(
            "has a {name} for some spaces: it is for all, say true"
        ));
    }
    if problems.is_empty() {
        Ok(spaces)
    } else {
        Err(problems)
    }
}

/// Whether an account or issuer may be called so: it stands in the log.
pub(super) fn name_is_fit(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    (1..=NAME_LIMIT).contains(&name.len()) && name.chars().all(allowed)
}

/// A secret, or its hash.
fn secret(text: &str) -> Result<SecretHash, &'static str> {
    let Some(hex) = text.strip_prefix(HASHED) else {
        if text.trim().is_empty() {
            return Err("is empty");
        }
        let begun = text.trim_start().get(..HASHED.len());
        if begun.is_some_and(|begun| begun.eq_ignore_ascii_case(HASHED)) {
            return Err(
                "begins with sha256: in other letters or behind a blank, and would be taken as it stands",
            );
        }
        return Ok(SecretHash::of(text.as_bytes()));
    };
    let hash = SecretHash::from_hex(hex)
        .ok_or("begins with sha256: and goes on with other than 64 hexadecimal digits")?;
    if hash == SecretHash::of(b"") || hash == SecretHash::of(b"\n") {
        return Err("is the hash of nothing");
    }
    Ok(hash)
}

/// Whether a secret can be guessed.
pub(super) fn is_short(secret: &str) -> bool {
    secret.chars().count() < SHORT
}

/// The first moment after a day, or a moment.
fn end(text: &str) -> Option<Timestamp> {
    let moment = if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        OffsetDateTime::new_utc(day.next_day()?, Time::MIDNIGHT)
    } else {
        OffsetDateTime::parse(text, &Rfc3339).ok()?
    };
    Timestamp::of_seconds(moment.unix_timestamp())
}
