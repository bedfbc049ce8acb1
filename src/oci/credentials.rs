//! The credentials that Portolan shows to a registry.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::Deserialize;

use crate::secret::{BASE64, Secret};

use super::azure::AzurePrincipal;
use super::google::GoogleKey;
use super::{Invalid, Registry};

/// The credentials for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// User and password: sent to the registry itself (Basic) or to its token server.
    Basic {
        /// The user; a secret too, some registries put a token there.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// A refresh token (`identitytoken`): exchanged at the token server by the OAuth2 grant.
    Identity(Secret),
    /// A ready Bearer token (`registrytoken`).
    Bearer(Secret),
    /// An access key of Amazon's, exchanged for user and password when they are wanted.
    Aws(AwsKeys),
    /// A service account of Google's, exchanged for an access token when one is wanted.
    Google(GoogleKey),
    /// A service principal of Azure's, exchanged for a refresh token when one is wanted.
    Azure(AzurePrincipal),
}

impl Credentials {
    /// Whose they are, without what proves it: two that differ here may see different things. For hashing only, as a user
    /// name may be a token.
    pub fn identity(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Basic { username, .. } => format!("basic {}", username.expose()),
            Self::Identity(_) => "identity".to_owned(),
            Self::Bearer(_) => "bearer".to_owned(),
            Self::Aws(keys) => format!("aws {}", keys.id.expose()),
            Self::Google(key) => format!("google {}", key.email),
            Self::Azure(principal) => format!("azure {} {}", principal.tenant, principal.client),
        }
    }

    /// What kind they are, in a word of ours.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Basic { .. } => "basic",
            Self::Identity(_) => "identity",
            Self::Bearer(_) => "bearer",
            Self::Aws(_) => "aws",
            Self::Google(_) => "google",
            Self::Azure(_) => "azure",
        }
    }

    /// All that proves them, for hashing.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Basic { username, password } => vec![username.expose(), password.expose()],
            Self::Identity(token) | Self::Bearer(token) => vec![token.expose()],
            Self::Aws(keys) => {
                let session = keys.session.as_ref().map(Secret::expose);
                let pair = [keys.id.expose(), keys.secret.expose()];
                pair.into_iter().chain(session).collect()
            }
            Self::Google(key) => vec![&key.email, key.pem.expose()],
            Self::Azure(AzurePrincipal {
                tenant,
                client,
                secret,
            }) => vec![tenant, client, secret.expose()],
        }
    }
}

/// An access key. Only a signature made with it is ever sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// `AWS_ACCESS_KEY_ID`.
    pub id: Secret,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: Secret,
    /// `AWS_SESSION_TOKEN`, which belongs to temporary keys and is sent with each request.
    pub session: Option<Secret>,
}

/// Docker's name for a user whose password is a refresh token.
const TOKEN_USER: &str = "<token>";

/// The file (`dockerconfigjson`); without `auths` it is the older `.dockercfg`, the inner map alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: Option<BTreeMap<String, Option<DockerAuth>>>,
    #[serde(default)]
    cred_helpers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DockerAuth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl DockerConfig {
    /// Reads it as text or base64. `auths` is there afterwards, unless helpers have it all.
    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let json = if text.starts_with('{') {
            text.to_owned()
        } else {
            decode(text).ok_or(Invalid::DockerConfig("neither JSON nor base64"))?
        };
        let malformed = |_| Invalid::DockerConfig("malformed JSON");
        let mut config: Self = serde_json::from_str(&json).map_err(malformed)?;
        config.creds_store = config.creds_store.filter(|store| !store.is_empty());
        let helped = config.creds_store.is_some()
            || config
                .cred_helpers
                .as_ref()
                .is_some_and(|all| !all.is_empty());
        if config.auths.is_none() && !helped {
            config.auths = Some(serde_json::from_str(&json).map_err(malformed)?);
        }
        Ok(config)
    }
}

