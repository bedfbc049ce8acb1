//! Downloads of several sources through the whole Worker: below a mount, and of a classic repository.

use http::header::{CACHE_CONTROL, LOCATION};

use super::worker::{body, get, get_with};
use super::*;
use crate::config::Config;
use crate::testing::{Auth, Fault};

/// A world with these settings, `registry.example`, and another host beside it.
fn world(settings: &[(&str, &str)], host: &str) -> (World, std::rc::Rc<FakeRegistry>) {
    let given = |name: &str| {
        let setting = settings.iter().find(|(key, _)| *key == name);
        setting.map(|(_, value)| (*value).to_owned())
    };
    let world = World {
        config: Config::from_lookup(given).unwrap(),
        ..World::new()
    };
    let other = world.registry.beside(host);
    (world, other)
}

fn status(world: &World, path: &str) -> u16 {
    get(world, path).status().as_u16()
}

/// The same chart and version of two registries, one of them mounted and with a password of its own: each folder hands out its
/// own, the root the first one's.
#[test]
fn a_package_below_a_mount_is_that_of_its_own_registry() {
    let (world, other) = world(
        &[
            (
                "SOURCES",
                r#"[{"registry": "registry.example/charts"},
                    {"registry": "other.example/charts", "mount": "team-a", "username_secret": "USER", "password_secret": "PASSWORD"}]"#,
            ),
            ("USER", "robot"),
            ("PASSWORD", "hunter2"),
            ("AUTH_ANONYMOUS_GET", "true"),
        ],
        "other.example",
    );
    other.set_auth(Auth::basic("robot", "hunter2"));
    world.registry.push_version("charts/a", "a", "1.0.0");
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    let pushed = other.push_chart("charts/a", "1.0.0", &metadata, b"of team a", None, &[]);
    other.push_version("charts/sub/b", "b", "1.0.0");
    world.pass();
    world.rest();
    let own = b"the package of a 1.0.0".as_slice();
    let link = format!("charts/{}/a-1.0.0.tgz", pushed.package.hex().split_at(16).0);
    for (path, bytes) in [
        ("charts/a-1.0.0.tgz", own),
        ("team-a/charts/a-1.0.0.tgz", b"of team a"),
        (&link, b"of team a"),
        (&format!("team-a/{link}"), b"of team a"),
        ("charts/b-1.0.0.tgz", b"the package of b 1.0.0"),
        ("team-a/sub/charts/b-1.0.0.tgz", b"the package of b 1.0.0"),
    ] {
        let answer = get(&world, path);
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(body(&answer), bytes, "{path}");
    }
    for path in ["team-b/charts/a-1.0.0.tgz", "sub/charts/b-1.0.0.tgz"] {
        assert_eq!(status(&world, path), 404, "{path}");
    }
    let shown = |registry: &FakeRegistry| {
        let log = registry.log();
        log.iter().any(|call| call.authorization.is_some())
    };
    assert!(shown(&other) && !shown(&world.registry));
    // One of them is down: the other's packages are handed out as before.
    other.inject("", None, Fault::status(503));
    assert_eq!(status(&world, "charts/a-1.0.0.tgz"), 200);
    assert_eq!(status(&world, "team-a/charts/a-1.0.0.tgz"), 502);
}

