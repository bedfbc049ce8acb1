//! Every layout in which charts were ever pushed: a registry as the tool of its time left it, and what is published of it.

use serde_json::json;

use super::*;
use crate::chart::rebuild;
use crate::index::{Blob, Candidate, Origin};
use crate::oci::Digest;
use crate::testing::{Pushed, package, package_with};
use tar::EntryType;

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
    let question = Question::Find {
        file: file.to_owned(),
    };
    match world.ask(&question) {
        Answer::File { candidates } if candidates.len() == 1 => candidates[0].clone(),
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
    metadata["urls"] = json!([format!("charts/{}/{file}", &digest.hex()[..16])]);
    metadata
}

/// `repository tag: reason` of all that was passed over.
fn passed_over(world: &World) -> Vec<String> {
    let Answer::Info { info } = world.ask(&Question::Info { page: 0 }) else {
        panic!("no info")
    };
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

/// V1 to V3 differ in media types, names of annotations, titles and the placeholder for `Chart.yaml`.
struct TwoLayers {
    config: &'static str,
    meta: &'static str,
    content: &'static str,
    annotations: &'static str,
    titles: [&'static str; 2],
    placeholder: &'static [u8],
}

const DEMO: TwoLayers = TwoLayers {
    config: IMAGE_CONFIG,
    meta: "application/vnd.cncf.helm.chart.meta.v1+json",
    content: "application/vnd.cncf.helm.chart.content.v1+tar",
    annotations: "chart",
    titles: ["meta.json", "content.tgz"],
    placeholder: b"name: '-'\nversion: '-'\n",
};

const ALPHA_1: TwoLayers = TwoLayers {
    annotations: "sh.helm.chart",
    titles: ["chart-meta.json", "chart-content.tgz"],
    placeholder: b"apiVersion: v1\nname: '-'\nversion: 0.1.0\n",
    ..DEMO
};

const ALPHA_2: TwoLayers = TwoLayers {
    config: HELM_CONFIG,
    meta: "application/vnd.cncf.helm.chart.meta.layer.v1+json",
    content: "application/vnd.cncf.helm.chart.content.layer.v1+tar",
    ..ALPHA_1
};

impl TwoLayers {
    const META: &[u8] = br#"{"home":"https://hub.helm.sh","description":"This is my chart... that is all","keywords":["mychart","itismine"],"icon":"https://hub.helm.sh/assets/images/placeholder.png","apiVersion":"v1","appVersion":"1.1.0"}"#;

    fn content(&self) -> Vec<u8> {
        package(&[
            ("-/Chart.yaml", self.placeholder),
            ("-/values.yaml", b"replicas: 1\n"),
            ("-/templates/deployment.yaml", b"kind: Deployment\n"),
            (
                "-/requirements.yaml",
                b"dependencies:\n- name: sub\n  version: 0.1.0\n  repository: ''\n",
            ),
            (
                "-/charts/sub/Chart.yaml",
                b"apiVersion: v1\nname: sub\nversion: 0.1.0\n",
            ),
        ])
    }

    /// As the tool pushed it, or (`swapped`) with its layers in the other order.
    fn push(&self, world: &World, repository: &str, tag: &str, version: &str, swapped: bool) {
        let title = "org.opencontainers.image.title";
        let (name_key, version_key) = (
            format!("{}.name", self.annotations),
            format!("{}.version", self.annotations),
        );
        let meta = annotated(
            blob(world, self.meta, Self::META),
            &[(title, self.titles[0])],
        );
        let content = annotated(
            blob(world, self.content, &self.content()),
            &[
                (title, self.titles[1]),
                (&name_key, "mychart"),
                (&version_key, version),
            ],
        );
        let layers = if swapped {
            [content, meta]
        } else {
            [meta, content]
        };
        push(
            world,
            repository,
            tag,
            &manifest(&blob(world, self.config, b"{}"), &layers),
        );
    }
}

#[test]
fn v1_to_v3_two_layers_are_rebuilt() {
    for layout in [DEMO, ALPHA_1, ALPHA_2] {
        for swapped in [false, true] {
            let world = World::new();
            layout.push(&world, "charts/demo", "latest", "2.7.0", swapped);
            world.pass();
            let content = layout.content();
            let rebuilt = rebuild::package(TwoLayers::META, &content, "mychart", "2.7.0").unwrap();
            let metadata = json!({
                "apiVersion": "v1", "name": "mychart", "version": "2.7.0", "appVersion": "1.1.0",
                "description": "This is my chart... that is all", "keywords": ["mychart", "itismine"],
                "home": "https://hub.helm.sh", "icon": "https://hub.helm.sh/assets/images/placeholder.png",
                "dependencies": [{"name": "sub", "version": "0.1.0"}],
            });
            let file = "mychart-2.7.0.tgz";
            assert_eq!(entry(&world, "mychart"), listed(metadata, file, &rebuilt));
            let origin = Origin::Rebuilt {
                meta: Blob {
                    digest: Digest::sha256_of(TwoLayers::META),
                    size: 210,
                },
                content: Blob {
                    digest: Digest::sha256_of(&content),
                    size: content.len() as u64,
                },
                name: "mychart".to_owned(),
                version: "2.7.0".to_owned(),
            };
            assert_eq!(
                offer(&world, file),
                Candidate {
                    origin,
                    ..stored("charts/demo", &rebuilt, None)
                }
            );
            assert_eq!(
                world.registry.calls_to("GET "),
                1 + 1 + 3,
                "two lists, manifest, two layers"
            );
            assert_eq!(passed_over(&world), [""; 0]);
        }
    }
}

#[test]
fn two_layers_that_make_no_chart_are_passed_over() {
    let world = World::new();
    DEMO.push(&world, "charts/demo", "1", "latest", false);
    let broken = package(&[("-/../../x", b"")]);
    let annotations = [("chart.name", "mychart"), ("chart.version", "1.0.0")];
    let meta = blob(&world, DEMO.meta, b"{}");
    let config = blob(&world, IMAGE_CONFIG, b"{}");
    for (tag, content) in [("2", broken.as_slice()), ("3", b"no archive")] {
        let content = annotated(blob(&world, DEMO.content, content), &annotations);
        push(
            &world,
            "charts/demo",
            tag,
            &manifest(&config, &[meta.clone(), content]),
        );
    }
    let unnamed = blob(&world, DEMO.content, &DEMO.content());
    push(
        &world,
        "charts/demo",
        "4",
        &manifest(&config, &[meta.clone(), unnamed.clone()]),
    );
    push(&world, "charts/demo", "5", &manifest(&config, &[meta]));
    push(&world, "charts/demo", "6", &manifest(&config, &[unnamed]));
    DEMO.push(&world, "charts/demo", "7", "7.0.0", false);
    world.pass();
    assert_eq!(world.versions(""), ["mychart 7.0.0"]);
    assert_eq!(
        passed_over(&world),
        [
            "charts/demo 1: version \"latest\" is not a semantic version",
            "charts/demo 2: archive holds the path \"-/../../x\", which leads out of the chart",
            "charts/demo 3: package is not an intact gzip-compressed tar archive",
            "charts/demo 4: two-layer chart without its name and version",
            "charts/demo 5: chart metadata without its content",
            "charts/demo 6: chart content without its metadata",
        ]
    );
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

const CHART_YAML: &[u8] =
    b"apiVersion: v1\nname: mychart\nversion: 0.1.0\nappVersion: 1.10\nmaintainers:\n- name: Ann\n";

/// What [`CHART_YAML`] and [`packed`] say.
fn chart_yaml() -> Value {
    json!({
        "apiVersion": "v1", "name": "mychart", "version": "0.1.0", "appVersion": "1.1",
        "maintainers": [{"name": "Ann"}], "dependencies": [{"name": "sub", "version": "1.x"}],
    })
}

fn packed() -> Vec<u8> {
    package(&[
        ("mychart/Chart.yaml", CHART_YAML),
        ("mychart/values.yaml", b"x: 1\n"),
        (
            "mychart/requirements.yaml",
            b"dependencies:\n- name: sub\n  version: 1.x\n",
        ),
    ])
}

#[test]
fn v9_what_the_config_does_not_say_the_package_does() {
    let half = r#"{"version": "9.9.9", "description": "no name"}"#;
    let image_config =
        r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    for (config_type, config, more) in [
        (HELM_CONFIG, "{}", json!({})),
        (HELM_CONFIG, "{}\n", json!({})),
        (HELM_CONFIG, half, json!({})),
        (HELM_CONFIG, "no JSON at all", json!({})),
        (IMAGE_CONFIG, image_config, json!({})),
        (
            "application/vnd.oci.empty.v1+json",
            "{}",
            json!({"artifactType": HELM_CONFIG}),
        ),
        (
            "application/vnd.unknown.config.v1+json",
            "{}",
            json!({"artifactType": "application/vnd.acme.chart"}),
        ),
    ] {
        let world = World::new();
        let tgz = packed();
        let layer = annotated(
            blob(&world, PACKAGE, &tgz),
            &[("org.opencontainers.image.title", "x.tgz")],
        );
        let mut manifest = manifest(
            &blob(&world, config_type, config.as_bytes()),
            &[blob(&world, "text/plain", b"notes"), layer],
        );
        manifest
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        push(&world, "charts/oras", "latest", &manifest);
        world.pass();
        let file = "mychart-0.1.0.tgz";
        assert_eq!(
            entry(&world, "mychart"),
            listed(chart_yaml(), file, &tgz),
            "{config_type} {config}"
        );
        assert_eq!(offer(&world, file), stored("charts/oras", &tgz, None));
    }
}

#[test]
fn v9_a_config_made_by_hand_is_mended() {
    let world = World::new();
    let config = concat!(
        r#"{"apiVersion":2,"name":"mychart","version":"0.1.0","appVersion":1.10,"keywords":"web","engine":"gotpl","home":null,"#,
        r#""maintainers":[null,{"name":"Ann","phone":7}],"annotations":{"n":1,"o":{}},"deprecated":"false","values":{"a":[1]}}"#
    );
    let manifest = manifest(
        &blob(&world, HELM_CONFIG, config.as_bytes()),
        &[blob(&world, PACKAGE, b"tgz")],
    );
    push(&world, "charts/mychart", "0.1.0", &manifest);
    world.pass();
    let metadata = json!({
        "apiVersion": "2", "name": "mychart", "version": "0.1.0", "appVersion": "1.10", "keywords": ["web"],
        "maintainers": [{"name": "Ann"}], "annotations": {"n": "1"},
    });
    assert_eq!(
        entry(&world, "mychart"),
        listed(metadata, "mychart-0.1.0.tgz", b"tgz")
    );
    assert_eq!(world.registry.calls(), 2 + 2, "the package is not read");
}

#[test]
fn v9_hostile_packages_are_reported_and_hurt_nothing_else() {
    let world = World::new();
    let chart = std::str::from_utf8(CHART_YAML).unwrap();
    let whole = packed();
    let zeros = vec![0; 5 << 20];
    let bomb: Vec<(&str, &[u8])> = vec![("c/zeros", &zeros); 21];
    let names: Vec<String> = (0..10_000).map(|n| format!("c/{n}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    for (tag, tgz) in [
        ("absolute", package(&[("/etc/passwd", b"x")])),
        ("bomb", package(&bomb)),
        (
            "hard-link",
            package_with(chart, EntryType::Link, "c/values.yaml"),
        ),
        ("many", package(&many)),
        ("no-chart", package(&[("c/values.yaml", b"x: 1\n")])),
        ("no-gzip", b"no gzip".to_vec()),
        ("outside", package(&[("c/../../x", b"x")])),
        (
            "symlink",
            package_with(chart, EntryType::Symlink, "c/Chart.yaml"),
        ),
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("whole", whole.clone()),
    ] {
        let manifest = manifest(
            &blob(&world, HELM_CONFIG, b"{}"),
            &[blob(&world, PACKAGE, &tgz)],
        );
        push(&world, "charts/a", tag, &manifest);
    }
    world.registry.push_version("charts/b", "b", "1.0.0");
    let pass = world.pass();
    assert_eq!(pass.faults, 0);
    assert_eq!(world.versions(""), ["b 1.0.0", "mychart 0.1.0"]);
    assert_eq!(
        passed_over(&world),
        [
            "charts/a absolute: archive holds the absolute path \"/etc/passwd\"",
            "charts/a bomb: archive unpacks to more than 104857600 bytes",
            "charts/a hard-link: archive holds \"c/values.yaml\", which is neither a file nor a directory",
            "charts/a many: archive has more than 5000 entries",
            "charts/a no-chart: package holds no Chart.yaml",
            "charts/a no-gzip: package is not an intact gzip-compressed tar archive",
            "charts/a outside: archive holds the path \"c/../../x\", which leads out of the chart",
            "charts/a symlink: archive holds \"c/Chart.yaml\", which is neither a file nor a directory",
            "charts/a truncated: package is not an intact gzip-compressed tar archive",
        ]
    );
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

#[test]
fn one_repository_of_everything() {
    let world = World::new();
    let repository = "charts/mixed";
    world.registry.push_version(repository, "mixed", "1.0.0");
    DEMO.push(&world, repository, "demo", "2.7.0", false);
    world.registry.push_version(repository, "mixed", "3.0.0");
    let foreign = |tag: &str, config: &str, layers: &[&str]| {
        let layers: Vec<Value> = layers
            .iter()
            .map(|kind| blob(&world, kind, kind.as_bytes()))
            .collect();
        push(
            &world,
            repository,
            tag,
            &manifest(&blob(&world, config, b"{}"), &layers),
        )
    };
    foreign(
        "0.1.0-image",
        IMAGE_CONFIG,
        &["application/vnd.oci.image.layer.v1.tar+gzip"],
    );
    foreign(
        "0.2.0-docker",
        "application/vnd.docker.container.image.v1+json",
        &["application/vnd.docker.image.rootfs.diff.tar.gzip"],
    );
    foreign(
        "0.3.0-plugin",
        "application/vnd.helm.plugin.v1+json",
        &["application/vnd.oci.image.layer.v1.tar"],
    );
    foreign(
        "0.4.0-flux",
        "application/vnd.cncf.flux.config.v1+json",
        &["application/vnd.cncf.flux.content.v1.tar+gzip"],
    );
    foreign(
        "0.5.0-hub",
        "application/vnd.cncf.artifacthub.config.v1+yaml",
        &["application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml"],
    );
    foreign(
        "0.6.0-signature",
        IMAGE_CONFIG,
        &["application/vnd.dev.cosign.simplesigning.v1+json"],
    );
    foreign(
        "0.7.0-sbom",
        "application/vnd.oci.empty.v1+json",
        &["application/spdx+json"],
    );
    foreign(
        "0.8.0-wasm",
        "application/vnd.wasm.config.v0+json",
        &["application/wasm"],
    );
    foreign(
        "0.9.0-other",
        "application/vnd.acme.v1+json",
        &["application/tar+gzip"],
    );
    foreign("1.1.0-config", HELM_CONFIG, &["text/plain"]);
    world
        .registry
        .push_manifest(repository, "1.2.0-garbage", OCI_MANIFEST, "{");
    let chart = Digest::sha256_of(b"a chart's manifest");
    for suffix in ["", ".sig", ".att", ".sbom", ".metadata"] {
        foreign(
            &format!("sha256-{}{suffix}", chart.hex()),
            IMAGE_CONFIG,
            &["text/plain"],
        );
    }
    foreign(
        "artifacthub.io",
        "application/vnd.cncf.artifacthub.config.v1+yaml",
        &["text/plain"],
    );
    let pass = world.pass();
    assert_eq!(pass.faults, 0);
    assert_eq!(
        world.versions(""),
        ["mixed 3.0.0", "mixed 1.0.0", "mychart 2.7.0"]
            .map(str::to_owned)
            .to_vec()
    );
    assert_eq!(
        passed_over(&world),
        [
            "charts/mixed 0.1.0-image: container image",
            "charts/mixed 0.2.0-docker: container image",
            "charts/mixed 0.3.0-plugin: Helm plugin",
            "charts/mixed 0.4.0-flux: Flux artifact",
            "charts/mixed 0.5.0-hub: Artifact Hub metadata",
            "charts/mixed 0.6.0-signature: cosign signature",
            "charts/mixed 0.7.0-sbom: SBOM",
            "charts/mixed 0.8.0-wasm: WebAssembly module",
            "charts/mixed 0.9.0-other: artifact of type \"application/vnd.acme.v1+json\"",
            "charts/mixed 1.1.0-config: Helm config without a package",
            "charts/mixed 1.2.0-garbage: not a manifest: not a JSON object of its shape",
        ]
    );
    for told_by_name in ["sha256-", "artifacthub.io"] {
        assert_eq!(world.registry.calls_to(told_by_name), 0, "{told_by_name}");
    }
    assert_eq!(
        world.registry.calls_to("GET "),
        2 + 14 + 2 + 2,
        "lists, manifests, configs, layers to rebuild"
    );
}
