//! Entries of charts whose metadata is odd, as they stand in the index: a picture of each, in both formats.

use serde_json::json;

use super::helm::accepts;
use super::*;
use crate::testing::package;

/// Charts as people make them, each called after what is odd of it.
fn charts() -> Vec<Value> {
    let long = "long ".repeat(2_000);
    vec![
        json!({"name": "alias", "version": "1.0.0", "dependencies": [
            {"name": "postgresql", "version": "~12.1.0", "repository": "https://charts.example/stable", "alias": "db", "condition": "db.enabled"},
            {"name": "postgresql", "version": "~12.1.0", "repository": "@stable", "alias": "archive_2", "tags": ["backend", 7], "enabled": true},
            {"name": "common", "version": "1.x", "repository": "oci://registry.example/charts", "import-values": ["data", {"child": "exports.data", "parent": "global"}, null]},
            {"name": "bad-alias", "alias": "../../etc"},
            null,
        ]}),
        json!({"name": "build-metadata", "version": "1.0.0-rc.1+build.5.sha-0abc", "appVersion": "1.0.0+build.5"}),
        json!({"name": "control-characters", "version": "1.0.0", "description": "bell\u{7} escape\u{1b}[31m null\u{0} del\u{7f} c1\u{9b} tab\ttab\r\nline", "annotations": {"multi\nline": "kept\n\ttab\u{0}\u{8}\u{7f}\u{9f}\r\n"}}),
        json!({"name": "deprecated", "version": "1.0.0", "deprecated": true}),
        json!({"name": "deprecated-as-text", "version": "1.0.0", "deprecated": "True"}),
        json!({"name": "emoji", "version": "1.0.0", "description": "ship it 🚀 👩‍👩‍👧 नमस्ते 漢字", "keywords": ["🚀"], "maintainers": [{"name": "Zoë 🦀", "email": "zoe@example.com"}]}),
        json!({"name": "library", "version": "1.0.0", "type": "library"}),
        json!({"name": "null-maintainers", "version": "1.0.0", "maintainers": [null, {"name": null, "email": null}, {"name": "Ann", "url": null}, "Bo", {}, 7]}),
        json!({"name": "nulls", "version": "1.0.0", "appVersion": null, "description": null, "keywords": null, "home": null, "sources": [null], "icon": null, "maintainers": null, "dependencies": null, "annotations": {"a": null}, "deprecated": null, "type": null}),
        json!({"name": "numeric-app-version", "version": "1.0.0", "appVersion": 1.10, "annotations": {"number": 1, "flag": true, "list": [1]}}),
        json!({"name": "over-long", "version": "1.0.0", "description": long, "appVersion": long, "keywords": [long], "home": format!("https://example.com/{long}"), "annotations": {"big": "x".repeat(20_000), "small": "y"}}),
        json!({"name": "separators", "version": "1.0.0", "description": "nel\u{85}ls\u{2028}ps\u{2029}bom\u{feff}bidi\u{202e}nbsp\u{a0}end", "annotations": {"a": "nel\u{85}ls\u{2028}ps\u{2029}bom\u{feff}nbsp\u{a0}"}}),
        json!({"name": "string-keywords", "version": "1.0.0", "keywords": "web", "sources": "https://git.example/a", "maintainers": {"name": "Ann"}}),
        json!({"name": "two-numbers", "version": "1.2"}),
        json!({"name": "unknown-keys", "version": "1.0.0", "engine": "gotpl", "tillerVersion": ">2", "created": "yesterday", "digest": "sha256:x", "urls": ["oci://x"], "values": {"a": [1]}, "Name": "other"}),
        json!({"name": "unknown-type", "version": "1.0.0", "type": "weird"}),
        json!({"name": "v-prefix", "version": "v1.2.3"}),
        json!({"name": "yaml-words", "version": "1.0.0", "appVersion": "1e3", "description": "yes", "keywords": ["no", "~", "null", "0x1F", "1:30", "2025-11-21", "-", "#x", "a: b"], "annotations": {"on": "off", "=": "<<"}}),
    ]
}

fn document(format: &str) -> (World, String) {
    let world = World::with(&[("INDEX_FORMAT", format), ("SUBREQUEST_BUDGET", "1000")]);
    for mut metadata in charts() {
        metadata["apiVersion"] = "v2".into();
        let name = metadata["name"].as_str().unwrap().to_owned();
        let tag = metadata["version"].as_str().unwrap().replace('+', "_");
        let annotations = [(
            "org.opencontainers.image.created",
            "2025-11-20T10:00:00+01:00",
        )];
        // Where the config is refused, the package is asked: it says the same. The others must not hang on a compressor.
        let package = if name == "unknown-type" {
            let chart = metadata.to_string();
            package(&[("c/Chart.yaml", chart.as_bytes())])
        } else {
            name.clone().into_bytes()
        };
        let repository = format!("charts/{name}");
        world
            .registry
            .push_chart(&repository, &tag, &metadata, &package, None, &annotations);
    }
    world.pass();
    let key = Key::Index(View::root()).name(world.config.fingerprint());
    let (bytes, _) = world.documents.stored(&key).unwrap();
    accepts(&bytes, format);
    (world, String::from_utf8(bytes.to_vec()).unwrap())
}

/// Long runs of one text, told by their length.
fn shorten(text: &str) -> String {
    let mut short = text.to_owned();
    for (unit, name) in [("long ", "long"), ("x", "x")] {
        let mut count = 10_000;
        while count > 20 {
            short = short.replace(&unit.repeat(count), &format!("<{name} × {count}>"));
            count -= 1;
        }
    }
    short
}

#[test]
fn in_json() {
    let (world, text) = document("json");
    insta::assert_snapshot!(shorten(&text));
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(
        info["skipped"],
        json!([{"repository": "charts/unknown-type", "tag": "1.0.0", "reason": "type \"weird\" is neither application nor library"}])
    );
}

#[test]
fn in_yaml() {
    let (_, text) = document("yaml");
    insta::assert_snapshot!(shorten(&text));
}
