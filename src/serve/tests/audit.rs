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
    let accepted = serde_json::json!({"ticket": 1, "done": false, "etag": null, "fault": null, "unread": null});
    world.say([Say::Answer(accepted)]);
    world.publish_index("team", "index");
    let from = (HeaderName::from_static("cf-connecting-ip"), "192.0.2.7");
    let id = (HeaderName::from_static("cf-ray"), "8c0ffee");
    let hook = (AUTHORIZATION, "Bearer hook");
    let wrong = (AUTHORIZATION, "Bearer a-secret-mistyped");
    let foreign = (ORIGIN, "https://evil.example");
    let requests: [Asked<'_>; 11] = [
        ("GET", "/team/index.yaml", &[TEAM]),
        ("GET", "/", &[]),
        ("GET", "/nothing/at.all", &[]),
        ("GET", "/other/index.yaml", &[TEAM]),
        ("GET", "/team/index.yaml", std::slice::from_ref(&wrong)),
        ("GET", "/info", &[TEAM]),
        ("GET", "/health?deep", &[]),
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
