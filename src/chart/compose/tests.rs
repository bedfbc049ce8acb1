use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::chart::{ChartContents, Inspected};
use crate::testing::package;

fn source(chart: &str) -> SourceChart {
    SourceChart {
        space: "team".to_owned(),
        chart: chart.to_owned(),
        version: "1.0.0".to_owned(),
    }
}

/// `app` with the charts `db` (with `backup` in it) and `cache` in it, as apiVersion v2; `old` of v1; `lone`.
fn sources() -> BTreeMap<SourceChart, LoadedChart> {
    let yaml = |format: &str, name: &str, rest: &str| {
        format!("apiVersion: {format}\nname: {name}\nversion: 1.0.0\n{rest}")
    };
    let app = "description: The app\ndependencies:\n- {name: db, version: 1.x, repository: 'https://charts.example', condition: db.enabled}\n";
    let packages = [
        (
            "app",
            vec![
                ("app/Chart.yaml", yaml("v2", "app", app)),
                ("app/Chart.lock", "dependencies: []".to_owned()),
                ("app/values.yaml", "a: 1\n".to_owned()),
                (
                    "app/values.schema.json",
                    r#"{"required": ["a"]}"#.to_owned(),
                ),
                (
                    "app/templates/x.yaml",
                    "x: {{ .Values._config.x }}\n".to_owned(),
                ),
                ("app/charts/db/Chart.yaml", yaml("v2", "db", "")),
                ("app/charts/db/values.yaml", "b: 2\n".to_owned()),
                (
                    "app/charts/db/charts/backup/Chart.yaml",
                    yaml("v1", "backup", ""),
                ),
                ("app/charts/cache/Chart.yaml", yaml("v2", "cache", "")),
            ],
        ),
        (
            "old",
            vec![
                ("o/Chart.yaml", yaml("v1", "old", "")),
                (
                    "o/requirements.yaml",
                    "dependencies:\n- {name: x, version: 1.x, repository: ''}\n".to_owned(),
                ),
                ("o/requirements.lock", "dependencies: []".to_owned()),
            ],
        ),
        ("lone", vec![("l/Chart.yaml", yaml("v2", "lone", ""))]),
    ];
    let load = |(name, files): &(&str, Vec<(&str, String)>)| {
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(path, text)| (*path, text.as_bytes()))
            .collect();
        (source(name), LoadedChart::load(&package(&files)).unwrap())
    };
    packages.iter().map(load).collect()
}

fn of(chart: &str, independent: bool) -> Value {
    json!({"independent": independent, "space": "team", "chart": chart, "version": "1.0.0"})
}

fn composed(configs: &Value) -> Result<Vec<u8>, Unfit> {
    Composition::read(configs)?.package(&sources(), "new", "2.0.0", "A\nnew one")
}

/// Names of charts as they lie in each other.
fn tree(chart: &LoadedChart) -> String {
    let charts: Vec<String> = chart.charts.iter().map(tree).collect();
    match charts.as_slice() {
        [] => chart.metadata.name.clone(),
        charts => format!("{}({})", chart.metadata.name, charts.join(" ")),
    }
}

