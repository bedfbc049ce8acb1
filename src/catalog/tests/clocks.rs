//! Clocks that are put back or jump ahead.

use super::*;
use crate::platform::Database as _;
use crate::testing::Fault;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const JUMPS: [Duration; 4] = [
    Duration::from_secs(30),
    Duration::from_hours(1),
    Duration::from_hours(24),
    // To the year 2223.
    Duration::from_hours(198 * 8766),
];

/// Steps as alarms make them until the published root has so many versions. Gives how long it took.
#[track_caller]
fn served(world: &World, versions: usize) -> Duration {
    let begun = world.clock.now();
    for _ in 0..200 {
        let root = world.published(&Key::Index(View::root()));
        if root.is_some_and(|index| lines(&index).len() == versions) {
            return world.clock.now().since(begun);
        }
        let wait = world.engine().next_alarm().since(begun);
        assert!(wait <= MINUTE * 10, "the next step is due after {wait:?}");
        world.wait_for_alarm();
        world.step();
    }
    panic!("it spins");
}

/// A reader keeps the rhythm short.
fn read(world: &World) {
    world.ask(&ask::ViewsRead {
        views: vec![View::root()],
    });
}

/// A catalog at rest of one version, its clock ahead of the right time by `jump`.
fn ahead(jump: Duration) -> World {
    let world = World::new();
    // KV goes by a clock of its own.
    world.documents.limit_puts(false);
    world.clock.advance(jump);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world
}

#[test]
fn a_pass_comes_no_later_when_the_clock_is_put_back() {
    for jump in JUMPS {
        let world = ahead(jump);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.clock.put_back(jump);
        if jump < MINUTE {
            read(&world);
        }
        let took = served(&world, 2);
        let most = if jump < MINUTE {
            MINUTE * 6
        } else {
            SECOND * 5
        };
        assert!(took <= most, "{jump:?}: {took:?}");
        // And the rhythm goes on.
        world.registry.push_version("charts/a", "a", "1.2.0");
        read(&world);
        let took = served(&world, 3);
        assert!(took <= MINUTE * 5 + SECOND * 5, "{jump:?}: {took:?}");
    }
}

#[test]
fn a_pass_comes_no_later_when_the_clock_jumps_ahead() {
    for jump in JUMPS {
        let world = ahead(Duration::ZERO);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.clock.advance(jump);
        assert!(served(&world, 2) <= MINUTE * 5);
    }
}

#[test]
fn a_named_push_is_put_at_once_though_the_last_put_lies_ahead() {
    for jump in JUMPS {
        let world = ahead(jump);
        world.clock.put_back(jump);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.notify("charts/a", Some("1.1.0"));
        let took = served(&world, 2);
        assert!(took <= SECOND * 5, "{jump:?}: {took:?}");
    }
}

#[test]
fn an_item_that_waits_is_tried_again_at_once_when_the_clock_is_put_back() {
    for what in [
        "charts/a/tags",
        "charts/a/manifests/1.1.0",
        "charts/a/blobs",
    ] {
        for jump in &JUMPS[1..] {
            let world = ahead(*jump);
            world.registry.inject(what, Some(3), Fault::status(500));
            world.registry.push_version("charts/a", "a", "1.1.0");
            world.notify("charts/a", Some("1.1.0"));
            for _ in 0..3 {
                world.wait_for_alarm();
                world.step();
            }
            world.registry.heal();
            world.clock.put_back(*jump);
            let took = served(&world, 2);
            assert!(took <= SECOND * 5, "{what}, {jump:?}: {took:?}");
        }
    }
}

#[test]
fn a_put_that_failed_is_tried_again_when_the_clock_is_put_back() {
    for jump in &JUMPS[1..] {
        let world = ahead(*jump);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.documents.fail_puts(2);
        world.notify("charts/a", Some("1.1.0"));
        world.wait_for_alarm();
        world.step();
        world.clock.put_back(*jump);
        let took = served(&world, 2);
        assert!(took <= SECOND * 5, "{jump:?}: {took:?}");
    }
}

/// The wait a registry asked for is obeyed once more at the most.
#[test]
fn a_pause_that_was_asked_for_lasts_no_longer_when_the_clock_is_put_back() {
    for jump in &JUMPS[1..] {
        let world = ahead(*jump);
        let refusal = Fault::status(429).header("retry-after", "60");
        world.registry.inject("/v2/", Some(6), refusal);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.notify("charts/a", Some("1.1.0"));
        world.wait_for_alarm();
        world.step();
        world.registry.heal();
        world.clock.put_back(*jump);
        let took = served(&world, 2);
        assert!(took >= SECOND * 30, "{jump:?}: {took:?}");
        assert!(took <= SECOND * 65, "{jump:?}: {took:?}");
    }
}

/// Nothing succeeds, so that the registry is left alone; then it is there again.
#[test]
fn a_registry_that_was_down_is_asked_at_once_when_the_clock_is_put_back() {
    for jump in &JUMPS[1..] {
        let world = ahead(*jump);
        for number in 0..20 {
            let name = format!("b{number}");
            let repository = format!("charts/{name}");
            world.registry.push_version(&repository, &name, "1.0.0");
        }
        world.registry.inject("/v2/charts", None, Fault::Transport);
        let until = world.clock.now().after(MINUTE * 15);
        while world.clock.now() < until {
            world.wait_for_alarm();
            world.step();
        }
        world.registry.heal();
        world.clock.put_back(*jump);
        let took = served(&world, 21);
        assert!(took <= SECOND * 10, "{jump:?}: {took:?}");
    }
}

