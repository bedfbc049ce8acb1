//! A version as the index of another repository lists it: Helm's metadata, and where its package is.

use super::coerce::{list, whole};
use super::limit::{MAX_LINE, MAX_URL};
use super::value::{self, Fields};
use super::{KEYS, MAX_YAML, Metadata};
use crate::chart::Unfit;
use crate::chart::layout::normalised;

/// Most links of a version that are read: clients take the first.
const MAX_LINKS: usize = 8;

/// The keys that an index has beside those of the metadata (Helm, `pkg/repo/v1/index.go`, `ChartVersion`).
const MORE_KEYS: [&str; 3] = ["urls", "digest", "created"];

/// A version in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// What it says of the chart.
    pub metadata: Metadata,
    /// Where the package is: absolute, or relative to the index; not judged.
    pub urls: Vec<String>,
    /// The package's SHA-256 in hex.
    pub digest: Option<String>,
    /// RFC 3339 in UTC.
    pub created: Option<String>,
}

impl ListedVersion {
    /// Reads one from YAML.
    pub fn from_yaml(yaml: &[u8]) -> Result<Self, Unfit> {
        if yaml.len() > MAX_YAML {
            return Err(Unfit::MetadataTooLarge(MAX_YAML));
        }
        Self::of(value::from_yaml(yaml, &all_keys())?)
    }

    /// Reads one from JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, Unfit> {
        if json.len() > MAX_YAML {
            return Err(Unfit::MetadataTooLarge(MAX_YAML));
        }
        Self::of(value::from_json(json, &all_keys())?)
    }

    fn of(mut fields: Fields) -> Result<Self, Unfit> {
        let urls = list(fields.remove("urls"), MAX_LINKS, |item| {
            whole(Some(item), MAX_URL)
        });
        // Some wrote the algorithm before it; Helm 4.0 to 4.1.1 fail at that.
        let digest = whole(fields.remove("digest"), MAX_LINE)
            .map(|text| text.trim_start_matches("sha256:").to_ascii_lowercase())
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let created = whole(fields.remove("created"), MAX_LINE).and_then(|text| normalised(&text));
        Ok(Self {
            metadata: Metadata::of(fields)?,
            urls,
            digest,
            created,
        })
    }
}

fn all_keys() -> Vec<&'static str> {
    KEYS.into_iter().chain(MORE_KEYS).collect()
}
