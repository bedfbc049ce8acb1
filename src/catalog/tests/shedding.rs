//! An index that outgrows its limit: what it sheds, and that nobody else's charts suffer.

use serde_json::json;

use super::*;

/// A limit that nothing here outgrows.
const DOCUMENT: usize = 25 << 20;

/// A version with some bytes that describe it and some that it depends on.
fn push(world: &World, repository: &str, version: &str, describing: usize, depending: usize) {
    let name = repository.rsplit('/').next().unwrap();
    let mut metadata = json!({
        "apiVersion": "v2", "name": name, "version": version, "appVersion": "16.2", "type": "application",
        "kubeVersion": ">=1.27.0-0", "description": "A database", "home": "https://db.example", "keywords": ["sql"],
        "sources": ["https://git.example/db"], "icon": "https://db.example/icon.svg", "maintainers": [{"name": "dba"}],
    });
    if describing > 0 {
        let pieces = describing.div_ceil(8_000);
        let notes: serde_json::Map<_, _> = (0..pieces)
            .map(|piece| {
                (
                    format!("note-{piece}"),
                    "x".repeat(describing / pieces).into(),
                )
            })
            .collect();
        metadata["annotations"] = notes.into();
    }
    if depending > 0 {
        let dependencies: Vec<_> = (0..depending / 200)
            .map(|place| {
                json!({"name": format!("part-{place:03}"), "version": "1.0.0", "repository": format!("https://{}", "d".repeat(140))})
            })
            .collect();
        metadata["dependencies"] = dependencies.into();
    }
    let package = format!("{repository} {version}");
    world.registry.push_chart(
        repository,
        version,
        &metadata,
        package.as_bytes(),
        None,
        &[],
    );
}

fn root(world: &World) -> (Vec<u8>, Value) {
    let key = Key::Index(View::root()).name(world.config.fingerprint());
    let (bytes, _) = world.documents.stored(&key).expect("the root is published");
    let index = serde_json::from_slice(&bytes).unwrap();
    (bytes.to_vec(), index)
}

fn of_chart<'i>(index: &'i Value, chart: &str) -> Vec<&'i Value> {
    let versions = index["entries"][chart].as_array();
    versions.into_iter().flatten().collect()
}

fn shed(world: &World) -> Value {
    world.ask(&ask::Info { page: 0 })["shed"].clone()
}

/// Issue 10, item 1: at the real limit, as the audit did it.
#[test]
fn one_repository_of_large_entries_does_not_freeze_the_root() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    push(&world, "charts/team-a/web", "1.0.0", 100, 0);
    world.pass();
    for version in 0..420 {
        push(
            &world,
            "charts/team-b/flood",
            &format!("1.{version}.0"),
            64_400,
            0,
        );
    }
    world.pass();
    push(&world, "charts/team-a/web", "1.1.0", 100, 0);
    world.pass();
    world.rest();
    let (bytes, index) = root(&world);
    assert!(bytes.len() <= 25 << 20);
    let web = of_chart(&index, "web");
    assert_eq!(web.len(), 2, "another team's push shows");
    assert_eq!(
        web[0]["annotations"]["note-0"],
        "x".repeat(100),
        "and is told in full"
    );
    assert_eq!(of_chart(&index, "flood").len(), 420);
    assert_eq!(
        shed(&world),
        json!([{
            "document": "index:", "repositories": 1, "shortened": 420, "left_out": 0,
            "most": [{"source": "registry.example/charts", "repository": "charts/team-b/flood", "shortened": 420, "left_out": 0}],
        }])
    );
    // What goes is gone, too.
    world.registry.delete_tag("charts/team-a/web", "1.0.0");
    world.pass();
    world.rest();
    assert_eq!(of_chart(&root(&world).1, "web").len(), 1);
}

#[test]
fn what_clients_need_stays_and_what_describes_goes() {
    let mut world = World::new();
    world.config.index_limit = 20_000;
    push(&world, "charts/a/db", "1.0.0", 15_000, 400);
    push(&world, "charts/b/web", "1.0.0", 8_000, 0);
    world.pass();
    let (bytes, index) = root(&world);
    assert!(bytes.len() <= 20_000);
    let db = of_chart(&index, "db")[0].as_object().unwrap();
    let keys: Vec<&str> = db.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "apiVersion",
            "appVersion",
            "dependencies",
            "digest",
            "kubeVersion",
            "name",
            "type",
            "urls",
            "version"
        ]
    );
    assert_eq!(
        of_chart(&index, "web")[0]["description"],
        "A database",
        "the smaller one is told in full"
    );
    // The space of the one alone has room for all of it.
    let Indexed::Document(document) = world.index("a") else {
        panic!("no index")
    };
    let space: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(of_chart(&space, "db")[0]["description"], "A database");
}

