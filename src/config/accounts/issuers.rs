//! `JWT_ISSUERS`: a mapping of names to those whose tokens are believed. As with accounts, no value is shown.

use url::Url;

use super::node::SettingNode;
use super::read::{name_is_fit, spaces};
use crate::access::jwt::issuer::{ClaimRule, Issuer, IssuerKeys};
use crate::access::jwt::key;
use crate::access::{Grants, Right};
use crate::config::settings::Settings;
use crate::oci::is_loopback;
use crate::shown::shown;

const ISSUERS: &str = "JWT_ISSUERS";
const ACCESS: &str = "JWT_ACCESS_CLAIM";

/// Issuers whose tokens anybody can have, for whatever audience: a rule for them has to say whose pipeline it means.
const SHARED: [&str; 2] = [
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
];

/// The claims that say so (<https://docs.github.com/en/actions/reference/security/oidc>,
/// <https://docs.gitlab.com/ci/secrets/id_token_authentication/>).
const OWNERS: [&str; 9] = [
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    "sub",
];

/// Whether the setting is there, right or wrong.
pub(super) fn are_set<L: Fn(&str) -> Option<String>>(settings: &Settings<L>) -> bool {
    settings.text(ISSUERS).is_some()
}

/// Reads the issuers; `None` when anything is wrong with them, which is noted.
pub(super) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
) -> Option<Vec<Issuer>> {
    let claim = settings.text(ACCESS);
    let Some(text) = settings.text(ISSUERS) else {
        if claim.is_some() {
            settings.warn(
                ACCESS,
                format!("set, while {ISSUERS} is missing: it does nothing"),
            );
        }
        return Some(Vec::new());
    };
    let entries = match SettingNode::parse(&text) {
        Ok(SettingNode::Map(entries)) => entries,
        Ok(_) => {
            settings.wrong(ISSUERS, "is no mapping of names to issuers");
            return None;
        }
        Err(wrong) => {
            settings.wrong(ISSUERS, wrong);
            return None;
        }
    };
    let claim = claim.unwrap_or_else(|| "access".to_owned());
    let mut issuers: Vec<Issuer> = Vec::new();
    let mut sound = true;
    for (place, (name, node)) in entries.into_iter().enumerate() {
        if !name_is_fit(&name) {
            let wrong = format!(
                "a name of an issuer has letters, digits or . _ - @ and that in place {} has not",
                place + 1
            );
            settings.wrong(ISSUERS, wrong);
            sound = false;
            continue;
        }
        let mut reading = IssuerReading::new(&name, &claim);
        reading.read(node);
        let twin = |known: &Issuer| {
            let mut audiences = reading.issuer.audiences.iter();
            known.claimed == reading.issuer.claimed
                && audiences.any(|audience| known.audiences.contains(audience))
        };
        if issuers.iter().any(|known| known.name == name) {
            reading.wrong("is there twice");
        } else if let Some(known) = issuers.iter().find(|known| twin(known)) {
            let what = format!(
                "has issuer and audience of {}: put their rules together",
                known.name
            );
            reading.wrong(what);
        }
        for what in &reading.wrong {
            settings.wrong(ISSUERS, format!("{name} {what}"));
        }
        sound &= reading.wrong.is_empty();
        issuers.push(reading.issuer);
    }
    sound.then_some(issuers)
}

/// An issuer while it is read.
struct IssuerReading<'r> {
    /// The path of the claim with access entries where it is not said.
    claim: &'r str,
    issuer: Issuer,
    wrong: Vec<String>,
}

impl<'r> IssuerReading<'r> {
    fn new(name: &str, claim: &'r str) -> Self {
        let issuer = Issuer {
            name: name.to_owned(),
            claimed: String::new(),
            audiences: Vec::new(),
            keys: IssuerKeys::Fixed(Vec::new()),
            rules: Vec::new(),
            access: None,
            scope: false,
        };
        Self {
            claim,
            issuer,
            wrong: Vec::new(),
        }
    }

    fn wrong(&mut self, what: impl Into<String>) {
        self.wrong.push(what.into());
    }

    fn read(&mut self, node: SettingNode) {
        let SettingNode::Map(fields) = node else {
            return self.wrong("is no mapping of what it has");
        };
        let mut seen: Vec<String> = Vec::new();
        for (field, value) in fields {
            if seen.contains(&field) {
                self.wrong(format!("has {} twice", shown(&field)));
                continue;
            }
            self.field(&field, value);
            seen.push(field);
        }
        if self.issuer.claimed.is_empty() {
            self.wrong("has no issuer");
        }
        if self.issuer.audiences.is_empty() {
            self.wrong("has no audience: tokens for others would be believed");
        }
        let has = |field: &str| seen.iter().any(|known| known == field);
        if has("key") == has("jwks") {
            self.wrong("needs either key or jwks");
        }
        if self.issuer.rules.is_empty() && self.issuer.access.is_none() && !self.issuer.scope {
            self.wrong("gives nothing: it has neither rules nor access nor scope");
        }
        self.judge_shared();
    }