/// A lease that nobody gives back, in the life of the object that took it.
#[test]
fn a_step_that_died_is_followed_within_its_lease_when_the_clock_is_put_back() {
    for jump in &JUMPS[1..] {
        let world = ahead(*jump);
        let store = crate::catalog::rows::store::Store(&world.database);
        assert!(store.lease(&world.incarnation, world.clock.now()).unwrap());
        world.clock.put_back(*jump);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.notify("charts/a", Some("1.1.0"));
        let took = served(&world, 2);
        assert!(took <= SECOND * 95, "{jump:?}: {took:?}");
    }
}

/// While a slice waits for the registry.
#[test]
fn a_clock_that_is_put_back_in_the_middle_of_a_slice_delays_nothing() {
    for jump in &JUMPS[1..] {
        let world = ahead(*jump);
        world.registry.set_latency(SECOND);
        world.registry.push_version("charts/a", "a", "1.1.0");
        world.notify("charts/a", Some("1.1.0"));
        world.wait_for_alarm();
        let put_back = async {
            world.clock.sleep(SECOND / 2).await;
            world.clock.put_back(*jump);
        };
        let engine = world.engine();
        let (step, ()) = run(&world.clock, futures::future::join(engine.step(), put_back));
        assert_eq!(step.broken, None);
        served(&world, 2);
        for versions in 3..6 {
            let version = format!("1.{versions}.0");
            world.registry.push_version("charts/a", "a", &version);
            read(&world);
            let took = served(&world, versions);
            assert!(took <= MINUTE * 6, "{jump:?}: {took:?}");
        }
    }
}

/// Alarms within an hour.
fn alarms(world: &World) -> u32 {
    let until = world.clock.now().after(Duration::from_hours(1));
    let mut alarms = 0;
    while world.engine().next_alarm() < until && alarms < 1_000 {
        world.wait_for_alarm();
        world.step();
        alarms += 1;
    }
    alarms
}

/// The clock was right all the time, so far as it knows.
#[test]
fn a_time_in_the_year_2223_neither_keeps_a_row_waiting_nor_the_alarm_spinning() {
    let world = ahead(Duration::ZERO);
    world.registry.push_version("charts/a", "a", "1.1.0");
    let idle = alarms(&ahead(Duration::ZERO));
    for sql in [
        "UPDATE tag SET due = 2, retry_at = 7999999999999",
        "UPDATE repository SET due = 1, retry_at = 7999999999999",
        "UPDATE manifest SET plan = '{\"read\":\"children\",\"children\":[]}', retry_at = 7999999999999",
        "UPDATE document SET dirty = 1, etag = NULL, retry_at = 7999999999999",
        "UPDATE document SET dirty = 1, etag = NULL, put_at = 7999999999999",
        "UPDATE state SET value = json_set(value, '$.next', 7999999999999) WHERE key = 'rhythm'",
        "UPDATE state SET value = json_set(value, '$.pause.until', 7999999999999) WHERE key GLOB 'source:*'",
        "UPDATE state SET value = json_set(value, '$.seen', 7999999999999) WHERE key = 'lease'",
        "UPDATE state SET value = '{\"holder\":\"first\",\"until\":7999999999999}' WHERE key = 'lease'",
    ] {
        world.database.execute(sql, &[]).unwrap();
        let puts = world.documents.puts();
        let count = alarms(&world);
        assert!(count <= idle + 10, "{count} alarms an hour: {sql}");
        assert!(count >= idle / 2, "{count} alarms an hour: {sql}");
        if sql.contains("document") {
            assert!(world.documents.puts() > puts, "{sql}");
        }
        let waiting = "SELECT (SELECT count(*) FROM tag WHERE due > 0) + (SELECT count(*) FROM repository WHERE due > 0)
            + (SELECT count(*) FROM manifest WHERE plan IS NOT NULL) + (SELECT count(*) FROM document WHERE dirty > 0)";
        let row = world.database.first(waiting, &[]).unwrap();
        assert_eq!(row.unwrap().integer(0), Some(0), "{sql}");
    }
}

/// What an object of another version, or a hand, left there. It is read anew; the alarm does not spin meanwhile.
#[test]
fn a_plan_that_cannot_be_decoded_does_not_keep_the_alarm_spinning() {
    for (plan, state) in [
        ("'{\"read\":\"nothing known\"}'", "new"),
        ("'{\"read\":\"nothing known\"}'", "chart"),
        ("'not JSON'", "chart"),
        ("x'00ff'", "chart"),
        ("7", "new"),
    ] {
        for failing in [false, true] {
            let idle = alarms(&ahead(Duration::ZERO));
            let world = ahead(Duration::ZERO);
            let sql = format!("UPDATE manifest SET state = '{state}', plan = {plan}");
            world.database.execute(&sql, &[]).unwrap();
            if failing {
                world
                    .registry
                    .inject("/manifests/", None, Fault::status(500));
            }
            let count = alarms(&world);
            assert!(count <= idle + 20, "{count} alarms an hour: {sql}");
            world.registry.heal();
            world.clock.advance(Duration::from_hours(2));
            world.pass();
            world.rest();
            assert_eq!(world.versions(""), ["a 1.0.0"], "{sql}");
        }
    }
}
