//! Makes a package of a two-layer chart, as jdolitsky/oras-helm-demo and Helm 3.0.0-alpha pushed them: metadata without name
//! and version in one layer, in the other a chart below the directory `-` with a placeholder for `Chart.yaml`.
//!
//! The same layers give the same bytes, on any machine: the index holds their digest, and they are made anew for each download.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::archive::Archive;
use super::tarball::Tarball;
use super::{Metadata, Unfit};
use crate::oci::{Digest, Hasher};

pub use super::archive::MAX_COMPRESSED;

/// Longest package that is made, in bytes: it is not compressed, and made anew for each download, so that 95 KiB in the
/// registry could cost 95 MiB each time. What anyone stored is much smaller.
pub const MAX_REBUILT: u64 = 20 << 20;

/// What a package is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The metadata layer.
    pub meta: Bytes,
    /// The content layer.
    pub content: Bytes,
    /// The chart's name, of the manifest's annotations.
    pub name: String,
    /// Its version, likewise.
    pub version: String,
}

/// A package as it would be made.
#[derive(Debug, Clone, PartialEq)]
pub struct RebuiltPackage {
    /// What Helm will read of it.
    pub metadata: Metadata,
    /// Of the package.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Parts {
    /// Makes the package to see what comes of it.
    pub async fn examine(&self) -> Result<RebuiltPackage, Unfit> {
        let mut metadata = self.metadata()?;
        let (mut hasher, mut size) = (Hasher::default(), 0);
        self.make(async |piece| {
            hasher.update(&piece);
            size += piece.len() as u64;
            ControlFlow::Continue(())
        })
        .await?;
        if metadata.api_version() == "v1"
            && let Some(requirements) = self.requirements()?
        {
            metadata.require(&requirements);
        }
        Ok(RebuiltPackage {
            metadata,
            digest: hasher.finish(),
            size,
        })
    }

    /// Makes the package and hands it on piece by piece until `take` breaks: `<name>/Chart.yaml` made of the metadata, then the
    /// files of the content in their order below `<name>`, its own root `Chart.yaml` left out. Subcharts lie unpacked in it, each
    /// with its own `Chart.yaml`, and stay as they are.
    ///
    /// A piece is little longer than the largest file that Helm loads.
    pub async fn make(
        &self,
        mut take: impl AsyncFnMut(Vec<u8>) -> ControlFlow<()>,
    ) -> Result<(), Unfit> {
        let metadata = self.metadata()?;
        let name = metadata.name();
        let mut tarball = Tarball::default();
        // JSON is YAML.
        let mut chart = metadata.to_json();
        chart.push('\n');
        tarball.add(
            &format!("{name}/Chart.yaml"),
            chart.len() as u64,
            |target| {
                target.extend_from_slice(chart.as_bytes());
                Ok::<(), Unfit>(())
            },
        )?;
        let mut archive = self.archive()?;
        let mut files = archive.files().map_err(too_large)?;
        let mut made = 0;
        while let Some(file) = files.next().map_err(too_large)? {
            if file.path == "Chart.yaml" {
                continue;
            }
            let path = format!("{name}/{}", file.path);
            tarball.add(&path, file.size, |target| {
                file.read_to(target).map_err(too_large)
            })?;
            let piece = tarball.take();
            made += piece.len() as u64;
            if made > MAX_REBUILT {
                return Err(Unfit::RebuiltTooLarge(MAX_REBUILT));
            }
            if !piece.is_empty() && take(piece).await.is_break() {
                return Ok(());
            }
        }
        let _ = take(tarball.finish()).await;
        Ok(())
    }

    fn archive(&self) -> Result<Archive<'_>, Unfit> {
        Archive::open(&self.content, MAX_REBUILT)
    }

    /// The metadata layer with the annotated name and version.
    fn metadata(&self) -> Result<Metadata, Unfit> {
        Metadata::from_meta(&self.meta, &self.name, &self.version)
    }

    /// The `requirements.yaml` of the content, where charts of `apiVersion: v1` keep their dependencies.
    fn requirements(&self) -> Result<Option<Vec<u8>>, Unfit> {
        let mut archive = self.archive()?;
        let mut files = archive.files()?;
        while let Some(file) = files.next()? {
            if file.path == "requirements.yaml" {
                let mut bytes = Vec::new();
                file.read_to(&mut bytes)?;
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// Content that unpacks to more would make a package that is larger.
fn too_large(unfit: Unfit) -> Unfit {
    match unfit {
        Unfit::UnpackedTooLarge(limit) => Unfit::RebuiltTooLarge(limit),
        other => other,
    }
}

#[cfg(test)]
mod tests;
