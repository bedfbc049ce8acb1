//! Faults of the registry, of KV, and of the object itself: nothing is lost, nothing is stuck.

use super::*;
use crate::testing::Fault;

fn small() -> World {
    let world = World::new();
    for repository in ["charts/a", "charts/b", "charts/c"] {
        let name = repository.rsplit('/').next().unwrap();
        world.registry.push_version(repository, name, "1.0.0");
        world.registry.push_version(repository, name, "1.1.0");
    }
    world
}

/// A first tick of cron is often the first that is heard of a catalog at all.
#[test]
fn the_first_step_works_though_time_passes_while_tables_are_made() {
    let world = small();
    let passing = || {
        world.clock.advance(Duration::from_millis(1));
        world.clock.now()
    };
    let engine = Engine {
        fetch: &world.registry,
        documents: &world.documents,
        database: &world.database,
        tokens: &world.tokens,
        recent: &world.recent,
        config: &world.config,
        clock: &passing,
        incarnation: "first",
    };
    assert!(run(&world.clock, engine.step()).calls > 0);
}

/// GHSA-2v5f-5r6w-p67r (MCP registry): no answer is not the answer "nothing".
#[test]
fn a_repository_that_fails_keeps_its_versions_and_the_others_go_on() {
    let world = small();
    world.pass();
    world.rest();
    world.registry.inject("charts/b/", None, Fault::status(500));
    world.registry.push_version("charts/c", "c", "2.0.0");
    let pass = world.pass();
    assert!(pass.faults > 0);
    assert_eq!(world.versions("").len(), 7);
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(info["failing"][0]["repository"], "charts/b");
    assert_eq!(
        info["failing"][0]["error"],
        "registry.example: listing tags: answered 500"
    );
    world.registry.heal();
    world.clock.advance(Duration::from_mins(1));
    world.rest();
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(info["failing"], serde_json::json!([]));
}

#[test]
fn a_fault_while_an_overwritten_version_is_read_keeps_the_old_one() {
    let world = small();
    world.pass();
    world.rest();
    let before = world.versions("");
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0", "description": "other"});
    let pushed = world
        .registry
        .push_chart("charts/a", "1.0.0", &metadata, b"other", None, &[]);
    world
        .registry
        .inject(&pushed.config.to_string(), None, Fault::status(500));
    world.notify("charts/a", Some("1.0.0"));
    world.rest();
    assert_eq!(world.versions(""), before);
    let old = world.published(&Key::Index(View::root())).unwrap();
    assert_ne!(old["entries"]["a"][1]["digest"], pushed.package.hex());
    world.registry.heal();
    world.clock.advance(Duration::from_hours(1));
    world.rest();
    let new = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(new["entries"]["a"][1]["digest"], pushed.package.hex());
}

#[test]
fn a_registry_that_is_down_from_the_start_gives_no_empty_repository() {
    let world = small();
    world.registry.inject("/v2/", None, Fault::Transport);
    let pass = world.pass();
    assert!(pass.faults > 0);
    let NoIndex::NotReady(progress) = world.no_index("") else {
        panic!("an index of nothing")
    };
    let fault = progress.fault.expect("the fault is told");
    assert_eq!(
        (fault.host.as_str(), fault.kind.as_str()),
        ("registry.example", "could not be reached")
    );
    // So that a client is told when to come again.
    assert_eq!(fault.retry_at, Some(world.engine().next_alarm()));
    assert_eq!(world.documents.puts(), 0);
    world.registry.heal();
    world.pass();
    assert_eq!(world.versions("").len(), 6);
}

#[test]
fn what_failed_in_a_first_pass_does_not_hold_the_rest_back() {
    let world = small();
    world.registry.inject("charts/b/", None, Fault::status(403));
    world.pass();
    assert_eq!(
        world.versions(""),
        ["a 1.1.0", "a 1.0.0", "c 1.1.0", "c 1.0.0"]
    );
}

#[test]
fn a_429_pauses_the_pass_and_the_pause_survives_a_restart() {
    let mut world = small();
    world.registry.inject(
        "charts/b/tags",
        Some(1),
        Fault::error(429, "TOOMANYREQUESTS", "slow down").header("retry-after", "120"),
    );
    let begun = world.clock.now();
    let step = world.step();
    assert_eq!(step.pass, None);
    assert_eq!(step.next.since(begun), Duration::from_mins(2));
    let before = world.registry.calls();
    world.incarnation = "second".to_owned();
    world.step();
    world.clock.advance(Duration::from_mins(1));
    world.step();
    assert_eq!(
        world.registry.calls(),
        before,
        "no call before the pause has ended"
    );
    world.pass();
    world.rest();
    assert!(world.clock.now().since(begun) >= Duration::from_mins(2));
    assert_eq!(world.versions("").len(), 6);
}

#[test]
fn retry_after_may_be_a_date() {
    let world = small();
    let date = "Fri, 21 Nov 2025 00:05:00 GMT";
    world.registry.inject(
        "charts/a/tags",
        Some(1),
        Fault::status(503).header("retry-after", date),
    );
    let step = world.step();
    assert_eq!(step.next.to_string(), "2025-11-21T00:05:00Z");
}

#[test]
fn a_kv_that_refuses_loses_nothing() {
    let world = small();
    world.documents.fail_puts(4);
    world.pass();
    world.clock.advance(Duration::from_mins(10));
    world.rest();
    assert_eq!(world.versions("").len(), 6);
}

