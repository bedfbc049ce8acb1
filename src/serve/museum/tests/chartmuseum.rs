//! The answers of ChartMuseum 0.16.5, as they were seen by running it, and ours to the same requests, one after the other. Where they
//! differ, `docs/pushing.md` says so in the words that stand here.

use super::*;
use crate::testing::package;

/// The same answer as ChartMuseum's.
const SAME: &str = "";

const GARBLED: &str =
    "A garbled provenance file is 400, one for an unknown chart 404, one for other bytes 409.";
const HEADS: &str = "HEAD is answered wherever GET is.";
const METHODS: &str = "Another method at a path that is known is 405.";
const FILES: &str =
    "A file below `charts/` that is neither a package nor a provenance file is 404.";
const TEXT: &str = "Every error is JSON, 413 too.";

/// Who sends a request.
#[derive(Clone, Copy, PartialEq)]
enum Sender {
    Writer,
    Nobody,
    Wrong,
}

/// A line of the table: method, path, form or body, status and content type or body of theirs, of ours, and why they differ.
struct Line {
    request: (&'static str, &'static str),
    sender: Sender,
    body: Bytes,
    content_type: Option<&'static str>,
    theirs: &'static str,
    ours: &'static str,
    why: &'static str,
}

fn line(request: (&'static str, &'static str), theirs: &'static str) -> Line {
    Line {
        request,
        sender: Sender::Writer,
        body: Bytes::new(),
        content_type: None,
        theirs,
        ours: theirs,
        why: SAME,
    }
}

