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
            "keywords" | "sources" => value.as_array().unwrap().iter().for_each(perhaps_empty),
            "deprecated" => assert_eq!(value, &Json::Bool(true)),
            "annotations" => {
                for (key, value) in value.as_object().unwrap() {
                    let refused = ['\u{fffe}', '\u{ffff}'];
                    assert!(!key.contains(refused) && !value.as_str().unwrap().contains(refused));
                }
            }
            "maintainers" => value.as_array().unwrap().iter().for_each(|person| {
                let person = person.as_object().unwrap();
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
        assert!(dependency["repository"].is_string());
        assert!(seen.insert(known_as.as_str().unwrap().to_owned()));
        for (key, value) in dependency {
            match key.as_str() {
                "repository" => perhaps_empty(value),
                "name" | "version" | "condition" => one_line_text(value),
                "alias" => {
                    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    assert!(
                        !value.as_str().unwrap().is_empty()
                            && value.as_str().unwrap().chars().all(is_legal)
                    );
                }
                "enabled" => assert_eq!(value, &Json::Bool(true)),
                "tags" => value.as_array().unwrap().iter().for_each(perhaps_empty),
                "import-values" => {
                    for import in value.as_array().unwrap() {
                        if let Json::Object(pair) = import {
                            pair.values().for_each(perhaps_empty);
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
    perhaps_empty(value);
    assert_ne!(value, "");
}

fn perhaps_empty(value: &Json) {
    for c in value.as_str().unwrap().chars() {
        let is_refused = c.is_control()
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            );
        assert!(!is_refused, "{c:?}");
    }
}
