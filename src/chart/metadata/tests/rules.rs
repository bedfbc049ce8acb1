//! Helm's rules, as a checker.

use serde_json::{Value as Json, json};

use super::super::*;

/// Every rule that an entry must keep, whatever it was made of: by the words of Helm (`Metadata.Validate`, the types of the structs,
/// the regular expressions), not by ours.
#[track_caller]
pub(super) fn satisfies_helm(metadata: &Metadata) {
    let text = metadata.to_json();
    assert!(text.len() <= Metadata::MAX_WRITTEN);
    let json: Json = serde_json::from_str(&text).unwrap();
    let Json::Object(fields) = &json else {
        panic!("no object: {text}");
    };
    for (key, value) in fields {
        match key.as_str() {
            "apiVersion" | "name" | "version" | "appVersion" | "description" | "type" | "home"
            | "icon" | "kubeVersion" | "condition" | "tags" => one_line_text(value),
            "keywords" | "sources" => value.as_array().unwrap().iter().for_each(one_line_text),
            "deprecated" => assert_eq!(value, &Json::Bool(true)),
            "annotations" => {
                for (key, value) in value.as_object().unwrap() {
                    assert!(!key.is_empty() && !key.contains(char::is_control));
                    printable(value.as_str().unwrap(), &['\n', '\t']);
                }
            }
            "maintainers" => value.as_array().unwrap().iter().for_each(|person| {
                let person = person.as_object().unwrap();
                assert!(!person.is_empty());
                for (key, value) in person {
                    assert!(["name", "email", "url"].contains(&key.as_str()));
                    one_line_text(value);
                }
            }),
            "dependencies" => dependencies_satisfy_helm(value),
            unknown => panic!("{unknown} is unknown to Helm"),
        }
        assert_ne!(value, &json!([]), "{key}");
        assert_ne!(value, &json!({}), "{key}");
    }
    let name = fields["name"].as_str().unwrap();
    assert!(name != "." && name != ".." && !name.contains(['/', '\\']) && name.len() <= 250);
    assert!(Version::parse(fields["version"].as_str().unwrap()).is_ok());
    assert!(fields["apiVersion"].is_string());
    if let Some(kind) = fields.get("type") {
        assert!(kind == "application" || kind == "library");
    }
    // What the catalog wrote it reads again, and it stays what it is.
    assert_eq!(Metadata::from_json(text.as_bytes()).as_ref(), Ok(metadata));
    assert_eq!(Metadata::from_yaml(text.as_bytes()).as_ref(), Ok(metadata));
    assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), *metadata);
}

fn dependencies_satisfy_helm(value: &Json) {
    let mut seen = std::collections::HashSet::new();
    for dependency in value.as_array().unwrap() {
        let dependency = dependency.as_object().unwrap();
        let known_as = dependency.get("alias").unwrap_or(&dependency["name"]);
        assert!(seen.insert(known_as.as_str().unwrap().to_owned()));
        for (key, value) in dependency {
            match key.as_str() {
                "name" | "version" | "repository" | "condition" => one_line_text(value),
                "alias" => {
                    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    assert!(
                        !value.as_str().unwrap().is_empty()
                            && value.as_str().unwrap().chars().all(is_legal)
                    );
                }
                "enabled" => assert_eq!(value, &Json::Bool(true)),
                "tags" => value.as_array().unwrap().iter().for_each(one_line_text),
                "import-values" => {
                    for import in value.as_array().unwrap() {
                        if let Json::Object(pair) = import {
                            assert_eq!(pair.keys().collect::<Vec<_>>(), ["child", "parent"]);
                            pair.values().for_each(one_line_text);
                        } else {
                            one_line_text(import);
                        }
                    }
                }
                unknown => panic!("{unknown} is unknown to Helm"),
            }
        }
    }
}

fn one_line_text(value: &Json) {
    let text = value.as_str().unwrap();
    assert!(!text.is_empty());
    printable(text, &[]);
}

fn printable(text: &str, besides: &[char]) {
    for c in text.chars() {
        let is_refused = c.is_control()
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            );
        assert!(!is_refused || besides.contains(&c), "{c:?}");
    }
}