#[test]
fn charts_are_taken_renamed_and_given_values() {
    let configs = json!({
        "package": of("app", true), "_config": {"x": 1},
        "store": {"package": of("db", false), "_config": {"y": [2]}, "copy": {"package": of("backup", false)}},
        "replica": {"package": of("db", false)},
        "old": {"package": of("old", true), "inner": {"package": of("lone", true), "_config": "text"}},
    });
    let made = composed(&configs).unwrap();
    assert_eq!(made, composed(&configs).unwrap());
    let chart = LoadedChart::load(&made).unwrap();
    assert_eq!(tree(&chart), "new(old(inner) replica store(copy))");
    assert_eq!(
        chart.described(),
        json!({
            "apiVersion": "v2", "name": "new", "version": "2.0.0", "description": "A new one",
            "requirements": [
                {"name": "old", "version": "1.0.0", "repository": ""},
                {"name": "replica", "version": "1.0.0", "repository": ""},
                {"name": "store", "version": "1.0.0", "repository": ""},
            ],
            "dependencies": [
                {"apiVersion": "v1", "name": "old", "version": "1.0.0",
                 "requirements": [{"name": "inner", "version": "1.0.0", "repository": ""}],
                 "dependencies": [{"apiVersion": "v2", "name": "inner", "version": "1.0.0"}]},
                {"apiVersion": "v2", "name": "replica", "version": "1.0.0"},
                {"apiVersion": "v2", "name": "store", "version": "1.0.0",
                 "requirements": [{"name": "copy", "version": "1.0.0", "repository": ""}],
                 "dependencies": [{"apiVersion": "v1", "name": "copy", "version": "1.0.0"}]},
            ],
        })
    );
    let files: Vec<&str> = chart.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["Chart.yaml", "templates/x.yaml", "values.yaml"]);
    let contents = ChartContents::of(&made).unwrap();
    assert_eq!(
        contents.parsed_values(),
        Ok(
            json!({"_config": {"x": 1}, "store": {"_config": {"y": [2]}}, "old": {"inner": {"_config": "text"}}})
        )
    );
    assert_eq!(Inspected::of(&made).unwrap().metadata.name, "new");
}

/// The whole of what composes: renamed, nested, twice, of both forms of charts, with values of any kind.
fn full() -> Value {
    json!({
        "package": of("app", true), "_config": {"x": 1, "text": "yes: no"},
        "store": {"package": of("db", false), "_config": [1.5], "copy": {"package": of("backup", false)}},
        "replica": {"package": of("db", false), "_config": null},
        "old": {"package": of("old", true), "inner": {"package": of("lone", true), "_config": "\u{85}"}},
    })
}

