//! ChartMuseum's API, each answer of it, in front of the real engine.

mod bad_input;
mod chartmuseum;
mod deleting;
mod reading;

use crate::serve::tests::{bytes, error, show, status};
use crate::serve::write::tests::{Museum, SIGNED, SIGNED_PROVENANCE, TOKEN, chart, form};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};

#[test]
fn a_provenance_file_can_come_later() {
    let museum = Museum::new(&[]);
    let prov = |path: &str| museum.post(path, SIGNED_PROVENANCE);
    assert_eq!(error(&prov("/api/prov")), "404 there is no such version");
    assert_eq!(status(&museum.post("/api/charts", SIGNED)), 201);
    assert_eq!(
        error(&prov("/api/team/prov")),
        "404 there is no such version"
    );
    let before = museum
        .world
        .registry
        .tagged("charts/signed", "0.1.0")
        .unwrap();
    let answer = prov("/api/prov");
    assert_eq!(status(&answer), 201, "{}", show(&answer));
    assert_eq!(bytes(&answer), br#"{"saved":true}"#);
    let served = museum.served("/charts/signed-0.1.0.tgz.prov");
    assert_eq!(served.as_deref(), Some(SIGNED_PROVENANCE));
    let after = museum
        .world
        .registry
        .tagged("charts/signed", "0.1.0")
        .unwrap();
    assert!(after.len() > before.len());
    // Again, also by a form, and with another signature of the same package.
    assert_eq!(error(&prov("/api/prov")), "409 file already exists");
    let other = [SIGNED_PROVENANCE, b"\n"].concat();
    let (body, kind) = form(&[("prov", &other)]);
    let headers = [TOKEN, (CONTENT_TYPE, kind)];
    for path in ["/api/prov", "/api/charts"] {
        let answer = museum.send_with("POST", path, &headers, body.clone());
        assert_eq!(error(&answer), "409 file already exists", "{path}");
    }
    let answer = museum.send_with("POST", "/api/prov?force", &headers, body);
    assert_eq!(status(&answer), 201);
    assert_eq!(museum.served("/charts/signed-0.1.0.tgz.prov"), Some(other));
    assert_eq!(
        museum.served("/charts/signed-0.1.0.tgz").as_deref(),
        Some(SIGNED)
    );
}

#[test]
fn a_provenance_file_of_other_bytes_is_refused() {
    let museum = Museum::new(&[]);
    let other = chart("signed", "0.1.0", "other bytes");
    assert_eq!(status(&museum.post("/api/charts", other)), 201);
    museum.world.registry.clear_log();
    assert_eq!(
        error(&museum.post("/api/prov", SIGNED_PROVENANCE)),
        "409 the provenance file is about another package"
    );
    assert_eq!(
        error(&museum.post("/api/prov", "garbage")),
        "400 the provenance file is not a signed message that names a chart and the digest of its package"
    );
    let (body, kind) = form(&[("chart", SIGNED)]);
    let headers = [TOKEN, (CONTENT_TYPE, kind)];
    let answer = museum.send_with("POST", "/api/prov", &headers, body);
    assert_eq!(error(&answer), "400 the form has no file called prov");
    assert_eq!(museum.world.registry.calls_to("PUT "), 0);
}

/// `helm cm-push` reads the index of where it pushes to, also before the first chart is there.
#[test]
fn a_space_without_charts_has_an_empty_index_for_who_may_push_there() {
    let museum = Museum::new(&[]);
    let index = |headers: &[(HeaderName, &str)]| {
        museum.send_with("GET", "/fresh/index.yaml", headers, Vec::new())
    };
    let empty = index(&[TOKEN]);
    assert_eq!(status(&empty), 200);
    let index_text = String::from_utf8(bytes(&empty).to_vec()).unwrap();
    let read: serde_json::Value = serde_json::from_str(&index_text).unwrap();
    assert_eq!(read["entries"], serde_json::json!({}));
    assert_eq!(read["apiVersion"], "v1");
    assert_ne!(status(&index(&[])), 200, "to who may only read");
    let closed = Museum::new(&[("READ_ONLY", "true")]);
    let answer = closed.send_with("GET", "/fresh/index.yaml", &[TOKEN], Vec::new());
    assert_eq!(status(&answer), 404);
    // Once something is stored there, it is in the index.
    let pushed = museum.post("/api/fresh/charts", chart("web", "1.0.0", "bytes"));
    assert_eq!(status(&pushed), 201, "{}", show(&pushed));
    let held = museum.send_with(
        "GET",
        "/fresh/index.yaml",
        &[TOKEN, (CACHE_CONTROL, "no-cache")],
        Vec::new(),
    );
    assert!(
        String::from_utf8(bytes(&held).to_vec())
            .unwrap()
            .contains("web-1.0.0.tgz")
    );
}
