//! What happens while something else is under way, and what was true a moment ago.

use super::*;
use crate::catalog::rows::store::Store;
use crate::platform::Database as _;
use crate::testing::Fault;

/// Runs a step, and does something `after` its beginning, while its calls are under way.
fn step_with(world: &World, after: Duration, act: impl Fn()) {
    let engine = world.engine();
    let meanwhile = async {
        world.clock.sleep(after).await;
        act();
    };
    let (step, ()) = run(
        &world.clock,
        futures::future::join(engine.step(), meanwhile),
    );
    assert_eq!(step.broken, None);
}

fn digest(world: &World, version: &str) -> String {
    let index = world.published(&Key::Index(View::root())).unwrap();
    let versions = index["entries"]["a"].as_array().unwrap();
    let entry = versions.iter().find(|entry| entry["version"] == version);
    entry.unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_refresh_while_the_list_is_under_way_is_not_lost() {
    let world = filled(&[], 30);
    world.registry.set_latency(Duration::from_millis(100));
    world.wait_for_alarm();
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.9.0"});
    let pushed = world
        .registry
        .push_chart("charts/a", "1.9.0", &metadata, b"other", None, &[]);
    let path = Some("a".to_owned());
    let ticket = std::cell::RefCell::new(ask::Ticket::default());
    step_with(&world, Duration::from_millis(50), || {
        let question = ask::Refresh {
            path: path.clone(),
            confirm: false,
        };
        let Some(Accepted { ticket: given, .. }) = world.ask(&question) else {
            panic!("not accepted")
        };
        ticket.replace(given);
    });
    for _ in 0..20 {
        let question = ask::Await {
            ticket: ticket.borrow().clone(),
            path: path.clone(),
        };
        if matches!(world.ask(&question), Some(Accepted { etag: Some(_), .. })) {
            assert_eq!(digest(&world, "1.9.0"), pushed.package.hex());
            return;
        }
        world.wait_for_alarm();
        world.step();
    }
    panic!("the refresh never settles");
}

/// Whatever a step held of the state before an await, what questions changed meanwhile stays changed.
#[test]
fn what_questions_change_while_a_step_waits_is_not_overwritten() {
    let world = filled(&[], 30);
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.registry.set_latency(Duration::from_millis(100));
    world.wait_for_alarm();
    let before = Store(&world.database).state().unwrap();
    let mut asked = 0;
    // In every phase of the step: before the list, before each call, while documents are put.
    let engine = world.engine();
    let mut step = std::pin::pin!(engine.step());
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    while step.as_mut().poll(&mut context).is_pending() {
        assert!(world.refresh(None).is_some());
        asked += 1;
        world.clock.advance(Duration::from_millis(50));
    }
    let after = Store(&world.database).state().unwrap();
    assert!(asked > 3, "the step waits some times");
    assert_eq!(after.tickets.issued, before.tickets.issued + asked);
    let wanted = after.sources.values().map(|source| source.turn_wanted);
    assert_eq!(wanted.collect::<Vec<_>>(), [after.pass.number + 1]);
    assert!(after.rhythm.again || after.rhythm.next <= world.clock.now());
    assert!(after.calls.success > before.calls.success);
    assert_eq!(after.last_pass.number, before.last_pass.number + 1);
}

#[test]
fn a_webhook_while_its_tag_is_being_resolved_is_not_lost() {
    let world = filled(&[], 1);
    world.registry.set_latency(Duration::from_millis(100));
    world.clock.advance(Duration::from_secs(5));
    world.refresh(Some("a"));
    world.registry.clear_log();
    // The list takes the first 100 ms, the HEAD the next.
    step_with(&world, Duration::from_millis(150), || {
        let names = vec![("charts/a".to_owned(), Some("1.0.0".to_owned()))];
        world.ask(&ask::Changed::Notified {
            names,
            host: None,
            delivery: None,
        });
    });
    world.rest();
    let read =
        |call: &crate::testing::Call| call.method == "GET" && call.url.contains("/manifests/");
    assert!(world.registry.log().iter().any(read), "the tag is read");
}

#[test]
fn a_fault_of_the_newest_version_removes_no_older_one() {
    for fault in [true, false] {
        let world = filled(&[("VERSIONS_PER_CHART", "1")], 1);
        if fault {
            world.registry.push_version("charts/a", "a", "2.0.0");
            world
                .registry
                .inject("manifests/2.0.0", None, Fault::status(500));
        } else {
            let image = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
            let kind = "application/vnd.oci.image.manifest.v1+json";
            world
                .registry
                .push_manifest("charts/a", "2.0.0", kind, image);
        }
        world.pass();
        world.rest();
        assert_eq!(world.versions(""), ["a 1.0.0"], "fault: {fault}");
    }
}

#[test]
fn a_removal_that_was_held_is_no_leave_for_another() {
    let world = filled(&[], 21);
    world.registry.push_versions("charts/b", 0..19);
    world.pass();
    world.rest();
    world.registry.delete_versions("charts/a", 0..21);
    world.pass();
    assert_eq!(world.versions("").len(), 40, "held");
    world.registry.delete_versions("charts/b", 0..19);
    world.registry.push_versions("charts/a", 0..18);
    world.clock.advance(Duration::from_hours(25));
    world.pass();
    world.rest();
    assert_eq!(
        world.versions("").len(),
        37,
        "what is missing for the first time stays"
    );
    world.clock.advance(Duration::from_hours(25));
    world.pass();
    world.rest();
    assert_eq!(world.versions("").len(), 18);
}

#[test]
fn a_mass_removal_is_measured_against_what_is_configured_now() {
    let mut world = filled(&[], 100);
    world.registry.push_versions("charts/b", 0..30);
    world.pass();
    world.rest();
    world.config = config(&[("REPOSITORIES", "b")]);
    world.registry.delete_versions("charts/b", 0..30);
    world.pass();
    assert_eq!(world.versions("").len(), 30);
}

#[test]
fn a_space_that_only_kv_knows_is_taken_up_again() {
    let mut world = World::new();
    world.registry.push_version("charts/team-a/a", "a", "1.0.0");
    world.pass();
    world.answered("team-a");
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    assert_eq!(world.versions("team-a"), ["a 1.0.0"]);
    // Another Worker's schema: the rows go, KV stays.
    world
        .database
        .execute("UPDATE schema SET version = ?", &[99.into()])
        .unwrap();
    world.incarnation = "second".to_owned();
    world.registry.push_version("charts/team-a/a", "a", "2.0.0");
    world.pass();
    let views = vec!["team-a".parse().unwrap()];
    world.ask(&ask::ViewsRead { views });
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    assert_eq!(world.versions("team-a"), ["a 2.0.0", "a 1.0.0"]);
}

#[test]
fn a_refresh_of_a_space_finds_what_was_pushed_to_it_for_the_first_time() {
    let world = World::new();
    world.registry.push_version("charts/team-a/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.registry.push_version("charts/team-a/b", "b", "1.0.0");
    world.clock.advance(Duration::from_secs(2));
    world.refresh(Some("team-a"));
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

/// Calls and their bodies may outlast a slice's time: each is a sign of life.
#[test]
fn a_job_of_many_calls_keeps_the_lease() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    world.registry.push_versions("charts/a", 0..150);
    world.registry.set_page_size(Some(1));
    world.registry.set_latency(Duration::from_secs(50));
    let (first, second) = (world.engine(), world.engine());
    let late = async {
        world.clock.sleep(Duration::from_secs(95)).await;
        second.step().await
    };
    let (first, second) = run(&world.clock, futures::future::join(first.step(), late));
    assert_eq!(first.calls, 2);
    assert_eq!(second.calls, 0, "somebody works");
}

/// A list of many pages would go on for a quarter of an hour, in which nothing is published.
#[test]
fn a_job_of_many_calls_ends_with_its_slice_and_goes_on_in_the_next() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    world.registry.push_versions("charts/a", 0..150);
    world.registry.set_page_size(Some(1));
    world.registry.set_latency(Duration::from_secs(1));
    let begun = world.clock.now();
    let first = world.step();
    assert!((55..65).contains(&first.calls), "{}", first.calls);
    assert!(world.clock.now() <= begun.after(Duration::from_secs(62)));
    world.pass();
    assert_eq!(world.versions("").len(), 150);
    assert_eq!(world.registry.calls_to("tags/list"), 150);
}

#[test]
fn who_asks_for_the_freshest_costs_no_put() {
    let world = filled(&[], 1);
    world.documents.reset_counters();
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(400));
        world.ask(&ask::Index {
            view: View::root(),
            fresh: true,
        });
        world.rest();
    }
    assert_eq!(world.documents.puts(), 0);
}

