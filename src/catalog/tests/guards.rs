//! Guards of the engine's most important lines: each test goes red when the guard that it names is taken away.

use std::pin::pin;
use std::task::{Context, Waker};

use super::*;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::Presence;
use crate::index::shard_of;
use crate::platform::Database as _;
use crate::testing::{Fault, LinkStyle};

/// Longer than what is seen for the first time waits for a second sight.
const MORE_THAN_A_DAY: Duration = Duration::from_hours(25);

/// Polls a step until `is_over` says so after a poll, then drops it, as an object that dies. Whether it died before its end.
fn dies(world: &World, mut is_over: impl FnMut() -> bool) -> bool {
    let engine = world.engine();
    let mut step = pin!(engine.step());
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if step.as_mut().poll(&mut context).is_ready() {
            return false;
        }
        if is_over() {
            return true;
        }
        world.clock.advance(Duration::from_millis(10));
    }
}

/// A second life of the object, begun after what the first one saw has grown old; it reads no list again.
#[track_caller]
fn a_later_life_without_a_list(world: &mut World) {
    world.incarnation = "second".to_owned();
    world.clock.advance(MORE_THAN_A_DAY);
    let lists = || world.registry.calls_to("tags/list");
    let before = lists();
    world.step();
    assert_eq!(lists(), before, "it only publishes");
}

#[test]
fn an_incomplete_list_marks_no_tag_as_missing() {
    let world = two_repositories(3);
    world.registry.set_page_size(Some(2));
    world.registry.set_link_style(LinkStyle::Foreign);
    world.pass();
    let store = Store(&world.database);
    let repository = store
        .repository_named(&world.config.sources[0].id, "charts/a")
        .unwrap()
        .unwrap();
    assert!(repository.error.is_some(), "its list ended too early");
    for tag in store.tag_names(repository.id).unwrap() {
        assert_eq!(tag.gone, Presence::Present, "{}", tag.name);
    }
    assert_eq!(world.versions("").len(), 4);
}

/// Whatever marked it: a list that is incomplete in the same way as before does not look at marks.
#[test]
fn a_marked_tag_stays_while_its_list_is_incomplete() {
    let world = two_repositories(3);
    world.registry.set_page_size(Some(2));
    world.registry.set_link_style(LinkStyle::Foreign);
    world.pass();
    world
        .database
        .execute("UPDATE tag SET gone = 1 WHERE name = '1.2.0'", &[])
        .unwrap();
    world.pass();
    assert_eq!(world.answered("").len(), 4);
    world.registry.set_page_size(None);
    world.pass();
    assert_eq!(world.versions("").len(), 4, "it was there all the time");
}

/// Each link of the index in KV that no shard in KV leads to.
fn dangling(world: &World) -> Vec<String> {
    let Some(index) = world.published(&Key::Index(View::root())) else {
        return Vec::new();
    };
    let entries = index["entries"].as_object().unwrap();
    let mut dangling = Vec::new();
    for version in entries.values().flat_map(|list| list.as_array().unwrap()) {
        let link = version["urls"][0].as_str().unwrap();
        let file = link.rsplit('/').next().unwrap();
        let package = version["digest"].as_str().unwrap();
        let shard = world.published(&Key::Files(shard_of(file)));
        let shard = shard.map(|shard| shard.to_string()).unwrap_or_default();
        if !(shard.contains(file) && shard.contains(package)) {
            dangling.push(link.to_owned());
        }
    }
    dangling
}

/// Works as alarms do until a pass ends, and looks at KV at each moment at which something else could.
#[track_caller]
fn no_link_dangles_in_a_pass(world: &World) {
    let mut puts = 0;
    let before = world.documents.puts();
    for _ in 0..100 {
        world.wait_for_alarm();
        let ended = world.engine().store().unwrap().state().unwrap().last_pass;
        dies(world, || {
            assert_eq!(dangling(world), [""; 0]);
            puts = world.documents.puts() - before;
            false
        });
        assert_eq!(dangling(world), [""; 0]);
        let last = world.engine().store().unwrap().state().unwrap().last_pass;
        if last.number > ended.number {
            assert!(puts > 1, "shards and an index are put");
            return;
        }
    }
    panic!("no pass ends");
}

