//! The file table: who offers which file, and how its bytes are had.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::oci::Digest;
use crate::platform::Timestamp;

/// A blob in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// How a package is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "made", rename_all = "kebab-case")]
pub enum Origin {
    /// It lies in the registry as it is served.
    Stored,
    /// It is rebuilt from the two layers of an old layout.
    Rebuilt {
        /// The metadata layer.
        meta: Blob,
        /// The content layer.
        content: Blob,
        /// The chart's name, from the annotations.
        name: String,
        /// The chart's version, from the annotations.
        version: String,
    },
}

/// An offer of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Id of the source.
    pub source: String,
    /// Full name of the repository.
    pub repository: String,
    /// Digest of the package as it is served.
    pub package: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// The provenance file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Blob>,
    /// How the package is made.
    #[serde(flatten)]
    pub origin: Origin,
    /// Set when no tag serves it any more: until when it stays reachable by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A shard of the file table: file name → candidates in collision order, superseded ones last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(BTreeMap<String, Vec<Candidate>>);

impl Shard {
    /// Reads a shard as published.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The bytes to be published: the same table gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A map of texts to plain structs always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Adds a candidate behind those of its file, unless the same repository offers the same package already.
    pub fn add(&mut self, file: &str, candidate: Candidate) {
        let candidates = self.0.entry(file.to_owned()).or_default();
        let known = candidates.iter().any(|known| {
            known.package == candidate.package
                && known.repository == candidate.repository
                && known.source == candidate.source
        });
        if !known {
            candidates.push(candidate);
        }
    }

    /// The candidates for a file; none when it is not here.
    pub fn find(&self, file: &str) -> &[Candidate] {
        self.0.get(file).map_or(&[], Vec::as_slice)
    }

    /// Whether it holds no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The candidate that answers a request: the first that is allowed. With a digest (the first 16 hex of the package's, from
/// the link), one whose package begins so, superseded or not; without, only one that is current.
pub fn select<'c>(
    candidates: &'c [Candidate],
    digest: Option<&str>,
    now: Timestamp,
    allowed: impl Fn(&Candidate) -> bool,
) -> Option<&'c Candidate> {
    candidates
        .iter()
        .filter(|candidate| allowed(candidate))
        .find(|candidate| match digest {
            Some(digest) => {
                candidate.package.hex().starts_with(digest)
                    && candidate.until.is_none_or(|until| now < until)
            }
            None => candidate.until.is_none(),
        })
}
