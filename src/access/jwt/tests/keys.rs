//! Keys that are asked for at an issuer.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{join_all, join3};
use http::{Request, Response, StatusCode};

use super::*;
use crate::access::authenticate::Verdict;
use crate::platform::{Clock, FetchError};
use crate::testing::run;

const JWKS: &str = "https://issuer.example/jwks";

/// The issuer's server.
struct Server {
    /// What it answers.
    answer: RefCell<(u16, String)>,
    /// What it was asked.
    asked: RefCell<Vec<String>>,
    /// How long its answers take.
    takes: Cell<Duration>,
    clock: VirtualClock,
    cancelled: Cell<usize>,
}

impl Fetch for Server {
    type Body = Bytes;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
        assert_eq!(request.method(), "GET");
        assert!(!request.headers().contains_key(AUTHORIZATION));
        self.asked.borrow_mut().push(request.uri().to_string());
        self.clock.sleep(self.takes.get()).await;
        let (status, body) = self.answer.borrow().clone();
        if status == 0 {
            return Err(FetchError::Timeout);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        if body.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        Ok(body)
    }

    async fn cancel(&self, _: Bytes) {
        self.cancelled.set(self.cancelled.get() + 1);
    }

    async fn wait(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

/// An isolate, its settings and the issuer's server.
struct Isolate {
    config: Config,
    ring: KeyRing,
    server: Server,
    clock: VirtualClock,
}

impl Isolate {
    fn new(answer: &Value) -> Self {
        let issuer = json!({ "issuer": ISSUER, "audience": AUDIENCE, "jwks": JWKS, "scope": true });
        let clock = VirtualClock::at(Timestamp(NOW * 1000));
        Self {
            config: settings(&json!({ "ours": issuer }), &[]),
            ring: KeyRing::default(),
            server: Server {
                answer: RefCell::new((200, answer.to_string())),
                asked: RefCell::default(),
                takes: Cell::new(Duration::ZERO),
                clock: clock.clone(),
                cancelled: Cell::new(0),
            },
            clock,
        }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn answers(&self, status: u16, body: &impl ToString) {
        *self.server.answer.borrow_mut() = (status, body.to_string());
    }

    /// Whether a signer's token is believed now, or when to come again, in seconds.
    async fn tries(&self, signer: &Signer) -> String {
        let now = self.clock.now();
        let token = signer.token(&with(&json!({ "exp": now.0 / 1000 + 60 })));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let judge = TokenJudge {
            ring: &self.ring,
            fetch: &self.server,
            verify: Some(verify),
            now,
        };
        let identity = authenticate::identify(&self.config.accounts, &headers, &judge).await;
        assert_eq!(
            identity.principal.is_known(),
            identity.verdict == Verdict::Token
        );
        match identity.verdict {
            Verdict::Token => YES.to_owned(),
            Verdict::Wrong => NO.to_owned(),
            Verdict::Undecided(missing) => format!("in {}", missing.retry_after),
            other => panic!("{other:?}"),
        }
    }

    /// What becomes of it, and how often the issuer has been asked by then.
    fn told(&self, signer: &Signer) -> (String, usize) {
        let believed = run(&self.clock, self.tries(signer));
        (believed, self.server.asked.borrow().len())
    }
}

const YES: &str = "yes";
const NO: &str = "no";

fn so(believed: &str, asked: usize) -> (String, usize) {
    (believed.to_owned(), asked)
}

fn set(signers: &[&Signer]) -> Value {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys })
}

#[test]
fn a_set_is_asked_for_once_and_again_for_a_key_that_is_not_in_it() {
    let (old, new, never) = (
        Signer::ed25519("old"),
        Signer::p256("new"),
        Signer::ed25519("never"),
    );
    let isolate = Isolate::new(&set(&[&old]));
    for _ in 0..10 {
        assert_eq!(isolate.told(&old), so(YES, 1));
    }
    assert_eq!(*isolate.server.asked.borrow(), [JWKS]);
    // Not within a minute of the last time, whatever keys tokens name.
    isolate.answers(200, &set(&[&old, &new]));
    isolate.wait(59);
    assert_eq!(isolate.told(&new), so(NO, 1));
    isolate.wait(1);
    assert_eq!(isolate.told(&new), so(YES, 2));
    for _ in 0..100 {
        assert_eq!(isolate.told(&never), so(NO, 2));
        assert_eq!(isolate.told(&new), so(YES, 2));
    }
    for minute in 0..5 {
        isolate.wait(60);
        for _ in 0..20 {
            assert_eq!(isolate.told(&never), so(NO, 3 + minute));
        }
    }
}

/// A key that was taken back works for an hour at most while the issuer answers.
#[test]
fn a_set_is_asked_for_again_after_an_hour() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let isolate = Isolate::new(&set(&[&old]));
    assert_eq!(isolate.told(&old), so(YES, 1));
    isolate.answers(200, &set(&[&new]));
    isolate.wait(3599);
    assert_eq!(isolate.told(&old), so(YES, 1));
    isolate.wait(1);
    assert_eq!(isolate.told(&old), so(NO, 2));
    assert_eq!(isolate.told(&new), so(YES, 2));
}

