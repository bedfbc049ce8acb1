//! Two registries under one catalog: a good one, and one with which something is wrong.

use std::cell::Cell;

use super::super::*;
use crate::platform::{Fetch, FetchError};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_mins(1);
/// How often it is looked while a step runs.
const BLINK: Duration = Duration::from_millis(100);

/// What is wrong with the other source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Nothing,
    /// Its connections break.
    Stopped,
    /// It never answers.
    Silent,
    /// It wants to be left alone for an hour.
    Throttled,
    /// It wants to be left alone for seconds, again and again.
    Busy,
    /// It has too much to do.
    Overloaded,
    /// Each call takes seconds.
    Slow,
    /// Each call takes half a minute.
    VerySlow,
    Denied,
}

pub(super) const ALL: [Wrong; 7] = [
    Wrong::Stopped,
    Wrong::Silent,
    Wrong::Throttled,
    Wrong::Busy,
    Wrong::Slow,
    Wrong::VerySlow,
    Wrong::Denied,
];

/// Two registries, each with a latency of its own.
pub(super) struct Two<'a> {
    good: &'a FakeRegistry,
    other: &'a FakeRegistry,
    clock: &'a VirtualClock,
    wrong: Wrong,
}

impl Fetch for Two<'_> {
    type Body = Bytes;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        if request.uri().host() == Some("good.example") {
            return self.good.send(request).await;
        }
        let answer = |status: u16, header: Option<&str>| {
            let mut answer = http::Response::builder().status(status);
            if let Some(header) = header {
                answer = answer.header("retry-after", header);
            }
            Ok(answer.body(Bytes::new()).unwrap())
        };
        match self.wrong {
            Wrong::Nothing => self.other.send(request).await,
            Wrong::Stopped => Err(FetchError::Transport("refused".to_owned())),
            Wrong::Silent => {
                self.clock.sleep(SECOND * 30).await;
                Err(FetchError::Timeout)
            }
            Wrong::Throttled => answer(429, Some("3600")),
            Wrong::Busy => answer(429, Some("2")),
            Wrong::Overloaded => answer(503, None),
            Wrong::Slow => {
                self.clock.sleep(SECOND * 4).await;
                self.other.send(request).await
            }
            Wrong::VerySlow => {
                self.clock.sleep(SECOND * 28).await;
                self.other.send(request).await
            }
            Wrong::Denied => answer(403, None),
        }
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        self.good.read(body, limit).await
    }

    async fn cancel(&self, _body: Bytes) {}

    async fn wait(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

pub(super) struct Pair {
    pub(super) world: World,
    pub(super) other: FakeRegistry,
    pub(super) wrong: Cell<Wrong>,
    /// Whether what is waited for may come without a put.
    looks_always: Cell<bool>,
}

impl Pair {
    /// A good registry of 10 charts with 10 versions each; another one of as many, which comes first.
    pub(super) fn new(wrong: Wrong) -> Self {
        let settings = |host: &str| config(&[("REGISTRY", &format!("{host}/charts"))]);
        let mut sources = settings("other.example").sources;
        sources.extend(settings("good.example").sources);
        let mut world = World::new();
        world.config = world.config.clone().with_sources(sources);
        world.registry = FakeRegistry::at("good.example", &world.clock);
        let other = FakeRegistry::at("other.example", &world.clock);
        for registry in [&world.registry, &other] {
            registry.set_latency(Duration::from_millis(20));
        }
        for chart in 0..10 {
            for minor in 0..10 {
                let version = format!("1.{minor}.0");
                let (a, b) = (format!("a{chart}"), format!("b{chart}"));
                let push = |registry: &FakeRegistry, name: &str| {
                    registry.push_version(&format!("charts/{name}"), name, &version);
                };
                push(&world.registry, &a);
                push(&other, &b);
            }
        }
        let wrong = Cell::new(wrong);
        Self {
            world,
            other,
            wrong,
            looks_always: Cell::new(false),
        }
    }

    /// [`Pair::until`] for what may come without a put.
    #[track_caller]
    pub(super) fn until_at_any_time(
        &self,
        most: Duration,
        done: impl Fn(&World) -> bool,
    ) -> Duration {
        self.looks_always.set(true);
        let took = if done(&self.world) {
            Duration::ZERO
        } else {
            self.until(most, done)
        };
        self.looks_always.set(false);
        took
    }

    /// Steps as alarms make them until `done`, also in the middle of a step. Gives how long it took.
    #[track_caller]
    pub(super) fn until(&self, most: Duration, done: impl Fn(&World) -> bool) -> Duration {
        let world = &self.world;
        let begun = world.clock.now();
        let mut idle = 0;
        loop {
            let before = world.clock.now();
            world.wait_for_alarm();
            let took = world.clock.now().since(begun);
            assert!(took <= most, "{:?}: not after {took:?}", self.wrong.get());
            if let Some(at) = self.watched_step(&done) {
                return at.since(begun);
            }
            idle = if world.clock.now().since(before) <= BLINK {
                idle + 1
            } else {
                0
            };
            assert!(idle < 50, "it spins");
        }
    }

    pub(super) fn step(&self) {
        self.watched_step(&|_: &World| false);
    }

    /// A step, and when `done` was first true, in it or after it.
    #[track_caller]
    fn watched_step(&self, done: &impl Fn(&World) -> bool) -> Option<Timestamp> {
        let clock = &self.world.clock;
        let two = self.two();
        let engine = self.engine(&two);
        let over = Cell::new(false);
        let mut puts = usize::MAX;
        let watch = async {
            loop {
                let now = self.world.documents.puts();
                if (now != puts || self.looks_always.get()) && done(&self.world) {
                    return Some(clock.now());
                }
                puts = now;
                if over.get() {
                    return None;
                }
                clock.sleep(BLINK).await;
            }
        };
        let step = async {
            let step = engine.step().await;
            over.set(true);
            step
        };
        let (step, seen) = run(clock, futures::future::join(step, watch));
        assert_eq!(step.broken, None);
        seen
    }

    /// Alarms for an hour, in which somebody reads.
    pub(super) fn hour(&self) {
        let world = &self.world;
        let until = world.clock.now().after(MINUTE * 60);
        while world.clock.now() < until {
            world.wait_for_alarm();
            self.step();
            let views = vec![View::root()];
            world.ask(&ask::ViewsRead { views });
        }
    }

    pub(super) fn two(&self) -> Two<'_> {
        Two {
            good: &self.world.registry,
            other: &self.other,
            clock: &self.world.clock,
            wrong: self.wrong.get(),
        }
    }

    pub(super) fn engine<'a>(
        &'a self,
        two: &'a Two<'a>,
    ) -> Engine<'a, Two<'a>, FakeDocuments, VirtualClock> {
        let world = &self.world;
        Engine {
            fetch: two,
            documents: &world.documents,
            database: &world.database,
            tokens: &world.tokens,
            config: &world.config,
            clock: &world.clock,
            incarnation: &world.incarnation,
            recent: &world.recent,
        }
    }
}
