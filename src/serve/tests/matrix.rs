//! The access matrix: who gets what of each route, as one table. The tests in workerd walk the same table
//! (`wasm-tests/matrix.test.mjs`).
//!
//! A cell is the status; `x` stands behind it where the request was refused by what its sender may do. Whatever is refused was
//! neither looked up nor read, and all proofs of an account give the same.

mod foreign;
mod spellings;
mod variants;
mod work;

use std::fmt::Write as _;

use base64::Engine as _;
use http::header::AUTHORIZATION;

use super::*;
use crate::secret::BASE64;
use crate::testing::{Object, START, Signer, package, request, rs256, verify};

/// The spaces that requests are about: the root, one with three kinds of readers, one that few may read, one for anyone, one
/// that is not there, and one that is not there where a team reads.
const SPACES: [&str; 6] = ["", "team-a", "team-b", "public", "nowhere", "team-a/none"];

/// The packages that are there.
const REPOSITORIES: [&str; 4] = ["a", "team-a/a", "team-b/a", "public/a"];

/// One line for each route, and where a route has several forms, for each form. `{space}/` is the space, `{digest}` the start
/// of its package's digest.
pub(super) const ROUTES: &[&str] = &[
    "GET /",
    "GET /health",
    "GET /health?deep",
    "GET /info",
    "GET /metrics",
    "GET /apidocs.json",
    "GET /{space}",
    "GET /{space}/index.yaml",
    "GET /{space}/charts/a-1.0.0.tgz",
    "GET /{space}/charts/{digest}/a-1.0.0.tgz",
    "GET /{space}/charts/a-1.0.0.tgz.prov",
    "GET /{space}/artifacthub-repo.yml",
    "GET /api/{space}/charts",
    "GET /api/{space}/charts/a",
    "GET /api/{space}/charts/a/1.0.0",
    "GET /api/{space}/charts/a/1.0.0/templates",
    "GET /api/{space}/charts/a/1.0.0/values",
    "POST /api/{space}/charts",
    "POST /api/{space}/prov",
    "DELETE /api/{space}/charts/a/9.9.9",
    "GET /api/v1/spaces",
    "POST /api/v1/spaces?space=Bad",
    "DELETE /api/v1/spaces/{space}/none",
    "GET /api/v1/spaces/{space}/charts",
    "POST /api/v1/spaces/{space}/charts",
    "DELETE /api/v1/spaces/{space}/charts/none",
    "GET /api/v1/spaces/{space}/charts/a/versions",
    "GET /api/v1/spaces/{space}/charts/a/versions/1.0.0",
    "PUT /api/v1/spaces/{space}/charts/a/versions/1.0.0",
    "DELETE /api/v1/spaces/{space}/charts/a/versions/9.9.9",
    "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/metadata",
    "PUT /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/metadata",
    "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/values",
    "PUT /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/values",
    "GET /api/v1/spaces/{space}/metadata",
    "GET /api/v1/spaces/{space}/charts/a/metadata/latest",
    "POST /refresh/{space}",
    "POST /refresh/{space}?confirm",
    "POST /webhook/distribution",
    "POST /webhook/harbor",
    "POST /webhook/github",
];

/// The accounts, beside the short forms.
const ACCOUNTS: &str = r#"{
  "anonymous": { "read": "public/**" },
  "reader-a": { "password": ["the-password-of-reader-a", "sha256:2d66f825c602b8d5a7dae3b026456c484073af733c2c34ffc68a6e8f309a88dd"], "token": "the-token-of-reader-a", "read": "team-a/**" },
  "pipeline-a": { "token": "the-token-of-pipeline-a", "read": "team-a/**", "push": "team-a/**", "delete": "team-a/**", "refresh": "team-a/**" },
  "pusher-a": { "token": "the-token-of-pusher-a", "push": "team-a" },
  "prometheus": { "token": "the-token-of-prometheus", "metrics": true },
  "ended": { "token": "the-token-that-has-ended", "until": "2020-01-01", "read": true, "push": true }
}"#;

/// Tokens of this issuer prove the pipeline as well.
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The setting that believes its tokens.
fn issuers(signer: &Signer) -> String {
    let rights = serde_json::json!({ "when": { "repository": "acme/a" }, "read": "team-a/**", "push": "team-a/**", "delete": "team-a/**", "refresh": "team-a/**" });
    let key = signer.jwk().to_string();
    serde_json::json!({
        "github": { "issuer": ISSUER, "audience": "charts", "key": key, "rules": [rights] },
        "access": { "issuer": "https://access.example", "audience": "charts", "key": key, "access": true },
        "scope": { "issuer": "https://scope.example", "audience": "charts", "key": key, "scope": true },
    })
    .to_string()
}

