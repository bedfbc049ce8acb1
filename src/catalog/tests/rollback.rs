//! A rollback of the Worker to older tables: these are made anew, and what the newer one had published is not forgotten.

mod views;

use super::*;
use crate::index::shard_of;
use crate::platform::Database;
use crate::testing::Fault;

/// Three charts, published.
fn published(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings);
    for name in ["a", "b", "c"] {
        let repository = format!("charts/{name}");
        world.registry.push_version(&repository, name, "1.0.0");
    }
    world.pass();
    world.rest();
    world
}

/// Another Worker's tables are there, and this one comes.
pub(super) fn roll_back(world: &mut World) {
    world.clock.advance(Duration::from_mins(10));
    let newer = "UPDATE schema SET version = 99; ALTER TABLE tag RENAME COLUMN manifest TO serves";
    world.database.execute(newer, &[]).unwrap();
    world.recent = Recent::default();
    world.incarnation = "older".to_owned();
    world.documents.reset_counters();
}

/// Passes for hours, in each of which somebody reads.
fn hours(world: &World, hours: u64) {
    for _ in 0..hours {
        world.clock.advance(Duration::from_hours(1));
        let views = vec![View::root()];
        world.ask(&ask::ViewsRead { views });
        world.pass();
        world.rest();
    }
}

#[test]
fn a_repository_that_is_denied_then_keeps_nothing_from_being_shown_and_is_served_on() {
    for format in ["json", "yaml"] {
        let mut world = published(&[("INDEX_FORMAT", format)]);
        let root = Key::Index(View::root()).name(world.config.fingerprint());
        let before = world.documents.stored(&root).unwrap().0;
        roll_back(&mut world);
        let denied = Fault::status(403);
        world.registry.inject("charts/b/", None, denied);
        world.pass();
        world.rest();
        assert_eq!(world.documents.stored(&root).unwrap().0, before, "{format}");
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.registry.delete_tag("charts/c", "1.0.0");
        hours(&world, 2);
        let text = world.documents.stored(&root).unwrap().0;
        let text = String::from_utf8(text.to_vec()).unwrap();
        for file in ["a-1.0.0.tgz", "a-1.1.0.tgz", "b-1.0.0.tgz"] {
            assert!(text.contains(file), "{format}: {file}");
        }
        assert!(!text.contains("c-1.0.0.tgz"), "{format}: what is gone goes");
        let found = world.ask(&ask::Find {
            file: "b-1.0.0.tgz".parse().unwrap(),
            missed: false,
        });
        assert!(matches!(found, Found::Candidates(_)), "{found:?}");
    }
}

/// A credential that lost rights lists less, with status 200.
#[test]
fn a_repository_that_the_list_of_repositories_lacks_then_is_asked_for_itself() {
    let mut world = published(&[]);
    roll_back(&mut world);
    world.registry.hide("charts/b", true);
    hours(&world, 30);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    // Only that it has nothing, or is not there, removes it.
    world.registry.delete_repository("charts/b");
    hours(&world, 1);
    assert_eq!(world.versions(""), ["a 1.0.0", "c 1.0.0"]);
}

#[test]
fn a_list_that_then_lacks_most_of_its_tags_is_doubted_as_ever() {
    let mut world = published(&[]);
    let tags: Vec<String> = (0..30).map(|minor| format!("2.{minor}.0")).collect();
    for tag in &tags {
        world.registry.push_version("charts/a", "a", tag);
    }
    world.pass();
    world.rest();
    roll_back(&mut world);
    for tag in &tags {
        world.registry.delete_tag("charts/a", tag);
    }
    hours(&world, 20);
    assert_eq!(world.versions("").len(), 33);
    hours(&world, 10);
    assert_eq!(world.versions("").len(), 3);
}

