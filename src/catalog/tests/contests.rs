//! Files that several repositories offer and that are not the same: told from the first moment, wherever they meet.

use serde_json::json;

use super::*;
use crate::index::{Shard, shard_of};

/// Pushes `web` 1.0.0 with this description, package and provenance file.
fn push(world: &World, repository: &str, description: &str, package: &[u8], signed: Option<&[u8]>) {
    let metadata =
        json!({"apiVersion": "v2", "name": "web", "version": "1.0.0", "description": description});
    world
        .registry
        .push_chart(repository, "1.0.0", &metadata, package, signed, &[]);
}

/// What `/info` tells: where, who is beaten, by whom, in what they differ.
fn told(world: &World) -> Vec<Value> {
    let info = world.ask(&ask::Info { page: 0 });
    let entries = info["shadowed"].as_array().unwrap();
    assert_eq!(info["counts"]["contested"] == 0, entries.is_empty());
    entries
        .iter()
        .map(|entry| {
            json!([
                entry["at"],
                entry["repository"],
                entry["by"],
                entry["differs"]
            ])
        })
        .collect()
}

fn counted(world: &World) -> u64 {
    world.ask(&ask::AskStatus).figures.contested
}

/// Issue 10, item 3.
#[test]
fn a_contest_within_a_space_is_told_too() {
    let world = World::new();
    push(&world, "charts/web", "ours", b"root", None);
    push(&world, "charts/team/a/web", "ours", b"a", None);
    push(&world, "charts/team/b/web", "ours", b"b", None);
    world.pass();
    assert_eq!(
        told(&world),
        [
            json!(["/", "charts/team/a/web", "charts/web", ["package"]]),
            json!(["/", "charts/team/b/web", "charts/web", ["package"]]),
            json!([
                "/team",
                "charts/team/b/web",
                "charts/team/a/web",
                ["package"]
            ]),
        ]
    );
    assert_eq!(counted(&world), 1);
}

/// Issue 10, item 3: the same package, of which another says other things, or which another signs.
#[test]
fn a_contest_of_equal_bytes_is_told() {
    for (description, signed, differs) in [
        ("theirs", None, json!(["metadata"])),
        ("ours", Some(&b"theirs"[..]), json!(["provenance"])),
        ("theirs", Some(b"theirs"), json!(["metadata", "provenance"])),
    ] {
        let world = World::new();
        push(
            &world,
            "charts/team-payments/web",
            "ours",
            b"web",
            Some(b"ours"),
        );
        world.pass();
        assert_eq!(told(&world), [json!(null); 0]);
        push(
            &world,
            "charts/dev/web",
            description,
            b"web",
            signed.or(Some(b"ours")),
        );
        world.pass();
        let expected = [json!([
            "/",
            "charts/team-payments/web",
            "charts/dev/web",
            differs
        ])];
        assert_eq!(told(&world), expected);
        assert_eq!(counted(&world), 1);
    }
    // A copy of all of it contests nothing, whatever else its manifest says.
    let world = World::new();
    push(&world, "charts/a/web", "ours", b"web", None);
    let metadata =
        json!({"apiVersion": "v2", "name": "web", "version": "1.0.0", "description": "ours"});
    let annotation = [("org.example.copied", "true")];
    world.registry.push_chart(
        "charts/b/web",
        "1.0.0",
        &metadata,
        b"web",
        None,
        &annotation,
    );
    world.pass();
    assert_eq!(told(&world), [json!(null); 0]);
    assert_eq!(counted(&world), 0);
}

