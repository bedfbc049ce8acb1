//! What is served already, by the tag that is written to or by others.

use super::*;
use crate::config::Config;
use crate::testing::{Fault, World};

const STABLE: &str = "409 file already exists";

/// A museum whose repository `charts/<repository>` has `web` 1.0.0 under a tag.
fn with_web(settings: &[(&str, &str)], repository: &str, tag: &str) -> Museum {
    let museum = Museum::new(settings);
    let path = match repository.rsplit_once('/') {
        Some((space, _)) => format!("/api/{space}/charts"),
        None => "/api/charts".to_owned(),
    };
    let registry = &museum.world.registry;
    assert_eq!(
        status(&museum.post(&path, chart("web", "1.0.0", "old"))),
        201
    );
    let from = path.replace("/api/", "charts/").replace("/charts", "/web");
    let from = from.replace("charts/charts", "charts/web");
    let manifest = registry.tagged(&from, "1.0.0").unwrap();
    let kind = "application/vnd.oci.image.manifest.v1+json";
    registry.delete_tag(&from, "1.0.0");
    registry.push_manifest(&format!("charts/{repository}"), tag, kind, manifest);
    museum.world.pass();
    museum.world.rest();
    assert!(museum.index().contains("web-1.0.0.tgz"));
    registry.clear_log();
    museum
}

/// Where somebody tags with a `v`, or the repository is called otherwise.
#[test]
fn a_version_that_is_served_under_another_tag_exists() {
    let new = chart("web", "1.0.0", "new");
    for (repository, tag) in [
        ("web", "v1.0.0"),
        ("other", "1.0.0"),
        ("team/other", "1.0.0"),
    ] {
        let museum = with_web(&[], repository, tag);
        let path = match repository.split_once('/') {
            Some(_) => "/api/team/charts",
            None => "/api/charts",
        };
        let answer = museum.post(path, new.clone());
        assert_eq!(error(&answer), STABLE, "{repository}:{tag}");
        assert_eq!(museum.world.registry.calls(), 0);
        // What replaces it is called as its chart is, and goes before.
        let answer = museum.post(&format!("{path}?force"), new.clone());
        assert_eq!(status(&answer), 201, "{}", show(&answer));
        let path = path.replace("/api/", "/").replace("/charts", "/charts/");
        let served = museum.served(&format!("{path}web-1.0.0.tgz"));
        assert_eq!(served, Some(new.to_vec()), "{repository}:{tag}");
    }
    // It lies in a space below, and may come here too.
    let museum = with_web(&[], "team/web", "1.0.0");
    assert_eq!(status(&museum.post("/api/charts", new)), 201);
}

#[test]
fn what_would_not_be_served_is_not_forced_in() {
    let new = chart("web", "1.0.0", "new");
    for (settings, repository, tag) in [
        (("COLLISIONS", "hide"), "web", "v1.0.0"),
        (("COLLISIONS", "hide"), "other", "1.0.0"),
        (("PRECEDENCE", "other"), "other", "1.0.0"),
    ] {
        let museum = with_web(&[settings], repository, tag);
        assert_eq!(
            error(&museum.post("/api/charts?force", new.clone())),
            format!(
                "409 the tag {tag} of charts/{repository} has this version, and would go on being served or hide it"
            )
        );
        assert_eq!(museum.world.registry.calls(), 0);
        assert!(museum.index().contains("web-1.0.0.tgz"), "{settings:?}");
        // The same bytes contest nothing.
        let same = chart("web", "1.0.0", "old");
        assert_eq!(status(&museum.post("/api/charts?force", same)), 201);
        assert!(museum.index().contains("web-1.0.0.tgz"), "{settings:?}");
    }
}

#[test]
fn a_version_of_another_registry_or_a_classic_repository_exists() {
    let of = |name: &str, text: &str| {
        let given = |asked: &str| match asked {
            "ADMIN_TOKEN" => Some("t0ken".to_owned()),
            "AUTH_ANONYMOUS_GET" => Some("true".to_owned()),
            "REGISTRY" if name == "CLASSIC_INDEXES" => Some("registry.example/charts".to_owned()),
            asked if asked == name => Some(text.to_owned()),
            _ => None,
        };
        World {
            config: Config::from_lookup(given).unwrap(),
            ..World::new()
        }
    };
    let two = r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts"}]"#;
    let world = of("SOURCES", two);
    let other = world.registry.beside("other.example");
    other.push_version("charts/web", "web", "1.0.0");
    let registries = Museum::of(world);
    let world = of("CLASSIC_INDEXES", "https://acme.github.io/charts");
    let pages = world.registry.beside("acme.github.io");
    let index = "apiVersion: v1\nentries:\n  web:\n  - apiVersion: v2\n    name: web\n    version: 1.0.0\n    urls: [web-1.0.0.tgz]\n";
    let fault = Fault::status(200).body(index);
    pages.inject("GET https://acme.github.io/charts/index.yaml", None, fault);
    let classic = Museum::of(world);
    for museum in [registries, classic] {
        let new = chart("web", "1.0.0", "new");
        assert!(museum.index().contains("web-1.0.0.tgz"));
        assert_eq!(error(&museum.post("/api/charts", new.clone())), STABLE);
        assert_eq!(museum.world.registry.calls_to("PUT "), 0);
        assert_eq!(status(&museum.post("/api/charts?force", new.clone())), 201);
        let served = museum.served("/charts/web-1.0.0.tgz");
        assert_eq!(served, Some(new.to_vec()));
    }
}

