//! Whatever happens to the registry, the catalog, KV and the settings: a link gives the bytes of which the index spoke, or
//! none, and no request costs more calls than it may. The real engine behind the real service; only hosts are fakes.

mod client;
mod link;

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use proptest::prelude::*;

use crate::catalog::ask;
use crate::catalog::tests::property::{self, REPOSITORIES, SPACES, TAGS, happen, restart};
use crate::testing::{Blobs, World, run};

use client::{Client, Settings};

/// What a client does.
#[derive(Debug, Clone)]
enum Act {
    /// Reads the index of a space: past all caches, or only if it changed.
    Index {
        space: usize,
        fresh: bool,
        changed: bool,
    },
    /// Downloads what a remembered link names; `alias` without the digest in it.
    File {
        link: usize,
        alias: bool,
        head: bool,
    },
}

#[derive(Debug, Clone)]
enum Event {
    /// What may happen to a catalog.
    Catalog(property::Event),
    /// A chart in two layers, which is rebuilt.
    TwoLayers {
        repository: usize,
        tag: usize,
        contents: u8,
    },
    /// A file that two repositories offer changes in one of them, is told of and synced: now other bytes, now gone.
    Contest {
        repository: usize,
        contents: Option<u8>,
    },
    Client(Act),
    /// A step that is held after so many polls: what happens then happens in its middle.
    Midway {
        polls: usize,
        contents: Option<(usize, usize, u8)>,
        acts: Vec<Act>,
        killed: bool,
    },
    /// The object starts anew.
    Restart,
    /// A deployment with other settings, to which this client comes in a new isolate.
    Deploy(Settings),
    FailGets(u32),
    Blobs(Blobs),
    Days(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..SPACES.len(), prop::bool::weighted(0.2), prop::bool::weighted(0.3))
            .prop_map(|(space, fresh, changed)| Act::Index { space, fresh, changed }),
        3 => (any::<usize>(), prop::bool::weighted(0.3), prop::bool::weighted(0.1))
            .prop_map(|(link, alias, head)| Act::File { link, alias, head }),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(hide, stream, folder)| Settings {
        hide,
        stream,
        folder,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let place = || (0..REPOSITORIES.len(), 0..TAGS.len(), 0_u8..3);
    let midway = (
        1_usize..40,
        prop::option::of(place()),
        prop::collection::vec(act(), 1..4),
        prop::bool::weighted(0.3),
    );
    prop_oneof![
        20 => property::event().prop_map(of_catalog),
        1 => place().prop_map(|(repository, tag, contents)| Event::TwoLayers { repository, tag, contents }),
        6 => (0_usize..2, prop::option::of(0_u8..3)).prop_map(|(repository, contents)| Event::Contest { repository, contents }),
        18 => act().prop_map(Event::Client),
        4 => midway.prop_map(|(polls, contents, acts, killed)| Event::Midway { polls, contents, acts, killed }),
        1 => Just(Event::Restart),
        1 => settings().prop_map(Event::Deploy),
        1 => (1_u32..4).prop_map(Event::FailGets),
        1 => prop::sample::select(vec![Blobs::Here, Blobs::Redirect(307), Blobs::Relative(302)]).prop_map(Event::Blobs),
        1 => (1_u64..40).prop_map(Event::Days),
    ]
}

/// After a rollback nothing is ready and superseded packages are forgotten: that is for the catalog's own histories.
fn of_catalog(event: property::Event) -> Event {
    match event {
        property::Event::Rollback => Event::Restart,
        event => Event::Catalog(event),
    }
}

fn push(world: &World, repository: usize, tag: usize, contents: &str) {
    let (repository, tag) = (REPOSITORIES[repository], TAGS[tag]);
    let name = repository.rsplit('/').next().unwrap();
    let version = tag.replace("latest", "9.9.9");
    let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version});
    let package = format!("{name} {version} {contents}");
    world
        .registry
        .push_chart(repository, tag, &metadata, package.as_bytes(), None, &[]);
}

