//! The pages and the example name every setting there is, and none that there is not.

// Pages are read as in tests/documentation.rs.
#[path = "../../../tests/files/mod.rs"]
mod files;
#[path = "../../../tests/pages/mod.rs"]
mod reading;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use files::read;
use reading::{first_column, pages, words};

use crate::config::Config;

/// The names that the code looks up.
fn settings() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let _ = Config::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    asked.into_inner()
}

/// `NAME=value` lines of the example; with `commented`, also those behind a `#`.
fn in_example(commented: bool) -> BTreeMap<String, String> {
    read(".env.example")
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(line) if commented => line.split_once('='),
            Some(_) => None,
            None => line.split_once('='),
        })
        .filter(|(name, _)| !name.contains(' '))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_table_has_every_setting() {
    assert_eq!(
        first_column(&read("docs/configuration.md"), "setting"),
        settings()
    );
}

#[test]
fn the_example_has_every_setting() {
    let names: BTreeSet<String> = in_example(true).into_keys().collect();
    assert_eq!(names, settings());
}

#[test]
fn the_example_is_valid_as_it_stands() {
    let given = in_example(false);
    let config = Config::from_lookup(|name| given.get(name).cloned());
    assert!(config.is_ok(), "{config:?}");
}

/// Each line that is commented out is right too, once its own neighbours are.
#[test]
fn the_example_shows_valid_values() {
    for (name, value) in in_example(true) {
        let neighbours = [
            ("REGISTRY", "ghcr.io/acme/charts"),
            ("REGISTRY_USERNAME", "robot"),
            ("REGISTRY_PASSWORD", "secret"),
            ("BASIC_AUTH_USER", "reader"),
            ("BASIC_AUTH_PASS", "secret"),
        ];
        let config = Config::from_lookup(|asked| {
            if asked == name && !value.is_empty() {
                return Some(value.clone());
            }
            // It stands instead of the settings of a single registry.
            let mut neighbours = neighbours
                .iter()
                .filter(|(neighbour, _)| name != "SOURCES" || !neighbour.starts_with("REGISTRY"));
            let neighbour = neighbours.find(|(name, _)| *name == asked);
            neighbour.map(|(_, value)| (*value).to_owned())
        });
        assert!(config.is_ok(), "{name}: {config:?}");
    }
}

/// What a page calls a setting, in `code` and in capitals with an underscore, is one.
#[test]
fn pages_name_no_setting_that_there_is_not() {
    /// Names of others: CI systems, wrangler, the scripts, bindings, the programs of the examples, constants of the code.
    const OTHERS: [&str; 13] = [
        "ALL_TOOLS",
        "ACCOUNTS_",
        "CARGO_",
        "CLOUDFLARE_",
        "CI_",
        "GITHUB_",
        "MOVING_SHARE",
        "MUTANTS_",
        "PORTOLAN_",
        "PROPTEST_",
        "SAME_READER",
        "STATE_DIR",
        "TOOLS_DIR",
    ];
    let settings = settings();
    for page in pages() {
        for line in read(&page).lines() {
            for code in line.split('`').skip(1).step_by(2) {
                for word in words(code) {
                    let like_a_setting = word.trim_matches('_').contains('_')
                        && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                    let of_others = OTHERS.iter().any(|others| word.starts_with(others));
                    assert!(
                        !like_a_setting || of_others || settings.contains(word),
                        "{}: {word} is no setting; it was renamed, or belongs into OTHERS of this test",
                        page.display()
                    );
                }
            }
        }
    }
}
