//! What questions cost: many who ask the same cost about as much as one.

use std::future::Future as _;
use std::task::{Context, Waker};

use super::*;

/// What it costs to ask for the newest index `times` times.
fn cost(world: &World, times: usize) -> u64 {
    let before = world.database.effort();
    for _ in 0..times {
        let fresh = world.ask(&ask::Index {
            view: View::root(),
            fresh: true,
        });
        assert!(matches!(fresh, Indexed::Document(_)));
    }
    world.database.effort() - before
}

/// 500 requests with `no-cache` in a second were 500 indexes made.
#[test]
fn who_asks_for_the_newest_index_is_given_the_one_that_was_made_for_another() {
    let world = filled(&[("SUBREQUEST_BUDGET", "1000")], 300);
    let first = cost(&world, 1);
    let others = cost(&world, 499);
    assert!(others < 20 * first, "{others} after {first}");
    // Nothing has changed an hour later.
    world.clock.advance(Duration::from_mins(1));
    assert!(cost(&world, 1) < first / 4);
}

/// Whoever asks for two indexes in turn had each made anew, each time.
#[test]
fn who_asks_for_several_newest_indexes_in_turn_is_given_what_was_made() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    for space in 0..4 {
        for minor in 0..50 {
            let (name, version) = (format!("charts/s{space}/a"), format!("1.{minor}.{space}"));
            world.registry.push_version(&name, "a", &version);
        }
    }
    world.pass();
    world.rest();
    let round = || {
        let before = world.database.effort();
        for view in ["", "s0", "s1", "s2", "s3"] {
            assert!(matches!(world.index(view), Indexed::Document(_)));
        }
        world.database.effort() - before
    };
    let first = round();
    let others: u64 = (0..50).map(|_| round()).sum();
    assert!(others < 20 * first, "{others} after {first}");
}

/// What it costs to ask for charts `times` times, of a page of one each time if `paged`.
fn listing_cost(world: &World, name: Option<&str>, paged: bool, times: usize) -> u64 {
    let before = world.database.effort();
    for offset in 0..times {
        let (offset, limit) = if paged { (offset, 1) } else { (0, usize::MAX) };
        let listed = world.ask(&ask::Charts {
            view: View::root(),
            name: name.map(str::to_owned),
            offset,
            limit,
        });
        assert!(matches!(listed, ask::Charted::Entries(_)));
    }
    world.database.effort() - before
}

/// Each request of ChartMuseum's API read every row of the view, whatever page of it was wanted, and for one chart of a hundred, too.
#[test]
fn who_lists_charts_is_given_what_was_listed_for_another() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    for chart in 0..30 {
        for minor in 0..10 {
            let (name, version) = (format!("c{chart}"), format!("1.{minor}.0"));
            world
                .registry
                .push_version(&format!("charts/{name}"), &name, &version);
        }
    }
    world.pass();
    world.rest();
    let first = listing_cost(&world, None, false, 1);
    let others = listing_cost(&world, None, false, 50) + listing_cost(&world, None, true, 50);
    assert!(others < 10 * first, "{others} after {first}");
    let one = listing_cost(&world, Some("c7"), false, 1);
    assert!(one * 8 < first, "one chart of thirty: {one} of {first}");
    // A step that works may change any of it.
    world.registry.push_version("charts/c7", "c7", "2.0.0");
    world.refresh(None);
    world.rest();
    let listed = world.ask(&ask::Charts {
        view: View::root(),
        name: None,
        offset: 0,
        limit: usize::MAX,
    });
    let ask::Charted::Entries(listed) = listed else {
        panic!("{listed:?}")
    };
    assert!(listed.get().contains("c7-2.0.0.tgz"));
}