/// `foo-1-2.0.0.tgz` may be of `foo` and of `foo-1`.
#[test]
fn charts_that_share_a_file_name_are_told_apart() {
    let museum = Museum::new(&[]);
    let (one, other) = (chart("foo-1", "2.0.0", ""), chart("foo", "1-2.0.0", ""));
    assert_eq!(status(&museum.post("/api/charts", one.clone())), 201);
    for path in ["/api/charts", "/api/charts?force"] {
        assert_eq!(
            error(&museum.post(path, other.clone())),
            r#"409 the chart "foo-1" has the file name foo-1-2.0.0.tgz already"#
        );
    }
    let delete = |path: &str| error_or_status(&museum.send("DELETE", path, ""));
    assert_eq!(
        delete("/api/charts/foo/1-2.0.0"),
        "404 there is no such version"
    );
    assert_eq!(museum.served("/charts/foo-1-2.0.0.tgz"), Some(one.to_vec()));
    assert_eq!(delete("/api/charts/foo-1/2.0.0"), "200");
}

/// Two sources that read one registry write to one tag, one at a time.
#[test]
fn locks_are_of_the_registry() {
    use crate::catalog::ask::{Lock, TagPlace};
    let given = |name: &str| {
        match name {
        "ADMIN_TOKEN" => Some("t0ken".to_owned()),
        "AUTH_ANONYMOUS_GET" => Some("true".to_owned()),
        "SOURCES" => Some(
            r#"[{"registry": "registry.example/charts"}, {"registry": "registry.example/charts", "mount": "copy"}]"#
                .to_owned(),
        ),
        _ => None,
    }
    };
    let museum = Museum::of(World {
        config: Config::from_lookup(given).unwrap(),
        ..World::new()
    });
    let version = TagPlace {
        source: "registry.example/charts@copy".to_owned(),
        repository: "charts/web".to_owned(),
        tag: "1.0.0".to_owned(),
    };
    let lock = Lock {
        version,
        holder: None,
        seconds: 60,
    };
    assert_eq!(museum.world.ask(&lock), Some(1));
    let web = chart("web", "1.0.0", "");
    assert_eq!(status(&museum.post("/api/charts", web.clone())), 423);
    museum
        .world
        .clock
        .advance(std::time::Duration::from_secs(61));
    assert_eq!(status(&museum.post("/api/charts", web.clone())), 201);
    // Both have it when the answer comes.
    for path in ["/charts/web-1.0.0.tgz", "/copy/charts/web-1.0.0.tgz"] {
        assert_eq!(museum.served(path), Some(web.to_vec()), "{path}");
    }
}

fn error_or_status(answer: &http::Response<crate::serve::Body<Bytes>>) -> String {
    match status(answer) {
        200 => "200".to_owned(),
        _ => error(answer),
    }
}

/// Another isolate that was asked for a chart, or for its space, before somebody stored it.
#[test]
fn what_another_isolate_did_not_find_is_there_at_once() {
    use crate::serve::Memory;
    use crate::testing::{Object, request};
    use http::header::CACHE_CONTROL;
    let museum = Museum::new(&[]);
    // Nor does KV help: what it lacked, it lacks for a minute.
    museum.world.documents.remember_misses(true);
    let other = Memory::new();
    let object = Object::new(&museum.world);
    let registry = &museum.world.registry;
    let get = |path: &str, headers: &[(HeaderName, &str)]| {
        let asked = request("GET", path, headers, Bytes::new());
        let handled = museum
            .world
            .serve_all(registry, &object, &other, vec![asked]);
        let answer = &handled[0].response;
        let text = String::from_utf8_lossy(bytes(answer)).into_owned();
        (status(answer), text.contains("web-1.0.0.tgz"))
    };
    let fresh = [TOKEN, (CACHE_CONTROL, "no-cache")];
    let (file, index) = ("/team/charts/web-1.0.0.tgz", "/team/index.yaml");
    let museums = "/api/team/charts/web/1.0.0";
    let asks: [(&str, &[(HeaderName, &str)]); 4] = [
        (file, &[]),
        (file, &fresh),
        (index, &fresh),
        (museums, &[TOKEN]),
    ];
    for (path, headers) in asks {
        // An empty index for who may push there.
        let expected = if path == index { 200 } else { 404 };
        assert_eq!(get(path, headers), (expected, false), "{path}");
    }
    let web = chart("web", "1.0.0", "");
    assert_eq!(status(&museum.post("/api/team/charts", web)), 201);
    for (path, headers) in asks.into_iter().skip(1) {
        assert_eq!(get(path, headers), (200, path != file), "{path}");
    }
    museum
        .world
        .clock
        .advance(std::time::Duration::from_secs(1));
    assert_eq!(get(file, &[]).0, 200, "who shows no credentials");
}

/// What is older than the versions that are kept is stored, and nobody waits for what will not be served.
#[test]
fn a_version_beyond_those_that_are_kept_is_answered_soon() {
    use crate::platform::Clock as _;
    let museum = Museum::new(&[("VERSIONS_PER_CHART", "2")]);
    for version in ["2.0.0", "3.0.0"] {
        let web = chart("web", version, "");
        assert_eq!(status(&museum.post("/api/charts", web)), 201);
    }
    let before = museum.world.clock.now();
    let answer = museum.post("/api/charts", chart("web", "1.0.0", ""));
    assert_eq!(status(&answer), 201, "{}", show(&answer));
    let waited = museum.world.clock.now().since(before);
    assert!(waited.as_secs() < 5, "{waited:?}");
    assert!(
        museum
            .world
            .registry
            .tagged("charts/web", "1.0.0")
            .is_some()
    );
    assert!(!museum.index().contains("web-1.0.0.tgz"));
}