#[test]
fn names_that_are_no_tags_stop_nobody() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    world.registry.push_version("charts/b", "b", "1.0.0");
    let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
    for number in 0..4_000 {
        let name = format!("{number:04}{}", "x".repeat(1_000));
        world.registry.tag("charts/a", &name, &pushed.manifest);
    }
    world.registry.set_page_size(Some(300));
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

#[test]
fn what_cannot_be_written_fails_its_job_alone() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.ask(&ask::AskStatus);
    world
        .database
        .execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON tag WHEN NEW.repository = (SELECT id FROM repository WHERE name = 'charts/a')
             BEGIN SELECT RAISE(ABORT, 'string or blob too big'); END",
            &[],
        )
        .unwrap();
    let pass = world.pass();
    assert!(pass.faults > 0);
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}

#[test]
fn what_a_cut_slice_brought_is_published_while_the_registry_rests() {
    let world = filled(&[], 2);
    world.registry.push_version("charts/a", "a", "2.0.0");
    let fault = Fault::status(429).header("retry-after", "3600");
    // The list and the new version are read; a confirmation of another meets the limit.
    world.registry.inject("HEAD ", None, fault);
    world.wait_for_alarm();
    let begun = world.clock.now();
    for _ in 0..3 {
        world.step();
        world.clock.advance(Duration::from_secs(1));
    }
    assert!(world.clock.now().since(begun) < Duration::from_mins(1));
    assert_eq!(world.versions("")[0], "a 2.0.0");
}

