//! The most that a thousand requests can cost, each hour, by route and by who sends them: the real engine behind the real
//! service. `docs/costs-and-limits.md` shows the table; both change together.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use serde_json::json;
use sha2::Sha256;

use super::{ADMIN, PRIVATE, READER};
use crate::platform::Clock as _;
use crate::testing::{Blobs, Counted, Object, World, request, run};

/// A thousand requests in an hour, one each.
const BETWEEN: Duration = Duration::from_millis(3600);
const REQUESTS: usize = 1000;

/// So many requests, twice, tell what a thousand cost where each has a step of the catalog follow it: what is rationed by the
/// hour is spent within the first hundred, and each later hundred costs what the second did.
const SAMPLE: usize = 100;

const HOOK: (HeaderName, &str) = (AUTHORIZATION, "Bearer hook");
/// Stands for the signature of each body, and the number of its delivery.
const SIGNED: (HeaderName, &str) = (HeaderName::from_static("x-hub-signature-256"), "");
const NO_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");

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
    /// The cost of a thousand requests, of which this is what the first hundred cost and `two` what the first two did.
    fn extrapolated(self, two: Self) -> Self {
        const LATER: usize = REQUESTS / SAMPLE - 1;
        let all = |one: usize, two: usize| one + (two - one) * LATER;
        Self {
            calls: all(self.calls, two.calls),
            gets: all(self.gets, two.gets),
            puts: all(self.puts, two.puts),
            questions: all(self.questions, two.questions),
            effort: self.effort + (two.effort - self.effort) * LATER as u64,
        }
    }
}

/// A catalog of a hundred versions at rest, all of it published.
fn world() -> World {
    let world = World::with(&PRIVATE[1..]);
    world.registry.set_blobs(Blobs::Redirect(307));
    for chart in ["a", "team/b"] {
        for minor in 0..50 {
            let name = chart.rsplit('/').next().unwrap();
            let (repository, version) = (format!("charts/{chart}"), format!("1.{minor}.0"));
            if chart == "a" && minor == 0 {
                let metadata = json!({"apiVersion": "v2", "name": name, "version": version});
                let (package, signed) = (b"the package", Some(&b"its provenance"[..]));
                world
                    .registry
                    .push_chart(&repository, &version, &metadata, package, signed, &[]);
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
    body: impl Fn(usize) -> String,
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
    let sampled = method == "POST" && !headers.is_empty();
    let (mut effort, mut first) = (0, None);
    for n in 0..if sampled { 2 * SAMPLE } else { REQUESTS } {
        if sampled && n == SAMPLE {
            first = Some(told(effort));
        }
        world.clock.advance(BETWEEN);
        if (n % 10 == 0 || sampled) && world.engine().next_alarm() <= world.clock.now() {
            run(&world.clock, world.engine().step());
        }
        let mut request = request(method, &path(n), headers, body(n));
        if headers.contains(&SIGNED) {
            let body = body(n);
            let signature = signature(body.as_bytes());
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
        return (first.extrapolated(told_at_end), index);
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
    let body = |n: usize| {
        if what.ends_with("github") {
            return format!(
                r#"{{"action":"published","registry_package":{{"namespace":"charts","name":"x-{n}","package_version":{{"container_metadata":{{"tag":{{"name":"1.0.0"}}}}}}}}}}"#
            );
        }
        format!(r#"{{"events":[{{"action":"delete","target":{{"repository":"charts/x-{n}"}}}}]}}"#)
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

/// What each kind of requests cost, as lines of the table.
fn table() -> Vec<String> {
    let same = |path: &'static str| move |_: usize| path.to_owned();
    let reader = [READER];
    let fresh = [READER, NO_CACHE];
    let admin = [ADMIN];
    vec![
        line("stranger", "GET /", &[], same("/")),
        line("stranger", "GET /index.yaml", &[], same("/index.yaml")),
        line("stranger", "GET /<guess>", &[], |n| format!("/x-{n}")),
        line(
            "stranger",
            "POST /webhook/harbor",
            &[],
            same("/webhook/harbor"),
        ),
        line(
            "stranger",
            "POST /webhook/github",
            &[],
            same("/webhook/github"),
        ),
        line("stranger", "POST /refresh", &[], same("/refresh")),
        line("stranger", "GET /health", &[], same("/health")),
        line("stranger", "GET /health?deep", &[], same("/health?deep")),
        line("stranger", "GET /info", &[], same("/info")),
        line("reader", "GET /", &reader, same("/")),
        line("reader", "GET /team", &reader, same("/team")),
        line("reader", "GET /index.yaml", &reader, same("/index.yaml")),
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
        line("reader", "GET /<guess>/index.yaml", &reader, |n| {
            format!("/x-{n}/index.yaml")
        }),
        line(
            "reader",
            "GET /charts/<file>",
            &reader,
            same("/charts/a-1.0.0.tgz"),
        ),
        line(
            "reader",
            "HEAD /charts/<file>",
            &reader,
            same("/charts/a-1.0.0.tgz"),
        ),
        line("reader", "GET /charts/<guess>", &reader, |n| {
            format!("/charts/x-{n}.tgz")
        }),
        line(
            "reader",
            "GET /charts/<wrong digest>/<file>",
            &reader,
            |n| format!("/charts/{n:016x}/a-1.0.0.tgz"),
        ),
        line("reader", "GET /artifacthub-repo.yml", &reader, |n| {
            format!("/artifacthub-repo.yml?{n}")
        }),
        line(
            "reader",
            "GET /charts/<file>.prov",
            &reader,
            same("/charts/a-1.0.0.tgz.prov"),
        ),
        line("admin", "GET /health?deep", &admin, same("/health?deep")),
        line("admin", "GET /info", &admin, same("/info")),
        line("admin", "GET /metrics", &admin, same("/metrics")),
        line("admin", "POST /refresh", &admin, same("/refresh")),
        line(
            "sender",
            "POST /webhook/distribution",
            &[HOOK],
            same("/webhook/distribution"),
        ),
        line(
            "sender",
            "POST /webhook/github",
            &[SIGNED],
            same("/webhook/github"),
        ),
    ]
}

#[test]
fn what_a_thousand_requests_in_an_hour_can_cost() {
    let page = std::fs::read_to_string("docs/costs-and-limits.md").unwrap();
    for measured in table() {
        let (name, numbers) = cells(&measured);
        let told = page.lines().map(cells).find(|(told, _)| *told == name);
        let (_, told) = told.unwrap_or_else(|| panic!("docs/costs-and-limits.md lacks {measured}"));
        for (most, number) in told.iter().zip(&numbers) {
            assert!(
                number <= most,
                "more than docs/costs-and-limits.md tells: {measured}"
            );
            assert!(
                *most <= 2 * number + 60,
                "far less than it tells: {measured}"
            );
        }
        assert_eq!(told.len(), 5, "{measured}");
    }
}

/// A line of the table: what it is about, and its numbers.
fn cells(line: &str) -> (Vec<String>, Vec<u64>) {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let name = cells.iter().skip(1).take(2).map(|cell| (*cell).to_owned());
    let numbers = cells.iter().skip(3).filter_map(|cell| cell.parse().ok());
    (name.collect(), numbers.collect())
}
