//! A chart as Helm pushes it (`pkg/registry/client.go`, `Push`; `pkg/registry/chart.go`).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use crate::chart::media_type::{CONFIG, PACKAGE, PROVENANCE};
use crate::chart::{HelmMetadata, go_json};
use crate::oci::Digest;
use crate::platform::Timestamp;

/// The media type of the manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What is uploaded, and the manifest that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The config, then the layers in the order of the manifest.
    pub(crate) pieces: Vec<PushedBlob>,
    /// The manifest.
    pub(crate) manifest: Bytes,
    /// Its digest.
    pub(crate) digest: Digest,
}

/// A blob to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushedBlob {
    media_type: &'static str,
    /// Its digest.
    pub(crate) digest: Digest,
    /// Its content.
    pub(crate) bytes: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenManifest<'a> {
    schema_version: u8,
    config: WrittenDescriptor<'a>,
    layers: Vec<WrittenDescriptor<'a>>,
    annotations: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDescriptor<'a> {
    media_type: &'a str,
    digest: String,
    size: usize,
}

impl Artifact {
    /// The artifact of a chart.
    pub(super) fn of(
        metadata: &HelmMetadata,
        package: &Bytes,
        provenance: Option<&Bytes>,
        created: Timestamp,
    ) -> Self {
        let config = PushedBlob::of(CONFIG, metadata.config().into());
        let mut layers = vec![PushedBlob::of(PACKAGE, package.clone())];
        layers.extend(provenance.map(|bytes| PushedBlob::of(PROVENANCE, bytes.clone())));
        // Helm sorts them, as ORAS 1 did.
        layers.sort_by(|one, other| one.digest.cmp(&other.digest));
        let manifest: Bytes = go_json(&WrittenManifest {
            schema_version: 2,
            config: config.descriptor(),
            layers: layers.iter().map(PushedBlob::descriptor).collect(),
            annotations: annotations(metadata, created),
        })
        .into();
        let mut pieces = vec![config];
        pieces.append(&mut layers);
        Self {
            pieces,
            digest: Digest::sha256_of(&manifest),
            manifest,
        }
    }

    /// The digest of the config, then those of the layers.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.pieces.iter().map(|piece| &piece.digest)
    }
}

impl PushedBlob {
    fn of(media_type: &'static str, bytes: Bytes) -> Self {
        Self {
            media_type,
            digest: Digest::sha256_of(&bytes),
            bytes,
        }
    }

    fn descriptor(&self) -> WrittenDescriptor<'_> {
        WrittenDescriptor {
            media_type: self.media_type,
            digest: self.digest.to_string(),
            size: self.bytes.len(),
        }
    }
}

/// Helm's annotations, and the chart's own, which may replace any of them but title and version.
fn annotations(metadata: &HelmMetadata, created: Timestamp) -> BTreeMap<&str, String> {
    const TITLE: &str = "org.opencontainers.image.title";
    const VERSION: &str = "org.opencontainers.image.version";
    let mut authors = String::new();
    for (nth, person) in metadata.maintainers.iter().enumerate() {
        if nth > 0 {
            authors.push_str(", ");
        }
        authors.push_str(&person.name);
        if !person.email.is_empty() {
            authors = format!("{authors} ({})", person.email);
        }
    }
    let mut annotations: BTreeMap<&str, String> = [
        (
            "org.opencontainers.image.description",
            metadata.description.clone(),
        ),
        (TITLE, metadata.name.clone()),
        (VERSION, metadata.version.clone()),
        ("org.opencontainers.image.url", metadata.home.clone()),
        ("org.opencontainers.image.created", created.to_string()),
        (
            "org.opencontainers.image.source",
            metadata.sources.first().cloned().unwrap_or_default(),
        ),
        ("org.opencontainers.image.authors", authors),
    ]
    .into_iter()
    .filter(|(_, text)| !text.trim().is_empty())
    .collect();
    for (key, text) in &metadata.annotations {
        if key != TITLE && key != VERSION {
            annotations.insert(key, text.clone());
        }
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::{Rejection, Submission};

    /// Name, package, provenance, config, manifest.
    type Golden = (
        &'static str,
        &'static [u8],
        Option<&'static [u8]>,
        &'static str,
        &'static str,
    );

    const GOLDEN: [Golden; 4] = [
        (
            "plain",
            include_bytes!("golden/plain.tgz"),
            None,
            include_str!("golden/plain.config.json"),
            include_str!("golden/plain.manifest.json"),
        ),
        (
            "nasty",
            include_bytes!("golden/nasty.tgz"),
            None,
            include_str!("golden/nasty.config.json"),
            include_str!("golden/nasty.manifest.json"),
        ),
        (
            "old",
            include_bytes!("golden/old.tgz"),
            None,
            include_str!("golden/old.config.json"),
            include_str!("golden/old.manifest.json"),
        ),
        (
            "signed",
            include_bytes!("golden/signed.tgz"),
            Some(include_bytes!("golden/signed.prov")),
            include_str!("golden/signed.config.json"),
            include_str!("golden/signed.manifest.json"),
        ),
    ];

    /// 2026-11-22.
    const NOW: Timestamp = Timestamp(1_795_305_600_000);

    fn undated(manifest: &str) -> String {
        let (before, after) = manifest.split_once(r#"image.created":""#).unwrap();
        let (_, after) = after.split_at("2026-11-21T15:02:55Z".len());
        format!("{before}{after}")
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    /// The packages, manifests and configs are those of Helm 3.22.0, and 4.3.1 pushes the same of them.
    #[test]
    fn the_same_as_helm_pushes_byte_for_byte() {
        for (name, package, provenance, config, manifest) in GOLDEN {
            let provenance = provenance.map(Bytes::from_static);
            let judged =
                Submission::judge(Bytes::from_static(package), provenance.clone()).unwrap();
            let artifact = judged.artifact(NOW);
            assert_eq!(text(&artifact.pieces[0].bytes), config, "{name}");
            assert_eq!(
                undated(text(&artifact.manifest)),
                undated(manifest),
                "{name}"
            );
            assert_eq!(artifact.pieces.len(), 2 + usize::from(provenance.is_some()));
            assert_eq!(
                judged.artifact(NOW.after(std::time::Duration::from_hours(1))),
                artifact
            );
        }
    }

    #[test]
    fn a_package_without_a_sound_date_has_that_of_the_push() {
        let (_, package, ..) = GOLDEN[0];
        let judged = Submission::judge(Bytes::from_static(package), None).unwrap();
        let early = Timestamp(1_000_000_000_000);
        let manifest = judged.artifact(early).manifest;
        assert!(
            text(&manifest).contains("2001-09-09T01:46:40Z"),
            "{manifest:?}"
        );
    }

    #[test]
    fn a_provenance_of_other_bytes_is_refused() {
        let prov = |nth: usize| GOLDEN[nth].2.map(Bytes::from_static);
        let of = |nth: usize| Bytes::from_static(GOLDEN[nth].1);
        assert!(Submission::judge(of(3), prov(3)).is_ok());
        assert_eq!(
            Submission::judge(of(0), prov(3)),
            Err(Rejection::OtherPackage)
        );
        assert_eq!(
            Submission::judge(of(3), Some(Bytes::from_static(b"garbage"))),
            Err(Rejection::Provenance)
        );
    }
}
