//! Every layout in which charts were ever pushed: a registry as the tool of its time left it, and what is published of it.

mod indexes;
mod mixed;
mod other_tools;
mod two_layers;

use serde_json::json;

use super::*;
use crate::index::{Blob, Candidate, Origin};
use crate::oci::Digest;
use crate::testing::{Pushed, package};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// A descriptor of `bytes`, which are pushed.
fn blob(world: &World, media_type: &str, bytes: &[u8]) -> Value {
    let digest = world.registry.push_blob(bytes.to_vec());
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}

/// The same with annotations.
fn annotated(mut descriptor: Value, annotations: &[(&str, &str)]) -> Value {
    descriptor["annotations"] = annotations.iter().copied().collect();
    descriptor
}

/// A manifest, which has no `mediaType`, as Helm's have none.
fn manifest(config: &Value, layers: &[Value]) -> Value {
    json!({"schemaVersion": 2, "config": config, "layers": layers})
}

fn push(world: &World, repository: &str, tag: &str, manifest: &Value) -> Digest {
    world
        .registry
        .push_manifest(repository, tag, OCI_MANIFEST, manifest.to_string())
}

/// The chart's only entry in the root's index.
#[track_caller]
fn entry(world: &World, chart: &str) -> Value {
    let index = world.published(&Key::Index(View::root())).unwrap();
    let entries = index["entries"][chart].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    entries[0].clone()
}

/// The only offer of a file.
#[track_caller]
fn offer(world: &World, file: &str) -> Candidate {
    let question = ask::Find {
        file: file.parse().unwrap(),
        missed: true,
    };
    match world.ask(&question) {
        Found::Candidates(candidates) if candidates.len() == 1 => candidates[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// What is offered of a package that lies in the registry as it is served.
fn stored(repository: &str, package: &[u8], provenance: Option<&[u8]>) -> Candidate {
    let blob = |bytes: &[u8]| Blob {
        digest: Digest::sha256_of(bytes),
        size: bytes.len() as u64,
    };
    Candidate {
        source: "registry.example/charts".to_owned(),
        repository: repository.to_owned(),
        package: blob(package).digest,
        size: blob(package).size,
        provenance: provenance.map(blob),
        origin: Origin::Stored,
        until: None,
    }
}

/// What the index says of a package besides its metadata.
fn listed(mut metadata: Value, file: &str, package: &[u8]) -> Value {
    let digest = Digest::sha256_of(package);
    metadata["digest"] = digest.hex().into();
    metadata["urls"] = json!([format!("charts/{}/{file}", digest.hex().get(..16).unwrap())]);
    metadata
}

/// `repository tag: reason` of all that was passed over.
fn passed_over(world: &World) -> Vec<String> {
    let info = world.ask(&ask::Info { page: 0 });
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    info["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!(
                "{} {}: {}",
                text(row, "repository"),
                text(row, "tag"),
                text(row, "reason")
            )
        })
        .collect()
}

#[test]
fn v4_to_v6_one_package_whatever_tag_and_repository_are_called() {
    let metadata =
        json!({"name": "mychart", "version": "0.1.0", "description": "x", "apiVersion": "v1"});
    for (layer, tag) in [
        (
            "application/vnd.cncf.helm.chart.content.layer.v1+tar",
            "2.7.0",
        ), // 3.0.0-beta.1 to beta.5
        ("application/tar+gzip", "2.7.0"), // 3.0.0-rc.1 to 3.6.3
        ("application/tar+gzip", "latest"),
        (PACKAGE, "0.1.0"), // since 3.7
    ] {
        let world = World::new();
        let config = blob(&world, HELM_CONFIG, metadata.to_string().as_bytes());
        let tgz = b"the package itself is not read";
        push(
            &world,
            "charts/team/whatever",
            tag,
            &manifest(&config, &[blob(&world, layer, tgz)]),
        );
        world.pass();
        let file = "mychart-0.1.0.tgz";
        assert_eq!(
            entry(&world, "mychart"),
            listed(metadata.clone(), file, tgz)
        );
        assert_eq!(
            offer(&world, file),
            stored("charts/team/whatever", tgz, None)
        );
        assert_eq!(world.answered("team"), ["mychart 0.1.0"]);
        assert_eq!(
            world.registry.calls_to("GET "),
            2 + 2,
            "two lists, manifest, config of {layer}"
        );
    }
}

#[test]
fn v6_annotations_and_build_metadata() {
    let world = World::new();
    let metadata = json!({"apiVersion": "v2", "name": "a", "version": "1.0.0-rc.1+build.5"});
    let annotations = [
        (
            "org.opencontainers.image.created",
            "2024-05-06T09:08:07.5+02:00",
        ),
        ("org.opencontainers.image.version", "9.9.9"),
        ("org.opencontainers.image.title", "other"),
    ];
    world.registry.push_chart(
        "charts/a",
        "1.0.0-rc.1_build.5",
        &metadata,
        b"tgz",
        None,
        &annotations,
    );
    world.pass();
    let mut expected = listed(metadata, "a-1.0.0-rc.1+build.5.tgz", b"tgz");
    expected["created"] = "2024-05-06T07:08:07Z".into();
    assert_eq!(entry(&world, "a"), expected);
    let index = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(index["generated"], "2024-05-06T07:08:07Z");
    assert_eq!(
        offer(&world, "a-1.0.0-rc.1+build.5.tgz"),
        stored("charts/a", b"tgz", None)
    );
}

#[test]
fn v7_provenance_in_either_order() {
    for swapped in [false, true] {
        let world = World::new();
        let metadata = json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
        let config = blob(&world, HELM_CONFIG, metadata.to_string().as_bytes());
        let mut layers = [
            blob(&world, PACKAGE, b"tgz"),
            blob(&world, PROVENANCE, b"signed"),
        ];
        if swapped {
            layers.reverse();
        }
        push(&world, "charts/a", "1.0.0", &manifest(&config, &layers));
        world.pass();
        assert_eq!(
            entry(&world, "a"),
            listed(metadata, "a-1.0.0.tgz", b"tgz"),
            "{swapped}"
        );
        assert_eq!(
            offer(&world, "a-1.0.0.tgz"),
            stored("charts/a", b"tgz", Some(b"signed"))
        );
        assert_eq!(world.registry.calls(), 2 + 2);
    }
}

#[test]
fn v10_the_docker_envelope() {
    for layer in ["application/tar+gzip", PACKAGE] {
        let world = World::new();
        let metadata = json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
        let config = blob(&world, HELM_CONFIG, metadata.to_string().as_bytes());
        let mut manifest = manifest(&config, &[blob(&world, layer, b"tgz")]);
        manifest["mediaType"] = DOCKER_MANIFEST.into();
        world
            .registry
            .push_manifest("charts/a", "1.0.0", DOCKER_MANIFEST, manifest.to_string());
        world.pass();
        assert_eq!(
            entry(&world, "a"),
            listed(metadata, "a-1.0.0.tgz", b"tgz"),
            "{layer}"
        );
        assert_eq!(
            offer(&world, "a-1.0.0.tgz"),
            stored("charts/a", b"tgz", None)
        );
    }
}
