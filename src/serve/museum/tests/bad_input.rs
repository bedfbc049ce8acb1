//! What is refused: its status, one sentence, and nothing sent to the registry.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::EntryType;

use super::*;
use crate::testing::{package, package_with};

const CHART: &[u8] = b"apiVersion: v2\nname: c\nversion: 1.0.0\n";

/// A chart with so many files of zeros.
fn bomb(files: usize, length: usize) -> Bytes {
    let zeros = vec![0; length];
    let names: Vec<String> = (0..files).map(|nth| format!("c/{nth}")).collect();
    let mut all: Vec<(&str, &[u8])> = vec![("c/Chart.yaml", CHART)];
    all.extend(names.iter().map(|name| (name.as_str(), zeros.as_slice())));
    package(&all).into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of all of it")]
fn each_has_a_status_and_a_sentence_and_the_registry_hears_nothing() {
    let museum = Museum::new(&[("UPLOAD_LIMIT", "1048576")]);
    let text = std::str::from_utf8(CHART).unwrap();
    let chart_at = |path: &str| package(&[(path, CHART)]);
    let two = package(&[("a/Chart.yaml", CHART), ("b/Chart.yaml", CHART)]);
    let (other, form_type) = form(&[
        ("chart", &chart_at("c/Chart.yaml")),
        ("prov", SIGNED_PROVENANCE),
    ]);
    let form_of = |parts: &[(&str, &[u8])]| form(parts).0;
    let multipart = Some(form_type);
    let json = Some("application/json");
    let raw = None;
    let mut told = Vec::new();
    for (what, path, content_type, body) in [
        ("nothing", "/api/charts", raw, Bytes::new()),
        ("no gzip", "/api/charts", raw, "hello".into()),
        ("no tar", "/api/charts", raw, gzip(&[b'x'; 2048]).into()),
        (
            "cut off",
            "/api/charts",
            raw,
            Bytes::copy_from_slice(&SIGNED[..SIGNED.len() / 2]),
        ),
        (
            "no chart",
            "/api/charts",
            raw,
            package(&[("c/README.md", b"x")]).into(),
        ),
        ("two charts", "/api/charts", raw, two.into()),
        (
            "a slash in the name",
            "/api/charts",
            raw,
            package(&[(
                "c/Chart.yaml",
                b"apiVersion: v2\nname: a/b\nversion: 1.0.0\n",
            )])
            .into(),
        ),
        (
            "a name of dots",
            "/api/charts",
            raw,
            package(&[(
                "c/Chart.yaml",
                b"apiVersion: v2\nname: ..\nversion: 1.0.0\n",
            )])
            .into(),
        ),
        (
            "no version",
            "/api/charts",
            raw,
            package(&[("c/Chart.yaml", b"apiVersion: v2\nname: c\n")]).into(),
        ),
        ("a bomb", "/api/charts", raw, bomb(30, 4 << 20)),
        ("a large file", "/api/charts", raw, bomb(1, 6 << 20)),
        (
            "a symbolic link",
            "/api/charts",
            raw,
            package_with(text, EntryType::Symlink, "c/x").into(),
        ),
        (
            "a hard link",
            "/api/charts",
            raw,
            package_with(text, EntryType::Link, "c/x").into(),
        ),
        (
            "..",
            "/api/charts",
            raw,
            package(&[("c/Chart.yaml", CHART), ("c/../../x", b"x")]).into(),
        ),
        (
            "an absolute path",
            "/api/charts",
            raw,
            package(&[("c/Chart.yaml", CHART), ("/etc/passwd", b"x")]).into(),
        ),
        (
            "a form without a file",
            "/api/charts",
            multipart,
            form_of(&[("other", b"x")]),
        ),
        (
            "a form with an empty file",
            "/api/charts",
            multipart,
            form_of(&[("chart", b"")]),
        ),
        (
            "a form without parts",
            "/api/charts",
            multipart,
            "--xyz--\r\n".into(),
        ),
        (
            "a form of another boundary",
            "/api/charts",
            multipart,
            "--abc\r\n\r\nx\r\n--abc--\r\n".into(),
        ),
        ("JSON", "/api/charts", json, r#"{"chart": "c"}"#.into()),
        ("JSON as a form", "/api/charts", multipart, "{}".into()),
        (
            "a provenance of another package",
            "/api/charts",
            multipart,
            other,
        ),
        ("a provenance that is none", "/api/prov", raw, "{}".into()),
        (
            "a provenance of nothing",
            "/api/prov",
            raw,
            SIGNED_PROVENANCE.into(),
        ),
        (
            "too much",
            "/api/charts",
            raw,
            vec![0; (1 << 20) + 1].into(),
        ),
        ("no space", "/api/-/charts", raw, chart("c", "1.0.0", "")),
    ] {
        let mut headers = vec![TOKEN];
        headers.extend(content_type.map(|kind| (CONTENT_TYPE, kind)));
        let answer = museum.send_with("POST", path, &headers, body);
        told.push(format!("{what}: {}", error(&answer)));
    }
    for (method, path) in [
        ("GET", "/api/charts/c"),
        ("GET", "/api/charts/c/1.0.0"),
        ("GET", "/api/charts/c/1.0.0/values"),
        ("DELETE", "/api/charts/c/1.0.0"),
        ("DELETE", "/api/charts/c/latest"),
        ("DELETE", "/api/nowhere/charts/c/1.0.0"),
        ("DELETE", "/api/charts/a%2Fb/1.0.0"),
        ("DELETE", "/api/charts/../1.0.0"),
        ("PUT", "/api/charts"),
    ] {
        let answer = museum.send(method, path, "");
        told.push(format!("{method} {path}: {}", error(&answer)));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
        nothing: 400 the package is refused: package is not an intact gzip-compressed tar archive
        no gzip: 400 the package is refused: package is not an intact gzip-compressed tar archive
        no tar: 400 the package is refused: package is not an intact gzip-compressed tar archive
        cut off: 400 the package is refused: package is not an intact gzip-compressed tar archive
        no chart: 400 the package is refused: package holds no Chart.yaml
        two charts: 400 the package is refused: archive has more than one root directory: "a" and "b"
        a slash in the name: 400 the package is refused: name "a/b" is not allowed
        a name of dots: 400 the package is refused: name ".." is not allowed
        no version: 400 the package is refused: metadata has no version
        a bomb: 400 the package is refused: archive unpacks to more than 104857600 bytes
        a large file: 400 the package is refused: archive holds a file larger than 5242880 bytes
        a symbolic link: 400 the package is refused: archive holds "c/x", which is neither a file nor a directory
        a hard link: 400 the package is refused: archive holds "c/x", which is neither a file nor a directory
        ..: 400 the package is refused: archive holds the path "c/../../x", which leads out of the chart
        an absolute path: 400 the package is refused: archive holds the absolute path "/etc/passwd"
        a form without a file: 400 the form has no file called chart
        a form with an empty file: 400 the package is refused: package is not an intact gzip-compressed tar archive
        a form without parts: 400 the form has no file called chart
        a form of another boundary: 400 the form cannot be read: its boundary is not in it
        JSON: 400 the package is refused: package is not an intact gzip-compressed tar archive
        JSON as a form: 400 the form cannot be read: its boundary is not in it
        a provenance of another package: 400 the provenance file is about another package
        a provenance that is none: 400 the provenance file is not a signed message that names a chart and the digest of its package
        a provenance of nothing: 404 there is no such version
        too much: 413 the body is larger than 1048576 bytes
        no space: 404 there are no charts below this path
        GET /api/charts/c: 404 there is no such chart
        GET /api/charts/c/1.0.0: 404 there is no such chart
        GET /api/charts/c/1.0.0/values: 404 there is no such chart
        DELETE /api/charts/c/1.0.0: 404 there is no such version
        DELETE /api/charts/c/latest: 404 there is no such version
        DELETE /api/nowhere/charts/c/1.0.0: 404 there is no such version
        DELETE /api/charts/a%2Fb/1.0.0: 404 there is nothing at this path
        DELETE /api/charts/../1.0.0: 404 there is nothing at this path
        PUT /api/charts: 405 only GET, HEAD, POST here
    "#);
    assert_eq!(museum.world.registry.calls(), 0);
}
