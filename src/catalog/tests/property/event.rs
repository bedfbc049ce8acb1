//! What happens to a catalog.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use proptest::prelude::*;

use crate::catalog::ask;
use crate::index::Key;
use crate::platform::{Clock as _, Database as _};
use crate::testing::{FakeRegistry, Fault, LinkStyle, World};

pub(crate) const REPOSITORIES: [&str; 4] = [
    "charts/a",
    "charts/team/a",
    "charts/team/b",
    "charts/team/sub/c",
];
pub(crate) const TAGS: [&str; 5] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "v3.0.0", "latest"];
pub(crate) const SPACES: [&str; 4] = ["", "team", "team/sub", "nowhere"];

/// The repository of another source, which holds [`BULK`] versions or none.
pub(crate) const BULKY: &str = "bulk/mass";
/// As many as have a removal of more than half doubted, and some.
const BULK: u32 = 22;
/// Where that source is.
pub(crate) const OTHER_HOST: &str = "other.example";

const FAULTS: [&str; 11] = [
    "_catalog",
    "tags/list",
    // Any page but the first.
    "last=",
    "/manifests/",
    "/manifests/1.0.0",
    "/blobs/",
    "HEAD ",
    "team",
    "charts/a/",
    "https://registry.example",
    "https://other.example",
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
    /// The other source has its many versions.
    Bulk,
    DeleteTag {
        repository: usize,
        tag: usize,
    },
    DeleteRepository {
        repository: usize,
    },
    /// Calls to what this names fail `times` times; 0 breaks the connection, 429 says when to come again, or nothing.
    Fault {
        what: usize,
        times: usize,
        status: u16,
        wait: Option<u64>,
    },
    /// Lists come in pages of so many names, perhaps with links to the next one that cannot be followed.
    Pages {
        size: Option<usize>,
        broken: bool,
    },
    /// The list of the many versions has only the first few: as complete as ever, says its status.
    Amnesia(bool),
    /// The list of repositories lacks one that is there.
    Hide {
        repository: usize,
        hidden: bool,
    },
    FailPuts(u32),
    /// Each call to the other source takes so many seconds; from half a minute on it has no answer.
    Slow(u64),
    /// A slice that is dropped after so many polls, by an object that never works again.
    Killed {
        polls: usize,
    },
    /// The same so many polls after a document was stored.
    KilledInPut {
        polls: usize,
    },
    /// KV loses everything while a document is put, and a reader misses it.
    LostInPut {
        space: usize,
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
    /// The clock is set, by so many hours.
    Clock(i64),
    /// A newer Worker was here and is gone: its tables are none that this one knows.
    Rollback,
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let repository = 0..REPOSITORIES.len();
    let tag = 0..TAGS.len();
    let status = prop::sample::select(vec![0_u16, 200, 401, 403, 404, 429, 500, 503]);
    let wait = prop::option::of(prop::sample::select(vec![1_u64, 30, 7200]));
    prop_oneof![
        12 => (repository.clone(), tag.clone(), 0_u8..4, prop::bool::weighted(0.2))
            .prop_map(|(repository, tag, contents, stranger)| Event::Push { repository, tag, contents, stranger }),
        2 => (repository.clone(), tag.clone()).prop_map(|(repository, tag)| Event::Image { repository, tag }),
        1 => Just(Event::Bulk),
        6 => (repository.clone(), tag.clone()).prop_map(|(repository, tag)| Event::DeleteTag { repository, tag }),
        2 => repository.clone().prop_map(|repository| Event::DeleteRepository { repository }),
        6 => (0..FAULTS.len(), 1_usize..4, status, wait)
            .prop_map(|(what, times, status, wait)| Event::Fault { what, times, status, wait }),
        4 => (prop::option::of(1_usize..4), any::<bool>()).prop_map(|(size, broken)| Event::Pages { size, broken }),
        2 => any::<bool>().prop_map(Event::Amnesia),
        2 => (repository.clone(), any::<bool>()).prop_map(|(repository, hidden)| Event::Hide { repository, hidden }),
        2 => (1_u32..4).prop_map(Event::FailPuts),
        2 => prop::sample::select(vec![0_u64, 4, 28, 30]).prop_map(Event::Slow),
        4 => (1_usize..30).prop_map(|polls| Event::Killed { polls }),
        2 => (0_usize..4).prop_map(|polls| Event::KilledInPut { polls }),
        1 => (0_usize..3).prop_map(|space| Event::LostInPut { space }),
        10 => (1_usize..6).prop_map(Event::Alarms),
        4 => (repository.clone(), tag).prop_map(|(repository, tag)| Event::Webhook { repository, tag }),
        2 => repository.clone().prop_map(|repository| Event::Refresh { repository }),
        4 => (0_usize..4).prop_map(|space| Event::Read { space }),
        2 => Just(Event::LoseDocuments),
        6 => (1_u64..200).prop_map(Event::Minutes),
        1 => prop::sample::select(CLOCKS.to_vec()).prop_map(Event::Clock),
        1 => Just(Event::Rollback),
    ]
}

/// Hours by which a clock is set.
const CLOCKS: [i64; 4] = [1, 24, -1, -24];

pub(crate) fn happen(world: &mut World, event: &Event, lives: &mut u32) {
    match event {
        Event::FailPuts(count) => world.documents.fail_puts(*count),
        Event::Killed { polls } => {
            let mut left = *polls;
            dies(world, || {
                left -= 1;
                left == 0
            });
            restart(world, lives);
        }
        Event::KilledInPut { polls } => {
            world.wait_for_alarm();
            let before = world.documents.puts();
            let mut since = 0;
            dies(world, || {
                since += usize::from(world.documents.puts() > before);
                since > *polls
            });
            restart(world, lives);
        }
        Event::LostInPut { space } => lost_in_put(world, SPACES[*space]),
        Event::Alarms(count) => {
            for _ in 0..*count {
                world.wait_for_alarm();
                world.step();
            }
        }
        Event::Webhook { repository, tag } => {
            world.ask(&changed(REPOSITORIES[*repository], TAGS[*tag]));
        }
        Event::Refresh { repository } => {
            let path = REPOSITORIES[*repository].strip_prefix("charts/").unwrap();
            world.ask(&ask::Refresh {
                path: Some(path.to_owned()),
                confirm: false,
            });
            // An operator ends what the registry asked for.
            world.registry.forget_refusals();
        }
        Event::Read { space } => {
            world.index(SPACES[*space]);
        }
        Event::LoseDocuments => world.documents.clear(),
        Event::Minutes(minutes) => world.clock.advance(Duration::from_secs(60 * minutes)),
        Event::Clock(hours) => {
            let by = Duration::from_hours(hours.unsigned_abs());
            let now = world.clock.now();
            world.clock.jump(if *hours < 0 {
                now.before(by)
            } else {
                now.after(by)
            });
            world.registry.forget_refusals();
        }
        Event::Rollback => {
            world.engine().store().unwrap();
            let newer = "UPDATE schema SET version = 1000";
            world.database.execute(newer, &[]).unwrap();
            restart(world, lives);
        }
        _ => happen_to_registry(&world.registry, event),
    }
}

/// What changes the registry, or what it says.
fn happen_to_registry(registry: &FakeRegistry, event: &Event) {
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
            registry.push_chart(
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
            registry.push_manifest(
                REPOSITORIES[*repository],
                TAGS[*tag],
                "application/vnd.oci.image.manifest.v1+json",
                manifest,
            );
        }
        Event::Bulk => {
            for minor in 0..BULK {
                let version = format!("1.{minor}.0");
                registry.push_version(BULKY, "mass", &version);
            }
        }
        Event::DeleteTag { repository, tag } => {
            registry.delete_tag(REPOSITORIES[*repository], TAGS[*tag]);
        }
        Event::DeleteRepository { repository } => {
            registry.delete_repository(REPOSITORIES[*repository]);
        }
        Event::Fault {
            what,
            times,
            status,
            wait,
        } => {
            let fault = match (status, wait) {
                (0, _) => Fault::Transport,
                (429, Some(wait)) => Fault::status(429).header("retry-after", &wait.to_string()),
                (status, _) => Fault::status(*status),
            };
            registry.inject(FAULTS[*what], Some(*times), fault);
        }
        Event::Pages { size, broken } => {
            registry.set_page_size(*size);
            registry.set_link_style(if *broken {
                LinkStyle::Foreign
            } else {
                LinkStyle::Relative
            });
        }
        Event::Amnesia(begins) => registry.show_only(BULKY, begins.then_some(3)),
        Event::Slow(seconds) => {
            let by = Duration::from_secs(*seconds);
            registry.set_slow((*seconds > 0).then_some((OTHER_HOST, by)));
        }
        Event::Hide { repository, hidden } => {
            registry.hide(REPOSITORIES[*repository], *hidden);
        }
        _ => {}
    }
}

