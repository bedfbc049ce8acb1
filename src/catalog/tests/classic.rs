//! A classic repository beside the registry.

use std::rc::Rc;

use super::*;
use crate::config::Config;
use crate::testing::{Call, Fault};

const INDEX: &str = "GET https://acme.github.io/charts/index.yaml";

fn config_of(index: &str) -> Config {
    let given = |name: &str| match name {
        "REGISTRY" => Some("registry.example/charts".to_owned()),
        "CLASSIC_INDEXES" => Some(index.to_owned()),
        "AUTH_ANONYMOUS_GET" => Some("true".to_owned()),
        "PAGES_USER" => Some("robot".to_owned()),
        "PAGES_PASSWORD" => Some("hunter2".to_owned()),
        _ => None,
    };
    Config::from_lookup(given).unwrap()
}

/// A registry, and the host of a classic repository.
fn world(index: &str) -> (World, Rc<FakeRegistry>) {
    let world = World {
        config: config_of(index),
        ..World::new()
    };
    let pages = world.registry.beside("acme.github.io");
    (world, pages)
}

const PAGES: &str = "https://acme.github.io/charts";

/// An index of versions of `a`.
fn index(versions: &[&str]) -> String {
    let entry = |version: &&str| {
        format!(
            "  - apiVersion: v2\n    created: \"2020-01-01T00:00:00Z\"\n    digest: {}\n    name: a\n    urls:\n    - a-{version}.tgz\n    version: {version}\n",
            crate::oci::Digest::sha256_of(version.as_bytes()).hex()
        )
    };
    let entries = versions.iter().map(entry).collect::<Vec<_>>().concat();
    format!("apiVersion: v1\nentries:\n  a:\n{entries}")
}

fn gives(pages: &FakeRegistry, versions: &[&str]) {
    pages.heal();
    pages.inject(INDEX, None, Fault::status(200).body(index(versions)));
}

fn sent(pages: &FakeRegistry) -> Vec<Call> {
    pages.log()
}

#[test]
fn old_versions_stand_beside_new_ones_of_the_registry() {
    let (world, pages) = world(PAGES);
    gives(&pages, &["1.0.0", "1.1.0"]);
    let pushed = world.registry.push_version("charts/a", "a", "1.1.0");
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.1.0", "a 1.0.0"]);
    let index = world.published(&Key::Index(View::root())).unwrap();
    let entries = &index["entries"]["a"];
    // The registry's charts win.
    assert_eq!(entries[1]["digest"], pushed.package.hex());
    assert!(
        entries[1]["urls"][0]
            .as_str()
            .unwrap()
            .starts_with("charts/")
    );
    assert_eq!(
        entries[2],
        serde_json::json!({
            "apiVersion": "v2", "name": "a", "version": "1.0.0", "created": "2020-01-01T00:00:00Z",
            "digest": crate::oci::Digest::sha256_of(b"1.0.0").hex(), "urls": ["https://acme.github.io/charts/a-1.0.0.tgz"],
        })
    );
    assert!(sent(&pages).iter().all(|call| call.authorization.is_none()));
}

/// What is contested with a classic repository is contested by nobody.
#[test]
fn with_collisions_hidden_the_registry_wins_all_the_same() {
    let (mut world, pages) = world(PAGES);
    let given = |name: &str| match name {
        "REGISTRY" => Some("registry.example/charts".to_owned()),
        "CLASSIC_INDEXES" => Some(PAGES.to_owned()),
        "COLLISIONS" => Some("hide".to_owned()),
        // Which decides between repositories of registries.
        "PRECEDENCE" => Some("index.yaml".to_owned()),
        _ => None,
    };
    world.config = Config::from_lookup(given).unwrap();
    gives(&pages, &["1.0.0"]);
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let index = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(index["entries"]["a"][0]["digest"], pushed.package.hex());
}

