//! Manifests and indexes, OCI's and Docker's alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Digest, Invalid};

/// The media types that are asked for (`Accept`), most wanted first. One joined header: distribution 2.8 answers 404 to an
/// `Accept` without the OCI types.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const IMAGE_TYPES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

const NOT_JSON: Invalid = Invalid::Manifest("not a JSON object of its shape");

/// A pointer to content (image spec, "Descriptor"). `urls` and `data` are ignored (CVE-2020-15157 in containerd).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of what it points to; empty where a hand-made manifest leaves it out.
    #[serde(default)]
    pub media_type: String,
    /// The digest of what it points to.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Annotations whose value is text.
    #[serde(default, deserialize_with = "texts")]
    pub annotations: BTreeMap<String, String>,
    /// The artifact type of a manifest, in an index.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// What a manifest in an index is for.
    #[serde(default)]
    pub platform: Option<Platform>,
}

/// The platform of a manifest in an index; `unknown` and `unknown` mark attestations.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// Operating system.
    #[serde(default)]
    pub os: String,
    /// Processor architecture.
    #[serde(default)]
    pub architecture: String,
}

/// An image manifest: a config and layers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// The config blob.
    pub config: Descriptor,
    /// The layers, in order.
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
    /// Annotations whose value is text.
    #[serde(default, deserialize_with = "texts")]
    pub annotations: BTreeMap<String, String>,
    /// What the artifact says it is.
    #[serde(default)]
    pub artifact_type: Option<String>,
}

/// An image index, or Docker's manifest list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// The manifests, in order. One that cannot be read hides none of its neighbours.
    #[serde(deserialize_with = "readable")]
    pub manifests: Vec<Descriptor>,
    /// Annotations whose value is text.
    #[serde(default, deserialize_with = "texts")]
    pub annotations: BTreeMap<String, String>,
}

/// What a tag or digest stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// An image manifest.
    Image(ImageManifest),
    /// An index.
    Index(ImageIndex),
}

/// The fields that decide which kind of document it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    config: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// Reads a manifest that came with `content_type`. Its shape decides what it is (Helm writes no `mediaType`), but a
    /// document of both shapes, and one whose types contradict each other or the shape, is refused: two readers must
    /// never see two things in it (CVE-2021-41190).
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, Invalid> {
        let shape: Shape = serde_json::from_slice(bytes).map_err(|_| NOT_JSON)?;
        // A list would do for a struct, too, by position.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(NOT_JSON);
        }
        let content_type = content_type.map(essence).filter(|text| !is_generic(text));
        if let (Some(within), Some(without)) = (&shape.media_type, &content_type)
            && essence(within) != *without
        {
            return Err(Invalid::Manifest("its media type is not its content type"));
        }
        let stated = shape.media_type.as_deref().map(essence).or(content_type);
        let is_index = match (
            shape.manifests.is_some(),
            shape.config.is_some() || shape.layers.is_some(),
        ) {
            (true, true) => return Err(Invalid::Manifest("both an index and an image")),
            (true, false) => true,
            (false, true) => false,
            (false, false) => return Err(Invalid::Manifest("neither an index nor an image")),
        };
        let contradicting = if is_index { IMAGE_TYPES } else { INDEX_TYPES };
        if stated.is_some_and(|stated| contradicting.contains(&stated.as_str())) {
            return Err(Invalid::Manifest("its shape is not that of its media type"));
        }
        if is_index {
            serde_json::from_slice(bytes)
                .map(Self::Index)
                .map_err(|_| Invalid::Manifest("a malformed index"))
        } else {
            serde_json::from_slice(bytes)
                .map(Self::Image)
                .map_err(|_| Invalid::Manifest("a malformed image manifest"))
        }
    }
}

/// A media type that can be compared: without parameters, in lower case (RFC 6838 §4.2).
pub(crate) fn essence(text: &str) -> String {
    text.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Types that say nothing about a manifest: some registries send them for everything.
fn is_generic(essence: &str) -> bool {
    matches!(
        essence,
        "" | "application/json" | "application/octet-stream" | "text/plain" | "binary/octet-stream"
    )
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The descriptors of a list that are ones.
fn readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Descriptor>, D::Error> {
    let values = Vec::<Value>::deserialize(deserializer)?;
    Ok(values
        .into_iter()
        .filter_map(|value| serde_json::from_value(value).ok())
        .collect())
}

/// A map of texts; null is an empty one, and values that are no text are left out.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values: BTreeMap<String, Value> = or_default(deserializer)?;
    Ok(values
        .into_iter()
        .filter_map(|(key, value)| match value {
            Value::String(text) => Some((key, text)),
            _ => None,
        })
        .collect())
}

#[cfg(test)]
mod tests;