impl Line {
    fn with(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    fn typed(self, content_type: &'static str) -> Self {
        let content_type = Some(content_type);
        Self {
            content_type,
            ..self
        }
    }

    fn form(self, parts: &[(&str, &[u8])]) -> Self {
        let (body, content_type) = form(parts);
        self.with(body).typed(content_type)
    }

    fn by(self, sender: Sender) -> Self {
        Self { sender, ..self }
    }

    fn but(self, ours: &'static str, why: &'static str) -> Self {
        Self { ours, why, ..self }
    }
}

/// A chart with a template and values.
fn full(version: &str) -> Bytes {
    let yaml = format!("apiVersion: v2\nname: full\nversion: {version}\n");
    package(&[
        ("full/Chart.yaml", yaml.as_bytes()),
        ("full/values.yaml", b"a: 1\n"),
        ("full/templates/x.yaml", b"x"),
    ])
    .into()
}

fn storing() -> Vec<Line> {
    const CHARTS: (&str, &str) = ("POST", "/api/charts");
    const FORCED: (&str, &str) = ("POST", "/api/charts?force");
    const PROV: (&str, &str) = ("POST", "/api/prov");
    let saved = r#"201 {"saved":true}"#;
    let exists = r#"409 {"error":"file already exists"}"#;
    let signed = Bytes::from_static(SIGNED);
    let prov = Bytes::from_static(SIGNED_PROVENANCE);
    vec![
        line(CHARTS, "401 Basic realm=\"ChartMuseum\"")
            .with(full("1.0.0"))
            .by(Sender::Nobody),
        line(CHARTS, "401 Basic realm=\"ChartMuseum\"")
            .with(full("1.0.0"))
            .by(Sender::Wrong),
        line(PROV, "201").with(prov.clone()).but("404", GARBLED),
        line(PROV, "500").with("garbage").but("400", GARBLED),
        line(PROV, "400").form(&[("prov", b"garbage")]),
        line(CHARTS, saved).with(full("1.0.0")),
        line(CHARTS, exists).with(full("1.0.0")),
        line(CHARTS, saved)
            .with(full("1.1.0"))
            .typed("application/octet-stream"),
        line(CHARTS, saved)
            .with(full("2.0.0-rc.1"))
            .typed("text/plain"),
        line(CHARTS, saved).form(&[("chart", &chart("formed", "1.0.0", ""))]),
        line(CHARTS, exists).form(&[("chart", &chart("formed", "1.0.0", "other"))]),
        line(FORCED, saved).form(&[("chart", &chart("formed", "1.0.0", "other"))]),
        line(("POST", "/api/charts?force=false"), saved)
            .form(&[("chart", &chart("formed", "1.0.0", "third"))]),
        line(CHARTS, saved).with(signed.clone()),
        line(CHARTS, saved).form(&[("prov", &prov)]),
        line(PROV, "409").with(prov.clone()),
        line(("POST", "/api/team/charts"), saved).form(&[("chart", &signed), ("prov", &prov)]),
        line(CHARTS, saved).with(chart("beta", "0.1.0-rc.1", "")),
        line(CHARTS, "400").with("garbage"),
        line(CHARTS, "400").form(&[("other", b"x")]),
        line(CHARTS, "413 text/plain")
            .with(vec![0; 70_000])
            .but("413 application/json", TEXT),
    ]
}

fn reading() -> Vec<Line> {
    vec![
        line(("GET", "/api/charts"), "200 application/json"),
        line(("GET", "/api/charts?offset=x"), "400"),
        line(("GET", "/api/charts?limit=-1"), "400"),
        line(("GET", "/api/charts?limit=0"), "400"),
        line(("GET", "/api/charts?offset=99&limit=1"), "200 {}"),
        line(("GET", "/api/charts?offset=1"), "200 {}"),
        line(("GET", "/api/charts/full"), "200 application/json"),
        line(("GET", "/api/charts/none"), "404"),
        line(("GET", "/api/charts/full/1.0.0"), "200 application/json"),
        line(("GET", "/api/charts/full/latest"), "200 application/json"),
        line(("GET", "/api/charts/full/^1.0"), "200 application/json"),
        line(("GET", "/api/charts/full/9.9.9"), "404"),
        line(("GET", "/api/charts/beta/latest"), "404"),
        line(
            ("GET", "/api/charts/full/1.0.0/templates"),
            r#"200 {"templates":[{"data":"eA==","name":"templates/x.yaml"}],"values":{"a":1}}"#,
        ),
        line(
            ("GET", "/api/charts/full/1.0.0/values"),
            "200 application/yaml",
        ),
        line(("GET", "/api/charts/beta/0.1.0-rc.1/values"), "404"),
        line(("HEAD", "/api/charts/full"), "200"),
        line(("HEAD", "/api/charts/none"), "404"),
        line(("HEAD", "/api/charts/full/1.0.0"), "200"),
        line(("HEAD", "/api/charts/full/9.9.9"), "404"),
        line(("HEAD", "/api/charts"), "404").but("200", HEADS),
        line(("HEAD", "/api/charts/full/1.0.0/templates"), "404").but("200", HEADS),
        line(("HEAD", "/api/charts/full/1.0.0/values"), "404").but("200", HEADS),
        line(("HEAD", "/charts/signed-0.1.0.tgz"), "404").but("200", HEADS),
        line(("HEAD", "/charts/signed-0.1.0.tgz.prov"), "404").but("200", HEADS),
        line(("GET", "/charts/signed-0.1.0.tgz"), "200 application/x-tar")
            .but("200 application/gzip", "Packages are `application/gzip`."),
        line(
            ("GET", "/charts/signed-0.1.0.tgz.prov"),
            "200 application/pgp-signature",
        ),
        line(("GET", "/charts/none-0.1.0.tgz"), "404"),
        line(("GET", "/charts/signed-0.1.0.foo"), "500").but("404", FILES),
        line(("GET", "/api/charts"), "200").by(Sender::Nobody),
        line(("GET", "/api/charts"), "200").by(Sender::Wrong),
        line(("GET", "/api/nothing"), "404"),
        line(("PUT", "/api/charts"), "404").but("405", METHODS),
    ]
}

fn deleting() -> Vec<Line> {
    const VERSION: (&str, &str) = ("DELETE", "/api/charts/full/1.0.0");
    vec![
        line(VERSION, "401 Basic realm=\"ChartMuseum\"").by(Sender::Nobody),
        line(("DELETE", "/api/charts/full/latest"), "404"),
        line(("DELETE", "/api/charts/full/9.9.9"), "404"),
        line(("DELETE", "/api/charts/none/1.0.0"), "404"),
        line(("DELETE", "/api/charts/full"), "404").but("405", METHODS),
        line(VERSION, r#"200 {"deleted":true}"#),
        line(VERSION, "404"),
        line(("GET", "/api/charts/full/1.0.0"), "404"),
    ]
}

#[test]
fn answers_as_chartmuseum_does_or_differs_for_a_reason_that_is_told() {
    let museum = Museum::new(&[("UPLOAD_LIMIT", "65536"), ("AUTH_ANONYMOUS_GET", "true")]);
    let told = include_str!("../../../../docs/pushing.md");
    let mut wrong = Vec::new();
    for line in storing().into_iter().chain(reading()).chain(deleting()) {
        let (method, path) = line.request;
        let mut headers = match line.sender {
            Sender::Writer => vec![TOKEN],
            Sender::Nobody => vec![],
            Sender::Wrong => vec![(TOKEN.0, "Bearer wrong")],
        };
        if method != "POST" && line.sender == Sender::Writer {
            headers.push((CACHE_CONTROL, "no-cache"));
        }
        headers.extend(line.content_type.map(|kind| (CONTENT_TYPE, kind)));
        let answer = museum.send_with(method, path, &headers, line.body);
        let (code, rest) = line.ours.split_once(' ').unwrap_or((line.ours, ""));
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap())
        };
        let is_it = status(&answer).to_string() == code
            && (rest.is_empty()
                || header("content-type") == rest
                || header("www-authenticate").starts_with(rest)
                || bytes(&answer) == rest.as_bytes());
        if !is_it {
            wrong.push(format!("{method} {path}: {}\n{}", line.ours, show(&answer)));
        }
        assert_eq!(
            line.theirs == line.ours,
            line.why == SAME,
            "{method} {path}"
        );
        assert!(
            told.contains(line.why),
            "docs/pushing.md lacks: {}",
            line.why
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