/// Issue 10, item 3: as soon as it is served, though the pass goes on for long.
#[test]
fn a_contest_is_counted_when_it_is_published() {
    for (scope, ours, theirs, package) in [
        ("subtree", "team-payments/web", "dev/web", "theirs"),
        ("subtree", "team-payments/web", "dev/web", "ours"),
        ("folder", "something", "web", "theirs"),
    ] {
        let world = World::with(&[("SUBREQUEST_BUDGET", "10"), ("INDEX_SCOPE", scope)]);
        push(&world, &format!("charts/{ours}"), "ours", b"ours", None);
        for chart in 0..20 {
            let name = format!("chart-{chart:02}");
            world
                .registry
                .push_version(&format!("charts/{name}"), &name, "1.0.0");
        }
        world.pass();
        world.rest();
        world.wait_for_alarm();
        assert_eq!(world.step().pass, None, "the next pass takes long");
        let name = format!("charts/{theirs}");
        push(&world, &name, "theirs", package.as_bytes(), None);
        world.refresh(Some(theirs));
        loop {
            world.wait_for_alarm();
            assert_eq!(world.step().pass, None, "it is served before the pass ends");
            let root = world.published(&Key::Index(View::root())).unwrap();
            if root["entries"]["web"][0]["description"] == "theirs" {
                break;
            }
        }
        assert_eq!(counted(&world), 1, "{scope} {theirs} {package}");
    }
}

/// With `INDEX_SCOPE=folder` those meet that lie in one folder; the root's index knows nothing of them.
#[test]
fn a_contest_in_a_folder_is_counted_when_it_is_published() {
    let world = World::with(&[("INDEX_SCOPE", "folder")]);
    push(&world, "charts/a/web", "ours", b"ours", None);
    push(&world, "charts/b/web", "theirs", b"theirs", None);
    world.pass();
    assert_eq!(told(&world), [json!(null); 0]);
    assert_eq!(counted(&world), 0);
    push(&world, "charts/a/other", "theirs", b"ours", None);
    world.pass();
    assert_eq!(
        told(&world),
        [json!([
            "/a",
            "charts/a/other",
            "charts/a/web",
            ["metadata"]
        ])]
    );
    assert_eq!(counted(&world), 1);
}

/// What is counted of contests costs an unchanged pass nothing: it costs as much as one over as many files that nobody contests.
#[test]
fn an_unchanged_pass_counts_no_contests() {
    let unchanged = |names: [&str; 2]| {
        let world = World::new();
        for version in 0..30 {
            for (repository, name) in ["charts/a/web", "charts/b/web"].into_iter().zip(names) {
                let version = format!("1.{version}.0");
                let metadata = json!({"apiVersion": "v2", "name": name, "version": version, "description": repository});
                world
                    .registry
                    .push_chart(repository, &version, &metadata, b"web", None, &[]);
            }
        }
        world.pass();
        let contested = counted(&world);
        // The ring of revalidation and what follows the first pass are behind it.
        for _ in 0..2 {
            world.rest();
            world.pass();
        }
        world.rest();
        let before = world.database.effort();
        world.pass();
        (contested, world.database.effort() - before)
    };
    let (contested, with_contests) = unchanged(["web", "web"]);
    let (uncontested, without) = unchanged(["web", "wob"]);
    assert_eq!((contested, uncontested), (30, 0));
    assert!(
        with_contests <= without + without / 50,
        "{with_contests} steps instead of {without}"
    );
}

/// CVE-2020-15185 in Helm: of one version twice in an index the last was taken. No index names a version of a chart twice, however
/// many repositories and tags offer it, and however they spell it.
#[test]
fn no_index_names_a_version_twice() {
    for settings in [
        &[][..],
        &[("COLLISIONS", "hide")],
        &[("INDEX_SCOPE", "folder")],
    ] {
        let world = World::with(settings);
        let offers = [
            ("charts/web", "1.0.0", "1.0.0", "web"),
            ("charts/web", "v1.0.0", "1.0.0", "other"),
            ("charts/web", "latest", "1.0.0", "newest"),
            ("charts/web", "1.0.0_build.1", "1.0.0+build.1", "web"),
            ("charts/web", "1.0.0_build.2", "1.0.0+build.2", "web"),
            ("charts/team/web", "1.0.0", "1.0.0", "team"),
            ("charts/team/again/web", "1.0.0", "1.0.0", "web"),
            ("charts/team/x", "1.0.0", "1.0.0", "x"),
            ("charts/team/web-1", "0.0", "0.0", "x"),
        ];
        for (repository, tag, version, package) in offers {
            let metadata = json!({"apiVersion": "v2", "name": "web", "version": version});
            let package = package.as_bytes();
            world
                .registry
                .push_chart(repository, tag, &metadata, package, None, &[]);
        }
        world.pass();
        for view in ["", "team", "team/again"] {
            let versions = world.answered(view);
            let different: std::collections::BTreeSet<_> = versions.iter().collect();
            assert_eq!(
                different.len(),
                versions.len(),
                "{settings:?} {view}: {versions:?}"
            );
            let hidden = settings == [("COLLISIONS", "hide")];
            assert!(hidden || !versions.is_empty());
        }
    }
}

