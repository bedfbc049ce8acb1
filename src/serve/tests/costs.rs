//! The most that a thousand requests can cost, each hour, by route and by who sends them: the real engine behind the real
//! service. `docs/costs-and-limits.md` shows the table; both change together.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use serde_json::json;
use sha2::Sha256;

use super::{ADMIN, PRIVATE, READER};
use crate::platform::Clock as _;
use crate::serve::write::tests::chart;
use crate::testing::{Blobs, Counted, Object, World, package, request, run};

/// A thousand requests in an hour, one each.
const BETWEEN: Duration = Duration::from_millis(3600);
const REQUESTS: usize = 1000;

/// So many requests, twice, tell what a thousand cost where each has a step of the catalog follow it: what is rationed by the
/// hour is spent within the first hundred, and each later hundred costs what the second did.
const SAMPLE: usize = 100;
/// The same of deletions: there are fifty versions to delete.
const DELETED: usize = 20;

const HOOK: (HeaderName, &str) = (AUTHORIZATION, "Bearer hook");
/// Stands for the signature of each body, and the number of its delivery.
const SIGNED: (HeaderName, &str) = (HeaderName::from_static("x-hub-signature-256"), "");
const NO_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");
/// May read a part: the index above it is a share, made for accounts of equal rights.
const TEAM: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-team");
const ACCOUNTS: (&str, &str) = (
    "ACCOUNTS",
    "team: { token: the-token-of-the-team, read: team/** }",
);

/// What requests cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// Calls to the registry, the catalog's own among them.
    calls: usize,
    /// Reads of KV.
    gets: usize,
    /// Writes to KV that came of them.
    puts: usize,
    /// Questions to the catalog.
    questions: usize,
    /// The catalog's work in SQLite.
    effort: u64,
}

impl Cost {
    /// The cost of a thousand requests, of which this is what the first `sample` cost and `two` what the first two such parts
    /// did.
    fn extrapolated(self, two: Self, sample: usize) -> Self {
        let later = REQUESTS / sample - 1;
        let all = |one: usize, two: usize| one + (two - one) * later;
        Self {
            calls: all(self.calls, two.calls),
            gets: all(self.gets, two.gets),
            puts: all(self.puts, two.puts),
            questions: all(self.questions, two.questions),
            effort: self.effort + (two.effort - self.effort) * later as u64,
        }
    }
}

/// A catalog of a hundred versions at rest, all of it published.
fn world() -> World {
    let world = World::with(&[&PRIVATE[1..], &[ACCOUNTS]].concat());
    world.registry.set_blobs(Blobs::Redirect(307));
    for chart in ["a", "team/b"] {
        for minor in 0..50 {
            let name = chart.rsplit('/').next().unwrap();
            let (repository, version) = (format!("charts/{chart}"), format!("1.{minor}.0"));
            if chart == "a" && minor == 0 {
                let metadata = json!({"apiVersion": "v2", "name": name, "version": version});
                let text = metadata.to_string();
                let files: [(&str, &[u8]); 2] = [
                    ("a/Chart.yaml", text.as_bytes()),
                    ("a/values.yaml", b"a: 1\n"),
                ];
                let (package, signed) = (package(&files), Some(&b"its provenance"[..]));
                world
                    .registry
                    .push_chart(&repository, &version, &metadata, &package, signed, &[]);
                continue;
            }
            world.registry.push_version(&repository, name, &version);
        }
    }
    world.pass();
    world.rest();
    world.index("team");
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    world
}