/// A token that has rights by ChartMuseum's claim, or by its scope, and by nothing else.
fn claiming(signer: &Signer, issuer: &str, exp: i64) -> String {
    let access = serde_json::json!([{ "type": "artifact-repository", "name": "team-a", "actions": ["pull", "push"] }]);
    let claims = serde_json::json!({
        "iss": format!("https://{issuer}.example"), "aud": "charts", "sub": "run", "exp": exp, "repository": "acme/a",
        "access": access, "scope": "read:team-b/** refresh:team-b/** metrics",
    });
    signer.token(&claims)
}

/// A token of a repository's pipeline.
fn jwt(signer: &Signer, repository: &str, exp: i64) -> String {
    let claims = serde_json::json!({ "iss": ISSUER, "aud": "charts", "sub": "run", "repository": repository, "exp": exp });
    signer.token(&claims)
}

/// The columns: what each shows, in several forms that must give the same.
fn columns(signer: &Signer) -> Vec<(&'static str, Vec<String>)> {
    let basic = |user: &str, password: &str| {
        format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
    };
    let token = |token: &str| vec![format!("Bearer {token}"), basic("anyone", token)];
    let password = "the-password-of-reader-a";
    let (always, never) = (START.0 / 1000 + 1_000_000, START.0 / 1000 - 1_000);
    let other = Signer::ed25519("a");
    vec![
        (
            "stranger",
            vec![
                String::new(),
                "Bearer".to_owned(),
                "Bearer the-token-of-nobody".to_owned(),
                "Bearer the-token-that-has-ended".to_owned(),
                format!("Bearer {password}"),
                basic("reader-a", "wrong"),
                basic("reader-b", password),
                basic("helm", "the-token-of-nobody"),
                format!("Bearer {}", jwt(signer, "evil/a", always)),
                format!("Bearer {}", jwt(signer, "acme/a", never)),
                basic("anyone", &jwt(&other, "acme/a", always)),
            ],
        ),
        (
            "reader-a",
            [
                vec![
                    basic("reader-a", password),
                    basic("reader-a", "second-password-of-reader-a"),
                ],
                token("the-token-of-reader-a"),
            ]
            .concat(),
        ),
        (
            "pipeline-a",
            [
                token("the-token-of-pipeline-a"),
                token(&jwt(signer, "acme/a", always)),
            ]
            .concat(),
        ),
        ("pusher-a", token("the-token-of-pusher-a")),
        ("access-a", token(&claiming(signer, "access", always))),
        ("scope-b", token(&claiming(signer, "scope", always))),
        ("prometheus", token("the-token-of-prometheus")),
        ("helm", vec![basic("helm", "secret")]),
        ("admin", token("t0ken")),
        ("sender", token("hook")),
    ]
}

/// The world, with the start of each package's digest.
fn world(signer: &Signer) -> (World, Vec<(&'static str, String)>) {
    let hub = (
        "ARTIFACTHUB_REPOSITORY_ID",
        "c0ffee00-0000-4000-8000-000000000000",
    );
    let issuers = issuers(signer);
    let settings = [("ACCOUNTS", ACCOUNTS), ("JWT_ISSUERS", &issuers), hub];
    let world = World::of(&[PRIVATE, &settings].concat());
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    let digests = REPOSITORIES.map(|repository| {
        let files: [(&str, &[u8]); 3] = [
            (
                "a/Chart.yaml",
                br#"{"apiVersion":"v2","name":"a","version":"1.0.0"}"#,
            ),
            ("a/values.yaml", repository.as_bytes()),
            ("a/templates/a.yaml", b"a"),
        ];
        let (name, bytes) = (format!("charts/{repository}"), package(&files));
        let provenance = Some(repository.as_bytes());
        let pushed = world
            .registry
            .push_chart(&name, "1.0.0", &metadata, &bytes, provenance, &[]);
        let space = repository.rsplit_once('/').map_or("", |(space, _)| space);
        (space, pushed.package.hex().split_at(16).0.to_owned())
    });
    world.pass();
    world.rest();
    (world, digests.to_vec())
}

/// A line's path in a space.
pub(super) fn path_in(line: &str, space: &str) -> String {
    let space = if space.is_empty() {
        String::new()
    } else {
        format!("/{space}")
    };
    let path = line.replace("/{space}", &space);
    if path.is_empty() {
        "/".to_owned()
    } else {
        path
    }
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    status: u16,
    refused: bool,
    /// What was looked at for it: calls to the registry, reads of KV, questions to the catalog, bodies read.
    effort: [usize; 4],
    /// The whole answer.
    shown: String,
}

fn send(world: &World, method: &str, path: &str, proof: &str) -> Outcome {
    send_with(world, method, path, proof, &[])
}

fn send_with(
    world: &World,
    method: &str,
    path: &str,
    proof: &str,
    more: &[(http::HeaderName, &str)],
) -> Outcome {
    let object = Object::new(world);
    let effort = |object: &Object<'_>| {
        let (calls, gets) = (world.registry.calls(), world.documents.gets());
        [calls, gets, object.asks(), world.received.borrow().len()]
    };
    let memory = Memory::with(rs256, verify);
    let before = effort(&object);
    let mut headers = more.to_vec();
    if !proof.is_empty() {
        headers.push((AUTHORIZATION, proof));
    }
    let request = request(method, path, &headers, "no package");
    let handled = world.serve(&world.registry, &object, &memory, request);
    let after = effort(&object);
    Outcome {
        status: handled.response.status().as_u16(),
        refused: handled
            .audit
            .is_some_and(|audit| audit.outcome == "refused"),
        effort: std::array::from_fn(|at| after[at] - before[at]),
        shown: match handled.response.body() {
            Body::Empty | Body::Bytes(_) => show(&handled.response),
            _ => String::new(),
        },
    }
}