/// What these parts give, they give with every release: who composes again stores nothing new.
#[test]
fn the_same_parts_give_the_same_bytes_with_any_release() {
    let golden = [
        json!({"package": of("lone", true)}),
        json!({"package": of("old", true), "_config": {"a": {"b": [1, "2"]}}}),
        full(),
    ];
    let told: Vec<String> = golden
        .iter()
        .map(|configs| {
            let made = composed(configs).unwrap();
            format!("{} {}", made.len(), crate::oci::Digest::sha256_of(&made))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
        2071 sha256:3534b56ff9d7706c75cedf11b831077a5994d7289a553417e9bcb261cf7f5d5a
        3095 sha256:18a1df6c5b74fe0808af9b5d94280d90b85c46a5a3f7b26f3863f82b7d1cc7b1
        10263 sha256:f5d2ad70a13bf629d9e9b30dd9623609c25270231b1b4bf762948447abc6000c
    ");
}

/// The description is that of the new chart, also where it has none.
#[test]
fn a_description_is_not_taken_over() {
    let configs = json!({"package": of("app", true)});
    let composition = Composition::read(&configs).unwrap();
    let made = composition.package(&sources(), "new", "1.0.0", "").unwrap();
    let described = LoadedChart::load(&made).unwrap().described();
    assert_eq!(described.get("description"), None);
}

#[test]
fn a_chart_alone_loses_values_and_what_lay_in_it() {
    let made = composed(&json!({"package": of("app", true)})).unwrap();
    let chart = LoadedChart::load(&made).unwrap();
    assert_eq!(tree(&chart), "new");
    let files: Vec<&str> = chart.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["Chart.yaml", "templates/x.yaml"]);
}

#[test]
fn what_cannot_be_is_told_in_a_sentence() {
    let wide: Map<String, Value> = (0..100)
        .map(|n| (format!("c{n}"), json!({"package": of("lone", true)})))
        .collect();
    let mut wide = wide;
    wide.insert("package".to_owned(), of("lone", true));
    let mut deep = json!({"package": of("lone", true)});
    for _ in 0..9 {
        deep = json!({"package": of("lone", true), "c": deep});
    }
    let many: Map<String, Value> = (0..17)
        .map(|n| {
            (
                format!("c{n}"),
                json!({"package": of(&format!("s{n}"), true)}),
            )
        })
        .chain([("package".to_owned(), of("lone", true))])
        .collect();
    let of_lone = |key: &str, value: Value| json!({"package": of("lone", true), key: value});
    let told: Vec<String> = [
        json!([]),
        json!({}),
        json!({"package": 1}),
        json!({"package": {}}),
        json!({"package": {"independent": true, "space": "team", "chart": "lone", "version": 1}}),
        json!({"package": of("lone", false)}),
        of_lone("a", json!(1)),
        of_lone("a", json!({})),
        of_lone("a.b", json!({"package": of("lone", true)})),
        of_lone("global", json!({"package": of("lone", true)})),
        of_lone("../a", json!({"package": of("lone", true)})),
        of_lone("a", json!({"package": of("nothing", false)})),
        of_lone("a", json!({"package": of("nothing", true)})),
        Value::Object(wide),
        deep,
        Value::Object(many),
    ]
    .iter()
    .map(|configs| composed(configs).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
        configs is no object
        configs has no package
        configs has no package
        configs: independent of its package is neither true nor false
        configs: version of its package is no text
        configs: there is no chart that it could be taken from
        "a" in configs is no object
        "a" has no package
        "a.b" in configs is no name of a chart in another
        "global" in configs is no name of a chart in another
        "../a" in configs is no name of a chart in another
        there is no such chart: "a": "nothing"
        there is no such chart: "a": "nothing"
        more than 100 charts are wanted
        charts lie in charts more than 8 deep
        configs: more than 16 packages are wanted
    "#);
}

/// Any tree of charts, some of which are not there, and some names that are none.
fn configs() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("a".to_owned()),
        Just("B_1".to_owned()),
        Just("c-d".to_owned()),
        Just("package".to_owned()),
        Just("global".to_owned()),
        Just("x.tgz".to_owned()),
        "[a-zA-Z0-9_-]{1,8}",
        "\\PC{0,4}",
    ];
    let chart = prop_oneof![
        Just("app"),
        Just("db"),
        Just("cache"),
        Just("backup"),
        Just("old"),
        Just("lone"),
        Just("none")
    ];
    let values = prop_oneof![
        Just(json!(null)),
        Just(json!({"a": {"b": "\u{85}: #"}})),
        Just(json!([1, "yes"])),
        Just(json!(1.5))
    ];
    let node = (chart, any::<bool>(), proptest::option::of(values)).prop_map(
        |(chart, independent, values)| {
            let mut node = Map::new();
            node.insert("package".to_owned(), of(chart, independent));
            if let Some(values) = values {
                node.insert(CONFIG.to_owned(), values);
            }
            Value::Object(node)
        },
    );
    node.prop_recursive(4, 24, 4, move |inner| {
        (
            inner.clone(),
            proptest::collection::vec((name.clone(), inner), 0..4),
        )
            .prop_map(|(mut node, below)| {
                if let Value::Object(map) = &mut node {
                    for (name, part) in below {
                        map.entry(name).or_insert(part);
                    }
                }
                node
            })
    })
}

/// Names of charts as they are wanted in each other.
fn wanted(name: &str, node: &Value) -> String {
    let below = node.as_object().unwrap().iter();
    let charts: BTreeMap<&String, &Value> = below
        .filter(|(key, _)| !matches!(key.as_str(), "package" | CONFIG))
        .collect();
    let charts: Vec<String> = charts
        .into_iter()
        .map(|(name, node)| wanted(name, node))
        .collect();
    match charts.as_slice() {
        [] => name.to_owned(),
        charts => format!("{name}({})", charts.join(" ")),
    }
}

proptest! {
    #[test]
    fn any_tree_composes_to_what_helm_loads_or_is_refused(configs in configs()) {
        match composed(&configs) {
            Ok(made) => {
                let inspected = Inspected::of(&made).unwrap();
                prop_assert_eq!(inspected.metadata.name, "new");
                let chart = LoadedChart::load(&made).unwrap();
                prop_assert_eq!(tree(&chart), wanted("new", &configs));
                prop_assert!(chart.coalesced().is_ok());
                prop_assert_eq!(made, composed(&configs).unwrap());
            }
            Err(Unfit::Composition(_) | Unfit::NoPart(_)) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
