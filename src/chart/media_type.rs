//! Media types that say what an artifact is.
//!
//! Compared without parameters and regardless of case (RFC 6838 §4.2).

use crate::oci::essence;

/// Helm's config blob: the chart's metadata as JSON.
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

/// A config type that was proposed for charts (opencontainers/artifacts, pull request 39) and never shipped by Helm.
const PROPOSED_CONFIG: &str = "application/vnd.cncf.helm.chart.config.v1+json";

/// A package as Helm pushes it since 3.7.
pub const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// A package as Helm 3.0.0-beta.1 to beta.5 pushed it; before, the content of a two-layer chart.
pub(super) const LAYER: &str = "application/vnd.cncf.helm.chart.content.layer.v1+tar";

/// A package as Helm 3.0.0-rc.1 to 3.6 pushed it. Says nothing without Helm's config.
pub(super) const GENERIC: &str = "application/tar+gzip";

/// The provenance file of a package.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// The metadata of a two-layer chart: oras-helm-demo and 3.0.0-alpha.1, then alpha.2.
pub(super) const META: [&str; 2] = [
    "application/vnd.cncf.helm.chart.meta.v1+json",
    "application/vnd.cncf.helm.chart.meta.layer.v1+json",
];

/// The content of a two-layer chart, gzip despite the name: the same.
pub(super) const CONTENT: [&str; 2] = ["application/vnd.cncf.helm.chart.content.v1+tar", LAYER];

/// Whether a config or artifact type is Helm's for charts.
pub(super) fn is_config(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == CONFIG || essence == PROPOSED_CONFIG
}

/// What artifacts of other kinds are called, by what their type starts with or holds. The first that fits counts.
const PREFIXES: [(&str, &str); 17] = [
    ("application/vnd.helm.plugin.", "Helm plugin"),
    ("application/vnd.cncf.flux.", "Flux artifact"),
    ("application/vnd.cncf.artifacthub.", "Artifact Hub metadata"),
    (
        "application/vnd.dev.cosign.simplesigning.",
        "cosign signature",
    ),
    (
        "application/vnd.dev.cosign.artifact.sig.",
        "cosign signature",
    ),
    ("application/vnd.dev.cosign.artifact.sbom.", "SBOM"),
    ("application/vnd.dev.cosign.", "cosign artifact"),
    ("application/vnd.dev.sigstore.", "sigstore bundle"),
    ("application/vnd.cncf.notary.", "Notary signature"),
    ("application/vnd.in-toto+", "attestation"),
    ("application/vnd.dsse.", "attestation"),
    ("application/spdx+", "SBOM"),
    ("text/spdx", "SBOM"),
    ("application/vnd.cyclonedx+", "SBOM"),
    ("application/vnd.syft+", "SBOM"),
    ("application/vnd.docker.plugin.", "Docker plugin"),
    ("application/vnd.wasm.", "WebAssembly module"),
];

/// What makes an image: its layers. The config type proves nothing, as oras-helm-demo and early ORAS borrowed it.
const IMAGE_LAYERS: [&str; 3] = [
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.",
    "application/vnd.docker.container.image.",
];

/// The name of the kind of artifact that `media_type` belongs to, if it is a known one that is no chart.
pub(super) fn foreign_kind(media_type: &str) -> Option<&'static str> {
    let essence = essence(media_type);
    PREFIXES
        .iter()
        .find(|(prefix, _)| essence.starts_with(prefix))
        .map(|(_, kind)| *kind)
}

/// Whether a layer or config is that of a container image.
pub(super) fn is_image(media_type: &str) -> bool {
    let essence = essence(media_type);
    IMAGE_LAYERS
        .iter()
        .any(|prefix| essence.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compared_by_essence() {
        assert!(is_config(
            "Application/vnd.cncf.Helm.config.v1+JSON; charset=utf-8"
        ));
        assert!(is_config(PROPOSED_CONFIG));
        assert!(!is_config("application/vnd.helm.plugin.v1+json"));
        assert!(!is_config(""));
    }

    #[test]
    fn kinds_are_in_lower_case_and_no_chart() {
        for (prefix, _) in PREFIXES {
            assert_eq!(prefix, essence(prefix));
        }
        for chart in [CONFIG, PROPOSED_CONFIG, PACKAGE, LAYER, GENERIC, PROVENANCE] {
            assert_eq!(foreign_kind(chart), None, "{chart}");
            assert!(!is_image(chart), "{chart}");
        }
    }
}