#[test]
fn an_index_that_is_what_it_was_costs_one_call_and_no_row() {
    let (world, pages) = world(PAGES);
    let answer = Fault::status(200).header("etag", "\"v1\"");
    pages.inject(INDEX, Some(1), answer.body(index(&["1.0.0"])));
    pages.inject(INDEX, None, Fault::status(304));
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let before = pages.calls();
    world.pass();
    assert_eq!(pages.calls(), before + 1);
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

/// Whatever comes instead of the index: what is known is served on.
#[test]
fn a_fault_keeps_what_was_known() {
    let html = "<!doctype html>\n<html>404</html>";
    let faults = [
        ("stopped", Fault::Transport),
        ("failing", Fault::status(500)),
        ("gone", Fault::status(404)),
        ("denied", Fault::status(403)),
        ("a page", Fault::status(200).body(html)),
        ("JSON", Fault::status(200).body("{\"error\": \"no\"}")),
        (
            "endless",
            Fault::status(200).body(vec![b' '; (20 << 20) + 1]),
        ),
        (
            "elsewhere",
            Fault::status(302).header("location", "http://10.0.0.1/index.yaml"),
        ),
    ];
    for (what, fault) in faults {
        let (world, pages) = world(PAGES);
        gives(&pages, &["1.0.0"]);
        world.registry.push_version("charts/b", "b", "1.0.0");
        world.pass();
        world.rest();
        pages.heal();
        pages.inject(INDEX, None, fault);
        // What is not found, and what is denied, for longer than a registry's repositories are believed to be gone.
        let long = matches!(what, "gone" | "denied");
        world.wait(if long { 26 } else { 1 });
        assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"], "{what}");
        world.registry.push_version("charts/b", "b", "1.1.0");
        world.wait(2);
        assert_eq!(world.versions("")[1], "b 1.1.0", "{what}");
        let info = world.ask(&ask::Info { page: 0 });
        assert_ne!(info["failing"], serde_json::json!([]), "{what}");
        gives(&pages, &["1.0.0", "1.2.0"]);
        world.wait(3);
        assert_eq!(world.versions("")[0], "a 1.2.0", "{what}");
    }
}

#[test]
fn what_leaves_the_index_leaves_ours_and_much_of_it_a_day_later() {
    let (world, pages) = world(PAGES);
    gives(&pages, &["1.0.0", "1.1.0"]);
    world.pass();
    gives(&pages, &["1.1.0"]);
    world.pass();
    assert_eq!(world.versions(""), ["a 1.1.0"]);
    let many: Vec<String> = (0..30).map(|minor| format!("2.{minor}.0")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    gives(&pages, &many);
    world.pass();
    assert_eq!(world.versions("").len(), 30);
    gives(&pages, &many[..3]);
    world.wait(20);
    assert_eq!(world.versions("").len(), 30, "held");
    world.wait(10);
    assert_eq!(world.versions("").len(), 3);
}

#[test]
fn taken_out_of_the_settings_it_is_gone_at_once() {
    let (mut world, pages) = world(PAGES);
    gives(&pages, &["1.0.0"]);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world.config = config(&[]);
    assert_eq!(world.answered(""), ["b 1.0.0"]);
}

#[test]
fn mounted_and_with_a_password_of_its_own() {
    let (world, pages) = world(
        r#"[{"url": "https://acme.github.io/charts", "mount": "old", "username_secret": "PAGES_USER", "password_secret": "PAGES_PASSWORD"}]"#,
    );
    let elsewhere = world.registry.beside("charts.acme.example");
    let moved = Fault::status(301).header("location", "https://charts.acme.example/index.yaml");
    pages.inject(INDEX, None, moved);
    let answer = Fault::status(200).body(index(&["1.0.0"]));
    elsewhere.inject("GET https://charts.acme.example/index.yaml", None, answer);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    assert_eq!(world.answered("old"), ["a 1.0.0"]);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
    // robot:hunter2, to whom it belongs and nobody else.
    let shown = |pages: &FakeRegistry| {
        let log = sent(pages).into_iter();
        log.map(|call| call.authorization).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&pages),
        [Some("Basic cm9ib3Q6aHVudGVyMg==".to_owned())]
    );
    assert_eq!(shown(&elsewhere), [None]);
    assert!(shown(&world.registry).iter().all(Option::is_none));
}

/// Damaged rows are read again with the index, and no question of an operator makes it spin.
#[test]
fn a_refresh_and_a_damaged_row_read_the_index_once_more() {
    let (world, pages) = world(PAGES);
    gives(&pages, &["1.0.0", "1.1.0"]);
    world.pass();
    world.rest();
    let before = pages.calls();
    assert!(world.refresh(Some("index.yaml")).is_some());
    world.rest();
    assert_eq!(pages.calls(), before + 1);
    for sql in [
        "UPDATE manifest SET candidate = '{' WHERE version = '1.0.0'",
        "UPDATE tag SET manifest = 'x' WHERE name = 'a-1.0.0'",
        "UPDATE repository SET due = 'x'",
    ] {
        use crate::platform::Database as _;
        world.database.execute(sql, &[]).unwrap();
        // Whoever asks meets the damage, and is told to come again.
        let question = ask::Index {
            view: View::root(),
            fresh: false,
        };
        let _ = world.engine().answer(&question);
        world.wait(2);
        assert_eq!(world.answered(""), ["a 1.1.0", "a 1.0.0"], "{sql}");
    }
    assert!(pages.calls() < before + 200);
}

#[test]
fn after_a_rollback_it_is_served_on_while_its_host_is_down() {
    let (mut world, pages) = world(PAGES);
    gives(&pages, &["1.0.0"]);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    super::rollback::roll_back(&mut world);
    pages.heal();
    pages.inject(INDEX, None, Fault::status(500));
    world.registry.push_version("charts/b", "b", "1.1.0");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.1.0", "b 1.0.0"]);
}
