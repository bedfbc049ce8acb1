//! `CLASSIC_INDEXES`: classic repositories whose charts are served beside those of the registries.

use serde_json::Value;

use super::settings::Settings;
use super::sources::Table;
use crate::index::Space;
use crate::oci::Credentials;
use crate::source::{Source, classic, items};

const NAME: &str = "CLASSIC_INDEXES";

const URL: &str = "url";
const MOUNT: &str = "mount";
const USERNAME: &str = "username_secret";
const PASSWORD: &str = "password_secret";

/// The classic repositories as they were read.
#[derive(Default)]
pub(super) struct ClassicIndexes {
    /// Those that are right.
    pub(super) sources: Vec<Source>,
    /// Whether there are credentials for any of them, right or wrong.
    pub(super) private: bool,
}

/// Reads the addresses, or tables with an address, a mount, and the names of the secrets that hold user and password.
pub(super) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    insecure: bool,
) -> ClassicIndexes {
    let mut indexes = ClassicIndexes::default();
    let Some(text) = settings.text(NAME) else {
        return indexes;
    };
    let given: Vec<Value> = match (serde_json::from_str(&text), items(&text)) {
        (Ok(given), _) => given,
        (Err(_), Ok(addresses)) => addresses.into_iter().map(Value::from).collect(),
        (Err(_), Err(problem)) => {
            settings.wrong(NAME, problem);
            return indexes;
        }
    };
    if given.is_empty() {
        settings.wrong(NAME, "the list is empty");
    }
    for (place, value) in given.iter().enumerate() {
        let wrong = |what: &str| format!("index {}: {what}", place + 1);
        let read = match value {
            Value::String(address) => {
                classic::source(address, Space::root(), Credentials::Anonymous, insecure)
                    .map_err(|problem| vec![problem.to_owned()])
            }
            Value::Object(table) => {
                let table = Table(table);
                indexes.private |= table.names(USERNAME) || table.names(PASSWORD);
                of_table(&table, settings, insecure)
            }
            _ => Err(vec!["neither an address nor a table".to_owned()]),
        };
        match read {
            Ok(source) if indexes.sources.iter().any(|known| known.id == source.id) => {
                settings.wrong(NAME, wrong("stands there twice"));
            }
            Ok(source) => indexes.sources.push(source),
            Err(problems) => {
                for problem in problems {
                    settings.wrong(NAME, wrong(&problem));
                }
            }
        }
    }
    indexes
}

fn of_table<L: Fn(&str) -> Option<String>>(
    table: &Table<'_>,
    settings: &Settings<L>,
    insecure: bool,
) -> Result<Source, Vec<String>> {
    let mut problems = table.unknown_keys(&[URL, MOUNT, USERNAME, PASSWORD]);
    let mut take = |read: Result<Option<String>, String>| {
        read.map_err(|problem| problems.push(problem))
            .ok()
            .flatten()
    };
    let url = take(table.value(URL));
    let username = take(table.secret(USERNAME, settings));
    let password = take(table.secret(PASSWORD, settings));
    let mount = table.mount().unwrap_or_else(|problem| {
        problems.push(problem);
        Space::root()
    });
    let credentials = match (username, password) {
        (None, None) => Credentials::Anonymous,
        (Some(username), Some(password)) => Credentials::Basic {
            username: username.into(),
            password: password.into(),
        },
        _ if !problems.is_empty() => Credentials::Anonymous,
        (None, Some(_)) => {
            problems.push(format!("{USERNAME}: missing, while {PASSWORD} is set"));
            Credentials::Anonymous
        }
        (Some(_), None) => {
            problems.push(format!("{PASSWORD}: missing, while {USERNAME} is set"));
            Credentials::Anonymous
        }
    };
    match classic::source(&url.unwrap_or_default(), mount, credentials, insecure) {
        Ok(source) if problems.is_empty() => Ok(source),
        Ok(_) => Err(problems),
        Err(problem) => {
            problems.push(format!("{URL}: {problem}"));
            Err(problems)
        }
    }
}
