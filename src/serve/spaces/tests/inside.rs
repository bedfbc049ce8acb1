//! What is read of packages and replaced in them.

use serde_json::{Value, json};

use super::*;
use crate::testing::package;

const PATH: &str = "/spaces/team/charts/web/versions/1.0.0";

/// A chart with another one in it, and values of both.
fn web() -> Vec<u8> {
    package(&[
        ("folder/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\ntype: application\nkubeVersion: '>=1.20'\ndescription: old\ndependencies: [{name: db, version: 1.x, repository: '', condition: db.enabled}]\n"),
        ("folder/values.yaml", b"# why\na: 1\ndb: {b: 3}\nglobal: {g: 1}\n"),
        ("folder/templates/x.yaml", b"x"),
        ("folder/charts/db/Chart.yaml", b"apiVersion: v2\nname: db\nversion: 1.2.3\n"),
        ("folder/charts/db/values.yaml", b"b: 2\nc: null\n"),
    ])
}

fn with_web() -> Museum {
    let museum = Museum::new(&[]);
    museum.upload("team", &web());
    museum
}

impl Museum {
    fn manifest(&self, method: &str, what: &str, body: &str) -> String {
        self.world.clock.advance(Duration::from_secs(1));
        let path = format!("/api/v1{PATH}/manifests/{what}");
        told(&self.send(method, &path, body.to_owned()))
    }
}

