//! How a chart lies in a registry: ten layouts, told apart by media types.
//!
//! | | made by | what tells it |
//! |---|---|---|
//! | V1 | jdolitsky/oras-helm-demo, 2019 | layers for metadata and content, config of an image |
//! | V2 | Helm 3.0.0-alpha.1 | the same, other annotations |
//! | V3 | Helm 3.0.0-alpha.2 | the same, other media types, Helm's config type with `{}` |
//! | V4 | Helm 3.0.0-beta.1 to beta.5 | Helm's config, one layer of V3's content type |
//! | V5 | Helm 3.0.0-rc.1 to 3.6 | Helm's config, one layer `application/tar+gzip` |
//! | V6 | Helm since 3.7 | Helm's config, a layer of Helm's own type |
//! | V7 | the same, signed | a layer of provenance besides, in either order |
//! | V8 | tools that build for platforms | an index or Docker's list, one child a chart (helm/helm#31775) |
//! | V9 | ORAS, scripts | the package with an empty, foreign or hand-made config |
//! | V10 | nobody known, but Helm up to 3.17 asked for it | Docker's schema 2 around any of them |

use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::oci::{Descriptor, ImageIndex, ImageManifest, Manifest, essence};

use super::media_type;
use super::unfit::quoted;

/// Most children of an index that are worth a manifest each: a chart index holds one chart beside a few images.
const MAX_CHILDREN: usize = 8;

/// Of these, most that are made for a platform. A chart is for none, but Docker's list must name one; a look at two does,
/// and an image for eight architectures costs no eight calls.
const MAX_PLATFORM_CHILDREN: usize = 2;

/// Longest config blob in bytes that cannot hold metadata: `{}`, with or without a line's end.
const EMPTY_CONFIG: u64 = 4;

const CREATED: &str = "org.opencontainers.image.created";

/// Names under which the two-layer layouts keep name and version: oras-helm-demo, then Helm 3.0.0-alpha.
const NAME: [&str; 2] = ["chart.name", "sh.helm.chart.name"];
const VERSION: [&str; 2] = ["chart.version", "sh.helm.chart.version"];

/// Where the metadata of a package is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataFrom {
    /// The config blob; when that turns out unfit and [`super::Unfit::asks_for_package`], the package.
    Config,
    /// `Chart.yaml` inside the package: the config is not Helm's, or empty.
    Package,
}

/// What a manifest holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One package that can be sent as it lies (V4 to V7, V9, V10).
    Package {
        /// The config blob.
        config: Descriptor,
        /// The package.
        package: Descriptor,
        /// Its provenance file.
        provenance: Option<Descriptor>,
        /// Which blob holds the metadata.
        metadata: MetadataFrom,
        /// When it was made, as the manifest says: RFC 3339 in UTC, whole seconds.
        created: Option<String>,
    },
    /// Metadata and content apart (V1 to V3): [`super::rebuild`] makes a package of them.
    TwoLayers {
        /// The metadata without name and version, JSON.
        meta: Descriptor,
        /// The chart with a placeholder for its metadata, tar and gzip.
        content: Descriptor,
        /// The chart's name as annotated; judged when rebuilt.
        name: String,
        /// The chart's version as annotated; judged when rebuilt.
        version: String,
        /// As for a package.
        created: Option<String>,
    },
    /// An index (V8): the chart is the first child that is one.
    Index {
        /// Children worth reading, the most likely one first; at most 8.
        children: Vec<Descriptor>,
    },
    /// No chart, and what it is instead.
    Foreign(String),
}

impl Layout {
    /// Decides by media types, never by the tag.
    pub fn of(manifest: &Manifest) -> Self {
        match manifest {
            Manifest::Image(image) => Self::of_image(image),
            Manifest::Index(index) => Self::of_index(index),
        }
    }

    fn of_image(image: &ImageManifest) -> Self {
        let artifact_type = image.artifact_type.as_deref().unwrap_or_default();
        // What says that it is something else is believed, whatever its layers are called.
        if let Some(kind) = media_type::foreign_kind(artifact_type)
            .or_else(|| media_type::foreign_kind(&image.config.media_type))
        {
            return Self::Foreign(kind.to_owned());
        }
        let layer = |types: &[&str]| {
            image
                .layers
                .iter()
                .find(|layer| types.contains(&essence(&layer.media_type).as_str()))
        };
        let created = created(image);
        if let Some(meta) = layer(&media_type::META) {
            return match layer(&media_type::CONTENT) {
                Some(content) => two_layers(image, meta, content, created),
                None => Self::Foreign("chart metadata without its content".to_owned()),
            };
        }
        let is_helm =
            media_type::is_config(&image.config.media_type) || media_type::is_config(artifact_type);
        // The older types alone say too little: `application/tar+gzip` may be anything.
        let package = layer(&[media_type::PACKAGE]).or_else(|| {
            is_helm
                .then(|| layer(&[media_type::GENERIC]).or_else(|| layer(&[media_type::LAYER])))
                .flatten()
        });
        let Some(package) = package else {
            return Self::Foreign(foreign(image, is_helm));
        };
        let has_metadata =
            media_type::is_config(&image.config.media_type) && image.config.size > EMPTY_CONFIG;
        Self::Package {
            config: image.config.clone(),
            package: package.clone(),
            provenance: layer(&[media_type::PROVENANCE]).cloned(),
            metadata: if has_metadata {
                MetadataFrom::Config
            } else {
                MetadataFrom::Package
            },
            created,
        }
    }

