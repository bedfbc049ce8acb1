//! Lists that are none, whoever is asked for them; and names in them that cannot be served.

use super::*;

/// A way of listing, and what its answers are told by.
pub(super) struct Way {
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// What `METHOD URL TARGET` of a page contains.
    pub(super) asked: &'static str,
    /// A page that names both repositories.
    pub(super) page: Value,
    pub(super) repositories: [&'static str; 2],
    /// What an access key is exchanged for.
    pub(super) exchange: Option<Value>,
}

const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
const SECRET_KEY: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "wJalr");
const ANYONE: (&str, &str) = ("AUTH_ANONYMOUS_GET", "true");
const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// `AWS:monday`.
const PASSWORD: &str = "QVdTOm1vbmRheQ==";

/// One for each `DISCOVERY`.
pub(super) fn ways() -> Vec<Way> {
    let package = |name| json!({"name": format!("projects/p/locations/europe/repositories/r/packages/{name}")});
    vec![
        Way {
            settings: &[("REGISTRY", "registry.example/charts")],
            asked: "_catalog",
            page: json!({"repositories": ["charts/a", "charts/b"]}),
            repositories: ["charts/a", "charts/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "acme.azurecr.io/charts")],
            asked: "_catalog",
            page: json!({"repositories": ["charts/a", "charts/b"]}),
            repositories: ["charts/a", "charts/b"],
            exchange: None,
        },
        Way {
            settings: &[
                ("REGISTRY", "harbor.example/charts"),
                ("DISCOVERY", "harbor"),
            ],
            asked: "/api/v2.0/",
            page: json!([{"name": "charts/a"}, {"name": "charts/b"}]),
            repositories: ["charts/a", "charts/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "ghcr.io/acme")],
            asked: "api.github.com",
            page: json!([{"name": "a"}, {"name": "b"}]),
            repositories: ["acme/a", "acme/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "registry.gitlab.com/acme")],
            asked: "/api/v4/",
            page: json!([{"path": "acme/a"}, {"path": "acme/b"}]),
            repositories: ["acme/a", "acme/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "docker.io/acme")],
            asked: "hub.docker.com",
            page: json!({"count": 2, "next": null, "results": [{"namespace": "acme", "name": "a"}, {"namespace": "acme", "name": "b"}]}),
            repositories: ["acme/a", "acme/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "quay.io/acme")],
            asked: "/api/v1/repository",
            page: json!({"repositories": [{"namespace": "acme", "name": "a"}, {"namespace": "acme", "name": "b"}]}),
            repositories: ["acme/a", "acme/b"],
            exchange: None,
        },
        Way {
            settings: &[("REGISTRY", "europe-docker.pkg.dev/p/r")],
            asked: "artifactregistry.googleapis.com",
            page: json!({"packages": [package("a"), package("b")]}),
            repositories: ["p/r/a", "p/r/b"],
            exchange: None,
        },
        Way {
            settings: &[
                (
                    "REGISTRY",
                    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/charts",
                ),
                KEY,
                SECRET_KEY,
                ANYONE,
            ],
            asked: "DescribeRepositories",
            page: json!({"repositories": [
                {"repositoryName": "charts/a", "repositoryUri": format!("{ECR}/charts/a")},
                {"repositoryName": "charts/b", "repositoryUri": format!("{ECR}/charts/b")},
            ]}),
            repositories: ["charts/a", "charts/b"],
            exchange: Some(
                json!({"authorizationData": [{"authorizationToken": PASSWORD, "expiresAt": 9_999_999_999_i64}]}),
            ),
        },
        Way {
            settings: &[("REGISTRY", "public.ecr.aws/acme"), KEY, SECRET_KEY, ANYONE],
            asked: "DescribeRepositories",
            page: json!({"repositories": [
                {"repositoryName": "a", "repositoryUri": "public.ecr.aws/acme/a"},
                {"repositoryName": "b", "repositoryUri": "public.ecr.aws/acme/b"},
            ]}),
            repositories: ["acme/a", "acme/b"],
            exchange: Some(
                json!({"authorizationData": {"authorizationToken": PASSWORD, "expiresAt": 9_999_999_999_i64}}),
            ),
        },
    ]
}

/// A page of HTML, compressed bytes that nobody asked for, nothing at all, or an error with the status of success: each is a
/// clear fault of this source, and removes nothing.
#[test]
fn what_is_no_list_is_told_and_loses_nothing_however_repositories_are_found() {
    for way in ways() {
        let Way {
            settings, asked, ..
        } = &way;
        let host = settings[0].1;
        let world = world(settings);
        for repository in way.repositories {
            let name = repository.rsplit('/').next().unwrap();
            world.registry.push_version(repository, name, "1.0.0");
        }
        let healthy = || {
            world.registry.heal();
            if let Some(exchange) = &way.exchange {
                answers(&world, "GetAuthorizationToken", exchange, None);
            }
        };
        healthy();
        answers(&world, asked, &way.page, None);
        assert_eq!(world.pass().faults, 0, "{host}");
        world.rest();
        let both = ["a 1.0.0", "b 1.0.0"];
        assert_eq!(world.versions(""), both, "{host}");
        for body in [
            "<!DOCTYPE html><title>Sign in</title>".as_bytes(),
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
            b"",
            br#"{"errors":[{"code":"DENIED","message":"no"}]}"#,
            br#"{"message":"Bad credentials","status":"401"}"#,
            br#"{"error":{"code":401,"status":"UNAUTHENTICATED"}}"#,
        ] {
            healthy();
            let answer = Fault::status(200).body(body.to_vec());
            world.registry.inject(asked, None, answer);
            for _ in 0..4 {
                world.wait_for_alarm();
                world.step();
            }
            let pass = world.pass();
            let shown = String::from_utf8_lossy(body);
            assert!(pass.faults > 0, "{host} {shown}");
            assert_eq!(world.versions(""), both, "{host} {shown}");
            let info = info(&world);
            assert_eq!(
                info["enumeration"][0]["fault"], "gave an unusable answer",
                "{host} {shown}: {info:#}"
            );
        }
        // When it is a list again, all is as before.
        healthy();
        answers(&world, asked, &way.page, None);
        world.pass();
        assert_eq!(world.pass().faults, 0, "{host}");
        assert_eq!(world.versions(""), both, "{host}");
    }
}

/// What a registry lists and no link could name is not just missing: `/info` tells how many there are, and one of them.
#[test]
fn a_repository_that_cannot_be_served_is_told() {
    let long = format!("charts/{}", ["a"; 124].join("/"));
    let sources = r#"[{"registry": "registry.example", "mount": "team-a/of-acme"}]"#;
    let world = World::with(&[("REGISTRY", ""), ("SOURCES", sources)]);
    let names = ["charts/a", long.as_str(), "charts/Upper", &"b".repeat(256)];
    answers(&world, "_catalog", &json!({"repositories": names}), None);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let told = &info(&world)["enumeration"][0];
    assert_eq!(told["fault"], Value::Null);
    assert_eq!(told["unservable"]["repositories"], 3, "{told:#}");
    let first = told["unservable"]["first"].as_str().unwrap();
    assert!(first.starts_with("\"charts/a/a/"), "{first}");
    assert!(first.len() < 255, "{first}");
}

/// What is not below the prefix, or not wanted, is nobody's loss.
#[test]
fn what_is_not_wanted_is_not_told() {
    let world = World::with(&[("REPOSITORIES", "a*")]);
    let names = ["charts/a", "Other/Upper", "charts/b"];
    answers(&world, "_catalog", &json!({"repositories": names}), None);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    let told = &info(&world)["enumeration"][0];
    assert_eq!(told["unservable"], Value::Null);
}

/// What is configured and too long together with its prefix or mount is not just missing, either.
#[test]
fn a_repository_that_is_configured_and_cannot_be_served_is_told() {
    let long = ["a"; 124].join("/");
    for (prefix, mount) in [("/charts/stable", ""), ("", "team-a/of-acme")] {
        let registry = format!("registry.example{prefix}");
        let source = json!([{"registry": registry, "mount": mount, "repositories": ["a", long]}]);
        let world = World::with(&[("REGISTRY", ""), ("SOURCES", &source.to_string())]);
        let name = format!("{prefix}/a");
        world
            .registry
            .push_version(name.trim_start_matches('/'), "a", "1.0.0");
        world.pass();
        assert_eq!(world.versions(""), ["a 1.0.0"]);
        let told = &info(&world)["enumeration"][0];
        assert_eq!(told["unservable"]["repositories"], 1, "{told:#}");
        let first = told["unservable"]["first"].as_str().unwrap();
        assert!(first.contains("a/a/a"), "{first}");
    }
}
