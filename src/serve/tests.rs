//! The whole of `serve` against fakes.

mod audit;
mod bodies;
mod costs;
mod history;
mod matrix;
mod precedents;
mod requests;
mod through;

use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, HeaderName};

use super::*;
use crate::catalog::Status;

pub(crate) use crate::testing::{PUBLIC, Say, World, question};
pub(crate) use requests::{ADMIN, PRIVATE, READER, bytes, candidate, error, made, show, status};
pub(crate) use through::{BrokenOff, through};

/// No private registry becomes public by omission (`AUTH_ANONYMOUS_GET`): on the way from no setting to all of them, one secret after the other in every order,
/// nothing of a private registry is given to who shows no credentials.
#[test]
fn secrets_one_by_one_in_every_order_open_nothing() {
    let secrets = [
        ("REGISTRY_USERNAME", "robot"),
        ("REGISTRY_PASSWORD", "pass"),
        ("BASIC_AUTH_USER", "helm"),
        ("BASIC_AUTH_PASS", "secret"),
        ("ADMIN_TOKEN", "t0ken"),
    ];
    let mut seen = [0_usize; 3];
    for order in permutations(secrets.len()) {
        for set in 0..=order.len() {
            let chosen: Vec<_> = order.iter().take(set).map(|at| secrets[*at]).collect();
            let world = World::with(&chosen);
            let has_registry_login = chosen.iter().any(|(name, _)| name.starts_with("REGISTRY_"));
            let has_reader = chosen.iter().any(|(name, _)| name.starts_with("BASIC_"));
            if world.wrong.is_none() {
                // Only a registry that anyone can read, of which nobody said who may, is open.
                world.publish_index("", "index");
                world.say([Say::Document("index")]);
                seen[0] += 1;
            } else {
                seen[1] += 1;
            }
            for path in ["/index.yaml", "/team/index.yaml", "/info", "/metrics"] {
                let answer = world.get(path);
                if has_registry_login || has_reader || !path.ends_with("yaml") {
                    let told = status(&answer);
                    assert!(
                        matches!(told, 401 | 403 | 500),
                        "{path} gave {told} with {chosen:?}"
                    );
                } else {
                    assert_eq!(status(&answer), 200, "{path} with {chosen:?}");
                    seen[2] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    permutations(length - 1)
        .into_iter()
        .flat_map(|shorter| {
            (0..length).map(move |at| {
                let mut longer = shorter.clone();
                longer.insert(at, length - 1);
                longer
            })
        })
        .collect()
}

#[test]
fn a_private_repository_asks_for_credentials() {
    let world = World::of(PRIVATE);
    world.publish_index("", "index");
    insta::assert_snapshot!(show(&world.get("/index.yaml")), @r#"
        401
        cache-control: no-store
        content-length: 44
        content-type: application/json
        strict-transport-security: max-age=31536000
        www-authenticate: Basic realm="charts", charset="UTF-8"
        x-content-type-options: nosniff

        {"error":"credentials are missing or wrong"}
    "#);
    assert_eq!(status(&world.get_with("/index.yaml", &[READER])), 200);
    // The same answer whatever is wrong.
    let wrong = [
        "Basic aGVsbTp3cm9uZw==",
        "Basic d3Jvbmc6c2VjcmV0",
        "Basic !",
        "Bearer secret",
    ];
    for value in wrong {
        let answer = world.get_with("/index.yaml", &[(AUTHORIZATION, value)]);
        assert_eq!(show(&answer), show(&world.get("/index.yaml")), "{value}");
    }
    // Nothing was looked up for who may not know.
    assert_eq!(world.documents.gets(), 1);
    for path in [
        "/charts/a-1.tgz",
        "/charts/a-1.tgz.prov",
        "/x/charts/a-1.tgz",
    ] {
        assert_eq!(status(&world.get(path)), 401, "{path}");
    }
    assert_eq!(world.asked(), [""; 0]);
}

#[test]
fn private_answers_are_never_public() {
    let world = World::of(PRIVATE);
    world.publish_index("", "index");
    let package = b"the package of a 1.0.0";
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    let link = format!(
        "/charts/{}/a-1.0.0.tgz",
        pushed.package.hex().split_at(16).0
    );
    world.publish_file("a-1.0.0.tgz", &[candidate("charts/a", &pushed, package)]);
    world.say([Say::Missing]);
    for path in [
        "/index.yaml",
        "/charts/a-1.0.0.tgz",
        &link,
        "/no/index.yaml",
        "/charts/b-1.tgz",
    ] {
        for method in ["GET", "HEAD"] {
            for headers in [vec![], vec![READER]] {
                let answer = world.send(method, path, &headers, "").response;
                let policy = answer.headers()[CACHE_CONTROL].to_str().unwrap();
                assert!(!policy.contains("public"), "{method} {path}: {policy}");
            }
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let world = World::of(PUBLIC);
    world.publish_index("", "index");
    world.say([Say::answer(&Status::default())]);
    for path in ["/", "/health", "/index.yaml", "/info", "/Nothing"] {
        let get = world.get(path);
        let head = world.head(path);
        assert_eq!(head.body(), &Body::Empty, "{path}");
        assert_eq!(get.status(), head.status(), "{path}");
        assert_eq!(get.headers(), head.headers(), "{path}");
        assert!(head.headers().contains_key(CONTENT_LENGTH), "{path}");
    }
}

#[test]
fn wrong_settings_answer_everything() {
    let world = World::of(&[("REGISTRY_PASSWORD", "hunter2")]);
    for path in [
        "/index.yaml",
        "/health",
        "/info",
        "/metrics",
        "/charts/a-1.tgz",
    ] {
        let handled = world.send("GET", path, &[], "");
        let told = error(&handled.response);
        assert!(told.starts_with("500 these settings are wrong: "), "{told}");
        assert!(told.contains("REGISTRY"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        assert!(!handled.fault.unwrap().contains("hunter2"));
    }
    for path in ["/refresh", "/webhook/github"] {
        assert_eq!(status(&world.post(path, &[])), 500);
    }
    let home = world.get("/");
    assert_eq!(home.status(), StatusCode::OK);
    let text = String::from_utf8_lossy(bytes(&home)).into_owned();
    assert!(text.contains("missing or wrong: "), "{text}");
    assert!(
        text.contains("REGISTRY") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!((world.documents.gets(), world.asked().len()), (0, 0));
}

#[test]
fn names_that_cannot_be_touch_nothing() {
    let world = World::of(PUBLIC);
    for path in [
        "/a%2Fb/index.yaml",
        "/charts/a%2Fb-1.tgz",
        "/charts/a%00b-1.tgz",
        "/v2/index.yaml",
        "/api/v1/charts",
        "/Upper/index.yaml",
        "/Nothing",
    ] {
        assert_eq!(status(&world.get(path)), 404, "{path}");
    }
    let touched = (
        world.documents.gets(),
        world.registry.calls(),
        world.asked().len(),
    );
    assert_eq!(touched, (0, 0, 0));
}

#[test]
fn any_request_is_answered() {
    use proptest::prelude::*;
    let world = World::of(PRIVATE);
    world.say([Say::Missing]);
    proptest!(|(method in "(GET|HEAD|POST|PUT|X)", path in "(/[a-z0-9%.+_~-]{0,9}){0,4}(/charts/[a-z0-9%+.-]{1,9}[.]tgz|/index[.]yaml)?", auth in "(Basic [a-zA-Z0-9=]{0,12}|Bearer t0ken|[ -~]{0,9})", body in "[ -~]{0,20}")| {
        let path = if path.is_empty() { "/" } else { path.as_str() };
        let handled = world.send(&method, path, &[(AUTHORIZATION, auth.as_str())], &body);
        prop_assert!(handled.response.status().as_u16() >= 200);
    });
}
