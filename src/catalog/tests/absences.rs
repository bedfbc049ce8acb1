//! What a registry denies, does not find, or names no more: what goes, and what stays.

use super::*;
use crate::testing::Fault;

/// Two repositories, of which `a` is denied.
fn denied() -> World {
    let world = two_repositories(3);
    world.registry.deny("charts/a", true);
    world.pass();
    world
}

fn confirm(world: &World, path: Option<&str>) {
    world.ask(&ask::Refresh {
        path: path.map(str::to_owned),
        confirm: true,
    });
    world.rest();
}

/// A password that lapses on a Friday must be no empty index on Sunday.
#[test]
fn a_denial_removes_nothing_ever() {
    for status in [401, 403] {
        for what in ["/v2/", "charts/a/"] {
            let world = two_repositories(3);
            world.registry.inject(what, None, Fault::status(status));
            world.wait(240);
            assert_eq!(world.versions("").len(), 4, "{status} for {what}");
        }
    }
}

#[test]
fn what_is_denied_goes_when_an_operator_confirms_and_comes_back_with_the_same_tags() {
    for path in [None, Some("a")] {
        let world = denied();
        world.refresh(path);
        world.rest();
        assert_eq!(world.versions("").len(), 4, "nobody confirmed it");
        confirm(&world, path);
        assert_eq!(world.versions(""), ["b 1.0.0"], "{path:?}");
        world.registry.deny("charts/a", false);
        world.pass();
        world.rest();
        assert_eq!(world.versions("").len(), 4);
        // What was confirmed then is no leave for now.
        world.registry.deny("charts/a", true);
        world.wait(48);
        assert_eq!(world.versions("").len(), 4);
    }
}

#[test]
fn a_confirmation_for_another_path_removes_nothing() {
    let world = denied();
    confirm(&world, Some("b"));
    assert_eq!(world.versions("").len(), 4);
}

/// Whose password was mended before he said so does not mean what is there again.
#[test]
fn a_confirmation_removes_only_what_is_still_denied() {
    let world = denied();
    world.registry.deny("charts/a", false);
    confirm(&world, None);
    assert_eq!(world.versions("").len(), 4);
}

#[test]
fn a_repository_that_is_not_found_goes_after_a_day_in_which_its_source_answered_for_others() {
    let world = two_repositories(3);
    world.registry.delete_repository("charts/a");
    world.pass();
    world.wait(22);
    assert_eq!(world.versions("").len(), 4, "not before a day has gone by");
    world.wait(3);
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}

/// A proxy that has lost its upstream says 404 to everything.
#[test]
fn a_source_that_finds_nothing_removes_nothing() {
    let world = two_repositories(3);
    let lost = Fault::error(404, "NAME_UNKNOWN", "not here");
    world.registry.inject("/v2/", None, lost.clone());
    world.wait(100);
    assert_eq!(world.versions("").len(), 4);
    world.registry.heal();
    world.registry.inject("charts/a/", None, lost);
    world.wait(22);
    assert_eq!(
        world.versions("").len(),
        4,
        "the day begins with its first answer"
    );
    world.wait(3);
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}

#[test]
fn a_repository_that_was_found_in_between_has_a_day_anew() {
    for between in [None, Some(500), Some(403)] {
        let world = two_repositories(3);
        let lost = || Fault::error(404, "NAME_UNKNOWN", "not here");
        world.registry.inject("charts/a/tags", None, lost());
        world.wait(20);
        world.registry.heal();
        if let Some(status) = between {
            world
                .registry
                .inject("charts/a/tags", None, Fault::status(status));
        }
        world.wait(2);
        world.registry.heal();
        world.registry.inject("charts/a/tags", None, lost());
        world.wait(6);
        assert_eq!(world.versions("").len(), 4, "{between:?}");
    }
}

/// The credential of a robot that lost rights: the registry answers 200 and names less.
#[test]
fn a_repository_that_is_no_longer_enumerated_is_asked_for_itself() {
    let less = || {
        Fault::status(200)
            .header("content-type", "application/json")
            .body(r#"{"repositories":["charts/b"]}"#)
    };
    for (status, left) in [
        (None, 2),
        (Some(401), 2),
        (Some(403), 2),
        (Some(500), 2),
        (Some(404), 1),
    ] {
        let world = {
            let world = World::new();
            world.registry.push_version("charts/a", "a", "1.0.0");
            world
        };
        world.registry.push_version("charts/b", "b", "1.0.0");
        world.pass();
        world.rest();
        world.registry.inject("_catalog", None, less());
        if let Some(status) = status {
            world
                .registry
                .inject("charts/a/tags", None, Fault::status(status));
        }
        world.wait(5);
        assert_eq!(world.versions("").len(), left, "{status:?}");
    }
    // Its last tag went with it.
    let world = {
        let world = World::new();
        world.registry.push_version("charts/a", "a", "1.0.0");
        world
    };
    world.registry.push_version("charts/b", "b", "1.0.0");
    world.pass();
    world.rest();
    world.registry.inject("_catalog", None, less());
    world.registry.delete_tag("charts/a", "1.0.0");
    world.pass();
    assert_eq!(world.versions(""), ["b 1.0.0"]);
}
