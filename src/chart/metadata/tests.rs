use serde_json::{Value as Json, json};

use self::rules::satisfies_helm;
use super::*;

mod any;
mod limits;
mod rules;

/// The metadata of `json` with the given name and version besides, as JSON.
#[track_caller]
fn read(json: &Json) -> Json {
    let mut fields = json!({"name": "a", "version": "1.0.0"});
    fields
        .as_object_mut()
        .unwrap()
        .extend(json.as_object().unwrap().clone());
    let metadata = Metadata::from_json(fields.to_string().as_bytes()).unwrap();
    satisfies_helm(&metadata);
    let mut read: Json = serde_json::from_str(&metadata.to_json()).unwrap();
    for (key, given) in [("name", "a"), ("version", "1.0.0"), ("apiVersion", "v1")] {
        if read[key] == given {
            read.as_object_mut().unwrap().remove(key);
        }
    }
    read
}

#[test]
fn what_helm_pushes_stays_what_it_is() {
    let config = concat!(
        r#"{"apiVersion":"v2","name":"nginx","version":"v1.2.3-rc.1+build.5","appVersion":"1.27.0","description":"A web server. 🚀 नमस्ते","#,
        r#""type":"library","keywords":["web","http"],"home":"https://nginx.example","sources":["https://git.example/nginx"],"#,
        r#""icon":"https://nginx.example/icon.svg","maintainers":[{"name":"Ann","email":"ann@example.com","url":"https://ann.example"},{"name":"Bo"}],"#,
        r#""dependencies":[{"name":"common","version":"2.x","repository":"oci://registry.example/charts","condition":"common.enabled","#,
        r#""tags":["infra"],"enabled":true,"import-values":["data",{"child":"a.b","parent":"c"}],"alias":"base-1"}],"#,
        r#""annotations":{"artifacthub.io/changes":"- kind: added\n  description: x\n","empty":""},"#,
        r#""kubeVersion":">= 1.25.0-0","deprecated":true,"condition":"nginx.enabled","tags":"web,http"}"#
    );
    let metadata = Metadata::from_json(config.as_bytes()).unwrap();
    assert_eq!(metadata.to_json(), config);
    assert_eq!(
        (metadata.name(), metadata.version(), metadata.api_version()),
        ("nginx", "v1.2.3-rc.1+build.5", "v2")
    );
    satisfies_helm(&metadata);
}

#[test]
fn plain_meanings_are_coerced() {
    for (odd, expected) in [
        (json!({"appVersion": 27}), json!({"appVersion": "27"})),
        (json!({"appVersion": true}), json!({"appVersion": "true"})),
        (json!({"apiVersion": 2}), json!({"apiVersion": "2"})),
        (
            json!({"description": "a\r\n b\u{0}\u{85}c"}),
            json!({"description": "a   b c"}),
        ),
        (json!({"keywords": "web"}), json!({"keywords": ["web"]})),
        (
            json!({"keywords": ["web", null, 1, {}, ""]}),
            json!({"keywords": ["web", "", "1", ""]}),
        ),
        (
            json!({"sources": "https://a.example"}),
            json!({"sources": ["https://a.example"]}),
        ),
        (
            json!({"maintainers": [null, "Ann", {"name": "Bo", "phone": 1}, {"phone": 1}, []]}),
            json!({"maintainers": [{"name": "Ann"}, {"name": "Bo"}, {}]}),
        ),
        (
            json!({"maintainers": {"name": "Bo"}}),
            json!({"maintainers": [{"name": "Bo"}]}),
        ),
        (
            json!({"annotations": {"a": 1, "b": true, "c": null, "d": [1], "e": {}, "": "f", "g": "1\n2"}}),
            json!({"annotations": {"": "f", "a": "1", "b": "true", "c": "", "g": "1\n2"}}),
        ),
        (json!({"deprecated": "true"}), json!({"deprecated": true})),
        (json!({"deprecated": "no", "type": ""}), json!({})),
        (
            json!({"dependencies": {"name": "x", "version": 1}}),
            json!({"dependencies": [{"name": "x", "version": "1", "repository": ""}]}),
        ),
    ] {
        assert_eq!(read(&odd), expected, "{odd}");
    }
    let numeric = br#"{"name": 7, "version": 1.10, "appVersion": 72551e2}"#;
    assert_eq!(
        Metadata::from_json(numeric).unwrap().to_json(),
        r#"{"apiVersion":"v1","name":"7","version":"1.10","appVersion":"72551e2"}"#
    );
}

