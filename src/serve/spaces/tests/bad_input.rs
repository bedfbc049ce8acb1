//! What is refused of requests that write: its status, one sentence, and nothing sent to the registry.

use serde_json::{Value, json};

use super::*;

/// Where packages are sent.
pub(super) const DOORS: [(&str, &str); 2] = [
    ("POST", "/spaces/team/charts"),
    ("PUT", "/spaces/team/charts/web/versions/1.0.0"),
];

const JSON: (HeaderName, &str) = (CONTENT_TYPE, "application/json");

pub(super) fn stocked() -> Museum {
    let museum = Museum::new(&[("UPLOAD_LIMIT", "600000")]);
    museum.upload("team", &chart("web", "1.0.0", ""));
    museum.world.registry.clear_log();
    museum
}

#[track_caller]
pub(super) fn is_refused(
    museum: &Museum,
    what: &str,
    answer: &Response<Body<Bytes>>,
    expected: (u16, &str),
) {
    let body: Value = serde_json::from_slice(bytes(answer)).unwrap();
    let message = body["message"].as_str().unwrap();
    assert_eq!(status(answer), expected.0, "{what}: {message}");
    assert!(message.contains(expected.1), "{what}: {message}");
    assert!(
        !message.contains('\n') && message.len() < 250,
        "{what}: {message}"
    );
    for method in ["PUT ", "POST ", "PATCH ", "DELETE "] {
        assert_eq!(museum.world.registry.calls_to(method), 0, "{what}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of all of it")]
fn what_is_no_form_and_what_is_not_where_it_should_be() {
    let museum = stocked();
    let web = chart("web", "1.0.0", "new");
    let sound = form(&[("chartfile", &web)]).0;
    let no_boundary = (CONTENT_TYPE, "multipart/form-data");
    let version = DOORS[1].1;
    for (what, method, path, kind, body, expected) in [
        (
            "no file",
            "POST",
            DOORS[0].1,
            FORM,
            form(&[("chart", &web)]).0,
            (400, "no file called chartfile"),
        ),
        (
            "no file",
            "PUT",
            version,
            FORM,
            form(&[("chart", &web)]).0,
            (400, "no file called chartfile"),
        ),
        (
            "no parts",
            "POST",
            DOORS[0].1,
            FORM,
            "--xyz--\r\n".into(),
            (400, "no file called chartfile"),
        ),
        (
            "cut off",
            "PUT",
            version,
            FORM,
            sound.slice(..sound.len() / 2),
            (400, "the form cannot be read"),
        ),
        (
            "JSON as a form",
            "POST",
            DOORS[0].1,
            FORM,
            "{}".into(),
            (400, "the form"),
        ),
        (
            "JSON for a form",
            "PUT",
            version,
            JSON,
            "{}".into(),
            (400, "no form"),
        ),
        (
            "a form as JSON",
            "POST",
            DOORS[0].1,
            JSON,
            sound.clone(),
            (400, "neither a form with a package nor JSON"),
        ),
        (
            "no boundary",
            "PUT",
            version,
            no_boundary,
            sound.clone(),
            (400, "no form"),
        ),
        (
            "nothing",
            "POST",
            DOORS[0].1,
            JSON,
            Bytes::new(),
            (400, "neither a form with a package nor JSON"),
        ),
        (
            "another version",
            "PUT",
            "/spaces/team/charts/web/versions/2.0.0",
            FORM,
            sound.clone(),
            (400, "another chart or version than the path"),
        ),
        (
            "another chart",
            "PUT",
            "/spaces/team/charts/api/versions/1.0.0",
            FORM,
            sound.clone(),
            (400, "another chart or version than the path"),
        ),
        (
            "an unknown space",
            "PUT",
            "/spaces/none/charts/web/versions/1.0.0",
            FORM,
            sound.clone(),
            (404, "no such version"),
        ),
        (
            "no space",
            "POST",
            "/spaces/-/charts",
            FORM,
            sound.clone(),
            (400, "a space has a name"),
        ),
        (
            "no chart",
            "PUT",
            "/spaces/team/charts/-/versions/1.0.0",
            FORM,
            sound.clone(),
            (400, "a chart has a name"),
        ),
        (
            "no version",
            "PUT",
            "/spaces/team/charts/web/versions/latest",
            FORM,
            sound.clone(),
            (400, "a version is a semantic version"),
        ),
        (
            "a slash",
            "PUT",
            "/spaces/team/charts/a%2Fb/versions/1.0.0",
            FORM,
            sound.clone(),
            (404, "nothing at this path"),
        ),
        (
            "a version that is there",
            "POST",
            DOORS[0].1,
            FORM,
            sound.clone(),
            (409, "already exists"),
        ),
    ] {
        let answer = museum.send_with(method, &format!("/api/v1{path}"), &[TOKEN, kind], body);
        is_refused(&museum, &format!("{method} {what}"), &answer, expected);
    }
    assert_eq!(
        museum.world.registry.calls(),
        1,
        "it was looked whether the version is there"
    );
}

#[test]
fn what_is_neither_metadata_nor_values_nor_a_composition() {
    let museum = stocked();
    let metadata = "/spaces/team/charts/web/versions/1.0.0/manifests/metadata";
    let values = "/spaces/team/charts/web/versions/1.0.0/manifests/values";
    let absent = "/spaces/team/charts/web/versions/9.0.0/manifests";
    let charts = "/spaces/team/charts";
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    let composed = |configs: Value| {
        json!({"save": {"chart": "mine", "version": "1.0.0"}, "configs": configs}).to_string()
    };
    let of = |version: &str| json!({"independent": true, "space": "team", "chart": "web", "version": version});
    for (method, path, body, expected) in [
        ("PUT", metadata, String::new(), 400),
        ("PUT", metadata, "[]".to_owned(), 400),
        ("PUT", metadata, "name: web".to_owned(), 400),
        (
            "PUT",
            metadata,
            json!({"name": "web", "version": "2.0.0"}).to_string(),
            400,
        ),
        (
            "PUT",
            metadata,
            json!({"name": "api", "version": "1.0.0"}).to_string(),
            400,
        ),
        (
            "PUT",
            metadata,
            json!({"name": "web", "version": "1.0.0", "keywords": 1}).to_string(),
            400,
        ),
        (
            "PUT",
            metadata,
            json!({"name": "web", "version": "1.0.0", "description": "x".repeat(300_000)})
                .to_string(),
            400,
        ),
        ("PUT", metadata, "x".repeat(600_000), 413),
        ("PUT", values, "[1]".to_owned(), 400),
        ("PUT", values, "text".to_owned(), 400),
        ("PUT", values, "a: [".to_owned(), 400),
        ("PUT", values, deep.clone(), 400),
        ("PUT", values, "x".repeat(600_000), 413),
        ("POST", charts, "[]".to_owned(), 400),
        ("POST", charts, "{".to_owned(), 400),
        ("POST", charts, deep, 400),
        (
            "POST",
            charts,
            json!({"save": {"chart": "mine", "version": "1.0.0"}}).to_string(),
            400,
        ),
        ("POST", charts, composed(json!({})), 400),
        (
            "POST",
            charts,
            composed(json!({"package": of("1.0.0"), "a": 1})),
            400,
        ),
        (
            "POST",
            charts,
            composed(json!({"package": of("1.0.0"), "../a": {"package": of("1.0.0")}})),
            400,
        ),
        (
            "POST",
            charts,
            composed(json!({"package": of("9.0.0")})),
            404,
        ),
        ("POST", charts, composed(json!({"package": of("one")})), 400),
        (
            "POST",
            "/spaces/none/charts",
            composed(json!({"package": of("1.0.0")})),
            404,
        ),
    ] {
        museum.world.clock.advance(Duration::from_secs(1));
        let what = format!("{method} {path} {}", body.get(..60).unwrap_or(&body));
        let answer = museum.send(method, &format!("/api/v1{path}"), body);
        is_refused(&museum, &what, &answer, (expected, ""));
    }
    for what in ["metadata", "values"] {
        museum.world.clock.advance(Duration::from_secs(1));
        let body = json!({"name": "web", "version": "9.0.0"}).to_string();
        let answer = museum.send("PUT", &format!("/api/v1{absent}/{what}"), body);
        is_refused(&museum, what, &answer, (404, "no such version"));
    }
}
