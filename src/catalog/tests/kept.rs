//! What is kept of packages that no tag serves, what is put again, and what is counted as served.

use super::*;
use crate::index::shard_of;

fn push(world: &World, repository: &str, tag: &str, version: &str, package: &[u8]) -> String {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": version});
    let pushed = world
        .registry
        .push_chart(repository, tag, &metadata, package, None, &[]);
    pushed.package.hex().to_owned()
}

/// A tag that a pipeline overwrites every five minutes left 8,640 packages, each in the file table.
#[test]
fn of_a_tag_that_is_overwritten_again_and_again_ten_packages_are_kept() {
    let world = World::new();
    let packages: Vec<String> = (0..15)
        .map(|n| {
            let version = format!("0.0.0-{n}");
            let hex = push(&world, "charts/a", "latest", &version, &[n]);
            world.pass();
            hex
        })
        .collect();
    world.rest();
    let kept = |n: usize| {
        let file = format!("a-0.0.0-{n}.tgz");
        let Found::Candidates(candidates) = world.ask(&ask::Find {
            file: file.parse().unwrap(),
            missed: false,
        }) else {
            return false;
        };
        candidates
            .iter()
            .any(|one| one.package.hex() == packages[n])
    };
    let all: Vec<usize> = (0..15).filter(|n| kept(*n)).collect();
    assert_eq!(all, (4..15).collect::<Vec<_>>(), "ten and the one served");
    for (n, package) in packages.iter().enumerate().take(4) {
        let shard = world.published(&Key::Files(shard_of(&format!("a-0.0.0-{n}.tgz"))));
        let text = shard.map(|shard| shard.to_string()).unwrap_or_default();
        assert!(!text.contains(package), "{n} is still published");
    }
}

/// Versions that are removed all at once are no overwritten tag: each was a tag of its own.
#[test]
fn of_many_tags_that_are_removed_all_are_kept() {
    let world = World::new();
    for n in 0..15 {
        world
            .registry
            .push_version("charts/a", "a", &format!("1.0.{n}"));
    }
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.registry.delete_repository("charts/a");
    world.pass();
    world.pass();
    for n in 0..15 {
        let file = format!("a-1.0.{n}.tgz").parse().unwrap();
        let found = world.ask(&ask::Find {
            file,
            missed: false,
        });
        assert!(matches!(found, Found::Candidates(_)), "{n}: {found:?}");
    }
}

/// 1,656 requests that were answered 404 made 1,656 KV writes: the free plan's day.
#[test]
fn a_guessed_digest_puts_nothing_again() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    let puts = world.documents.puts();
    for missed in [false, true] {
        world.clock.advance(Duration::from_mins(6));
        let file = "a-1.0.0.tgz".parse().unwrap();
        world.ask(&ask::Find { file, missed });
        world.rest();
        assert_eq!(world.documents.puts() - puts, usize::from(missed));
    }
}

#[test]
fn a_version_that_two_repositories_offer_counts_once() {
    let world = World::new();
    push(&world, "charts/a", "1.0.0", "1.0.0", b"one");
    push(&world, "charts/team/a", "1.0.0", "1.0.0", b"two");
    world.registry.push_version("charts/team/b", "b", "1.0.0");
    assert_eq!(world.pass().versions, 2);
    assert_eq!(world.versions("").len(), 2);
    assert_eq!(world.ask(&ask::AskStatus).versions, 2);
}

#[test]
fn what_was_kept_of_a_repository_leaves_with_it_when_the_settings_do_without() {
    let mut world = World::with(&[("REPOSITORIES", "a,b")]);
    push(&world, "charts/a", "1.0.0", "1.0.0", b"first");
    push(&world, "charts/b", "2.0.0", "2.0.0", b"other");
    world.pass();
    world.rest();
    push(&world, "charts/a", "1.0.0", "1.0.0", b"second");
    world.notify("charts/a", Some("1.0.0"));
    world.clock.advance(Duration::from_secs(10));
    world.rest();
    let find = |world: &World| {
        world.ask(&ask::Find {
            file: "a-1.0.0.tgz".parse().unwrap(),
            missed: false,
        })
    };
    let found = find(&world);
    assert!(matches!(&found, Found::Candidates(all) if all.len() == 2));
    world.config = config(&[("REPOSITORIES", "b")]);
    let found = find(&world);
    assert!(!matches!(found, Found::Candidates(_)), "{found:?}");
}
