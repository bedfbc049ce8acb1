//! What claims give: by the issuer's rules, by ChartMuseum's access entries, by scopes.

use serde_json::{Map, Value};

use super::super::{Grants, Right};
use super::{ClaimRule, Issuer};
use crate::glob::glob;
use crate::index::{Space, Spaces};

/// The only kind of ChartMuseum's access entries (<https://github.com/chartmuseum/auth>, `AccessEntryType`).
const REPOSITORY: &str = "artifact-repository";

/// What ChartMuseum calls its one repository where it has no others: charts that lie in no folder.
const ROOT: &str = "repo";

/// Most access entries, and most scopes, that are read.
const ENTRIES: usize = 256;

/// The rights that a token's claims give.
pub(super) fn grants(issuer: &Issuer, claims: &Map<String, Value>) -> Grants {
    let mut grants = Grants::NONE;
    for rule in issuer.rules.iter().filter(|rule| is_met(rule, claims)) {
        for (_, right) in Right::NAMES {
            grants.add(right, rule.grants.spaces(right));
        }
    }
    if let Some(path) = &issuer.access
        && let Some(Value::Array(entries)) = at(claims, path)
    {
        let entries = entries.iter().take(ENTRIES);
        entries.for_each(|entry| add_entry(&mut grants, entry));
    }
    if issuer.scope
        && let Some(Value::String(scopes)) = claims.get("scope")
    {
        let scopes = scopes.split(' ').take(ENTRIES);
        scopes.for_each(|scope| add_scope(&mut grants, scope));
    }
    grants
}

fn is_met(rule: &ClaimRule, claims: &Map<String, Value>) -> bool {
    rule.when.iter().all(|(claim, patterns)| {
        let fits = |value: &Value| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return false,
            };
            patterns.iter().any(|pattern| glob(pattern, &text, false))
        };
        let path: Vec<String> = claim.split('.').map(str::to_owned).collect();
        // A claim may have a dot, or a whole URL, for a name.
        match claims.get(claim).or_else(|| at(claims, &path)) {
            Some(Value::Array(values)) => values.iter().any(fits),
            Some(value) => fits(value),
            None => false,
        }
    })
}

fn at<'c>(claims: &'c Map<String, Value>, path: &[String]) -> Option<&'c Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(claims.get(first)?, |value, name| value.get(name))
}

/// `{"type": "artifact-repository", "name": "team-a", "actions": ["pull", "push"]}`.
fn add_entry(grants: &mut Grants, entry: &Value) {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    if text("type") != Some(REPOSITORY) {
        return;
    }
    if let (Some(name), Some(Value::Array(actions))) = (text("name"), entry.get("actions")) {
        add_actions(grants, name, actions.iter().filter_map(Value::as_str));
    }
}

/// What ChartMuseum calls actions, on one space: its name is taken as it stands, and a `*` in it is none. Who may push may
/// delete, as ChartMuseum's routes have it.
fn add_actions<'a>(grants: &mut Grants, name: &str, actions: impl Iterator<Item = &'a str>) {
    let space = match name {
        ROOT => Space::root(),
        "" => return,
        name => match name.parse() {
            Ok(space) => space,
            Err(_) => return,
        },
    };
    let spaces = Spaces::only(&space);
    for action in actions {
        match action {
            "pull" => grants.add(Right::Read, &spaces),
            "push" => {
                grants.add(Right::Push, &spaces);
                grants.add(Right::Delete, &spaces);
            }
            _ => {}
        }
    }
}

/// `<right>` for everything, `<right>:<pattern>`, or `artifact-repository:<space>:<actions>` as ChartMuseum asks for tokens.
fn add_scope(grants: &mut Grants, scope: &str) {
    let (name, rest) = scope.split_once(':').unwrap_or((scope, "**"));
    if name == REPOSITORY {
        if let Some((space, actions)) = rest.split_once(':') {
            add_actions(grants, space, actions.split(','));
        }
        return;
    }
    let right = Right::NAMES.iter().find(|(known, _)| *known == name);
    if let (Some((_, right)), Some(pattern)) = (right, Spaces::pattern(rest)) {
        let spaces = Spaces::of([pattern]);
        if !right.is_of_all() || spaces == Spaces::all() {
            grants.add(*right, &spaces);
        }
    }
}
