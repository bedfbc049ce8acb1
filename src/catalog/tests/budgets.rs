//! Calls, rows and puts, counted.

use super::*;

/// Many ask for it, and each statement is a step of the one thread that also syncs.
#[test]
fn a_status_costs_a_handful_of_statements() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    let before = world.database.statements();
    world.ask(&crate::catalog::ask::AskStatus);
    let status = world.database.statements() - before;
    assert!(status <= 7, "{status} statements");
    let before = world.database.statements();
    world.engine().next_alarm();
    let alarm = world.database.statements() - before;
    assert!(alarm <= 5, "{alarm} statements");
}
use crate::testing::Fault;

#[test]
fn a_first_pass_reads_each_tag_once() {
    let world = World::new();
    for repository in ["charts/a", "charts/team/b"] {
        for minor in 0..5 {
            let name = repository.rsplit('/').next().unwrap();
            world
                .registry
                .push_version(repository, name, &format!("1.{minor}.0"));
        }
    }
    let pass = world.pass();
    assert_eq!(pass.versions, 10);
    // One page of repositories, two lists, ten manifests, ten configs.
    assert_eq!(world.registry.calls(), 1 + 2 + 10 + 10);
    assert_eq!(world.versions("").len(), 10);
}

#[test]
fn tags_of_one_digest_are_read_once() {
    let world = World::new();
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    for alias in ["1.0", "1", "latest"] {
        world.registry.tag("charts/a", alias, &pushed.manifest);
    }
    world.pass();
    assert_eq!(world.registry.calls_to("/blobs/"), 1);
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn an_unchanged_registry_costs_lists_and_the_quota() {
    let rows_of_a_pass = |repositories: usize| {
        let world = World::new();
        for repository in 0..repositories {
            for minor in 0..4 {
                world.registry.push_version(
                    &format!("charts/c{repository}"),
                    &format!("c{repository}"),
                    &format!("1.{minor}.0"),
                );
            }
        }
        world.pass();
        world.rest();
        world.registry.clear_log();
        world.documents.reset_counters();
        let before = world.database.written();
        world.pass();
        let quota = world.registry.calls_to("/manifests/");
        assert_eq!(
            world.registry.calls(),
            1 + repositories + quota,
            "enumeration, lists, quota"
        );
        assert!(
            quota <= 1 + repositories * 4 / 100,
            "{quota} of {} tags in 5 of 1440 minutes",
            repositories * 4
        );
        assert_eq!(world.documents.puts(), 0);
        assert_eq!(world.registry.calls_to("/blobs/"), 0);
        world.database.written() - before
    };
    let (few, many) = (rows_of_a_pass(3), rows_of_a_pass(30));
    assert!(
        many <= few + 2,
        "{few} rows for 3 repositories, {many} for 30"
    );
}

#[test]
fn a_new_version_named_by_a_webhook_costs_three_calls() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.registry.clear_log();
    world.registry.push_version("charts/a", "a", "1.1.0");
    world.clock.advance(Duration::from_secs(5));
    world.notify("charts/a", Some("1.1.0"));
    assert_eq!(world.engine().next_alarm(), world.clock.now());
    world.step();
    assert_eq!(world.registry.calls(), 3, "tag list, manifest, config");
    assert_eq!(world.versions(""), ["a 1.1.0", "a 1.0.0"]);
}

#[test]
fn an_overwritten_version_named_by_a_webhook_costs_three_calls() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.registry.clear_log();
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0", "description": "other"});
    let pushed = world.registry.push_chart(
        "charts/a",
        "1.0.0",
        &metadata,
        b"another package",
        None,
        &[],
    );
    world.clock.advance(Duration::from_secs(5));
    world.notify("charts/a", Some("1.0.0"));
    world.step();
    assert_eq!(world.registry.calls(), 3, "tag list, manifest, config");
    let index = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(index["entries"]["a"][0]["digest"], pushed.package.hex());
}

#[test]
fn a_refresh_of_a_repository_reads_what_is_new_before_it_confirms_what_is_known() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "12")]);
    world.registry.push_versions("charts/a", 0..40);
    world.pass();
    world.rest();
    world.registry.clear_log();
    // The last in the order of names.
    world.registry.push_version("charts/a", "a", "9.0.0");
    world.clock.advance(Duration::from_secs(5));
    world.refresh(Some("a"));
    world.step();
    assert_eq!(world.registry.calls_to("/manifests/9.0.0"), 1);
}