/// The lines of the table: a route in a space, with its method and path.
fn lines(digests: &[(&'static str, String)]) -> Vec<(String, String, String)> {
    let mut lines = Vec::new();
    for route in ROUTES {
        let (method, path) = route.split_once(' ').unwrap();
        let everywhere = path.contains("{space}");
        for space in SPACES
            .iter()
            .take(if everywhere { SPACES.len() } else { 1 })
        {
            // The root has no name there.
            if everywhere && space.is_empty() && path.starts_with("/api/v1/") {
                continue;
            }
            let shown = path_in(path, space);
            let mut digests = digests.iter();
            let digest = digests.find(|(known, _)| known == space);
            let digest = digest.map_or("0123456789abcdef", |(_, digest)| digest);
            let asked = shown.replace("{digest}", digest);
            if everywhere && asked == "/" {
                continue;
            }
            lines.push((method.to_owned(), shown, asked));
        }
    }
    lines
}

#[test]
fn who_gets_what_of_each_route() {
    let signer = Signer::ed25519("a");
    let (world, digests) = world(&signer);
    let columns = columns(&signer);
    let mut table = format!("{:<76}", "");
    for (name, _) in &columns {
        let _ = write!(table, "{name:<12}");
    }
    for (method, shown, asked) in lines(&digests) {
        let _ = write!(table, "\n{:<76}", format!("{method} {shown}"));
        for (name, proofs) in &columns {
            let outcomes: Vec<_> = proofs
                .iter()
                .map(|proof| send(&world, &method, &asked, proof))
                .collect();
            let first = &outcomes[0];
            for (proof, outcome) in proofs.iter().zip(&outcomes) {
                let told = |outcome: &Outcome| (outcome.status, outcome.refused);
                assert_eq!(
                    told(outcome),
                    told(first),
                    "{method} {asked}, {name}: {proof}"
                );
                if outcome.refused {
                    assert_eq!(outcome.effort, [0; 4], "{method} {asked}, {name}");
                    assert_eq!(
                        outcome.shown, first.shown,
                        "{method} {asked}, {name}: {proof}"
                    );
                }
            }
            let mark = if first.refused { "x" } else { "" };
            let _ = write!(table, "{:<12}", format!("{}{mark}", first.status));
            if method == "GET" {
                let head = send(&world, "HEAD", &asked, &proofs[0]);
                assert_eq!(
                    (head.status, head.refused),
                    (first.status, first.refused),
                    "{asked}"
                );
            }
        }
    }
    let table: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// What a hidden space answers is what one that is not there does, byte for byte, whatever the route.
#[test]
fn what_one_may_not_see_does_not_exist() {
    let signer = Signer::ed25519("a");
    let (world, _) = world(&signer);
    for route in ROUTES.iter().filter(|route| route.contains("{space}")) {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{digest}", "0123456789abcdef");
        for (name, proofs) in columns(&signer) {
            if matches!(name, "helm" | "admin" | "scope-b") {
                continue;
            }
            let told = ["team-b", "nowhere"].map(|space| {
                let outcome = send(&world, method, &path_in(&path, space), &proofs[0]);
                assert!(outcome.refused, "{name} {method} {path}");
                outcome
            });
            assert_eq!(told[0], told[1], "{name} {method} {path}");
        }
    }
}

/// What a route does not answer to, it tells everybody alike, and looks at nothing for it.
#[test]
fn other_methods_are_told_alike() {
    let signer = Signer::ed25519("a");
    let (world, digests) = world(&signer);
    let lines = lines(&digests);
    for (_, _, path) in &lines {
        let answered = lines.iter().filter(|(_, _, other)| other == path);
        let answered: Vec<&str> = answered.map(|(method, ..)| method.as_str()).collect();
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "X",
        ] {
            if answered.contains(&method) {
                continue;
            }
            let told = columns(&signer)
                .iter()
                .map(|(_, proofs)| send(&world, method, path, &proofs[0]))
                .collect::<Vec<_>>();
            if path.starts_with("/api/") && told[0].status != 405 {
                // Another line of the table has this path.
                continue;
            }
            assert!(
                matches!(told[0].status, 404 | 405),
                "{method} {path}: {}",
                told[0].status
            );
            for one in &told {
                assert_eq!(one, &told[0], "{method} {path}");
                assert_eq!(one.effort, [0; 4], "{method} {path}");
            }
        }
    }
}
