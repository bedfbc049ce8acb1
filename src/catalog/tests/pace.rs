//! How fast a registry is asked that fails or wants to be asked less.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use bytes::Bytes;

use super::*;
use crate::config::Config;
use crate::platform::{Fetch, FetchError};
use crate::testing::Fault;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The same registry, which refuses every seventh call.
struct EverySeventh<'a> {
    registry: &'a FakeRegistry,
    clock: &'a VirtualClock,
    latency: Duration,
    retry_after: Option<&'static str>,
    calls: Cell<usize>,
    refused: Cell<u32>,
    /// What was refused, and when.
    refusals: RefCell<BTreeMap<String, Timestamp>>,
}

impl Fetch for EverySeventh<'_> {
    type Body = Bytes;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        self.calls.set(self.calls.get() + 1);
        let what = format!("{} {}", request.method(), request.uri());
        if let Some(refused) = self.refusals.borrow_mut().remove(&what) {
            let quiet = self.clock.now().since(refused);
            assert!(quiet >= SECOND, "{what} again after {quiet:?}");
        }
        if !self.calls.get().is_multiple_of(7) {
            return self.registry.send(request).await;
        }
        self.clock.sleep(self.latency).await;
        self.refused.set(self.refused.get() + 1);
        let mut answer = http::Response::builder().status(429);
        if let Some(seconds) = self.retry_after {
            let now = self.clock.now();
            self.refusals.borrow_mut().insert(what, now);
            answer = answer.header("retry-after", seconds);
        }
        Ok(answer.body(Bytes::new()).unwrap())
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        self.registry.read(body, limit).await
    }

    async fn cancel(&self, _body: Bytes) {}
}

/// Steps as alarms make them until `done`, at most so long. Gives how long it took.
#[track_caller]
fn until<F: Fetch>(
    world: &World,
    fetch: &F,
    most: Duration,
    done: impl Fn(&World) -> bool,
) -> Duration {
    let begun = world.clock.now();
    let mut idle = 0;
    loop {
        let engine = Engine {
            fetch,
            documents: &world.documents,
            database: &world.database,
            tokens: &world.tokens,
            config: &world.config,
            clock: &world.clock,
            incarnation: &world.incarnation,
            recent: &world.recent,
        };
        let now = world.clock.now();
        let next = engine.next_alarm();
        let took = next.since(begun);
        assert!(took <= most, "not after {took:?}: the next step is due");
        world.clock.advance(next.since(now));
        let before = world.clock.now();
        let step = run(&world.clock, engine.step());
        assert_eq!(step.broken, None);
        idle = if before == world.clock.now() {
            idle + 1
        } else {
            0
        };
        assert!(
            idle < 50,
            "it spins: {:?}",
            crate::catalog::rows::store::Store(&world.database).state()
        );
        if done(world) {
            return world.clock.now().since(begun);
        }
    }
}

fn served(world: &World) -> usize {
    let root = world.published(&Key::Index(View::root()));
    root.map_or(0, |index| lines(&index).len())
}

fn filled(settings: &[(&str, &str)], repositories: usize, versions: usize) -> World {
    let world = World::with(settings);
    for repository in 0..repositories {
        for minor in 0..versions {
            let name = format!("c{repository:02}");
            let version = format!("1.{minor}.0");
            world
                .registry
                .push_version(&format!("charts/{name}"), &name, &version);
        }
    }
    world
}

#[test]
fn every_seventh_call_refused_delays_a_first_index_threefold_at_most_or_by_its_waits() {
    for (latency, retry_after) in [
        (100, None),
        (1000, None),
        (20, Some("1")),
        (100, Some("1")),
        (1000, Some("1")),
        (2000, Some("1")),
    ] {
        let latency = Duration::from_millis(latency);
        let plain = filled(&[], 10, 10);
        plain.registry.set_latency(latency);
        let whole = until(&plain, &plain.registry, MINUTE * 5, |world| {
            served(world) == 100
        });
        let world = filled(&[], 10, 10);
        world.registry.set_latency(latency);
        let fetch = EverySeventh {
            registry: &world.registry,
            clock: &world.clock,
            latency,
            retry_after,
            calls: Cell::new(0),
            refused: Cell::new(0),
            refusals: RefCell::default(),
        };
        let took = until(&world, &fetch, MINUTE * 5, |world| served(world) == 100);
        let wait = retry_after.map_or(Duration::ZERO, |_| SECOND);
        let waits = waits_of_every_seventh(plain.registry.calls());
        assert!(took >= (wait + latency) * waits, "a wait is not obeyed");
        // Where calls are quick, the waits alone are more than threefold: then they may be one more than the least, as the page
        // of repositories, a list or a manifest is refused, too, and has calls behind it.
        let most = if latency < SECOND / 10 {
            whole + (wait + latency) * (waits + 1)
        } else {
            whole * 3
        };
        assert!(
            took <= most,
            "{latency:?} a call: {took:?} instead of {whole:?}, {waits} waits one after the other"
        );
    }
}

