//! Whose turn it is: tags that move, tags that are confirmed, repositories with the same bytes.

use super::*;
use crate::testing::Fault;

#[test]
fn a_tag_that_moves_costs_two_calls_at_its_first_reading() {
    let world = World::new();
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    world
        .registry
        .push_chart("charts/a", "latest", &metadata, b"first", None, &[]);
    world.pass();
    // The enumeration, the list, the manifest, the config.
    assert_eq!(world.registry.calls(), 4);
    world.registry.clear_log();
    world.pass();
    assert_eq!(
        world.registry.calls_to("manifests/latest"),
        1,
        "in the next pass"
    );
}

#[test]
fn a_repository_has_a_share_of_its_moving_tags_asked_about_in_a_pass_and_all_in_turn() {
    let world = World::new();
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    for number in 0..70 {
        let tag = format!("branch-{number:02}");
        world.registry.tag("charts/a", &tag, &pushed.manifest);
    }
    world.registry.push_version("charts/b", "b", "1.0.0");
    let other = world.registry.push_version("charts/b", "b", "1.1.0");
    world.registry.tag("charts/b", "latest", &other.manifest);
    world.pass();
    world.rest();
    let mut asked = std::collections::BTreeSet::new();
    for pass in 0..12 {
        world.registry.clear_log();
        world.pass();
        assert_eq!(
            world.registry.calls_to("manifests/latest"),
            1,
            "pass {pass}"
        );
        let log = world.registry.log();
        let branches = log.iter().filter(|call| call.url.contains("/branch-"));
        let branches: Vec<_> = branches.map(|call| call.url.clone()).collect();
        assert!(branches.len() <= 20, "{} in one pass", branches.len());
        asked.extend(branches);
    }
    assert_eq!(asked.len(), 70);
}

/// Issue 10, item 2: also where none of them was ever read.
#[test]
fn thousands_of_new_tags_that_move_are_shared_out_over_passes() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "45")]);
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.push_version("charts/b", "b", "1.0.0");
    let tag = |from: usize, to: usize| {
        for number in from..to {
            let tag = format!("branch-{number:04}");
            world.registry.tag("charts/a", &tag, &pushed.manifest);
        }
    };
    let branches = || {
        let log = world.registry.log();
        let branches = log.iter().filter(|call| call.url.contains("/branch-"));
        branches.map(|call| call.url.clone()).collect::<Vec<_>>()
    };
    // The first pass of all, and a later one.
    let mut asked = std::collections::BTreeSet::new();
    for (pass, (from, to)) in [(0, 500), (500, 1_000)].into_iter().enumerate() {
        tag(from, to);
        let minor = pass + 1;
        world
            .registry
            .push_version("charts/b", "b", &format!("1.{minor}.0"));
        world.registry.clear_log();
        world.pass();
        assert!(branches().len() <= 40, "{} in one pass", branches().len());
        asked.extend(branches());
        let newest = format!("b 1.{minor}.0");
        assert!(world.versions("").contains(&newest), "{newest} waits");
        world.rest();
    }
    for _ in 0..60 {
        world.registry.clear_log();
        world.pass();
        assert!(branches().len() <= 20, "{} in one pass", branches().len());
        asked.extend(branches());
    }
    assert_eq!(asked.len(), 1_000, "all have their turn");
    assert_eq!(
        world.ask(&ask::Info { page: 0 })["counts"]["unread_tags"],
        0
    );
}

/// Whoever refreshes a repository, or pushes to it, had all its moving tags asked about before anything else.
#[test]
fn a_call_for_a_repository_takes_a_share_of_its_moving_tags_in_turn() {
    // A list that says that it is what it was is taken over elsewhere.
    for etags in [false, true] {
        a_call_takes_a_share(etags);
    }
}

fn a_call_takes_a_share(etags: bool) {
    let world = World::with(&[("SUBREQUEST_BUDGET", "45")]);
    world.registry.set_tag_list_etags(etags);
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.push_version("charts/b", "b", "1.0.0");
    for number in 0..100 {
        let tag = format!("branch-{number:04}");
        world.registry.tag("charts/a", &tag, &pushed.manifest);
    }
    for _ in 0..6 {
        world.pass();
    }
    world.rest();
    let mut asked = std::collections::BTreeSet::new();
    for call in 0..5 {
        world.registry.clear_log();
        world.clock.advance(Duration::from_secs(2));
        if call % 2 == 0 {
            world.refresh(Some("a"));
        } else {
            world.notify("charts/a", None);
        }
        world.rest();
        let log = world.registry.log();
        let branches = log.iter().filter(|call| call.url.contains("/branch-"));
        let branches: Vec<_> = branches.map(|call| call.url.clone()).collect();
        assert!(branches.len() <= 20, "{} for call {call}", branches.len());
        assert!(
            log.iter()
                .any(|call| call.url.ends_with("/manifests/1.0.0"))
        );
        asked.extend(branches);
    }
    assert_eq!(asked.len(), 100);
}

