//! The space / chart / version API, each line of it, in front of the real engine.

mod answers;
mod bad_input;
mod bad_packages;
mod bounds;
pub(in crate::serve) mod documented;
mod faults;
mod inside;
mod orchestrate;
mod removing;
mod rights;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{Response, StatusCode};

use crate::serve::Body;
use crate::serve::tests::{bytes, status};
use crate::serve::write::tests::{Museum, TOKEN, chart, form};

const FORM: (HeaderName, &str) = (CONTENT_TYPE, "multipart/form-data; boundary=xyz");

/// Status and body of an answer, the body as text.
fn told(answer: &Response<Body<Bytes>>) -> String {
    let body = String::from_utf8_lossy(bytes(answer)).into_owned();
    format!("{} {body}", status(answer)).trim_end().to_owned()
}

impl Museum {
    /// Requests of the API one after the other, `<method> <path below /api/v1>` each, with status and body of the answers.
    fn transcript(&self, lines: &[&str]) -> String {
        let ask = |line: &&str| {
            let (method, path) = line.split_once(' ').unwrap();
            self.world.clock.advance(Duration::from_secs(1));
            let answer = self.send(method, &format!("/api/v1{path}"), "");
            format!("{line}: {}", told(&answer))
        };
        lines.iter().map(ask).collect::<Vec<_>>().join("\n")
    }

    /// Sends a package as the API wants it.
    #[track_caller]
    fn put_chart(&self, method: &str, path: &str, package: &[u8]) -> Response<Body<Bytes>> {
        let (body, _) = form(&[("chartfile", package)]);
        self.send_with(method, &format!("/api/v1{path}"), &[TOKEN, FORM], body)
    }

    #[track_caller]
    fn upload(&self, space: &str, package: &[u8]) {
        let answer = self.put_chart("POST", &format!("/spaces/{space}/charts"), package);
        assert_eq!(status(&answer), 201, "{}", told(&answer));
    }
}

fn filled() -> Museum {
    let museum = Museum::new(&[]);
    for version in ["1.10.0", "1.9.0", "2.0.0-rc.1", "1.9.0+b.1"] {
        museum.upload("team", &chart("web", version, ""));
    }
    museum.upload("team", &chart("api", "0.1.0-alpha", ""));
    museum.upload("team/a", &chart("deep", "1.0.0", ""));
    museum
}