/// How often the last of so many calls waits where every seventh is refused and comes again after its wait: who is
/// refused among the first waits once, who is refused among these retries waits twice, and so on. This is so even if all calls
/// could be sent at once, and those that are refused had none behind them; less only for who keeps calls back to have these refused.
fn waits_of_every_seventh(calls: usize) -> u32 {
    let (mut sent, mut due, mut waits) = (0, calls, 0);
    while due > 0 {
        let refused = (sent + due) / 7 - sent / 7;
        sent += due;
        due = refused;
        waits += u32::from(due > 0);
    }
    waits
}

/// Of a wait that is asked for each call, one after the other, the whole source is told.
#[test]
fn a_brief_wait_that_every_call_is_answered_with_is_obeyed_by_all() {
    let world = filled(&[], 10, 10);
    world.registry.set_latency(Duration::from_millis(20));
    let refusal = Fault::status(429).header("retry-after", "2");
    world.registry.inject("charts/", None, refusal);
    let minute = world.clock.now().after(MINUTE);
    while world.engine().next_alarm() < minute {
        world.wait_for_alarm();
        world.step();
    }
    let calls = world.registry.calls();
    assert!(calls <= 60, "{calls} calls in a minute");
}

/// The failing items: whole repositories, or some tags of each.
fn fail(world: &World, items: usize, spread: bool) {
    for item in 0..items {
        let (repository, minor) = if spread {
            (item % 20, item / 20)
        } else {
            (item / 10, item % 10)
        };
        let manifest = format!("charts/c{repository:02}/manifests/1.{minor}.0");
        world.registry.inject(&manifest, None, Fault::status(500));
    }
}

#[test]
fn items_that_fail_for_good_delay_nobody_else() {
    for (items, spread) in [(20, false), (40, true), (100, false)] {
        let world = filled(&[], 20, 10);
        world.registry.set_latency(Duration::from_millis(20));
        fail(&world, items, spread);
        until(&world, &world.registry, MINUTE * 10, |world| {
            served(world) == 200 - items
        });
        let mut pushed = 0;
        for age in [Duration::ZERO, MINUTE * 7] {
            let at = world.clock.now().after(age);
            while world.engine().next_alarm() <= at {
                world.wait_for_alarm();
                world.step();
                world.ask(&crate::catalog::ask::ViewsRead {
                    views: vec![View::root()],
                });
            }
            world.clock.advance(at.since(world.clock.now()));
            let before = served(&world);
            pushed += 1;
            let version = format!("2.{pushed}.0");
            world.registry.push_version("charts/c19", "c19", &version);
            world.notify("charts/c19", Some(&version));
            let called = until(&world, &world.registry, MINUTE, |world| {
                served(world) > before
            });
            assert!(
                called <= SECOND * 10,
                "{items} fail, {age:?}: {called:?} after a webhook"
            );
            let before = served(&world);
            pushed += 1;
            let version = format!("2.{pushed}.0");
            world.registry.push_version("charts/c19", "c19", &version);
            world.ask(&crate::catalog::ask::ViewsRead {
                views: vec![View::root()],
            });
            let seen = until(&world, &world.registry, MINUTE * 20, |world| {
                served(world) > before
            });
            assert!(
                seen <= MINUTE * 10,
                "{items} fail, {age:?}: {seen:?} without a webhook"
            );
        }
    }
}

