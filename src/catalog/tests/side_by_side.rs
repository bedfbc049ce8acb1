//! Two sources: what is wrong with one delays the other by nothing.

mod pair;
mod same_digests;
mod waiting;

use std::cell::RefCell;

use super::*;
use pair::{ALL, MINUTE, Pair, SECOND, Wrong};

/// Versions of charts whose names begin so.
fn served(world: &World, begin: &str) -> usize {
    let root = world.published(&Key::Index(View::root()));
    root.map_or(0, |index| {
        let lines = lines(&index);
        lines.iter().filter(|line| line.starts_with(begin)).count()
    })
}

#[test]
fn the_first_index_of_one_source_waits_for_no_other() {
    let alone = Pair::new(Wrong::Nothing).until(MINUTE, |world| served(world, "a") == 100);
    for wrong in ALL {
        let pair = Pair::new(wrong);
        let took = pair.until(MINUTE * 10, |world| served(world, "a") == 100);
        assert!(
            took <= alone + SECOND * 8,
            "{wrong:?}: {took:?} instead of {alone:?}"
        );
    }
}

#[test]
fn a_push_to_one_source_waits_for_no_other() {
    for wrong in ALL {
        let pair = Pair::new(wrong);
        pair.until(MINUTE, |world| served(world, "a") == 100);
        for number in 1..8_u64 {
            // At all kinds of moments.
            let wait = Duration::from_millis(number * 31_321);
            let at = pair.world.clock.now().after(wait);
            while pair.world.engine().next_alarm() < at {
                pair.world.wait_for_alarm();
                pair.step();
            }
            let now = pair.world.clock.now();
            pair.world.clock.advance(at.since(now));
            let version = format!("2.{number}.0");
            pair.world
                .registry
                .push_version("charts/a1", "a1", &version);
            pair.world.notify("charts/a1", Some(&version));
            let before = 100 + usize::try_from(number).unwrap();
            let took = pair.until(MINUTE * 2, |world| served(world, "a") == before);
            assert!(took <= SECOND * 8, "{wrong:?}, {number}: {took:?}");
        }
    }
}

/// While a step waits for the other one.
#[test]
fn a_push_to_one_source_goes_past_calls_to_another_that_are_under_way() {
    for wrong in [Wrong::Silent, Wrong::Slow, Wrong::VerySlow] {
        let pair = Pair::new(wrong);
        pair.until(MINUTE, |world| served(world, "a") == 100);
        let world = &pair.world;
        world.wait_for_alarm();
        let two = pair.two();
        let engine = pair.engine(&two);
        let begun = world.clock.now();
        let served_at = RefCell::new(None);
        let push = async {
            world.clock.sleep(SECOND * 2).await;
            world.registry.push_version("charts/a1", "a1", "2.0.0");
            world.notify("charts/a1", Some("2.0.0"));
            for _ in 0..100 {
                world.clock.sleep(SECOND / 5).await;
                if served(world, "a1 2.0.0") == 1 {
                    *served_at.borrow_mut() = Some(world.clock.now());
                    break;
                }
            }
        };
        run(&world.clock, futures::future::join(engine.step(), push));
        let pushed = begun.after(SECOND * 2);
        let seen = *served_at.borrow();
        let took = if let Some(at) = seen {
            at.since(pushed)
        } else {
            // The step was over before.
            pair.until(MINUTE, |world| served(world, "a1 2.0.0") == 1);
            world.clock.now().since(pushed)
        };
        assert!(took <= SECOND * 8, "{wrong:?}: {took:?}");
    }
}

#[test]
fn the_passes_of_one_source_wait_for_no_other() {
    for wrong in ALL {
        let pair = Pair::new(wrong);
        pair.until(MINUTE, |world| served(world, "a") == 100);
        for number in 1..4 {
            let version = format!("2.{number}.0");
            pair.world
                .registry
                .push_version("charts/a1", "a1", &version);
            let views = vec![View::root()];
            pair.world.ask(&ask::ViewsRead { views });
            let took = pair.until(MINUTE * 20, |world| served(world, "a") == 100 + number);
            assert!(took <= MINUTE * 5 + SECOND * 8, "{wrong:?}: {took:?}");
        }
    }
}

/// However busy the first is: a bulk of versions, and a slow one gets on beside it and after it.
#[test]
fn a_slow_source_is_read_to_its_end_beside_a_busy_one() {
    let pair = Pair::new(Wrong::Slow);
    pair.until(MINUTE, |world| served(world, "a") == 100);
    for number in 0..1_000 {
        let version = format!("2.{number}.0");
        pair.world
            .registry
            .push_version("charts/a1", "a1", &version);
    }
    pair.until(MINUTE * 20, |world| {
        served(world, "b") == 100 && served(world, "a") == 1_100
    });
    // A pass of both sees what is gone of both.
    pair.other.delete_tag("charts/b1", "1.0.0");
    pair.world.registry.delete_tag("charts/a1", "1.0.0");
    pair.until(MINUTE * 30, |world| {
        served(world, "b") == 99 && served(world, "a") == 1_099
    });
}

