//! `SOURCES`: several registries, each a table with keys of its own. Without it, the settings of a single one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::settings::Settings;
use super::{source, var};
use crate::index::Space;
use crate::oci::Terms;
use crate::oci::terms::Spelling;
use crate::shown::shown;
use crate::source::Source;

/// The sources as they were read.
pub(super) struct ConfiguredSources {
    /// The sources; `None` when anything is wrong with one.
    pub(super) sources: Option<Vec<Source>>,
    /// Whether there are credentials for any of them, right or wrong.
    pub(super) private: bool,
}

const NAME: &str = "SOURCES";

/// The key of the space that a source appears in.
const MOUNT: &str = "mount";

/// The keys of a source whose values stand in it, and what each is called as the setting of a single registry.
const VALUES: [(&str, &str); 8] = [
    ("registry", "REGISTRY"),
    ("repositories", "REPOSITORIES"),
    ("discovery", "DISCOVERY"),
    ("tags", "TAGS"),
    ("token_realms", "TOKEN_REALMS"),
    ("download_hosts", "DOWNLOAD_HOSTS"),
    ("azure_tenant_id", "AZURE_TENANT_ID"),
    ("azure_client_id", "AZURE_CLIENT_ID"),
];

/// Those of them that may be lists.
const LISTS: [&str; 4] = ["repositories", "tags", "token_realms", "download_hosts"];

/// The keys of a source that name secrets, as nothing secret may stand among variables; and what the secret is called where
/// there is a single registry.
const SECRETS: [(&str, &str); 9] = [
    ("username_secret", "REGISTRY_USERNAME"),
    ("password_secret", "REGISTRY_PASSWORD"),
    ("docker_auth_config_secret", "DOCKER_AUTH_CONFIG"),
    ("headers_secret", "REGISTRY_HEADERS"),
    ("aws_access_key_id_secret", "AWS_ACCESS_KEY_ID"),
    ("aws_secret_access_key_secret", "AWS_SECRET_ACCESS_KEY"),
    ("aws_session_token_secret", "AWS_SESSION_TOKEN"),
    ("google_credentials_secret", "GOOGLE_CREDENTIALS"),
    ("azure_client_secret_secret", "AZURE_CLIENT_SECRET"),
];

/// Reads the sources.
pub(super) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    insecure: bool,
) -> ConfiguredSources {
    let Some(text) = settings.text(NAME) else {
        let source::ConfiguredSource { source, private } =
            source::read(settings, insecure, Space::root());
        let sources = source.map(|source| vec![source]);
        return ConfiguredSources { sources, private };
    };
    let tables = serde_json::from_str::<Vec<Map<String, Value>>>(&text);
    // A secret may have any name, that of the short form too.
    let named: BTreeSet<&str> = tables
        .iter()
        .flatten()
        .flat_map(|table| SECRETS.iter().filter_map(|(key, _)| table.get(*key)))
        .filter_map(Value::as_str)
        .map(str::trim)
        .collect();
    let single: Vec<&str> = VALUES
        .iter()
        .chain(&SECRETS)
        .map(|(_, setting)| *setting)
        .filter(|setting| settings.text(setting).is_some())
        .filter(|setting| !named.contains(setting))
        .collect();
    let beside = !single.is_empty();
    if beside {
        let single = single.join(", ");
        settings.wrong(
            NAME,
            format!("set as well as {single}: move them into it, or remove it"),
        );
    }
    // What is wrong is no reason to take anything for public.
    let mut configured = ConfiguredSources {
        sources: None,
        private: true,
    };
    let Ok(tables) = &tables else {
        settings.wrong(NAME, "not an array of tables, as TOML or as JSON");
        return configured;
    };
    if tables.is_empty() {
        settings.wrong(NAME, "the list is empty");
        return configured;
    }
    let mut sources = Vec::new();
    configured.private = false;
    for (place, table) in tables.iter().enumerate() {
        let read = Table(table).read(settings, insecure);
        for problem in read.problems {
            settings.wrong(NAME, format!("source {}: {problem}", place + 1));
        }
        configured.private |= read.private;
        sources.push(read.source.map(|source| Source {
            remedy: remedy_in_keys(&source.remedy, place + 1),
            terms: Terms {
                spelling: Spelling::Key,
                ..source.terms
            },
            ..source
        }));
    }
    for (place, source) in sources.iter().enumerate() {
        let id = |source: &Option<Source>| source.as_ref().map(|source| source.id.clone());
        let same = id(source).is_some().then(|| {
            let mut before = sources.iter().take(place);
            before.position(|before| id(before) == id(source))
        });
        if let Some(before) = same.flatten() {
            settings.wrong(
                NAME,
                format!(
                    "sources {} and {} have the same registry and mount",
                    before + 1,
                    place + 1
                ),
            );
        }
    }
    configured.sources = sources.into_iter().collect();
    configured
}

/// A source as it is written.
pub(super) struct Table<'t>(pub(super) &'t Map<String, Value>);

/// What came of reading one.
struct ReadTable {
    source: Option<Source>,
    private: bool,
    problems: Vec<String>,
}

