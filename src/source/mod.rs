//! A source: one registry with its prefix, patterns, way of listing and credentials. What it is stands here and is pure.
//!
//! | file | holds |
//! |---|---|
//! | `discovery` | `DISCOVERY`: the ways of finding repositories, and which a host wants |
//! | `listing` | each of these ways: asks the registry, or an API that knows its repositories |
//! | `patterns` | the patterns of `REPOSITORIES`, `PRECEDENCE` and `TAGS` |

pub(crate) mod discovery;
pub(crate) mod listing;
mod patterns;

use crate::index::RepositoryPath;
use crate::oci::{Client, Credentials, Digest, Name, Registry, Scheme, Terms, Tokens};
use crate::platform::{Clock, Fetch};
use crate::secret::Secret;

pub use discovery::Discovery;
pub(crate) use patterns::items;
pub use patterns::{Precedence, Repositories, TagPatterns};

/// One configured registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its canonical name: scheme, host and prefix, `https://` left out (`ghcr.io/acme/charts`,
    /// `http://localhost:5000/charts`). What rows and documents know it by.
    pub id: String,
    /// Where it is.
    pub registry: Registry,
    /// What its repositories' names begin with, without a slash at the end; may be empty.
    pub prefix: String,
    /// Which of its repositories are served.
    pub repositories: Repositories,
    /// How its repositories are found.
    pub discovery: Discovery,
    /// The credentials that Portolan has there.
    pub credentials: Credentials,
    /// On which terms it is spoken to.
    pub terms: Terms,
}

impl Source {
    /// A client for its registry, with its credentials and on its terms.
    pub(crate) fn client<'a, F: Fetch, C: Clock>(
        &'a self,
        fetch: &'a F,
        tokens: &'a Tokens,
        clock: &'a C,
    ) -> Client<'a, F, C> {
        let Self {
            registry,
            credentials,
            terms,
            ..
        } = self;
        Client::new(fetch, registry, credentials, terms, tokens, clock)
    }

    /// Whether a repository is served from here: it lies below the prefix, and `REPOSITORIES` allows it.
    pub fn allows(&self, name: &Name) -> bool {
        self.below_prefix(name)
            .is_some_and(|relative| self.repositories.allows(relative))
    }

    /// A repository's path below the prefix; `None` when it does not lie there.
    pub fn relative(&self, name: &Name) -> Option<RepositoryPath> {
        self.below_prefix(name)?.parse().ok()
    }

    fn below_prefix<'n>(&self, name: &'n Name) -> Option<&'n str> {
        if self.prefix.is_empty() {
            return Some(name.as_str());
        }
        name.as_str()
            .strip_prefix(self.prefix.as_str())?
            .strip_prefix('/')
    }

    /// The repository of a name below the prefix; `None` when there can be none of that name.
    pub fn name(&self, relative: &str) -> Option<Name> {
        if self.prefix.is_empty() {
            return relative.parse().ok();
        }
        format!("{}/{relative}", self.prefix).parse().ok()
    }

    /// The repositories that are named without a wildcard: known without asking.
    pub fn exact(&self) -> Vec<Name> {
        self.repositories
            .exact()
            .filter_map(|relative| self.name(relative))
            .collect()
    }

    /// Everything about it that decides the content of documents, for hashing.
    pub(crate) fn content(&self) -> serde_json::Value {
        let patterns = match &self.repositories {
            Repositories::All => None,
            Repositories::Listed(patterns) => Some(patterns),
        };
        let place = self.registry.to_string();
        let identity = self.credentials.identity();
        match self.registry.scheme() {
            Scheme::Https => serde_json::json!([place, self.prefix, patterns, identity]),
            // Documents name sources by their ids, and those of http:// had no scheme before.
            Scheme::Http => serde_json::json!([place, self.prefix, patterns, identity, self.id]),
        }
    }

    /// Eight hex digits that stand for all settings of it, passwords too: where they differ, what the registry said to the
    /// former ones is void. So few, that who reads them learns nothing of a password.
    pub(crate) fn trace(&self) -> String {
        let secrets = match &self.credentials {
            Credentials::Anonymous => Vec::new(),
            Credentials::Basic { username, password } => vec![username, password],
            Credentials::Identity(token) | Credentials::Bearer(token) => vec![token],
            Credentials::Aws(keys) => {
                let session = keys.session.as_ref();
                [&keys.id, &keys.secret]
                    .into_iter()
                    .chain(session)
                    .collect()
            }
        };
        let secrets: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
        let mut all = vec![self.content(), secrets.into()];
        // What is not set says nothing: a new version of Portolan voids no pause.
        let headers = self.terms.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        all.extend((!headers.is_empty()).then(|| serde_json::json!(headers)));
        let text = serde_json::Value::Array(all).to_string();
        let digest = Digest::sha256_of(text.as_bytes());
        digest.hex().chars().take(8).collect()
    }

    /// The id that a source with `http://` had when ids held no scheme; `None` for others, whose ids are what they were.
    pub(crate) fn former_id(&self) -> Option<&str> {
        self.id.strip_prefix("http://")
    }

    /// Whether the registry must be asked which repositories there are.
    pub fn enumerates(&self) -> bool {
        self.repositories.enumerates()
    }

    /// The first segment of the prefix: what registries call the owner, namespace or project. `None` without a prefix.
    pub fn owner(&self) -> Option<&str> {
        self.prefix
            .split('/')
            .next()
            .filter(|owner| !owner.is_empty())
    }
}

/// The canonical name of a registry and a prefix: see [`Source::id`].
pub(crate) fn id(registry: &Registry, prefix: &str) -> String {
    let place = match registry.scheme() {
        Scheme::Https => registry.host().to_owned(),
        Scheme::Http => registry.to_string(),
    };
    if prefix.is_empty() {
        place
    } else {
        format!("{place}/{prefix}")
    }
}

#[cfg(test)]
mod tests;