    fn field(&mut self, field: &str, value: SettingNode) {
        match (field, value) {
            ("issuer", SettingNode::Text(text)) => self.issuer.claimed = text,
            ("audience", value) => match texts(value) {
                Some(texts) => self.issuer.audiences = texts,
                None => self.wrong("has an audience that is no text"),
            },
            ("key", SettingNode::Text(text)) => match key::written(&text) {
                Some(keys) => self.issuer.keys = IssuerKeys::Fixed(keys),
                None => self.wrong(
                    "has a key that is no public key of RSA (2048 bits or more), P-256 or Ed25519, as PEM or JWK",
                ),
            },
            ("jwks", SettingNode::Text(url)) if is_judged(&url) => {
                self.issuer.keys = IssuerKeys::Url(url);
            }
            ("jwks", _) => self.wrong("has a jwks that is no https:// URL"),
            ("access", SettingNode::Switch(on)) => self.issuer.access = on.then(|| path(self.claim)),
            ("access", SettingNode::Text(claim)) => self.issuer.access = Some(path(&claim)),
            ("scope", SettingNode::Switch(on)) => self.issuer.scope = on,
            ("rules", SettingNode::List(rules)) => rules.into_iter().for_each(|node| self.rule(node)),
            (field, _) => self.wrong(format!(
                "has {}, which is none of issuer, audience, key, jwks, access, scope, rules, or is not of its kind",
                shown(field)
            )),
        }
    }

    fn rule(&mut self, node: SettingNode) {
        let SettingNode::Map(fields) = node else {
            return self.wrong("has a rule that is no mapping");
        };
        let mut rule = ClaimRule {
            when: Vec::new(),
            grants: Grants::NONE,
        };
        for (field, value) in fields {
            let right = Right::NAMES.iter().find(|(name, _)| *name == field);
            match (field.as_str(), right, value) {
                ("when", _, SettingNode::Map(claims)) => {
                    for (claim, patterns) in claims {
                        match texts(patterns) {
                            Some(patterns) => rule.when.push((claim, patterns)),
                            None => {
                                self.wrong(format!(
                                    "has a rule whose {} is no text",
                                    shown(&claim)
                                ));
                            }
                        }
                    }
                }
                (_, Some((_, right)), value) => match spaces(*right, value) {
                    Ok(spaces) => rule.grants.add(*right, &spaces),
                    Err(problems) => self.wrong.extend(problems),
                },
                (field, None, _) => self.wrong(format!(
                    "has a rule with {}, which is neither when nor a right",
                    shown(field)
                )),
            }
        }
        if rule.when.is_empty() {
            self.wrong("has a rule without when, which all of its tokens would meet");
        }
        if rule.grants == Grants::NONE {
            self.wrong("has a rule that gives nothing");
        }
        self.issuer.rules.push(rule);
    }

    /// Whoever signs for anybody must be told whose tokens are meant.
    fn judge_shared(&mut self) {
        let issuer = self.issuer.claimed.trim_end_matches('/');
        if !SHARED.contains(&issuer) {
            return;
        }
        if self.issuer.access.is_some() || self.issuer.scope {
            self.wrong("signs for anybody: access and scope are not for it");
        }
        let rules = &self.issuer.rules;
        if rules
            .iter()
            .any(|rule| !rule.when.iter().any(names_an_owner))
        {
            self.wrong(
                "signs for anybody, and has a rule that does not say whose: name a repository, project or its owner",
            );
        }
    }
}

/// Whether a claim can only be met by pipelines of one owner: it is said in full, or up to a slash.
fn names_an_owner((claim, patterns): &(String, Vec<String>)) -> bool {
    let fixed = |pattern: &String| match pattern.split_once('*') {
        None => true,
        Some((begun, _)) => begun.contains('/'),
    };
    OWNERS.contains(&claim.as_str()) && patterns.iter().all(fixed)
}

/// Whether keys may be asked for at a URL: what is not encrypted anybody on the way could answer, but for this machine.
fn is_judged(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let here = || url.host().is_some_and(|host| is_loopback(&host));
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here()))
}

fn path(claim: &str) -> Vec<String> {
    claim.split('.').map(str::to_owned).collect()
}

/// A text, or several.
fn texts(node: SettingNode) -> Option<Vec<String>> {
    let all = match node {
        SettingNode::List(all) => all,
        one => vec![one],
    };
    let text = |one| match one {
        SettingNode::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    let texts: Option<Vec<String>> = all.into_iter().map(text).collect();
    texts.filter(|texts| !texts.is_empty())
}