#[test]
fn a_wait_that_was_asked_for_is_kept_and_little_more() {
    let world = filled(&[], 3, 3);
    world.registry.set_latency(Duration::from_millis(20));
    world.registry.inject(
        "charts/c01/tags",
        Some(1),
        Fault::status(429).header("retry-after", "30"),
    );
    let times = RefCell::new(Vec::new());
    until(&world, &world.registry, MINUTE, |world| {
        times
            .borrow_mut()
            .push((world.clock.now(), world.registry.calls()));
        served(world) == 9
    });
    let times = times.into_inner();
    let waits: Vec<Duration> = times
        .windows(2)
        .map(|pair| pair[1].0.since(pair[0].0))
        .collect();
    let longest = waits.iter().max().unwrap();
    assert!((SECOND * 30..SECOND * 35).contains(longest), "{longest:?}");
}

#[test]
fn a_first_sync_keeps_six_calls_under_way() {
    for (budget, percent) in [("1000", 130), ("45", 160)] {
        let world = filled(&[("SUBREQUEST_BUDGET", budget)], 10, 30);
        world.registry.set_latency(Duration::from_millis(20));
        let took = until(&world, &world.registry, MINUTE, |world| {
            served(world) == 300
        });
        let calls = u32::try_from(world.registry.calls()).unwrap();
        let ideal = Duration::from_millis(20) * calls / 6;
        assert!(
            took * 100 <= ideal * percent,
            "{budget}: {took:?} of {ideal:?}"
        );
    }
}

fn silent_for_a_day() -> World {
    let world = filled(&[], 2, 2);
    world.registry.inject(
        "/v2/",
        Some(6),
        Fault::status(429).header("retry-after", "86400"),
    );
    while world.engine().next_alarm() <= world.clock.now().after(MINUTE) {
        world.wait_for_alarm();
        world.step();
    }
    assert!(world.engine().next_alarm() >= world.clock.now().after(Duration::from_hours(23)));
    world.registry.heal();
    world
}

#[test]
fn a_pause_ends_with_the_settings_of_its_source() {
    for settings in [
        [("REPOSITORIES", "c00")].as_slice(),
        &[("REGISTRY", "registry.example")],
        &[
            ("REGISTRY_USERNAME", "u"),
            ("REGISTRY_PASSWORD", "p"),
            ("AUTH_ANONYMOUS_GET", "true"),
        ],
    ] {
        let mut world = silent_for_a_day();
        world.config = config(settings);
        until(&world, &world.registry, SECOND * 10, |world| {
            served(world) > 0
        });
    }
}

#[test]
fn another_password_of_the_same_user_ends_a_pause_too() {
    let settings = |password| -> Config {
        config(&[
            ("REGISTRY_USERNAME", "u"),
            ("REGISTRY_PASSWORD", password),
            ("AUTH_ANONYMOUS_GET", "true"),
        ])
    };
    let mut world = silent_for_a_day();
    world.config = settings("lapsed");
    until(&world, &world.registry, SECOND * 10, |world| {
        served(world) > 0
    });
    world.registry.inject(
        "/v2/",
        Some(6),
        Fault::status(429).header("retry-after", "86400"),
    );
    while world.engine().next_alarm() <= world.clock.now().after(MINUTE * 90) {
        world.wait_for_alarm();
        world.step();
    }
    world.config = settings("new");
    assert!(world.engine().next_alarm() <= world.clock.now());
}

#[test]
fn a_refresh_ends_a_pause() {
    let world = silent_for_a_day();
    world.refresh(None);
    until(&world, &world.registry, SECOND * 10, |world| {
        served(world) == 4
    });
}

#[test]
fn no_answer_in_time_halves_the_calls_side_by_side_and_answers_bring_them_back() {
    let world = filled(&[], 4, 20);
    world.registry.set_latency(Duration::from_millis(20));
    until(&world, &world.registry, MINUTE, |world| served(world) == 80);
    let slots =
        || world.ask(&ask::Info { page: 0 })["by_source"][0]["pace"]["side_by_side"].clone();
    assert_eq!(slots(), 6);
    for expected in [3, 2, 1] {
        world.registry.inject("tags/list", Some(1), Fault::Timeout);
        world.refresh(Some("c00"));
        world.wait_for_alarm();
        world.step();
        assert_eq!(slots(), expected);
    }
    world.pass();
    world.pass();
    assert_eq!(slots(), 6);
}
