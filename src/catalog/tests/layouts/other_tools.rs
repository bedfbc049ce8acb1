//! V9: packages that ORAS and scripts pushed, whose config says nothing or half.

use tar::EntryType;

use super::*;
use crate::testing::package_with;

const CHART_YAML: &[u8] =
    b"apiVersion: v1\nname: mychart\nversion: 0.1.0\nappVersion: 1.10\nmaintainers:\n- name: Ann\n";

/// What [`CHART_YAML`] and [`packed`] say.
fn chart_yaml() -> Value {
    json!({
        "apiVersion": "v1", "name": "mychart", "version": "0.1.0", "appVersion": "1.1",
        "maintainers": [{"name": "Ann"}], "dependencies": [{"name": "sub", "version": "1.x", "repository": ""}],
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
