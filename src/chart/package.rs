//! Reads a chart's metadata out of its package, for packages that came with no metadata beside them: ORAS and scripts push such.

use super::archive::{Archive, ArchivedFile, MAX_UNPACKED};
use super::{Metadata, Unfit};

pub use super::archive::MAX_COMPRESSED;

/// The metadata in `Chart.yaml`; for charts of `apiVersion: v1` with the dependencies of `requirements.yaml`.
///
/// Reads no further than it must: what comes after is for Helm to judge. Packages longer than [`MAX_COMPRESSED`] are not read.
pub fn metadata(tgz: &[u8]) -> Result<Metadata, Unfit> {
    let mut metadata: Option<Metadata> = None;
    let mut requirements: Option<Vec<u8>> = None;
    let mut archive = Archive::open(tgz, MAX_UNPACKED)?;
    let mut files = archive.files()?;
    while let Some(file) = files.next()? {
        match file.path {
            "Chart.yaml" if metadata.is_none() => {
                metadata = Some(Metadata::from_yaml(&read(file)?)?);
            }
            "requirements.yaml" if requirements.is_none() => requirements = Some(read(file)?),
            _ => {}
        }
        let is_done = metadata
            .as_ref()
            .is_some_and(|metadata| metadata.api_version() != "v1" || requirements.is_some());
        if is_done {
            break;
        }
    }
    let mut metadata = metadata.ok_or(Unfit::NoChartYaml)?;
    if metadata.api_version() == "v1"
        && let Some(requirements) = requirements
    {
        metadata.require(&requirements);
    }
    Ok(metadata)
}

fn read(file: ArchivedFile<'_>) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    file.read_to(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
