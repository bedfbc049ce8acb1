//! Whatever happens, in the end the documents are those of a fresh crawl, byte for byte.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Waker};

use proptest::prelude::*;

use super::*;
use crate::testing::Fault;

pub(crate) const REPOSITORIES: [&str; 4] = [
    "charts/a",
    "charts/team/a",
    "charts/team/b",
    "charts/team/sub/c",
];
pub(crate) const TAGS: [&str; 5] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "v3.0.0", "latest"];
const FAULTS: [&str; 6] = [
    "_catalog",
    "tags/list",
    "/manifests/",
    "/blobs/",
    "team",
    "charts/a/",
];

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A push, or an overwrite, of bytes `contents` under a chart's name that is the repository's or another.
    Push {
        repository: usize,
        tag: usize,
        contents: u8,
        stranger: bool,
    },
    /// Something that is no chart.
    Image {
        repository: usize,
        tag: usize,
    },
    DeleteTag {
        repository: usize,
        tag: usize,
    },
    DeleteRepository {
        repository: usize,
    },
    /// Calls to what this names fail `times` times.
    Fault {
        what: usize,
        times: usize,
        status: u16,
    },
    FailPuts(u32),
    /// A slice that is dropped after so many polls, by an object that never works again.
    Killed {
        polls: usize,
    },
    /// Alarms for so many steps.
    Alarms(usize),
    Webhook {
        repository: usize,
        tag: usize,
    },
    Refresh {
        repository: usize,
    },
    Read {
        space: usize,
    },
    /// KV loses everything.
    LoseDocuments,
    Minutes(u64),
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let repository = 0..REPOSITORIES.len();
    let tag = 0..TAGS.len();
    prop_oneof![
        6 => (repository.clone(), tag.clone(), 0_u8..4, prop::bool::weighted(0.2))
            .prop_map(|(repository, tag, contents, stranger)| Event::Push { repository, tag, contents, stranger }),
        1 => (repository.clone(), tag.clone()).prop_map(|(repository, tag)| Event::Image { repository, tag }),
        3 => (repository.clone(), tag.clone()).prop_map(|(repository, tag)| Event::DeleteTag { repository, tag }),
        1 => repository.clone().prop_map(|repository| Event::DeleteRepository { repository }),
        2 => (0..FAULTS.len(), 1_usize..4, prop::sample::select(vec![0_u16, 401, 404, 429, 500, 503]))
            .prop_map(|(what, times, status)| Event::Fault { what, times, status }),
        1 => (1_u32..4).prop_map(Event::FailPuts),
        2 => (1_usize..30).prop_map(|polls| Event::Killed { polls }),
        5 => (1_usize..6).prop_map(Event::Alarms),
        2 => (repository.clone(), tag).prop_map(|(repository, tag)| Event::Webhook { repository, tag }),
        1 => repository.clone().prop_map(|repository| Event::Refresh { repository }),
        2 => (0_usize..4).prop_map(|space| Event::Read { space }),
        1 => Just(Event::LoseDocuments),
        3 => (1_u64..200).prop_map(Event::Minutes),
    ]
}

pub(crate) const SPACES: [&str; 4] = ["", "team", "team/sub", "nowhere"];

pub(crate) fn happen(world: &mut World, event: &Event, lives: &mut u32) {
    match event {
        Event::Push {
            repository,
            tag,
            contents,
            stranger,
        } => {
            let repository = REPOSITORIES[*repository];
            let name = if *stranger {
                "stranger"
            } else {
                repository.rsplit('/').next().unwrap()
            };
            let version = TAGS[*tag].replace("latest", "9.9.9");
            let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version, "description": format!("{contents}")});
            let package = format!("{name} {version} {contents}");
            world.registry.push_chart(
                repository,
                TAGS[*tag],
                &metadata,
                package.as_bytes(),
                None,
                &[],
            );
        }
        Event::Image { repository, tag } => {
            let manifest = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
            world.registry.push_manifest(
                REPOSITORIES[*repository],
                TAGS[*tag],
                "application/vnd.oci.image.manifest.v1+json",
                manifest,
            );
        }
        Event::DeleteTag { repository, tag } => world
            .registry
            .delete_tag(REPOSITORIES[*repository], TAGS[*tag]),
        Event::DeleteRepository { repository } => {
            world.registry.delete_repository(REPOSITORIES[*repository]);
        }
        Event::Fault {
            what,
            times,
            status,
        } => {
            let fault = if *status == 0 {
                Fault::Transport
            } else {
                Fault::status(*status)
            };
            world.registry.inject(FAULTS[*what], Some(*times), fault);
        }
        Event::FailPuts(count) => world.documents.fail_puts(*count),
        Event::Killed { polls } => {
            {
                let engine = world.engine();
                let mut step = pin!(engine.step());
                let mut context = Context::from_waker(Waker::noop());
                for _ in 0..*polls {
                    if step.as_mut().poll(&mut context).is_ready() {
                        break;
                    }
                    world.clock.advance(Duration::from_millis(10));
                }
            }
            *lives += 1;
            world.incarnation = format!("life {lives}");
        }
        Event::Alarms(count) => {
            for _ in 0..*count {
                world.wait_for_alarm();
                world.step();
            }
        }
        Event::Webhook { repository, tag } => {
            world.ask(&ask::Changed {
                names: vec![(
                    REPOSITORIES[*repository].to_owned(),
                    Some(TAGS[*tag].to_owned()),
                )],
                host: None,
                delivery: None,
            });
        }
        Event::Refresh { repository } => {
            let path = REPOSITORIES[*repository].strip_prefix("charts/").unwrap();
            world.ask(&ask::Refresh {
                path: Some(path.to_owned()),
                confirm: false,
            });
        }
        Event::Read { space } => {
            world.index(SPACES[*space]);
        }
        Event::LoseDocuments => world.documents.clear(),
        Event::Minutes(minutes) => world.clock.advance(Duration::from_secs(60 * minutes)),
    }
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

/// The documents after `events`, once faults have stopped, two passes, a full revalidation and every grace period are
/// over; and those of a fresh crawl.
fn in_the_end(events: &[Event], budget: u32) -> [BTreeMap<String, String>; 2] {
    let budget = budget.to_string();
    let mut world = World::with(&[("SUBREQUEST_BUDGET", &budget)]);
    world.registry.set_latency(Duration::from_millis(20));
    let mut lives = 0;
    for event in events {
        happen(&mut world, event, &mut lives);
    }
    world.registry.heal();
    world.documents.fail_puts(0);
    world.ask(&ask::Refresh {
        path: None,
        confirm: true,
    });
    world.pass();
    world.pass();
    let until = world.clock.now().after(Duration::from_hours(768));
    world.ask(&ask::Refresh {
        path: Some(String::new()),
        confirm: false,
    });
    while world.clock.now() < until {
        world.clock.advance(Duration::from_hours(8));
        world.pass();
    }
    let incremental = documents(&world);

    let fresh = World {
        database: FakeDatabase::new(),
        documents: FakeDocuments::new(world.clock.clone()),
        ..world
    };
    fresh.pass();
    [incremental, documents(&fresh)]
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
    let [incremental, fresh] = in_the_end(&events, 10);
    assert_eq!(incremental, fresh);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_the_documents_are_those_of_a_fresh_crawl(events in prop::collection::vec(event(), 1..40), budget in 10_u32..60) {
        let [incremental, fresh] = in_the_end(&events, budget);
        prop_assert_eq!(incremental, fresh);
    }
}
