//! What one sender may take of what all share: questions, spaces, memory, rows.

use serde_json::json;

use super::*;
use crate::catalog::ask::{CreateSpace, ForgetSpace, HeldInSpace, InSpace, SpaceCreated};
use crate::index::Space;
use crate::platform::Clock as _;
use crate::testing::package;

fn space(name: &str) -> Space {
    name.parse().unwrap()
}

#[test]
fn reads_and_new_spaces_have_a_price() {
    let museum = filled();
    museum.world.limits.set(4);
    let lines = [
        "GET /spaces",
        "GET /spaces/team/charts",
        "POST /spaces?space=new",
        "HEAD /spaces/team/charts/web/versions/1.9.0",
        "GET /spaces/team/charts/web/versions/1.9.0/manifests/values",
        "POST /spaces?space=newer",
    ];
    let told = museum.transcript(&lines);
    assert_eq!(told.matches(": 20").count(), 4, "{told}");
    let refused =
        r#": 429 {"message":"too many requests: the API of spaces","reason":"ReasonRequest"}"#;
    assert_eq!(told.matches(refused).count(), 2, "{told}");
    // What is stored has none: the registry has its own.
    museum.upload("team", &chart("web", "3.0.0", ""));
    let deleted = museum.transcript(&["DELETE /spaces/team/charts/web/versions/3.0.0"]);
    assert!(deleted.ends_with(": 204"), "{deleted}");
}

#[test]
fn one_first_name_has_a_tenth_of_the_spaces() {
    let museum = Museum::new(&[]);
    let create = |name: &str| museum.world.ask(&CreateSpace { space: space(name) });
    assert_eq!(create("team"), SpaceCreated::Created);
    for nth in 1..1000 {
        assert_eq!(create(&format!("team/n{nth}")), SpaceCreated::Created);
    }
    assert_eq!(create("team/one-more"), SpaceCreated::TooMany);
    let told = museum.transcript(&["POST /spaces?space=team/one-more"]);
    assert!(
        told.contains(": 409 {\"message\":\"there are too many spaces"),
        "{told}"
    );
    // Its neighbours in the order of bytes are others.
    for other in ["team-a", "team.a", "team0", "tea"] {
        assert_eq!(create(other), SpaceCreated::Created, "{other}");
    }
    museum.world.ask(&ForgetSpace {
        space: space("team/n7"),
    });
    assert_eq!(create("team/one-more"), SpaceCreated::Created);
}

/// A chart of two megabytes that are nearly nothing when packed.
fn large() -> Vec<u8> {
    let zeros = vec![b'0'; 2 << 20];
    package(&[
        (
            "large/Chart.yaml",
            b"apiVersion: v2\nname: large\nversion: 1.0.0\n",
        ),
        ("large/templates/zeros.txt", &zeros),
    ])
}

/// Beside others there is room for the package as it is stored, but not for what is made of it.
#[test]
fn what_is_made_of_packages_counts_while_it_is_stored() {
    let museum = Museum::new(&[]);
    museum.upload("team", &large());
    let configs = json!({"package": {"independent": true, "space": "team", "chart": "large", "version": "1.0.0"}});
    let composed = json!({"save": {"chart": "mine", "version": "1.0.0"}, "configs": configs});
    let version = "/api/v1/spaces/team/charts/large/versions/1.0.0/manifests";
    let metadata = json!({"name": "large", "version": "1.0.0"}).to_string();
    let requests = [
        (
            "POST",
            "/api/v1/spaces/team/charts".to_owned(),
            composed.to_string(),
        ),
        ("PUT", format!("{version}/metadata"), metadata),
        ("PUT", format!("{version}/values"), "a: 1".to_owned()),
    ];
    let sent = || {
        let one = |(method, path, body): &(&str, String, String)| {
            museum.world.clock.advance(Duration::from_secs(1));
            status(&museum.send(method, path, body.clone()))
        };
        requests.iter().map(one).collect::<Vec<u16>>()
    };
    let now = museum.world.clock.now();
    let held = museum.world.memory.held.hold(31 << 20, now).unwrap();
    museum.world.registry.clear_log();
    assert_eq!(sent(), [503, 503, 503]);
    assert_eq!(museum.world.registry.calls_to("PUT "), 0);
    drop(held);
    assert_eq!(sent(), [201, 200, 200]);
    // All of it is given back.
    let now = museum.world.clock.now();
    let all = museum.world.memory.held.hold(100 << 20, now);
    assert!(all.is_some() && museum.world.memory.held.hold(1, now).is_none());
}

#[test]
fn a_page_reads_the_rows_of_its_folder() {
    let effort = |below: usize| {
        let museum = Museum::new(&[]);
        let registry = &museum.world.registry;
        registry.push_version("charts/team/web", "web", "1.0.0");
        registry.push_versions("charts/team/sub/deep", 0..below);
        museum.world.pass();
        museum.world.rest();
        let wanted = InSpace {
            limit: 10,
            ..InSpace::of(&space("team"), None)
        };
        let before = museum.world.database.effort();
        let HeldInSpace::Page(page) = museum.world.ask(&wanted) else {
            panic!("no page")
        };
        assert_eq!(page.total, 1);
        museum.world.database.effort() - before
    };
    let (few, many) = (effort(1), effort(200));
    assert!(
        many < few + 100,
        "{few}, and {many} beside two hundred versions below"
    );
}

/// With `COLLISIONS=hide` an index that covers both shows neither; a space of this API holds what lies directly in it.
#[test]
fn what_lies_below_a_space_hides_nothing_in_it() {
    let museum = Museum::new(&[("COLLISIONS", "hide")]);
    let (one, other) = (chart("web", "1.0.0", "one"), chart("web", "1.0.0", "other"));
    museum.upload("team", &one);
    museum.upload("team/sub", &other);
    museum.world.pass();
    museum.world.rest();
    assert_eq!(museum.served("/team/charts/web-1.0.0.tgz"), None);
    for (space, package) in [("team", &one), ("team/sub", &other)] {
        museum.world.clock.advance(Duration::from_secs(1));
        let version = format!("/api/v1/spaces/{space}/charts/web/versions/1.0.0");
        assert_eq!(bytes(&museum.send("GET", &version, "")), package, "{space}");
        let values = museum.send("GET", &format!("{version}/manifests/values"), "");
        assert_eq!(told(&values), "200 {}", "{space}");
    }
}
