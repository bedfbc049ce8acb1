//! What a tag's name alone tells.

use super::Version;

/// Fewest hexadecimal digits after `sha256-` that make a tag one of a tool and not of a person.
const MIN_DIGEST: usize = 32;

/// The version that a tag stands for: `_` becomes `+`, which tags cannot hold (Helm since 3.8.0).
pub fn tag_to_version(tag: &str) -> String {
    tag.replace('_', "+")
}

/// Whether a tag can stand for a version of a chart, as leniently as an index takes versions. Stricter ones (Helm's own list of
/// tags) lose `v1.2.3`. Other tags (`latest`) may still hold a chart.
pub fn tag_is_version(tag: &str) -> bool {
    Version::parse(&tag_to_version(tag)).is_ok()
}

/// Why a tag needs no manifest read: tools keep signatures and the like under names of their own. `None` for all others.
pub fn tag_is_foreign(tag: &str) -> Option<&'static str> {
    if tag == "artifacthub.io" {
        return Some("Artifact Hub metadata");
    }
    let rest = tag
        .strip_prefix("sha256-")
        .or_else(|| tag.strip_prefix("sha512-"))?;
    let (digest, suffix) = rest
        .split_once('.')
        .map_or((rest, None), |(digest, suffix)| (digest, Some(suffix)));
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digest.len() < MIN_DIGEST || !digest.bytes().all(hexadecimal) {
        return None;
    }
    // cosign: pkg/oci/remote; Bitnami: distribution-tooling-for-helm; none: "Referrers Tag Schema" of the distribution spec.
    match suffix {
        None => Some("referrers index"),
        Some("sig") => Some("cosign signature"),
        Some("att") => Some("cosign attestation"),
        Some("sbom") => Some("cosign SBOM"),
        Some("metadata" | "metadata.sig") => Some("Bitnami metadata"),
        Some("") => None,
        Some(_) => Some("attached artifact"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscore_is_plus() {
        assert_eq!(tag_to_version("1.0.0-rc.1_build.5"), "1.0.0-rc.1+build.5");
        assert_eq!(tag_to_version("latest"), "latest");
    }

    #[test]
    fn lenient_versions() {
        for (tag, expected) in [
            ("1.2.3", true),
            ("v1.2.3", true),
            ("1.2", true),
            ("1.0.0_build.5", true),
            ("1.0.0_a_b", false),
            ("latest", false),
            ("sha256-44136fa355b3678a1146ad16f7e8649e", false),
        ] {
            assert_eq!(tag_is_version(tag), expected, "{tag}");
        }
    }

    #[test]
    fn told_by_name() {
        let hex = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let shortest = "44136fa355b3678a1146ad16f7e8649e";
        let shorter = "44136fa355b3678a1146ad16f7e8649";
        for (tag, expected) in [
            ("artifacthub.io".to_owned(), Some("Artifact Hub metadata")),
            (format!("sha256-{hex}"), Some("referrers index")),
            (format!("sha256-{shortest}"), Some("referrers index")),
            (format!("sha512-{hex}{hex}"), Some("referrers index")),
            (format!("sha256-{hex}.sig"), Some("cosign signature")),
            (format!("sha256-{hex}.att"), Some("cosign attestation")),
            (format!("sha256-{hex}.sbom"), Some("cosign SBOM")),
            (format!("sha256-{hex}.metadata"), Some("Bitnami metadata")),
            (
                format!("sha256-{hex}.metadata.sig"),
                Some("Bitnami metadata"),
            ),
            (
                format!("sha256-{hex}.cosign.bundle"),
                Some("attached artifact"),
            ),
            (format!("sha256-{shorter}"), None),
            (format!("sha256-{hex}."), None),
            (format!("sha256-{hex}-x"), None),
            (format!("sha256-{}", hex.to_uppercase()), None),
            (format!("md5-{shortest}"), None),
            ("1.2.3".to_owned(), None),
            ("latest".to_owned(), None),
            ("artifacthub.io-1".to_owned(), None),
        ] {
            assert_eq!(tag_is_foreign(&tag), expected, "{tag}");
        }
    }
}