#[test]
fn a_new_file_is_in_its_shard_before_an_index_links_to_it() {
    let world = two_repositories(1);
    for major in 2..10 {
        let version = format!("{major}.0.0");
        world.registry.push_version("charts/a", "a", &version);
    }
    no_link_dangles_in_a_pass(&world);
    assert_eq!(world.versions("").len(), 10);
}

#[test]
fn a_file_leaves_its_shard_after_the_index_without_it_is_published() {
    let world = two_repositories(8);
    world.registry.delete_versions("charts/a", 0..8);
    no_link_dangles_in_a_pass(&world);
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}

#[test]
fn what_changes_during_a_put_is_published_after_it() {
    let world = two_repositories(2);
    let root = Key::Index(View::root());
    let name = root.name(world.config.fingerprint());
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.wait_for_alarm();
    let etag = || world.documents.stored(&name).unwrap().1.etag;
    let before = etag();
    let mut changed = false;
    dies(&world, || {
        // It is stored, and the put has not answered yet.
        if !changed && etag() != before {
            changed = true;
            let sql = "DELETE FROM tag WHERE name = '1.1.0'";
            world.database.execute(sql, &[]).unwrap();
            Store(&world.database).mark_document(&root).unwrap();
        }
        false
    });
    assert!(changed, "the index is put");
    world.clock.advance(Duration::from_secs(2));
    world.step();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0", "b 1.0.0"]);
}

#[test]
fn the_lease_of_a_former_life_is_void() {
    let mut world = two_repositories(1);
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.wait_for_alarm();
    assert!(dies(&world, || true));
    let lease = Store(&world.database).state().unwrap().lease;
    assert!(lease.until > world.clock.now().after(Duration::from_mins(1)));
    world.incarnation = "second".to_owned();
    assert!(
        world.engine().next_alarm() <= world.clock.now(),
        "its alarm"
    );
    assert!(world.step().calls > 0, "it works at once");
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0", "b 1.0.0"]);
}

/// A long pass concludes after each of its slices: what goes is added up.
#[test]
fn many_small_removals_in_one_pass_are_a_mass_removal() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    let repositories: Vec<String> = (0..10).map(|it| format!("charts/r{it}")).collect();
    for repository in &repositories {
        for minor in 0..4 {
            let version = format!("1.{minor}.0");
            world.registry.push_version(repository, "r", &version);
        }
    }
    world.pass();
    world.rest();
    let served = || {
        let state = Store(&world.database);
        let sql = "SELECT count(*) FROM tag WHERE manifest IS NOT NULL";
        state.0.query(sql, &[]).unwrap()[0].integer(0).unwrap()
    };
    assert_eq!(served(), 40);
    for repository in &repositories {
        for minor in 1..4 {
            let version = format!("1.{minor}.0");
            world.registry.delete_tag(repository, &version);
        }
    }
    world.registry.set_latency(Duration::from_secs(20));
    world.pass();
    assert!(served() < 40, "the first of them are a small removal");
    assert!(served() >= 20, "{} are left of 40", served());
}

/// Evidence carries the number of its pass, and a pass concludes once.
#[test]
fn an_object_that_dies_while_it_publishes_has_seen_nothing_twice() {
    for polls in 0..4_u32 {
        let mut world = two_repositories(20);
        world.registry.delete_versions("charts/a", 0..20);
        world.registry.push_version("charts/b", "b", "2.0.0");
        world.wait_for_alarm();
        let before = world.documents.puts();
        let mut since = 0;
        assert!(dies(&world, || {
            since += u32::from(world.documents.puts() > before);
            since > polls
        }));
        a_later_life_without_a_list(&mut world);
        assert_eq!(world.versions("").len(), 22, "after {polls} polls");
    }
}

/// A day in which its source answered for others: not a day in which nobody asked.
#[test]
fn a_repository_not_found_is_asked_for_again_by_an_object_that_dies_while_it_publishes() {
    let mut world = two_repositories(2);
    world
        .registry
        .inject("charts/b/tags", None, Fault::status(404));
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.wait_for_alarm();
    let before = world.documents.puts();
    assert!(dies(&world, || world.documents.puts() > before));
    a_later_life_without_a_list(&mut world);
    assert_eq!(
        world.versions(""),
        ["a 2.0.0", "a 1.1.0", "a 1.0.0", "b 1.0.0"]
    );
}
