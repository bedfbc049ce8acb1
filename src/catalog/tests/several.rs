//! Several registries under one catalog: merged, mounted apart, removed, and each unaffected by the others.

use std::rc::Rc;

use super::*;
use crate::config::Config;
use crate::testing::{Auth, Fault};

/// Two registries at the root.
const MERGED: &str =
    r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts"}]"#;

/// One of them at the root, the other below `team-a`.
const MOUNTED: &str = r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts", "mount": "team-a"}]"#;

fn sources(text: &str) -> Config {
    let given = |name: &str| match name {
        "SOURCES" => Some(text.to_owned()),
        "AUTH_ANONYMOUS_GET" => Some("true".to_owned()),
        "FIRST_USER" | "OTHER_USER" => Some(name.to_lowercase()),
        "FIRST_PASSWORD" | "OTHER_PASSWORD" => Some("hunter2".to_owned()),
        _ => None,
    };
    Config::from_lookup(given).unwrap()
}

/// What happens to a registry.
type Strike<'s> = &'s dyn Fn(&FakeRegistry);

/// A world with these sources, `registry.example` and `other.example`.
fn world(text: &str) -> (World, Rc<FakeRegistry>) {
    let world = World {
        config: sources(text),
        ..World::new()
    };
    let other = world.registry.beside("other.example");
    (world, other)
}

