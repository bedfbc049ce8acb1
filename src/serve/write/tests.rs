//! Storing charts by ChartMuseum's API: the real engine behind the real service; only hosts are fakes.

mod creation;
mod faults;
mod museum;
mod served;
mod writers;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};

use crate::serve::tests::{bytes, error, show, status};
use crate::testing::{config, package};

pub(crate) use museum::{Museum, Sent, chart, form};

const PLAIN: &[u8] = include_bytes!("../../push/golden/plain.tgz");
const PLAIN_MANIFEST: &str = include_str!("../../push/golden/plain.manifest.json");
pub(crate) const SIGNED: &[u8] = include_bytes!("../../push/golden/signed.tgz");
pub(crate) const SIGNED_PROVENANCE: &[u8] = include_bytes!("../../push/golden/signed.prov");
const SIGNED_MANIFEST: &str = include_str!("../../push/golden/signed.manifest.json");

pub(crate) const TOKEN: (HeaderName, &str) = (AUTHORIZATION, "Bearer t0ken");

/// A manifest without its date.
fn undated(manifest: &[u8]) -> String {
    let text = String::from_utf8(manifest.to_vec()).unwrap();
    let (before, after) = text.split_once(r#"image.created":""#).unwrap();
    let (_, after) = after.split_at("2026-11-21T15:02:55Z".len());
    format!("{before}{after}")
}

#[test]
fn a_chart_is_stored_as_helm_pushes_it_and_served_when_the_answer_comes() {
    let museum = Museum::new(&[]);
    insta::assert_snapshot!(show(&museum.post("/api/charts", PLAIN)), @r#"
        201
        cache-control: no-store
        content-length: 14
        content-type: application/json
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        {"saved":true}
    "#);
    let manifest = museum
        .world
        .registry
        .tagged("charts/plain", "1.2.3")
        .unwrap();
    assert_eq!(undated(&manifest), undated(PLAIN_MANIFEST.as_bytes()));
    assert!(museum.index().contains("plain-1.2.3.tgz"));
    assert_eq!(
        museum.served("/charts/plain-1.2.3.tgz").as_deref(),
        Some(PLAIN)
    );
    // Into a space that was not there a moment ago, and one that is not asked for again.
    assert_eq!(museum.served("/team/a/charts/plain-1.2.3.tgz"), None);
    museum.world.registry.clear_log();
    assert_eq!(status(&museum.post("/api/team/a/charts", PLAIN)), 201);
    assert_eq!(
        museum.world.registry.calls_to("PUT "),
        1,
        "all blobs are there"
    );
    let manifest = museum.world.registry.tagged("charts/team/a/plain", "1.2.3");
    assert_eq!(
        undated(&manifest.unwrap()),
        undated(PLAIN_MANIFEST.as_bytes())
    );
    assert_eq!(
        museum.served("/team/a/charts/plain-1.2.3.tgz").as_deref(),
        Some(PLAIN)
    );
}

#[test]
fn a_form_brings_package_and_provenance() {
    let museum = Museum::new(&[]);
    let (body, content_type) = form(&[("chart", SIGNED), ("prov", SIGNED_PROVENANCE)]);
    let headers = [TOKEN, (CONTENT_TYPE, content_type)];
    let answer = museum.send_with("POST", "/api/charts", &headers, body);
    assert_eq!(bytes(&answer), br#"{"saved":true}"#);
    let manifest = museum
        .world
        .registry
        .tagged("charts/signed", "0.1.0")
        .unwrap();
    assert_eq!(undated(&manifest), undated(SIGNED_MANIFEST.as_bytes()));
    assert_eq!(
        museum.served("/charts/signed-0.1.0.tgz.prov").as_deref(),
        Some(SIGNED_PROVENANCE)
    );
    // What replaces it has no provenance of its own, and keeps none of other bytes.
    let other = chart("signed", "0.1.0", "other");
    assert_eq!(
        status(&museum.post("/api/charts?force", other.clone())),
        201
    );
    assert_eq!(
        museum.served("/charts/signed-0.1.0.tgz"),
        Some(other.to_vec())
    );
    assert_eq!(museum.served("/charts/signed-0.1.0.tgz.prov"), None);
}

#[test]
fn build_metadata_goes_into_the_tag_by_an_underscore() {
    let museum = Museum::new(&[]);
    let chart = chart("web", "1.0.0-rc.1+b.7", "");
    assert_eq!(status(&museum.post("/api/charts", chart.clone())), 201);
    assert!(
        museum
            .world
            .registry
            .tagged("charts/web", "1.0.0-rc.1_b.7")
            .is_some()
    );
    assert_eq!(
        museum.served("/charts/web-1.0.0-rc.1+b.7.tgz"),
        Some(chart.to_vec())
    );
}

#[test]
fn a_version_that_is_there_is_replaced_where_that_is_wanted_and_allowed() {
    for (settings, plain, forced) in [
        (&[][..], 409, 201),
        (&[("ALLOW_OVERWRITE", "true")][..], 201, 201),
        (&[("DISABLE_FORCE_OVERWRITE", "true")][..], 409, 409),
    ] {
        let museum = Museum::new(settings);
        let (one, two, three) = (
            chart("web", "1.0.0", "one"),
            chart("web", "1.0.0", "two"),
            chart("web", "1.0.0", "three"),
        );
        assert_eq!(status(&museum.post("/api/charts", one.clone())), 201);
        let answer = museum.post("/api/charts", two.clone());
        assert_eq!(status(&answer), plain, "{settings:?}");
        if plain == 409 {
            assert_eq!(error(&answer), "409 file already exists");
        }
        let served = museum.served("/charts/web-1.0.0.tgz").unwrap();
        assert_eq!(served, if plain == 201 { two } else { one.clone() });
        let answer = museum.post("/api/charts?force=false", three.clone());
        assert_eq!(status(&answer), forced, "{settings:?}");
        let served = museum.served("/charts/web-1.0.0.tgz").unwrap();
        assert_eq!(
            served,
            if forced == 201 { three } else { one },
            "{settings:?}"
        );
    }
}

#[test]
fn the_same_bytes_are_never_pushed_twice() {
    let museum = Museum::new(&[]);
    assert_eq!(status(&museum.post("/api/charts", PLAIN)), 201);
    museum.world.registry.clear_log();
    assert_eq!(
        error(&museum.post("/api/charts", PLAIN)),
        "409 file already exists"
    );
    assert_eq!(status(&museum.post("/api/charts?force", PLAIN)), 201);
    for method in ["PUT ", "POST ", "PATCH "] {
        assert_eq!(museum.world.registry.calls_to(method), 0, "{method}");
    }
}

#[test]
fn only_who_may_push_is_heard() {
    let museum = Museum::new(&[("BASIC_AUTH_USER", "helm"), ("BASIC_AUTH_PASS", "secret")]);
    let reader = (AUTHORIZATION, "Basic aGVsbTpzZWNyZXQ=");
    let answer = museum.send_with("POST", "/api/charts", &[reader], PLAIN);
    assert_eq!(error(&answer), "403 this account lacks the right push");
    for headers in [vec![], vec![(AUTHORIZATION, "Bearer wrong")]] {
        let answer = museum.send_with("POST", "/api/charts", &headers, PLAIN);
        assert_eq!(error(&answer), "401 credentials are missing or wrong");
        assert_eq!(
            answer.headers()["www-authenticate"],
            r#"Basic realm="ChartMuseum", charset="UTF-8", Bearer realm="ChartMuseum""#
        );
    }
    assert_eq!(museum.world.registry.calls(), 0);
    // `helm:t0ken`, as cm-push sends it.
    let basic = (AUTHORIZATION, "Basic aGVsbTp0MGtlbg==");
    let answer = museum.send_with("POST", "/api/charts", &[basic], PLAIN);
    assert_eq!(status(&answer), 201);

    let closed = Museum::new(&[("READ_ONLY", "true")]);
    let answer = closed.post("/api/charts", PLAIN);
    assert_eq!(error(&answer), "403 closed: READ_ONLY is set");
    let mut nobody = Museum::new(&[]);
    nobody.world.config = config(&[]);
    let answer = nobody.post("/api/charts", PLAIN);
    assert_eq!(error(&answer), "403 closed: ADMIN_TOKEN is not set");
    for museum in [closed, nobody] {
        assert_eq!(museum.world.registry.calls(), 0);
    }
}

#[test]
fn what_is_wrong_with_it_is_told_and_nothing_is_sent() {
    let museum = Museum::new(&[
        ("UPLOAD_LIMIT", "4096"),
        ("TAGS", "!0.0.0-*"),
        ("REPOSITORIES", "*, team/*"),
    ]);
    let two = package(&[
        ("a/Chart.yaml", b"name: a\nversion: 1.0.0\n"),
        ("b/Chart.yaml", b"name: b\nversion: 1.0.0\n"),
    ]);
    let outside = package(&[("a/../../Chart.yaml", b"name: a\nversion: 1.0.0\n")]);
    let (unsigned, kind) = form(&[("prov", SIGNED_PROVENANCE)]);
    let (nothing, _) = form(&[("other", b"x")]);
    let (contradicting, _) = form(&[("chart", PLAIN), ("prov", SIGNED_PROVENANCE)]);
    let (garbage, _) = form(&[("chart", SIGNED), ("prov", b"garbage")]);
    let kind = Some(kind);
    let cut = unsigned.slice(..unsigned.len() / 2);
    for (path, content_type, body, expected) in [
        (
            "/api/charts",
            None,
            Bytes::new(),
            "400 the package is refused: package is not an intact gzip-compressed tar archive",
        ),
        (
            "/api/charts",
            None,
            "{}".into(),
            "400 the package is refused: package is not an intact gzip-compressed tar archive",
        ),
        (
            "/api/charts",
            None,
            two.into(),
            "400 the package is refused: archive has more than one root directory: \"a\" and \"b\"",
        ),
        (
            "/api/charts",
            None,
            outside.into(),
            "400 the package is refused: archive holds the path \"a/../../Chart.yaml\", which leads out of the chart",
        ),
        (
            "/api/charts",
            None,
            chart("Web", "1.0.0", ""),
            "400 no repository of a registry can be called \"Web\": only lower case letters, digits and single . _ - between them",
        ),
        (
            "/api/charts",
            None,
            chart("a/b", "1.0.0", ""),
            "400 the package is refused: package holds no Chart.yaml",
        ),
        (
            "/api/charts",
            None,
            chart("a", "one", ""),
            "400 the package is refused: version \"one\" is not a semantic version",
        ),
        (
            "/api/charts",
            None,
            chart("a", "0.0.0-pr1", ""),
            "400 TAGS leaves out the version 0.0.0-pr1",
        ),
        (
            "/api/other/charts",
            None,
            chart("a", "1.0.0", ""),
            "400 REPOSITORIES leaves out \"other/a\"",
        ),
        (
            "/api/charts",
            kind,
            nothing,
            "400 the form has no file called chart",
        ),
        (
            "/api/charts",
            kind,
            contradicting,
            "400 the provenance file is about another package",
        ),
        (
            "/api/charts",
            kind,
            garbage,
            "400 the provenance file is not a signed message that names a chart and the digest of its package",
        ),
        (
            "/api/charts",
            kind,
            cut,
            "400 the form cannot be read: it ends before its end",
        ),
        (
            "/api/charts",
            None,
            vec![0; 4097].into(),
            "413 the body is larger than 4096 bytes",
        ),
        (
            "/api/Team/charts",
            None,
            PLAIN.into(),
            "404 there are no charts below this path",
        ),
    ] {
        let mut headers = vec![TOKEN];
        headers.extend(content_type.map(|kind| (CONTENT_TYPE, kind)));
        let answer = museum.send_with("POST", path, &headers, body);
        assert_eq!(error(&answer), expected);
    }
    assert_eq!(museum.world.registry.calls(), 0);
}
