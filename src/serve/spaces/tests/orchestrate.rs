//! Charts that are composed of others.

use serde_json::{Value, json};

use super::*;
use crate::testing::package;
use http::header::AUTHORIZATION;

fn of(space: &str, chart: &str, independent: bool) -> Value {
    json!({"independent": independent, "space": space, "chart": chart, "version": "1.0.0"})
}

fn stocked(settings: &[(&str, &str)]) -> Museum {
    let museum = Museum::new(settings);
    let app = package(&[
        (
            "app/Chart.yaml",
            b"apiVersion: v2\nname: app\nversion: 1.0.0\n",
        ),
        ("app/values.yaml", b"a: 1\n"),
        ("app/templates/x.yaml", b"x: {{ .Values._config.x }}\n"),
        (
            "app/charts/db/Chart.yaml",
            b"apiVersion: v2\nname: db\nversion: 1.2.3\n",
        ),
    ]);
    museum.upload("base", &app);
    museum.upload("base/sub", &chart("lone", "1.0.0", ""));
    museum.upload("base", &chart("new", "1.0.0", ""));
    museum.upload("team", &chart("other", "1.0.0", ""));
    museum
}

fn compose(museum: &Museum, space: &str, body: &Value) -> String {
    let path = format!("/api/v1/spaces/{space}/charts");
    told(&museum.send("POST", &path, body.to_string()))
}

fn save() -> Value {
    json!({"space": "ignored", "chart": "mine", "version": "2.0.0-rc.1", "description": "Mine"})
}

#[test]
fn a_chart_is_composed_stored_and_served() {
    let museum = stocked(&[]);
    let configs = json!({
        "package": of("base", "app", true), "_config": {"x": 1},
        "one": {"package": of("any", "db", false), "_config": {"y": 2}},
        "two": {"package": of("any", "db", false)},
        "three": {"package": of("base/sub", "lone", true)},
    });
    let body = json!({"save": save(), "configs": configs});
    insta::assert_snapshot!(compose(&museum, "team", &body), @r#"201 {"chart":"mine","link":"/api/v1/spaces/team/charts/mine/versions/2.0.0-rc.1","space":"team","version":"2.0.0-rc.1"}"#);
    let path = "/spaces/team/charts/mine/versions/2.0.0-rc.1/manifests";
    let metadata = museum.transcript(&[&format!("GET {path}/metadata")]);
    let dependencies: Vec<String> = ["one", "three", "two"]
        .map(|name| {
            format!(
                r#"{{"name":"{name}","repository":"","version":"{}"}}"#,
                if name == "three" { "1.0.0" } else { "1.2.3" }
            )
        })
        .into();
    let requirements = format!(r#""requirements":[{}]"#, dependencies.join(","));
    assert!(metadata.contains(&requirements), "{metadata}");
    let values = museum.transcript(&[&format!("GET {path}/values")]);
    let expected = r#"200 {"_config":{"x":1},"one":{"_config":{"y":2},"global":{}},"three":{"global":{}},"two":{"global":{}}}"#;
    assert!(values.ends_with(expected), "{values}");
    let bytes = museum.served("/team/charts/mine-2.0.0-rc.1.tgz").unwrap();
    // Deleted and composed again: the same bytes.
    let deleted = museum.transcript(&["DELETE /spaces/team/charts/mine"]);
    assert!(deleted.ends_with("204"), "{deleted}");
    assert!(compose(&museum, "team", &body).starts_with("201 "));
    assert_eq!(
        museum.served("/team/charts/mine-2.0.0-rc.1.tgz"),
        Some(bytes)
    );
}

#[test]
fn what_cannot_be_composed_is_told_in_this_order() {
    let museum = stocked(&[]);
    let lone = json!({"package": of("base/sub", "lone", true)});
    let mine = |configs: Value| json!({"save": save(), "configs": configs});
    let lines: Vec<String> = [
        ("team", json!(1)),
        ("team", json!({"configs": lone})),
        ("team", json!({"save": {"chart": "mine"}, "configs": lone})),
        ("team", json!({"save": {"chart": "mi/ne", "version": "1.0.0"}, "configs": lone})),
        ("team", json!({"save": {"chart": "mine", "version": "one"}, "configs": lone})),
        ("nobody", json!({"save": save()})),
        ("base", json!({"save": {"chart": "new", "version": "1.0.0"}})),
        ("team", json!({"save": save()})),
        ("team", mine(json!({}))),
        ("team", mine(json!({"package": of("base/sub", "lone", false)}))),
        ("team", mine(json!({"package": of("base/sub", "none", true)}))),
        ("team", mine(json!({"package": of("nobody", "lone", true)}))),
        ("team", mine(json!({"package": of("No body", "lone", true)}))),
        ("team", mine(json!({"package": of("base", "app", true), "a": {"package": of("base", "none", false)}}))),
        ("team", mine(json!({"package": of("base", "app", true), "a": 1}))),
    ]
    .iter()
    .map(|(space, body)| compose(&museum, space, body))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
        400 {"message":"save has no chart","reason":"ReasonRequest"}
        400 {"message":"save has no chart","reason":"ReasonRequest"}
        400 {"message":"save has no version","reason":"ReasonRequest"}
        400 {"message":"a chart has a name of letters, digits, . _ - that begins with a letter or digit","reason":"ReasonRequest"}
        400 {"message":"a version is a semantic version such as 1.2.3","reason":"ReasonRequest"}
        404 {"message":"there are no charts below this path","reason":"ReasonInternal"}
        409 {"message":"file already exists","reason":"ReasonInternal"}
        400 {"message":"configs is no object","reason":"ReasonRequest"}
        400 {"message":"configs has no package","reason":"ReasonRequest"}
        400 {"message":"configs: there is no chart that it could be taken from","reason":"ReasonRequest"}
        404 {"message":"there is no such version","reason":"ReasonInternal"}
        404 {"message":"there is no such version","reason":"ReasonInternal"}
        400 {"message":"a space has a name of lower case letters, digits and single . _ - between them","reason":"ReasonRequest"}
        404 {"message":"there is no such chart","reason":"ReasonInternal"}
        400 {"message":"\"a\" in configs is no object","reason":"ReasonRequest"}
    "#);
    let versions = museum.transcript(&["GET /spaces/team/charts/mine/versions"]);
    assert!(versions.contains("404"), "{versions}");
}

#[test]
fn only_of_charts_that_the_sender_may_read() {
    let accounts = "anna: { token: the-token-of-anna, read: 'team, base', push: 'team' }";
    let museum = stocked(&[("ACCOUNTS", accounts)]);
    let anna = [(AUTHORIZATION, "Bearer the-token-of-anna")];
    let send = |configs: Value| {
        let body = json!({"save": save(), "configs": configs}).to_string();
        status(&museum.send_with("POST", "/api/v1/spaces/team/charts", &anna, body))
    };
    let app = of("base", "app", true);
    assert_eq!(
        send(json!({"package": app, "a": {"package": of("base/sub", "lone", true)}})),
        404
    );
    assert_eq!(send(json!({"package": app})), 201);
}
