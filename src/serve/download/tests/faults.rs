//! Faults of the registry, and what of its answers crosses.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response};

use super::*;
use crate::serve::route::File;
use crate::testing::{Auth, Fault, TokenAuth};

/// What a client sees of a registry's fault, and what the log does.
#[track_caller]
fn faulty(fault: Fault, told: &str, logged: Option<&str>) {
    let world = one(&[]);
    world.registry.inject("GET", None, fault);
    let handled = world.send("GET", ALIAS, &[], "");
    assert_eq!(error(&handled.response), told);
    assert_eq!(handled.fault.as_deref(), logged);
    assert_eq!(handled.response.headers()["cache-control"], "no-store");
}

#[test]
fn faults_of_the_registry_are_told_by_their_kind() {
    faulty(
        Fault::error(401, "UNAUTHORIZED", "SECRET"),
        "502 the registry registry.example denied access (401)",
        Some("registry.example: reading a blob: answered 401 (UNAUTHORIZED)"),
    );
    faulty(
        Fault::status(403),
        "502 the registry registry.example denied access (403)",
        Some("registry.example: reading a blob: answered 403"),
    );
    faulty(
        Fault::error(404, "BLOB_UNKNOWN", "SECRET"),
        "502 the registry registry.example does not have it",
        Some("registry.example: reading a blob: answered 404 (BLOB_UNKNOWN)"),
    );
    faulty(
        Fault::Timeout,
        "502 the registry registry.example did not answer in time",
        Some("registry.example: reading a blob: no answer in time"),
    );
    faulty(
        Fault::status(500).body("SECRET"),
        "502 the registry registry.example answered 500",
        Some("registry.example: reading a blob: answered 500"),
    );
    faulty(
        Fault::status(200).header("content-length", "3").body("abc"),
        "502 the registry registry.example gave an unusable answer",
        Some("registry.example: a blob of another length than its manifest says"),
    );
    faulty(
        Fault::status(200)
            .header("content-type", "Text/HTML; charset=utf-8")
            .body("<html>SECRET</html>"),
        "502 the registry registry.example gave an unusable answer",
        Some("registry.example: a page of HTML for a blob"),
    );
    faulty(
        Fault::status(307).header("location", "http://169.254.169.254/SECRET"),
        "502 the registry registry.example gave an unusable answer",
        Some(
            "registry.example: following a redirect: redirects to an address that is not followed",
        ),
    );
}

#[test]
fn throttling_is_handed_on() {
    for (header, seconds) in [(None, "30"), (Some("7"), "7"), (Some("99999"), "3600")] {
        let world = one(&[]);
        let mut fault = Fault::status(429);
        if let Some(value) = header {
            fault = fault.header("retry-after", value);
        }
        world.registry.inject("GET", None, fault);
        let answer = world.get(ALIAS);
        assert_eq!(
            error(&answer),
            "503 the registry registry.example asks to slow down"
        );
        assert_eq!(answer.headers()[RETRY_AFTER], seconds);
    }
}

#[test]
fn a_superseded_package_that_the_registry_let_go_is_gone() {
    let world = World::of(PUBLIC);
    let mut old = pushed(&world, REPOSITORY, b"old", false);
    old.until = Some(world.clock.now().after(Duration::from_hours(1)));
    world.publish_file(FILE, &[old]);
    world.registry.inject("GET", None, Fault::status(404));
    let handled = world.send("GET", &link(b"old"), &[], "");
    assert_eq!(
        error(&handled.response),
        "404 the registry no longer has this superseded package"
    );
    assert_eq!(handled.fault, None);
}

#[test]
fn of_a_registry_s_headers_only_lengths_cross() {
    let world = one(&[]);
    let fault = Fault::status(200)
        .header("content-length", "26")
        .header("x-ms-request-id", "leak")
        .header("set-cookie", "leak")
        .header("etag", "leak")
        .header("cache-control", "public, max-age=31536000")
        .body(PACKAGE);
    world.registry.inject("GET", None, fault);
    let answer = world.get(ALIAS);
    assert_eq!(status(&answer), 200);
    assert!(!show(&answer).contains("leak"), "{}", show(&answer));
    assert_eq!(
        answer.headers()["cache-control"],
        "public, no-cache, no-transform"
    );
}

/// Distribution 2.8 sends the blob's length and then a line of text.
#[test]
fn a_range_beyond_the_end_promises_no_bytes() {
    let world = one(&[]);
    let fault = Fault::status(416)
        .header("content-length", "26")
        .header("content-range", "bytes */26")
        .body("invalid range: failed to overlap\n");
    world.registry.inject("GET", None, fault);
    let answer = world.get_with(ALIAS, &[(RANGE, "bytes=26-")]);
    assert_eq!(status(&answer), 416);
    assert_eq!(answer.headers()[CONTENT_LENGTH], "0");
    assert_eq!(answer.headers()[CONTENT_RANGE], "bytes */26");
    assert_eq!(answer.body(), &Body::Empty);
}

#[test]
fn a_header_of_any_bytes_panics_nothing() {
    let (parts, ()) = Response::new(()).into_parts();
    let mut content = Response::from_parts(parts, Bytes::from(PACKAGE));
    for name in [
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_ENCODING,
        HeaderName::from_static("x"),
    ] {
        let value = HeaderValue::from_bytes(b"\xe9\xff").unwrap();
        content.headers_mut().insert(name, value);
    }
    let blob = Blob {
        digest: Digest::sha256_of(PACKAGE),
        size: PACKAGE.len() as u64,
    };
    let file = File {
        space: crate::index::Space::root(),
        digest: None,
        name: FILE.parse().unwrap(),
        part: Part::Package,
    };
    assert!(Ready::new(&file, &blob, false).stream(content).is_ok());
}

/// The reader did all right: it is the Worker's own credentials that are refused, and by whom is told.
#[test]
fn configured_credentials_that_are_refused_are_nobody_s_fault_but_the_registry_s() {
    const CONFIGURED: &[(&str, &str)] = &[
        ("REGISTRY_USERNAME", "u"),
        ("REGISTRY_PASSWORD", "lapsed"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ];
    let token = TokenAuth {
        user: Some(("u".to_owned(), "new".to_owned())),
        ..TokenAuth::default()
    };
    for (auth, told, logged) in [
        (
            Auth::basic("u", "new"),
            "502 the registry registry.example denied access (401)",
            "registry.example: reading a blob: answered 401 (UNAUTHORIZED)",
        ),
        (
            Auth::Token(token),
            "502 the registry auth.registry.example denied access (401)",
            "auth.registry.example: asking for a token: answered 401 (UNAUTHORIZED)",
        ),
    ] {
        let world = one(CONFIGURED);
        world.registry.set_auth(auth);
        let handled = world.send("GET", ALIAS, &[], "");
        assert_eq!(error(&handled.response), told);
        assert_eq!(handled.fault.as_deref(), Some(logged));
        assert!(handled.response.headers().get("www-authenticate").is_none());
        assert_eq!(handled.response.headers()["cache-control"], "no-store");
    }
}