#[test]
fn then_the_oldest_versions_of_the_largest_go() {
    let mut world = World::new();
    world.config.index_limit = 20_000;
    for version in 0..20 {
        push(
            &world,
            "charts/a/flood",
            &format!("1.{version}.0"),
            500,
            2_000,
        );
    }
    for version in 0..4 {
        push(&world, "charts/b/web", &format!("1.{version}.0"), 500, 0);
    }
    world.pass();
    let (bytes, index) = root(&world);
    assert!(
        bytes.len() <= 20_000 && bytes.len() > 17_000,
        "{}",
        bytes.len()
    );
    assert_eq!(of_chart(&index, "web").len(), 4);
    for web in of_chart(&index, "web") {
        assert!(web["annotations"].is_object());
    }
    let flood = of_chart(&index, "flood");
    let kept = flood.len();
    assert!((3..20).contains(&kept), "{kept}");
    for (place, version) in flood.iter().enumerate() {
        assert_eq!(version["version"], format!("1.{}.0", 19 - place));
    }
    let told = &shed(&world)[0];
    assert_eq!(told["most"][0]["repository"], "charts/a/flood");
    assert_eq!(told["left_out"], 20 - kept);
    assert_eq!(told["shortened"], kept);
    // A version that is left out is still there for who has its link.
    let Found::Candidates(found) = world.ask(&ask::Find {
        file: "flood-1.0.0.tgz".parse().unwrap(),
        missed: false,
    }) else {
        panic!("the file is gone")
    };
    assert_eq!(found.len(), 1);
}

/// Whatever the order in which things came to be known.
#[test]
fn the_same_registry_sheds_the_same() {
    let repositories = [
        "charts/a/one",
        "charts/b/two",
        "charts/c/three",
        "charts/d/four",
    ];
    let made = |order: &[&str], passes: bool| {
        let mut world = World::new();
        world.config.index_limit = 20_000;
        for repository in order {
            for version in 0..5 {
                push(&world, repository, &format!("1.{version}.0"), 1_000, 1_000);
            }
            if passes {
                world.pass();
            }
        }
        world.pass();
        world.rest();
        root(&world).0
    };
    let first = made(&repositories, false);
    let mut turned = repositories;
    turned.reverse();
    assert_eq!(made(&turned, true), first);
}

#[test]
fn what_is_shed_is_told_until_it_fits_again() {
    let mut world = World::new();
    world.config.index_limit = 20_000;
    push(&world, "charts/a/db", "1.0.0", 30_000, 0);
    world.pass();
    assert_eq!(shed(&world)[0]["shortened"], 1);
    world.registry.delete_tag("charts/a/db", "1.0.0");
    push(&world, "charts/a/db", "1.0.1", 3_000, 0);
    world.pass();
    world.rest();
    assert_eq!(shed(&world), json!([]));
    let (_, index) = root(&world);
    assert_eq!(of_chart(&index, "db")[0]["description"], "A database");
}

/// Of two repositories in one chart, only the one that takes most loses versions.
#[test]
fn a_chart_of_two_repositories_keeps_those_of_the_smaller() {
    let mut world = World::new();
    world.config.index_limit = 20_000;
    for version in 0..20 {
        push(&world, "charts/a/web", &format!("1.{version}.0"), 0, 2_000);
    }
    push(&world, "charts/b/web", "0.1.0", 500, 0);
    world.pass();
    let (_, index) = root(&world);
    let last = of_chart(&index, "web").pop().unwrap().clone();
    assert_eq!(last["version"], "0.1.0", "the oldest of all, and not shed");
    assert_eq!(last["description"], "A database");
}