/// A push as the first Helm that could: metadata and content apart, named in annotations.
fn push_two_layers(world: &World, repository: &str, tag: &str, contents: u8) {
    let name = repository.rsplit('/').next().unwrap();
    let version = tag.replace("latest", "9.9.9");
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    let text = format!("replicas: {contents}\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "-/values.yaml", text.as_bytes())
        .unwrap();
    let content = tar.into_inner().unwrap().finish().unwrap();
    let layer = |media_type: &str, bytes: &[u8]| {
        let digest = world.registry.push_blob(bytes.to_vec());
        serde_json::json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "config": layer("application/vnd.cncf.helm.config.v1+json", b"{}"),
        "layers": [
            layer("application/vnd.cncf.helm.chart.meta.layer.v1+json", br#"{"apiVersion":"v1","description":"two layers"}"#),
            layer("application/vnd.cncf.helm.chart.content.layer.v1+tar", &content),
        ],
        "annotations": {"sh.helm.chart.name": name, "sh.helm.chart.version": version},
    });
    world.registry.push_manifest(
        repository,
        tag,
        "application/vnd.oci.image.manifest.v1+json",
        manifest.to_string(),
    );
}

fn pass_by(world: &mut World, client: &mut Client, event: &Event, lives: &mut u32) {
    match event {
        Event::Catalog(event) => happen(world, event, lives),
        Event::TwoLayers {
            repository,
            tag,
            contents,
        } => push_two_layers(world, REPOSITORIES[*repository], TAGS[*tag], *contents),
        Event::Contest {
            repository,
            contents,
        } => {
            match contents {
                Some(contents) => push(world, *repository, 0, &contents.to_string()),
                None => world
                    .registry
                    .delete_tag(REPOSITORIES[*repository], TAGS[0]),
            }
            world.ask(&ask::Changed::Notified {
                names: vec![(REPOSITORIES[*repository].to_owned(), None)],
                host: None,
                delivery: None,
            });
            world.rest();
        }
        Event::Client(act) => client.act(world, act),
        Event::Midway {
            polls,
            contents,
            acts,
            killed,
        } => {
            world.wait_for_alarm();
            {
                let engine = world.engine();
                let mut step = pin!(engine.step());
                let mut context = Context::from_waker(Waker::noop());
                let ended = (0..*polls).any(|_| {
                    world.clock.advance(Duration::from_millis(10));
                    step.as_mut().poll(&mut context).is_ready()
                });
                if let Some((repository, tag, contents)) = contents {
                    push(world, *repository, *tag, &format!("{contents} midway"));
                }
                for act in acts {
                    client.act(world, act);
                }
                if !ended && !killed {
                    assert_eq!(run(&world.clock, step.as_mut()).broken, None);
                }
            }
            if *killed {
                restart(world, lives);
            }
        }
        Event::Restart => restart(world, lives),
        Event::Deploy(settings) => {
            client.deploy(world, *settings);
            restart(world, lives);
        }
        Event::FailGets(count) => world.documents.fail_gets(*count),
        Event::Blobs(blobs) => world.registry.set_blobs(*blobs),
        Event::Days(days) => world.clock.advance(Duration::from_hours(24 * days)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_link_gives_the_bytes_of_its_index_or_none(
        events in prop::collection::vec(event(), 1..40),
        settings in settings(),
        budget in 10_u32..60,
        stale in any::<bool>(),
    ) {
        let (mut world, mut client) = Client::new(settings, budget);
        world.registry.set_latency(Duration::from_millis(20));
        world.documents.remember_misses(stale);
        world.documents.remember_values(stale);
        let mut lives = 0;
        for event in &events {
            pass_by(&mut world, &mut client, event, &mut lives);
        }
        // Faults stop, and every link is tried once more.
        world.registry.heal();
        world.documents.fail_puts(0);
        world.documents.fail_gets(0);
        client.every_link(&world);
        // Once all is synced, KV's memory is over: what an index names now is there.
        world.ask(&ask::Refresh { path: None, confirm: true });
        world.pass();
        world.pass();
        world.rest();
        world.clock.advance(Duration::from_mins(2));
        client.every_link(&world);
        client.every_link_of_now(&world);
    }
}
