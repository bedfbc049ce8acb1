use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, RETRY_AFTER};

use super::*;
use crate::serve::tests::{ADMIN, PRIVATE, READER, Say, World, error, status};

const FROM: HeaderName = HeaderName::from_static("cf-connecting-ip");
const HERE: (HeaderName, &str) = (FROM, "192.0.2.7");
const WRONG: (HeaderName, &str) = (AUTHORIZATION, "Bearer wrong");

fn limited() -> World {
    let world = World::of(PRIVATE);
    world.publish_index("", "index");
    world.say([Say::Missing]);
    world.limits.set(3);
    world
}

#[test]
fn guessing_a_password_has_a_price() {
    let world = limited();
    let from = |address: &'static str, shown: (HeaderName, &'static str)| {
        world.get_with("/index.yaml", &[(FROM, address), shown])
    };
    for _ in 0..3 {
        assert_eq!(status(&from("192.0.2.7", WRONG)), 401);
    }
    let fourth = from("192.0.2.7", WRONG);
    assert_eq!(error(&fourth), "429 too many requests: wrong credentials");
    assert_eq!(fourth.headers()[RETRY_AFTER], "60");
    // With the right one neither, or the answer would tell which it is; on no route.
    assert_eq!(status(&from("192.0.2.7", READER)), 429);
    for path in ["/", "/info", "/health", "/nothing"] {
        let told = world.get_with(path, &[HERE, ADMIN]);
        assert_eq!(status(&told), 429, "{path}");
    }
    // Others go on, and so does who shows nothing.
    assert_eq!(status(&from("192.0.2.8", READER)), 200);
    assert_eq!(status(&world.get_with("/", &[HERE])), 200);
    world.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(status(&from("192.0.2.7", READER)), 200);
    // Who proves who they are pays nothing.
    world.limits.set(0);
    for _ in 0..10 {
        assert_eq!(status(&from("192.0.2.9", READER)), 200);
    }
    assert_eq!(world.limits.taken(), []);
}

/// The secret of webhooks is guessed as any other.
#[test]
fn guessing_the_secret_of_webhooks_has_a_price() {
    let world = limited();
    let told: Vec<u16> = (0..5)
        .map(|_| status(&world.post("/webhook/harbor", &[HERE, WRONG])))
        .collect();
    assert_eq!(told, [401, 401, 401, 429, 429]);
    assert_eq!(
        status(&world.post("/webhook/harbor", &[HERE, (AUTHORIZATION, "Bearer hook")])),
        429
    );
    let elsewhere = (FROM, "2001:db8::1");
    world.say([Say::Answer(serde_json::Value::Null)]);
    let sender = [elsewhere, (AUTHORIZATION, "Bearer hook")];
    let body = r#"{"events":[]}"#;
    let answer = world.send("POST", "/webhook/distribution", &sender, body);
    assert_eq!(status(&answer.response), 202);
    let paid: Vec<String> = world
        .limits
        .taken()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(paid, ["wrong credentials: address 192.0.2.7"]);
}

#[test]
fn asking_for_what_is_not_there_has_a_price() {
    let world = limited();
    for (nth, path) in ["/a/index.yaml", "/b", "/charts/x-1.tgz", "/c/index.yaml"]
        .iter()
        .enumerate()
    {
        let told = world.get_with(path, &[READER]);
        let expected = if nth < 3 { 404 } else { 429 };
        assert_eq!(status(&told), expected, "{path}");
    }
    assert_eq!(
        world.asked().len(),
        3,
        "nothing is asked for who has none left"
    );
    // What is there costs nothing, nor what is known to be missing.
    assert_eq!(status(&world.get_with("/index.yaml", &[READER])), 200);
    assert_eq!(
        world.limits.taken(),
        [("what is not there: account BASIC_AUTH_USER".to_owned(), 4)]
    );
}

#[test]
fn asking_past_caches_has_a_price() {
    let world = limited();
    world.say([Say::Document("fresh")]);
    let fresh = [READER, (CACHE_CONTROL, "no-cache")];
    let told: Vec<u16> = (0..4)
        .map(|_| status(&world.get_with("/index.yaml", &fresh)))
        .collect();
    assert_eq!(told, [200, 200, 200, 429]);
    // What is published is had without.
    assert_eq!(status(&world.get_with("/index.yaml", &[READER])), 200);
}

#[test]
fn who_pays() {
    let nobody = crate::access::Grants::NONE;
    let told = |from: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(FROM, from.parse().unwrap());
        payer(&Principal::stranger(&nobody), &headers)
    };
    assert_eq!(told("192.0.2.7"), "address 192.0.2.7");
    assert_eq!(told("2001:db8:1:2:3:4:5:6"), "address 2001:db8:1:2::/64");
    assert_eq!(told("2001:DB8:1:2::"), "address 2001:db8:1:2::/64");
    assert_eq!(told("x\\: y"), "address unknown");
    assert_eq!(
        payer(&Principal::stranger(&nobody), &HeaderMap::new()),
        "address unknown"
    );
}
