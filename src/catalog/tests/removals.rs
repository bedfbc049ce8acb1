//! What removes a chart, and when: each line.

use super::*;
use crate::testing::Fault;

#[test]
fn a_tag_missing_from_a_complete_list_goes_at_once() {
    let world = filled(&[], 3);
    world.registry.delete_tag("charts/a", "1.1.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.2.0", "a 1.0.0"]);
}

/// Its own list is not found.
#[test]
fn a_repository_missing_from_a_complete_enumeration_goes_at_once() {
    let world = filled(&[], 1);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    assert_eq!(world.versions("").len(), 2);
    world.registry.delete_repository("charts/b");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn an_incomplete_enumeration_removes_nothing() {
    let world = filled(&[], 1);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world.registry.delete_repository("charts/b");
    world.registry.inject("_catalog", None, Fault::status(404));
    world.pass();
    assert_eq!(world.versions("").len(), 2);
}

#[test]
fn a_mass_removal_waits_for_a_second_sight_a_day_later() {
    let world = filled(&[], 20);
    world.registry.delete_versions("charts/a", 0..11);
    world.pass();
    assert_eq!(world.versions("").len(), 20, "held");
    let held = world.clock.now();
    world.wait(22);
    assert_eq!(world.versions("").len(), 20, "held for a day");
    while world.versions("").len() == 20 {
        world.pass();
    }
    let waited = world.clock.now().since(held);
    let day = Duration::from_hours(24);
    assert!(
        waited >= day && waited < day + Duration::from_mins(1),
        "{waited:?}"
    );
    assert_eq!(world.versions("").len(), 9);
}

#[test]
fn a_mass_removal_that_was_a_hiccup_never_shows() {
    let world = filled(&[], 20);
    world.registry.inject(
        "tags/list",
        Some(1),
        Fault::status(200)
            .header("content-type", "application/json")
            .body(r#"{"name":"charts/a","tags":[]}"#),
    );
    world.pass();
    assert_eq!(world.versions("").len(), 20);
    for _ in 0..3 {
        world.pass();
    }
    assert_eq!(world.versions("").len(), 20);
}

#[test]
fn a_mass_removal_of_repositories_is_held_too() {
    let world = World::new();
    for chart in 0..20 {
        world
            .registry
            .push_version(&format!("charts/c{chart}"), &format!("c{chart}"), "1.0.0");
    }
    world.pass();
    world.rest();
    for chart in 0..15 {
        world
            .registry
            .delete_repository(&format!("charts/c{chart}"));
    }
    world.pass();
    assert_eq!(world.versions("").len(), 20);
    world.wait(22);
    assert_eq!(world.versions("").len(), 20);
    world.wait(3);
    assert_eq!(world.versions("").len(), 5);
}

#[test]
fn an_operator_confirms_a_mass_removal() {
    let world = filled(&[], 20);
    world.registry.delete_versions("charts/a", 0..15);
    world.pass();
    assert_eq!(world.versions("").len(), 20);
    world.ask(&ask::Refresh {
        path: None,
        confirm: true,
    });
    world.pass();
    assert_eq!(world.versions("").len(), 5);
}

#[test]
fn a_source_that_is_no_longer_configured_goes_at_once() {
    let mut world = filled(&[], 2);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world.config = config(&[("REPOSITORIES", "b")]);
    assert_eq!(
        world.answered(""),
        ["b 1.0.0"],
        "from the first question on"
    );
    assert_eq!(
        world.ask(&ask::Find {
            file: "a-1.0.0.tgz".parse().unwrap(),
            missed: true
        }),
        Found::Missing
    );
    world.rest();
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}

#[test]
fn what_was_seen_with_credentials_is_not_served_to_those_without() {
    let with = [
        ("REGISTRY_USERNAME", "u"),
        ("REGISTRY_PASSWORD", "p"),
        ("BASIC_AUTH_USER", "r"),
        ("BASIC_AUTH_PASS", "s"),
    ];
    let mut world = World::with(&with);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    let private = world.config.fingerprint().to_owned();
    world.config = config(&[]);
    assert_ne!(world.config.fingerprint(), private, "other keys in KV");
    let reason = world.no_index("");
    assert!(matches!(reason, NoIndex::NotReady(_)), "{reason:?}");
    let file = "a-1.0.0.tgz";
    let answer = world.ask(&ask::Find {
        file: file.parse().unwrap(),
        missed: true,
    });
    assert!(matches!(answer, Found::NotReady(_)), "{answer:?}");
}

/// Not even the digests of what was superseded, in a repository that is gone itself.
#[test]
fn what_was_superseded_under_credentials_is_not_told_to_those_without() {
    let with = [
        ("REGISTRY_USERNAME", "u"),
        ("REGISTRY_PASSWORD", "p"),
        ("BASIC_AUTH_USER", "r"),
        ("BASIC_AUTH_PASS", "s"),
    ];
    let mut world = World::with(&with);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.registry.delete_repository("charts/a");
    world.pass();
    world.pass();
    let question = ask::Find {
        file: "a-1.0.0.tgz".parse().unwrap(),
        missed: true,
    };
    let Found::Candidates(candidates) = world.ask(&question) else {
        panic!("its holders of links lost it")
    };
    assert!(candidates[0].until.is_some());
    world.config = config(&[]);
    world.pass();
    assert_eq!(world.ask(&question), Found::Missing);
}

#[test]
fn another_registry_is_not_ready_before_it_was_read() {
    let mut world = filled(&[], 2);
    world.config = config(&[("REGISTRY", "registry.example/elsewhere")]);
    let reason = world.no_index("");
    assert!(matches!(reason, NoIndex::NotReady(_)), "{reason:?}");
}

#[test]
fn old_keys_are_removed_an_hour_after_a_change_of_configuration() {
    let mut world = filled(&[], 2);
    let before = world.documents.keys();
    world.config = config(&[("INDEX_SCOPE", "folder")]);
    world.rest();
    assert!(
        before
            .iter()
            .all(|key| world.documents.keys().contains(key)),
        "other isolates may still read them"
    );
    assert!(world.documents.keys().len() > before.len());
    world.clock.advance(Duration::from_secs(3601));
    world.pass();
    world.rest();
    assert!(
        before
            .iter()
            .all(|key| !world.documents.keys().contains(key))
    );
}

#[test]
fn an_older_worker_starts_anew_over_a_newer_schema_while_kv_goes_on() {
    use crate::platform::Database as _;
    let world = filled(&[], 2);
    world
        .database
        .execute("UPDATE schema SET version = ?", &[99.into()])
        .unwrap();
    world
        .database
        .execute(
            "ALTER TABLE tag ADD COLUMN novelty TEXT NOT NULL DEFAULT ''",
            &[],
        )
        .unwrap();
    assert!(matches!(world.no_index(""), NoIndex::NotReady(_)));
    assert_eq!(world.versions("").len(), 2, "what is published stays");
    world.pass();
    assert_eq!(world.answered("").len(), 2);
}

#[test]
fn a_version_pushed_out_by_newer_ones_goes_without_doubt() {
    let world = World::with(&[("VERSIONS_PER_CHART", "2"), ("TAGS", "!*-rc*")]);
    for version in ["1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1"] {
        world.registry.push_version("charts/a", "a", version);
    }
    world.pass();
    assert_eq!(world.versions(""), ["a 1.10.0", "a 1.9.0"]);
    assert_eq!(
        world.registry.calls_to("/manifests/"),
        2,
        "judged by name before any call"
    );
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.10.0"]);
}

#[test]
fn a_space_comes_with_its_first_chart_and_goes_with_its_last() {
    let world = filled(&[], 1);
    assert_eq!(world.no_index("team"), NoIndex::Missing);
    world
        .registry
        .push_version("charts/team/sub/b", "b", "1.0.0");
    world.pass();
    assert_eq!(world.answered("team"), ["b 1.0.0"]);
    assert_eq!(world.answered("team/sub"), ["b 1.0.0"]);
    world.rest();
    assert_eq!(
        world.versions("team/sub"),
        ["b 1.0.0"],
        "published once read"
    );
    world.registry.delete_repository("charts/team/sub/b");
    world.pass();
    world.rest();
    assert_eq!(world.no_index("team"), NoIndex::Missing);
    assert_eq!(
        world.published(&Key::Index("team/sub".parse().unwrap())),
        None
    );
}