#[test]
fn spaces_are_created_listed_and_deleted() {
    let museum = Museum::new(&[]);
    insta::assert_snapshot!(museum.transcript(&[
        "GET /spaces",
        "POST /spaces?space=team",
        "POST /spaces?space=team",
        "POST /spaces?space=Team",
        "POST /spaces?space=",
        "POST /spaces",
        "POST /spaces?space=other/sub",
        "GET /spaces",
        "GET /spaces?start=1&limit=1",
        "GET /spaces/team/charts",
        "GET /spaces/team/metadata",
        "GET /spaces/team/metadata/latest",
        "GET /spaces/nobody/charts",
        "GET /spaces/nobody/metadata",
        "DELETE /spaces/nobody",
        "DELETE /spaces/No_Space_",
        "DELETE /spaces/team",
        "DELETE /spaces/team",
        "GET /spaces",
    ]), @r#"
        GET /spaces: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
        POST /spaces?space=team: 201 {"link":"/api/v1/spaces/team","name":"team"}
        POST /spaces?space=team: 409 {"message":"there is such a space","reason":"ReasonInternal"}
        POST /spaces?space=Team: 400 {"message":"a space has a name of lower case letters, digits and single . _ - between them","reason":"ReasonRequest"}
        POST /spaces?space=: 400 {"message":"a space has a name of lower case letters, digits and single . _ - between them","reason":"ReasonRequest"}
        POST /spaces: 400 {"message":"a space has a name of lower case letters, digits and single . _ - between them","reason":"ReasonRequest"}
        POST /spaces?space=other/sub: 201 {"link":"/api/v1/spaces/other/sub","name":"other/sub"}
        GET /spaces: 200 {"metadata":{"itemsLength":2,"total":2},"items":["other/sub","team"]}
        GET /spaces?start=1&limit=1: 200 {"metadata":{"itemsLength":1,"total":2},"items":["team"]}
        GET /spaces/team/charts: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
        GET /spaces/team/metadata: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
        GET /spaces/team/metadata/latest: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
        GET /spaces/nobody/charts: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        GET /spaces/nobody/metadata: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        DELETE /spaces/nobody: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        DELETE /spaces/No_Space_: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        DELETE /spaces/team: 204
        DELETE /spaces/team: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        GET /spaces: 200 {"metadata":{"itemsLength":1,"total":1},"items":["other/sub"]}
    "#);
}

#[test]
fn the_name_of_a_space_comes_in_a_body_too_which_wins() {
    let museum = Museum::new(&[]);
    let encoded = (
        CONTENT_TYPE,
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    let (multipart, _) = form(&[("space", b"third")]);
    for (headers, body, expected) in [
        (vec![TOKEN, encoded], Bytes::from("space=first"), "first"),
        (vec![TOKEN, FORM], multipart, "third"),
        (vec![TOKEN], Bytes::from("space=ignored"), "query"),
    ] {
        let answer = museum.send_with("POST", "/api/v1/spaces?space=query", &headers, body);
        let link = format!(r#"201 {{"link":"/api/v1/spaces/{expected}","name":"{expected}"}}"#);
        assert_eq!(told(&answer), link);
    }
}

#[test]
fn a_created_space_has_an_empty_index_until_it_is_deleted() {
    let museum = Museum::new(&[]);
    let index = || museum.send("GET", "/team/index.yaml", "");
    let stranger = || museum.send_with("GET", "/team/index.yaml", &[], "");
    assert_eq!(status(&stranger()), 404);
    museum.transcript(&["POST /spaces?space=team"]);
    // An isolate remembers for some seconds that nothing is there.
    museum.world.memory.forget_unknown();
    let text = String::from_utf8(bytes(&stranger()).to_vec()).unwrap();
    assert!(text.contains("entries") && !text.contains("web"), "{text}");
    assert_eq!(bytes(&index()), text.as_bytes());
    museum.upload("team", &chart("web", "1.0.0", ""));
    museum.world.memory.forget_unknown();
    assert!(museum.served("/team/charts/web-1.0.0.tgz").is_some());
    let deleted = museum.transcript(&["DELETE /spaces/team/charts/web", "GET /spaces"]);
    assert!(
        deleted.ends_with(r#""items":["team"]}"#) || deleted.contains("team"),
        "{deleted}"
    );
    museum.transcript(&["DELETE /spaces/team"]);
    assert_eq!(
        museum.transcript(&["GET /spaces/team/charts"]),
        "GET /spaces/team/charts: 404 {\"message\":\"there are no charts below this path\",\"reason\":\"ReasonInternal\"}"
    );
}

#[test]
fn charts_versions_and_metadata_are_listed_in_ascending_order() {
    let museum = filled();
    insta::assert_snapshot!(museum.transcript(&[
        "GET /spaces",
        "GET /spaces/team/charts",
        "GET /spaces/team/charts?start=1",
        "GET /spaces/team/charts?limit=0",
        "GET /spaces/team/charts?start=-1",
        "GET /spaces/team/charts?limit=-1",
        "GET /spaces/team/charts?start=2",
        "GET /spaces/team/charts?start=1&limit=9223372036854775807",
        "GET /spaces/team/charts?limit=9223372036854775808",
        "GET /spaces/team/charts?start=x",
        "GET /spaces/team/charts?start=&limit=",
        "GET /spaces/team/charts/web/versions",
        "GET /spaces/team/charts/web/versions?start=1&limit=2",
        "GET /spaces/team/charts/none/versions",
        "GET /spaces/team/charts/w%20b/versions",
        "GET /spaces/Te%C3%A4m/charts",
        "GET /spaces/team/a/charts",
        "GET /spaces/team/metadata?limit=2",
        "GET /spaces/team/metadata/latest",
        "GET /spaces/team/charts/web/metadata?start=3",
        "GET /spaces/team/charts/web/metadata/latest",
        "GET /spaces/team/charts/api/metadata/latest",
        "GET /spaces/team/charts/none/metadata",
        "GET /spaces/team/charts/none/metadata/latest",
    ]), @r#"
        GET /spaces: 200 {"metadata":{"itemsLength":2,"total":2},"items":["team","team/a"]}
        GET /spaces/team/charts: 200 {"metadata":{"itemsLength":2,"total":2},"items":["api","web"]}
        GET /spaces/team/charts?start=1: 200 {"metadata":{"itemsLength":1,"total":2},"items":["web"]}
        GET /spaces/team/charts?limit=0: 200 {"metadata":{"itemsLength":0,"total":2},"items":[]}
        GET /spaces/team/charts?start=-1: 200 {"metadata":{"itemsLength":0,"total":2},"items":[]}
        GET /spaces/team/charts?limit=-1: 200 {"metadata":{"itemsLength":0,"total":2},"items":[]}
        GET /spaces/team/charts?start=2: 200 {"metadata":{"itemsLength":0,"total":2},"items":[]}
        GET /spaces/team/charts?start=1&limit=9223372036854775807: 200 {"metadata":{"itemsLength":1,"total":2},"items":["web"]}
        GET /spaces/team/charts?limit=9223372036854775808: 400 {"message":"limit is not a whole number","reason":"ReasonRequest"}
        GET /spaces/team/charts?start=x: 400 {"message":"start is not a whole number","reason":"ReasonRequest"}
        GET /spaces/team/charts?start=&limit=: 200 {"metadata":{"itemsLength":2,"total":2},"items":["api","web"]}
        GET /spaces/team/charts/web/versions: 200 {"metadata":{"itemsLength":4,"total":4},"items":["1.9.0","1.9.0+b.1","1.10.0","2.0.0-rc.1"]}
        GET /spaces/team/charts/web/versions?start=1&limit=2: 200 {"metadata":{"itemsLength":2,"total":4},"items":["1.9.0+b.1","1.10.0"]}
        GET /spaces/team/charts/none/versions: 404 {"message":"there is no such chart","reason":"ReasonInternal"}
        GET /spaces/team/charts/w%20b/versions: 400 {"message":"a chart has a name of letters, digits, . _ - that begins with a letter or digit","reason":"ReasonRequest"}
        GET /spaces/Te%C3%A4m/charts: 400 {"message":"a space has a name of lower case letters, digits and single . _ - between them","reason":"ReasonRequest"}
        GET /spaces/team/a/charts: 200 {"metadata":{"itemsLength":1,"total":1},"items":["deep"]}
        GET /spaces/team/metadata?limit=2: 200 {"metadata":{"itemsLength":2,"total":5},"items":[{"apiVersion":"v2","name":"api","version":"0.1.0-alpha"},{"apiVersion":"v2","name":"web","version":"1.9.0"}]}
        GET /spaces/team/metadata/latest: 200 {"metadata":{"itemsLength":2,"total":2},"items":[{"apiVersion":"v2","name":"api","version":"0.1.0-alpha"},{"apiVersion":"v2","name":"web","version":"1.10.0"}]}
        GET /spaces/team/charts/web/metadata?start=3: 200 {"metadata":{"itemsLength":1,"total":4},"items":[{"apiVersion":"v2","name":"web","version":"2.0.0-rc.1"}]}
        GET /spaces/team/charts/web/metadata/latest: 200 {"apiVersion":"v2","name":"web","version":"1.10.0"}
        GET /spaces/team/charts/api/metadata/latest: 200 {"apiVersion":"v2","name":"api","version":"0.1.0-alpha"}
        GET /spaces/team/charts/none/metadata: 404 {"message":"there is no such chart","reason":"ReasonInternal"}
        GET /spaces/team/charts/none/metadata/latest: 404 {"message":"there is no such chart","reason":"ReasonInternal"}
    "#);
}

#[test]
fn a_version_of_another_chart_with_the_same_file_name_is_not_replaced() {
    let museum = Museum::new(&[]);
    museum.upload("team", &chart("a-1.0.0", "2.0.0", ""));
    let file = "/team/charts/a-1.0.0-2.0.0.tgz";
    let there = museum.served(file);
    assert!(there.is_some());
    let path = "/spaces/team/charts/a/versions/1.0.0-2.0.0";
    let answer = museum.put_chart("PUT", path, &chart("a", "1.0.0-2.0.0", ""));
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(museum.served(file), there);
}

#[test]
fn a_space_whose_address_is_that_of_a_chart_is_not_created() {
    let museum = Museum::new(&[]);
    for name in [
        "team/charts/web",
        "team/charts",
        "team/metadata",
        "team/metadata/latest",
        "team/charts/web/versions",
        "team/charts/web/versions/1.0.0",
    ] {
        let answer = museum.send("POST", &format!("/api/v1/spaces?space={name}"), "");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}");
    }
    let answer = museum.send("POST", "/api/v1/spaces?space=charts/team", "");
    assert_eq!(answer.status(), StatusCode::CREATED);
}

#[test]
fn packages_are_stored_given_replaced_and_deleted() {
    let museum = Museum::new(&[]);
    let (one, two) = (chart("web", "1.0.0", "one"), chart("web", "1.0.0", "two"));
    let mut lines = Vec::new();
    let mut send = |what: &str, method: &str, path: &str, package: &[u8]| {
        let answer = museum.put_chart(method, path, package);
        lines.push(format!("{what}: {}", told(&answer)));
    };
    let version = "/spaces/team/charts/web/versions/1.0.0";
    send("absent", "PUT", version, &one);
    send("new", "POST", "/spaces/team/charts", &one);
    send("again", "POST", "/spaces/team/charts", &one);
    send("other bytes", "POST", "/spaces/team/charts", &two);
    send("garbage", "POST", "/spaces/team/charts", b"garbage");
    send("replaced", "PUT", version, &two);
    send("by garbage", "PUT", version, b"garbage");
    let other = chart("web", "1.0.1", "");
    send("by another", "PUT", version, &other);
    send(
        "another, absent",
        "PUT",
        "/spaces/team/charts/web/versions/3.0.0",
        &other,
    );
    let build = chart("web", "1.0.0-rc.1+b", "");
    send("with build", "POST", "/spaces/team/charts", &build);
    insta::assert_snapshot!(lines.join("\n"), @r#"
        absent: 404 {"message":"there is no such version","reason":"ReasonInternal"}
        new: 201 {"chart":"web","link":"/api/v1/spaces/team/charts/web/versions/1.0.0","space":"team","version":"1.0.0"}
        again: 409 {"message":"file already exists","reason":"ReasonInternal"}
        other bytes: 409 {"message":"file already exists","reason":"ReasonInternal"}
        garbage: 400 {"message":"the package is refused: package is not an intact gzip-compressed tar archive","reason":"ReasonRequest"}
        replaced: 200 {"chart":"web","link":"/api/v1/spaces/team/charts/web/versions/1.0.0","space":"team","version":"1.0.0"}
        by garbage: 400 {"message":"the package is refused: package is not an intact gzip-compressed tar archive","reason":"ReasonRequest"}
        by another: 400 {"message":"the package is of another chart or version than the path","reason":"ReasonRequest"}
        another, absent: 400 {"message":"the package is of another chart or version than the path","reason":"ReasonRequest"}
        with build: 201 {"chart":"web","link":"/api/v1/spaces/team/charts/web/versions/1.0.0-rc.1+b","space":"team","version":"1.0.0-rc.1+b"}
    "#);
    let get = |path: &str| museum.send("GET", &format!("/api/v1{path}"), "");
    assert_eq!(bytes(&get(version)), two);
    let build_path = "/spaces/team/charts/web/versions/1.0.0-rc.1+b";
    assert_eq!(bytes(&get(build_path)), build);
    assert_eq!(
        museum.served("/team/charts/web-1.0.0.tgz"),
        Some(two.to_vec())
    );
    insta::assert_snapshot!(museum.transcript(&[
        "GET /spaces/team/charts/web/versions/9.0.0",
        "GET /spaces/other/charts/web/versions/1.0.0",
        "GET /spaces/team/charts/web/versions/x",
        "DELETE /spaces/team/charts/web/versions/x",
        "DELETE /spaces/team/charts/web/versions/9.0.0",
        "DELETE /spaces/team/charts/web/versions/1.0.0",
        "DELETE /spaces/team/charts/web/versions/1.0.0",
        "GET /spaces/team/charts/web/versions",
        "DELETE /spaces/team/charts/none",
        "DELETE /spaces/team/charts/w%20b",
        "DELETE /spaces/team/charts/web",
        "GET /spaces/team/charts/web/versions",
        "GET /spaces",
    ]), @r#"
        GET /spaces/team/charts/web/versions/9.0.0: 404 {"message":"there is no such version","reason":"ReasonInternal"}
        GET /spaces/other/charts/web/versions/1.0.0: 404 {"message":"there is no such version","reason":"ReasonInternal"}
        GET /spaces/team/charts/web/versions/x: 400 {"message":"a version is a semantic version such as 1.2.3","reason":"ReasonRequest"}
        DELETE /spaces/team/charts/web/versions/x: 400 {"message":"a version is a semantic version such as 1.2.3","reason":"ReasonRequest"}
        DELETE /spaces/team/charts/web/versions/9.0.0: 404 {"message":"there is no such version","reason":"ReasonInternal"}
        DELETE /spaces/team/charts/web/versions/1.0.0: 204
        DELETE /spaces/team/charts/web/versions/1.0.0: 404 {"message":"there is no such version","reason":"ReasonInternal"}
        GET /spaces/team/charts/web/versions: 200 {"metadata":{"itemsLength":1,"total":1},"items":["1.0.0-rc.1+b"]}
        DELETE /spaces/team/charts/none: 404 {"message":"there is no such chart","reason":"ReasonInternal"}
        DELETE /spaces/team/charts/w%20b: 404 {"message":"there is no such chart","reason":"ReasonInternal"}
        DELETE /spaces/team/charts/web: 204
        GET /spaces/team/charts/web/versions: 404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        GET /spaces: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
    "#);
}

#[test]
fn a_request_that_is_none_is_refused_and_sends_nothing() {
    let museum = Museum::new(&[]);
    let path = "/api/v1/spaces/team/charts";
    let (no_file, _) = form(&[("other", b"x")]);
    let mut lines = Vec::new();
    for (what, headers, body) in [
        ("no file", vec![TOKEN, FORM], no_file),
        ("cut", vec![TOKEN, FORM], Bytes::from("--xyz\r\n")),
        ("not json", vec![TOKEN], chart("web", "1.0.0", "")),
        ("html", vec![TOKEN, (ACCEPT, "text/html")], Bytes::new()),
    ] {
        let answer = museum.send_with("POST", path, &headers, body);
        lines.push(format!("{what}: {}", told(&answer)));
    }
    lines.push(museum.transcript(&[
        "GET /nothing",
        "GET /spaces/team",
        "PATCH /spaces/team/charts",
        "PUT /spaces",
        "PUT /spaces/team/charts/web/versions/1.0.0",
    ]));
    insta::assert_snapshot!(lines.join("\n"), @r#"
        no file: 400 {"message":"the form has no file called chartfile","reason":"ReasonRequest"}
        cut: 400 {"message":"the form cannot be read: a part has no end of its headers","reason":"ReasonRequest"}
        not json: 400 {"message":"the body is neither a form with a package nor JSON","reason":"ReasonRequest"}
        html: 406 {"message":"answers are application/json","reason":"ReasonRequest"}
        GET /nothing: 404 {"message":"there is nothing at this path","reason":"ReasonInternal"}
        GET /spaces/team: 405 {"message":"only DELETE here","reason":"ReasonRequest"}
        PATCH /spaces/team/charts: 405 {"message":"only GET, HEAD, POST here","reason":"ReasonRequest"}
        PUT /spaces: 405 {"message":"only GET, HEAD, POST here","reason":"ReasonRequest"}
        PUT /spaces/team/charts/web/versions/1.0.0: 400 {"message":"the body is no form (multipart/form-data)","reason":"ReasonRequest"}
    "#);
    assert_eq!(museum.world.registry.calls(), 0);
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = museum.send_with("GET", "/api/v1/spaces", &[TOKEN, (ACCEPT, browser)], "");
    assert_eq!(status(&answer), 200);
}

#[test]
fn more_versions_than_one_request_deletes_are_deleted_by_several() {
    let museum = Museum::new(&[("SUBREQUEST_BUDGET", "1000")]);
    museum
        .world
        .registry
        .push_versions("charts/team/web", 0..51);
    museum.world.pass();
    museum.world.rest();
    insta::assert_snapshot!(museum.transcript(&[
        "DELETE /spaces/team/charts/web",
        "GET /spaces/team/charts/web/versions",
        "DELETE /spaces/team",
        "GET /spaces",
    ]), @r#"
        DELETE /spaces/team/charts/web: 409 {"message":"50 versions were deleted and 1 are left: send the request again for the others","reason":"ReasonInternal"}
        GET /spaces/team/charts/web/versions: 200 {"metadata":{"itemsLength":1,"total":1},"items":["1.50.0"]}
        DELETE /spaces/team: 204
        GET /spaces: 200 {"metadata":{"itemsLength":0,"total":0},"items":[]}
    "#);
}