#[test]
fn an_object_killed_in_the_middle_of_every_phase_goes_on() {
    let whole = {
        let world = small();
        world.pass();
        world.registry.calls()
    };
    for cut in 1..60 {
        let mut world = small();
        world.registry.set_latency(Duration::from_millis(20));
        {
            // Polled so many times and then dropped: what a restart does to a slice.
            let engine = world.engine();
            let mut step = std::pin::pin!(engine.step());
            let waker = std::task::Waker::noop();
            let mut context = std::task::Context::from_waker(waker);
            for _ in 0..cut {
                if step.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                world.clock.advance(Duration::from_millis(10));
            }
        }
        world.incarnation = "second".to_owned();
        world.pass();
        world.rest();
        assert_eq!(world.versions("").len(), 6, "cut after {cut} polls");
        assert!(
            world.registry.calls() <= whole * 2,
            "cut after {cut} polls: {} calls",
            world.registry.calls()
        );
    }
}

#[test]
fn a_lease_of_this_life_is_respected_and_ends() {
    let world = small();
    world.registry.set_latency(Duration::from_millis(20));
    let engine = world.engine();
    {
        let mut step = std::pin::pin!(engine.step());
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(step.as_mut().poll(&mut context).is_pending());
        let calls = world.registry.calls();
        assert_eq!(world.step().calls, 0, "somebody works");
        assert_eq!(world.registry.calls(), calls);
    }
    // The slice was dropped without a word, as a panic drops it: when its lease has run out, a tick of cron goes on.
    world.clock.advance(Duration::from_secs(91));
    world.pass();
    assert_eq!(world.versions("").len(), 6);
}

#[test]
fn a_whole_pass_by_cron_alone() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    world.registry.push_versions("charts/a", 0..20);
    let mut ticks = 0;
    while world.step().pass.is_none() {
        world.clock.advance(Duration::from_mins(5));
        ticks += 1;
        assert!(ticks < 50, "a pass by cron alone ends");
    }
    assert_eq!(world.versions("").len(), 20);
}

#[test]
fn an_endless_list_is_that_repositorys_fault_alone() {
    let world = small();
    let page = r#"{"name":"charts/b","tags":["9.9.9"]}"#;
    let endless = Fault::status(200)
        .header("content-type", "application/json")
        .header("link", "</v2/charts/b/tags/list?n=1&last=x>; rel=\"next\"")
        .body(page);
    world.registry.inject("charts/b/tags", None, endless);
    world.pass();
    world.rest();
    assert!(world.registry.calls_to("charts/b/tags") < 20);
    assert!(world.versions("").iter().all(|line| !line.starts_with('b')));
    assert_eq!(world.versions("").len(), 4);
}

#[test]
fn a_list_longer_than_a_slice_is_taken_over_in_pieces() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    world.registry.push_versions("charts/a", 0..40);
    world.registry.set_page_size(Some(2));
    world.pass();
    assert_eq!(world.versions("").len(), 40);
    assert!(
        world.registry.calls_to("tags/list") <= 20 + 8,
        "no page is asked for again and again"
    );
}

#[test]
fn garbage_is_skipped_and_told() {
    let world = small();
    world.registry.push_manifest(
        "charts/a",
        "2.0.0",
        "application/vnd.oci.image.manifest.v1+json",
        "no json",
    );
    world.pass();
    world.rest();
    assert_eq!(world.versions("").len(), 6);
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(info["skipped"][0]["tag"], "2.0.0");
}

#[test]
fn nobody_asks_and_the_interval_doubles_up_to_an_hour() {
    let world = small();
    world.pass();
    let mut starts = vec![world.clock.now()];
    for _ in 0..8 {
        world.pass();
        starts.push(world.clock.now());
    }
    let gaps: Vec<u64> = starts
        .windows(2)
        .map(|pair| pair[1].since(pair[0]).as_secs() / 60)
        .collect();
    assert_eq!(gaps, [5, 10, 20, 40, 60, 60, 60, 60]);
    world.ask(&ask::ViewsRead {
        views: vec![View::root()],
    });
    let asked = world.clock.now();
    world.pass();
    assert!(world.clock.now().since(asked) <= Duration::from_mins(5));
}

/// A proxy's page, or a body that was cut: the random histories found that it took the tag's chart away, as one that is none.
#[test]
fn a_page_in_place_of_a_manifest_takes_no_chart_away() {
    for body in ["", "<html>", "[]", r#"{"schemaVersion":2,"con"#] {
        let world = small();
        world.pass();
        let before = world.versions("");
        let page = Fault::status(200).body(body);
        world.registry.inject("/manifests/", None, page);
        world.refresh(Some(""));
        assert!(world.pass().faults > 0, "{body:?} is told of");
        world.pass();
        assert_eq!(world.versions(""), before, "{body:?}");
    }
}

#[test]
fn a_repository_that_fails_is_counted_though_nothing_changed() {
    let world = two_repositories(1);
    assert_eq!(world.ask(&ask::AskStatus).figures.failing_repositories, 0);
    let fault = Fault::status(500);
    world.registry.inject("charts/b/tags", None, fault);
    world.pass();
    assert_eq!(world.ask(&ask::AskStatus).figures.failing_repositories, 1);
}