/// A list of over 7 MiB was read anew for each page of it.
#[test]
fn a_page_of_a_list_that_is_too_long_costs_what_is_on_it() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    let text = "x".repeat(16 << 10);
    for number in 0..130 {
        let name = format!("c{number:03}");
        let metadata = serde_json::json!({
            "apiVersion": "v2", "name": name, "version": "1.0.0",
            "annotations": {"a": text, "b": text, "c": text, "d": text.split_at(12 << 10).0},
        });
        let (repository, package) = (format!("charts/{name}"), name.as_bytes());
        let registry = &world.registry;
        registry.push_chart(&repository, "1.0.0", &metadata, package, None, &[]);
    }
    world.pass();
    world.rest();
    let page = |offset, limit| {
        let (view, before) = (View::root(), world.database.effort());
        let name = None;
        let listed = world.ask(&ask::Charts {
            view,
            name,
            offset,
            limit,
        });
        let names = match &listed {
            ask::Charted::Entries(listed) => {
                let charts: serde_json::Value = serde_json::from_str(listed.get()).unwrap();
                charts.as_object().unwrap().keys().cloned().collect()
            }
            ask::Charted::TooLong => vec!["too long".to_owned()],
            ask::Charted::NotReady(_) => panic!("{listed:?}"),
        };
        (names, world.database.effort() - before)
    };
    let (all, first) = page(0, usize::MAX);
    assert_eq!(all, ["too long"]);
    for (offset, limit, expected) in [
        (0, usize::MAX, vec!["too long"]),
        (1, 129, vec!["too long"]),
        (0, 1, vec!["c000"]),
        (7, 2, vec!["c007", "c008"]),
        (129, 5, vec!["c129"]),
        (130, 5, vec![]),
    ] {
        let (names, cost) = page(offset, limit);
        assert_eq!(names, expected, "{offset}, {limit}");
        assert!(cost * 10 < first, "{offset}, {limit}: {cost} after {first}");
    }
    assert_eq!(page(20, 100).0.len(), 100);
}

/// One of over 8 MiB was not kept while a step worked, and made anew for each who asked.
#[test]
fn an_index_that_is_not_kept_while_a_step_works_is_not_made_for_each_who_asks() {
    let world = filled(&[("SUBREQUEST_BUDGET", "1000")], 1);
    let ask = |fresh: bool| {
        world.ask(&ask::Index {
            view: View::root(),
            fresh,
        })
    };
    let [long, last] = [16 << 10, 12 << 10].map(|length| "x".repeat(length));
    for minor in 0..150 {
        let version = format!("2.{minor}.0");
        let metadata = serde_json::json!({
            "apiVersion": "v2", "name": "b", "version": version,
            "annotations": {"a": long, "b": long, "c": long, "d": last},
        });
        let package = version.clone().into_bytes();
        world
            .registry
            .push_chart("charts/b", &version, &metadata, &package, None, &[]);
    }
    world.refresh(None);
    world.rest();
    let Indexed::Document(document) = ask(true) else {
        panic!("no index")
    };
    assert!(document.body.len() > 8 << 20, "{}", document.body.len());
    world.registry.set_latency(Duration::from_mins(1));
    world.refresh(None);
    world.wait_for_alarm();
    let engine = world.engine();
    let mut step = std::pin::pin!(engine.step());
    let mut context = Context::from_waker(Waker::noop());
    assert!(step.as_mut().poll(&mut context).is_pending());
    world.clock.advance(Duration::from_secs(4));
    let made = (0..20).filter(|_| matches!(ask(true), Indexed::Document(_)));
    assert_eq!(made.count(), 1);
    // Whoever has nothing published to go by gets it all the same.
    assert!(matches!(ask(false), Indexed::Document(_)));
    world.clock.advance(Duration::from_secs(4));
    assert!(matches!(ask(true), Indexed::Document(_)));
}

#[test]
fn what_was_made_before_a_change_is_given_to_nobody_after_it() {
    let world = filled(&[("SUBREQUEST_BUDGET", "1000")], 2);
    assert_eq!(world.answered(""), ["a 1.1.0", "a 1.0.0"]);
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.refresh(None);
    world.rest();
    assert_eq!(world.answered(""), ["a 2.0.0", "a 1.1.0", "a 1.0.0"]);
    // Nor to a catalog of other settings, nor for another space.
    let mut world = world;
    world.config = config(&[("VERSIONS_PER_CHART", "1")]);
    assert_eq!(world.answered(""), ["a 2.0.0"]);
    assert_eq!(world.no_index("team"), NoIndex::Missing);
}

