//! Each limit of a field at its last byte or item, and one beyond.

use super::*;

fn text(length: usize) -> Json {
    "x".repeat(length).into()
}

/// What `of` makes of a length, read: at the limit as it is, one beyond as `beyond` says.
#[track_caller]
fn limited(limit: usize, of: impl Fn(usize) -> Json, beyond: &Json) {
    assert_eq!(read(&of(limit)), of(limit));
    assert_eq!(read(&of(limit + 1)), *beyond, "one more than {limit}");
}

/// Texts that mean something when cut.
#[test]
fn texts_are_cut_at_their_limit() {
    for (key, limit) in [
        ("apiVersion", 256),
        ("appVersion", 256),
        ("description", 4 << 10),
    ] {
        let of = |length| json!({ key: text(length) });
        limited(limit, of, &of(limit));
    }
    let of = |length| json!({"keywords": [text(length), "b"]});
    limited(256, of, &of(256));
    let of = |length| json!({"maintainers": [{"name": text(length), "email": text(length)}]});
    limited(256, of, &of(256));
    let named = json!({"maintainers": [{"name": text(256)}]});
    assert_eq!(read(&json!({"maintainers": [text(257)]})), named);
    let of =
        |length| json!({"dependencies": [{"name": "d", "repository": "", "tags": [text(length)]}]});
    limited(256, of, &of(256));
}

/// Addresses and constraints mean nothing when cut.
#[test]
fn what_cannot_be_cut_is_left_out_beyond_its_limit() {
    for (key, limit) in [
        ("home", 2 << 10),
        ("icon", 16 << 10),
        ("kubeVersion", 512),
        ("condition", 512),
        ("tags", 512),
    ] {
        limited(limit, |length| json!({ key: text(length) }), &json!({}));
    }
    limited(
        2 << 10,
        |length| json!({"sources": [text(length), "b"]}),
        &json!({"sources": ["b"]}),
    );
    limited(
        2 << 10,
        |length| json!({"maintainers": [{"name": "m", "url": text(length)}]}),
        &json!({"maintainers": [{"name": "m"}]}),
    );
    limited(
        16 << 10,
        |length| json!({"annotations": {"a": text(length), "b": "c"}}),
        &json!({"annotations": {"b": "c"}}),
    );
}

#[test]
fn lists_end_at_their_limit() {
    let numbered =
        |count: usize| -> Vec<String> { (0..count).map(|n| format!("n{n:03}")).collect() };
    for key in ["keywords", "sources"] {
        let of = |count| json!({ key: numbered(count) });
        limited(256, of, &of(256));
    }
    let of = |count| {
        let people: Vec<Json> = numbered(count)
            .into_iter()
            .map(|name| json!({ "name": name }))
            .collect();
        json!({ "maintainers": people })
    };
    limited(256, of, &of(256));
    let of = |count| {
        let notes: serde_json::Map<String, Json> = numbered(count)
            .into_iter()
            .map(|key| (key, "b".into()))
            .collect();
        json!({ "annotations": notes })
    };
    limited(256, of, &of(256));
    let of = |count| {
        let dependencies: Vec<Json> = numbered(count)
            .into_iter()
            .map(|name| json!({"name": name, "repository": ""}))
            .collect();
        json!({ "dependencies": dependencies })
    };
    limited(512, of, &of(512));
    for key in ["tags", "import-values"] {
        let of = |count| json!({"dependencies": [{"name": "d", "repository": "", key: numbered(count)}]});
        limited(64, of, &of(64));
    }
    let of = |count| {
        let paths: serde_json::Map<String, Json> = numbered(count)
            .into_iter()
            .map(|key| (key, "b".into()))
            .collect();
        json!({"dependencies": [{"name": "d", "repository": "", "import-values": [paths]}]})
    };
    limited(8, of, &of(8));
}

#[test]
fn dependencies_keep_to_their_limits() {
    let with = |key: &str, value: Json| {
        let mut dependency = json!({"name": "d", "repository": ""});
        dependency[key] = value;
        json!({"dependencies": [dependency]})
    };
    let plain = json!({"dependencies": [{"name": "d", "repository": ""}]});
    limited(250, |length| with("name", text(length)), &json!({}));
    limited(2 << 10, |length| with("repository", text(length)), &plain);
    for (key, limit) in [("version", 512), ("condition", 512), ("alias", 250)] {
        limited(limit, |length| with(key, text(length)), &plain);
    }
    let import = |value: Json| with("import-values", json!([value, "b"]));
    let rest = with("import-values", json!(["b"]));
    limited(512, |length| import(text(length)), &rest);
    let child = |length| import(json!({"child": text(length), "parent": "p"}));
    limited(512, child, &import(json!({"parent": "p"})));
    let key = |length| {
        let mut paths = json!({"parent": "p"});
        paths["x".repeat(length)] = "b".into();
        import(paths)
    };
    limited(256, key, &import(json!({"parent": "p"})));
}

/// A `requirements.yaml` beyond the limit of YAML is not read.
#[test]
fn long_requirements_change_nothing() {
    let required = |length: usize| {
        let mut metadata = Metadata::from_json(br#"{"name": "a", "version": "1.0.0"}"#).unwrap();
        let yaml = format!("dependencies:\n- name: d\n#{}", "#".repeat(length));
        metadata.require(&yaml.as_bytes()[..length]);
        metadata.to_json().contains("dependencies")
    };
    assert!(required(MAX_YAML));
    assert!(!required(MAX_YAML + 1));
}

/// Whoever calls them.
#[test]
fn yaml_of_any_shape_and_listed_versions_have_the_limit_of_metadata() {
    let spaces = |length| " ".repeat(length).into_bytes();
    let too_large = || Unfit::MetadataTooLarge(MAX_YAML);
    assert_eq!(json_of_yaml(&spaces(MAX_YAML)), Ok(Json::Null));
    assert_eq!(json_of_yaml(&spaces(MAX_YAML + 1)), Err(too_large()));
    for read in [ListedVersion::from_json, ListedVersion::from_yaml] {
        assert_ne!(read(&spaces(MAX_YAML)), Err(too_large()));
        assert_eq!(read(&spaces(MAX_YAML + 1)), Err(too_large()));
    }
}
