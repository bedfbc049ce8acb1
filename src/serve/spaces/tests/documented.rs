//! The `OpenAPI` document against the route table and the answers: what one has and the other lacks is a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

use super::*;
use crate::serve::route::{Route, SpaceCall};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(crate::serve::spaces::DOCUMENT).unwrap());

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// An operation's name in the document.
fn operation(call: &SpaceCall) -> &'static str {
    use SpaceCall as Call;
    match call {
        Call::Spaces => "listSpaces",
        Call::Create => "createSpace",
        Call::Remove => "deleteSpace",
        Call::Charts => "listCharts",
        Call::Upload => "createChart",
        Call::RemoveChart(_) => "deleteChart",
        Call::Versions(_) => "listVersions",
        Call::Download(_) => "downloadVersion",
        Call::Replace(_) => "replaceVersion",
        Call::RemoveVersion(_) => "deleteVersion",
        Call::Metadata(_) => "readMetadata",
        Call::ReplaceMetadata(_) => "replaceMetadata",
        Call::Values(_) => "readValues",
        Call::ReplaceValues(_) => "replaceValues",
        Call::Describe { chart, latest } => match (chart, latest) {
            (None, false) => "describeSpace",
            (None, true) => "describeSpaceLatest",
            (Some(_), false) => "describeChart",
            (Some(_), true) => "describeChartLatest",
        },
    }
}

/// The operations of the document: path, method, and what is said of it.
pub(super) fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let mut operations = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for method in METHODS {
            operations.extend(item.get(method).map(|said| (path.as_str(), method, said)));
        }
    }
    operations
}

/// What a `$ref` names.
fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref") {
        Some(name) => {
            let name = name.as_str().unwrap();
            let pointer = name.strip_prefix('#').unwrap();
            DOCUMENT
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{name} names nothing"))
        }
        None => value,
    }
}

/// What is wrong with a value by a schema, of the words that the document uses.
fn faults(place: &str, value: &Value, schema: &'static Value, faults: &mut Vec<String>) {
    let schema = resolved(schema);
    for (word, wanted) in schema.as_object().unwrap() {
        match word.as_str() {
            "type" => {
                let kind = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "integer",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                let several = wanted.as_array().into_iter().flatten();
                if wanted != kind && !several.into_iter().any(|one| one == kind) {
                    faults.push(format!("{place}: {kind}, not {wanted}"));
                }
            }
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                faults.push(format!("{place}: {value} is none of {wanted}"));
            }
            "required" => {
                for key in wanted.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        faults.push(format!("{place} lacks {key}"));
                    }
                }
            }
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        self::faults(&format!("{place}.{key}"), value, schema, faults);
                    }
                }
            }
            "additionalProperties" if *wanted == Value::Bool(false) => {
                let known = schema["properties"].as_object().unwrap();
                for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
                    if !known.contains_key(key) {
                        faults.push(format!("{place} has {key}"));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, value) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(key)) {
                        self::faults(&format!("{place}.{key}"), value, wanted, faults);
                    }
                }
            }
            "items" => {
                for value in value.as_array().into_iter().flatten() {
                    self::faults(&format!("{place}[]"), value, wanted, faults);
                }
            }
            "allOf" => {
                for schema in wanted.as_array().unwrap() {
                    self::faults(place, value, schema, faults);
                }
            }
            "enum" | "description" => {}
            word => panic!("the tests do not know the word {word}"),
        }
    }
}

/// Statuses that an operation may answer without a word about them: what is the same for all, and what a registry is at fault for.
fn is_anything_else(status: u16) -> bool {
    matches!(status, 405 | 406 | 408 | 416 | 429 | 500 | 502..)
}