/// Sends a thousand requests in an hour, while the catalog's alarms go off: what they cost, and what one index does.
fn cost(
    method: &str,
    path: impl Fn(usize) -> String,
    headers: &[(HeaderName, &str)],
    body: impl Fn(usize) -> Bytes,
) -> (Cost, u64) {
    let world = world();
    let (object, fetch) = (Object::new(&world), Counted::new(&world.registry));
    // What an index costs to make; many times what another question does.
    let before = world.database.effort();
    world.index("");
    let index = world.database.effort() - before;
    world.registry.clear_log();
    world.documents.reset_counters();
    let told = |effort| Cost {
        calls: world.registry.calls(),
        gets: world.documents.gets(),
        puts: world.documents.puts(),
        questions: object.asks(),
        effort,
    };
    // Where a notification or a refresh is heard, a step follows each; for all others the alarms of the hour are enough.
    let sampled = ["POST", "DELETE"].contains(&method) && !headers.is_empty();
    let sample = if method == "DELETE" { DELETED } else { SAMPLE };
    let (mut effort, mut first) = (0, None);
    for n in 0..if sampled { 2 * sample } else { REQUESTS } {
        if sampled && n == sample {
            first = Some(told(effort));
        }
        world.clock.advance(BETWEEN);
        if (n % 10 == 0 || sampled) && world.engine().next_alarm() <= world.clock.now() {
            run(&world.clock, world.engine().step());
        }
        let mut request = request(method, &path(n), headers, body(n));
        if headers.contains(&SIGNED) {
            let signature = signature(&body(n));
            let delivery = HeaderName::from_static("x-github-delivery");
            let added = [(SIGNED.0, signature), (delivery, format!("delivery-{n}"))];
            for (name, value) in added {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        let before = world.database.effort();
        let handled = world.serve(&fetch, &object, &world.memory, request);
        if let Some(read) = handled.afterwards {
            world.ask(&read);
        }
        effort += world.database.effort() - before;
    }
    let told_at_end = told(effort);
    if let Some(first) = first {
        return (first.extrapolated(told_at_end, sample), index);
    }
    world.rest();
    // Resting costs calls and puts that belong to the requests; its reads of KV do not.
    let all = Cost {
        gets: told_at_end.gets,
        questions: told_at_end.questions,
        ..told(effort)
    };
    (all, index)
}

/// GitHub's signature, with the secret of [`PRIVATE`].
fn signature(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(b"hook").unwrap();
    let bytes = mac.chain_update(body).finalize().into_bytes();
    format!("sha256={}", base16ct::lower::encode_string(&bytes))
}

/// One line of the table.
fn line(
    who: &str,
    what: &str,
    headers: &[(HeaderName, &str)],
    path: impl Fn(usize) -> String,
) -> String {
    let (method, _) = what.split_once(' ').unwrap();
    let body = |n: usize| match what.rsplit('/').next() {
        Some("charts, new versions") => chart("stored", &format!("1.{n}.0"), "stored"),
        Some("charts") => chart("stored", "1.0.0", "stored"),
        Some("github") => Bytes::from(format!(
            r#"{{"action":"published","registry_package":{{"namespace":"charts","name":"x-{n}","package_version":{{"container_metadata":{{"tag":{{"name":"1.0.0"}}}}}}}}}}"#
        )),
        Some("harbor") => Bytes::from(format!(
            r#"{{"type":"PUSH_ARTIFACT","event_data":{{"resources":[{{"tag":"1.0.0"}}],"repository":{{"repo_full_name":"charts/x-{n}"}}}}}}"#
        )),
        _ => Bytes::from(format!(
            r#"{{"events":[{{"action":"delete","target":{{"repository":"charts/x-{n}"}}}}]}}"#
        )),
    };
    let (cost, index) = cost(method, path, headers, body);
    let Cost {
        calls,
        gets,
        puts,
        questions,
        effort,
    } = cost;
    let indexes = effort / index;
    format!("| {who} | `{what}` | {calls} | {gets} | {puts} | {questions} | {indexes} |")
}

/// A path that is always the same.
fn same(path: &'static str) -> impl Fn(usize) -> String {
    move |_| path.to_owned()
}

/// Lines of who may nothing.
fn of_strangers() -> Vec<String> {
    let paths = [
        ("GET /", "/"),
        ("GET /index.yaml", "/index.yaml"),
        ("POST /webhook/harbor", "/webhook/harbor"),
        ("POST /webhook/github", "/webhook/github"),
        ("POST /refresh", "/refresh"),
        ("POST /api/charts", "/api/charts"),
        ("DELETE /api/charts/<file>", "/api/charts/a/1.0.0"),
        ("GET /api/charts", "/api/charts"),
        ("GET /health", "/health"),
        ("GET /health?deep", "/health?deep"),
        ("GET /info", "/info"),
    ];
    let mut lines: Vec<String> = paths
        .into_iter()
        .map(|(what, path)| line("stranger", what, &[], same(path)))
        .collect();
    lines.push(line("stranger", "GET /<guess>", &[], |n| format!("/x-{n}")));
    lines
}

/// Lines of who may read.
fn of_readers() -> Vec<String> {
    let reader = [READER];
    let fresh = [READER, NO_CACHE];
    let of = |what: &str, path: &'static str| line("reader", what, &reader, same(path));
    let guess = |what: &str, path: &dyn Fn(usize) -> String| line("reader", what, &reader, path);
    vec![
        of("GET /", "/"),
        of("GET /team", "/team"),
        of("GET /index.yaml", "/index.yaml"),
        line(
            "reader",
            "GET /index.yaml, no-cache",
            &fresh,
            same("/index.yaml"),
        ),
        line(
            "reader",
            "GET /index.yaml and /team/index.yaml, no-cache",
            &fresh,
            |n| ["/index.yaml", "/team/index.yaml"][n % 2].to_owned(),
        ),
        guess("GET /<guess>/index.yaml", &|n| format!("/x-{n}/index.yaml")),
        of("GET /charts/<file>", "/charts/a-1.0.0.tgz"),
        of("HEAD /charts/<file>", "/charts/a-1.0.0.tgz"),
        guess("GET /charts/<guess>", &|n| format!("/charts/x-{n}.tgz")),
        guess("GET /charts/<wrong digest>/<file>", &|n| {
            format!("/charts/{n:016x}/a-1.0.0.tgz")
        }),
        guess("GET /artifacthub-repo.yml", &|n| {
            format!("/artifacthub-repo.yml?{n}")
        }),
        of("GET /charts/<file>.prov", "/charts/a-1.0.0.tgz.prov"),
    ]
}

/// Lines of who may read a part, of which the index above is made for them.
fn of_shares() -> Vec<String> {
    let who = "reader of a part";
    vec![
        line(who, "GET /index.yaml", &[TEAM], same("/index.yaml")),
        line(
            who,
            "GET /index.yaml, no-cache",
            &[TEAM, NO_CACHE],
            same("/index.yaml"),
        ),
        line(
            who,
            "GET /charts/<file>",
            &[TEAM],
            same("/charts/b-1.0.0.tgz"),
        ),
        line(who, "GET /api/charts", &[TEAM], same("/api/charts")),
    ]
}

/// Lines of ChartMuseum's API.
fn of_the_api() -> Vec<String> {
    let of = |what: &str, path: &'static str| line("reader", what, &[READER], same(path));
    let versions = "/api/charts/a/1.0.0";
    vec![
        of("GET /api/charts", "/api/charts"),
        of("GET /api/charts/<name>", "/api/charts/a"),
        of("GET /api/charts/<name>/<version>", versions),
        line("reader", "GET /api/charts/<guess>", &[READER], |n| {
            format!("/api/charts/x-{n}")
        }),
        of(
            "GET /api/charts/<name>/<version>/values",
            "/api/charts/a/1.0.0/values",
        ),
        of(
            "GET /api/charts/<name>/<version>/templates",
            "/api/charts/a/1.0.0/templates",
        ),
        line(
            "admin",
            "POST /api/charts, new versions",
            &[ADMIN],
            same("/api/charts"),
        ),
        line("admin", "POST /api/charts", &[ADMIN], same("/api/charts")),
        line(
            "admin",
            "DELETE /api/charts/<name>/<version>",
            &[ADMIN],
            |n| format!("/api/charts/a/1.{n}.0"),
        ),
    ]
}

/// Lines of who operates, and of who notifies.
fn of_operators() -> Vec<String> {
    let of = |what: &str, path: &'static str| line("admin", what, &[ADMIN], same(path));
    let from = |what: &str, header, path: &'static str| line("sender", what, &[header], same(path));
    vec![
        of("GET /health?deep", "/health?deep"),
        of("GET /info", "/info"),
        of("GET /metrics", "/metrics"),
        of("POST /refresh", "/refresh"),
        from("POST /webhook/distribution", HOOK, "/webhook/distribution"),
        from("POST /webhook/harbor", HOOK, "/webhook/harbor"),
        from("POST /webhook/github", SIGNED, "/webhook/github"),
    ]
}

/// What each kind of requests cost, as lines of the table.
fn table() -> Vec<String> {
    [
        of_strangers(),
        of_readers(),
        of_shares(),
        of_the_api(),
        of_operators(),
    ]
    .concat()
}

#[test]
fn what_a_thousand_requests_in_an_hour_can_cost() {
    let page = std::fs::read_to_string("docs/costs-and-limits.md").unwrap();
    let mut wrong = Vec::new();
    for measured in table() {
        let (name, numbers) = cells(&measured);
        let told = page.lines().map(cells).find(|(told, _)| *told == name);
        let (_, told) = told.unwrap_or_default();
        let fits = |(most, number): (&u64, &u64)| number <= most && *most <= 2 * number + 60;
        if told.len() != 5 || !told.iter().zip(&numbers).all(fits) {
            wrong.push(measured);
        }
    }
    assert!(
        wrong.is_empty(),
        "more than docs/costs-and-limits.md tells, far less, or not told:\n{}",
        wrong.join("\n")
    );
}

/// A line of the table: what it is about, and its numbers.
fn cells(line: &str) -> (Vec<String>, Vec<u64>) {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let name = cells.iter().skip(1).take(2).map(|cell| (*cell).to_owned());
    let numbers = cells.iter().skip(3).filter_map(|cell| cell.parse().ok());
    (name.collect(), numbers.collect())
}
