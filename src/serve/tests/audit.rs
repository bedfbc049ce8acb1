//! Who did or was refused what.

use http::header::{AUTHORIZATION, HeaderName, ORIGIN};

use super::*;

const ACCOUNTS: (&str, &str) = (
    "ACCOUNTS",
    "team: { token: the-token-of-the-team, read: team/**, refresh: team/** }",
);
const TEAM: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-team");

/// Method, path and headers of a request.
type Asked<'a> = (&'a str, &'a str, &'a [(HeaderName, &'static str)]);

/// The lines of some requests, `-` for one that leaves none.
#[test]
fn refusals_refreshes_and_notifications_leave_a_line() {
    let world = World::of(&[PRIVATE, &[ACCOUNTS]].concat());
    let accepted = serde_json::json!({"ticket": {"number": 1, "sources": [], "pass": null}, "done": false, "etag": null, "fault": null, "unread": null});
    world.say([Say::Answer(accepted)]);
    world.publish_index("team", "index");
    let from = (HeaderName::from_static("cf-connecting-ip"), "192.0.2.7");
    let id = (HeaderName::from_static("cf-ray"), "8c0ffee");
    let hook = (AUTHORIZATION, "Bearer hook");
    let wrong = (AUTHORIZATION, "Bearer a-secret-mistyped");
    let foreign = (ORIGIN, "https://evil.example");
    let requests: [Asked<'_>; 12] = [
        ("GET", "/team/index.yaml", &[TEAM]),
        ("GET", "/", &[]),
        ("GET", "/nothing/at.all", &[]),
        ("GET", "/other/index.yaml", &[TEAM]),
        ("GET", "/team/index.yaml", std::slice::from_ref(&wrong)),
        ("GET", "/info", &[TEAM]),
        ("GET", "/health?deep", &[]),
        ("GET", "/health?deep", &[TEAM]),
        ("POST", "/refresh/team?secret=x", &[TEAM]),
        ("POST", "/refresh/other", &[TEAM]),
        ("POST", "/webhook/harbor", &[hook]),
        ("POST", "/refresh", &[ADMIN, foreign]),
    ];
    let lines = requests.map(|(method, path, headers)| {
        let headers = [headers, &[from.clone(), id.clone()]].concat();
        let audit = world.send(method, path, &headers, "{}").audit;
        audit.map_or("-".to_owned(), |audit| {
            serde_json::to_string(&audit).unwrap()
        })
    });
    let text = lines.join("\n");
    assert!(
        !text.contains("secret") && !text.contains("the-token"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

/// The progress of a first sync counts what is everybody's.
#[test]
fn who_may_read_a_part_is_not_told_how_much_there_is() {
    let world = World::of(&[PRIVATE, &[ACCOUNTS]].concat());
    let progress = crate::catalog::ask::Progress {
        repositories: 9,
        listed: 9,
        tags: 5_000,
        read: 1_234,
        fault: None,
    };
    world.say([Say::NotReady(progress)]);
    let team = world.get_with("/team/index.yaml", &[TEAM]);
    assert_eq!(
        error(&team),
        "503 the first sync is still running: come again soon"
    );
    world.clock.advance(std::time::Duration::from_mins(1));
    let reader = world.get_with("/team/index.yaml", &[READER]);
    assert!(error(&reader).contains("5,000 tags"), "{}", error(&reader));
}