/// Between two awaits of a step rows change: what is given meanwhile is some seconds old at most.
#[test]
fn while_a_step_works_an_index_is_made_anew_every_few_seconds() {
    let world = filled(&[("SUBREQUEST_BUDGET", "1000")], 300);
    world.registry.set_latency(Duration::from_mins(1));
    world.refresh(None);
    world.wait_for_alarm();
    let first = cost(&world, 1);
    let engine = world.engine();
    let mut step = std::pin::pin!(engine.step());
    let mut context = Context::from_waker(Waker::noop());
    assert!(step.as_mut().poll(&mut context).is_pending());
    world.clock.advance(Duration::from_secs(4));
    let again = cost(&world, 1);
    assert!(again * 2 > first, "made anew: {again} after {first}");
    let others = cost(&world, 100);
    assert!(others < 10 * first, "{others} after {first}");
}

/// Everybody who waits for a first index asks twice a second, and each answer counted all rows.
#[test]
fn who_waits_for_a_first_index_does_not_make_the_catalog_count() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "45")]);
    world.registry.push_versions("charts/a", 0..300);
    world.wait_for_alarm();
    world.step();
    let ask = |times: usize| {
        let before = world.database.effort();
        for _ in 0..times {
            let reason = world.no_index("");
            let NoIndex::NotReady(progress) = reason else {
                panic!("{reason:?}")
            };
            assert_eq!(progress.tags, 300);
        }
        world.database.effort() - before
    };
    let first = ask(1);
    let others = ask(1000) / 1000;
    assert!(others * 3 < first * 2, "{others} each, after {first}");
    world.clock.advance(Duration::from_secs(5));
    assert!(ask(1) + 100 > first, "counted again");
}

/// A thousand invented names were a thousand calls.
#[test]
fn a_notification_of_invented_names_costs_some_calls_and_not_a_thousand() {
    let mut world = filled(&[("SUBREQUEST_BUDGET", "1000")], 1);
    let names = |from: usize| -> Vec<_> {
        let invented = (from..from + 1000).map(|n| (format!("charts/x-{n}"), None));
        let others = (0..1000).map(|n| (format!("elsewhere/x-{n}"), None));
        invented.chain(others).collect()
    };
    world.registry.clear_log();
    for round in 0..3 {
        world.ask(&ask::Changed::Notified {
            names: names(round * 1000),
            host: None,
            delivery: None,
        });
        world.clock.advance(Duration::from_secs(2));
        world.rest();
        // An object that starts anew has forgotten nothing of it.
        world.recent = Recent::default();
    }
    let calls = world.registry.calls();
    assert!((100..140).contains(&calls), "{calls} calls");
    // What is known is no invention, and an hour later there is room again.
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.notify("charts/a", Some("2.0.0"));
    world.rest();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
    world.clock.advance(Duration::from_hours(1));
    world.rest();
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.clock.advance(Duration::from_secs(2));
    world.notify("charts/b", Some("1.0.0"));
    world.rest();
    assert!(world.versions("").contains(&"b 1.0.0".to_owned()));
}

#[test]
fn a_delivery_is_honoured_once() {
    let mut world = filled(&[("SUBREQUEST_BUDGET", "1000")], 1);
    let deliver = |world: &World, delivery: &str| {
        world.ask(&ask::Changed::Notified {
            names: vec![("charts/a".to_owned(), Some("1.0.0".to_owned()))],
            host: None,
            delivery: Some(delivery.to_owned()),
        });
        world.clock.advance(Duration::from_secs(2));
        world.registry.clear_log();
        world.rest();
        world.registry.calls()
    };
    assert!(deliver(&world, "72d3162e") > 0);
    for _ in 0..5 {
        assert_eq!(deliver(&world, "72d3162e"), 0);
    }
    assert!(deliver(&world, "72d3162f") > 0);
    // Also by an object that starts anew.
    world.recent = Recent::default();
    assert_eq!(deliver(&world, "72d3162e"), 0);
    // What is too long to be remembered comes for the first time each time.
    let long = "x".repeat(65);
    assert!(deliver(&world, &long) > 0 && deliver(&world, &long) > 0);
}