/// What was answered: the operation, and its status if the document has it. Panics where an answer is not as the document says.
#[track_caller]
pub(crate) fn judge(
    method: &str,
    path: &str,
    answer: &Response<Body<Bytes>>,
) -> Option<(&'static str, u16)> {
    let path = path.split('?').next().unwrap();
    let method: Method = method.parse().unwrap();
    let Ok(Route::Spaces(_, call)) = Route::of(&method, path) else {
        return None;
    };
    let id = operation(&call);
    let mut all = operations().into_iter();
    let (_, _, said) = all.find(|(_, _, said)| said["operationId"] == id).unwrap();
    let status = answer.status().as_u16();
    let documented = said["responses"].get(status.to_string());
    assert!(
        documented.is_some() || is_anything_else(status),
        "{method} {path}: {status} is no answer of {id}"
    );
    let response = resolved(documented.unwrap_or(&said["responses"]["default"]));
    let answered = documented.map(|_| (id, status));
    if method == Method::HEAD || status == 302 {
        return answered;
    }
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.map(|kind| kind.to_str().unwrap());
    let bytes = match answer.body() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::Empty => Bytes::new(),
        _ => {
            assert!(response["content"].get(kind.unwrap()).is_some(), "{kind:?}");
            return answered;
        }
    };
    match (response.get("content"), kind) {
        (None, None) => assert!(bytes.is_empty(), "{method} {path}: {status} has a body"),
        (Some(content), Some(kind)) => {
            let media = &content.get(kind);
            let media = media.unwrap_or_else(|| panic!("{method} {path}: {status} is {kind}"));
            if let (Some(schema), false) = (media.get("schema"), bytes.is_empty()) {
                let value = serde_json::from_slice(&bytes).unwrap();
                let mut found = Vec::new();
                faults("body", &value, schema, &mut found);
                assert_eq!(
                    found,
                    Vec::<String>::new(),
                    "{method} {path}: {status} {value}"
                );
            }
        }
        (said, kind) => panic!("{method} {path}: {status} is {kind:?}, and {said:?} is said"),
    }
    answered
}

#[test]
fn anybody_gets_the_document() {
    let museum = Museum::new(&[("ACCOUNTS", "anna: { token: the-token-of-anna, read: team }")]);
    for (method, length) in [("GET", crate::serve::spaces::DOCUMENT.len()), ("HEAD", 0)] {
        let answer = museum.send_with(method, "/apidocs.json", &[], "");
        assert_eq!(status(&answer), 200);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(bytes(&answer).len(), length);
    }
    assert_eq!(museum.world.registry.calls(), 0);
}

/// Each path of the document is a route, with the methods that the table has and no others, and each call of the table is in it.
#[test]
fn the_document_and_the_route_table_have_the_same_routes() {
    let mut found = BTreeMap::new();
    for (template, method, said) in operations() {
        let path = format!("/api/v1{template}")
            .replace("{space}", "team/a")
            .replace("{chart}", "web")
            .replace("{version}", "1.0.0-rc.1+b");
        let upper: Method = method.to_uppercase().parse().unwrap();
        let route = Route::of(&upper, &path).unwrap_or_else(|it| panic!("{method} {path}: {it}"));
        let allowed: BTreeSet<String> = route
            .rule()
            .methods
            .split(", ")
            .map(str::to_lowercase)
            .collect();
        let item = DOCUMENT["paths"][template].as_object().unwrap();
        let documented = METHODS
            .into_iter()
            .filter(|method| item.contains_key(*method));
        let mut documented: BTreeSet<String> = documented.map(str::to_owned).collect();
        if documented.contains("get") {
            documented.insert("head".to_owned());
        }
        assert_eq!(documented, allowed, "{template}");
        let Route::Spaces(_, call) = route else {
            panic!("{method} {path} is no route of the API")
        };
        assert_eq!(said["operationId"], operation(&call), "{method} {template}");
        let variant = format!("{call:?}");
        let variant = variant.split([' ', '(']).next().unwrap().to_owned();
        found
            .entry(variant)
            .or_insert_with(BTreeSet::new)
            .insert(operation(&call));
    }
    let source = include_str!("../../route/spaces.rs");
    let (_, variants) = source
        .split_once("pub(in crate::serve) enum SpaceCall {")
        .unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    let variants = variants.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        let name = name.split(['(', ',', ' ']).next()?;
        name.starts_with(char::is_uppercase)
            .then(|| name.to_owned())
    });
    let variants: BTreeSet<String> = variants.collect();
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), variants);
    assert_eq!(found["Describe"].len(), 4);
}

/// Everything that the document names is in it, and everything in it is named.
#[test]
fn every_reference_of_the_document_is_one() {
    fn walk(value: &'static Value, named: &mut BTreeSet<&'static str>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if key == "$ref" {
                        let name = value.as_str().unwrap();
                        let pointer = name.strip_prefix('#').unwrap();
                        assert!(DOCUMENT.pointer(pointer).is_some(), "{name}");
                        named.insert(name);
                    }
                    walk(value, named);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, named)),
            _ => {}
        }
    }
    let mut named = BTreeSet::new();
    walk(&DOCUMENT, &mut named);
    for kind in ["parameters", "responses", "schemas"] {
        for name in DOCUMENT["components"][kind].as_object().unwrap().keys() {
            let name = format!("#/components/{kind}/{name}");
            assert!(named.contains(name.as_str()), "{name} is not named");
        }
    }
}
