//! Whose bodies are read, how far, and how many at a time.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName};

use super::*;
use crate::testing::request;

/// Bodies were read, up to 1 MiB each, before it was known who sends them.
#[test]
fn a_body_is_read_only_of_who_may_send_it_and_only_as_far_as_the_route_allows() {
    let world = World::of(PRIVATE);
    let read = |method: &str, path: &str, headers: &[(HeaderName, &str)]| {
        world.received.borrow_mut().clear();
        let long = "x".repeat(3 * 1024 * 1024);
        let told = status(&world.send(method, path, headers, &long).response);
        (told, world.received.borrow().clone())
    };
    let limit = 1024 * 1024;
    let signature = HeaderName::from_static("x-hub-signature-256");
    let wrong = format!("sha256={}", "0".repeat(64));
    for kind in ["github", "harbor", "distribution"] {
        let path = format!("/webhook/{kind}");
        for headers in [
            vec![],
            vec![READER],
            vec![(AUTHORIZATION, "Bearer hooked")],
            vec![(signature.clone(), "sha256=00")],
            vec![(signature.clone(), "sha1=00")],
        ] {
            assert_eq!(read("POST", &path, &headers), (401, vec![]), "{path}");
        }
        // Only the body can tell whether a signature fits; only GitHub signs.
        let signed = [(signature.clone(), wrong.as_str())];
        let told = match kind {
            "github" => (413, vec![256 * 1024]),
            _ => (401, vec![]),
        };
        assert_eq!(read("POST", &path, &signed), told, "{path}");
    }
    // GitHub signs; the secret itself proves nothing there.
    let secret = (AUTHORIZATION, "Bearer hook");
    let github = read("POST", "/webhook/github", std::slice::from_ref(&secret));
    assert_eq!(github, (401, vec![]));
    let harbor = read("POST", "/webhook/harbor", &[secret]);
    assert_eq!(harbor, (413, vec![limit]));
    world.say([Say::Missing]);
    for headers in [vec![], vec![ADMIN]] {
        for (method, path) in [
            ("POST", "/refresh"),
            ("POST", "/refresh/a"),
            ("POST", "/nothing"),
            ("PUT", "/index.yaml"),
            ("GET", "/a/index.yaml"),
            ("GET", "/"),
        ] {
            assert_eq!(read(method, path, &headers).1, [0; 0], "{method} {path}");
        }
    }
    let closed = World::of(PUBLIC);
    closed.send("POST", "/webhook/harbor", &[], "x");
    assert_eq!(*closed.received.borrow(), [0; 0]);
}

/// GitHub's signature is over the body, so that anyone can have one read: so many at a time, and so many bytes of them.
#[test]
fn so_many_bodies_of_nobody_known_are_held_at_a_time() {
    let mut world = World::of(PRIVATE);
    world.bodies_take = Duration::from_secs(40);
    world.say([Say::Missing]);
    let signature = HeaderName::from_static("x-hub-signature-256");
    let wrong = format!("sha256={}", "0".repeat(64));
    let sent = |length: Option<&str>| {
        let mut headers = vec![(signature.clone(), wrong.as_str())];
        headers.extend(length.map(|length| (CONTENT_LENGTH, length)));
        request("POST", "/webhook/github", &headers, "{}")
    };
    for (length, read, each) in [
        // As much as the route allows, where nothing is said of it: 4 MiB in all.
        (None, 16, 256 << 10),
        (Some("nonsense"), 16, 256 << 10),
        (Some("9999999999"), 16, 256 << 10),
        (Some("131072"), 32, 128 << 10),
        (Some("2"), 64, 2),
    ] {
        world.received.borrow_mut().clear();
        let mut requests: Vec<_> = (0..100).map(|_| sent(length)).collect();
        // Who shows the secret is read beside them.
        requests.push(request(
            "POST",
            "/webhook/harbor",
            &[(AUTHORIZATION, "Bearer hook")],
            "{}",
        ));
        let handled = world.serve_all(&world.registry, &world.catalog, &world.memory, requests);
        let told: Vec<u16> = handled.iter().map(|one| status(&one.response)).collect();
        let count = |status| told.iter().filter(|told| **told == status).count();
        assert_eq!((count(401), count(503)), (read, 100 - read), "{length:?}");
        assert!(matches!(told.last(), Some(202 | 400)), "{told:?}");
        let mut limits = world.received.borrow().clone();
        assert_eq!(limits.pop(), Some(1 << 20));
        assert_eq!(limits, vec![each; read]);
    }
    // They are let go.
    world.received.borrow_mut().clear();
    let one = world.serve(&world.registry, &world.catalog, &world.memory, sent(None));
    assert_eq!(
        (status(&one.response), world.received.borrow().len()),
        (401, 1)
    );
}