#[test]
fn metadata_is_a_tree_and_values_are_those_of_all_charts() {
    let museum = with_web();
    insta::assert_snapshot!(museum.manifest("GET", "metadata", ""), @r#"200 {"apiVersion":"v2","dependencies":[{"apiVersion":"v2","name":"db","version":"1.2.3"}],"description":"old","kubeVersion":">=1.20","name":"web","requirements":[{"condition":"db.enabled","name":"db","repository":"","version":"1.x"}],"type":"application","version":"1.0.0"}"#);
    assert_eq!(
        museum.manifest("GET", "values", ""),
        r#"200 {"a":1,"db":{"b":3,"c":null,"global":{"g":1}},"global":{"g":1}}"#
    );
    let none = museum.send(
        "GET",
        "/api/v1/spaces/team/charts/web/versions/9.0.0/manifests/values",
        "",
    );
    assert_eq!(status(&none), 404);
    // Lists tell what charts declare, as they do not look into packages.
    let latest = museum.transcript(&["GET /spaces/team/charts/web/metadata/latest"]);
    assert!(latest.contains(r#""requirements":[{"#), "{latest}");
    assert!(!latest.contains("dependencies"), "{latest}");
}

#[test]
fn metadata_is_replaced_as_a_whole() {
    let museum = with_web();
    let new = json!({
        "name": "web", "version": "1.0.0", "description": "new", "home": "https://web.example",
        "dependencies": [{"name": "ignored"}], "tillerVersion": ">2",
    });
    insta::assert_snapshot!(museum.manifest("PUT", "metadata", &new.to_string()), @r#"200 {"apiVersion":"v2","dependencies":[{"apiVersion":"v2","name":"db","version":"1.2.3"}],"description":"new","home":"https://web.example","name":"web","requirements":[{"condition":"db.enabled","name":"db","repository":"","version":"1.x"}],"version":"1.0.0"}"#);
    let told = museum.manifest("GET", "metadata", "");
    assert_eq!(told, museum.manifest("PUT", "metadata", &new.to_string()));
    let listed = museum.transcript(&["GET /spaces/team/charts/web/metadata"]);
    assert!(listed.contains(r#""description":"new""#), "{listed}");
    // Everything else is as it was.
    let values: Value = serde_json::from_str(
        museum
            .manifest("GET", "values", "")
            .strip_prefix("200 ")
            .unwrap(),
    )
    .unwrap();
    assert_eq!(values["db"]["b"], 3);
    let served = museum.served("/team/charts/web-1.0.0.tgz").unwrap();
    let contents = crate::chart::ChartContents::of(&served).unwrap();
    assert!(contents.values.unwrap().starts_with(b"# why"));
    let lines: Vec<String> = [
        json!({"name": "web", "version": "1.0.1"}).to_string(),
        json!({"name": "other", "version": "1.0.0"}).to_string(),
        json!({"version": "1.0.0"}).to_string(),
        json!({"name": "web", "version": "1.0.0", "keywords": "text"}).to_string(),
        "[]".to_owned(),
        "{".to_owned(),
    ]
    .iter()
    .map(|body| museum.manifest("PUT", "metadata", body))
    .collect();
    assert!(
        lines.iter().all(|told| told.starts_with("400 ")),
        "{lines:?}"
    );
    assert_eq!(museum.manifest("GET", "metadata", ""), told);
}

#[test]
fn values_are_replaced_by_json_yaml_and_nothing() {
    let museum = with_web();
    for (body, own) in [
        (r#"{"a":{"yes":"no"}}"#, json!({"a": {"yes": "no"}})),
        ("# new\nb: [1]\n", json!({"b": [1]})),
        ("null", json!({})),
        ("", json!({})),
        (r#"{"db":{"b":4}}"#, json!({})),
    ] {
        let echoed = museum.manifest("PUT", "values", body);
        assert_eq!(echoed, format!("200 {body}").trim_end());
        let told = museum.manifest("GET", "values", "");
        let mut values: Value = serde_json::from_str(told.strip_prefix("200 ").unwrap()).unwrap();
        let db = values.as_object_mut().unwrap().remove("db").unwrap();
        assert_eq!(values, own, "{body}");
        let b = if body.contains("db") { 4 } else { 2 };
        assert_eq!(db, json!({"b": b, "c": null, "global": {}}));
    }
    let before = museum.served("/team/charts/web-1.0.0.tgz");
    let lines: Vec<String> = ["[1]", "text", "a: [", r#"{"db": 1}"#]
        .map(|body| museum.manifest("PUT", "values", body))
        .into();
    insta::assert_snapshot!(lines.join("\n"), @r#"
        400 {"message":"values are no mapping","reason":"ReasonRequest"}
        400 {"message":"values are no mapping","reason":"ReasonRequest"}
        400 {"message":"values are not YAML","reason":"ReasonRequest"}
        400 {"message":"values of a chart in it are no mapping","reason":"ReasonRequest"}
    "#);
    assert_eq!(museum.served("/team/charts/web-1.0.0.tgz"), before);
    // A chart that has none gets some, and one with such values is not stored.
    museum.upload("team", &chart("bare", "1.0.0", ""));
    let path = "/api/v1/spaces/team/charts/bare/versions/1.0.0/manifests/values";
    assert_eq!(told(&museum.send("PUT", path, "a: 1")), "200 a: 1");
    assert_eq!(told(&museum.send("GET", path, "")), r#"200 {"a":1}"#);
    let list = package(&[
        ("l/Chart.yaml", b"name: list\nversion: 1.0.0\n"),
        ("l/values.yaml", b"[]"),
    ]);
    let answer = museum.put_chart("POST", "/spaces/team/charts", &list);
    assert_eq!(
        told(&answer),
        r#"400 {"message":"values are no mapping","reason":"ReasonRequest"}"#
    );
}

/// Somebody writes the version between the reading of its package and the putting of the new one.
#[test]
fn what_was_replaced_meanwhile_is_not_overwritten() {
    let museum = with_web();
    let other = chart("web", "1.0.0", "other");
    let moved = museum
        .world
        .registry
        .push_package("charts/team/web", "1.0.0", &other);
    let told = museum.manifest("PUT", "values", "a: 2");
    assert_eq!(
        told,
        r#"409 {"message":"the tag 1.0.0 was moved meanwhile","reason":"ReasonInternal"}"#
    );
    assert_eq!(
        museum.world.registry.tagged("charts/team/web", "1.0.0"),
        Some(moved)
    );
}

/// As YAML 1.2 has it; the original reads by 1.1.
#[test]
fn words_in_values_are_text() {
    let museum = Museum::new(&[]);
    let web = package(&[
        ("web/Chart.yaml", b"name: web\nversion: 1.0.0\n"),
        ("web/values.yaml", b"y: 1\nn: no\nx: yes\nz: on\nt: true\n"),
    ]);
    museum.upload("team", &web);
    assert_eq!(
        museum.manifest("GET", "values", ""),
        r#"200 {"n":"no","t":true,"x":"yes","y":1,"z":"on"}"#
    );
}

/// Tables under `global` reach from a parent to all charts in it; those of a chart in it stay beside them.
#[test]
fn global_values_reach_the_charts_in_a_chart() {
    let museum = Museum::new(&[]);
    let web = package(&[
        ("web/Chart.yaml", b"name: web\nversion: 1.0.0\n"),
        ("web/values.yaml", b"global: {a: {b: 1}}\n"),
        ("web/charts/db/Chart.yaml", b"name: db\nversion: 1.0.0\n"),
        (
            "web/charts/db/values.yaml",
            b"global: {a: {b: 2, c: 3}, t: {u: 4}}\n",
        ),
    ]);
    museum.upload("team", &web);
    let told = museum.manifest("GET", "values", "");
    let values: Value = serde_json::from_str(told.strip_prefix("200 ").unwrap()).unwrap();
    assert_eq!(values["global"]["a"]["b"], 1, "{values}");
    assert_eq!(values["db"]["global"]["a"]["b"], 1, "{values}");
    assert_eq!(values["db"]["global"]["a"]["c"], 3, "{values}");
}