/// A repository of two charts sheds the oldest versions of both, and not all of one before any of the other.
#[test]
fn two_charts_of_one_repository_lose_their_oldest_versions_in_turn() {
    let mut world = World::new();
    world.config.index_limit = 20_000;
    for version in 0..8 {
        for (name, version) in [
            ("api", format!("1.{version}.0")),
            ("web", format!("2.{version}.0")),
        ] {
            let metadata = json!({
                "apiVersion": "v2", "name": name, "version": version, "dependencies": [{
                    "name": "part", "version": "1.0.0", "repository": format!("https://{}", "d".repeat(2_000)),
                }],
            });
            let package = format!("{name} {version}");
            let repository = "charts/a/both";
            world.registry.push_chart(
                repository,
                &version,
                &metadata,
                package.as_bytes(),
                None,
                &[],
            );
        }
    }
    world.pass();
    let (bytes, index) = root(&world);
    assert!(bytes.len() <= 20_000);
    let [api, web] = ["api", "web"].map(|chart| of_chart(&index, chart).len());
    assert!(
        (2..8).contains(&api) && api.abs_diff(web) <= 1,
        "{api} of api, {web} of web"
    );
    assert_eq!(of_chart(&index, "web")[0]["version"], "2.7.0");
}

/// A team that spreads over hundreds of repositories, each of them smaller than another team's only one.
#[test]
fn a_team_of_many_repositories_is_one_that_takes_most() {
    let mut world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    world.config.index_limit = 40_000;
    for place in 0..30 {
        push(
            &world,
            &format!("charts/team-b/x{place}"),
            "1.0.0",
            500,
            1_200,
        );
    }
    for version in 0..4 {
        push(
            &world,
            "charts/team-a/web",
            &format!("1.{version}.0"),
            700,
            800,
        );
    }
    world.pass();
    let (bytes, index) = root(&world);
    assert!(
        bytes.len() <= 40_000 && bytes.len() > 30_000,
        "{}",
        bytes.len()
    );
    let web = of_chart(&index, "web");
    assert_eq!(web.len(), 4);
    assert!(web.iter().all(|version| version["annotations"].is_object()));
    let told = &shed(&world)[0]["most"];
    for repository in told.as_array().unwrap() {
        let name = repository["repository"].as_str().unwrap();
        assert!(name.starts_with("charts/team-b/"), "{name}");
    }
}

/// No more than is needed: each version is measured as what it takes, its chart once.
#[test]
fn an_index_a_little_over_its_limit_sheds_little() {
    for (describing, charts) in [(10, 8), (300, 3)] {
        let world = |limit: usize| {
            let mut world = World::new();
            world.config.index_limit = limit;
            for chart in 0..charts {
                for minor in 0..12 {
                    let repository = format!("charts/team-{chart}/c{chart}");
                    let describing = describing + chart;
                    push(&world, &repository, &format!("1.{minor}.0"), describing, 0);
                }
            }
            world.pass();
            world
        };
        let (whole, _) = root(&world(DOCUMENT));
        let world = world(whole.len() - 1);
        let (bytes, index) = root(&world);
        let versions: usize = (0..charts)
            .map(|chart| of_chart(&index, &format!("c{chart}")).len())
            .sum();
        assert_eq!(versions, charts * 12, "no version is left out");
        let shed = shed(&world);
        assert_eq!(shed[0]["repositories"], 1, "{describing}: {shed}");
        assert_eq!(shed[0]["shortened"], 12);
        assert!(bytes.len() < whole.len());
    }
}

/// Of two charts in one repository the one with more versions loses some, whatever their names are.
#[test]
fn the_oldest_of_a_repository_are_those_with_most_newer_of_their_chart() {
    for (few, many) in [("a", "b"), ("b", "a")] {
        let mut world = World::new();
        let push = |name: &str, version: &str| {
            let metadata = json!({"apiVersion": "v2", "name": name, "version": version, "appVersion": "1".repeat(400)});
            let tag = format!("{version}-{name}");
            let package = format!("{name} {version}");
            let registry = &world.registry;
            registry.push_chart("charts/x", &tag, &metadata, package.as_bytes(), None, &[]);
        };
        for minor in 0..9 {
            push(many, &format!("1.{minor}.0"));
        }
        push(few, "1.0.0");
        push(few, "1.1.0");
        world.config.index_limit = 4_000;
        world.pass();
        let (_, index) = root(&world);
        assert_eq!(of_chart(&index, few).len(), 2, "{few} has few");
        let left = of_chart(&index, many);
        assert!((2..9).contains(&left.len()), "{} of {many}", left.len());
        assert_eq!(left[0]["version"], "1.8.0", "the newest stay");
    }
}
