//! Who waits for a sync of two sources, with one of which something is wrong.

use super::super::*;
use super::pair::{ALL, MINUTE, Pair, SECOND, Wrong};
use super::served;
use crate::testing::Fault;

/// A pair of which all is served; then something is wrong with the other one.
fn served_pair(wrong: Wrong) -> Pair {
    let pair = Pair::new(Wrong::Nothing);
    pair.until(MINUTE, |world| {
        served(world, "a") + served(world, "b") == 200
    });
    pair.wrong.set(wrong);
    pair
}

/// What a registry at this host tells of a push.
fn pushed(host: &str, repository: &str, tag: &str) -> ask::Changed {
    ask::Changed::Notified {
        names: vec![(repository.to_owned(), Some(tag.to_owned()))],
        host: Some(host.to_owned()),
        delivery: None,
    }
}

fn told(world: &World, accepted: &Accepted, path: Option<&str>) -> Accepted {
    let question = ask::Await {
        ticket: accepted.ticket.clone(),
        path: path.map(str::to_owned),
    };
    world.ask(&question).expect("there is something")
}

/// Whether it is known how the sync went.
fn is_over(accepted: &Accepted) -> bool {
    accepted.done || accepted.fault.is_some()
}

#[test]
fn who_waits_for_one_source_waits_for_no_other() {
    for wrong in ALL {
        let pair = served_pair(wrong);
        let world = &pair.world;
        pair.other.push_version("charts/b1", "b1", "2.0.0");
        world.ask(&pushed("other.example", "charts/b1", "2.0.0"));
        for number in 1..4 {
            let version = format!("2.{number}.0");
            world.registry.push_version("charts/a1", "a1", &version);
            let (accepted, path) = if number == 2 {
                (world.refresh(Some("a1")).unwrap(), Some("a1"))
            } else {
                let notice = pushed("good.example", "charts/a1", &version);
                (world.ask(&notice), None)
            };
            let took =
                pair.until_at_any_time(MINUTE * 2, |world| is_over(&told(world, &accepted, path)));
            assert!(took <= SECOND * 8, "{wrong:?}, {number}: {took:?}");
            let answer = told(world, &accepted, path);
            assert_eq!(answer.fault, None, "{wrong:?}");
            assert_eq!(served(world, &format!("a1 {version}")), 1, "{wrong:?}");
        }
    }
}

#[test]
fn a_whole_refresh_is_done_when_all_is_read_or_tells_what_could_not_be() {
    for wrong in ALL {
        let pair = served_pair(wrong);
        let world = &pair.world;
        world.clock.advance(SECOND * 30);
        world.registry.push_version("charts/a1", "a1", "2.0.0");
        pair.other.push_version("charts/b1", "b1", "2.0.0");
        let accepted = world.refresh(None).unwrap();
        let took =
            pair.until_at_any_time(MINUTE * 30, |world| is_over(&told(world, &accepted, None)));
        let answer = told(world, &accepted, None);
        assert_eq!(served(world, "a1 2.0.0"), 1, "{wrong:?}: what can be read");
        if matches!(wrong, Wrong::Slow | Wrong::VerySlow) {
            assert_eq!((answer.done, answer.fault), (true, None), "{wrong:?}");
            assert_eq!(served(world, "b1 2.0.0"), 1, "{wrong:?}");
        } else {
            let fault = answer.fault.unwrap_or_default();
            assert!(
                fault.starts_with("other.example/charts (") && !fault.contains("good"),
                "{wrong:?}: {fault}"
            );
            let patience = match wrong {
                Wrong::Silent => MINUTE * 5,
                _ => MINUTE,
            };
            assert!(took <= patience, "{wrong:?}: {took:?}");
        }
    }
}

/// What had its turn before it was called for has another one.
#[test]
fn a_whole_refresh_is_not_done_by_a_turn_that_had_begun_before() {
    let pair = served_pair(Wrong::Slow);
    let world = &pair.world;
    world.refresh(None).unwrap();
    let until = world.clock.now().after(SECOND * 25);
    while world.clock.now() < until {
        world.wait_for_alarm();
        pair.step();
    }
    pair.other.push_version("charts/b0", "b0", "2.0.0");
    let accepted = world.refresh(None).unwrap();
    pair.until_at_any_time(MINUTE * 30, |world| is_over(&told(world, &accepted, None)));
    assert_eq!(told(world, &accepted, None).fault, None);
    assert_eq!(served(world, "b0 2.0.0"), 1);
}

