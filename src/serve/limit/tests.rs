use base64::Engine as _;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, RETRY_AFTER};

use super::*;
use crate::serve::Memory;
use crate::serve::tests::{ADMIN, PRIVATE, READER, Say, World, error, status};
use crate::testing::{START, Signer, request};

const FROM: HeaderName = HeaderName::from_static("cf-connecting-ip");
const HERE: (HeaderName, &str) = (FROM, "192.0.2.7");
const WRONG: (HeaderName, &str) = (AUTHORIZATION, "Bearer wrong");

/// `helm:wrong`, where `helm:secret` is right.
const GUESS: (HeaderName, &str) = (AUTHORIZATION, "Basic aGVsbTp3cm9uZw==");

fn limited() -> World {
    let colleague = (
        "ACCOUNTS",
        r#"{"ada": {"password": "the-password-of-ada", "read": true}}"#,
    );
    let world = World::of(&[PRIVATE, &[colleague]].concat());
    world.publish_index("", "index");
    world.say([Say::Missing]);
    world.limits.set(3);
    world
}

fn basic(user: &str, password: &str) -> String {
    let pair = crate::secret::BASE64.encode(format!("{user}:{password}"));
    format!("Basic {pair}")
}

#[test]
fn guessing_a_password_has_a_price() {
    let world = limited();
    let from = |address: &'static str, shown: (HeaderName, &'static str)| {
        world.get_with("/index.yaml", &[(FROM, address), shown])
    };
    for _ in 0..3 {
        assert_eq!(status(&from("192.0.2.7", GUESS)), 401);
    }
    let fourth = from("192.0.2.7", GUESS);
    assert_eq!(error(&fourth), "429 too many requests: wrong credentials");
    assert_eq!(fourth.headers()[RETRY_AFTER], "60");
    // With the right one neither, or the answer would tell which it is; on no route.
    assert_eq!(status(&from("192.0.2.7", READER)), 429);
    for path in ["/", "/info", "/health", "/team/charts/a-1.0.0.tgz"] {
        for shown in [READER, GUESS] {
            let told = world.get_with(path, &[HERE, shown]);
            assert_eq!(status(&told), 429, "{path}");
        }
    }
    // Elsewhere it is listened to, and so is who shows nothing.
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

/// One job with a wrong password locked out everybody behind the address of an office.
#[test]
fn who_guesses_shuts_out_no_other_account_behind_the_same_address() {
    let world = limited();
    for _ in 0..10 {
        world.get_with("/index.yaml", &[HERE, GUESS]);
        world.get_with("/index.yaml", &[HERE, WRONG]);
    }
    let from_here = |shown: &str| {
        let headers = [HERE, (AUTHORIZATION, shown)];
        status(&world.get_with("/index.yaml", &headers))
    };
    assert_eq!(from_here(READER.1), 429);
    assert_eq!(from_here(WRONG.1), 429);
    assert_eq!(from_here(&basic("ada", "the-password-of-ada")), 200);
    // A token is long and random: the right one is always let in, whatever user stands before it.
    assert_eq!(from_here(ADMIN.1), 200);
    assert_eq!(from_here(&basic("helm", "t0ken")), 200);
    // What is counted names no user, of whatever length.
    let long = "x".repeat(5000);
    assert_eq!(from_here(&basic(&long, "wrong")), 401);
    let paid: Vec<(String, u32)> = world.limits.taken();
    let keys: Vec<&str> = paid.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert_eq!(keys[0], "wrong credentials: address 192.0.2.7");
    for key in &keys[1..] {
        let user = key
            .strip_prefix("wrong credentials: address 192.0.2.7 as ")
            .unwrap();
        assert_eq!(user.len(), 16, "{key}");
    }
}

/// Genuine tokens were refused while their issuer did not give its keys, and paid as guesses.
#[test]
fn a_token_that_cannot_be_judged_is_no_guess() {
    let issuers = serde_json::json!({ "ours": {
        "issuer": "https://issuer.example", "audience": "charts",
        "jwks": "https://issuer.example/jwks", "scope": true,
    } });
    let issuers = ("JWT_ISSUERS", issuers.to_string());
    let world = World::of(&[PRIVATE, &[(issuers.0, issuers.1.as_str())]].concat());
    world.publish_index("", "index");
    world.limits.set(3);
    let _silent = world.registry.beside("issuer.example");
    let signer = Signer::ed25519("a");
    let token = |exp: i64| {
        signer.token(&serde_json::json!({
            "iss": "https://issuer.example", "aud": "charts", "scope": "read", "exp": START.0 / 1000 + exp,
        }))
    };
    let memory = Memory::with(crate::testing::rs256, crate::testing::verify);
    let sent = |path: &str, token: &str| {
        let shown = [(AUTHORIZATION, format!("Bearer {token}"))];
        let shown = shown
            .each_ref()
            .map(|(name, value)| (name.clone(), value.as_str()));
        let headers = [shown.as_slice(), &[HERE]].concat();
        let request = request("GET", path, &headers, "");
        world.serve(&world.registry, &world.catalog, &memory, request)
    };
    let genuine = token(3600);
    for _ in 0..10 {
        let handled = sent("/index.yaml", &genuine);
        let told = error(&handled.response);
        assert!(
            told.starts_with("503 whether this token is genuine"),
            "{told}"
        );
        assert_eq!(handled.response.headers()[RETRY_AFTER], "10");
        let fault = handled.fault.unwrap();
        assert_eq!(fault, "the keys of the issuer ours cannot be had");
    }
    // Where nobody needs to be known it does not matter.
    assert_eq!(status(&sent("/health", &genuine).response), 200);
    assert_eq!(world.limits.taken(), []);
    // One that is over is a guess, whatever its issuer would say.
    assert_eq!(status(&sent("/index.yaml", &token(-3600)).response), 401);
    assert_eq!(world.limits.taken().len(), 1);
}

/// The secret of webhooks is guessed as any other, and let in as any other token.
#[test]
fn guessing_the_secret_of_webhooks_has_a_price() {
    let world = limited();
    let told: Vec<u16> = (0..5)
        .map(|_| status(&world.post("/webhook/harbor", &[HERE, WRONG])))
        .collect();
    assert_eq!(told, [401, 401, 401, 429, 429]);
    world.say([Say::Answer(serde_json::Value::Null)]);
    for from in [HERE, (FROM, "2001:db8::1")] {
        let sender = [from, (AUTHORIZATION, "Bearer hook")];
        let body = r#"{"events":[]}"#;
        let answer = world.send("POST", "/webhook/distribution", &sender, body);
        assert_eq!(status(&answer.response), 202);
    }
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