/// Clients keep indexes for days.
#[test]
fn links_to_superseded_packages_then_hold_on() {
    let mut world = published(&[]);
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    let first = &world.published(&Key::Index(View::root())).unwrap()["entries"]["a"][0]["digest"];
    let first = first.as_str().unwrap().to_owned();
    world
        .registry
        .push_chart("charts/a", "1.0.0", &metadata, b"second", None, &[]);
    world.notify("charts/a", Some("1.0.0"));
    world.clock.advance(Duration::from_secs(10));
    world.rest();
    let key = Key::Files(shard_of("a-1.0.0.tgz"));
    let before = world.published(&key).unwrap();
    assert!(before.to_string().contains(&first));
    roll_back(&mut world);
    hours(&world, 2);
    assert_eq!(world.published(&key).unwrap(), before);
}

/// Its version stands under another tag than Helm would give it.
#[test]
fn a_version_under_another_tag_that_cannot_be_read_then_is_served_on() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "b", "version": "1.0.0"});
    world
        .registry
        .push_chart("charts/b", "v1.0.0", &metadata, b"b", None, &[]);
    let mut world = world;
    world.pass();
    world.rest();
    roll_back(&mut world);
    world
        .registry
        .inject("charts/b/manifests/v1.0.0", None, Fault::status(500));
    hours(&world, 3);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
    world.registry.heal();
    hours(&world, 3);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
    world.registry.delete_tag("charts/b", "v1.0.0");
    hours(&world, 1);
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

/// Of two that offer a file the second is read first.
#[test]
fn what_is_contested_then_is_in_its_shard_before_an_index_links_to_it() {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    let mut world = published(&[]);
    world
        .registry
        .push_chart("charts/team/a", "1.0.0", &metadata, b"other", None, &[]);
    world.pass();
    world.rest();
    let key = Key::Files(shard_of("a-1.0.0.tgz"));
    let before = world.published(&key).unwrap();
    assert_eq!(before["a-1.0.0.tgz"].as_array().unwrap().len(), 2);
    roll_back(&mut world);
    world.registry.inject("charts/a/", None, Fault::status(500));
    world.documents.keep_journal();
    hours(&world, 2);
    let packages = |shard: &Value| -> Vec<String> {
        let offers = shard["a-1.0.0.tgz"].as_array().unwrap();
        let mut packages: Vec<_> = offers
            .iter()
            .map(|one| one["package"].to_string())
            .collect();
        packages.sort();
        packages
    };
    for (name, value) in world.documents.take_journal() {
        if name == key.name(world.config.fingerprint()) {
            let shard: Value = serde_json::from_slice(&value.unwrap()).unwrap();
            assert_eq!(packages(&shard), packages(&before));
        }
    }
    assert_eq!(packages(&world.published(&key).unwrap()), packages(&before));
}

#[test]
fn kv_that_does_not_answer_then_keeps_nothing_from_being_read_for_long() {
    let mut world = published(&[]);
    roll_back(&mut world);
    world.documents.fail_gets(3);
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    roll_back(&mut world);
    world.documents.fail_gets(1_000_000);
    world.registry.clear_log();
    let until = world.clock.now().after(Duration::from_mins(20));
    while world.registry.calls() == 0 {
        world.wait_for_alarm();
        world.step();
        assert!(world.clock.now() < until, "nothing is read");
    }
}

/// A budget of a few operations is used over and over.
#[test]
fn a_small_budget_goes_through_all_documents_in_many_steps() {
    let mut world = published(&[("KV_BUDGET", "10")]);
    roll_back(&mut world);
    world.registry.inject("", None, Fault::status(403));
    for _ in 0..20 {
        world.step();
        assert_eq!(world.documents.puts(), 0);
    }
    hours(&world, 3);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    assert!(world.documents.gets() <= 300, "{}", world.documents.gets());
}

/// As a proxy says that cannot reach its registry.
#[test]
fn a_list_that_is_not_found_then_removes_nothing_before_a_day() {
    let mut world = published(&[]);
    roll_back(&mut world);
    let fault = Fault::status(404);
    world.registry.inject("charts/b/tags", None, fault);
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    hours(&world, 20);
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    hours(&world, 10);
    assert_eq!(world.versions(""), ["a 1.0.0", "c 1.0.0"]);
}
