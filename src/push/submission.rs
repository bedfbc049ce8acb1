//! What somebody wants to store.

use std::time::Duration;

use bytes::Bytes;

use super::provenance::Provenance;
use super::{Artifact, Rejection};
use crate::chart::{FileName, HelmMetadata, Inspected};
use crate::oci::{Digest, Tag};
use crate::platform::Timestamp;

/// Files changed before this, the first day of 2000, in seconds since 1970, are of a package that was made to be the same
/// each time: such packages carry 1970 or 1980.
const REPRODUCIBLE: u64 = 946_684_800;

/// How far a clock may be ahead of ours; Helm rounds to the next second besides.
const AHEAD: Duration = Duration::from_mins(5);

/// A package that Helm loads, and perhaps a provenance file about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Submission {
    metadata: HelmMetadata,
    file: FileName,
    tag: Tag,
    package: Bytes,
    digest: Digest,
    provenance: Option<Bytes>,
    modified: u64,
}

impl Submission {
    /// Judges what was sent.
    pub(crate) fn judge(package: Bytes, provenance: Option<Bytes>) -> Result<Self, Rejection> {
        let Inspected { metadata, modified } = Inspected::of(&package)?;
        let HelmMetadata { name, version, .. } = &metadata;
        let file = FileName::of(name, version).map_err(|_| Rejection::Name(name.clone()))?;
        let tag = tag_of(version).ok_or_else(|| Rejection::Version(version.clone()))?;
        let digest = Digest::sha256_of(&package);
        if let Some(provenance) = &provenance {
            let about = Provenance::read(provenance)?;
            if about.file != file || !about.vouches_for(&digest) {
                return Err(Rejection::OtherPackage);
            }
        }
        Ok(Self {
            metadata,
            file,
            tag,
            package,
            digest,
            provenance,
            modified,
        })
    }

    /// The chart's name.
    pub(crate) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The chart's version.
    pub(crate) fn version(&self) -> &str {
        &self.metadata.version
    }

    /// The file name of the package.
    pub(crate) fn file(&self) -> &FileName {
        &self.file
    }

    /// The tag of the version.
    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The digest of the package.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What is pushed. Its date is when the package was made, as far as that can be told; `now` else.
    pub(crate) fn artifact(&self, now: Timestamp) -> Artifact {
        let modified = i64::try_from(self.modified).ok();
        let created = match modified.and_then(Timestamp::of_seconds) {
            Some(modified) if self.modified >= REPRODUCIBLE && modified <= now.after(AHEAD) => {
                modified
            }
            _ => now,
        };
        Artifact::of(
            &self.metadata,
            &self.package,
            self.provenance.as_ref(),
            created,
        )
    }
}

/// The tag of a version, as Helm has it since 3.8.0.
pub(crate) fn tag_of(version: &str) -> Option<Tag> {
    version.replace('+', "_").parse().ok()
}
