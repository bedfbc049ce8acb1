//! No config blob, however malformed, breaks a document, or hides another chart.

use proptest::prelude::*;

use super::helm::accepts;
use super::*;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The keys that Helm knows, some that it does not, and some that only look like them.
const KEYS: [&str; 26] = [
    "apiVersion",
    "name",
    "version",
    "appVersion",
    "description",
    "type",
    "keywords",
    "home",
    "sources",
    "icon",
    "maintainers",
    "dependencies",
    "annotations",
    "kubeVersion",
    "deprecated",
    "condition",
    "tags",
    "engine",
    "created",
    "digest",
    "urls",
    "removed",
    "alias",
    "import-values",
    "Name",
    "",
];

/// Text of JSON, not always right: as a script or an attacker writes it.
fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        Just(
            "\u{0}\u{7}\u{1b}\u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}\u{202e}"
                .to_owned()
        ),
        Just("🚀\u{10ffff}é".to_owned()),
        Just("a: b\n- c\n'\"\\/\t# yes".to_owned()),
        "[a-z\u{80}\n]{50}".prop_map(|text| text.repeat(1_500)),
    ];
    let quoted = text.prop_map(|text| serde_json::to_string(&text).unwrap());
    let scalar = prop_oneof![
        4 => quoted,
        1 => Just("null".to_owned()),
        1 => any::<bool>().prop_map(|value| value.to_string()),
        1 => any::<f64>().prop_map(|value| serde_json::to_string(&value).unwrap()),
        1 => Just("1.10".to_owned()),
        1 => Just("72551e2".to_owned()),
        1 => Just("-0".to_owned()),
        1 => Just(r#""\ud83d""#.to_owned()),
        1 => Just(r#""\ude80\ud83d x""#.to_owned()),
        1 => Just(r#""\u0000\u007f\/""#.to_owned()),
        1 => (1_usize..200).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
        1 => (1_usize..200).prop_map(|depth| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))),
    ];
    scalar.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            object(inner, 6),
        ]
    })
}

/// An object, its keys as often as they come.
fn object(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    let key = prop_oneof![
        5 => prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec((key, value), 0..most).prop_map(|fields| {
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(key, value)| format!("{}:{value}", serde_json::to_string(&key).unwrap()))
            .collect();
        format!("{{{}}}", fields.join(","))
    })
}

/// A config blob. Most have a name and a version, or they would not get far.
fn config() -> impl Strategy<Value = Vec<u8>> {
    let named = (
        object(value(), 12),
        prop::sample::select(vec!["x", "y", "X-1", "0"]),
        0_u8..4,
        any::<bool>(),
    )
        .prop_map(|(object, name, minor, first)| {
            let own = format!(r#""name":"{name}","version":"1.{minor}.0","type":"application""#);
            let rest = object
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .unwrap();
            let parts = if first {
                [own.as_str(), rest]
            } else {
                [rest, own.as_str()]
            };
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            format!("{{{}}}", parts.join(",")).into_bytes()
        });
    prop_oneof![
        8 => named,
        2 => object(value(), 12).prop_map(String::into_bytes),
        1 => value().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..100),
    ]
}

/// One with a byte changed, perhaps.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    (
        config(),
        prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
    )
        .prop_map(|(mut config, damage)| {
            if let (Some((at, byte)), false) = (damage, config.is_empty()) {
                let at = at.index(config.len());
                config[at] = byte;
            }
            config
        })
}

fn published(format: &str, configs: &[Vec<u8>]) -> Value {
    let world = World::with(&[("INDEX_FORMAT", format), ("SUBREQUEST_BUDGET", "1000")]);
    world.registry.push_version("charts/good", "good", "1.0.0");
    for (nth, config) in configs.iter().enumerate() {
        let layer = |media_type: &str, bytes: &[u8]| {
            let digest = world.registry.push_blob(bytes.to_vec());
            serde_json::json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
        };
        let package = layer(
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            format!("package {nth}").as_bytes(),
        );
        let manifest = serde_json::json!({"schemaVersion": 2, "config": layer("application/vnd.cncf.helm.config.v1+json", config), "layers": [package]});
        world.registry.push_manifest(
            &format!("charts/r{nth}"),
            "1.0.0",
            MANIFEST,
            manifest.to_string(),
        );
    }
    let pass = world.pass();
    assert_eq!(pass.faults, 0);
    let key = Key::Index(View::root()).name(world.config.fingerprint());
    let (bytes, _) = world
        .documents
        .stored(&key)
        .expect("the index is published");
    let index = accepts(&bytes, format);
    assert_eq!(
        index["entries"]["good"].as_array().unwrap().len(),
        1,
        "the neighbour is served"
    );
    // What is not served is reported.
    let info = world.ask(&ask::Info { page: 0 });
    let served = pass.versions;
    let told = |list: &str| info[list].as_array().unwrap().len() as u64;
    let all = served + told("skipped") + told("shadowed");
    assert_eq!(all, 1 + configs.len() as u64);
    index
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_config_blob_breaks_a_document(configs in prop::collection::vec(damaged(), 1..10)) {
        let [json, yaml] = ["json", "yaml"].map(|format| published(format, &configs));
        prop_assert_eq!(json, yaml, "both formats say the same");
    }
}