/// That a key is not there is not told while nobody can say.
#[test]
fn while_the_issuer_is_down_known_keys_go_on_for_hours_and_it_is_asked_once_a_minute() {
    let (known, other) = (Signer::ed25519("known"), Signer::ed25519("other"));
    let isolate = Isolate::new(&set(&[&known]));
    assert_eq!(isolate.told(&known), so(YES, 1));
    isolate.wait(3600);
    isolate.answers(0, &"");
    for _ in 0..10 {
        assert_eq!(isolate.told(&known), so(YES, 2));
        assert_eq!(isolate.told(&other), so("in 60", 2));
    }
    isolate.wait(60);
    assert_eq!(isolate.told(&known), so(YES, 3));
    isolate.wait(5 * 3600);
    assert_eq!(isolate.told(&known), so("in 10", 4));
    isolate.answers(200, &set(&[&known]));
    isolate.wait(4);
    assert_eq!(isolate.told(&known), so("in 6", 4));
    isolate.wait(6);
    assert_eq!(isolate.told(&known), so(YES, 5));
    assert_eq!(isolate.told(&other), so(NO, 5));
}

/// Requests that come at one time to a new isolate wait for what one of them asks, and none is refused for that.
#[test]
fn of_the_first_requests_of_an_isolate_one_asks() {
    let known = Signer::ed25519("known");
    let isolate = Isolate::new(&set(&[&known]));
    isolate.server.takes.set(Duration::from_millis(700));
    let all = join_all((0..50).map(|_| isolate.tries(&known)));
    assert_eq!(run(&isolate.clock, all), [YES; 50]);
    assert_eq!(isolate.server.asked.borrow().len(), 1);
}

/// An issuer signs with a new key, or what was known is too old, and several tokens come at one time. Those of a key that may still be
/// used wait for nobody.
#[test]
fn of_the_first_requests_with_a_new_key_one_asks() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    for hours in [0, 2, 7] {
        let isolate = Isolate::new(&set(&[&old]));
        assert_eq!(isolate.told(&old), so(YES, 1));
        isolate.answers(200, &set(&[&old, &new]));
        isolate.wait(60 + hours * 3600);
        isolate.server.takes.set(Duration::from_millis(700));
        let all = join_all((0..20).map(|_| isolate.tries(&new)));
        let both = async {
            let first = isolate.tries(&new);
            let beside = isolate.tries(&old);
            join3(all, first, beside).await
        };
        let begun = isolate.clock.now();
        let (all, first, beside) = run(&isolate.clock, both);
        assert_eq!(
            (all, first, beside),
            (vec![YES.to_owned(); 20], YES.to_owned(), YES.to_owned())
        );
        let waited = isolate.clock.now().since(begun);
        assert!(waited >= Duration::from_millis(700), "{waited:?}");
        assert_eq!(isolate.server.asked.borrow().len(), 2, "{hours} hours");
        assert_eq!(isolate.told(&Signer::p256("never")), so(NO, 2));
    }
}

/// An issuer that does not answer holds nobody up for longer than five seconds, where a registry may take thirty.
#[test]
fn an_issuer_that_hangs_is_waited_for_shortly() {
    let known = Signer::ed25519("known");
    let isolate = Isolate::new(&set(&[&known]));
    isolate.server.takes.set(Duration::from_mins(10));
    let begun = isolate.clock.now();
    let all = run(
        &isolate.clock,
        join_all((0..20).map(|_| isolate.tries(&known))),
    );
    assert!(all.iter().all(|told| told.starts_with("in ")), "{all:?}");
    let waited = isolate.clock.now().since(begun);
    assert!(waited <= Duration::from_millis(5100), "{waited:?}");
    assert_eq!(isolate.server.asked.borrow().len(), 1);
    isolate.server.takes.set(Duration::ZERO);
    isolate.wait(5);
    assert_eq!(isolate.told(&known), so(YES, 2));
}

