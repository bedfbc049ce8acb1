//! What an operator gets by asking for a sync.

use super::*;
use crate::testing::Fault;

/// The answer to who waits for a sync of this path.
#[track_caller]
fn refreshed(world: &World, path: Option<&str>) -> Option<Accepted> {
    world.clock.advance(Duration::from_secs(2));
    let Some(Accepted { ticket, .. }) = world.refresh(path) else {
        panic!("not accepted")
    };
    world.rest();
    let path = path.map(str::to_owned);
    world.ask(&ask::Await { ticket, path })
}

fn small() -> World {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world
}

#[test]
fn the_first_push_to_a_space_that_nobody_knew_is_found() {
    let world = small();
    world
        .registry
        .push_version("charts/team-new/web", "web", "1.0.0");
    let answer = refreshed(&world, Some("team-new"));
    let Some(Accepted { done: true, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(world.answered("team-new"), ["web 1.0.0"]);
}

#[test]
fn what_was_mended_is_read_at_once_however_long_it_was_put_off() {
    for path in [Some("b"), None] {
        for what in ["config", "charts/b/tags"] {
            let world = small();
            let pushed = world.registry.push_version("charts/b", "b", "1.0.0");
            let config = pushed.config.to_string();
            let what = if what == "config" { &config } else { what };
            world.registry.inject(what, None, Fault::status(500));
            world.clock.advance(Duration::from_mins(5));
            for _ in 0..12 {
                world.rest();
                world.clock.advance(Duration::from_mins(10));
            }
            world.rest();
            world.registry.heal();
            let answer = refreshed(&world, path);
            let Some(Accepted {
                done: true,
                fault: None,
                unread: None,
                ..
            }) = answer
            else {
                panic!("{answer:?}")
            };
            assert_eq!(
                world.versions(""),
                ["a 1.0.0", "b 1.0.0"],
                "{path:?} {what}"
            );
        }
    }
}

#[test]
fn an_old_tag_that_cannot_be_read_is_told_and_keeps_nothing_from_being_published() {
    let world = small();
    let pushed = world.registry.push_version("charts/a", "a", "0.1.0");
    let lost = pushed.config.to_string();
    world.registry.inject(&lost, None, Fault::status(500));
    world.pass();
    world.registry.push_version("charts/a", "a", "2.0.0");
    let answer = refreshed(&world, Some("a"));
    let Some(Accepted {
        done: true,
        fault: None,
        unread: Some(unread),
        ..
    }) = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(unread, "registry.example: reading a blob: answered 500");
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
}

/// Whoever comes while the registry is tried again hears what was wrong the last time, not that all has just begun.
#[test]
fn a_first_pass_that_hangs_again_tells_why() {
    let world = World::new();
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.inject("_catalog", None, Fault::Timeout);
    world.pass();
    world.clock.advance(Duration::from_secs(1));
    world.wait_for_alarm();
    let engine = world.engine();
    let mut step = std::pin::pin!(engine.step());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..3 {
        assert!(step.as_mut().poll(&mut context).is_pending());
    }
    let NoIndex::NotReady(progress) = world.no_index("") else {
        panic!("ready?")
    };
    let fault = progress.fault.unwrap();
    assert_eq!(
        (fault.host.as_str(), fault.kind.as_str()),
        ("registry.example", "did not answer in time")
    );
}

#[test]
fn a_list_of_repositories_that_goes_round_in_a_circle_is_left() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    let page = |next: &str| {
        Fault::status(200)
            .body(r#"{"repositories":["charts/a"]}"#)
            .header(
                "link",
                &format!("</v2/_catalog?last={next}&n=1000>; rel=\"next\""),
            )
    };
    for (at, next) in [
        ("?n=", "x"),
        ("?last=x", "y"),
        ("?last=y", "z"),
        ("?last=z", "x"),
    ] {
        world
            .registry
            .inject(&format!("_catalog{at}"), None, page(next));
    }
    world.pass();
    let calls = world.registry.calls_to("_catalog");
    assert!(calls <= 12, "{calls} pages");
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn a_registry_that_asks_for_a_second_again_and_again_is_left_alone_for_longer() {
    let world = small();
    let throttled = Fault::status(429).header("retry-after", "1");
    world.registry.inject("", None, throttled);
    world.registry.clear_log();
    let until = world.clock.now().after(Duration::from_hours(2));
    while world.clock.now() < until {
        world.wait_for_alarm();
        world.step();
        world.clock.advance(Duration::from_millis(1));
    }
    let calls = world.registry.calls();
    assert!(calls < 60, "{calls} calls in two hours");
}

#[test]
fn a_file_name_that_no_file_system_takes_is_skipped_and_reported() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    let (name, version) = ("n".repeat(200), format!("1.0.0-{}", "x".repeat(60)));
    world.registry.push_version("charts/long", &name, &version);
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(
        info["skipped"][0]["reason"],
        "its file name is longer than 255 bytes"
    );
}

/// Accounts may have the right to refresh one space of many.
#[test]
fn a_refresh_of_a_path_ends_no_pause_that_the_registry_asked_for() {
    let world = small();
    let throttled = Fault::status(429).header("retry-after", "3600");
    world.registry.inject("", Some(1), throttled);
    world.pass();
    world.registry.heal();
    world.registry.clear_log();
    let asked_until = world.clock.now().after(Duration::from_mins(58));
    for path in ["a", "team-a", "nowhere/x"] {
        world.refresh(Some(path));
        world.rest();
    }
    assert!(world.engine().next_alarm() >= asked_until);
    assert_eq!(world.registry.calls(), 0);
    // Who may refresh everything ends it.
    world.refresh(None);
    world.rest();
    assert!(world.registry.calls() > 0);
}

/// Also at registries that deny what they have not, as GitHub's does.
#[test]
fn paths_that_somebody_invents_leave_no_rows_and_are_not_all_asked_for() {
    for status in [403, 404] {
        let world = small();
        let fault = Fault::status(status);
        world.registry.inject("charts/invented", None, fault);
        for path in 0..300 {
            world.refresh(Some(&format!("invented/{path}")));
        }
        world.registry.clear_log();
        world.pass();
        world.rest();
        let calls = world.registry.calls_to("charts/invented");
        // A hundred of them, as they were called for and as the pass goes through them.
        assert!((100..=200).contains(&calls), "{calls} calls");
        world.pass();
        let info = world.ask(&ask::Info { page: 0 });
        assert_eq!(info["counts"]["repositories"], 1, "{status}");
        // What is there is found all the same.
        world.registry.push_version("charts/new", "new", "1.0.0");
        world.refresh(Some("new"));
        world.pass();
        world.rest();
        assert_eq!(world.versions(""), ["a 1.0.0", "new 1.0.0"]);
    }
}

/// A registry's own space is there because it is configured: who waits for it before anything of it was read is told how it went.
#[test]
fn a_mount_of_which_nothing_is_known_is_waited_for() {
    let sources = r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts", "mount": "teams/b"}]"#;
    for path in ["teams/b", "teams"] {
        let world = World::with(&[("REGISTRY", ""), ("SOURCES", sources)]);
        let other = world.registry.beside("other.example");
        world.registry.push_version("charts/a", "a", "1.0.0");
        let whether = |answer: Option<Accepted>| {
            let answer = answer.unwrap_or_else(|| panic!("{path} is not there"));
            assert_eq!(answer.unread, None);
            (answer.done, answer.fault)
        };
        // Before anything was read at all, while it has nothing, while it does not say what it has, and when it has something.
        let Some(Accepted { ticket, .. }) = world.refresh(Some(path)) else {
            panic!("not accepted")
        };
        let question = ask::Await {
            ticket,
            path: Some(path.to_owned()),
        };
        assert_eq!(whether(world.ask(&question)), (false, None));
        assert_eq!(whether(refreshed(&world, Some(path))), (true, None));
        other.inject("_catalog", None, Fault::status(403));
        let denied = "does not let these credentials list repositories (it answered 403); \
            name them in repositories, set the secret that username_secret names and the secret that password_secret names, \
            or set discovery if this is Harbor, GitLab or Quay (source 2 of SOURCES)";
        assert_eq!(
            whether(refreshed(&world, Some(path))),
            (true, Some(format!("other.example/charts@teams/b {denied}")))
        );
        other.heal();
        other.push_version("charts/b", "b", "1.0.0");
        assert_eq!(whether(refreshed(&world, Some(path))), (true, None));
        assert_eq!(world.answered("teams/b"), ["b 1.0.0"]);
    }
}
