//! One version in an index.

use serde_json::{Map, Value};

/// What an index says of a version. Depends on nothing but manifest, config and package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The chart's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// `<name>-<version>.tgz`.
    pub file: &'a str,
    /// Canonical metadata, a JSON object.
    pub metadata: &'a str,
    /// When it was made, RFC 3339.
    pub created: Option<&'a str>,
    /// The package's digest, bare hex: Helm wants no algorithm (facts/helm-client.md §4).
    pub digest: &'a str,
}

/// How much of the digest a link carries: 64 bits tell a chart's packages apart.
const LINK_DIGEST: usize = 16;

impl Entry<'_> {
    /// The link, relative to the index and without a leading slash: Helm resolves it under the repository's own path.
    pub fn url(&self) -> String {
        let digest = self.digest.get(..LINK_DIGEST).unwrap_or(self.digest);
        format!("charts/{digest}/{}", self.file)
    }

    /// All keys of the entry, in byte order.
    pub(super) fn to_map(self) -> Map<String, Value> {
        let mut map: Map<String, Value> = serde_json::from_str(self.metadata).unwrap_or_default();
        map.insert("name".to_owned(), self.name.into());
        map.insert("version".to_owned(), self.version.into());
        map.insert("digest".to_owned(), self.digest.into());
        map.insert("urls".to_owned(), vec![self.url()].into());
        if let Some(created) = self.created {
            map.insert("created".to_owned(), created.into());
        }
        map
    }
}
