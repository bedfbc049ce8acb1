//! What the API tells of charts.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::testing::package;

/// Three charts, one of them in a space, with a pre-release that is the newest version of its chart.
fn museum() -> Museum {
    let museum = Museum::new(&[]);
    for (path, name, version) in [
        ("/api/charts", "web", "1.0.0"),
        ("/api/charts", "web", "1.2.0"),
        ("/api/charts", "web", "2.0.0-rc.1"),
        ("/api/charts", "beta", "0.1.0-a"),
        ("/api/team/charts", "db", "3.1.4+b"),
    ] {
        assert_eq!(status(&museum.post(path, chart(name, version, ""))), 201);
    }
    museum
}

fn get(museum: &Museum, path: &str) -> Value {
    // Nobody may ask the catalog without end.
    museum.world.clock.advance(Duration::from_secs(1));
    let answer = museum.send("GET", path, "");
    assert_eq!(status(&answer), 200, "{path}: {}", show(&answer));
    serde_json::from_slice(bytes(&answer)).unwrap()
}

fn names(charts: &Value) -> Vec<String> {
    charts.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn lists_charts_with_their_versions_the_newest_first() {
    let museum = museum();
    let all = get(&museum, "/api/charts");
    assert_eq!(names(&all), ["beta", "db", "web"]);
    let versions: Vec<&str> = all["web"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["2.0.0-rc.1", "1.2.0", "1.0.0"]);
    // An entry is that of the index.
    let index: Value = serde_json::from_str(&museum.index()).unwrap();
    assert_eq!(all, index["entries"]);
    assert_eq!(names(&get(&museum, "/api/team/charts")), ["db"]);
    assert_eq!(get(&museum, "/api/nobody/charts"), json!({}));
    for (query, expected) in [
        ("offset=1&limit=1", &["db"][..]),
        ("offset=2&limit=9", &["web"][..]),
        ("limit=2", &["beta", "db"][..]),
        ("offset=0", &["beta", "db", "web"][..]),
        // As ChartMuseum has it.
        ("offset=1", &[][..]),
        ("offset=3&limit=1", &[][..]),
    ] {
        assert_eq!(
            names(&get(&museum, &format!("/api/charts?{query}"))),
            expected,
            "{query}"
        );
    }
    for (query, what) in [
        ("offset=-1", "offset is not a number from 0 on"),
        ("offset=x", "offset is not a number from 0 on"),
        ("limit=0", "limit is not a number from 1 on"),
        ("limit=1.5", "limit is not a number from 1 on"),
    ] {
        let answer = museum.send("GET", &format!("/api/charts?{query}"), "");
        assert_eq!(error(&answer), format!("400 {what}"));
    }
}

#[test]
fn tells_of_a_chart_and_of_a_version() {
    let museum = museum();
    let all = get(&museum, "/api/charts");
    assert_eq!(get(&museum, "/api/charts/web"), all["web"]);
    assert_eq!(get(&museum, "/api/team/charts/db/3.1.4+b"), all["db"][0]);
    assert_eq!(get(&museum, "/api/team/charts/db/3.1.4%2Bb"), all["db"][0]);
    for (version, expected) in [
        ("latest", 1),
        ("1.0.0", 2),
        ("^1.0", 1),
        ("2.0.0-rc.1", 0),
        ("1.x", 1),
        ("%3C1.1", 2),
    ] {
        assert_eq!(
            get(&museum, &format!("/api/charts/web/{version}")),
            all["web"][expected],
            "{version}"
        );
    }
    for (path, what) in [
        ("/api/charts/none", "there is no such chart"),
        ("/api/charts/none/1.0.0", "there is no such chart"),
        ("/api/team/charts/web", "there is no such chart"),
        ("/api/charts/web/9.9.9", "there is no such version"),
        ("/api/charts/web/nonsense", "there is no such version"),
        // Only pre-releases.
        ("/api/charts/beta/latest", "there is no such version"),
        ("/api/charts/web/9.9.9/values", "there is no such version"),
        (
            "/api/charts/web/1.0.0/values",
            "the chart has no values.yaml",
        ),
    ] {
        assert_eq!(
            error(&museum.send("GET", path, "")),
            format!("404 {what}"),
            "{path}"
        );
        museum.world.clock.advance(Duration::from_secs(1));
        let head = museum.send("HEAD", path, "");
        assert_eq!(
            (status(&head), bytes(&head)),
            (404, b"".as_slice()),
            "{path}"
        );
    }
    for path in [
        "/api/charts",
        "/api/charts/web",
        "/api/charts/web/latest",
        "/api/charts/web/1.0.0/templates",
    ] {
        museum.world.clock.advance(Duration::from_secs(1));
        let head = museum.send("HEAD", path, "");
        assert_eq!(
            (status(&head), bytes(&head)),
            (200, b"".as_slice()),
            "{path}"
        );
    }
}

#[test]
fn looks_into_a_package() {
    let museum = Museum::new(&[]);
    let body = package(&[
        (
            "web/Chart.yaml",
            b"apiVersion: v2\nname: web\nversion: 1.0.0\n",
        ),
        ("web/values.yaml", b"# how many\nreplicas: 2\n"),
        ("web/templates/a.yaml", b"kind: A\n"),
    ]);
    assert_eq!(status(&museum.post("/api/charts", body)), 201);
    assert_eq!(
        get(&museum, "/api/charts/web/1.0.0/templates"),
        json!({"templates": [{"name": "templates/a.yaml", "data": "a2luZDogQQo="}], "values": {"replicas": 2}})
    );
    let values = museum.send("GET", "/api/charts/web/latest/values", "");
    assert_eq!(values.headers()["content-type"], "application/yaml");
    assert_eq!(bytes(&values), b"# how many\nreplicas: 2\n");
}

#[test]
fn other_methods_and_paths_are_told_what_is_there() {
    let museum = Museum::new(&[]);
    for (method, path, expected) in [
        ("PUT", "/api/charts", "405 only GET, HEAD, POST here"),
        (
            "POST",
            "/api/charts/web/1.0.0",
            "405 only GET, HEAD, DELETE here",
        ),
        ("DELETE", "/api/charts/web", "405 only GET, HEAD here"),
        ("DELETE", "/api/charts", "405 only GET, HEAD, POST here"),
        (
            "POST",
            "/api/charts/web/1.0.0/values",
            "405 only GET, HEAD here",
        ),
        (
            "GET",
            "/api/Team/charts",
            "404 there are no charts below this path",
        ),
        ("POST", "/api/other", "404 there is nothing at this path"),
    ] {
        assert_eq!(
            error(&museum.send(method, path, "")),
            expected,
            "{method} {path}"
        );
    }
    let reader = Museum::new(&[("BASIC_AUTH_USER", "helm"), ("BASIC_AUTH_PASS", "secret")]);
    for path in ["/api/charts", "/api/charts/web/1.0.0/values"] {
        let answer = reader.send_with("GET", path, &[], "");
        assert_eq!(error(&answer), "401 credentials are missing or wrong");
    }
}

/// The link of a classic repository's chart may have a query.
#[test]
fn a_chart_of_a_classic_repository_is_not_looked_into() {
    use crate::config::Config;
    use crate::testing::{Fault, World};
    let given = |asked: &str| match asked {
        "ADMIN_TOKEN" => Some("t0ken".to_owned()),
        "AUTH_ANONYMOUS_GET" => Some("true".to_owned()),
        "REGISTRY" => Some("registry.example/charts".to_owned()),
        "CLASSIC_INDEXES" => Some("https://acme.github.io/charts".to_owned()),
        _ => None,
    };
    let world = World {
        config: Config::from_lookup(given).unwrap(),
        ..World::new()
    };
    let pages = world.registry.beside("acme.github.io");
    let index = "apiVersion: v1\nentries:\n  web:\n  - apiVersion: v2\n    name: web\n    version: 1.0.0\n    \
                 urls: ['https://blobs.example/web.tgz?sig=a/b']\n";
    let fault = Fault::status(200).body(index);
    pages.inject("GET https://acme.github.io/charts/index.yaml", None, fault);
    let museum = Museum::of(world);
    assert_eq!(get(&museum, "/api/charts/web/1.0.0")["version"], "1.0.0");
    for what in ["values", "templates"] {
        let answer = museum.send("GET", &format!("/api/charts/web/1.0.0/{what}"), "");
        assert_eq!(
            error(&answer),
            "404 there is no such file in this repository"
        );
    }
}

/// Each request asked the catalog, without end.
#[test]
fn who_reads_without_end_is_told_to_come_again() {
    let museum = museum();
    let paths = ["/api/charts", "/api/charts/web", "/api/charts/web/1.0.0"];
    let told: Vec<u16> = (0..60)
        .map(|n| status(&museum.send("GET", paths[n % 3], "")))
        .collect();
    let given = told.iter().filter(|status| **status == 200).count();
    let refused = told.iter().filter(|status| **status == 503).count();
    assert_eq!((given, refused), (20, 40));
    // A stranger's questions are others.
    let stranger = museum.send_with("GET", "/api/charts/web", &[], "");
    assert_eq!(status(&stranger), 200);
}
