//! Where the root's index does not tell all: it covers its own folder alone, hides what is contested, or has no room.

use super::*;

/// What there is, and what the root shows of it.
struct Case {
    settings: &'static [(&'static str, &'static str)],
    repositories: [(&'static str, &'static str); 3],
    limit: usize,
}

const CASES: [Case; 3] = [
    Case {
        settings: &[("INDEX_SCOPE", "folder")],
        repositories: [("charts/x/a", "a"), ("charts/x/b", "b"), ("charts/r", "r")],
        limit: 1 << 20,
    },
    Case {
        settings: &[("COLLISIONS", "hide")],
        repositories: [("charts/x/a", "a"), ("charts/y/a", "a"), ("charts/r", "r")],
        limit: 1 << 20,
    },
    Case {
        settings: &[],
        repositories: [("charts/x/a", "a"), ("charts/y/c", "c"), ("charts/r", "r")],
        limit: 1_000,
    },
];

/// Two versions of each, all of whose indexes are published.
fn in_folders(case: &Case) -> World {
    let mut world = World::with(case.settings);
    world.config.index_limit = case.limit;
    for (repository, name) in case.repositories {
        for version in ["1.0.0", "1.1.0"] {
            let metadata =
                serde_json::json!({"apiVersion": "v2", "name": name, "version": version});
            let package = format!("{repository} {version}");
            let package = package.as_bytes();
            let registry = &world.registry;
            registry.push_chart(repository, version, &metadata, package, None, &[]);
        }
    }
    world.pass();
    world.rest();
    for view in ["x", "y"] {
        world.index(view);
    }
    world.clock.advance(Duration::from_secs(10));
    world.rest();
    world
}

#[test]
fn what_a_folder_alone_shows_is_served_on_when_it_is_denied_then() {
    for case in CASES {
        let mut world = in_folders(&case);
        let settings = case.settings;
        let root = world.versions("");
        assert!(root.len() < 6, "the root does not tell all: {root:?}");
        let before = world.versions("x");
        assert!(before.contains(&"a 1.0.0".to_owned()), "{before:?}");
        roll_back(&mut world);
        let denied = Fault::status(403);
        world.registry.inject("charts/x/a/", None, denied);
        world.registry.push_version("charts/x/n", "n", "1.0.0");
        for _ in 0..3 {
            hours(&world, 1);
            for versions in [world.versions("x"), world.answered("x")] {
                for version in &before {
                    assert!(versions.contains(version), "{settings:?}: {versions:?}");
                }
            }
        }
        let now = world.versions("x");
        assert!(now.contains(&"n 1.0.0".to_owned()), "{settings:?}: {now:?}");
    }
}

/// Also where the list of one repository lacks most of its tags, as complete as ever.
#[test]
fn what_most_of_a_folder_lacks_then_is_doubted() {
    let [case, ..] = CASES;
    let mut world = in_folders(&case);
    let tags: Vec<String> = (0..30).map(|minor| format!("2.{minor}.0")).collect();
    for tag in &tags {
        world.registry.push_version("charts/x/a", "a", tag);
    }
    world.pass();
    world.rest();
    assert_eq!(world.versions("x").len(), 34);
    roll_back(&mut world);
    for tag in &tags {
        world.registry.delete_tag("charts/x/a", tag);
    }
    for _ in 0..20 {
        world.index("x");
        hours(&world, 1);
    }
    assert_eq!(world.versions("x").len(), 34);
    hours(&world, 10);
    assert_eq!(world.versions("x").len(), 4);
}

/// An index that nobody reads is not in KV. Of what it would have the shards tell that there is something, and keep the links.
#[test]
fn a_folder_that_nobody_read_loses_no_link() {
    let mut world = World::with(&[("INDEX_SCOPE", "folder")]);
    world.registry.push_version("charts/x/a", "a", "1.0.0");
    world.registry.push_version("charts/r", "r", "1.0.0");
    world.pass();
    world.rest();
    let key = Key::Files(shard_of("a-1.0.0.tgz"));
    let package = |world: &World| {
        let shard = world.published(&key).unwrap();
        shard["a-1.0.0.tgz"][0]["package"].clone()
    };
    let before = package(&world);
    roll_back(&mut world);
    let denied = Fault::status(403);
    world.registry.inject("charts/x/a/", None, denied);
    hours(&world, 3);
    assert_eq!(package(&world), before);
    assert_eq!(world.versions(""), ["r 1.0.0"]);
    world.registry.heal();
    hours(&world, 1);
    assert_eq!(world.answered("x"), ["a 1.0.0"]);
}
