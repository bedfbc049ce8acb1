//! Each way of finding repositories through the whole path: the list, the index, the download. The registry and its API are
//! played with the answers that their documentation gives.

mod clouds;
mod each_way;
mod limits;
mod unusable;

use serde_json::json;

use super::worker::{body, get};
use super::*;
use crate::testing::{Auth, Fault};

const USER: [(&str, &str); 3] = [
    ("REGISTRY_USERNAME", "robot"),
    ("REGISTRY_PASSWORD", "hunter2"),
    ("AUTH_ANONYMOUS_GET", "true"),
];

/// A registry elsewhere than at `registry.example`, which wants a password if one is set.
fn world(settings: &[(&str, &str)]) -> World {
    let mut world = World::with(settings);
    let registry = world.config.sources[0].registry.to_string();
    world.registry = FakeRegistry::at(&registry, &world.clock);
    if settings
        .iter()
        .any(|(name, _)| *name == "REGISTRY_PASSWORD")
    {
        world.registry.set_auth(Auth::basic("robot", "hunter2"));
    }
    world
}

fn answers(world: &World, what: &str, body: &Value, link: Option<&str>) {
    let mut answer = Fault::status(200).body(body.to_string());
    if let Some(link) = link {
        answer = answer.header("link", link);
    }
    world.registry.inject(what, None, answer);
}

/// Reads `charts` of a folder below the prefix, lists them and downloads one.
#[track_caller]
fn served(world: &World, repositories: &[&str]) {
    for repository in repositories {
        let name = repository.rsplit('/').next().unwrap();
        world.registry.push_version(repository, name, "1.0.0");
    }
    let pass = world.pass();
    world.rest();
    assert_eq!((pass.faults, pass.fault), (0, None));
    let mut lines: Vec<String> = repositories
        .iter()
        .map(|repository| format!("{} 1.0.0", repository.rsplit('/').next().unwrap()))
        .collect();
    lines.sort();
    assert_eq!(world.versions(""), lines);
    let index: Value = serde_json::from_slice(body(&get(world, "index.yaml"))).unwrap();
    let name = repositories[0].rsplit('/').next().unwrap();
    let link = index["entries"][name][0]["urls"][0].as_str().unwrap();
    let package = get(world, link);
    assert_eq!(package.status(), 200);
    assert_eq!(
        body(&package),
        format!("the package of {name} 1.0.0").as_bytes()
    );
    assert_eq!(world.registry.calls_to("_catalog"), 0);
}

#[test]
fn catalog() {
    let world = world(&[&[("REGISTRY", "registry.example/charts")], USER.as_slice()].concat());
    world.registry.set_page_size(Some(1));
    for repository in ["charts/nginx", "charts/team-a/web", "other/app"] {
        let name = repository.rsplit('/').next().unwrap();
        world.registry.push_version(repository, name, "1.0.0");
    }
    assert_eq!(world.pass().faults, 0);
    world.rest();
    assert_eq!(world.versions(""), ["nginx 1.0.0", "web 1.0.0"]);
    assert_eq!(world.answered("team-a"), ["web 1.0.0"]);
    assert_eq!(get(&world, "charts/nginx-1.0.0.tgz").status(), 200);
    assert_eq!(world.registry.calls_to("_catalog"), 4);
    assert_eq!(world.registry.calls_to("other/app"), 0);
}

