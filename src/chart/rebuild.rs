//! Makes a package of a two-layer chart, as jdolitsky/oras-helm-demo and Helm 3.0.0-alpha pushed them: metadata without name
//! and version in one layer, in the other a chart below the directory `-` with a placeholder for `Chart.yaml`.
//!
//! The same layers give the same bytes, on any machine: the index holds their digest, and they are made anew for each download.

use std::ops::ControlFlow;

use super::archive;
use super::tarball::Tarball;
use super::{Metadata, Unfit};

pub use super::archive::MAX_COMPRESSED;

/// Most bytes of tar that are taken over. The package is as long, and is in memory twice while it is framed, in a Worker that has 128 MB:
/// less than Helm's 100 MiB.
const MAX_UNPACKED: u64 = 24 << 20;

/// The metadata of the rebuilt chart: the metadata layer with the annotated name and version.
pub fn metadata(meta: &[u8], name: &str, version: &str) -> Result<Metadata, Unfit> {
    Metadata::from_meta(meta, name, version)
}

/// The package: `<name>/Chart.yaml` made of the metadata, then the files of the content in their order below `<name>`, its own root
/// `Chart.yaml` left out. Subcharts lie unpacked in it, each with its own `Chart.yaml`, and stay as they are.
pub fn package(meta: &[u8], content: &[u8], name: &str, version: &str) -> Result<Vec<u8>, Unfit> {
    let metadata = metadata(meta, name, version)?;
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
    archive::walk(content, MAX_UNPACKED, &mut |file| {
        if file.path != "Chart.yaml" {
            let path = format!("{name}/{}", file.path);
            tarball.add(&path, file.size, |target| file.read_to(target))?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tarball.finish())
}

#[cfg(test)]
mod tests;
