//! The documentation names every setting there is, and none that there is not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use portolan::config::Config;

const README: &str = include_str!("../README.md");
const EXAMPLE: &str = include_str!("../.env.example");

/// The names that the code looks up.
fn settings() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let _ = Config::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    asked.into_inner()
}

/// The names in the first column of the README's table of settings.
fn in_table() -> BTreeSet<String> {
    README
        .lines()
        .skip_while(|line| !line.starts_with("| setting |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}

/// `NAME=value` lines of the example; with `commented`, also those behind a `#`.
fn in_example(commented: bool) -> BTreeMap<String, String> {
    EXAMPLE
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
    assert_eq!(in_table(), settings());
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
            let neighbour = neighbours.iter().find(|(name, _)| *name == asked);
            neighbour.map(|(_, value)| (*value).to_owned())
        });
        assert!(config.is_ok(), "{name}: {config:?}");
    }
}
