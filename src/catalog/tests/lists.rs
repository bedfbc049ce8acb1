//! Tag lists that do not come in one piece: endless ones, cut ones, and what is called for meanwhile.

use super::*;
use crate::testing::{Fault, LinkStyle};

/// `charts/a` with so many versions and `charts/b` with one, read without an enumeration.
fn two(settings: &[(&str, &str)], versions: usize) -> World {
    let mut all = vec![("REPOSITORIES", "a,b")];
    all.extend(settings);
    let world = World::with(&all);
    world.registry.push_versions("charts/a", 0..versions);
    world.registry.push_version("charts/b", "b", "1.0.0");
    world
}

fn info(world: &World) -> Value {
    world.ask(&ask::Info { page: 0 })
}

/// Settles a ticket by alarms; gives how many steps that took.
#[track_caller]
fn settle(world: &World, ticket: ask::Ticket) -> usize {
    let question = ask::Await { ticket, path: None };
    for steps in 0..1_000 {
        if world.ask(&question).is_some_and(|accepted| accepted.done) {
            return steps;
        }
        world.wait_for_alarm();
        world.step();
    }
    panic!("{question:?} never settles");
}

#[test]
fn an_endless_list_ends_at_its_limit_over_all_slices() {
    let world = two(&[], 2);
    world.pass();
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.set_endless("charts/a");
    world.registry.set_page_size(Some(2));
    world.registry.push_version("charts/b", "b", "2.0.0");
    world.registry.clear_log();
    world.pass();
    let calls = world.registry.calls_to("charts/a/tags");
    assert!((5_000..5_100).contains(&calls), "{calls} pages");
    assert_eq!(
        world.versions(""),
        ["a 1.1.0", "a 1.0.0", "b 2.0.0", "b 1.0.0"]
    );
    assert_eq!(
        info(&world)["failing"][0]["error"],
        "its list of tags has more than 5000 pages"
    );
}