    fn of_index(index: &ImageIndex) -> Self {
        let mut ranked: Vec<(Rank, &Descriptor)> = index
            .manifests
            .iter()
            .filter_map(|child| rank(child).map(|rank| (rank, child)))
            .collect();
        // Stable: children of one rank keep the order of the index.
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut for_platforms = 0;
        let children: Vec<Descriptor> = ranked
            .into_iter()
            .filter(|(rank, _)| {
                for_platforms += usize::from(*rank == Rank::ForPlatform);
                *rank != Rank::ForPlatform || for_platforms <= MAX_PLATFORM_CHILDREN
            })
            .map(|(_, child)| child.clone())
            .take(MAX_CHILDREN)
            .collect();
        if children.is_empty() {
            Self::Foreign("index without a manifest that could be a chart".to_owned())
        } else {
            Self::Index { children }
        }
    }
}

/// How likely a child of an index is a chart, the likeliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    SaysHelm,
    NoPlatform,
    UnknownPlatform,
    OtherArtifact,
    ForPlatform,
}

/// `None` for children that are certainly none: attestations, indexes, artifacts of a known other kind.
fn rank(child: &Descriptor) -> Option<Rank> {
    const MANIFESTS: [&str; 3] = [
        "",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ];
    if child.annotations.contains_key("vnd.docker.reference.type")
        || !MANIFESTS.contains(&essence(&child.media_type).as_str())
    {
        return None;
    }
    let artifact_type = child
        .artifact_type
        .as_deref()
        .filter(|text| !text.is_empty());
    let says_helm = artifact_type.is_some_and(media_type::is_config)
        || child.annotations.keys().any(|key| {
            key.starts_with("sh.helm.")
                || key.starts_with("helm.sh/")
                || NAME.contains(&key.as_str())
        });
    if says_helm {
        return Some(Rank::SaysHelm);
    }
    if artifact_type.is_some_and(|text| media_type::foreign_kind(text).is_some()) {
        return None;
    }
    let nowhere = |text: &str| text.is_empty() || text == "unknown";
    Some(match &child.platform {
        Some(platform) if !nowhere(&platform.os) || !nowhere(&platform.architecture) => {
            Rank::ForPlatform
        }
        _ if artifact_type.is_some() => Rank::OtherArtifact,
        Some(platform) if platform.os == "unknown" => Rank::UnknownPlatform,
        _ => Rank::NoPlatform,
    })
}

fn two_layers(
    image: &ImageManifest,
    meta: &Descriptor,
    content: &Descriptor,
    created: Option<String>,
) -> Layout {
    let annotated = |keys: [&str; 2]| {
        [&content.annotations, &meta.annotations, &image.annotations]
            .into_iter()
            .find_map(|annotations| keys.iter().find_map(|key| annotations.get(*key)))
            .filter(|text| !text.is_empty())
            .cloned()
    };
    match (annotated(NAME), annotated(VERSION)) {
        (Some(name), Some(version)) => Layout::TwoLayers {
            meta: meta.clone(),
            content: content.clone(),
            name,
            version,
            created,
        },
        _ => Layout::Foreign("two-layer chart without its name and version".to_owned()),
    }
}

/// What a manifest without a chart is, in a few words.
fn foreign(image: &ImageManifest, is_helm: bool) -> String {
    if is_helm {
        return "Helm config without a package".to_owned();
    }
    let types = || image.layers.iter().map(|layer| layer.media_type.as_str());
    if let Some(kind) = types().find_map(media_type::foreign_kind) {
        return kind.to_owned();
    }
    if types().any(|layer| media_type::CONTENT.contains(&essence(layer).as_str())) {
        return "chart content without its metadata".to_owned();
    }
    if types().any(media_type::is_image) || media_type::is_image(&image.config.media_type) {
        return "container image".to_owned();
    }
    let says = [
        image.artifact_type.as_deref(),
        Some(image.config.media_type.as_str()),
    ];
    match says.into_iter().flatten().find(|text| !text.is_empty()) {
        Some(text) => format!("artifact of type {}", quoted(text)),
        None => "artifact of no type".to_owned(),
    }
}

/// When the manifest says that it was made. Whole seconds in UTC, so that the order of the texts is that of the times; dates
/// that Helm's parser would refuse, and those of before computers, are none.
fn created(image: &ImageManifest) -> Option<String> {
    normalised(image.annotations.get(CREATED)?)
}

/// A date as [`created`] gives it.
pub(super) fn normalised(text: &str) -> Option<String> {
    let date = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    let date = date
        .checked_to_offset(UtcOffset::UTC)?
        .replace_nanosecond(0)
        .ok()?;
    if !(1970..=9999).contains(&date.year()) {
        return None;
    }
    date.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