const INDEX: &str = r#"{"apiVersion": "v1", "entries": {"a": [
    {"apiVersion": "v2", "name": "a", "version": "1.0.0", "urls": ["a-1.0.0.tgz"],
     "digest": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"apiVersion": "v2", "name": "a", "version": "2.0.0", "urls": ["https://cdn.example/x.tgz?sig=a%2Bb"],
     "digest": "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]}}"#;

/// Who asks for a file by its name, as old scripts do, is sent to where it lies; nobody keeps that, and nothing of it passes here.
#[test]
fn a_package_of_a_classic_repository_is_where_its_index_says() {
    let settings = [
        ("REGISTRY", "registry.example/charts"),
        ("CLASSIC_INDEXES", "https://acme.github.io/charts"),
    ];
    let (mut world, pages) = world(&settings, "acme.github.io");
    let index = "GET https://acme.github.io/charts/index.yaml";
    pages.inject(index, None, Fault::status(200).body(INDEX));
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
    let calls = pages.calls();
    for (path, location) in [
        (
            "charts/a-1.0.0.tgz",
            "https://acme.github.io/charts/a-1.0.0.tgz",
        ),
        (
            "charts/0123456789abcdef/a-1.0.0.tgz",
            "https://acme.github.io/charts/a-1.0.0.tgz",
        ),
        (
            "charts/a-1.0.0.tgz.prov",
            "https://acme.github.io/charts/a-1.0.0.tgz.prov",
        ),
    ] {
        let answer = get(&world, path);
        assert_eq!(answer.status(), 302, "{path}");
        assert_eq!(answer.headers()[LOCATION], location, "{path}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(body(&answer), b"", "{path}");
    }
    assert_eq!(
        pages.calls(),
        calls,
        "nothing is asked of it for a download"
    );
    // The registry's own version wins, and is not to be had from elsewhere.
    let own = get(&world, "charts/a-2.0.0.tgz");
    assert_eq!(body(&own), b"the package of a 2.0.0");
    // Taken out of the settings, it leads nowhere any more.
    let given = |name: &str| (name == "REGISTRY").then(|| "registry.example/charts".to_owned());
    world.config = Config::from_lookup(given).unwrap();
    world.pass();
    world.rest();
    assert_eq!(status(&world, "charts/a-1.0.0.tgz"), 404);
    assert_eq!(status(&world, "charts/a-2.0.0.tgz"), 200);
}

/// `/`, `/metrics`, `/info` and the file for Artifact Hub, where there are several registries.
#[test]
fn what_is_told_of_the_whole_counts_and_names_every_source() {
    let sources = r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts", "mount": "team-a"}]"#;
    let settings = [
        ("SOURCES", sources),
        ("AUTH_ANONYMOUS_GET", "true"),
        ("ADMIN_TOKEN", ADMIN),
    ];
    let (world, other) = world(&settings, "other.example");
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    other.push_version("charts/b", "b", "1.1.0");
    hub(&world.registry, "charts", b"repositoryID: 1\n");
    hub(&other, "charts", b"repositoryID: 2\n");
    world.pass();
    world.rest();
    let text = |path: &str| {
        let admin = format!("Bearer {ADMIN}");
        let answer = get_with(
            &world,
            path,
            &[(http::header::AUTHORIZATION, admin.as_str())],
        );
        assert_eq!(answer.status(), 200, "{path}");
        String::from_utf8(body(&answer).to_vec()).unwrap()
    };
    assert!(
        text("").contains("It has 3 versions of 2 charts."),
        "{}",
        text("")
    );
    let metrics = text("metrics");
    for line in [
        "portolan_charts 2",
        "portolan_versions 3",
        "portolan_source_overdue{source=\"registry.example/charts\"} 0",
        "portolan_source_overdue{source=\"other.example/charts@team-a\"} 0",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
    let info: serde_json::Value = serde_json::from_str(&text("info")).unwrap();
    let both = serde_json::json!(["registry.example/charts", "other.example/charts@team-a"]);
    assert_eq!(info["sources"], both);
    let listed: Vec<_> = info["enumeration"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["source"].clone())
        .collect();
    assert_eq!(serde_json::Value::Array(listed), both);
    assert_eq!(
        (&info["counts"]["charts"], &info["counts"]["repositories"]),
        (&2.into(), &2.into())
    );
    assert_eq!(text("artifacthub-repo.yml"), "repositoryID: 1\n");
    assert_eq!(text("team-a/artifacthub-repo.yml"), "repositoryID: 2\n");
}

const ADMIN: &str = "an admin token of the tests";

/// Pushes the file for Artifact Hub, as its documentation says ("OCI support").
fn hub(registry: &FakeRegistry, repository: &str, file: &'static [u8]) {
    let config = registry.push_blob(b"{}".as_slice());
    let layer = registry.push_blob(file);
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.artifacthub.config.v1+yaml", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml", "digest": layer, "size": file.len()}],
    });
    let type_of = "application/vnd.oci.image.manifest.v1+json";
    registry.push_manifest(repository, "artifacthub.io", type_of, manifest.to_string());
}
