use serde_json::{Value, json};

use super::*;

const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DEMO_CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1+tar";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A descriptor whose digest is told by `nth`.
fn descriptor(media_type: &str, nth: u8) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{nth:064}"), "size": 100})
}

fn annotated(mut descriptor: Value, annotations: &Value) -> Value {
    descriptor["annotations"] = annotations.clone();
    descriptor
}

fn empty(mut descriptor: Value) -> Value {
    descriptor["size"] = 2.into();
    descriptor
}

/// A manifest with `config` as 0 and `layers` as 1, 2, ….
fn image(config: &str, layers: &[&str]) -> Value {
    let layers: Vec<Value> = layers
        .iter()
        .zip(1..)
        .map(|(layer, nth)| descriptor(layer, nth))
        .collect();
    json!({"schemaVersion": 2, "config": descriptor(config, 0), "layers": layers})
}

#[track_caller]
fn layout(manifest: &Value) -> Layout {
    Layout::of(&Manifest::parse(manifest.to_string().as_bytes(), None).unwrap())
}

/// What was decided, in short: which layer is what.
#[track_caller]
fn decided(manifest: &Value) -> String {
    let nth = |descriptor: &Descriptor| {
        descriptor
            .digest
            .hex()
            .trim_start_matches('0')
            .parse()
            .unwrap_or(0_u8)
    };
    match layout(manifest) {
        Layout::Package {
            package,
            provenance,
            metadata,
            created,
            ..
        } => {
            let provenance = provenance
                .map(|layer| format!(" prov {}", nth(&layer)))
                .unwrap_or_default();
            let created = created
                .map(|date| format!(" at {date}"))
                .unwrap_or_default();
            format!(
                "package {}{provenance} by {metadata:?}{created}",
                nth(&package)
            )
        }
        Layout::TwoLayers {
            meta,
            content,
            name,
            version,
            created,
        } => {
            assert_eq!(created, None);
            format!(
                "meta {} content {} as {name} {version}",
                nth(&meta),
                nth(&content)
            )
        }
        Layout::Index { children } => {
            format!("index {:?}", children.iter().map(nth).collect::<Vec<_>>())
        }
        Layout::Foreign(reason) => reason,
    }
}

#[test]
fn v1_to_v3_two_layers() {
    for (config, meta, content, prefix) in [
        (IMAGE_CONFIG, media_type::META[0], DEMO_CONTENT, "chart"),
        (
            IMAGE_CONFIG,
            media_type::META[0],
            DEMO_CONTENT,
            "sh.helm.chart",
        ),
        (
            media_type::CONFIG,
            media_type::META[1],
            media_type::LAYER,
            "sh.helm.chart",
        ),
    ] {
        let annotations = json!({
            format!("{prefix}.name"): "mychart",
            format!("{prefix}.version"): "2.7.0",
            "org.opencontainers.image.title": "content.tgz",
        });
        let (meta, content) = (descriptor(meta, 1), descriptor(content, 2));
        let manifest =
            |layers: [&Value; 2]| json!({"config": empty(descriptor(config, 0)), "layers": layers});
        let named = annotated(content.clone(), &annotations);
        let expected = "meta 1 content 2 as mychart 2.7.0";
        assert_eq!(decided(&manifest([&meta, &named])), expected, "{prefix}");
        assert_eq!(
            decided(&manifest([&named, &meta])),
            expected,
            "order is insignificant"
        );
        let mut named = manifest([&meta, &content]);
        assert_eq!(
            decided(&named),
            "two-layer chart without its name and version"
        );
        named["annotations"] = annotations;
        assert_eq!(decided(&named), expected, "named in the manifest");
        assert_eq!(
            decided(&manifest([&meta, &meta])),
            "chart metadata without its content"
        );
    }
    assert_eq!(
        decided(&image(IMAGE_CONFIG, &[DEMO_CONTENT])),
        "chart content without its metadata"
    );
}

