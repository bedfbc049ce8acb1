//! The file table: which repositories offer a file, and how to get its bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::entry::LINK_DIGITS;
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is stored in the registry as it is served.
    #[default]
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
    /// It lies in a classic repository: at these addresses, which stand in the index instead of a link of ours.
    Elsewhere {
        /// The addresses, absolute.
        urls: Vec<String>,
        /// Whether its repository told its digest; else the candidate's stands for the address.
        digest: bool,
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
    /// How the package is made. Left out of the document where it is stored as served, as nearly all are.
    #[serde(default, skip_serializing_if = "is_stored")]
    pub origin: Origin,
    /// Set when no tag serves it any more: until when it stays reachable by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

fn is_stored(origin: &Origin) -> bool {
    *origin == Origin::Stored
}

/// A shard of the file table: file name → candidates in collision order, superseded ones last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(BTreeMap<String, Vec<Candidate>>);

impl Shard {
    /// Reads a published shard. Unknown fields are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Reads the candidates of one file out of a published shard; none when the file is not in it. What stands at other files
    /// is skipped without being checked.
    pub fn look_up(bytes: &[u8], file: &str) -> Result<Vec<Candidate>, serde_json::Error> {
        serde_json::Deserializer::from_slice(bytes).deserialize_map(LookUp(file))
    }

    /// The bytes to be published: the same table gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing a map of strings to plain structs cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Adds a candidate after those of its file, unless the same repository offers the same package already.
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

    /// Its files, each with its candidates.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[Candidate])> {
        let files = self.0.iter();
        files.map(|(file, candidates)| (file.as_str(), candidates.as_slice()))
    }

    /// Whether it holds no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads the value of one key of a map, and passes over the others.
struct LookUp<'f>(&'f str);

impl<'de> Visitor<'de> for LookUp<'_> {
    type Value = Vec<Candidate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of files")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(here) = map.next_key_seed(Is(self.0))? {
            if here {
                found = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a key without keeping it.
struct Is<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

/// The candidate that answers a request: the first that is allowed. With a digest (the first 16 hex of the package's, from the
/// link), one whose package begins so, current or superseded and not past its time; without, only one that is current.
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
            // A digest shorter than that of a link matches nothing.
            Some(digest) => {
                digest.len() >= LINK_DIGITS
                    && candidate.package.hex().starts_with(digest)
                    && candidate.until.is_none_or(|until| now < until)
            }
            None => candidate.until.is_none(),
        })
}

#[cfg(test)]
mod tests;