#[test]
fn a_moment_of_trouble_does_not_end_an_enumeration() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world
        .registry
        .inject("_catalog", Some(1), Fault::status(500));
    let pass = world.pass();
    assert_eq!((pass.number, pass.faults), (1, 1));
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn one_who_waits_does_not_have_every_slice_published() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    world.registry.push_versions("charts/a", 0..3);
    world.pass();
    world.rest();
    world.registry.push_versions("charts/b", 0..40);
    world.documents.reset_counters();
    world.refresh(None);
    let root = Key::Index(View::root()).name(world.config.fingerprint());
    let mut seen = std::collections::BTreeSet::new();
    while world.step().pass.is_none() {
        world.clock.advance(Duration::from_secs(2));
        seen.insert(world.documents.stored(&root).unwrap().1.etag);
    }
    assert_eq!(seen.len(), 1, "put once, when the pass has ended");
}

/// Its 404 asked for the list of the repository, and that for all of its tags, without an end.
#[test]
fn a_tag_that_was_deleted_before_it_was_read_is_asked_for_once_by_a_webhook() {
    let world = World::new();
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.push_version("charts/a", "a", "2.0.0");
    world.registry.push_version("charts/a", "a", "1.0.0");
    let broken = Fault::status(500);
    world.registry.inject("manifests/1.0.0", None, broken);
    world.pass();
    world.registry.heal();
    world.registry.delete_tag("charts/a", "1.0.0");
    world.registry.clear_log();
    // It is tried again beside the list that the webhook asks for.
    world.clock.advance(Duration::from_mins(2));
    world.notify("charts/a", None);
    world.rest();
    let calls = world.registry.calls();
    assert!(calls <= 8, "{calls} calls");
}
