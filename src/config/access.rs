//! The registry's credentials, and the readers, who must be named where there are any: nothing private becomes public by
//! omission.

use super::cloud;
use super::settings::Settings;
use super::terms;
use crate::oci::{Credentials, Registry, credentials};
use crate::secret::Secret;

/// Who may read indexes and packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// Anyone.
    Open,
    /// Whoever has this user and password.
    Basic {
        /// The user.
        user: Secret,
        /// The password.
        password: Secret,
    },
}

const USERNAME: &str = "REGISTRY_USERNAME";
const PASSWORD: &str = "REGISTRY_PASSWORD";
const DOCKER: &str = "DOCKER_AUTH_CONFIG";
const READER_USER: &str = "BASIC_AUTH_USER";
const READER_PASSWORD: &str = "BASIC_AUTH_PASS";
const ANONYMOUS: &str = "AUTH_ANONYMOUS_GET";

/// Reads the registry's credentials; `None` when anything is wrong with them. And whether there are any: half a pair of
/// credentials, or wrong ones, are a sign of a private registry, too.
pub(super) fn credentials<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> (Option<Credentials>, bool) {
    let pair = pair(settings, USERNAME, PASSWORD);
    let docker = settings.secret(DOCKER);
    let keys = cloud::keys(settings, place);
    // What opens a tunnel shows that not everybody is to reach what is behind it.
    let tunnel = settings.secret(terms::HEADERS).is_some();
    let private =
        tunnel || docker.is_some() || !matches!(pair, Ok(None)) || !matches!(keys, Ok(None));
    let credentials = match keys {
        Ok(None) => registry_credentials(settings, pair, docker, place),
        Ok(Some(key)) if docker.is_some() || !matches!(pair, Ok(None)) => {
            settings.wrong(
                key.setting,
                format!("set beside {USERNAME}, {PASSWORD} or {DOCKER}: one of them must go"),
            );
            None
        }
        Ok(Some(key)) => Some(key.credentials),
        Err(()) => None,
    };
    (credentials, private)
}

/// A user and a password, or neither; an error, already noted, where only one is set.
type Pair = Result<Option<(Secret, Secret)>, ()>;

fn pair<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    user: &'static str,
    password: &'static str,
) -> Pair {
    let pair = match (settings.secret(user), settings.secret(password)) {
        (None, None) => return Ok(None),
        (Some(found), Some(secret)) => (found, secret),
        (None, Some(_)) => {
            settings.wrong(user, format!("missing, while {password} is set"));
            return Err(());
        }
        (Some(_), None) => {
            settings.wrong(password, format!("missing, while {user} is set"));
            return Err(());
        }
    };
    // RFC 7617 §2: the first colon ends the user.
    if pair.0.expose().contains(':') {
        settings.wrong(user, "may not contain a colon");
        return Err(());
    }
    Ok(Some(pair))
}

fn registry_credentials<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    pair: Pair,
    docker: Option<Secret>,
    place: Option<&(Registry, String)>,
) -> Option<Credentials> {
    match (pair, docker) {
        (Ok(None), None) => Some(Credentials::Anonymous),
        (Ok(Some((username, password))), None) => Some(Credentials::Basic { username, password }),
        (Err(()), None) => None,
        (Ok(None), Some(docker)) => {
            let (registry, prefix) = place?;
            match credentials::from_docker_config(docker.expose(), registry, prefix) {
                Ok(credentials) => Some(credentials),
                Err(invalid) => {
                    settings.wrong(DOCKER, invalid.to_string());
                    None
                }
            }
        }
        (Ok(Some(_)) | Err(()), Some(_)) => {
            settings.wrong(
                DOCKER,
                format!("set as well as {USERNAME} or {PASSWORD}: remove one of the two"),
            );
            None
        }
    }
}

/// Reads who may read; `None` when that is wrong, or missing for a private registry.
pub(super) fn readers<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    private: bool,
) -> Option<Readers> {
    let pair = pair(settings, READER_USER, READER_PASSWORD);
    let set = settings.text(ANONYMOUS).is_some();
    let anonymous = settings.switch(ANONYMOUS);
    if set && anonymous.is_none() {
        // The wrong value was noted; what it was meant to say is not guessed.
        return None;
    }
    match (pair.ok()?, anonymous) {
        // As in ChartMuseum: reading needs no password, even where one is set.
        (_, Some(true)) => Some(Readers::Open),
        (Some((user, password)), _) => Some(Readers::Basic { user, password }),
        (None, None) if !private => Some(Readers::Open),
        (None, None) => {
            settings.wrong(
                ANONYMOUS,
                format!(
                    "missing: with registry credentials, set {READER_USER} and {READER_PASSWORD} for who may read, or this to true and anyone may read"
                ),
            );
            None
        }
        (None, Some(false)) => {
            settings.wrong(
                ANONYMOUS,
                format!("false, while {READER_USER} and {READER_PASSWORD} are missing: nobody could read"),
            );
            None
        }
    }
}
