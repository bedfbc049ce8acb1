//! V8: a chart in an image index or in Docker's manifest list.

use super::*;

/// Pushes an index of two images with their attestations, and a chart without a platform among them.
fn push_index(world: &World, kind: &str, child_kind: &str, chart: Option<&Pushed>) -> usize {
    let repository = "charts/a";
    let config = blob(world, IMAGE_CONFIG, br#"{"os":"linux"}"#);
    let layer = blob(
        world,
        "application/vnd.oci.image.layer.v1.tar+gzip",
        b"layer",
    );
    let image = manifest(&config, &[layer]).to_string();
    let digest = world
        .registry
        .push_untagged(repository, child_kind, image.clone());
    let child = |architecture: &str| json!({"mediaType": child_kind, "digest": digest, "size": image.len(), "platform": {"os": "linux", "architecture": architecture}});
    let attestation = json!({
        "mediaType": child_kind, "digest": digest, "size": image.len(),
        "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest},
        "platform": {"os": "unknown", "architecture": "unknown"},
    });
    let mut children = vec![
        child("amd64"),
        attestation.clone(),
        child("arm64"),
        attestation,
    ];
    if let Some(chart) = chart {
        let mut child =
            json!({"mediaType": OCI_MANIFEST, "digest": chart.manifest, "size": 1, "platform": {}});
        if kind == OCI_INDEX {
            child.as_object_mut().unwrap().remove("platform");
        }
        children.push(child);
    }
    let index = json!({"schemaVersion": 2, "mediaType": kind, "manifests": children});
    world
        .registry
        .push_manifest(repository, "1.0.0", kind, index.to_string());
    world.registry.calls()
}

#[test]
fn v8_the_chart_in_an_index_beside_images_and_attestations() {
    for (kind, child_kind) in [(OCI_INDEX, OCI_MANIFEST), (DOCKER_LIST, DOCKER_MANIFEST)] {
        let world = World::new();
        let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
        push_index(&world, kind, child_kind, Some(&pushed));
        world.pass();
        let tgz = b"the package of a 1.0.0";
        let metadata = json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
        assert_eq!(
            entry(&world, "a"),
            listed(metadata, "a-1.0.0.tgz", tgz),
            "{kind}"
        );
        assert_eq!(offer(&world, "a-1.0.0.tgz"), stored("charts/a", tgz, None));
        // The child without a platform is tried first.
        assert_eq!(
            world.registry.calls(),
            2 + 3,
            "two lists, index, child, config"
        );
    }
}

#[test]
fn v8_an_index_of_images_alone_is_passed_over_after_two_looks() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "2.0.0");
    push_index(&world, OCI_INDEX, OCI_MANIFEST, None);
    world.pass();
    assert_eq!(world.versions(""), ["a 2.0.0"]);
    assert_eq!(
        passed_over(&world),
        ["charts/a 1.0.0: an image index without a chart"]
    );
    assert_eq!(world.registry.calls_to("/manifests/sha256:"), 2);
}

#[test]
fn v8_a_child_that_is_not_there_hides_no_chart() {
    let world = World::new();
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    let missing = Digest::sha256_of(b"never pushed");
    let child = |digest: &Digest| json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1});
    let index =
        json!({"schemaVersion": 2, "manifests": [child(&missing), child(&pushed.manifest)]});
    world
        .registry
        .push_manifest("charts/a", "1.0.0", OCI_INDEX, index.to_string());
    let pass = world.pass();
    assert_eq!(pass.faults, 0);
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn v8_children_of_which_none_is_there_are_a_fault_and_not_an_answer() {
    let world = World::new();
    world.registry.push_version("charts/b", "b", "1.0.0");
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    let copy = World::new();
    copy.registry.push_version("charts/b", "b", "1.0.0");
    let index = json!({"schemaVersion": 2, "manifests": [{"mediaType": OCI_MANIFEST, "digest": pushed.manifest, "size": 1}]});
    // A mirror that has the index before what it names.
    copy.registry
        .push_manifest("charts/a", "1.0.0", OCI_INDEX, index.to_string());
    let pass = copy.pass();
    assert_eq!(pass.faults, 1);
    assert_eq!(copy.versions(""), ["b 1.0.0"]);
    copy.registry.push_version("charts/a", "a", "1.0.0");
    copy.registry
        .push_manifest("charts/a", "1.0.0", OCI_INDEX, index.to_string());
    copy.clock.advance(Duration::from_hours(1));
    copy.rest();
    copy.pass();
    assert_eq!(copy.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn v8_a_child_that_cannot_be_read_hides_no_chart() {
    for odd in [
        json!({"mediaType": OCI_MANIFEST, "digest": "blake3:00", "size": 1}),
        json!({"mediaType": OCI_MANIFEST, "digest": Digest::sha256_of(b""), "size": -1}),
        json!({"mediaType": 7}),
        json!(null),
        json!([1]),
    ] {
        let world = World::new();
        let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
        let sound = json!({"mediaType": OCI_MANIFEST, "digest": pushed.manifest, "size": 1});
        let index = json!({"schemaVersion": 2, "manifests": [odd, sound]});
        world
            .registry
            .push_manifest("charts/a", "1.0.0", OCI_INDEX, index.to_string());
        world.pass();
        assert_eq!(world.versions(""), ["a 1.0.0"], "{odd}");
    }
}
