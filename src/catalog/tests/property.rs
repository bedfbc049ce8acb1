//! Whatever happens, no chart is lost on the way, and in the end the documents are those of a fresh crawl, byte for byte.
//!
//! | file | holds |
//! |---|---|
//! | `event` | what happens: to the registry, its lists, KV, the clock, the object, the tables |
//! | `witness` | what must hold at each moment: no chart is lost, no link dangles, no promise is broken, no pause is disturbed |

mod event;
mod witness;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

pub(crate) use event::{Event, REPOSITORIES, SPACES, TAGS, event, happen, restart};
use event::{OTHER_HOST, changed};
use witness::Witness;

/// A registry of which another source reads another part, at another host.
fn world(budget: u32, latency: Duration) -> World {
    let budget = budget.to_string();
    let mut world = World::with(&[("SUBREQUEST_BUDGET", &budget)]);
    let first = world.config.sources[0].clone();
    let mut second = first.clone();
    second.id = format!("{OTHER_HOST}/bulk");
    second.registry = OTHER_HOST.parse().unwrap();
    second.prefix = "bulk".to_owned();
    world.config = world.config.clone().with_sources(vec![first, second]);
    world.registry.also_at(OTHER_HOST);
    world.registry.set_latency(latency);
    world.documents.keep_journal();
    world
}

/// All documents that there are, once each space was read.
fn documents(world: &World) -> BTreeMap<String, String> {
    world.rest();
    world.clock.advance(Duration::from_mins(10));
    for space in SPACES {
        world.index(space);
    }
    for shard in 0..=255 {
        world.database_miss(shard);
    }
    world.rest();
    world.documents.all()
}

impl World {
    /// Every shard is asked for, as readers do who miss it.
    fn database_miss(&self, shard: u8) {
        use crate::platform::Database;
        let rows = self
            .database
            .query(
                "SELECT file FROM manifest WHERE state = 'chart' AND shard = ? LIMIT 1",
                &[i64::from(shard).into()],
            )
            .unwrap();
        for row in rows {
            self.ask(&ask::Find {
                file: row.text(0).unwrap().parse().unwrap(),
                missed: true,
            });
        }
    }
}

/// The documents after `events`, once the registry is well; and those of a fresh crawl.
fn in_the_end(
    mut world: World,
    events: &[Event],
    mut witness: Witness,
) -> [BTreeMap<String, String>; 2] {
    let mut lives = 0;
    for event in events {
        happen(&mut world, event, &mut lives);
        witness.look(&world, event);
    }
    for event in [
        Event::Amnesia(false),
        Event::Pages {
            size: None,
            broken: false,
        },
        Event::FailPuts(0),
        Event::Slow(0),
    ] {
        happen(&mut world, &event, &mut lives);
    }
    for repository in 0..REPOSITORIES.len() {
        let hidden = false;
        happen(&mut world, &Event::Hide { repository, hidden }, &mut lives);
    }
    world.registry.heal();
    world.registry.forget_refusals();
    world.ask(&ask::Refresh {
        path: None,
        confirm: true,
    });
    // What was overwritten is found in a day at the latest, or now.
    let every_tag = ask::Refresh {
        path: Some(String::new()),
        confirm: false,
    };
    world.ask(&every_tag);
    is_served_soon(&world);
    for _ in 0..2 {
        world.pass();
        witness.look(&world, &Event::Alarms(1));
    }
    // What was superseded is no longer kept.
    world.clock.advance(Duration::from_hours(31 * 24));
    world.ask(&every_tag);
    world.pass();
    world.pass();
    let incremental = documents(&world);

    let fresh = World {
        database: FakeDatabase::new(),
        documents: FakeDocuments::new(world.clock.clone()),
        recent: Recent::default(),
        ..world
    };
    fresh.pass();
    [incremental, documents(&fresh)]
}

/// A registry that is well tells of a push: it is in the index soon, whatever was before, and not after its sender was told so.
#[track_caller]
fn is_served_soon(world: &World) {
    // Less than a lease, where calls are quick.
    let soon = Duration::from_mins(1) + world.registry.latency() * 150;
    world.registry.push_version("charts/a", "a", "7.7.7");
    let ticket = world.ask(&changed("charts/a", "7.7.7")).ticket;
    let until = world.clock.now().after(soon);
    let is_served = || {
        let index = world.published(&Key::Index(View::root()));
        index.is_some_and(|index| lines(&index).contains(&"a 7.7.7".to_owned()))
    };
    loop {
        world.wait_for_alarm();
        world.step();
        assert!(world.clock.now() < until, "it is not served in {soon:?}");
        if is_served() {
            return;
        }
        let question = ask::Await {
            ticket: ticket.clone(),
            path: None,
        };
        let told = world.ask(&question).is_some_and(|answer| answer.done);
        assert!(!told, "its sender is told that it is published");
    }
}

/// A space was read before its only repository went, in slices that were cut: its index stayed in KV.
#[test]
fn the_index_of_a_space_goes_with_its_last_repository() {
    let events = [
        Event::Push {
            repository: 3,
            tag: 0,
            contents: 0,
            stranger: false,
        },
        Event::Killed { polls: 9 },
        Event::Read { space: 2 },
        Event::Killed { polls: 1 },
        Event::DeleteRepository { repository: 3 },
        Event::Minutes(5),
        Event::Read { space: 2 },
    ];
    let [incremental, fresh] = in_the_end(world(10, LATENCY), &events, Witness::default());
    assert_eq!(incremental, fresh);
}

/// Rows made anew after a rollback knew nothing of a shard of which every file had gone: it stayed in KV, and gave them for ever.
#[test]
fn a_file_that_goes_while_another_worker_was_here_leaves_its_shard() {
    let push = |stranger| Event::Push {
        repository: 3,
        tag: 2,
        contents: 0,
        stranger,
    };
    let events = [push(false), Event::Alarms(1), push(true), Event::Rollback];
    let [incremental, fresh] = in_the_end(world(10, LATENCY), &events, Witness::default());
    assert_eq!(incremental, fresh);
}

/// A shard that a rollback had made dirty waited for a repository that could not be read. What came to it meanwhile waited
/// with it, and the index did not.
#[test]
fn a_shard_that_waits_is_put_when_it_gains_a_file() {
    let push = |repository, tag, contents| Event::Push {
        repository,
        tag,
        contents,
        stranger: false,
    };
    let fault = |what, status| Event::Fault {
        what,
        times: 1,
        status,
        wait: None,
    };
    let events = [
        push(1, 0, 1),
        Event::Rollback,
        fault(0, 404),
        fault(3, 401),
        push(1, 4, 3),
        Event::Refresh { repository: 1 },
        push(2, 0, 0),
        Event::Alarms(5),
    ];
    let [incremental, fresh] = in_the_end(world(13, LATENCY), &events, Witness::default());
    assert_eq!(incremental, fresh);
}

/// How long a call takes, where nothing else is said.
const LATENCY: Duration = Duration::from_millis(20);

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_chart_is_lost_and_in_the_end_the_documents_are_those_of_a_fresh_crawl(
        events in prop::collection::vec(event(), 1..60),
        budget in 10_u32..60,
        is_slow in prop::bool::weighted(0.2),
    ) {
        let latency = if is_slow { Duration::from_secs(5) } else { LATENCY };
        let [incremental, fresh] = in_the_end(world(budget, latency), &events, Witness::default());
        prop_assert_eq!(incremental, fresh);
    }
}