/// What a registry calls when a tag was pushed.
pub(crate) fn changed(repository: &str, tag: &str) -> ask::Changed {
    ask::Changed::Notified {
        names: vec![(repository.to_owned(), Some(tag.to_owned()))],
        host: None,
        delivery: None,
    }
}

/// Polls a step until it ends or `is_over` says so after a poll, then drops it.
fn dies(world: &World, mut is_over: impl FnMut() -> bool) {
    let engine = world.engine();
    let mut step = pin!(engine.step());
    let mut context = Context::from_waker(Waker::noop());
    while step.as_mut().poll(&mut context).is_pending() && !is_over() {
        world.clock.advance(Duration::from_millis(10));
    }
}

/// Another life of the object: of the former one it has the rows alone, and waits for nothing that one held.
pub(crate) fn restart(world: &mut World, lives: &mut u32) {
    *lives += 1;
    world.incarnation = format!("life {lives}");
    world.tokens = crate::oci::Tokens::default();
    world.recent = crate::catalog::Recent::default();
    // What the former life was told last it may not have written down.
    world.registry.forget_refusals();
}

/// KV loses everything while a document is put, or just was, and a reader misses it.
fn lost_in_put(world: &World, space: &str) {
    let key = Key::Index(space.parse().unwrap());
    let name = key.name(world.config.fingerprint());
    world.wait_for_alarm();
    let before = world.documents.puts();
    let mut missed = false;
    dies(world, || {
        if !missed && world.documents.puts() > before && world.documents.stored(&name).is_some() {
            missed = true;
            world.documents.clear();
            world.index(space);
        }
        false
    });
}
