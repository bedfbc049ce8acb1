//! What a notification names is served before a bulk of other tags, and what is waited for no sooner than it is there.

use super::*;
use crate::platform::Database as _;

/// Enough to take longer than a named push may.
const BULK: usize = 2_000;
const SECOND: Duration = Duration::from_secs(1);

/// A catalog at rest with one version each of `web` and `bulk`, which then finds so many new versions of `bulk` and has
/// read some.
fn amid_a_bulk(size: usize) -> World {
    let world = World::new();
    world.registry.set_page_size(Some(100));
    world.registry.push_version("charts/web", "web", "1.0.0");
    world.registry.push_version("charts/bulk", "bulk", "0.1.0");
    world.pass();
    world.rest();
    world.registry.set_latency(Duration::from_millis(20));
    for number in 0..size {
        let version = format!("1.{number}.0");
        world.registry.push_version("charts/bulk", "bulk", &version);
    }
    world.clock.advance(Duration::from_mins(5));
    while world.registry.calls_to("charts/bulk/blobs") < 500 {
        world.wait_for_alarm();
        world.step();
    }
    world
}

/// Rows of a table.
fn count(world: &World, table: &str) -> i64 {
    let row = world
        .database
        .first(&format!("SELECT count(*) FROM {table}"), &[])
        .unwrap();
    row.and_then(|row| row.integer(0)).unwrap()
}

fn has(world: &World, file: &str) -> bool {
    let root = world.published(&Key::Index(View::root())).unwrap();
    root.to_string().contains(file)
}

/// Steps as alarms make them until the published root has a file. Gives how long it took.
#[track_caller]
fn served(world: &World, file: &str) -> Duration {
    let begun = world.clock.now();
    for _ in 0..2_000 {
        if has(world, file) {
            return world.clock.now().since(begun);
        }
        world.wait_for_alarm();
        world.step();
    }
    panic!("{file} is never served");
}

#[test]
fn a_named_push_goes_before_a_bulk_of_another_repository() {
    let world = amid_a_bulk(5_000);
    world.registry.push_version("charts/web", "web", "1.1.0");
    world.notify("charts/web", Some("1.1.0"));
    let took = served(&world, "web-1.1.0.tgz");
    assert!(took <= SECOND * 10, "{took:?}");
    // The next one, too, though something was put a moment ago.
    world.registry.push_version("charts/web", "web", "1.2.0");
    world.notify("charts/web", Some("1.2.0"));
    let took = served(&world, "web-1.2.0.tgz");
    assert!(took <= SECOND * 10, "{took:?}");
    assert!(!has(&world, "bulk-1.999.0.tgz"), "the bulk is not read yet");
}

#[test]
fn a_named_push_goes_before_a_bulk_of_its_own_repository() {
    let world = amid_a_bulk(BULK);
    world.registry.push_version("charts/bulk", "bulk", "2.0.0");
    world.notify("charts/bulk", Some("2.0.0"));
    let took = served(&world, "bulk-2.0.0.tgz");
    assert!(took <= SECOND * 10, "{took:?}");
}

#[test]
fn a_named_tag_that_moves_goes_before_a_bulk() {
    let world = amid_a_bulk(BULK);
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "web", "version": "1.0.0"});
    let moved = world
        .registry
        .push_chart("charts/web", "1.0.0", &metadata, b"other", None, &[]);
    world.notify("charts/web", Some("1.0.0"));
    let took = served(&world, moved.package.hex());
    assert!(took <= SECOND * 10, "{took:?}");
}

/// A hook that names no tag, or a refresh of the repository: its few new tags are what is meant.
#[test]
fn a_repository_that_is_named_goes_before_a_bulk_of_another() {
    for hook in [true, false] {
        let world = amid_a_bulk(BULK);
        world.registry.push_version("charts/web", "web", "1.1.0");
        if hook {
            world.notify("charts/web", None);
        } else {
            world.refresh(Some("web")).unwrap();
        }
        let took = served(&world, "web-1.1.0.tgz");
        assert!(took <= SECOND * 10, "{took:?}");
    }
}

