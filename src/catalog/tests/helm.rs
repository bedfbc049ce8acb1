//! Helm's own rules for an index, as a checker: `pkg/repo/index.go` (`loadIndex`, `IndexFile`, `ChartVersion`) and
//! `pkg/chart/{metadata,dependency}.go` (`Validate`) of Helm 3.21 and 4.2, with what older ones refuse besides.

use serde_json::{Map, Value};

/// Judges a document as every Helm would, and gives what it says. A whole index is refused for one wrong type or unknown key.
#[track_caller]
pub(super) fn accepts(bytes: &[u8], format: &str) -> Value {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    plain(text);
    // Strict: it refuses keys that stand twice, control characters and bad escapes, as go-yaml does. JSON is YAML, too.
    let strict: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
    let index = serde_json::to_value(strict).expect("keys of text");
    if format == "json" {
        let json: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(json, index, "both parsers read the same");
        // Since 3.13: json.Valid decides.
        assert!(text.starts_with('{'));
    }
    let top = index.as_object().unwrap();
    assert_eq!(
        top["apiVersion"], "v1",
        "an index without apiVersion is refused"
    );
    for (key, value) in top {
        match key.as_str() {
            "apiVersion" => {}
            "generated" => date(value),
            "entries" => entries(value),
            unknown => panic!("{unknown} is unknown to Helm"),
        }
    }
    index
}

/// The text keeps to what was seen to be accepted by Helm 3.6 to 4, by Argo CD (yaml.v2) and by Renovate.
fn plain(text: &str) {
    let raw = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
    };
    assert_eq!(text.find(raw), None, "a raw control character");
    let mut rest = text;
    while let Some((_, escape)) = rest.split_once('\\') {
        let length = match escape.chars().next() {
            Some('"' | '\\' | 'n' | 't') => 1,
            Some('u') => {
                let code = u32::from_str_radix(escape.get(1..5).unwrap(), 16).unwrap();
                assert!(
                    !(0xd800..0xe000).contains(&code),
                    "half of a surrogate pair"
                );
                5
            }
            other => panic!("the escape {other:?}"),
        };
        rest = escape.get(length..).unwrap();
    }
}

fn entries(value: &Value) {
    let mut charts: Vec<&String> = Vec::new();
    for (chart, versions) in value.as_object().unwrap() {
        charts.push(chart);
        let versions = versions.as_array().unwrap();
        assert!(!versions.is_empty(), "a chart without a version");
        for version in versions {
            let entry = version
                .as_object()
                .expect("old Helms panic on a null version");
            assert_eq!(
                entry["name"], *chart,
                "looked up by key, validated by its name"
            );
            chart_version(entry);
        }
    }
}

/// `ChartVersion`: the metadata, and what an index adds.
fn chart_version(entry: &Map<String, Value>) {
    for (key, value) in entry {
        assert!(!value.is_null(), "{key} is null");
        match key.as_str() {
            "apiVersion" | "name" | "version" | "appVersion" | "description" | "type" | "home"
            | "icon" | "kubeVersion" | "condition" | "tags" => text(value),
            "keywords" | "sources" => texts(value),
            "deprecated" => assert!(value.is_boolean()),
            "annotations" => value.as_object().unwrap().values().for_each(text),
            "maintainers" => value.as_array().unwrap().iter().for_each(maintainer),
            "dependencies" => dependencies(value),
            "created" => date(value),
            "digest" => {
                let digest = value.as_str().unwrap();
                // Helm 4 files packages under it.
                assert!(
                    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{digest}"
                );
            }
            "urls" => {
                texts(value);
                url(value[0].as_str().unwrap(), entry);
            }
            unknown => panic!("{unknown} is unknown to Helm"),
        }
    }
    let required = |key: &str| {
        entry[key]
            .as_str()
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| panic!("no {key}"))
    };
    required("apiVersion");
    let name = required("name");
    // filepath.Base(name) == name; old Helms do not ask.
    assert!(
        !name.contains(['/', '\\']) && name != "." && name != "..",
        "{name}"
    );
    assert!(
        is_version(required("version")),
        "{} is no version",
        entry["version"]
    );
    if let Some(kind) = entry.get("type") {
        assert!(
            ["", "application", "library"].contains(&kind.as_str().unwrap()),
            "{kind}"
        );
    }
}