#[test]
fn who_waits_for_a_whole_refresh_is_not_put_off_by_those_after_it() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "20")]);
    for number in 0..60 {
        let name = format!("c{number:02}");
        let repository = format!("charts/{name}");
        world.registry.push_version(&repository, &name, "1.0.0");
    }
    world.pass();
    world.rest();
    world.clock.advance(SECOND * 10);
    let accepted = world.refresh(None).unwrap();
    let mut steps = 0;
    while !told(&world, &accepted, None).done {
        world.wait_for_alarm();
        world.step();
        world.refresh(None).unwrap();
        steps += 1;
        assert!(steps < 50, "it is put off");
    }
}

#[test]
fn a_whole_refresh_tells_where_lists_cannot_be_read() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        let repository = format!("charts/{name}");
        world.registry.push_version(&repository, name, "1.0.0");
    }
    world.pass();
    world.rest();
    for (what, status, expected) in [
        (
            "charts/b/tags",
            500,
            "registry.example/charts (registry.example: listing tags: answered 500)",
        ),
        (
            "/tags/list",
            403,
            "registry.example/charts (registry.example: listing tags: answered 403, and 2 more of its lists)",
        ),
        (
            "_catalog",
            401,
            "registry.example/charts does not let these credentials list repositories",
        ),
    ] {
        world.registry.inject(what, None, Fault::status(status));
        world.clock.advance(SECOND * 10);
        let accepted = world.refresh(None).unwrap();
        world.rest();
        let answer = told(&world, &accepted, None);
        let fault = answer.fault.unwrap_or_default();
        assert!(fault.starts_with(expected), "{fault}");
        world.registry.heal();
    }
    // A single tag is no fault of all.
    let lost = world.registry.push_version("charts/a", "a", "2.0.0").config;
    let fault = Fault::status(500);
    world.registry.inject(&lost.to_string(), None, fault);
    let accepted = world.refresh(None).unwrap();
    world.rest();
    let answer = told(&world, &accepted, None);
    assert_eq!((answer.done, answer.fault), (true, None));
    assert_eq!(
        answer.unread.as_deref(),
        Some("registry.example: reading a blob: answered 500")
    );
}

#[test]
fn who_waits_for_a_first_index_of_what_cannot_be_read_is_told_why() {
    for (what, fault) in [
        ("", Fault::Transport),
        ("/tags/list", Fault::status(500)),
        ("/blobs/", Fault::status(500)),
    ] {
        let world = World::new();
        world.registry.push_version("charts/a", "a", "1.0.0");
        world.registry.inject(what, None, fault);
        for path in [None, Some("a")] {
            let accepted = world.refresh(path).unwrap();
            let until = world.clock.now().after(MINUTE);
            while !is_over(&told(&world, &accepted, path)) {
                world.wait_for_alarm();
                world.step();
                assert!(world.clock.now() < until, "{what:?}, {path:?}: not told");
            }
            let answer = told(&world, &accepted, path);
            assert!(!answer.done && answer.fault.is_some(), "{answer:?}");
        }
    }
}

#[test]
fn who_waits_for_a_space_that_nobody_knew_is_not_told_that_there_is_none() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "10")]);
    for number in 0..30 {
        let name = format!("c{number:02}");
        let repository = format!("charts/{name}");
        world.registry.push_version(&repository, &name, "1.0.0");
    }
    world.pass();
    world.rest();
    world
        .registry
        .push_version("charts/team-new/web", "web", "1.0.0");
    world.clock.advance(SECOND * 10);
    let accepted = world.refresh(Some("team-new")).unwrap();
    // What waits besides makes the first look at it early.
    world.refresh(Some("c03")).unwrap();
    while !is_over(&told(&world, &accepted, Some("team-new"))) {
        world.wait_for_alarm();
        world.step();
    }
    assert_eq!(world.answered("team-new"), ["web 1.0.0"]);
}