#[test]
fn harbor() {
    let world = world(
        &[
            &[
                ("REGISTRY", "harbor.example/charts"),
                ("DISCOVERY", "harbor"),
            ],
            USER.as_slice(),
        ]
        .concat(),
    );
    answers(
        &world,
        "/api/v2.0/projects/charts/repositories?page=2",
        &json!([{"name": "charts/team-a/web"}]),
        None,
    );
    answers(
        &world,
        "/api/v2.0/projects/charts/repositories?page=1",
        &json!([{"name": "charts/nginx"}]),
        Some(r#"</api/v2.0/projects/charts/repositories?page=2&page_size=100>; rel="next""#),
    );
    served(&world, &["charts/nginx", "charts/team-a/web"]);
    assert_eq!(world.answered("team-a"), ["web 1.0.0"]);
}

#[test]
fn github() {
    let world = world(&[&[("REGISTRY", "ghcr.io/acme/charts")], USER.as_slice()].concat());
    answers(
        &world,
        "https://api.github.com/orgs/acme/packages?package_type=container&per_page=100",
        // What lies elsewhere below the owner is not asked for: the fake knows nothing of it.
        &json!([{"name": "charts/nginx"}, {"name": "app"}, {"name": "charts"}]),
        None,
    );
    served(&world, &["acme/charts/nginx"]);
    assert_eq!(world.registry.calls_to("/v2/acme/app/"), 0);
}

#[test]
fn gitlab() {
    let world = world(
        &[
            &[("REGISTRY", "registry.gitlab.com/acme/charts")],
            USER.as_slice(),
        ]
        .concat(),
    );
    answers(
        &world,
        "https://gitlab.com/api/v4/groups/acme%2Fcharts/registry/repositories",
        &json!([{"path": "acme/charts/web/nginx"}, {"path": "acme/charts/redis"}]),
        None,
    );
    served(&world, &["acme/charts/web/nginx", "acme/charts/redis"]);
}

#[test]
fn docker_hub() {
    let world = world(&[&[("REGISTRY", "docker.io/acme")], USER.as_slice()].concat());
    answers(
        &world,
        "POST https://hub.docker.com/v2/auth/token",
        &json!({"access_token": "jwt"}),
        None,
    );
    answers(
        &world,
        "https://hub.docker.com/v2/namespaces/acme/repositories?page_size=100",
        &json!({"count": 1, "next": null, "previous": null, "results": [{"namespace": "acme", "name": "nginx"}]}),
        None,
    );
    served(&world, &["acme/nginx"]);
}

/// Docker Hub keeps names of one segment in `library`, wherever people leave that out.
#[test]
fn official_images_of_docker_hub() {
    for settings in [
        [("REGISTRY", "docker.io"), ("REPOSITORIES", "nginx")],
        [("REGISTRY", "docker.io/library"), ("REPOSITORIES", "nginx")],
        [("REGISTRY", "docker.io"), ("REPOSITORIES", "library/nginx")],
    ] {
        let world = world(&settings);
        served(&world, &["library/nginx"]);
        let asked = "https://registry-1.docker.io/v2/library/nginx/";
        assert_eq!(
            world.registry.calls_to(asked),
            world.registry.calls(),
            "{settings:?}"
        );
    }
}

#[test]
fn quay() {
    let world = world(&[("REGISTRY", "quay.io/acme")]);
    answers(
        &world,
        "https://quay.io/api/v1/repository?namespace=acme&public=true",
        &json!({"repositories": [{"namespace": "acme", "name": "nginx"}]}),
        None,
    );
    served(&world, &["acme/nginx"]);
}

/// Nothing is asked for a list.
#[test]
fn a_list_of_ones_own() {
    let world = world(&[
        ("REGISTRY", "ghcr.io/acme"),
        ("REPOSITORIES", "a b/c"),
        ("DISCOVERY", "list"),
    ]);
    served(&world, &["acme/a", "acme/b/c"]);
}

/// What the API names no more is gone only when its own list says so, as with `_catalog`.
#[test]
fn a_repository_that_an_api_lists_no_more_goes() {
    let world = world(&[("REGISTRY", "ghcr.io/acme")]);
    let both = json!([{"name": "a"}, {"name": "b"}]);
    answers(&world, "api.github.com", &both, None);
    served(&world, &["acme/a", "acme/b"]);
    world.registry.heal();
    world.registry.delete_repository("acme/b");
    answers(&world, "api.github.com", &json!([{"name": "a"}]), None);
    for _ in 0..3 {
        world.pass();
        world.rest();
    }
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

/// Faults and incomplete lists remove nothing, and are told.
#[test]
fn nothing_is_lost_with_a_listing_api() {
    for (fault, told) in [
        (
            Fault::status(200).body("<html>sign in</html>"),
            "gave an unusable answer",
        ),
        (
            Fault::status(200).body("\u{1f}\u{8b}\u{8}"),
            "gave an unusable answer",
        ),
        (Fault::status(200), "gave an unusable answer"),
        (
            Fault::status(200).body(r#"{"message":"Bad credentials"}"#),
            "gave an unusable answer",
        ),
        (
            Fault::status(302).header("location", "https://github.com/login"),
            "redirects its list of repositories, which is not followed",
        ),
        (Fault::status(500), "answered 500"),
        (
            Fault::status(403),
            "does not let these credentials list repositories",
        ),
        (
            Fault::status(404),
            "does not let these credentials list repositories",
        ),
        (Fault::Timeout, "did not answer in time"),
        (
            Fault::status(200)
                .body("[]")
                .header("link", r#"<https://evil.example/?page=2>; rel="next""#),
            "its list of repositories has no end",
        ),
    ] {
        let world = world(&[("REGISTRY", "ghcr.io/acme")]);
        let both = json!([{"name": "a"}, {"name": "b"}]);
        answers(&world, "api.github.com", &both, None);
        served(&world, &["acme/a", "acme/b"]);
        world.registry.heal();
        world.registry.inject("api.github.com", None, fault.clone());
        // They are gone from the registry, too, but nobody says so of the one that its own list still knows.
        for _ in 0..4 {
            world.wait_for_alarm();
            world.step();
        }
        world.pass();
        assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"], "{fault:?}");
        let info = info(&world);
        let fault_told = info["enumeration"][0]["fault"].as_str().unwrap_or_default();
        assert!(fault_told.contains(told), "{fault:?} {info:#}");
    }
}

fn info(world: &World) -> Value {
    world.ask(&crate::catalog::ask::Info { page: 0 })
}

/// The index, `/`, `/info` and the log name host, operation and remedy.
#[test]
fn a_refused_list_is_told_everywhere_with_what_helps() {
    const TOLD: &str = "does not let these credentials list repositories (api.github.com answered 401); \
        name them in REPOSITORIES, or set REGISTRY_PASSWORD to a classic token with read:packages";
    let world = world(&[&[("REGISTRY", "ghcr.io/acme")], USER.as_slice()].concat());
    world
        .registry
        .inject("api.github.com", None, Fault::status(401));
    let step = {
        world.wait_for_alarm();
        world.step()
    };
    let index = get(&world, "index.yaml");
    assert_eq!(index.status(), 502);
    let text = |response| String::from_utf8(body(response).to_vec()).unwrap();
    let sentence = format!("ghcr.io {TOLD}");
    assert!(text(&index).contains(&sentence), "{}", text(&index));
    let home = text(&get(&world, ""));
    assert!(home.contains(&sentence), "{home}");
    let info = info(&world);
    assert_eq!(info["enumeration"][0]["source"], "ghcr.io/acme");
    assert_eq!(info["enumeration"][0]["fault"], TOLD);
    assert!(
        step.faults.iter().any(|fault| fault
            == "api.github.com: listing repositories: answered 401; \
                name them in REPOSITORIES, or set REGISTRY_PASSWORD to a classic token with read:packages"),
        "{:?}",
        step.faults
    );
    let log = world.registry.log();
    assert!(log.iter().all(|call| {
        call.url.starts_with("https://api.github.com/orgs/acme/") || call.authorization.is_none()
    }));
}
