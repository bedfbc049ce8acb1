//! A source: one registry with its prefix, patterns and credentials.

use super::Repositories;
use crate::oci::{Credentials, Name, Registry, Scheme};

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
    /// Who Portolan is to it.
    pub credentials: Credentials,
}

impl Source {
    /// Whether a repository is served from here: it lies below the prefix, and `REPOSITORIES` allows it.
    pub fn allows(&self, name: &Name) -> bool {
        self.relative(name)
            .is_some_and(|relative| self.repositories.allows(relative))
    }

    /// A repository's name below the prefix; `None` when it does not lie there.
    pub fn relative<'n>(&self, name: &'n Name) -> Option<&'n str> {
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
    pub(super) fn content(&self) -> serde_json::Value {
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

    /// The id that a source with `http://` had when ids held no scheme; `None` for others, whose ids are what they were.
    pub(crate) fn former_id(&self) -> Option<&str> {
        self.id.strip_prefix("http://")
    }

    /// Whether the registry must be asked which repositories there are.
    pub fn enumerates(&self) -> bool {
        self.repositories.enumerates()
    }
}

/// Where `REGISTRY` points: the registry and the prefix.
///
/// The value itself is in no message: people paste URLs with passwords in them.
pub(super) fn place(text: &str, insecure: bool) -> Result<(Registry, String), &'static str> {
    if text.contains('@') {
        return Err(
            "may not hold a user or password: they have their own settings, REGISTRY_USERNAME and REGISTRY_PASSWORD",
        );
    }
    if text.contains(['?', '#']) {
        return Err("may not have a query or a fragment");
    }
    let (scheme, address) = match text.split_once("://") {
        None => (Scheme::Https, text),
        Some((scheme, address)) => match scheme.to_ascii_lowercase().as_str() {
            // What `helm push` calls it.
            "https" | "oci" => (Scheme::Https, address),
            "http" => (Scheme::Http, address),
            _ => return Err("begins with another scheme than https://, oci:// or http://"),
        },
    };
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let registry =
        Registry::new(scheme, host).map_err(|_| "does not begin with a registry's host")?;
    if scheme == Scheme::Http && !insecure && !registry.is_loopback() {
        return Err("http:// is for this machine only, unless ALLOW_INSECURE_REGISTRY is true");
    }
    let prefix = path.trim_end_matches('/');
    if !prefix.is_empty() && prefix.parse::<Name>().is_err() {
        return Err("what follows the host is not the beginning of a repository name");
    }
    Ok((registry, prefix.to_owned()))
}

/// The canonical name of a registry and a prefix: see [`Source::id`].
pub(super) fn id(registry: &Registry, prefix: &str) -> String {
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
