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

/// Most bytes of tar that are taken over, as Helm loads (`MaxDecompressedChartSize`). In memory is one file at a time.
const MAX_UNPACKED: u64 = 100 << 20;

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
pub struct Made {
    /// What Helm will read of it.
    pub metadata: Metadata,
    /// Of the package.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Parts {
    /// Makes the package to see what comes of it.
    pub async fn examine(&self) -> Result<Made, Unfit> {
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
        Ok(Made {
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
        let mut archive = Archive::open(&self.content, MAX_UNPACKED)?;
        let mut files = archive.files()?;
        while let Some(file) = files.next()? {
            if file.path == "Chart.yaml" {
                continue;
            }
            let path = format!("{name}/{}", file.path);
            tarball.add(&path, file.size, |target| file.read_to(target))?;
            let piece = tarball.take();
            if !piece.is_empty() && take(piece).await.is_break() {
                return Ok(());
            }
        }
        let _ = take(tarball.finish()).await;
        Ok(())
    }

    /// The metadata layer with the annotated name and version.
    fn metadata(&self) -> Result<Metadata, Unfit> {
        Metadata::from_meta(&self.meta, &self.name, &self.version)
    }

    /// The `requirements.yaml` of the content, where charts of `apiVersion: v1` keep their dependencies.
    fn requirements(&self) -> Result<Option<Vec<u8>>, Unfit> {
        let mut archive = Archive::open(&self.content, MAX_UNPACKED)?;
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

#[cfg(test)]
mod tests;