impl Table<'_> {
    fn read<L: Fn(&str) -> Option<String>>(
        &self,
        settings: &Settings<L>,
        insecure: bool,
    ) -> ReadTable {
        let known: Vec<&str> = std::iter::once(MOUNT)
            .chain(VALUES.iter().chain(&SECRETS).map(|(key, _)| *key))
            .collect();
        let mut problems = self.unknown_keys(&known);
        let mount = self.mount().unwrap_or_else(|problem| {
            problems.push(problem);
            Space::root()
        });
        let mut values = BTreeMap::new();
        let mut unusable = BTreeSet::new();
        for (key, setting) in VALUES {
            match self.value(key) {
                Ok(value) => values.extend(value.map(|value| (setting, value))),
                Err(problem) => {
                    problems.push(problem);
                    unusable.insert(setting);
                }
            }
        }
        for (key, setting) in SECRETS {
            match self.secret(key, settings) {
                Ok(value) => values.extend(value.map(|value| (setting, value))),
                Err(problem) => {
                    problems.push(problem);
                    unusable.insert(setting);
                    // So that the half of a pair that is there is not said to be alone.
                    values.insert(setting, "unusable".to_owned());
                }
            }
        }
        let mut single = Settings::new(|name: &str| values.get(name).cloned());
        let source::ConfiguredSource { source, private } =
            source::read(&mut single, insecure, mount);
        let further = single.problems();
        let further = further.iter().filter(|it| !unusable.contains(&*it.setting));
        problems.extend(further.map(|problem| in_keys(&problem.to_string())));
        ReadTable {
            source: source.filter(|_| problems.is_empty()),
            private: private || self.names_a_secret(),
            problems,
        }
    }

    /// What is wrong with keys that are none.
    pub(super) fn unknown_keys(&self, known: &[&str]) -> Vec<String> {
        let unknown = self.0.keys().filter(|key| !known.contains(&key.as_str()));
        unknown
            .map(|key| format!("{} is not one of {}", shown(key), known.join(", ")))
            .collect()
    }

    fn names_a_secret(&self) -> bool {
        SECRETS.iter().any(|(key, _)| self.names(key))
    }

    /// Whether a key is there.
    pub(super) fn names(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The space that it appears in.
    pub(super) fn mount(&self) -> Result<Space, String> {
        let Some(text) = self.value(MOUNT)? else {
            return Ok(Space::root());
        };
        let mount: Space = text
            .trim_matches('/')
            .parse()
            .map_err(|_| format!("{MOUNT}: {} is not a path of spaces", shown(&text)))?;
        let path = format!("{mount}/");
        if path.starts_with("v2/") || path.starts_with("api/v1/") {
            return Err(format!(
                "{MOUNT}: nothing can be served below {}",
                shown(&text)
            ));
        }
        Ok(mount)
    }

    /// The text of a value, a list with its brackets; empty ones count as unset.
    pub(super) fn value(&self, key: &str) -> Result<Option<String>, String> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        let is_list = LISTS.contains(&key);
        let sound = match value {
            Value::Null | Value::String(_) => true,
            Value::Array(items) => is_list && items.iter().all(Value::is_string),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        if !sound {
            let wanted = if is_list { "a list" } else { "text" };
            return Err(format!("{key}: is not {wanted}"));
        }
        Ok(var::text(value).filter(|text| !text.trim().is_empty()))
    }

    /// The secret that a key names. What is no name of a secret may be the secret itself, and is not shown.
    pub(super) fn secret<L: Fn(&str) -> Option<String>>(
        &self,
        key: &str,
        settings: &Settings<L>,
    ) -> Result<Option<String>, String> {
        let Some(name) = self.value(key)? else {
            return Ok(None);
        };
        let name = name.trim();
        let first = name.bytes().next();
        if !first.is_some_and(|byte| byte.is_ascii_uppercase())
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        {
            return Err(format!(
                "{key}: is not the name of a secret, which has capital letters, digits and underscores"
            ));
        }
        match settings.secret(name) {
            Some(secret) => Ok(Some(secret.expose().to_owned())),
            None => Err(format!("{key}: names a secret that is not set")),
        }
    }
}

/// A message about the settings of a single registry, in the keys of a source.
fn in_keys(message: &str) -> String {
    replaced(message, |key, _| key.to_owned())
}

/// What helps with a single registry, in the keys of the source that stands at a place, counted from 1.
fn remedy_in_keys(remedy: &str, place: usize) -> String {
    let remedy = replaced(remedy, |key, secret| {
        if secret {
            format!("the secret that {key} names")
        } else {
            key.to_owned()
        }
    });
    format!("{remedy} (source {place} of {NAME})")
}

/// A text with what `written` makes of each key, and of whether it names a secret, in place of the setting.
fn replaced(text: &str, written: impl Fn(&str, bool) -> String) -> String {
    let values = VALUES.iter().map(|names| (names, false));
    let secrets = SECRETS.iter().map(|names| (names, true));
    let mut names: Vec<_> = values.chain(secrets).collect();
    // REGISTRY stands in REGISTRY_PASSWORD, too.
    names.sort_by_key(|((_, setting), _)| std::cmp::Reverse(setting.len()));
    names
        .iter()
        .fold(text.to_owned(), |text, ((key, setting), secret)| {
            text.replace(setting, &written(key, *secret))
        })
}
