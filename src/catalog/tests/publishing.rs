//! What is published: order, spaces, collisions, links that hold.

use super::*;
use crate::index::{Candidate, shard_of};

fn find(world: &World, file: &str) -> Vec<Candidate> {
    match world.ask(&ask::Find {
        file: file.parse().unwrap(),
        missed: true,
    }) {
        Found::Candidates(candidates) => candidates,
        other => panic!("{other:?}"),
    }
}

fn push(
    world: &World,
    repository: &str,
    tag: &str,
    name: &str,
    version: &str,
    package: &[u8],
) -> String {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version});
    world
        .registry
        .push_chart(repository, tag, &metadata, package, None, &[])
        .package
        .hex()
        .to_owned()
}

fn digest(world: &World, view: &str, chart: &str) -> String {
    let index = world.published(&Key::Index(view.parse().unwrap())).unwrap();
    index["entries"][chart][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn newest_first_by_semver() {
    let world = World::new();
    for version in ["1.0.0", "1.2.0-rc.1", "1.10.0", "1.9.0", "v2.0.0", "1.2.0"] {
        world.registry.push_version("charts/a", "a", version);
    }
    world.pass();
    assert_eq!(
        world.versions(""),
        [
            "a v2.0.0",
            "a 1.10.0",
            "a 1.9.0",
            "a 1.2.0",
            "a 1.2.0-rc.1",
            "a 1.0.0"
        ]
    );
}

#[test]
fn a_takeover_at_the_root_is_reported_and_can_be_forbidden() {
    for (collisions, expected) in [("first", Some("dev/redis")), ("hide", None)] {
        let world = World::with(&[("COLLISIONS", collisions)]);
        let base = push(
            &world,
            "charts/platform/base/redis",
            "1.0.0",
            "redis",
            "1.0.0",
            b"base",
        );
        world.pass();
        assert_eq!(digest(&world, "", "redis"), base);
        let dev = push(
            &world,
            "charts/dev/redis",
            "1.0.0",
            "redis",
            "1.0.0",
            b"dev",
        );
        world.pass();
        let root = world.published(&Key::Index(View::root())).unwrap();
        match expected {
            Some(_) => assert_eq!(
                root["entries"]["redis"][0]["digest"], dev,
                "the shorter repository comes first"
            ),
            None => assert_eq!(root["entries"]["redis"], serde_json::Value::Null),
        }
        assert_eq!(world.answered("platform"), ["redis 1.0.0"]);
        assert_eq!(world.answered("dev"), ["redis 1.0.0"]);
        world.rest();
        assert_eq!(
            digest(&world, "platform", "redis"),
            base,
            "still served in its own space"
        );
        let info = world.ask(&ask::Info { page: 0 });
        let shadowed = &info["shadowed"];
        assert_eq!(shadowed[0]["file"], "redis-1.0.0.tgz");
        assert_eq!(info["counts"]["contested"], 1);
    }
}

#[test]
fn the_shadowed_version_appears_when_the_winners_tag_goes() {
    let world = World::new();
    let base = push(
        &world,
        "charts/platform/redis",
        "1.0.0",
        "redis",
        "1.0.0",
        b"base",
    );
    let dev = push(
        &world,
        "charts/dev/redis",
        "1.0.0",
        "redis",
        "1.0.0",
        b"dev",
    );
    world.pass();
    assert_eq!(digest(&world, "", "redis"), dev);
    world.registry.delete_tag("charts/dev/redis", "1.0.0");
    world.pass();
    assert_eq!(digest(&world, "", "redis"), base);
}

#[test]
fn a_repository_called_as_the_chart_wins_over_one_that_is_not() {
    let world = World::new();
    push(&world, "charts/x", "1.0.0", "redis", "1.0.0", b"other");
    let own = push(
        &world,
        "charts/longer/redis",
        "1.0.0",
        "redis",
        "1.0.0",
        b"own",
    );
    world.pass();
    assert_eq!(digest(&world, "", "redis"), own);
}

/// Of tags in one repository that offer one file: first the tag that is the version, then byte order.
#[test]
fn a_tag_that_is_the_version_wins_over_one_that_is_not() {
    let world = World::new();
    push(&world, "charts/a", "0", "a", "1.0.0", b"early alias");
    let own = push(&world, "charts/a", "1.0.0", "a", "1.0.0", b"own tag");
    let first = push(&world, "charts/b", "y", "b", "1.0.0", b"first");
    push(&world, "charts/b", "z", "b", "1.0.0", b"second");
    world.pass();
    assert_eq!(digest(&world, "", "a"), own);
    assert_eq!(digest(&world, "", "b"), first);
}

#[test]
fn one_file_name_of_two_charts_is_decided() {
    let world = World::new();
    push(&world, "charts/foo", "1-2.0.0", "foo", "1-2.0.0", b"one");
    push(&world, "charts/foo-1", "2.0.0", "foo-1", "2.0.0", b"two");
    world.pass();
    let file = "foo-1-2.0.0.tgz";
    let candidates = find(&world, file);
    assert_eq!(candidates.len(), 2);
    let index = world.published(&Key::Index(View::root())).unwrap();
    let served: Vec<&str> = ["foo", "foo-1"]
        .into_iter()
        .filter(|name| index["entries"][name].is_array())
        .collect();
    assert_eq!(served, ["foo"], "the shorter repository");
    assert_eq!(
        candidates[0].package.hex(),
        index["entries"]["foo"][0]["digest"].as_str().unwrap()
    );
}

#[test]
fn an_overwritten_package_stays_reachable_for_thirty_days() {
    let world = World::new();
    let old = push(&world, "charts/a", "1.0.0", "a", "1.0.0", b"old");
    world.pass();
    world.rest();
    let new = push(&world, "charts/a", "1.0.0", "a", "1.0.0", b"new");
    world.notify("charts/a", Some("1.0.0"));
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    let candidates = find(&world, "a-1.0.0.tgz");
    assert_eq!(
        candidates
            .iter()
            .map(|candidate| candidate.package.hex())
            .collect::<Vec<_>>(),
        [new.as_str(), old.as_str()]
    );
    assert!(candidates[0].until.is_none() && candidates[1].until.is_some());
    world.clock.advance(Duration::from_hours(720));
    world.pass();
    world.rest();
    assert_eq!(find(&world, "a-1.0.0.tgz").len(), 1);
    let shard = world
        .published(&Key::Files(shard_of("a-1.0.0.tgz")))
        .unwrap();
    assert!(!shard.to_string().contains(&old));
}

#[test]
fn folder_scope_lists_only_what_lies_directly_in_it() {
    let world = World::with(&[("INDEX_SCOPE", "folder")]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.push_version("charts/team/b", "b", "1.0.0");
    world
        .registry
        .push_version("charts/team/sub/c", "c", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    assert_eq!(world.answered("team"), ["b 1.0.0"]);
    assert_eq!(world.answered("team/sub"), ["c 1.0.0"]);
}

/// What lies in two folders meets in no index then; what lies in one does.
#[test]
fn with_folder_scope_only_what_lies_in_one_folder_is_shadowed() {
    let world = World::with(&[("INDEX_SCOPE", "folder")]);
    push(&world, "charts/x/web", "1.0.0", "web", "1.0.0", b"x");
    push(&world, "charts/y/web", "1.0.0", "web", "1.0.0", b"y");
    push(&world, "charts/y/other", "1.0.0", "web", "1.0.0", b"other");
    world.pass();
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(
        info["shadowed"],
        serde_json::json!([{
            "file": "web-1.0.0.tgz", "repository": "charts/y/other", "tag": "1.0.0", "by": "charts/y/web",
            "at": "/y", "differs": ["package"],
        }])
    );
}

#[test]
fn deleting_all_of_kv_loses_nothing() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.clock.advance(Duration::from_mins(10));
    world.documents.clear();
    assert_eq!(world.answered(""), ["a 1.0.0"]);
    assert_eq!(find(&world, "a-1.0.0.tgz").len(), 1);
    world.rest();
    assert_eq!(
        world.versions(""),
        ["a 1.0.0"],
        "what was missed is put again"
    );
    assert!(
        world
            .published(&Key::Files(shard_of("a-1.0.0.tgz")))
            .is_some()
    );
}

#[test]
fn a_refresh_of_a_path_confirms_all_below_it_at_once() {
    let world = World::new();
    push(&world, "charts/team/a", "1.0.0", "a", "1.0.0", b"old");
    push(&world, "charts/b", "1.0.0", "b", "1.0.0", b"b");
    world.pass();
    world.rest();
    let new = push(&world, "charts/team/a", "1.0.0", "a", "1.0.0", b"new");
    world.registry.clear_log();
    world.clock.advance(Duration::from_secs(2));
    let Some(Accepted { ticket, etag, .. }) = world.ask(&ask::Refresh {
        path: Some("team/a".to_owned()),
        confirm: false,
    }) else {
        panic!("not accepted")
    };
    assert_eq!(etag, None);
    world.rest();
    assert_eq!(digest(&world, "", "a"), new);
    assert_eq!(world.registry.calls_to("charts/b"), 0);
    let Some(Accepted { etag, .. }) = world.ask(&ask::Await { ticket, path: None }) else {
        panic!("not accepted")
    };
    assert!(etag.is_some(), "published");
    assert_eq!(
        world.ask(&ask::Refresh {
            path: Some("No/Such".to_owned()),
            confirm: false
        }),
        None
    );
}

#[test]
fn a_whole_refresh_is_settled_by_a_pass_that_began_after_it() {
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.clock.advance(Duration::from_secs(2));
    let Some(Accepted { ticket, .. }) = world.ask(&ask::Refresh {
        path: None,
        confirm: false,
    }) else {
        panic!("not accepted")
    };
    world.pass();
    let Some(Accepted { etag, .. }) = world.ask(&ask::Await { ticket, path: None }) else {
        panic!("not accepted")
    };
    assert!(etag.is_some());
    assert_eq!(world.versions("").len(), 2);
}

#[test]
fn a_webhook_for_what_is_not_configured_makes_no_call() {
    let world = World::with(&[("REPOSITORIES", "a")]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.registry.clear_log();
    for name in ["charts/b", "other/a", "NOT A NAME", "charts/../a"] {
        world.notify(name, None);
    }
    world.rest();
    assert_eq!(world.registry.calls(), 0);
}

#[test]
fn a_refresh_of_a_path_that_is_not_there_or_denied_is_no_success() {
    use crate::testing::Fault;
    let world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    let refresh = |path: &str| {
        world.clock.advance(Duration::from_secs(2));
        let path = Some(path.to_owned());
        let question = ask::Refresh {
            path: path.clone(),
            confirm: false,
        };
        let Some(Accepted { ticket, .. }) = world.ask(&question) else {
            panic!("not accepted")
        };
        world.rest();
        world.ask(&ask::Await { ticket, path })
    };
    assert_eq!(refresh("typo"), None);
    let Some(Accepted {
        etag: Some(_),
        fault: None,
        ..
    }) = refresh("a")
    else {
        panic!("not published")
    };
    world
        .registry
        .inject("charts/a/tags", None, Fault::status(403));
    let Some(Accepted {
        fault: Some(fault), ..
    }) = refresh("a")
    else {
        panic!("no fault")
    };
    assert_eq!(fault, "registry.example: listing tags: answered 403");
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(info["counts"]["repositories"], 1, "no phantom is left");
}

/// Found by random histories: with nothing to show after a change of configuration, keys that went out of use stayed, and
/// each step set an alarm for at once to remove them.
#[test]
fn what_went_out_of_use_is_removed_though_nothing_new_can_be_read() {
    let mut world = World::new();
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    let published = world.documents.keys();
    assert_eq!(published.len(), 2);
    world.config = config(&[("REPOSITORIES", "elsewhere")]);
    world.pass();
    world.clock.advance(Duration::from_hours(2));
    world.rest();
    assert_eq!(world.documents.keys(), [""; 0]);
    let next = world.engine().next_alarm();
    assert!(next > world.clock.now().after(Duration::from_secs(1)));
}