/// A client that leaves takes its question along.
#[test]
fn what_was_asked_by_a_request_that_is_gone_is_asked_again() {
    let known = Signer::ed25519("known");
    let isolate = Isolate::new(&set(&[&known]));
    isolate.server.takes.set(Duration::from_secs(1));
    assert_eq!(isolate.tries(&known).now_or_never(), None);
    assert_eq!(isolate.server.asked.borrow().len(), 1);
    isolate.wait(5);
    assert_eq!(isolate.told(&known), so(YES, 2));
}

#[test]
fn what_is_no_set_is_as_no_answer() {
    let known = Signer::ed25519("known");
    for (status, body) in [
        (200, String::new()),
        (200, "<html>".to_owned()),
        (200, "[]".to_owned()),
        (200, r#"{"keys":{}}"#.to_owned()),
        (200, r#"{"keys":[]}"#.to_owned()),
        (200, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#.to_owned()),
        (200, format!("{}{}", " ".repeat(256 * 1024), set(&[&known]))),
        (302, set(&[&known]).to_string()),
        (404, set(&[&known]).to_string()),
        (500, set(&[&known]).to_string()),
        (0, String::new()),
    ] {
        let isolate = Isolate::new(&json!(null));
        isolate.answers(status, &body);
        for _ in 0..2 {
            assert_eq!(isolate.told(&known), so("in 10", 1), "{status} {body:.40}");
        }
        let cancelled = usize::from(!matches!(status, 0 | 200));
        assert_eq!(isolate.server.cancelled.get(), cancelled, "{status}");
    }
}

/// Tokens that are not of an issuer, or not of now, have nobody asked.
#[test]
fn strangers_do_not_have_an_issuer_asked() {
    let known = Signer::ed25519("known");
    let isolate = Isolate::new(&set(&[&known]));
    let judge = TokenJudge {
        ring: &isolate.ring,
        fetch: &isolate.server,
        verify: Some(verify),
        now: Timestamp(NOW * 1000),
    };
    for change in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "other" }),
        json!({ "exp": NOW - 3600 }),
        json!({ "exp": null }),
    ] {
        let token = known.token(&with(&change));
        let shown = Some(token.as_bytes());
        let headers = HeaderMap::new();
        let bearer = judge.bearer(&isolate.config.accounts.issuers, shown, &headers);
        assert!(matches!(block_on(bearer), Bearing::Nobody));
    }
    assert_eq!(isolate.server.asked.borrow().len(), 0);
}

/// Of a set only what is good for signatures by one of the three algorithms is used.
#[test]
fn which_keys_of_a_set_are_used() {
    let (rsa, p256, ed25519) = (Signer::rsa("a"), Signer::p256("b"), Signer::ed25519("c"));
    let changed = |signer: &Signer, name: &str, value: Value| {
        let mut jwk = signer.jwk();
        jwk[name] = value;
        jwk
    };
    let used = |keys: Vec<Value>| {
        key::set(json!({ "keys": keys }).to_string().as_bytes())
            .unwrap()
            .len()
    };
    assert_eq!(used(vec![rsa.jwk(), p256.jwk(), ed25519.jwk()]), 3);
    assert_eq!(
        used(vec![
            json!(7),
            json!({}),
            json!({ "kty": "RSA" }),
            ed25519.jwk()
        ]),
        1
    );
    for unfit in [
        changed(&rsa, "alg", json!("RS512")),
        changed(&rsa, "alg", json!("HS256")),
        changed(&rsa, "use", json!("enc")),
        changed(&rsa, "n", json!("AQAB")),
        changed(&rsa, "e", json!("AQ")),
        changed(&rsa, "e", json!("")),
        changed(&rsa, "d", json!("AQAB")),
        changed(&p256, "crv", json!("P-384")),
        changed(&p256, "x", json!("AA")),
        changed(&p256, "y", json!(null)),
        changed(&p256, "alg", json!("ES384")),
        changed(&ed25519, "crv", json!("X25519")),
        changed(&ed25519, "x", json!("AA==")),
        changed(&ed25519, "kty", json!("EC")),
        json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }),
    ] {
        assert_eq!(used(vec![unfit.clone()]), 0, "{unfit}");
    }
    let many: Vec<Value> = (0..200).map(|_| ed25519.jwk()).collect();
    assert_eq!(used(many), 64);
}