#[test]
fn what_means_nothing_is_dropped() {
    for key in KEYS
        .into_iter()
        .filter(|key| !["name", "version", "type"].contains(key))
    {
        assert_eq!(read(&json!({key: null})), json!({}), "{key}");
        let nothing = match key {
            // Helm has "" for a null in a list of texts, and a person without a name.
            "keywords" | "sources" => json!({key: [""]}),
            "maintainers" => json!({key: [{}]}),
            _ => json!({}),
        };
        assert_eq!(read(&json!({key: [null, [], {"x": 1}]})), nothing, "{key}");
        if key != "maintainers" {
            assert_eq!(read(&json!({key: {"": {"x": 1}}})), json!({}), "{key}");
        }
        assert_eq!(read(&json!({key: "\u{0}\u{feff}"})), json!({}), "{key}");
    }
    assert_eq!(
        read(
            &json!({"engine": "gotpl", "urls": ["x"], "digest": "x", "created": "x", "Home": "x", "values": {"a": [1, 2]}})
        ),
        json!({})
    );
}

/// CVE-2020-15184 (Helm): an alias has the grammar of a name.
/// CVE-2020-15184 in Helm: an alias that is a path.
#[test]
fn dependencies_keep_helms_rules() {
    let dependencies = json!({"dependencies": [
        null,
        "x",
        {"version": "1"},
        {"name": null},
        {"name": "a", "alias": "bad alias", "repository": null, "tags": "t", "enabled": "yes", "import-values": "data"},
        {"name": "a", "alias": "../../x"},
        {"name": "a", "alias": "b"},
        {"name": "b"},
        {"name": "c", "import-values": [null, "x", {"child": "a", "parent": "b", "more": 1}, {"child": "a"}, [], {"child": 1, "parent": "b"}]},
    ]});
    assert_eq!(
        read(&dependencies),
        json!({"dependencies": [
            {"name": "a", "repository": "", "tags": ["t"], "enabled": true, "import-values": ["data"]},
            {"name": "a", "repository": "", "alias": "b"},
            {"name": "c", "repository": "", "import-values": ["x", {"child": "a", "parent": "b", "more": "1"}, {"child": "a"}, {"child": "1", "parent": "b"}]},
        ]})
    );
}

/// CVE-2019-1000009 (ChartMuseum), CVE-2024-25620, CVE-2026-35206 (Helm): no name is a path.
/// CVE-2019-1000009 in ChartMuseum, CVE-2024-25620 and CVE-2026-35206 in Helm: names that are paths.
#[test]
fn names_versions_and_types_are_judged() {
    let quoted = |text: &str| format!("{text:?}");
    for name in [
        "../../x", "..", ".", "a/b", "a\\b", "-a", ".a", "a b", "ä", "a?b", "a%2fb", "a:b",
    ] {
        let config = json!({"name": name, "version": "1.0.0"}).to_string();
        assert_eq!(
            Metadata::from_json(config.as_bytes()),
            Err(Unfit::Name(quoted(name))),
            "{name}"
        );
    }
    for name in ["a", "A", "7", "_a", "a.b", "a_b", "a-b", "a..b", "nginx-"] {
        let config = json!({"name": name, "version": "1.0.0"}).to_string();
        assert_eq!(Metadata::from_json(config.as_bytes()).unwrap().name(), name);
    }
    for (config, expected) in [
        (json!({}), Unfit::NoName),
        (json!({"version": "1.0.0"}), Unfit::NoName),
        (json!({"name": "", "version": "1.0.0"}), Unfit::NoName),
        (json!({"name": null, "version": "1.0.0"}), Unfit::NoName),
        (json!({"name": ["a"], "version": "1.0.0"}), Unfit::NoName),
        (json!({"name": "a"}), Unfit::NoVersion),
        (json!({"name": "a", "version": ""}), Unfit::NoVersion),
        (json!({"name": "a", "version": {}}), Unfit::NoVersion),
        (
            json!({"name": "a", "version": "nope"}),
            Unfit::Version(quoted("nope")),
        ),
        (
            json!({"name": "a", "version": "1.0.0\n"}),
            Unfit::Version(quoted("1.0.0\n")),
        ),
        (
            json!({"name": "a", "version": "1.0.0", "type": "weird"}),
            Unfit::Type(quoted("weird")),
        ),
        (
            json!({"name": "a", "version": "1.0.0", "type": 1}),
            Unfit::Type(quoted("1")),
        ),
    ] {
        assert_eq!(
            Metadata::from_json(config.to_string().as_bytes()),
            Err(expected),
            "{config}"
        );
    }
    let long = "a".repeat(MAX_NAME);
    assert_eq!(read(&json!({"name": long}))["name"], long);
    let longer = json!({"name": long + "a", "version": "1.0.0"}).to_string();
    let reason = Metadata::from_json(longer.as_bytes())
        .unwrap_err()
        .to_string();
    assert_eq!(
        reason,
        format!("name \"{}…\" is not allowed", "a".repeat(64))
    );
}