/// CVE-2023-2253 in distribution: room was made for as many names as a client wished for.
#[test]
fn no_page_of_info_is_too_far() {
    let world = World::new();
    push(&world, "charts/a/web", "ours", b"ours", None);
    push(&world, "charts/b/web", "theirs", b"theirs", None);
    world.pass();
    let before = world.ask(&ask::Info { page: 0 });
    for page in [1, 1_000_000, u32::MAX] {
        let info = world.ask(&ask::Info { page });
        assert_eq!(info["counts"], before["counts"]);
        for list in ["shadowed", "documents", "failing_tags", "skipped"] {
            assert_eq!(info[list], json!([]), "{list} of page {page}");
        }
    }
}

/// The rest stands on the next page.
#[test]
fn a_page_of_info_tells_of_a_hundred_contested_files() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    for repository in ["charts/a/web", "charts/b/web"] {
        for minor in 0..101 {
            let version = format!("1.{minor}.0");
            let metadata = json!({"apiVersion": "v2", "name": "web", "version": version});
            let registry = &world.registry;
            let package = repository.as_bytes();
            registry.push_chart(repository, &version, &metadata, package, None, &[]);
        }
    }
    world.pass();
    world.rest();
    let told = |page| {
        let info = world.ask(&ask::Info { page });
        info["shadowed"].as_array().unwrap().len()
    };
    assert_eq!([told(0), told(1), told(2)], [100, 1, 0]);
}

/// Thousands of tags that offer one file, each with 64 KiB of metadata, were all in memory at once, and all told.
#[test]
fn of_a_file_that_very_many_tags_offer_some_are_told_and_the_rest_counted() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    for number in 0..230 {
        let description = if number % 2 == 0 { "even" } else { "odd" };
        let metadata = json!({"apiVersion": "v2", "name": "web", "version": "1.0.0", "description": description});
        let package = format!("bytes {}", number % 115);
        let tag = format!("1.0.0-{number}");
        world
            .registry
            .push_chart("charts/web", &tag, &metadata, package.as_bytes(), None, &[]);
    }
    world.pass();
    world.rest();
    let info = world.ask(&ask::Info { page: 0 });
    let entries = info["shadowed"].as_array().unwrap();
    let (last, told) = entries.split_last().unwrap();
    assert_eq!(*last, json!({"file": "web-1.0.0.tgz", "untold": 30}));
    // All but the first, one of which may have its package and other metadata.
    assert_eq!(told.len(), 199);
    // The shard has room for others; who has a link gets it all the same.
    let key = Key::Files(shard_of("web-1.0.0.tgz")).name(world.config.fingerprint());
    let (shard, _) = world.documents.stored(&key).unwrap();
    let in_shard = Shard::look_up(&shard, "web-1.0.0.tgz").unwrap();
    assert!((50..=100).contains(&in_shard.len()), "{}", in_shard.len());
    let Found::Candidates(all) = world.ask(&ask::Find {
        file: "web-1.0.0.tgz".parse().unwrap(),
        missed: false,
    }) else {
        panic!("the file is gone")
    };
    assert_eq!(all.len(), 115);
}
