//! Deleting what cannot all be deleted: what is left is told, and stands before nothing else.

use super::*;
use crate::config::Config;
use crate::platform::Clock as _;
use crate::testing::{Fault, World};

/// A registry, and a classic repository with these versions of `web`, both in the space `team`.
fn with_classic(versions: &[&str]) -> Museum {
    let given = |asked: &str| match asked {
        "ADMIN_TOKEN" => Some("t0ken"),
        "AUTH_ANONYMOUS_GET" => Some("true"),
        "REGISTRY" => Some("registry.example/charts"),
        "CLASSIC_INDEXES" => Some(r#"[{"url": "https://acme.github.io/charts", "mount": "team"}]"#),
        "SUBREQUEST_BUDGET" => Some("1000"),
        _ => None,
    };
    let config = Config::from_lookup(|asked| given(asked).map(str::to_owned));
    let world = World {
        config: config.unwrap(),
        ..World::new()
    };
    let pages = world.registry.beside("acme.github.io");
    let entries = versions.iter().map(|version| {
        format!(
            "  - {{apiVersion: v2, name: web, version: {version}, urls: [web-{version}.tgz]}}\n"
        )
    });
    let entries: String = entries.collect();
    let index = format!("apiVersion: v1\nentries:\n  web:\n{entries}");
    let fault = Fault::status(200).body(index);
    pages.inject("GET https://acme.github.io/charts/index.yaml", None, fault);
    Museum::of(world)
}

const CLASSIC: &str = "https://acme.github.io/charts/index.yaml";

#[test]
fn what_a_classic_repository_has_is_told_and_stands_before_nothing() {
    let many: Vec<String> = (0..60).map(|minor| format!("0.{minor}.0")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let museum = with_classic(&many);
    let deletes = |path: &str| museum.transcript(&[&format!("DELETE {path}")]);
    let left =
        "0 versions were deleted and 60 are left: a classic repository has 60, and is only read";
    for path in ["/spaces/team/charts/web", "/spaces/team"] {
        let told = deletes(path);
        assert!(told.contains(": 409 ") && told.contains(left), "{told}");
    }
    museum.upload("team", &chart("web", "1.0.0", ""));
    museum.upload("team", &chart("web", "2.0.0", ""));
    let told = deletes("/spaces/team/charts/web");
    let left = "2 versions were deleted and 60 are left: a classic repository has 60";
    assert!(told.contains(": 409 ") && told.contains(left), "{told}");
    let versions = museum.transcript(&["GET /spaces/team/charts/web/versions?limit=1"]);
    assert!(versions.contains(r#""total":60"#), "{versions}");
    // One of them.
    let told = deletes("/spaces/team/charts/web/versions/0.1.0");
    let only = "this version is of the classic repository https://acme.github.io/charts/index.yaml";
    assert!(told.contains(": 409 ") && told.contains(only), "{told}");
}

/// What the registry lost would be served by the classic repository from then on.
#[test]
fn a_version_that_a_classic_repository_has_too_is_not_deleted() {
    let museum = with_classic(&["1.0.0"]);
    let web = chart("web", "1.0.0", "");
    let answer = museum.post("/api/team/charts?force", web.clone());
    assert_eq!(status(&answer), 201);
    for path in [
        "/api/v1/spaces/team/charts/web/versions/1.0.0",
        "/api/v1/spaces/team/charts/web",
        "/api/team/charts/web/1.0.0",
    ] {
        museum.world.clock.advance(Duration::from_secs(1));
        let told = told(&museum.send("DELETE", path, ""));
        let named = format!("the classic repository {CLASSIC}");
        assert!(told.starts_with("409 ") && told.contains(&named), "{told}");
    }
    assert_eq!(museum.world.registry.calls_to("DELETE "), 0);
    assert_eq!(
        museum.served("/team/charts/web-1.0.0.tgz"),
        Some(web.to_vec())
    );
}

#[test]
fn what_other_tags_name_stands_before_nothing() {
    let museum = Museum::new(&[("SUBREQUEST_BUDGET", "1000")]);
    let registry = &museum.world.registry;
    registry.push_versions("charts/team/web", 0..60);
    for minor in 0..55 {
        let manifest = registry
            .tagged("charts/team/web", &format!("1.{minor}.0"))
            .unwrap();
        let digest = crate::oci::Digest::sha256_of(&manifest);
        registry.tag("charts/team/web", &format!("v1.{minor}.0"), &digest);
    }
    museum.world.pass();
    museum.world.rest();
    let told = museum.transcript(&["DELETE /spaces/team/charts/web"]);
    let left =
        "5 versions were deleted and 55 are left: web 1.0.0: other tags name the same chart: ";
    assert!(told.contains(": 409 ") && told.contains(left), "{told}");
    assert!(told.contains("; and 50 more like these"), "{told}");
    let versions = museum.transcript(&["GET /spaces/team/charts/web/versions?limit=0"]);
    assert!(versions.contains(r#""total":55"#), "{versions}");
}

/// Of few calls, few versions.
#[test]
fn a_request_deletes_as_many_as_it_has_calls_for() {
    let museum = Museum::new(&[("SUBREQUEST_BUDGET", "45")]);
    museum
        .world
        .registry
        .push_versions("charts/team/web", 0..20);
    museum.world.pass();
    museum.world.rest();
    for (deleted, left) in [(9, 11), (9, 2)] {
        museum.world.registry.clear_log();
        let told = museum.transcript(&["DELETE /spaces/team/charts/web"]);
        let message = format!(
            "{deleted} versions were deleted and {left} are left: send the request again for the others"
        );
        assert!(told.contains(": 409 ") && told.contains(&message), "{told}");
        let versions = museum.transcript(&["GET /spaces/team/charts/web/versions?limit=0"]);
        assert!(
            versions.contains(&format!(r#""total":{left}"#)),
            "{versions}"
        );
    }
    let told = museum.transcript(&["DELETE /spaces/team/charts/web", "GET /spaces"]);
    assert!(
        told.contains(": 204") && told.contains(r#""items":[]"#),
        "{told}"
    );
}

#[test]
fn a_slow_registry_ends_a_request_before_its_time() {
    let museum = Museum::new(&[("SUBREQUEST_BUDGET", "1000")]);
    museum
        .world
        .registry
        .push_versions("charts/team/web", 0..20);
    museum.world.pass();
    museum.world.rest();
    museum.world.registry.set_latency(Duration::from_secs(3));
    let began = museum.world.clock.now();
    let told = museum.transcript(&["DELETE /spaces/team/charts/web"]);
    let took = museum.world.clock.now().since(began);
    assert!(
        told.contains(": 409 ") && told.contains("send the request again"),
        "{told}"
    );
    assert!(took < Duration::from_mins(2), "{took:?}");
    museum.world.registry.set_latency(Duration::ZERO);
    let told = museum.transcript(&["DELETE /spaces/team/charts/web", "GET /spaces"]);
    assert!(
        told.contains(": 204") && told.contains(r#""items":[]"#),
        "{told}"
    );
}

/// Who fails in the middle has deleted what is deleted; the same request finishes.
#[test]
fn what_fails_in_the_middle_is_finished_by_the_same_request() {
    for fault in [
        Fault::Transport,
        Fault::status(500),
        Fault::error(403, "DENIED", "no"),
    ] {
        let museum = Museum::new(&[("SUBREQUEST_BUDGET", "1000")]);
        museum.world.registry.push_versions("charts/team/web", 0..4);
        museum.world.pass();
        museum.world.rest();
        let third = "DELETE https://registry.example/v2/charts/team/web/manifests/1.2.0";
        museum.world.registry.inject(third, None, fault);
        let told = museum.transcript(&["DELETE /spaces/team"]);
        assert!(
            told.contains(": 502 ") && told.contains("registry.example"),
            "{told}"
        );
        museum.world.registry.heal();
        let versions = museum.transcript(&["GET /spaces/team/charts/web/versions"]);
        assert!(
            versions.contains(r#""items":["1.2.0","1.3.0"]"#),
            "{versions}"
        );
        let told = museum.transcript(&["DELETE /spaces/team", "GET /spaces"]);
        assert!(
            told.contains(": 204") && told.contains(r#""items":[]"#),
            "{told}"
        );
    }
}

/// The original takes the lock of a chart for that of its space.
#[test]
fn a_chart_may_be_called_as_its_space() {
    let museum = Museum::new(&[]);
    museum.upload("team", &chart("team", "1.0.0", ""));
    museum.upload("team", &chart("other", "1.0.0", ""));
    let told = museum.transcript(&[
        "DELETE /spaces/team/charts/team/versions/1.0.0",
        "GET /spaces/team/charts",
    ]);
    assert!(
        told.contains(": 204") && told.contains(r#""items":["other"]"#),
        "{told}"
    );
    museum.upload("team", &chart("team", "1.0.0", ""));
    let told = museum.transcript(&["DELETE /spaces/team/charts/team", "DELETE /spaces/team"]);
    assert_eq!(told.matches(": 204").count(), 2, "{told}");
}