/// CVE-2025-55198 (Helm): metadata of unexpected types panic nowhere, and reach no client.
#[test]
fn no_metadata() {
    for (config, expected) in [
        ("", Unfit::Malformed("JSON")),
        ("null", Unfit::Malformed("JSON")),
        ("[{}]", Unfit::Malformed("JSON")),
        ("{\"name\":", Unfit::Malformed("JSON")),
        ("name: a\nversion: 1.0.0\n", Unfit::Malformed("JSON")),
    ] {
        assert_eq!(
            Metadata::from_json(config.as_bytes()),
            Err(expected),
            "{config}"
        );
    }
    let huge = " ".repeat(Metadata::MAX_READ + 1);
    for (read, limit) in [
        (Metadata::from_json(huge.as_bytes()), Metadata::MAX_READ),
        (Metadata::from_yaml(huge.as_bytes()), MAX_YAML),
    ] {
        assert_eq!(read, Err(Unfit::MetadataTooLarge(limit)));
    }
}

#[test]
fn a_chart_yaml_as_people_write_it() {
    let yaml = "\u{feff}---\n# A chart.\napiVersion: v2\nname: nginx\nversion: 1.10\nappVersion: 1.10\ndescription: |\n  Two\n  lines.\n\
        keywords: [web, 80]\nmaintainers:\n- name: Ann\n  email: &mail ann@example.com\n- name: Bo\n  email: *mail\n\
        annotations:\n  changes: |\n    - one\n    - two\n  on: yes\n  n: 010\ndeprecated: yes\nname2: {a: [b]}\n";
    assert_eq!(
        Metadata::from_yaml(yaml.as_bytes()).unwrap().to_json(),
        concat!(
            r#"{"apiVersion":"v2","name":"nginx","version":"1.1","appVersion":"1.1","description":"Two lines. ","keywords":["web","80"],"#,
            r#""maintainers":[{"name":"Ann","email":"ann@example.com"},{"name":"Bo","email":"ann@example.com"}],"#,
            r#""annotations":{"changes":"- one\n- two\n","n":"010","on":"yes"},"deprecated":true}"#
        )
    );
}

#[test]
fn over_long_texts_are_cut_or_dropped() {
    let long = "x".repeat(100_000);
    let url = format!("https://a.example/{long}");
    for (odd, expected) in [
        (
            json!({"description": long}),
            json!({"description": "x".repeat(MAX_DESCRIPTION)}),
        ),
        (
            json!({"appVersion": long}),
            json!({"appVersion": "x".repeat(MAX_LINE)}),
        ),
        (
            json!({"home": url, "icon": url, "kubeVersion": url, "sources": [url]}),
            json!({}),
        ),
        (
            json!({"keywords": vec!["k"; 1000]}),
            json!({"keywords": vec!["k"; MAX_ITEMS]}),
        ),
        (
            json!({"annotations": {"a": long, "b": "c", long.clone(): "d"}}),
            json!({"annotations": {"b": "c"}}),
        ),
    ] {
        assert_eq!(read(&odd), expected);
    }
}

#[test]
fn an_entry_has_room_for_what_matters() {
    let text = |length| "x".repeat(length);
    // Annotations go first, the longest of them.
    let config = json!({
        "description": text(4000),
        "annotations": {"a": text(16_000), "b": text(16_001), "c": text(16_002), "d": text(16_003), "e": "short"},
    });
    assert_eq!(
        read(&config),
        json!({"description": text(4000), "annotations": {"a": text(16_000), "b": text(16_001), "c": text(16_002), "e": "short"}})
    );
    // Then what describes, and never the dependencies while there is something else.
    let dependencies: Vec<_> = (0..100)
        .map(|n| json!({"name": format!("d{n}"), "repository": text(600)}))
        .collect();
    let config = json!({
        "description": text(4000),
        "icon": text(16_000),
        "home": "https://a.example",
        "sources": vec![text(2000); 100],
        "maintainers": vec![json!({"name": text(200)}); 200],
        "keywords": vec![text(200); 200],
        "annotations": {"a": "b"},
        "dependencies": dependencies,
    });
    assert_eq!(
        read(&config),
        json!({"description": text(SHORT_DESCRIPTION), "home": "https://a.example", "dependencies": dependencies})
    );
    let dependencies: Vec<_> = (0..500)
        .map(|n| json!({"name": format!("d{n}"), "repository": text(600)}))
        .collect();
    assert_eq!(
        read(&json!({"home": "h", "dependencies": dependencies})),
        json!({"home": "h"})
    );
}

/// YAML has no longer keys, and one would cost the others the index.
#[test]
fn a_key_that_is_long_when_escaped_is_dropped() {
    let short = "\u{1}".repeat(166);
    let long = "\u{1}".repeat(167);
    let plain = "k".repeat(MAX_LINE);
    let config = json!({"annotations": {short.clone(): "a", long: "b", plain.clone(): "c"}});
    assert_eq!(
        read(&config),
        json!({"annotations": {short: "a", plain: "c"}})
    );
}
