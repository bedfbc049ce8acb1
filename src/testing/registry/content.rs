//! What is in the registry.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::oci::Digest;

use super::{FakeRegistry, Pushed};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

impl FakeRegistry {
    /// Pushes a blob.
    pub(crate) fn push_blob(&self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256_of(&bytes);
        self.state.borrow_mut().blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Pushes a manifest of any kind under `tag`.
    pub(crate) fn push_manifest(
        &self,
        repository: &str,
        tag: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let digest = self.push_untagged(repository, content_type, bytes);
        self.tag(repository, tag, &digest);
        digest
    }

    /// Pushes a manifest by digest only.
    pub(crate) fn push_untagged(
        &self,
        repository: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256_of(&bytes);
        let mut state = self.state.borrow_mut();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository
            .manifests
            .insert(digest.clone(), (content_type.to_owned(), bytes));
        digest
    }

    /// Points `tag` to a manifest.
    pub(crate) fn tag(&self, repository: &str, tag: &str, manifest: &Digest) {
        let mut state = self.state.borrow_mut();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.tags.insert(tag.to_owned(), manifest.clone());
    }

    /// Pushes a chart as Helm ≥ 3.7 does: config, package and perhaps provenance, layers sorted by digest.
    pub(crate) fn push_chart(
        &self,
        repository: &str,
        tag: &str,
        metadata: &Value,
        package: &[u8],
        provenance: Option<&[u8]>,
        annotations: &[(&str, &str)],
    ) -> Pushed {
        let config = metadata.to_string().into_bytes();
        let mut layers = vec![self.layer(PACKAGE, package)];
        layers.extend(provenance.map(|bytes| self.layer(PROVENANCE, bytes)));
        layers.sort_by_key(|layer| layer["digest"].to_string());
        let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
        let manifest = json!({
            "schemaVersion": 2,
            "config": self.layer(CONFIG, &config),
            "layers": layers,
            "annotations": annotations,
        });
        Pushed {
            manifest: self.push_manifest(repository, tag, MANIFEST, manifest.to_string()),
            config: Digest::sha256_of(&config),
            package: Digest::sha256_of(package),
            provenance: provenance.map(Digest::sha256_of),
        }
    }

    /// Pushes a package with the least of a manifest, which is given.
    pub(crate) fn push_package(&self, repository: &str, tag: &str, package: &[u8]) -> Bytes {
        let metadata = json!({"apiVersion": "v2", "name": "web", "version": tag});
        self.push_chart(repository, tag, &metadata, package, None, &[]);
        self.tagged(repository, tag).unwrap_or_default()
    }

    /// Pushes a chart of which only name and version matter; the tag is the version with `+` as `_`.
    pub(crate) fn push_version(&self, repository: &str, name: &str, version: &str) -> Pushed {
        let metadata = json!({"apiVersion": "v2", "name": name, "version": version});
        let package = format!("the package of {name} {version}");
        self.push_chart(
            repository,
            &version.replace('+', "_"),
            &metadata,
            package.as_bytes(),
            None,
            &[],
        )
    }

    fn layer(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = self.push_blob(bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// The manifest that a tag names.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<Bytes> {
        let state = self.state.borrow();
        let repository = state.repositories.get(repository)?;
        let (_, bytes) = repository.manifests.get(repository.tags.get(tag)?)?;
        Some(bytes.clone())
    }

    /// The tags of each repository.
    pub(crate) fn all_tags(&self) -> BTreeMap<String, Vec<String>> {
        let state = self.state.borrow();
        let repositories = state.repositories.iter();
        repositories
            .map(|(name, repository)| (name.clone(), repository.tags.keys().cloned().collect()))
            .collect()
    }

    /// Deletes a tag; its manifest stays.
    pub(crate) fn delete_tag(&self, repository: &str, tag: &str) {
        if let Some(repository) = self.state.borrow_mut().repositories.get_mut(repository) {
            repository.tags.remove(tag);
        }
    }

    /// Pushes versions `1.<minor>.0` of the chart that a repository is called like.
    pub(crate) fn push_versions(&self, repository: &str, minors: Range<usize>) {
        let name = repository.rsplit('/').next().unwrap_or(repository);
        for minor in minors {
            self.push_version(repository, name, &format!("1.{minor}.0"));
        }
    }

    /// Deletes tags `1.<minor>.0`.
    pub(crate) fn delete_versions(&self, repository: &str, minors: Range<usize>) {
        for minor in minors {
            self.delete_tag(repository, &format!("1.{minor}.0"));
        }
    }

    /// Deletes a repository altogether.
    pub(crate) fn delete_repository(&self, repository: &str) {
        self.state.borrow_mut().repositories.remove(repository);
    }
}
