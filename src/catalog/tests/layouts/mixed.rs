//! A repository in which everything lies side by side.

use super::two_layers::DEMO;
use super::*;

/// What is no chart, each by the types of its config and its layer, and the reason that is given.
const FOREIGN: [(&str, &str, &str, &str); 10] = [
    (
        "0.1.0-image",
        IMAGE_CONFIG,
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "container image",
    ),
    (
        "0.2.0-docker",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "container image",
    ),
    (
        "0.3.0-plugin",
        "application/vnd.helm.plugin.v1+json",
        "application/vnd.oci.image.layer.v1.tar",
        "Helm plugin",
    ),
    (
        "0.4.0-flux",
        "application/vnd.cncf.flux.config.v1+json",
        "application/vnd.cncf.flux.content.v1.tar+gzip",
        "Flux artifact",
    ),
    (
        "0.5.0-hub",
        "application/vnd.cncf.artifacthub.config.v1+yaml",
        "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml",
        "Artifact Hub metadata",
    ),
    (
        "0.6.0-signature",
        IMAGE_CONFIG,
        "application/vnd.dev.cosign.simplesigning.v1+json",
        "cosign signature",
    ),
    (
        "0.7.0-sbom",
        "application/vnd.oci.empty.v1+json",
        "application/spdx+json",
        "SBOM",
    ),
    (
        "0.8.0-wasm",
        "application/vnd.wasm.config.v0+json",
        "application/wasm",
        "WebAssembly module",
    ),
    (
        "0.9.0-other",
        "application/vnd.acme.v1+json",
        "application/tar+gzip",
        "artifact of type \"application/vnd.acme.v1+json\"",
    ),
    (
        "1.1.0-config",
        HELM_CONFIG,
        "text/plain",
        "Helm config without a package",
    ),
];

#[test]
fn everything_else_is_passed_over_with_its_reason() {
    let world = World::new();
    let repository = "charts/mixed";
    let foreign = |tag: &str, config: &str, layer: &str| {
        let manifest = manifest(
            &blob(&world, config, b"{}"),
            &[blob(&world, layer, layer.as_bytes())],
        );
        push(&world, repository, tag, &manifest);
    };
    let mut expected = Vec::new();
    for (tag, config, layer, reason) in FOREIGN {
        foreign(tag, config, layer);
        expected.push(format!("{repository} {tag}: {reason}"));
    }
    world
        .registry
        .push_manifest(repository, "1.2.0-garbage", OCI_MANIFEST, "{");
    expected.push(format!(
        "{repository} 1.2.0-garbage: not a manifest: not a JSON object of its shape"
    ));
    // Told by their names.
    let chart = Digest::sha256_of(b"a chart's manifest");
    for suffix in ["", ".sig", ".att", ".sbom", ".metadata"] {
        foreign(
            &format!("sha256-{}{suffix}", chart.hex()),
            IMAGE_CONFIG,
            "text/plain",
        );
    }
    foreign(
        "artifacthub.io",
        "application/vnd.cncf.artifacthub.config.v1+yaml",
        "text/plain",
    );
    // Charts before, between and behind them.
    world
        .registry
        .push_version(repository, "mixed", "0.1.0-alpha");
    world.registry.push_version(repository, "mixed", "1.0.0");
    world.registry.push_version(repository, "mixed", "3.0.0");
    DEMO.push(&world, repository, "demo", "2.7.0", false);

    let pass = world.pass();
    assert_eq!(pass.faults, 0);
    assert_eq!(
        world.versions(""),
        [
            "mixed 3.0.0",
            "mixed 1.0.0",
            "mixed 0.1.0-alpha",
            "mychart 2.7.0"
        ]
    );
    assert_eq!(passed_over(&world), expected);
    for told_by_name in ["manifests/sha256-", "artifacthub.io"] {
        assert_eq!(world.registry.calls_to(told_by_name), 0, "{told_by_name}");
    }
    let charts = 4;
    assert_eq!(
        world.registry.calls_to("GET "),
        2 + (FOREIGN.len() + 1 + charts) + 3 + 2,
        "lists, manifests, configs, layers to rebuild"
    );
}