#[test]
fn merged_they_are_one_repository() {
    let (world, other) = world(MERGED);
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    other.push_version("charts/team/c", "c", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    assert_eq!(world.answered("team"), ["c 1.0.0"]);
}

#[test]
fn mounted_they_are_folders() {
    let (world, other) = world(MOUNTED);
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    other.push_version("charts/sub/c", "c", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0", "c 1.0.0"]);
    assert_eq!(world.answered("team-a"), ["b 1.0.0", "c 1.0.0"]);
    assert_eq!(world.answered("team-a/sub"), ["c 1.0.0"]);
    assert!(matches!(world.no_index("charts"), NoIndex::Missing));
}

/// Below a mount too: patterns are of the registry's own names.
#[test]
fn each_has_patterns_of_its_own() {
    let (world, other) = world(
        r#"[{"registry": "registry.example/charts", "tags": "1.*"},
            {"registry": "other.example/charts", "mount": "team-a", "repositories": ["b", "sub/*"], "tags": ["!1.*"]}]"#,
    );
    for version in ["1.0.0", "2.0.0"] {
        world.registry.push_version("charts/a", "a", version);
        for name in ["b", "c", "sub/d"] {
            let chart = name.rsplit('/').next().unwrap();
            other.push_version(&format!("charts/{name}"), chart, version);
        }
    }
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 2.0.0", "d 2.0.0"]);
}

/// The same chart and version in both, with other bytes: the source that stands first serves it, unless something that counts
/// more decides.
#[test]
fn the_order_of_sources_decides_between_equals() {
    for (text, winner) in [
        (MERGED, "registry.example/charts"),
        (
            r#"[{"registry": "other.example/charts"}, {"registry": "registry.example/charts"}]"#,
            "other.example/charts",
        ),
    ] {
        let (world, other) = world(text);
        let pushed = world.registry.push_version("charts/a", "a", "1.0.0");
        let others = other.push_chart(
            "charts/a",
            "1.0.0",
            &serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"}),
            b"other bytes",
            None,
            &[],
        );
        world.pass();
        assert_eq!(world.versions(""), ["a 1.0.0"]);
        let found = world.ask(&ask::Find {
            file: "a-1.0.0.tgz".parse().unwrap(),
            missed: false,
        });
        let Found::Candidates(candidates) = found else {
            panic!("{found:?}")
        };
        assert_ne!(pushed.package, others.package);
        assert_eq!(candidates[0].source, winner);
        assert_eq!(candidates.len(), 2);
    }
    // A mount is a folder, and PRECEDENCE names folders.
    let (mut world, other) = world(MOUNTED);
    let precedence = |name: &str| match name {
        "SOURCES" => Some(MOUNTED.to_owned()),
        "PRECEDENCE" => Some("team-a/**".to_owned()),
        _ => None,
    };
    world.config = Config::from_lookup(precedence).unwrap();
    world.registry.push_version("charts/a", "a", "1.0.0");
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0", "description": "of team a"});
    other.push_chart("charts/a", "1.0.0", &metadata, b"other bytes", None, &[]);
    world.pass();
    let index = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(index["entries"]["a"][0]["description"], "of team a");
}

/// A source has keys of its own, and what helps is told in these: whoever follows the advice changes no other source.
#[test]
fn a_refused_list_is_told_in_the_keys_of_its_source() {
    let (world, other) = world(MOUNTED);
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.inject("_catalog", None, Fault::status(401));
    world.pass();
    let info: serde_json::Value = world.ask(&ask::Info { page: 0 });
    let refused = &info["enumeration"][1];
    assert_eq!(refused["source"], "other.example/charts@team-a");
    assert_eq!(
        refused["fault"],
        "does not let these credentials list repositories (it answered 401); name them in repositories, \
         set the secret that username_secret names and the secret that password_secret names, \
         or set discovery if this is Harbor, GitLab or Quay (source 2 of SOURCES)"
    );
}

#[test]
fn a_source_that_is_removed_takes_its_charts_along_at_once() {
    let (mut world, other) = world(MERGED);
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
    world.config = sources(r#"[{"registry": "registry.example/charts"}]"#);
    let calls = other.calls();
    assert_eq!(world.answered(""), ["a 1.0.0"]);
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    assert_eq!(other.calls(), calls);
}

/// The short form becomes the first of several, and a source moves to another mount: nothing is read anew.
#[test]
fn a_source_that_moves_keeps_its_rows() {
    let (mut world, other) = world(MERGED);
    world.config = config(&[]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world.config = sources(MERGED);
    assert_eq!(world.answered(""), ["a 1.0.0"], "before the other is read");
    world.pass();
    world.rest();
    let calls = (world.registry.calls(), other.calls());
    world.config = sources(MOUNTED);
    assert_eq!(world.answered("team-a"), ["b 1.0.0"]);
    world.config = sources(MERGED);
    assert!(matches!(world.no_index("team-a"), NoIndex::Missing));
    assert_eq!(world.answered(""), ["a 1.0.0", "b 1.0.0"]);
    assert_eq!((world.registry.calls(), other.calls()), calls);
}

/// What was seen with a password is not shown without it, though its source be mounted elsewhere at the same time.
#[test]
fn a_source_that_moves_and_loses_its_password_shows_nothing_of_before() {
    let (mut world, other) = world(
        r#"[{"registry": "registry.example/charts"},
            {"registry": "other.example/charts", "username_secret": "OTHER_USER", "password_secret": "OTHER_PASSWORD"}]"#,
    );
    other.set_auth(Auth::basic("other_user", "hunter2"));
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    assert_eq!(world.answered(""), ["a 1.0.0", "b 1.0.0"]);
    world.config = sources(MOUNTED);
    world.no_index("team-a");
    assert_eq!(world.answered(""), ["a 1.0.0"]);
    world.pass();
    world.no_index("team-a");
}

/// Two mounts of one registry are two sources, each with rows of its own.
#[test]
fn one_registry_at_two_mounts() {
    let (world, _) = world(
        r#"[{"registry": "registry.example/charts", "mount": "all"},
            {"registry": "registry.example/charts", "mount": "stable", "tags": "!*-*"}]"#,
    );
    for version in ["1.0.0", "1.1.0-rc.1"] {
        world.registry.push_version("charts/a", "a", version);
    }
    world.pass();
    assert_eq!(world.answered("all"), ["a 1.1.0-rc.1", "a 1.0.0"]);
    assert_eq!(world.answered("stable"), ["a 1.0.0"]);
}

/// Each registry gets its own password and none of the other's, wherever it sends whoever asks.
#[test]
fn credentials_never_meet_another_host() {
    let (world, other) = world(
        r#"[{"registry": "registry.example/charts", "username_secret": "FIRST_USER", "password_secret": "FIRST_PASSWORD"},
            {"registry": "other.example/charts", "mount": "b", "username_secret": "OTHER_USER", "password_secret": "OTHER_PASSWORD"}]"#,
    );
    world
        .registry
        .set_auth(Auth::basic("first_user", "hunter2"));
    other.set_auth(Auth::basic("other_user", "hunter2"));
    world.registry.push_version("charts/a", "a", "1.0.0");
    other.push_version("charts/b", "b", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
    for (registry, own) in [
        // first_user:hunter2, other_user:hunter2
        (&world.registry, "Basic Zmlyc3RfdXNlcjpodW50ZXIy"),
        (&*other, "Basic b3RoZXJfdXNlcjpodW50ZXIy"),
    ] {
        let log = registry.log();
        let sent: Vec<_> = log
            .iter()
            .filter_map(|call| call.authorization.as_deref())
            .collect();
        assert!(!sent.is_empty());
        assert!(sent.iter().all(|sent| *sent == own), "{sent:?}");
    }
}

#[test]
fn a_notification_that_names_its_registry_touches_only_that() {
    let (world, other) = world(MERGED);
    for registry in [&world.registry, &*other] {
        registry.push_version("charts/a", "a", "1.0.0");
    }
    world.pass();
    world.rest();
    let told = |host: Option<&str>| {
        world.registry.push_version("charts/a", "a", "1.1.0");
        other.push_version("charts/a", "a", "1.2.0");
        let before = (world.registry.calls(), other.calls());
        world.ask(&ask::Changed::Notified {
            names: vec![("charts/a".to_owned(), Some("1.1.0".to_owned()))],
            host: host.map(str::to_owned),
            delivery: None,
        });
        world.rest();
        (world.registry.calls() > before.0, other.calls() > before.1)
    };
    assert_eq!(told(Some("REGISTRY.example:443")), (true, false));
    assert_eq!(told(Some("other.example")), (false, true));
    // A name that no source has, as a registry behind a proxy calls itself, and none.
    assert_eq!(told(Some("10.0.0.7:5000")), (true, true));
    assert_eq!(told(None), (true, true));
}

#[test]
fn a_notification_lifts_the_pause_of_its_own_registry_only() {
    let (world, other) = world(MERGED);
    for registry in [&world.registry, &*other] {
        registry.push_version("charts/a", "a", "1.0.0");
    }
    world.pass();
    world.rest();
    for registry in [&world.registry, &*other] {
        registry.inject("", None, Fault::status(503));
    }
    world.wait(1);
    let paused = || {
        let state = crate::catalog::rows::store::Store(&world.database)
            .state()
            .unwrap();
        let paused = |id: &str| state.source(id).pause.until > world.clock.now();
        (
            paused("registry.example/charts"),
            paused("other.example/charts"),
        )
    };
    while paused() != (true, true) {
        world.wait_for_alarm();
        world.step();
    }
    world.ask(&ask::Changed::Notified {
        names: vec![("charts/a".to_owned(), None)],
        host: Some("other.example".to_owned()),
        delivery: None,
    });
    assert_eq!(paused(), (true, false));
}

#[test]
fn a_refresh_below_a_mount() {
    let (world, other) = world(
        r#"[{"registry": "registry.example/charts", "mount": "mine"}, {"registry": "other.example/charts", "mount": "teams/a"}]"#,
    );
    world.registry.push_version("charts/a", "a", "1.0.0");
    // Before anything is known: the mount itself, what may lie in it, and what cannot.
    for path in ["teams", "teams/a", "mine"] {
        assert!(world.refresh(Some(path)).is_some(), "{path}");
    }
    for path in ["team", "b", "teams/b"] {
        assert!(world.refresh(Some(path)).is_none(), "{path}");
    }
    world.pass();
    world.rest();
    let before = world.registry.calls();
    other.push_version("charts/b", "b", "1.0.0");
    assert!(world.refresh(Some("teams/a/b")).is_some());
    world.rest();
    assert_eq!(world.answered("teams/a"), ["b 1.0.0"]);
    assert_eq!(
        world.registry.calls(),
        before,
        "the other registry is not asked"
    );
}

/// What is asked of one is not delayed by the others: stopped, throttled, slow.
#[test]
fn one_that_fails_delays_and_removes_nothing_of_the_other() {
    let faults: [(&str, Strike); 3] = [
        ("stopped", &|other| {
            other.inject("", None, Fault::status(503));
        }),
        ("throttled", &|other| {
            other.inject("", None, Fault::status(429).header("retry-after", "3600"));
        }),
        ("slow", &|other| other.set_latency(Duration::from_secs(25))),
    ];
    for (what, strike) in faults {
        let (world, other) = world(MOUNTED);
        world.registry.push_version("charts/a", "a", "1.0.0");
        other.push_version("charts/b", "b", "1.0.0");
        world.pass();
        world.rest();
        strike(&other);
        for minor in 1..4 {
            let version = format!("1.{minor}.0");
            world.registry.push_version("charts/a", "a", &version);
            let begun = world.clock.now();
            world.notify("charts/a", Some(&version));
            while !world.versions("").contains(&format!("a {version}")) {
                world.wait_for_alarm();
                world.step();
                let since = world.clock.now().since(begun);
                assert!(since < Duration::from_mins(2), "{what}: {since:?}");
            }
        }
        assert_eq!(world.answered("team-a"), ["b 1.0.0"], "{what}");
        other.heal();
        other.set_latency(Duration::ZERO);
        other.push_version("charts/b", "b", "1.1.0");
        world.wait(2);
        assert_eq!(world.answered("team-a"), ["b 1.1.0", "b 1.0.0"], "{what}");
    }
}