/// Each push of a bulk may be named itself.
#[test]
fn a_named_push_takes_turns_with_a_bulk_that_is_named_too() {
    let world = World::new();
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.push_version("charts/web", "web", "1.0.0");
    world.registry.push_version("charts/bulk", "bulk", "0.1.0");
    world.pass();
    world.rest();
    world.clock.advance(Duration::from_mins(1));
    for number in 0..BULK {
        let version = format!("1.{number}.0");
        world.registry.push_version("charts/bulk", "bulk", &version);
        world.notify("charts/bulk", Some(&version));
    }
    world.registry.push_version("charts/web", "web", "1.1.0");
    world.notify("charts/web", Some("1.1.0"));
    let took = served(&world, "web-1.1.0.tgz");
    assert!(took <= SECOND * 10, "{took:?}");
}

#[test]
fn who_waits_for_a_repository_amid_a_bulk_is_told_when_all_that_was_called_for_is_served() {
    let world = amid_a_bulk(BULK);
    world.registry.push_version("charts/web", "web", "1.1.0");
    let ticket = world.refresh(Some("web")).unwrap().ticket;
    let question = ask::Await {
        ticket,
        path: Some("web".to_owned()),
    };
    let mut steps = 0;
    while !world.ask(&question).unwrap().done {
        world.wait_for_alarm();
        world.step();
        steps += 1;
        assert!(steps < 2_000);
    }
    assert!(has(&world, "web-1.1.0.tgz") && has(&world, "bulk-1.1999.0.tgz"));
}

#[test]
fn a_name_that_no_list_shows_leaves_nothing_behind() {
    for (settings, tag) in [
        ([].as_slice(), "9.9.9"),
        (&[("VERSIONS_PER_CHART", "1")], "0.9.0"),
        (&[("TAGS", "!0.*")], "0.9.0"),
        (&[], "no tag at all"),
    ] {
        let world = World::with(settings);
        world.registry.push_version("charts/web", "web", "1.0.0");
        if tag == "0.9.0" {
            world.registry.push_version("charts/web", "web", tag);
        }
        world.pass();
        world.rest();
        let rows = || ["tag", "superseded", "unreadable"].map(|table| count(&world, table));
        let before = rows();
        world.registry.clear_log();
        world.notify("charts/web", Some(tag));
        world.rest();
        assert_eq!(world.registry.calls(), 1, "the list: {tag}");
        assert_eq!(rows(), before, "{tag}");
        assert_eq!(world.versions(""), ["web 1.0.0"]);
    }
}

#[test]
fn names_in_a_repository_that_is_not_there_leave_nothing_behind() {
    let world = World::new();
    world.registry.push_version("charts/web", "web", "1.0.0");
    world.pass();
    world.rest();
    world.notify("charts/none", Some("1.0.0"));
    world.rest();
    assert_eq!(count(&world, "tag"), 1);
    assert_eq!(count(&world, "repository"), 1);
}

#[test]
fn more_names_of_a_repository_than_are_noted_are_read_all_the_same() {
    let world = World::new();
    world.registry.push_version("charts/web", "web", "1.0.0");
    world.pass();
    world.rest();
    for number in 0..300 {
        world.notify("charts/web", Some(&format!("2.{number}.0")));
    }
    assert!(count(&world, "tag") <= 101);
    for number in 0..300 {
        let version = format!("2.{number}.0");
        world.registry.push_version("charts/web", "web", &version);
    }
    world.rest();
    assert_eq!(world.versions("").len(), 301);
}

#[test]
fn a_named_tag_goes_before_repositories_that_are_named_without_a_tag() {
    let world = World::new();
    let repositories: Vec<_> = (10..40).map(|number| format!("charts/a{number}")).collect();
    for repository in &repositories {
        world.registry.push_version(repository, "a", "1.0.0");
    }
    world.registry.push_version("charts/web", "web", "1.0.0");
    world.pass();
    world.rest();
    world.clock.advance(Duration::from_mins(1));
    world.registry.clear_log();
    for repository in &repositories {
        world.notify(repository, None);
    }
    world.notify("charts/web", Some("1.0.0"));
    world.rest();
    let log = world.registry.log();
    let read = log
        .iter()
        .position(|call| call.url.ends_with("/web/manifests/1.0.0"));
    assert!(read.is_some_and(|calls| calls < 6), "after {read:?} calls");
}