#[test]
fn names_that_are_no_tags_count_for_the_limit_too() {
    let world = two(&[], 1);
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    for number in 0..4_000 {
        let name = format!("-{number}");
        world.registry.tag("charts/a", &name, &pushed.manifest);
    }
    world.registry.set_endless("charts/a");
    world.registry.set_page_size(Some(4_001));
    world.pass();
    let calls = world.registry.calls_to("charts/a/tags");
    assert!((50..60).contains(&calls), "{calls} pages");
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn the_bytes_of_names_have_a_limit_over_all_slices() {
    let world = two(&[], 1);
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    for number in 0..1_000 {
        let name = format!("-{}{number}", "x".repeat(1_000));
        world.registry.tag("charts/a", &name, &pushed.manifest);
    }
    world.registry.set_endless("charts/a");
    world.registry.set_page_size(Some(1_001));
    world.pass();
    // 16 MiB of a megabyte each; by their number alone 200 pages would be read.
    let calls = world.registry.calls_to("charts/a/tags");
    assert!((16..20).contains(&calls), "{calls} pages");
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn a_slice_that_is_cut_publishes_what_is_ready() {
    let world = two(&[], 2);
    world.pass();
    world.rest();
    world.registry.set_latency(Duration::from_millis(100));
    world.registry.set_endless("charts/a");
    world.registry.set_page_size(Some(2));
    world.registry.push_version("charts/b", "b", "2.0.0");
    world.wait_for_alarm();
    let begun = world.clock.now();
    while world.versions("").len() < 4 {
        assert_eq!(world.step().pass, None);
        assert!(
            world.clock.now().since(begun) < Duration::from_mins(1),
            "the push waits for a list without an end"
        );
        world.wait_for_alarm();
    }
}

#[test]
fn pages_that_came_before_a_429_are_kept() {
    let world = two(&[], 40);
    world.registry.set_page_size(Some(2));
    world.registry.limit_rate(10, Duration::from_mins(1));
    let begun = world.clock.now();
    let mut steps = 0;
    while world.registry.calls_to("charts/a/manifests") == 0 {
        world.wait_for_alarm();
        world.step();
        steps += 1;
        assert!(steps < 100, "its list is never complete");
    }
    let took = world.clock.now().since(begun);
    assert!(took <= Duration::from_mins(10), "{took:?}");
    // Ten calls a minute: what is left takes eight minutes at the least.
    let begun = world.clock.now();
    let root = Key::Index(View::root());
    while world.published(&root).map_or(0, |root| lines(&root).len()) < 41 {
        world.wait_for_alarm();
        world.step();
        let took = world.clock.now().since(begun);
        assert!(took <= Duration::from_mins(20), "{took:?}");
    }
}

#[test]
fn a_push_on_a_page_that_was_already_read_is_served_before_its_ticket_settles() {
    for refresh in [false, true] {
        let world = two(&[("SUBREQUEST_BUDGET", "10")], 40);
        world.pass();
        world.rest();
        world.registry.set_page_size(Some(2));
        world.refresh(None);
        world.step();
        let read = world.registry.calls_to("last=");
        assert!((1..19).contains(&read), "the list is cut: {read} pages");
        world.registry.push_version("charts/a", "a", "0.1.0");
        let answer = if refresh {
            world.refresh(Some("a"))
        } else {
            let names = vec![("charts/a".to_owned(), Some("0.1.0".to_owned()))];
            Some(world.ask(&ask::Changed::Notified {
                names,
                host: None,
                delivery: None,
            }))
        };
        let ticket = answer.expect("it is known").ticket;
        settle(&world, ticket);
        assert!(
            world.versions("").contains(&"a 0.1.0".to_owned()),
            "refresh: {refresh}"
        );
    }
}

#[test]
fn what_a_list_lacked_once_does_not_go_by_an_incomplete_one() {
    let world = two(&[], 20);
    world.pass();
    world.rest();
    world.registry.delete_versions("charts/a", 0..15);
    world.pass();
    assert_eq!(world.versions("").len(), 21, "held");
    world.registry.set_page_size(Some(2));
    world.registry.set_link_style(LinkStyle::Foreign);
    world.clock.advance(Duration::from_hours(25));
    world.pass();
    world.rest();
    assert_eq!(
        world.versions("").len(),
        21,
        "its list could not be followed to the end"
    );
    world.registry.set_link_style(LinkStyle::Relative);
    world.pass();
    world.clock.advance(Duration::from_hours(25));
    world.pass();
    world.rest();
    assert_eq!(world.versions("").len(), 6);
}

#[test]
fn a_list_whose_next_page_fails_four_times_in_a_row_begins_again() {
    let world = two(&[], 40);
    world.registry.set_page_size(Some(2));
    world.registry.inject("last=", None, Fault::status(500));
    let lists = || world.registry.calls_to("charts/a/tags");
    let next_pages = || world.registry.calls_to("last=");
    while lists() == next_pages() + usize::from(lists() > 0) {
        world.wait_for_alarm();
        world.step();
        assert!(lists() < 100, "it never begins again");
    }
    let log = world.registry.log();
    let mut pages = log.iter().filter(|call| call.url.contains("charts/a/tags"));
    assert!(!pages.next().unwrap().url.contains("last="));
    let failed = pages.take_while(|call| call.url.contains("last="));
    assert_eq!(failed.count(), 4);
}

/// Nothing of it is kept, not even of when it began.
#[test]
fn a_list_that_failed_at_its_first_page_is_read_once_for_a_later_call() {
    let world = two(&[], 2);
    world.pass();
    world.rest();
    world
        .registry
        .inject("charts/a/tags", Some(1), Fault::status(500));
    world.clock.advance(Duration::from_secs(10));
    world.notify("charts/a", None);
    world.step();
    assert_eq!(info(&world)["failing"][0]["repository"], "charts/a");
    world.registry.clear_log();
    world.notify("charts/a", None);
    world.rest();
    assert_eq!(world.registry.calls_to("charts/a/tags"), 1);
}

/// What else is held goes on being held meanwhile, and does not take it along.
#[test]
fn what_a_list_lacked_before_an_incomplete_one_is_missing_anew_after_it() {
    let world = World::with(&[("REPOSITORIES", "a,b")]);
    world.registry.push_versions("charts/a", 0..20);
    world.registry.push_versions("charts/b", 0..30);
    world.pass();
    world.rest();
    world.registry.delete_versions("charts/a", 0..5);
    world.registry.delete_versions("charts/b", 0..28);
    world.pass();
    // The list of `b` has one page.
    world.registry.set_page_size(Some(3));
    world.registry.set_link_style(LinkStyle::Foreign);
    world.pass();
    assert_eq!(world.versions("").len(), 50, "held");
    world.registry.set_link_style(LinkStyle::Relative);
    world.clock.advance(Duration::from_hours(25));
    world.pass();
    let left = world.versions("");
    let of = |chart: &str| left.iter().filter(|line| line.starts_with(chart)).count();
    assert_eq!((of("a "), of("b ")), (20, 2));
}