/// Slices between passes call too: what a webhook named is read without one.
#[test]
fn every_call_is_counted_by_its_outcome() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world
        .registry
        .inject("_catalog", Some(1), Fault::status(503));
    world
        .registry
        .inject("tags/list", Some(1), Fault::Transport);
    world.pass();
    world.rest();
    world.notify("charts/a", Some("1.0.0"));
    world.clock.advance(Duration::from_secs(5));
    world.rest();
    let status = world.ask(&ask::AskStatus);
    let calls = status.figures.calls_by_outcome;
    assert_eq!((calls.server_error, calls.no_answer), (1, 1));
    let all: u64 = calls.by_outcome().iter().map(|(_, count)| count).sum();
    assert_eq!(usize::try_from(all), Ok(world.registry.calls()));
}

#[test]
fn a_push_seen_by_polling_costs_two_calls_more_than_nothing() {
    let world = World::new();
    world.registry.push_versions("charts/a", 0..3);
    world.pass();
    world.rest();
    world.registry.clear_log();
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.pass();
    let quota = world
        .registry
        .log()
        .iter()
        .filter(|call| call.method == "HEAD")
        .count();
    assert_eq!(
        world.registry.calls() - quota,
        4,
        "enumeration, list, manifest, config"
    );
}

#[test]
fn a_slice_keeps_to_its_budget_and_six_calls_at_a_time() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "20")]);
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.push_versions("charts/a", 0..50);
    let mut slices = 0;
    loop {
        let before = world.registry.calls();
        let step = world.step();
        assert!(world.registry.calls() - before <= 20);
        slices += 1;
        if step.pass.is_some() {
            break;
        }
    }
    assert!(slices >= 6, "102 calls of at most 20 a slice: {slices}");
    assert_eq!(world.registry.max_concurrency(), 6);
    assert_eq!(world.registry.calls(), 1 + 1 + 100, "no call is made twice");
    assert_eq!(world.versions("").len(), 50);
}

#[test]
fn revalidation_confirms_each_tag_within_its_time() {
    let world = World::with(&[("SYNC_INTERVAL", "1h"), ("REVALIDATE_WITHIN", "24h")]);
    world.registry.push_versions("charts/a", 0..100);
    world.pass();
    world.rest();
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.57.0", "description": "moved"});
    let pushed = world
        .registry
        .push_chart("charts/a", "1.57.0", &metadata, b"moved", None, &[]);
    world.registry.clear_log();
    let until = world.clock.now().after(Duration::from_hours(24));
    while world.clock.now() < until {
        world.pass();
    }
    world.rest();
    let index = world.published(&Key::Index(View::root())).unwrap();
    let moved = index["entries"]["a"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["version"] == "1.57.0")
        .unwrap();
    assert_eq!(moved["digest"], pushed.package.hex());
    let heads = world
        .registry
        .log()
        .iter()
        .filter(|call| call.method == "HEAD")
        .count();
    assert!(
        (100..=150).contains(&heads),
        "{heads} confirmations of 100 tags in a day"
    );
}

#[test]
fn tags_that_move_are_resolved_in_every_pass() {
    let world = World::new();
    let first = world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.tag("charts/a", "latest", &first.manifest);
    world.pass();
    world.rest();
    let second = world.registry.push_version("charts/b", "a", "2.0.0");
    world.registry.delete_repository("charts/b");
    let _ = second;
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.1.0-nightly"});
    world
        .registry
        .push_chart("charts/a", "latest", &metadata, b"nightly", None, &[]);
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.1.0-nightly", "a 1.0.0"]);
}

/// A registry that lets a few calls through at a time, each time after seconds, while no pass runs.
#[test]
fn what_is_read_between_brief_pauses_is_not_published_in_each() {
    let world = World::new();
    world.registry.push_versions("charts/a", 0..1);
    world.wait(24);
    world.registry.push_versions("charts/a", 1..61);
    let long = Fault::status(429).header("retry-after", "600");
    world.registry.inject("charts/a/tags", Some(1), long);
    world.pass();
    assert_eq!(world.versions("").len(), 1);
    world.registry.limit_rate(10, Duration::from_secs(8));
    world.wait_for_alarm();
    let begun = world.clock.now();
    let mut shown = std::collections::BTreeSet::new();
    while world.versions("").len() < 61 {
        assert_eq!(world.step().pass, None, "no pass runs");
        shown.insert(world.versions("").len());
        world.wait_for_alarm();
    }
    let took = world.clock.now().since(begun);
    assert!(took > Duration::from_mins(1), "{took:?}");
    assert!(shown.len() <= 7, "{shown:?} in {took:?}");
}
