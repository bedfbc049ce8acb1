//! Provenance files (helm: `pkg/provenance/sign.go`): a clear-signed message (RFC 9580 §7) that holds the chart's metadata,
//! a line of three dots, and the digests of files. The signature is for clients to verify: they know whom they trust.

use std::collections::BTreeMap;

use super::Rejection;
use crate::chart::{FileName, HelmMetadata};
use crate::oci::Digest;

/// Longest provenance file in bytes: metadata of 256 KiB, and as much again.
const MAX_LENGTH: usize = 512 << 10;

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// What a provenance file is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provenance {
    /// The file name of the chart that its metadata names.
    pub(crate) file: FileName,
    /// The chart's version.
    pub(crate) version: String,
    /// Digests by the names of files.
    digests: BTreeMap<String, Digest>,
}

impl Provenance {
    /// Reads what a file is about.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        Self::parse(bytes).ok_or(Rejection::Provenance)
    }

    /// Whether it gives the package of its chart this digest.
    pub(crate) fn vouches_for(&self, package: &Digest) -> bool {
        self.digests.get(self.file.as_str()) == Some(package)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_LENGTH {
            return None;
        }
        let message = message(std::str::from_utf8(bytes).ok()?)?;
        let (metadata, sums) = message.split_once("\n...\n")?;
        let HelmMetadata { name, version, .. } =
            HelmMetadata::read(metadata.as_bytes(), None).ok()?;
        let mut lines = sums.lines().skip_while(|line| line.trim_end() != "files:");
        lines.next()?;
        let digests = lines
            .take_while(|line| line.starts_with(' '))
            .map_while(|line| line.trim().split_once(": "))
            .filter_map(|(file, digest)| {
                let digest = digest.trim().trim_matches(['"', '\'']);
                Some((
                    file.trim_matches(['"', '\'']).to_owned(),
                    digest.parse().ok()?,
                ))
            })
            .collect();
        Some(Self {
            file: FileName::of(&name, &version).ok()?,
            version,
            digests,
        })
    }
}

/// The signed text: what lies between the headers and the signature, dashes unescaped (RFC 9580 §7.2), lines ended by `\n`.
fn message(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != BEGIN);
    lines.next()?;
    let mut lines = lines.skip_while(|line| !line.trim().is_empty());
    lines.next()?;
    let (mut message, mut is_signed) = (String::new(), false);
    for line in lines {
        if line.trim_end() == SIGNATURE {
            is_signed = true;
            break;
        }
        message.push_str(line.strip_prefix("- ").unwrap_or(line));
        message.push('\n');
    }
    is_signed.then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = include_str!("golden/signed.prov");

    #[test]
    fn what_helm_signed() {
        let read = Provenance::read(SIGNED.as_bytes()).unwrap();
        assert_eq!(read.file.as_str(), "signed-0.1.0.tgz");
        assert!(read.vouches_for(&Digest::sha256_of(include_bytes!("golden/signed.tgz"))));
        assert!(!read.vouches_for(&Digest::sha256_of(b"other")));
        let windows = SIGNED.replace('\n', "\r\n");
        assert_eq!(Provenance::read(windows.as_bytes()), Ok(read));
    }

    #[test]
    fn anything_else_is_none() {
        for broken in [
            String::new(),
            "{}".to_owned(),
            SIGNED.replace(BEGIN, "-----BEGIN PGP MESSAGE-----"),
            SIGNED.replace(SIGNATURE, ""),
            SIGNED.replace("...\n", ""),
            SIGNED.replace("files:", "sums:"),
            SIGNED.replace("name: signed", "name: ../signed"),
            SIGNED.replace("version: 0.1.0", "version: none"),
            format!("{SIGNED}{}", " ".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(
                Provenance::read(broken.as_bytes()),
                Err(Rejection::Provenance),
                "{}",
                broken.get(..200).unwrap_or(&broken)
            );
        }
        assert_eq!(Provenance::read(b"\xff"), Err(Rejection::Provenance));
    }
}
