//! Limits: of an API that lists, of a registry that counts, of lists that do not end.

use super::*;

/// An API that limits requests is left alone as long as it asks.
#[test]
fn a_rate_limit_of_an_api_is_obeyed() {
    let world = world(&[("REGISTRY", "ghcr.io/acme")]);
    let until = (START.0 / 1000 + 1800).to_string();
    world.registry.inject(
        "api.github.com",
        Some(1),
        Fault::status(403)
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", &until),
    );
    answers(&world, "api.github.com", &json!([{"name": "a"}]), None);
    served_after(&world, Duration::from_mins(30));
}

#[track_caller]
fn served_after(world: &World, pause: Duration) {
    world.registry.push_version("acme/a", "a", "1.0.0");
    while world.registry.calls_to("api.github.com") < 2 {
        world.wait_for_alarm();
        world.step();
    }
    let calls = world.registry.log();
    let asked: Vec<Timestamp> = calls
        .iter()
        .filter(|call| call.url.contains("api.github.com"))
        .map(|call| call.at)
        .collect();
    assert!(asked[1].since(asked[0]) >= pause, "{asked:?}");
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

/// What an API limits is its list: the registry beside it goes on being read.
#[test]
fn a_rate_limit_of_an_api_delays_nothing_but_the_list() {
    let world = world(&[("REGISTRY", "ghcr.io/acme")]);
    answers(&world, "api.github.com", &json!([{"name": "a"}]), None);
    served(&world, &["acme/a"]);
    world.registry.heal();
    let until = (world.clock.now().0 / 1000 + 6 * 3600).to_string();
    world.registry.inject(
        "api.github.com",
        None,
        Fault::status(403)
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", &until),
    );
    world.registry.push_version("acme/a", "a", "2.0.0");
    world.registry.clear_log();
    let begun = world.clock.now();
    while world.clock.now().since(begun) < Duration::from_mins(90) {
        world.pass();
    }
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
    // It is asked once, and then not before its time.
    assert_eq!(world.registry.calls_to("api.github.com"), 1);
    let info = info(&world);
    assert_eq!(info["enumeration"][0]["fault"], "is limiting requests");
    assert_eq!(info["pause"], Value::Null);
    world.registry.heal();
    answers(
        &world,
        "api.github.com",
        &json!([{"name": "a"}, {"name": "b"}]),
        None,
    );
    world.registry.push_version("acme/b", "b", "1.0.0");
    world.clock.advance(Duration::from_hours(6));
    world.pass();
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0", "b 1.0.0"]);
}

/// A registry's own `_catalog` that is limited is the registry: all of it is left alone.
#[test]
fn a_rate_limit_of_the_registry_itself_is_its_own() {
    let world = World::with(&[]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.registry.inject(
        "_catalog",
        Some(1),
        Fault::status(429).header("retry-after", "600"),
    );
    world.wait_for_alarm();
    world.step();
    assert_ne!(info(&world)["pause"], Value::Null);
}

/// An API that filters gives empty pages on the way to full ones; of empty ones alone there is an end.
#[test]
fn empty_pages_are_followed_and_not_for_ever() {
    let link = |page: u32| format!(r#"<https://api.github.com/x?page={page}>; rel="next""#);
    let world = world(&[("REGISTRY", "ghcr.io/acme")]);
    for page in 2..6 {
        let next = link(page + 1);
        answers(&world, &format!("?page={page} "), &json!([]), Some(&next));
    }
    answers(&world, "?page=6 ", &json!([{"name": "b"}]), None);
    answers(
        &world,
        "api.github.com",
        &json!([{"name": "a"}]),
        Some(&link(2)),
    );
    served(&world, &["acme/a", "acme/b"]);
    world.registry.heal();
    world.registry.clear_log();
    for page in 2..100 {
        let next = link(page + 1);
        answers(&world, &format!("?page={page} "), &json!([]), Some(&next));
    }
    answers(&world, "api.github.com", &json!([]), Some(&link(2)));
    assert_ne!(world.pass().faults, 0);
    assert_eq!(world.registry.calls_to("api.github.com"), 20);
    let told = info(&world)["enumeration"][0]["fault"].clone();
    assert_eq!(told, "its list of repositories has no end");
    assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"]);
}

/// Docker Hub counts manifests, and says how many are left ("Docker Hub usage and limits"). The last fifth is spread.
#[test]
fn few_calls_that_are_left_are_spread() {
    let world = World::with(&[]);
    for version in 0..10 {
        world
            .registry
            .push_version("charts/a", "a", &format!("1.0.{version}"));
    }
    world.registry.tell_rate_limit(Some((12, 100, 21_600)));
    let read = || {
        world
            .registry
            .calls_to("GET https://registry.example/v2/charts/a/manifests/")
    };
    for _ in 0..200 {
        if read() == 10 {
            break;
        }
        world.wait_for_alarm();
        world.step();
    }
    world.pass();
    assert_eq!(world.versions("").len(), 10);
    let calls = world.registry.log();
    let manifests: Vec<Timestamp> = calls
        .iter()
        .filter(|call| call.method == "GET" && call.url.contains("/manifests/"))
        .map(|call| call.at)
        .collect();
    let waits: Vec<u64> = manifests
        .windows(2)
        .map(|pair| pair[1].since(pair[0]).as_secs())
        .collect();
    // Those of the first burst were under way when the first answer told; each further one waits its share.
    let spread = waits.iter().filter(|wait| **wait >= 216).count();
    assert!(spread >= 3, "{waits:?}");
    let limits = &info(&world)["rate_limits"][0];
    assert_eq!(limits["limit"], 100);
    assert_eq!(limits["window_seconds"], 21_600);
    let status = world.ask(&crate::catalog::ask::AskStatus);
    assert!(status.figures.sources[0].calls_left.is_some());
}

/// A first pass that takes a day and more gives what most people want in its first hour.
#[test]
fn the_newest_version_of_each_chart_is_read_before_older_ones_where_reads_are_counted() {
    // Far more than are listed side by side.
    let charts: Vec<String> = (10..30).map(|number| format!("c{number}")).collect();
    let world = World::with(&[
        ("REGISTRY", "docker.io/acme"),
        ("REPOSITORIES", &charts.join(" ")),
    ]);
    let world = World {
        registry: FakeRegistry::at("docker.io", &world.clock),
        ..world
    };
    let versions = ["2.0.0-rc.1", "1.10.0", "1.9.0"];
    for chart in &charts {
        for version in versions {
            let repository = format!("acme/{chart}");
            world.registry.push_version(&repository, chart, version);
        }
    }
    world.registry.tell_rate_limit(Some((3, 100, 21_600)));
    let ranks = || -> Vec<usize> {
        let log = world.registry.log().into_iter();
        let read = log.filter(|call| call.method == "GET");
        let version = |url: &str| Some(url.split_once("/manifests/")?.1.to_owned());
        let read = read.filter_map(|call| version(&call.url));
        read.filter_map(|read| versions.iter().position(|version| *version == read))
            .collect()
    };
    while ranks().len() < charts.len() * versions.len() {
        world.wait_for_alarm();
        world.step();
    }
    // But for what was begun before the first answer told of a limit.
    let after = ranks().split_off(6);
    assert!(after.is_sorted(), "{after:?}");
    assert_eq!(after[..10], [0; 10]);
}

/// A limit is of one registry: how long its versions take says nothing of another's. It is told before little is left.
#[test]
fn when_all_will_be_read_is_told_of_each_registry() {
    let settings = r#"[{"registry": "registry.example/charts"}, {"registry": "other.example/charts", "mount": "b"}]"#;
    let world = World::with(&[
        ("REGISTRY", ""),
        ("SOURCES", settings),
        ("SUBREQUEST_BUDGET", "10"),
    ]);
    let other = world.registry.beside("other.example");
    for version in 0..200 {
        let version = format!("1.0.{version}");
        world.registry.push_version("charts/a", "a", &version);
        other.push_version("charts/b", "b", &version);
    }
    world.registry.tell_rate_limit(Some((90, 100, 21_600)));
    other.tell_rate_limit(Some((4_000, 5_000, 21_600)));
    let limits = || info(&world)["rate_limits"].clone();
    while limits().as_array().unwrap().len() < 2 {
        world.wait_for_alarm();
        world.step();
    }
    let told = limits();
    assert_eq!(told[0]["source"], "registry.example/charts");
    // Two hundred, of which seventy are had at once: what the other registry has is not counted.
    let by = told[0]["all_read_by"].as_str().unwrap();
    let after = |shares: u32| {
        let wait = Duration::from_secs(216).saturating_mul(shares);
        world.clock.now().after(wait).to_string()
    };
    assert!(
        (after(100)..after(140)).contains(&by.to_owned()),
        "{told:#}"
    );
    assert_eq!(told[1]["source"], "other.example/charts@b");
    assert_eq!(told[1]["all_read_by"], Value::Null, "{told:#}");
    // So do the metrics.
    let status = world.ask(&crate::catalog::ask::AskStatus);
    let by_source = status
        .figures
        .sources
        .iter()
        .map(|source| source.all_read_by);
    let by_source: Vec<Option<String>> = by_source.map(|by| Some(by?.to_string())).collect();
    assert_eq!(by_source, [Some(by.to_owned()), None]);
}

/// With plenty left nothing waits.
#[test]
fn many_calls_that_are_left_are_not() {
    let world = World::with(&[]);
    for version in 0..10 {
        world
            .registry
            .push_version("charts/a", "a", &format!("1.0.{version}"));
    }
    world.registry.tell_rate_limit(Some((5_000, 5_000, 21_600)));
    let begun = world.clock.now();
    world.pass();
    world.rest();
    assert_eq!(world.versions("").len(), 10);
    assert!(world.clock.now().since(begun) < Duration::from_mins(1));
    assert_eq!(info(&world)["rate_limits"][0]["all_read_by"], Value::Null);
}