/// What is gone of a slow source goes on evidence, and only then, though passes end without it.
#[test]
fn what_is_gone_of_a_slow_source_goes_when_it_was_gone_through() {
    let pair = Pair::new(Wrong::Nothing);
    pair.until(MINUTE, |world| {
        served(world, "a") + served(world, "b") == 200
    });
    pair.wrong.set(Wrong::Slow);
    pair.other.delete_tag("charts/b1", "1.0.0");
    pair.other.delete_repository("charts/b2");
    pair.until(MINUTE * 60, |world| served(world, "b") == 89);
    pair.wrong.set(Wrong::Denied);
    let until = pair.world.clock.now().after(MINUTE * 60);
    while pair.world.clock.now() < until {
        pair.world.wait_for_alarm();
        pair.step();
    }
    assert_eq!(
        (served(&pair.world, "a"), served(&pair.world, "b")),
        (100, 89)
    );
}

/// Its turn goes on after the end of a pass, in slices that each see a small part of it go.
#[test]
fn what_most_of_a_slow_source_lacks_is_doubted() {
    for wrong in [Wrong::Slow, Wrong::VerySlow] {
        let pair = Pair::new(Wrong::Nothing);
        pair.until(MINUTE, |world| {
            served(world, "a") + served(world, "b") == 200
        });
        pair.wrong.set(wrong);
        for chart in 0..10 {
            pair.other.show_only(&format!("charts/b{chart}"), Some(1));
        }
        let until = pair.world.clock.now().after(MINUTE * 60 * 20);
        while pair.world.clock.now() < until {
            pair.world.wait_for_alarm();
            pair.step();
        }
        let left = served(&pair.world, "b");
        assert!(left >= 50, "{wrong:?}: {left} are left");
        pair.until(MINUTE * 60 * 12, |world| served(world, "b") == 10);
    }
}

/// All is read in the end, whatever was wrong, once it no longer is.
#[test]
fn the_other_source_is_read_when_it_is_well_again() {
    for wrong in ALL {
        let pair = Pair::new(wrong);
        pair.until(MINUTE, |world| served(world, "a") == 100);
        pair.wrong.set(Wrong::Nothing);
        let took = pair.until(MINUTE * 70, |world| served(world, "b") == 100);
        if wrong != Wrong::Throttled {
            assert!(took <= MINUTE * 7, "{wrong:?}: {took:?}");
        }
    }
}

#[test]
fn info_tells_pause_and_pace_by_source() {
    let pair = Pair::new(Wrong::Throttled);
    pair.until(MINUTE, |world| served(world, "a") == 100);
    let info = pair.world.ask(&ask::Info { page: 0 });
    let of = |source: &str| {
        let sources = info["by_source"].as_array().unwrap();
        let found = sources.iter().find(|one| one["source"] == source);
        found.unwrap().clone()
    };
    let other = of("other.example/charts");
    assert_eq!(other["pause"]["asked"], true);
    assert_eq!(other["pause"]["cause"]["host"], "other.example");
    assert!(other["pause"]["until"].is_string() && other["pause"]["since"].is_string());
    assert_eq!(other["pace"]["side_by_side"], 3);
    assert_eq!(other["read"], Value::Null);
    let good = of("good.example/charts");
    assert_eq!(good["pause"], Value::Null);
    assert_eq!(good["pace"]["side_by_side"], 6);
    assert!(good["read"].is_string());
}

#[test]
fn info_and_figures_tell_since_when_a_source_is_busy() {
    let pair = Pair::new(Wrong::Nothing);
    pair.until(MINUTE, |world| {
        served(world, "a") + served(world, "b") == 200
    });
    let world = &pair.world;
    let busy_since = || {
        let status = world.ask(&ask::AskStatus);
        let since: Vec<_> = status
            .figures
            .sources
            .iter()
            .map(|one| one.busy_since)
            .collect();
        let info = world.ask(&ask::Info { page: 0 });
        for (since, told) in since.iter().zip(info["by_source"].as_array().unwrap()) {
            let since = since.map(|since| since.to_string());
            assert_eq!(told["busy_since"].as_str(), since.as_deref());
        }
        since
    };
    assert_eq!(busy_since(), [None, None]);
    for wrong in [Wrong::Busy, Wrong::Overloaded, Wrong::Silent] {
        pair.wrong.set(wrong);
        pair.hour();
        let [Some(since), None] = busy_since()[..] else {
            panic!("{wrong:?}: {:?}", busy_since())
        };
        let now = world.clock.now();
        assert!(now.since(since) > MINUTE * 50, "{wrong:?}: since {since}");
        pair.hour();
        assert_eq!(busy_since(), [Some(since), None], "{wrong:?}: still");
        pair.wrong.set(Wrong::Nothing);
        pair.hour();
        pair.hour();
        assert_eq!(busy_since(), [None, None], "{wrong:?} is over");
    }
}
