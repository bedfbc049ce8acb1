//! Amazon's registries with an access key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::oci::Kind;
use crate::oci::credentials::AwsKeys;

use super::*;

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const EXCHANGE: &str = "POST https://api.ecr.eu-west-1.amazonaws.com/ [AWS4-HMAC-SHA256]";

fn bench(host: &str, id: &str) -> Bench {
    let bench = Bench::at(
        host,
        Credentials::Aws(AwsKeys {
            id: id.into(),
            secret: "wJalr".into(),
            session: None,
        }),
    );
    bench.registry.set_auth(Auth::basic("AWS", "first"));
    bench
}

/// From now on access keys are exchanged for `password`.
fn exchanges_for(bench: &Bench, password: &str) {
    bench.registry.heal();
    let token = STANDARD.encode(format!("AWS:{password}"));
    let end = bench.clock.now().after(Duration::from_hours(12)).0 / 1000;
    let one = json!({"authorizationToken": token, "expiresAt": end});
    let data = match bench.registry.registry().host() {
        ECR => json!([one]),
        _ => one,
    };
    let reply = json!({"authorizationData": data}).to_string();
    bench
        .registry
        .inject("POST ", None, Fault::status(200).body(reply));
}

#[test]
fn an_access_key_is_exchanged_once_in_half_a_day() {
    let bench = bench(ECR, "AKIDEXAMPLE");
    exchanges_for(&bench, "first");
    let shown = format!("{TAGS} [Basic]");
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [TAGS, EXCHANGE, &shown]);
    bench.clock.advance(Duration::from_hours(11));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [shown.as_str()]);
    bench.clock.advance(Duration::from_mins(40));
    exchanges_for(&bench, "second");
    bench.registry.set_auth(Auth::basic("AWS", "second"));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [EXCHANGE, &shown]);
}

/// ECR says 403 of a password that has ended (argo-cd#12554).
#[test]
fn a_password_that_ended_early_is_renewed_once() {
    let bench = bench(ECR, "AKIDEXAMPLE");
    exchanges_for(&bench, "first");
    let shown = format!("{TAGS} [Basic]");
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.sent();
    exchanges_for(&bench, "second");
    bench.registry.set_auth(Auth::basic("AWS", "second"));
    let ended = "Your authorization token has expired. Reauthenticate and try again.";
    bench
        .registry
        .inject("tags/list", Some(1), Fault::error(403, "DENIED", ended));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [&shown, EXCHANGE, &shown]);
    // One that is refused for good is not exchanged again and again.
    bench
        .registry
        .inject("tags/list", None, Fault::error(403, "DENIED", ended));
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied(403));
    assert_eq!(bench.sent(), [&shown, EXCHANGE, &shown]);
}

#[test]
fn calls_side_by_side_exchange_once() {
    let bench = bench(ECR, "AKIDEXAMPLE");
    exchanges_for(&bench, "first");
    bench.registry.set_latency(Duration::from_millis(20));
    let client = bench.client();
    let nginx = name("acme/nginx");
    let calls = (0..5).map(|_| client.tags(&nginx, None, None));
    for listed in crate::testing::run(&bench.clock, futures::future::join_all(calls)) {
        listed.unwrap();
    }
    assert_eq!(bench.registry.calls_to("POST "), 1);
}

#[test]
fn ecr_public_takes_the_password_at_its_token_server() {
    let bench = bench("public.ecr.aws", "AKIDEXAMPLE");
    exchanges_for(&bench, "first");
    bench.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://public.ecr.aws/token/".to_owned(),
        user: Some(("AWS".to_owned(), "first".to_owned())),
        opaque_scope: Some("aws".to_owned()),
        ..TokenAuth::default()
    }));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            TAGS,
            "POST https://api.ecr-public.us-east-1.amazonaws.com/ [AWS4-HMAC-SHA256]",
            "GET /token/?service=registry.example&scope=aws [Basic]",
            &format!("{TAGS} [token-1]"),
        ]
    );
}

#[test]
fn a_key_that_is_no_good_is_a_denial_and_nothing_more_is_sent() {
    let refused = |body: &str| {
        let bench = bench(ECR, "AKIDEXAMPLE");
        bench
            .registry
            .inject("POST ", None, Fault::status(400).body(body.to_owned()));
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(bench.sent(), [TAGS, EXCHANGE], "{body}");
        assert!(!error.to_string().contains("wJalr"));
        error
    };
    let error = refused(
        r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
    );
    assert_eq!(error.kind(), Kind::Denied(400));
    assert_eq!(
        error.to_string(),
        "api.ecr.eu-west-1.amazonaws.com: asking for a token: answered 400 (DENIED)"
    );
    let kind = |name: &str| refused(&format!(r#"{{"__type":"{name}"}}"#)).kind();
    assert_eq!(kind("ExpiredTokenException"), Kind::Denied(400));
    assert_eq!(kind("ThrottlingException"), Kind::Throttled);
    assert_eq!(kind("ServerException"), Kind::Unsupported);
}

#[test]
fn the_exchange_is_not_redirected_nor_believed_when_it_is_garbage() {
    for fault in [
        Fault::status(307).header("location", "https://evil.example/"),
        Fault::status(200).body("<html>"),
        Fault::status(200),
        Fault::status(200).body(r#"{"authorizationData":[]}"#),
    ] {
        let bench = bench(ECR, "AKIDEXAMPLE");
        bench.registry.inject("POST ", None, fault);
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(error.kind(), Kind::Garbage);
        assert_eq!(bench.sent(), [TAGS, EXCHANGE]);
    }
}

/// A password belongs to the key that it was exchanged for.
#[test]
fn another_key_has_another_password() {
    let first = bench(ECR, "AKIDEXAMPLE");
    exchanges_for(&first, "first");
    done(tags(&first, "acme/nginx")).unwrap();
    let second = bench(ECR, "AKIDOTHER");
    exchanges_for(&second, "first");
    let second = Bench {
        tokens: first.tokens,
        ..second
    };
    done(tags(&second, "acme/nginx")).unwrap();
    assert_eq!(second.registry.calls_to("POST "), 1);
}
