//! A source: one registry with its prefix, mount, patterns, way of listing and credentials. This file says what it is; `listing` asks it.
//!
//! | file | holds |
//! |---|---|
//! | `classic` | `CLASSIC_INDEXES`: classic Helm repositories beside the registries |
//! | `discovery` | `DISCOVERY`: the ways of finding repositories, and which a host wants |
//! | `listing` | each of these ways: asks the registry, or an API that knows its repositories |
//! | `patterns` | the patterns of `REPOSITORIES`, `PRECEDENCE` and `TAGS` |

pub(crate) mod classic;
pub(crate) mod discovery;
pub(crate) mod listing;
mod patterns;

use crate::index::{RepositoryPath, Space};
use crate::oci::{Client, Credentials, Digest, Name, Registry, Scheme, Terms, Tokens};
use crate::platform::{Clock, Fetch};
use url::Url;

pub use discovery::Discovery;
pub(crate) use patterns::items;
pub use patterns::{Precedence, Repositories, TagPatterns};

/// What stands before the mount in an id: neither hosts nor repository names have it.
const MOUNTED: char = '@';

/// One configured registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its canonical name: scheme, host, prefix and mount, `https://` left out (`ghcr.io/acme/charts`,
    /// `http://localhost:5000/charts`, `ghcr.io/acme/charts@team-a`). What rows and documents know it by.
    pub id: String,
    /// Where it is.
    pub registry: Registry,
    /// What its repositories' names begin with, without a slash at the end; may be empty.
    pub prefix: String,
    /// The space that its repositories appear in.
    pub mount: Space,
    /// Which of its repositories are served.
    pub repositories: Repositories,
    /// Which of their tags are looked at.
    pub tags: TagPatterns,
    /// How its repositories are found.
    pub discovery: Discovery,
    /// What helps where they are not listed: words that follow a semicolon, with its settings as the operator has them.
    pub remedy: String,
    /// The credentials that Portolan has there.
    pub credentials: Credentials,
    /// On which terms it is spoken to.
    pub terms: Terms,
    /// The address of its index, where it is a classic repository and no registry.
    pub classic: Option<Url>,
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
            .is_some_and(|below| self.repositories.allows(below))
    }

    /// Whether something that a registry lists lies below the prefix, name of a repository or not.
    pub(crate) fn may_hold(&self, listed: &str) -> bool {
        let below = listed.strip_prefix(self.prefix.as_str());
        self.prefix.is_empty() || below.is_some_and(|below| below.starts_with('/'))
    }

    /// A repository's path as it is served, its name below the prefix under the mount; `None` when it does not lie below
    /// the prefix.
    pub fn relative(&self, name: &Name) -> Option<RepositoryPath> {
        let below = self.below_prefix(name)?;
        if self.mount.is_root() {
            return below.parse().ok();
        }
        format!("{}/{below}", self.mount).parse().ok()
    }

    fn below_prefix<'n>(&self, name: &'n Name) -> Option<&'n str> {
        if self.prefix.is_empty() {
            return Some(name.as_str());
        }
        name.as_str()
            .strip_prefix(self.prefix.as_str())?
            .strip_prefix('/')
    }

    /// The repository that is served at a path; `None` when there can be none.
    pub fn name(&self, relative: &str) -> Option<Name> {
        self.name_below_prefix(self.below_mount(relative)?)
    }

    fn name_below_prefix(&self, below: &str) -> Option<Name> {
        self.with_prefix(below).parse().ok()
    }

    fn with_prefix(&self, below: &str) -> String {
        if self.prefix.is_empty() {
            below.to_owned()
        } else {
            format!("{}/{below}", self.prefix)
        }
    }

    fn below_mount<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.mount.is_root() {
            return Some(path);
        }
        path.strip_prefix(self.mount.as_str())?.strip_prefix('/')
    }

    /// The repository that lies where a space does; `None` where there can be none, or `REPOSITORIES` does not allow it. (The
    /// one at the prefix itself no pattern can name: who configured the prefix named it.)
    pub(crate) fn at_space(&self, space: &Space) -> Option<Name> {
        if *space == self.mount {
            self.prefix.parse().ok()
        } else {
            self.name(space.as_str()).filter(|name| self.allows(name))
        }
    }

    /// Whether a repository of it may be served at or below a path.
    pub(crate) fn reaches(&self, path: &str) -> bool {
        holds(self.mount.as_str(), path) || holds(path, self.mount.as_str())
    }

    /// Whether all of it is served at or below a path.
    pub(crate) fn is_mounted_in(&self, path: &str) -> bool {
        holds(path, self.mount.as_str())
    }

    /// The repositories that are named without a wildcard, known without asking: each with its path, or, where it can have none, as
    /// text.
    pub(crate) fn exact(&self) -> Vec<Result<(Name, RepositoryPath), String>> {
        let servable = |whole: &str| {
            let name: Name = whole.parse().ok()?;
            let path = self.relative(&name)?;
            Some((name, path))
        };
        let exact = self.repositories.exact();
        exact
            .map(|below| self.with_prefix(below))
            .map(|whole| servable(&whole).ok_or(whole))
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
        if self.classic.is_some() {
            return serde_json::json!(["classic", self.id, identity]);
        }
        // What is not set says nothing, so that documents keep their keys.
        let mount = (!self.mount.is_root()).then(|| self.mount.as_str());
        match (self.registry.scheme(), mount) {
            (Scheme::Https, None) => serde_json::json!([place, self.prefix, patterns, identity]),
            // Documents name sources by their ids, and those of http:// had no scheme before.
            (Scheme::Http, None) => {
                serde_json::json!([place, self.prefix, patterns, identity, self.id])
            }
            (Scheme::Https | Scheme::Http, Some(mount)) => {
                serde_json::json!([place, self.prefix, patterns, identity, self.id, mount])
            }
        }
    }

    /// Hex digits that stand for all settings of it, passwords too: where they differ, what the registry said to the former ones
    /// is void.
    pub(crate) fn trace(&self) -> String {
        /// So few, that who reads them learns nothing of a password.
        const DIGITS: usize = 8;
        let secrets = self.credentials.secrets();
        let mut all = vec![self.content(), secrets.into()];
        // What is not set says nothing: a new version of Portolan voids no pause.
        let headers = self.terms.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        all.extend((!headers.is_empty()).then(|| serde_json::json!(headers)));
        let text = serde_json::Value::Array(all).to_string();
        let digest = Digest::sha256_of(text.as_bytes());
        digest.prefix(DIGITS).to_owned()
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

/// Whether a path is a folder or lies in it; all lie in the empty one.
fn holds(folder: &str, path: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The canonical name of a registry, a prefix and a mount: see [`Source::id`].
pub(crate) fn id(registry: &Registry, prefix: &str, mount: &Space) -> String {
    let place = match registry.scheme() {
        Scheme::Https => registry.host().to_owned(),
        Scheme::Http => registry.to_string(),
    };
    let slash = if prefix.is_empty() { "" } else { "/" };
    if mount.is_root() {
        format!("{place}{slash}{prefix}")
    } else {
        format!("{place}{slash}{prefix}{MOUNTED}{mount}")
    }
}

/// A source's id without its mount.
pub(crate) fn unmounted(id: &str) -> &str {
    id.split_once(MOUNTED).map_or(id, |(place, _)| place)
}

#[cfg(test)]
mod tests;
