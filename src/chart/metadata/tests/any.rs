//! Whatever a config says.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::super::*;
use super::rules::satisfies_helm;

/// JSON of any shape, with the keys that are read among others.
fn any_json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        any::<String>(),
        "[a-z]{0,9}",
        Just("1.2.3".to_owned()),
        Just("\u{0}\u{7f}\u{85}\u{2028}\u{feff}\u{fffe}".to_owned()),
        "[a-z\n\u{80}]{200}".prop_map(|text| text.repeat(100)),
    ];
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text.prop_map(Json::from),
    ];
    let key = prop_oneof![
        proptest::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
        proptest::sample::select(vec![
            "email",
            "url",
            "repository",
            "alias",
            "enabled",
            "import-values",
            "child",
            "parent",
            ""
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    scalar.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            proptest::collection::btree_map(key.clone(), inner, 0..8)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_config_is_refused_or_safe(
        fields in proptest::collection::btree_map(proptest::sample::select(KEYS.to_vec()), any_json(), 0..17),
        named in any::<bool>(),
    ) {
        let mut config: serde_json::Map<String, Json> =
            fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        if named {
            config.insert("name".to_owned(), "a".into());
            config.insert("version".to_owned(), "1.0.0".into());
            config.remove("type");
        }
        let json = serde_json::to_vec(&config).unwrap();
        let yaml = serde_yaml::to_string(&config).unwrap();
        for read in [Metadata::from_json(&json), Metadata::from_yaml(yaml.as_bytes()), Metadata::from_yaml(&json)] {
            match read {
                Ok(metadata) => satisfies_helm(&metadata),
                Err(unfit) => {
                    prop_assert!(!unfit.to_string().contains(char::is_control));
                    prop_assert!(unfit.to_string().len() < 1000);
                }
            }
        }
        if named {
            prop_assert!(Metadata::from_json(&json).is_ok());
        }
    }

    #[test]
    fn any_bytes_are_refused_or_safe(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for read in [Metadata::from_json(&bytes), Metadata::from_yaml(&bytes)] {
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn a_broken_byte_is_survived(at in 0_usize..200, byte in any::<u8>()) {
        let mut config = br#"{"name":"a","version":"1.0.0","description":"x\n","annotations":{"a":"b"},"dependencies":[{"name":"b","alias":"c"}],"keywords":["\u00e9"]}"#.to_vec();
        let at = at % config.len();
        config[at] = byte;
        for read in [Metadata::from_json(&config), Metadata::from_yaml(&config)].into_iter().flatten() {
            satisfies_helm(&read);
        }
    }
}
