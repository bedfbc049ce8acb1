//! The first index of a catalog whose registry fails: never one of nothing, and never in the place of a better one.

use super::*;
use crate::index::shard_of;
use crate::testing::Fault;

fn pushed(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings);
    for name in ["a", "b"] {
        let repository = format!("charts/{name}");
        world.registry.push_version(&repository, name, "1.0.0");
    }
    world
}

/// For so many hours nothing is published, everyone is told the fault, and the registry is asked seldom.
#[track_caller]
fn never_shown(world: &World, kind: &str) {
    let mut calls = 0;
    let until = world.clock.now().after(Duration::from_hours(3));
    let mut steps = 0;
    while world.clock.now() < until {
        world.wait_for_alarm();
        let step = world.step();
        calls += step.calls;
        steps += 1;
        assert!(steps < 2_000, "no step follows the other");
        if world.ask(&ask::Info { page: 0 })["last_pass"].is_null() {
            continue;
        }
        let NoIndex::NotReady(progress) = world.no_index("") else {
            panic!("an index of nothing")
        };
        let fault = progress.fault.expect("the fault is told");
        assert_eq!(fault.kind, kind);
        let file = "a-1.0.0.tgz".parse().unwrap();
        let found = world.ask(&ask::Find {
            file,
            missed: false,
        });
        assert!(matches!(found, Found::NotReady(_)), "{found:?}");
        let status = world.ask(&ask::AskStatus);
        assert!(!status.ready && status.progress.fault.is_some());
    }
    assert!(calls < 400, "{calls} calls");
    assert_eq!(world.documents.puts(), 0);
    assert_eq!(world.documents.gets(), 0);
    world.registry.heal();
    world.clock.advance(Duration::from_hours(2));
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn a_registry_whose_lists_fail_from_the_start_gives_no_empty_repository() {
    let world = pushed(&[]);
    world
        .registry
        .inject("/tags/list", None, Fault::status(500));
    never_shown(&world, "answered 500");
}

#[test]
fn a_registry_whose_manifests_fail_from_the_start_gives_no_empty_repository() {
    let world = pushed(&[]);
    world
        .registry
        .inject("/manifests/", None, Fault::status(500));
    never_shown(&world, "answered 500");
}

#[test]
fn a_registry_out_of_reach_gives_no_empty_repository_of_named_repositories() {
    let world = pushed(&[("REPOSITORIES", "a, b")]);
    world.registry.inject("/v2/", None, Fault::Transport);
    never_shown(&world, "could not be reached");
}

/// One list is empty, which is an answer; the other is none.
#[test]
fn an_empty_list_beside_one_that_fails_gives_no_empty_repository() {
    let world = pushed(&[("REPOSITORIES", "a, b")]);
    world.registry.delete_tag("charts/b", "1.0.0");
    world
        .registry
        .inject("charts/a/tags", None, Fault::status(403));
    for _ in 0..3 {
        world.pass();
        assert!(matches!(world.no_index(""), NoIndex::NotReady(_)));
    }
    assert_eq!(world.documents.puts(), 0);
}

#[test]
fn what_was_read_is_shown_beside_what_fails_and_info_tells() {
    let world = pushed(&[]);
    world
        .registry
        .inject("charts/b/tags", None, Fault::status(500));
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(info["counts"]["failing_repositories"], 1);
    assert_eq!(info["failing"][0]["repository"], "charts/b");
}

/// A catalog that rested, and then began anew with tables of its own, as after a rollback of the Worker.
fn rolled_back(settings: &[(&str, &str)]) -> World {
    let mut world = pushed(settings);
    world.pass();
    world.rest();
    world.clock.advance(Duration::from_mins(10));
    world.database = FakeDatabase::new();
    world.recent = Recent::default();
    world.incarnation = "older".to_owned();
    world.documents.reset_counters();
    world
}

#[test]
fn a_rollback_while_all_lists_fail_leaves_the_good_index() {
    let world = rolled_back(&[]);
    world
        .registry
        .inject("/tags/list", None, Fault::status(500));
    for _ in 0..5 {
        world.pass();
        world.rest();
    }
    assert_eq!(world.documents.puts(), 0);
}

/// Issue 9, item 10: a crawl that finds nothing for one repository because of a 500 dropped its chart.
#[test]
fn a_rollback_while_one_list_fails_drops_none_of_its_charts() {
    for (format, fault) in [
        ("json", Fault::status(500)),
        ("yaml", Fault::status(500)),
        ("json", Fault::status(403)),
    ] {
        let world = rolled_back(&[("INDEX_FORMAT", format)]);
        let root = Key::Index(View::root()).name(world.config.fingerprint());
        let before = world.documents.stored(&root).unwrap().0;
        world.registry.inject("charts/b/tags", None, fault);
        for _ in 0..3 {
            world.documents.reset_counters();
            world.pass();
            let gets = world.documents.gets();
            assert!(gets <= 2, "{gets} gets");
            world.rest();
            assert_eq!(world.documents.stored(&root).unwrap().0, before);
        }
        let info = world.ask(&ask::Info { page: 0 });
        assert!(info["documents"].to_string().contains("read again"));
        world.registry.heal();
        world.registry.push_version("charts/c", "c", "1.0.0");
        world.clock.advance(Duration::from_hours(2));
        world.pass();
        world.rest();
        let after = world.documents.stored(&root).unwrap().0;
        let text = String::from_utf8(after.to_vec()).unwrap();
        for file in ["a-1.0.0.tgz", "b-1.0.0.tgz", "c-1.0.0.tgz"] {
            assert!(text.contains(file), "{file}");
        }
    }
}

/// A tag whose manifest never was there, say: the others go on.
#[test]
fn what_could_not_be_read_before_either_holds_nothing_back() {
    let mut world = pushed(&[]);
    world.registry.inject("charts/b/", None, Fault::status(403));
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    world.database = FakeDatabase::new();
    world.recent = Recent::default();
    world.incarnation = "older".to_owned();
    world.clock.advance(Duration::from_mins(10));
    world.registry.push_version("charts/c", "c", "1.0.0");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "c 1.0.0"]);
}

