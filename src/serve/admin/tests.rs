use http::header::{ETAG, HeaderName};

use super::*;
use crate::catalog::Status;
use crate::catalog::ask::{self, Ticket};
use crate::serve::tests::{
    ADMIN, PRIVATE, PUBLIC, READER, Say, World, error, question, show, status,
};

/// Longest notification that is read.
const LIMIT: usize = 1024 * 1024;

const HOOK: (HeaderName, &str) = (http::header::AUTHORIZATION, "Bearer hook");

fn numbered(number: u64) -> Ticket {
    Ticket {
        number,
        ..Ticket::default()
    }
}

fn accepted(ticket: u64, etag: Option<&str>) -> Say {
    let ticket = numbered(ticket);
    let etag = etag.map(str::to_owned);
    Say::answer(&Accepted {
        ticket,
        done: etag.is_some(),
        etag,
        fault: None,
        unread: None,
    })
}

#[test]
fn health_asks_nobody() {
    let world = World::of(PRIVATE);
    insta::assert_snapshot!(show(&world.get("/health")), @r#"
        200
        cache-control: no-store
        content-length: 16
        content-type: application/json
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        {"healthy":true}
    "#);
    assert_eq!((world.documents.gets(), world.asked().len()), (0, 0));
}

/// CVE-2020-29662 (Harbor): what the catalog holds is not for strangers.
#[test]
fn admin_routes_want_the_admin() {
    let world = World::of(PRIVATE);
    insta::assert_snapshot!(show(&world.get("/info")), @r#"
        401
        cache-control: no-store
        content-length: 44
        content-type: application/json
        strict-transport-security: max-age=31536000
        www-authenticate: Basic realm="admin", charset="UTF-8", Bearer realm="admin"
        x-content-type-options: nosniff

        {"error":"credentials are missing or wrong"}
    "#);
    for path in ["/info", "/metrics"] {
        assert_eq!(status(&world.get_with(path, &[READER])), 403, "{path}");
    }
    // A known account asks in vain for a password once more.
    assert_eq!(
        error(&world.post("/refresh", &[READER])),
        "403 this account lacks the right refresh"
    );
    assert_eq!(status(&world.post("/refresh/a", &[])), 401);
    let closed = World::of(PUBLIC);
    for path in ["/info", "/metrics"] {
        assert_eq!(
            error(&closed.get_with(path, &[ADMIN])),
            "403 closed: ADMIN_TOKEN is not set"
        );
    }
    assert_eq!(
        error(&closed.post("/refresh", &[ADMIN])),
        "403 closed: ADMIN_TOKEN is not set"
    );
    assert_eq!((world.asked(), closed.asked()), (vec![], vec![]));
}

#[test]
fn info_begins_with_the_version() {
    let world = World::of(PRIVATE);
    let info = serde_json::json!({ "ready": true, "counts": { "charts": 3 } });
    world.say([Say::answer(&info)]);
    let answer = show(&world.get_with("/info?page=2", &[ADMIN]));
    let start = concat!(
        "\n{\"version\":\"",
        env!("CARGO_PKG_VERSION"),
        "\",\"counts\":{\"charts\":3},"
    );
    assert!(answer.contains(start), "{answer}");
    assert_eq!(world.asked(), [question(&ask::Info { page: 2 })]);
    assert_eq!(
        error(&world.get_with("/info?page=x", &[ADMIN])),
        "400 page is not a number"
    );
}

#[test]
fn metrics_are_text() {
    let world = World::of(PRIVATE);
    let status = Status::default();
    world.say([Say::answer(&status)]);
    let answer = world.get_with("/metrics", &[ADMIN]);
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(show(&answer).contains("portolan_versions 0\n"));
}

#[test]
fn a_refresh_is_accepted() {
    let world = World::of(PRIVATE);
    world.say([accepted(1, None)]);
    insta::assert_snapshot!(show(&world.post("/refresh", &[ADMIN])), @r#"
        202
        cache-control: no-store
        content-length: 17
        content-type: application/json
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        {"accepted":true}
    "#);
    world.post("/refresh/team-a/nginx?confirm", &[ADMIN]);
    assert_eq!(
        world.asked(),
        [
            question(&ask::Refresh {
                path: None,
                confirm: false
            }),
            question(&ask::Refresh {
                path: Some("team-a/nginx".to_owned()),
                confirm: true
            }),
        ]
    );
    world.say([Say::Missing]);
    assert_eq!(
        error(&world.post("/refresh/x", &[ADMIN])),
        "404 there are no charts below this path"
    );
    for bad in ["wait=soon", "wait=-1", "confirm=maybe"] {
        assert_eq!(
            status(&world.post(&format!("/refresh?{bad}"), &[ADMIN])),
            400,
            "{bad}"
        );
    }
}

#[test]
fn a_refresh_waits_until_it_is_published() {
    let world = World::of(PRIVATE);
    world.say([
        accepted(7, None),
        accepted(7, None),
        accepted(7, Some("\"new\"")),
    ]);
    let answer = world.post("/refresh?wait=60", &[ADMIN]);
    assert_eq!(
        (status(&answer), answer.headers()[ETAG].to_str().unwrap()),
        (200, "\"new\"")
    );
    assert_eq!(
        world.asked(),
        [
            question(&ask::Refresh {
                path: None,
                confirm: false
            }),
            question(&ask::Await {
                ticket: numbered(7),
                path: None
            }),
            question(&ask::Await {
                ticket: numbered(7),
                path: None
            }),
        ]
    );
}

#[test]
fn a_refresh_waits_no_longer_than_it_was_told() {
    for (query, seconds) in [
        ("wait=3", 3),
        ("wait", 60),
        ("wait=2s", 2),
        ("wait=99999", 300),
        ("wait=0", 0),
    ] {
        let world = World::of(PRIVATE);
        let begun = world.clock.now();
        world.say([accepted(7, None)]);
        let answer = world.post(&format!("/refresh?{query}"), &[ADMIN]);
        let message = format!("504 not published within {seconds} seconds; the sync goes on");
        assert_eq!(error(&answer), message);
        assert_eq!(world.clock.now().since(begun), Duration::from_secs(seconds));
    }
}

/// CVE-2022-31667, CVE-2022-31669, CVE-2022-31670, CVE-2022-31671, CVE-2024-22278 (Harbor): naming an object is no right to it.
#[test]
fn a_notification_names_what_is_ours() {
    let world = World::of(PRIVATE);
    world.say([accepted(1, None)]);
    let body = r#"{"events":[
        {"action":"push","target":{"repository":"charts/a","tag":"1.0.0"}},
        {"action":"push","target":{"repository":"charts/a","tag":"no tag"}},
        {"action":"push","target":{"repository":"other/a","tag":"1.0.0"}},
        {"action":"push","target":{"repository":"../etc","tag":"1.0.0"}}
    ]}"#;
    let answer = world
        .send("POST", "/webhook/distribution", &[HOOK], body)
        .response;
    assert_eq!(status(&answer), 202);
    let a = "charts/a".to_owned();
    let names = vec![(a.clone(), Some("1.0.0".to_owned())), (a, None)];
    assert_eq!(
        world.asked(),
        [question(&ask::Changed::Notified {
            names,
            host: None,
            delivery: None
        })]
    );
}

#[test]
fn a_notification_of_others_asks_nobody() {
    let world = World::of(PRIVATE);
    let body = r#"{"events":[{"action":"push","target":{"repository":"other/a","tag":"1.0.0"}}]}"#;
    assert_eq!(
        status(
            &world
                .send("POST", "/webhook/distribution", &[HOOK], body)
                .response
        ),
        202
    );
    assert_eq!(world.asked(), [""; 0]);
}

#[test]
fn bad_notifications_start_nothing() {
    let world = World::of(PRIVATE);
    let send = |path: &str, headers: &[(HeaderName, &str)], body: &str| {
        error(&world.send("POST", path, headers, body).response)
    };
    let good = r#"{"events":[{"action":"push","target":{"repository":"charts/a"}}]}"#;
    let denied = "401 credentials are missing or wrong";
    let wrong = (http::header::AUTHORIZATION, "Bearer t0ken");
    let signature = (HeaderName::from_static("x-hub-signature-256"), "sha256=00");
    assert_eq!(send("/webhook/distribution", &[], good), denied);
    assert_eq!(send("/webhook/distribution", &[wrong], good), denied);
    assert_eq!(send("/webhook/github", &[signature], "{}"), denied);
    assert_eq!(send("/webhook/github", &[HOOK], "{}"), denied);
    // Of the right form, and of another body or by another secret; with the secret beside it, too.
    let name = HeaderName::from_static("x-hub-signature-256");
    let zeros = format!("sha256={}", "0".repeat(64));
    let forged = (name, zeros.as_str());
    let package = r#"{"registry_package":{"namespace":"charts","name":"a"}}"#;
    let github = send("/webhook/github", std::slice::from_ref(&forged), package);
    assert_eq!(github, denied);
    let harbor = send("/webhook/distribution", &[forged, HOOK], good);
    assert_eq!(harbor, denied);
    assert_eq!(
        send("/webhook/quay", &[HOOK], good),
        "404 there is no such kind of webhook"
    );
    assert_eq!(
        send("/webhook/harbor", &[HOOK], "{"),
        "400 the body is no notification of this kind"
    );
    let long = " ".repeat(LIMIT + 1);
    assert_eq!(
        send("/webhook/harbor", &[HOOK], &long),
        "413 the body is larger than 1048576 bytes"
    );
    let closed = World::of(PUBLIC);
    let answer = closed
        .send("POST", "/webhook/harbor", &[HOOK], good)
        .response;
    assert_eq!(error(&answer), "403 closed: WEBHOOK_SECRET is not set");
    assert_eq!((world.asked(), closed.asked()), (vec![], vec![]));
}

#[test]
fn a_refresh_that_could_not_read_what_it_was_for_is_a_502_that_says_why() {
    let fault = "registry.example: listing tags: answered 403";
    let world = World::of(PRIVATE);
    world.say([
        accepted(7, None),
        Say::answer(&Accepted {
            ticket: numbered(7),
            done: true,
            etag: Some("\"new\"".to_owned()),
            fault: Some(fault.to_owned()),
            unread: None,
        }),
    ]);
    let answer = world.post("/refresh/nginx?wait=60", &[ADMIN]);
    assert_eq!(status(&answer), 502);
    assert_eq!(error(&answer), format!("502 not synced: {fault}"));
}

#[test]
fn a_refresh_tells_what_it_left_out_and_ends_where_the_root_cannot_be_published() {
    let world = World::of(PRIVATE);
    let unread = "registry.example: reading a blob: answered 404";
    let done = |etag: Option<&str>, unread: Option<&str>| {
        Say::answer(&Accepted {
            ticket: numbered(7),
            done: true,
            etag: etag.map(str::to_owned),
            fault: None,
            unread: unread.map(str::to_owned),
        })
    };
    for (etag, unread, body) in [
        (
            Some("\"new\""),
            None,
            r#"{"etag":"\"new\"","published":true}"#.to_owned(),
        ),
        (
            Some("\"new\""),
            Some(unread),
            format!(r#"{{"etag":"\"new\"","published":true,"unread":"{unread}"}}"#),
        ),
        (None, None, r#"{"etag":null,"published":true}"#.to_owned()),
    ] {
        world.say([accepted(7, None), done(etag, unread)]);
        let answer = world.post("/refresh/nginx?wait=60", &[ADMIN]);
        assert_eq!(status(&answer), 200);
        assert!(show(&answer).ends_with(&body), "{}", show(&answer));
    }
}

#[test]
fn deep_health_names_the_sources_that_are_denied_or_not_read() {
    let world = World::of(PRIVATE);
    assert_eq!(status(&world.get("/health?deep")), 401);
    assert_eq!(status(&world.get_with("/health?deep", &[READER])), 403);
    let at = |millis| Some(crate::platform::Timestamp(millis));
    let source = |source: &str, denied_since, overdue| ask::SourceHealth {
        source: source.to_owned(),
        denied_since,
        busy_since: None,
        read: at(1_795_219_200_000),
        overdue,
        calls_left: None,
        all_read_by: None,
    };
    let with = |sources| {
        let mut told = Status::default();
        told.figures.sources = sources;
        world.say([Say::answer(&told)]);
        world.get_with("/health?deep", &[ADMIN])
    };
    assert_eq!(status(&with(vec![source("a.example", None, false)])), 200);
    let sick = with(vec![
        source("a.example", None, false),
        source("b.example", at(1_795_132_800_000), false),
        source("c.example", None, true),
    ]);
    assert_eq!(status(&sick), 503);
    let crate::serve::Body::Bytes(bytes) = sick.body() else {
        panic!("no body")
    };
    let told: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(
        told,
        serde_json::json!({"healthy": false, "sources": [
            {"source": "b.example", "denied_since": "2026-11-20T00:00:00Z", "read": "2026-11-21T00:00:00Z"},
            {"source": "c.example", "denied_since": null, "read": "2026-11-21T00:00:00Z"},
        ]})
    );
}