/// Each was read before the next repository was listed: two hundred slices for five thousand.
#[test]
fn hundreds_of_new_versions_delay_nobody_else() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "45")]);
    for name in ["a", "b", "c", "d"] {
        world
            .registry
            .push_version(&format!("charts/{name}"), name, "1.0.0");
    }
    world.pass();
    world.rest();
    for number in 0..600 {
        world
            .registry
            .push_version("charts/a", "a", &format!("2.0.{number}"));
    }
    for name in ["b", "c", "d"] {
        world
            .registry
            .push_version(&format!("charts/{name}"), name, "2.0.0");
    }
    world.registry.clear_log();
    world.pass();
    world.rest();
    let log = world.registry.log();
    let read = |of: &str| log.iter().position(|call| call.url.contains(of)).unwrap();
    for name in ["b", "c", "d"] {
        let at = read(&format!("charts/{name}/manifests/2.0.0"));
        assert!(at < 100, "{name}: after {at} calls");
    }
    assert!(world.versions("").contains(&"a 2.0.599".to_owned()));
}

/// A tag that a notification names is no part of the share.
#[test]
fn a_new_tag_that_moves_and_is_named_is_read_at_once() {
    let world = World::new();
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    for number in 0..100 {
        let tag = format!("branch-{number:02}");
        world.registry.tag("charts/a", &tag, &pushed.manifest);
    }
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "2.0.0"});
    world
        .registry
        .push_chart("charts/a", "nightly", &metadata, b"nightly", None, &[]);
    world.notify("charts/a", Some("nightly"));
    world.rest();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
}

#[test]
fn a_version_behind_the_ring_is_confirmed_within_its_time() {
    for interval in [1, 5, 7, 11, 13] {
        let world = World::with(&[
            ("SYNC_INTERVAL", &format!("{interval}h")),
            ("REVALIDATE_WITHIN", "24h"),
        ]);
        world.registry.push_versions("charts/a", 0..100);
        world.pass();
        world.wait(48);
        let mut confirmed = std::collections::BTreeMap::new();
        let mut longest = Duration::ZERO;
        let until = world.clock.now().after(Duration::from_hours(120));
        while world.clock.now() < until {
            world.registry.clear_log();
            world.pass();
            let now = world.clock.now();
            for call in world.registry.log() {
                if call.method == "HEAD"
                    && let Some(before) = confirmed.insert(call.url.clone(), now)
                {
                    longest = longest.max(now.since(before));
                }
            }
        }
        assert_eq!(confirmed.len(), 100);
        assert!(
            longest <= Duration::from_hours(24),
            "every {interval} h: {longest:?}"
        );
    }
}

#[test]
fn what_one_repository_refuses_of_a_digest_another_gives() {
    for refusing in ["charts/a", "charts/b"] {
        let world = World::new();
        world.registry.push_version("charts/a", "web", "1.0.0");
        world.registry.push_version("charts/b", "web", "1.0.0");
        let blobs = format!("{refusing}/blobs/");
        world.registry.inject(&blobs, None, Fault::status(500));
        world.pass();
        world.clock.advance(Duration::from_mins(2));
        world.rest();
        assert_eq!(world.versions(""), ["web 1.0.0"], "{refusing} refuses");
    }
}

#[test]
fn a_source_that_is_denied_or_not_read_is_told() {
    let world = World::with(&[("REPOSITORIES", "a")]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    let health = || {
        let sources = world.ask(&ask::AskStatus).figures.sources;
        sources.into_iter().next().unwrap()
    };
    assert!(health().read.is_some() && !health().overdue && health().denied_since.is_none());
    world.registry.deny("charts/a", true);
    world.pass();
    let since = health().denied_since.expect("it is denied");
    world.pass();
    assert_eq!(health().denied_since, Some(since));
    world.pass();
    assert!(health().overdue);
    world.registry.deny("charts/a", false);
    world.pass();
    assert!(!health().overdue && health().denied_since.is_none());
    // No alarm comes any more.
    world.clock.advance(Duration::from_hours(4));
    assert!(health().overdue);
}

/// What it named a moment ago could not be read to its end, and is no more what it names.
#[test]
fn a_tag_that_moves_on_from_what_cannot_be_read_is_asked_about_all_the_same() {
    let world = World::new();
    let push = |version: &str| {
        let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": version});
        let package = version.as_bytes();
        let registry = &world.registry;
        registry.push_chart("charts/a", "latest", &metadata, package, None, &[])
    };
    push("1.0.0");
    world.pass();
    world.rest();
    let lost = push("1.1.0").config.to_string();
    world.registry.inject(&lost, None, Fault::status(500));
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    push("1.2.0");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.2.0"]);
}

/// A registry that has no HEAD says so otherwise.
#[test]
fn a_tag_whose_digest_could_not_be_told_is_asked_for_it_again_and_not_read() {
    let world = World::new();
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.tag("charts/a", "latest", &pushed.manifest);
    world.pass();
    world.rest();
    for status in [429, 500, 403] {
        let fault = Fault::status(status);
        world.registry.inject("manifests/latest", Some(1), fault);
        world.registry.clear_log();
        world.pass();
        world.rest();
        let log = world.registry.log();
        let asked = log.iter().filter(|call| call.url.ends_with("/latest"));
        let methods: Vec<_> = asked.map(|call| call.method.as_str()).collect();
        assert!(
            methods.iter().all(|method| *method == "HEAD") && !methods.is_empty(),
            "{status}: {methods:?}"
        );
    }
}
