use http::header::{CACHE_CONTROL, CONTENT_LENGTH, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER};

use super::*;
use crate::catalog::Progress;
use crate::catalog::ask;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::serve::Body;
use crate::serve::tests::{
    ADMIN, PRIVATE, PUBLIC, READER, Say, World, bytes, error, question, show, status,
};
use crate::testing::request;

const NO_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");

fn view(path: &str) -> View {
    path.parse().unwrap()
}

fn not_ready(tags: u64, read: u64) -> Say {
    let progress = Progress {
        repositories: 9,
        listed: 9,
        tags,
        read,
        fault: None,
    };
    Say::NotReady(progress)
}

fn faulty(retry_at: Option<Timestamp>) -> Say {
    let fault = RegistryFault {
        host: "registry.example".to_owned(),
        kind: "denied access (401)".to_owned(),
        retry_at,
    };
    let progress = Progress {
        fault: Some(fault),
        ..Progress::default()
    };
    Say::NotReady(progress)
}

/// Registry calls, KV gets, questions.
fn calls(world: &World) -> (usize, usize, usize) {
    (
        world.registry.calls(),
        world.documents.gets(),
        world.asked().len(),
    )
}

#[test]
fn a_warm_read_is_one_get_and_the_stream_untouched() {
    let world = World::of(PUBLIC);
    world.publish_index("", "apiVersion: v1");
    insta::assert_snapshot!(show(&world.get("/index.yaml")), @r#"
        200
        cache-control: public, no-cache, no-transform
        content-length: 14
        content-type: application/x-yaml
        etag: "apiVersion: v1"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        stream: apiVersion: v1
    "#);
    assert_eq!(calls(&world), (0, 1, 0));
    assert_eq!(world.documents.reads(), 0);
}

#[test]
fn a_warm_head_is_one_get() {
    let world = World::of(PUBLIC);
    world.publish_index("team-a", "text");
    let answer = world.head("/team-a/index.yaml");
    assert_eq!(status(&answer), 200);
    assert_eq!(answer.headers()[CONTENT_LENGTH], "4");
    assert_eq!(answer.body(), &Body::Empty);
    assert_eq!((calls(&world), world.documents.cancels()), ((0, 1, 0), 1));
}

#[test]
fn a_warm_304_is_one_get() {
    let world = World::of(PUBLIC);
    world.publish_index("", "text");
    for tag in ["\"text\"", "W/\"text\"", "\"x\", \"text\"", "*"] {
        world.documents.reset_counters();
        let answer = world.get_with("/index.yaml", &[(IF_NONE_MATCH, tag)]);
        assert_eq!(status(&answer), 304, "{tag}");
        assert_eq!(answer.body(), &Body::Empty);
        assert_eq!(answer.headers()[ETAG], "\"text\"");
        assert!(!answer.headers().contains_key(CONTENT_LENGTH));
        assert_eq!((calls(&world), world.documents.cancels()), ((0, 1, 0), 1));
    }
    let other = world.get_with("/index.yaml", &[(IF_NONE_MATCH, "\"other\"")]);
    assert_eq!(status(&other), 200);
}

#[test]
fn a_reader_is_told_of_once_an_interval_behind_the_answer() {
    let world = World::of(PUBLIC);
    world.publish_index("", "root");
    world.publish_index("a", "a");
    let read = |path: &str| world.send("GET", path, &[], "").afterwards;
    let told = |views: &[&str]| {
        let views = views.iter().map(|it| view(it)).collect();
        Some(ask::ViewsRead { views })
    };
    assert_eq!(read("/index.yaml"), told(&[""]));
    assert_eq!(read("/index.yaml"), None);
    assert_eq!(read("/a/index.yaml"), None);
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(read("/index.yaml"), told(&["", "a"]));
    assert_eq!(world.asked(), [""; 0]);
}

#[test]
fn a_miss_in_kv_is_answered_by_the_catalog() {
    let world = World::of(PUBLIC);
    world.say([Say::Document("from rows")]);
    let answer = world.get("/a/index.yaml");
    assert_eq!(
        (status(&answer), bytes(&answer)),
        (200, b"from rows".as_slice())
    );
    assert_eq!(answer.headers()[ETAG], "\"from rows\"");
    assert_eq!(answer.headers()[CONTENT_LENGTH], "9");
    assert_eq!(
        world.asked(),
        [question(&ask::Index {
            view: view("a"),
            fresh: false
        })]
    );
    let again = world.get_with("/a/index.yaml", &[(IF_NONE_MATCH, "\"from rows\"")]);
    assert_eq!(status(&again), 304);
}

#[test]
fn kv_out_of_order_is_no_outage() {
    let world = World::of(PUBLIC);
    world.publish_index("", "kv");
    world.documents.fail_gets(1);
    world.say([Say::Document("rows")]);
    let handled = world.send("GET", "/index.yaml", &[], "");
    assert_eq!(bytes(&handled.response), b"rows");
    assert_eq!(
        handled.fault.as_deref(),
        Some("the document store failed: 500")
    );
}

#[test]
fn what_does_not_exist_is_remembered_for_a_moment() {
    let world = World::of(PUBLIC);
    world.say([Say::Missing]);
    for _ in 0..3 {
        let answer = world.get("/no/index.yaml");
        assert_eq!(error(&answer), "404 there are no charts below this path");
    }
    assert_eq!(world.asked().len(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.say([Say::Document("new")]);
    assert_eq!(bytes(&world.get("/no/index.yaml")), b"new");
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn who_asks_past_kv_for_a_space_that_is_gone_is_told_so() {
    let world = World::of(PRIVATE);
    world.publish_index("team-a", "stale");
    world.say([Say::Missing]);
    let headers = [READER, NO_CACHE];
    assert_eq!(status(&world.get_with("/team-a/index.yaml", &headers)), 404);
    assert_eq!(
        bytes(&world.get_with("/team-a/index.yaml", &[READER])),
        b"stale"
    );
    // As long as it starts anew, what KV has is the better answer.
    world.clock.advance(Duration::from_secs(30));
    world.say([not_ready(0, 0)]);
    assert_eq!(
        bytes(&world.get_with("/team-a/index.yaml", &headers)),
        b"stale"
    );
}

#[test]
fn the_first_read_waits_for_the_first_pass() {
    let world = World::of(PUBLIC);
    let begun = world.clock.now();
    world.say([not_ready(0, 0), not_ready(9, 1), Say::Document("first")]);
    assert_eq!(bytes(&world.get("/index.yaml")), b"first");
    assert_eq!(world.clock.now().since(begun), Duration::from_secs(1));
    assert_eq!(world.asked().len(), 3);
}

#[test]
fn the_first_read_gives_up_after_twenty_seconds() {
    let world = World::of(PUBLIC);
    let begun = world.clock.now();
    world.say([not_ready(5000, 1234)]);
    let answer = world.get("/index.yaml");
    assert_eq!(
        error(&answer),
        "503 the first sync is still running: 1,234 of about 5,000 tags"
    );
    assert_eq!(answer.headers()[RETRY_AFTER], "5");
    assert_eq!(world.clock.now().since(begun), Duration::from_secs(20));
    assert_eq!((world.asked().len(), world.pauses()), (41, 40));
}

/// The catalog is asked twenty times a second: of two hundred who came before a long first pass was done, some still waited for
/// their turn when it was.
#[test]
fn two_hundred_wait_for_a_first_index_and_all_get_it() {
    let world = World::of(PUBLIC);
    let begun = world.clock.now();
    let fifteen_seconds = vec![not_ready(0, 0); 300];
    world.say(fifteen_seconds.into_iter().chain([Say::Document("first")]));
    let two_hundred = || {
        let requests = vec![request("GET", "/index.yaml", &[], ""); 200];
        let handled = world.serve_all(&world.registry, &world.catalog, &world.memory, requests);
        let statuses = handled.iter().map(|handled| status(&handled.response));
        statuses.collect::<Vec<u16>>()
    };
    assert_eq!(two_hundred(), [200; 200]);
    assert_eq!(world.asked().len(), 500);
    assert_eq!(world.clock.now().since(begun), Duration::from_secs(24));
    // Who cannot be answered is told so at last.
    world.say([not_ready(0, 0)]);
    assert_eq!(two_hundred(), [503; 200]);
    assert_eq!(world.clock.now().since(begun), Duration::from_secs(53));
}

#[test]
fn a_fault_of_the_registry_is_told_at_once() {
    let world = World::of(PUBLIC);
    world.say([faulty(None)]);
    let answer = world.get("/index.yaml");
    assert_eq!(
        error(&answer),
        "502 the registry registry.example denied access (401)"
    );
    assert_eq!(world.pauses(), 0);
    // Unless it is tried again while the client waits.
    let soon = world.clock.now().after(Duration::from_secs(6));
    world.say([faulty(Some(soon)), Say::Document("healed")]);
    assert_eq!(bytes(&world.get("/index.yaml")), b"healed");
    let late = world.clock.now().after(Duration::from_mins(2));
    world.say([faulty(Some(late))]);
    let answer = world.get("/index.yaml");
    assert_eq!(
        (
            status(&answer),
            answer.headers()[RETRY_AFTER].to_str().unwrap()
        ),
        (502, "120")
    );
}

#[test]
fn a_catalog_that_restarts_is_asked_again() {
    let world = World::of(PUBLIC);
    world.say([Say::broken(), Say::broken(), Say::Document("back")]);
    assert_eq!(bytes(&world.get("/index.yaml")), b"back");
    world.say([Say::broken()]);
    let handled = world.send("GET", "/index.yaml", &[], "");
    assert_eq!(error(&handled.response), "503 the catalog did not answer");
    assert_eq!(
        handled.fault.as_deref(),
        Some("catalog: the object was reset")
    );
    let reason = "no such table".to_owned();
    world.say([Say::Failed(reason)]);
    let handled = world.send("GET", "/index.yaml", &[], "");
    assert_eq!(error(&handled.response), "503 the catalog did not answer");
    assert_eq!(handled.fault.as_deref(), Some("catalog: no such table"));
}

#[test]
fn strangers_cannot_keep_the_catalog_busy() {
    let world = World::of(PUBLIC);
    world.say([Say::Missing]);
    for n in 0..20 {
        assert_eq!(status(&world.get(&format!("/x{n}/index.yaml"))), 404);
    }
    assert_eq!(world.pauses(), 0);
    // The next one waits for the next second.
    assert_eq!(status(&world.get("/y/index.yaml")), 404);
    assert_eq!((world.asked().len(), world.pauses()), (21, 2));
}

/// Strangers of a public Worker took the questions of those who prove who they are, and downloads past caches those of all.
#[test]
fn nobody_takes_the_questions_of_another_kind_of_sender() {
    let token = ("ADMIN_TOKEN", "t0ken");
    let world = World::of(&[PUBLIC, &[token]].concat());
    world.say([Say::Missing]);
    let kinds: [(&str, &[_]); 3] = [("a", &[]), ("b", &[ADMIN]), ("c", &[ADMIN, NO_CACHE])];
    for (nth, (name, headers)) in kinds.into_iter().enumerate() {
        for n in 0..40 {
            world.get_with(&format!("/charts/{name}-1.0.{n}.tgz"), headers);
        }
        assert_eq!(world.asked().len(), 20 * (nth + 1), "{name}");
    }
}

#[test]
fn who_is_known_may_ask_past_kv() {
    let world = World::of(PRIVATE);
    world.publish_index("", "old");
    world.say([Say::Document("new")]);
    for known in [READER, ADMIN] {
        let answer = world.get_with("/index.yaml", &[known.clone(), NO_CACHE]);
        assert_eq!(bytes(&answer), b"new");
        let pragma = (http::header::PRAGMA, "no-cache");
        assert_eq!(
            bytes(&world.get_with("/index.yaml", &[known, pragma])),
            b"new"
        );
    }
    assert_eq!(calls(&world), (0, 0, 4));
    assert_eq!(bytes(&world.get_with("/index.yaml", &[READER])), b"old");
    assert_eq!(world.asked().len(), 4);
}

/// `no-cache` had no limit: it is the catalog that answers, of which there is one for all.
#[test]
fn who_asks_past_caches_without_end_is_given_what_is_published() {
    let world = World::of(PRIVATE);
    world.publish_index("", "published");
    world.say(std::iter::repeat_n(Say::Document("newest"), 100));
    let mut given = std::collections::BTreeMap::new();
    for _ in 0..100 {
        let answer = world.get_with("/index.yaml", &[READER, NO_CACHE]);
        *given.entry(bytes(&answer).to_vec()).or_insert(0) += 1;
    }
    assert_eq!((given[&b"newest"[..]], given[&b"published"[..]]), (20, 80));
    // It takes nothing from those whose index is not in KV.
    let answer = world.get_with("/team-a/index.yaml", &[READER]);
    assert_eq!(bytes(&answer), b"newest");
}

#[test]
fn a_stranger_may_not() {
    let world = World::of(PUBLIC);
    world.publish_index("", "old");
    assert_eq!(bytes(&world.get_with("/index.yaml", &[NO_CACHE])), b"old");
    assert_eq!(world.asked(), [""; 0]);
}

#[test]
fn while_the_catalog_starts_anew_kv_goes_on_serving() {
    let world = World::of(PRIVATE);
    world.publish_index("", "old");
    for say in [not_ready(1, 0), faulty(None), Say::broken()] {
        world.say([say]);
        let answer = world.get_with("/index.yaml", &[READER, NO_CACHE]);
        assert_eq!(bytes(&answer), b"old");
    }
}

#[test]
fn while_a_deployment_spreads_readers_wait_for_their_own_catalog() {
    let world = World::of(PRIVATE);
    world.say([Say::Refused, Say::Refused, Say::Document("own")]);
    assert_eq!(bytes(&world.get_with("/index.yaml", &[READER])), b"own");
    assert_eq!(world.pauses(), 2);
    world.say([Say::Refused]);
    let file = world.get_with("/charts/a-1.0.0.tgz", &[READER]);
    assert_eq!(
        error(&file),
        "503 the first sync is still running: it has just begun"
    );
    let info = world.get_with("/info", &[ADMIN]);
    assert_eq!(error(&info), "503 the catalog did not answer");
}

#[test]
fn a_space_that_is_not_there_is_remembered_where_many_ask_past_kv() {
    let world = World::of(PRIVATE);
    world.say([Say::Missing]);
    for _ in 0..15 {
        let answer = world.get_with("/no/index.yaml", &[READER, NO_CACHE]);
        assert_eq!(status(&answer), 404);
    }
    assert_eq!(calls(&world), (0, 0, 9));
}