/// Relative, one segment for a file name that can be saved: Helm takes the last segment, and asks for `.prov` beside it.
fn url(url: &str, entry: &Map<String, Value>) {
    let file = format!(
        "{}-{}.tgz",
        entry["name"].as_str().unwrap(),
        entry["version"].as_str().unwrap()
    );
    let digest = entry["digest"].as_str().unwrap();
    assert_eq!(url, format!("charts/{}/{file}", digest.get(..16).unwrap()));
    assert!(!url.contains(['?', '#', '%', ' ', '\\', ':']), "{url}");
}

fn maintainer(value: &Value) {
    let person = value
        .as_object()
        .expect("Helm 3.6 and 3.8 panic on a null maintainer");
    for (key, value) in person {
        assert!(["name", "email", "url"].contains(&key.as_str()), "{key}");
        text(value);
    }
}

fn dependencies(value: &Value) {
    let mut seen = std::collections::HashSet::new();
    for dependency in value.as_array().unwrap() {
        let dependency = dependency.as_object().expect("a null dependency");
        for (key, value) in dependency {
            match key.as_str() {
                "name" | "version" | "repository" | "condition" => text(value),
                "tags" => texts(value),
                "enabled" => assert!(value.is_boolean()),
                "import-values" => assert!(value.is_array()),
                "alias" => {
                    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
                    assert!(
                        value
                            .as_str()
                            .is_some_and(|alias| !alias.is_empty() && alias.bytes().all(legal)),
                        "{value}"
                    );
                }
                unknown => panic!("{unknown} is unknown to Helm"),
            }
        }
        let known_as = dependency.get("alias").unwrap_or(&dependency["name"]);
        assert!(
            seen.insert(known_as.as_str().unwrap()),
            "3.14.0 to 3.14.2 refuse {known_as} twice"
        );
    }
}

fn text(value: &Value) {
    assert!(value.is_string(), "{value} is no text");
}

fn texts(value: &Value) {
    value.as_array().unwrap().iter().for_each(text);
}

/// RFC 3339, as `time.Time` reads it.
fn date(value: &Value) {
    let text = value.as_str().unwrap();
    let read = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    assert!(read.is_ok(), "{text}");
}

/// The expression of `semver.NewVersion` (Masterminds/semver), by hand.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let (numbers, prerelease) = text
        .split_once('-')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number =
        |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u64>().is_ok();
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let leads = |part: &str| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    (1..=3).contains(&numbers.len())
        && numbers.iter().all(is_number)
        && build.is_none_or(|build| build.split('.').all(is_word))
        && prerelease.is_none_or(|text| text.split('.').all(|part| is_word(part) && !leads(part)))
}

#[test]
fn the_checker_refuses_what_helm_refuses() {
    let entry = r#""name":"a","version":"1.0.0","apiVersion":"v2","digest":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","urls":["charts/aaaaaaaaaaaaaaaa/a-1.0.0.tgz"]"#;
    let index = |entry: &str| format!(r#"{{"apiVersion":"v1","entries":{{"a":[{entry}]}}}}"#);
    accepts(index(&format!("{{{entry}}}")).as_bytes(), "json");
    let refused = [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        index("null"),
        index(&format!("{{{entry},\"name\":\"a\"}}")),
        index(&format!("{{{entry},\"appVersion\":1}}")),
        index(&format!("{{{entry},\"created\":\"yesterday\"}}")),
        index(&format!("{{{entry},\"maintainers\":[null]}}")),
        index(&format!("{{{entry},\"unknown\":\"x\"}}")),
        index(&format!("{{{entry},\"type\":\"weird\"}}")),
        index(&format!(
            "{{{entry},\"dependencies\":[{{\"name\":\"b\",\"alias\":\"../b\"}}]}}"
        )),
        index(&format!("{{{entry},\"home\":\"\\ud83d\\ude80\"}}")),
        index(&format!("{{{entry},\"home\":\"a\\/b\"}}")),
        index(&format!("{{{entry},\"home\":\"\u{85}\"}}")),
        index(&format!("{{{}}}", entry.replace("1.0.0", "nope"))),
        index(&format!(
            "{{{}}}",
            entry.replace(r#""a","#, r#""../../a","#)
        )),
    ];
    for document in refused {
        let judged = std::panic::catch_unwind(|| accepts(document.as_bytes(), "json"));
        assert!(judged.is_err(), "{document}");
    }
}