#[test]
fn v4_to_v7_one_package() {
    let helm = media_type::CONFIG;
    let proposed = "application/vnd.cncf.helm.chart.config.v1+json";
    for (config, layers, expected) in [
        (helm, &[media_type::LAYER][..], "package 1 by Config"),
        (helm, &["application/tar+gzip"], "package 1 by Config"),
        (helm, &[media_type::PACKAGE], "package 1 by Config"),
        (proposed, &[media_type::PACKAGE], "package 1 by Config"),
        (
            helm,
            &[media_type::PACKAGE, media_type::PROVENANCE],
            "package 1 prov 2 by Config",
        ),
        (
            helm,
            &[media_type::PROVENANCE, media_type::PACKAGE],
            "package 2 prov 1 by Config",
        ),
        (
            helm,
            &["text/plain", "application/tar+gzip", media_type::PACKAGE],
            "package 3 by Config",
        ),
    ] {
        assert_eq!(decided(&image(config, layers)), expected, "{layers:?}");
    }
}

#[test]
fn v8_index() {
    let child = |nth, more: Value| {
        let mut child = descriptor(OCI_MANIFEST, nth);
        child
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        child
    };
    let platform = |os: &str, architecture: &str| json!({"platform": {"os": os, "architecture": architecture}});
    let index = |children: &[Value]| json!({"schemaVersion": 2, "manifests": children});
    let attestation = json!({
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        "platform": {"os": "unknown", "architecture": "unknown"},
    });
    assert_eq!(
        decided(&index(&[
            child(1, platform("linux", "amd64")),
            child(2, platform("linux", "arm64")),
            child(3, platform("windows", "amd64")),
            child(4, attestation.clone()),
            child(5, platform("unknown", "unknown")),
            child(6, json!({"artifactType": "application/vnd.example"})),
            child(7, platform("", "")),
            child(8, json!({})),
            child(
                9,
                json!({"artifactType": media_type::CONFIG, "platform": {"os": "linux", "architecture": "amd64"}})
            ),
            child(
                10,
                json!({"artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json"})
            ),
            child(
                11,
                json!({"mediaType": "application/vnd.oci.image.index.v1+json"})
            ),
            child(
                12,
                json!({"mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
            ),
        ])),
        "index [9, 7, 8, 12, 5, 6, 1, 2]"
    );
    let docker = json!({
        "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
        "manifests": [child(1, platform("linux", "amd64"))],
    });
    assert_eq!(decided(&docker), "index [1]");
    let many: Vec<Value> = (1..20).map(|nth| child(nth, json!({}))).collect();
    assert_eq!(decided(&index(&many)), "index [1, 2, 3, 4, 5, 6, 7, 8]");
    let none = "index without a manifest that could be a chart";
    assert_eq!(decided(&index(&[])), none);
    assert_eq!(decided(&index(&[child(1, attestation)])), none);
}

#[test]
fn v9_made_by_other_tools() {
    let package = media_type::PACKAGE;
    let empty_config = json!({"config": empty(descriptor(media_type::CONFIG, 0)), "layers": [descriptor(package, 1)]});
    assert_eq!(decided(&empty_config), "package 1 by Package");
    for config in [
        "application/vnd.oci.empty.v1+json",
        IMAGE_CONFIG,
        "application/vnd.unknown.config.v1+json",
        "",
    ] {
        assert_eq!(
            decided(&image(config, &["text/plain", package])),
            "package 2 by Package",
            "{config}"
        );
    }
    let mut typed = image(
        "application/vnd.oci.empty.v1+json",
        &["application/tar+gzip"],
    );
    typed["artifactType"] = media_type::CONFIG.into();
    assert_eq!(decided(&typed), "package 1 by Package");
    let mut typed = image(media_type::CONFIG, &[package]);
    typed["artifactType"] = "application/vnd.example.anything".into();
    assert_eq!(decided(&typed), "package 1 by Config");
}

#[test]
fn v10_docker_envelope() {
    let mut docker = image(media_type::CONFIG, &[media_type::PACKAGE]);
    docker["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json".into();
    assert_eq!(decided(&docker), "package 1 by Config");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn passed_over() {
    for (config, layer, expected) in [
        (
            IMAGE_CONFIG,
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "container image",
        ),
        (
            IMAGE_CONFIG,
            "application/octet-stream",
            "artifact of type \"application/vnd.oci.image.config.v1+json\"",
        ),
        (
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "container image",
        ),
        (
            IMAGE_CONFIG,
            "application/vnd.dev.cosign.simplesigning.v1+json",
            "cosign signature",
        ),
        (
            IMAGE_CONFIG,
            "application/vnd.dsse.envelope.v1+json",
            "attestation",
        ),
        (IMAGE_CONFIG, "application/vnd.in-toto+json", "attestation"),
        (IMAGE_CONFIG, "application/vnd.cyclonedx+json", "SBOM"),
        (
            "application/vnd.dev.cosign.artifact.sbom.v1+json",
            "text/spdx+json",
            "SBOM",
        ),
        (
            "application/vnd.oci.empty.v1+json",
            "application/spdx+json",
            "SBOM",
        ),
        (
            "application/vnd.oci.empty.v1+json",
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "sigstore bundle",
        ),
        (
            "application/vnd.cncf.notary.signature",
            "application/jose+json",
            "Notary signature",
        ),
        (
            "application/vnd.helm.plugin.v1+json",
            "application/vnd.oci.image.layer.v1.tar",
            "Helm plugin",
        ),
        (
            "application/vnd.helm.plugin.v1+json",
            media_type::PACKAGE,
            "Helm plugin",
        ),
        (
            "application/vnd.cncf.flux.config.v1+json",
            "application/vnd.cncf.flux.content.v1.tar+gzip",
            "Flux artifact",
        ),
        (
            "application/vnd.cncf.artifacthub.config.v1+yaml",
            "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml",
            "Artifact Hub metadata",
        ),
        (
            media_type::CONFIG,
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "Helm config without a package",
        ),
        (
            "application/vnd.example",
            "application/tar+gzip",
            "artifact of type \"application/vnd.example\"",
        ),
        (
            "application/vnd.example",
            media_type::LAYER,
            "chart content without its metadata",
        ),
        ("x\u{1b}", "", "artifact of type \"x\\u{1b}\""),
        ("", "", "artifact of no type"),
    ] {
        assert_eq!(
            decided(&image(config, &[layer])),
            expected,
            "{config} {layer}"
        );
    }
    let mut bare = image(
        "application/vnd.oci.empty.v1+json",
        &["application/octet-stream"],
    );
    bare["artifactType"] = "application/vnd.example.thing".into();
    assert_eq!(
        decided(&bare),
        "artifact of type \"application/vnd.example.thing\""
    );
    bare["artifactType"] = "application/vnd.helm.plugin.v1+json".into();
    assert_eq!(decided(&bare), "Helm plugin");
}

#[test]
fn created_is_normalised_or_nothing() {
    for (written, expected) in [
        ("2024-02-29T12:00:00Z", Some("2024-02-29T12:00:00Z")),
        (
            "2024-02-29T23:30:00.987654321-06:00",
            Some("2024-03-01T05:30:00Z"),
        ),
        ("1970-01-01T00:00:00+00:00", Some("1970-01-01T00:00:00Z")),
        ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
        ("9999-12-31T23:59:59-01:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("0000-01-01T00:00:00+01:00", None),
        ("2023-02-29T12:00:00Z", None),
        ("2024-02-29 12:00:00", None),
        ("yesterday", None),
        ("", None),
    ] {
        let mut manifest = image(media_type::CONFIG, &[media_type::PACKAGE]);
        manifest["annotations"] = json!({CREATED: written});
        let Layout::Package { created, .. } = layout(&manifest) else {
            panic!("no package");
        };
        assert_eq!(created.as_deref(), expected, "{written}");
    }
}