#[test]
fn a_shard_in_kv_loses_no_file_that_was_not_read() {
    let shard = shard_of("b-1.0.0.tgz");
    let twin = (0..10_000).find(|n| shard_of(&format!("a-1.0.{n}.tgz")) == shard);
    let twin = format!("1.0.{}", twin.unwrap());
    let world = pushed(&[]);
    world.registry.push_version("charts/a", "a", &twin);
    let mut world = {
        world.pass();
        world.rest();
        world
    };
    world.database = FakeDatabase::new();
    world.recent = Recent::default();
    world.incarnation = "older".to_owned();
    world.clock.advance(Duration::from_mins(10));
    world
        .registry
        .inject("charts/b/tags", None, Fault::status(500));
    world.pass();
    world.rest();
    let table = world.published(&Key::Files(shard)).unwrap().to_string();
    assert!(table.contains("b-1.0.0.tgz"), "{table}");
}

#[test]
fn a_document_that_is_there_is_not_overwritten_while_kv_does_not_answer() {
    let world = rolled_back(&[]);
    world
        .registry
        .inject("charts/b/tags", None, Fault::status(500));
    world.documents.fail_gets(2);
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn a_first_pass_that_reads_everything_asks_kv_for_nothing() {
    let world = pushed(&[]);
    world.pass();
    assert_eq!((world.documents.gets(), world.documents.puts()), (0, 3));
}

/// The rows know of nothing in it, and nobody knows whether that is so.
#[test]
fn an_index_of_which_the_rows_know_nothing_stays_while_something_cannot_be_read_and_then_goes() {
    let mut world = pushed(&[]);
    world.registry.push_version("charts/team/c", "c", "1.0.0");
    world.pass();
    world.index("team");
    world.clock.advance(Duration::from_secs(5));
    world.rest();
    world.database = FakeDatabase::new();
    world.recent = Recent::default();
    world.incarnation = "older".to_owned();
    world.clock.advance(Duration::from_mins(10));
    let key = Key::Index("team".parse().unwrap());
    let stored = || world.published(&key).is_some();
    assert!(stored());
    // Readers find it in KV.
    let read = || {
        let views = vec!["team".parse().unwrap()];
        world.ask(&ask::ViewsRead { views });
    };
    let fault = Fault::status(500);
    world.registry.inject("charts/team/c/tags", None, fault);
    for _ in 0..5 {
        read();
        world.pass();
        world.rest();
        assert!(stored());
    }
    world.registry.heal();
    world.registry.delete_repository("charts/team/c");
    for _ in 0..3 {
        world.clock.advance(Duration::from_hours(1));
        read();
        world.pass();
        world.rest();
    }
    assert!(!stored());
}