/// What is wrong with a `dockerconfigjson` whatever registry it is for.
pub(crate) fn judge_docker_config(text: &str) -> Result<(), Invalid> {
    DockerConfig::parse(text).map(|_| ())
}

/// Picks the credentials for `registry`, and a prefix in it, out of a `dockerconfigjson` given as text or base64. The entry
/// with the longest path that leads to the prefix counts (`host/team/charts` before `host/team` before `host`). None at all
/// is an error: silence would be read as anonymous.
pub fn from_docker_config(
    text: &str,
    registry: &Registry,
    prefix: &str,
) -> Result<Credentials, Invalid> {
    let DockerConfig {
        auths,
        cred_helpers,
        creds_store,
    } = DockerConfig::parse(text)?;
    let by_helper = creds_store.is_some()
        || cred_helpers
            .unwrap_or_default()
            .keys()
            .any(|key| covers(key, registry, prefix).is_some());
    let auths = auths.unwrap_or_default();
    let mut best: Option<(usize, Credentials)> = None;
    for (key, entry) in auths {
        let Some(length) = covers(&key, registry, prefix) else {
            continue;
        };
        let credentials = entry.unwrap_or_default().credentials()?;
        if let Some(credentials) = credentials
            && best.as_ref().is_none_or(|(longest, _)| length > *longest)
        {
            best = Some((length, credentials));
        }
    }
    match best {
        Some((_, credentials)) => Ok(credentials),
        None if by_helper => Err(Invalid::DockerConfig(
            "it leaves the registry to a credential helper, and none can run here: give its user and password in auths, or as REGISTRY_USERNAME and REGISTRY_PASSWORD instead",
        )),
        None => Err(Invalid::DockerConfig("it has no entry for the registry")),
    }
}

/// The length of the path in `key`, if that leads to `prefix` on `registry`. Keys are `host[:port][/path]`, or URLs as
/// Docker writes them (`https://index.docker.io/v1/`), whose path says nothing.
fn covers(key: &str, registry: &Registry, prefix: &str) -> Option<usize> {
    let without_scheme = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"));
    let address = without_scheme.unwrap_or(key);
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let path = match path.trim_end_matches('/') {
        "v1" | "v2" => "",
        _ if without_scheme.is_some() => "",
        path => path,
    };
    let same_host = registry.is_at(host);
    let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    let leads = path.is_empty() || prefix.strip_prefix(path).is_some_and(below);
    (same_host && leads).then_some(path.len())
}

impl DockerAuth {
    /// `None` for an entry that says nothing: Docker leaves `{}` behind where a helper keeps the password.
    fn credentials(self) -> Result<Option<Credentials>, Invalid> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = given(self.identitytoken) {
            return Ok(Some(Credentials::Identity(token.into())));
        }
        if let Some(token) = given(self.registrytoken) {
            return Ok(Some(Credentials::Bearer(token.into())));
        }
        let (username, password) =
            match (given(self.auth), given(self.username), given(self.password)) {
                (Some(auth), ..) => {
                    let auth =
                        decode(&auth).ok_or(Invalid::DockerConfig("an auth that is not base64"))?;
                    // Some tools pad with NULs before they encode (containers/image).
                    let (username, password) = auth
                        .trim_end_matches('\0')
                        .split_once(':')
                        .ok_or(Invalid::DockerConfig("an auth without a colon"))?;
                    (username.to_owned(), password.to_owned())
                }
                (None, Some(username), Some(password)) => (username, password),
                (None, None, None) => return Ok(None),
                (None, ..) => {
                    return Err(Invalid::DockerConfig(
                        "a user without a password, or the other way round",
                    ));
                }
            };
        Ok(Some(if username == TOKEN_USER {
            Credentials::Identity(password.into())
        } else {
            Credentials::Basic {
                username: username.into(),
                password: password.into(),
            }
        }))
    }
}

/// Base64 with or without padding and line breaks.
fn decode(text: &str) -> Option<String> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    String::from_utf8(BASE64.decode(packed).ok()?).ok()
}

#[cfg(test)]
mod tests;
