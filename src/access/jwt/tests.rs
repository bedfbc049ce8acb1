//! Tokens of a signer, and everything that is tried with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use futures::executor::block_on;
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::access::{Principal, Right, authenticate};
use crate::config::Config;
use crate::testing::{FakeRegistry, Signer, VirtualClock, verify};

mod keys;
mod rights;

/// 2026-11-21, in seconds.
const NOW: i64 = 1_795_219_200;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://charts.example";

/// Settings with one issuer that has these keys, and whose tokens give what their scope says.
fn config(keys: &Value) -> Config {
    let issuer =
        json!({ "issuer": ISSUER, "audience": AUDIENCE, "key": keys.to_string(), "scope": true });
    settings(&json!({ "ours": issuer }), &[])
}

#[track_caller]
fn settings(issuers: &Value, more: &[(&str, &str)]) -> Config {
    let issuers = issuers.to_string();
    let all = [
        ("REGISTRY", "registry.example/charts"),
        ("JWT_ISSUERS", &issuers),
    ];
    let all = [&all, more].concat();
    Config::from_lookup(|name| {
        let setting = all.iter().find(|(key, _)| *key == name);
        setting.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

/// Claims that are right, and read everything.
fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "sub": "robot", "scope": "read" })
}

/// The same but for some.
fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// Whom a header proves, before an isolate that knows nothing yet.
fn proven<'c>(config: &'c Config, name: &HeaderName, value: &str) -> Principal<'c> {
    let clock = VirtualClock::at(Timestamp(NOW * 1000));
    let ring = KeyRing::default();
    let judge = TokenJudge {
        ring: &ring,
        fetch: &FakeRegistry::new(&clock),
        verify: Some(verify),
        now: Timestamp(NOW * 1000),
    };
    let mut headers = HeaderMap::new();
    headers.insert(name, value.parse().unwrap());
    block_on(authenticate::identify(&config.accounts, &headers, &judge)).principal
}

#[track_caller]
fn believed(config: &Config, token: &str, expected: bool) {
    let principal = proven(config, &AUTHORIZATION, &format!("Bearer {token}"));
    let account = expected.then_some("ours:robot");
    assert_eq!(principal.account(), account, "{token}");
}

fn signers() -> [Signer; 3] {
    [Signer::rsa("a"), Signer::p256("b"), Signer::ed25519("c")]
}

#[test]
fn each_algorithm_proves_by_jwk_and_by_pem_in_each_kind_of_header() {
    for signer in signers() {
        let set = json!({ "keys": [signer.jwk()] });
        let token = signer.token(&claims());
        for keys in [signer.jwk(), set] {
            believed(&config(&keys), &token, true);
        }
        for pem in [signer.pem(), signer.pem().replace('\n', "\\n")] {
            let issuer =
                json!({ "issuer": ISSUER, "audience": AUDIENCE, "key": pem, "scope": true });
            believed(&settings(&json!({ "ours": issuer }), &[]), &token, true);
        }
        let config = config(&signer.jwk());
        let basic = crate::secret::BASE64.encode(format!("anyone:{token}"));
        for value in [format!("Basic {basic}"), token.clone()] {
            let account = proven(&config, &AUTHORIZATION, &value);
            assert_eq!(account.account(), Some("ours:robot"), "{value}");
        }
        let access = proven(&config, &ASSERTION, &token);
        assert_eq!(access.account(), Some("ours:robot"));
        let elsewhere = HeaderName::from_static("x-token");
        assert!(!proven(&config, &elsewhere, &token).is_known());
    }
}

/// Whoever changes a byte of the token, or signs with another key of the same kind, is nobody.
#[test]
fn a_signature_is_of_these_bytes_by_this_key() {
    let others = [Signer::p256("b"), Signer::ed25519("c")];
    for (signer, other) in [Signer::p256("b"), Signer::ed25519("c")]
        .iter()
        .zip(&others)
    {
        let config = config(&signer.jwk());
        believed(&config, &other.token(&claims()), false);
    }
    for signer in signers() {
        let config = config(&signer.jwk());
        let token = signer.token(&claims());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (head, _) = signed.split_once('.').unwrap();
        let more = BASE64URL.encode(with(&json!({ "scope": "admin" })).to_string());
        for forged in [
            format!("{head}.{more}.{signature}"),
            format!("{signed}."),
            signed.to_owned(),
            format!("{signed}.{signature}A"),
            format!("{signed}.{}", BASE64URL.encode([0; 64])),
            format!("{token}.{signature}"),
            token.to_uppercase(),
        ] {
            believed(&config, &forged, false);
        }
    }
}

/// CVE-2015-9235 and its kind: the token says how it is to be looked at.
#[test]
fn the_key_and_not_the_token_says_which_algorithm_counts() {
    for signer in signers() {
        let config = config(&signer.jwk());
        for algorithm in [
            "none", "None", "NONE", "", "HS256", "HS512", "RS256", "RS512", "PS256", "ES256",
            "ES384", "EdDSA", "Ed25519",
        ] {
            let head = json!({ "alg": algorithm, "kid": signer.jwk()["kid"] }).to_string();
            let token = signer.sign(&head, &claims().to_string());
            believed(&config, &token, algorithm == signer.algorithm());
            let (signed, _) = token.rsplit_once('.').unwrap();
            believed(&config, &format!("{signed}."), false);
            // The public key as the secret of an HMAC.
            for secret in [
                signer.pem(),
                signer.pem().trim().to_owned(),
                signer.jwk().to_string(),
            ] {
                let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
                let mac = mac.chain_update(signed).finalize().into_bytes();
                believed(
                    &config,
                    &format!("{signed}.{}", BASE64URL.encode(mac)),
                    false,
                );
            }
        }
        for head in [
            json!({}),
            json!({ "alg": null }),
            json!({ "alg": ["RS256"] }),
            json!({ "alg": 1 }),
        ] {
            believed(
                &config,
                &signer.sign(&head.to_string(), &claims().to_string()),
                false,
            );
        }
    }
}

/// CVE-2025-24976 (distribution): where a header says the key is to be had is not looked at, and a name of a key is a name only.
#[test]
fn headers_lead_to_no_other_key() {
    let (ours, theirs) = (Signer::ed25519("ours"), Signer::ed25519("theirs"));
    let config = config(&ours.jwk());
    for more in [
        json!({ "jwk": theirs.jwk() }),
        json!({ "jku": "https://evil.example/jwks" }),
        json!({ "x5u": "https://evil.example/cert" }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "kid": "https://evil.example/jwks" }),
        json!({ "kid": "../../../../dev/null" }),
        json!({ "kid": "ours' OR 1=1 --" }),
        json!({ "kid": "" }),
        json!({ "kid": "ours" }),
    ] {
        let mut head = json!({ "alg": "EdDSA", "kid": "ours" });
        head.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        believed(
            &config,
            &theirs.sign(&head.to_string(), &claims().to_string()),
            false,
        );
        let named = head["kid"] == "ours";
        believed(
            &config,
            &ours.sign(&head.to_string(), &claims().to_string()),
            named,
        );
    }
    for kid in [
        json!(null),
        json!(7),
        json!(["ours"]),
        json!("x".repeat(257)),
    ] {
        let head = json!({ "alg": "EdDSA", "kid": kid }).to_string();
        believed(&config, &ours.sign(&head, &claims().to_string()), false);
    }
    let unnamed = ours.sign(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    believed(&config, &unnamed, true);
}

#[test]
fn what_is_not_done_here_is_refused_and_not_passed_over() {
    let signer = Signer::ed25519("a");
    let config = config(&signer.jwk());
    let token = signer.token(&claims());
    for more in [
        json!({ "cty": "JWT" }),
        json!({ "cty": "jwt" }),
        json!({ "cty": "application/JWT" }),
        json!({ "cty": 1 }),
        json!({ "crit": ["exp"] }),
        json!({ "b64": false }),
        json!({ "enc": "A256GCM" }),
        json!({ "zip": "DEF" }),
    ] {
        let mut head = json!({ "alg": "EdDSA" });
        head.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        believed(
            &config,
            &signer.sign(&head.to_string(), &claims().to_string()),
            false,
        );
    }
    // A token as the claims of another; five parts, as encrypted ones have; and the JSON form.
    believed(&config, &signer.sign(r#"{"alg":"EdDSA"}"#, &token), false);
    believed(&config, &format!("{token}.AA.AA"), false);
    let parts: Vec<&str> = token.split('.').collect();
    let json = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    believed(&config, &json.to_string(), false);
    let other = json!({ "cty": "text/plain", "alg": "EdDSA", "typ": "at+jwt" }).to_string();
    believed(&config, &signer.sign(&other, &claims().to_string()), true);
}

#[test]
fn a_token_has_a_length_and_each_name_once() {
    let signer = Signer::ed25519("a");
    let config = config(&signer.jwk());
    for (filler, fine) in [
        (1_000, true),
        (7_800, true),
        (7_900, false),
        (100_000, false),
    ] {
        let claims = with(&json!({ "more": "x".repeat(filler * 3 / 4) }));
        let token = signer.token(&claims);
        assert_eq!(token.len() <= 8 * 1024, fine, "{}", token.len());
        believed(&config, &token, fine);
    }
    let head = r#"{"alg":"EdDSA"}"#;
    let text = claims().to_string();
    for twice in ["iss", "aud", "exp", "scope", "sub", "more"] {
        let first = text.replacen('{', &format!(r#"{{"{twice}":"x","more":1,"#), 1);
        believed(&config, &signer.sign(head, &first), false);
        let last = text.replacen('}', &format!(r#","more":1,"{twice}":"admin"}}"#), 1);
        believed(&config, &signer.sign(head, &last), false);
    }
    let twice = r#"{"alg":"EdDSA","alg":"EdDSA"}"#;
    believed(&config, &signer.sign(twice, &text), false);
    for claims in [
        "",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{",
        "{}",
        &"[".repeat(5_000),
    ] {
        believed(&config, &signer.sign(head, claims), false);
    }
}

#[test]
fn a_token_is_of_an_issuer_for_an_audience_and_of_now() {
    let signer = Signer::ed25519("a");
    let config = config(&signer.jwk());
    for (change, fine) in [
        (json!({}), true),
        // One that never ends, and times that are none.
        (json!({ "exp": null }), false),
        (json!({ "exp": "2030-01-01" }), false),
        (json!({ "exp": (NOW + 300).to_string() }), false),
        (json!({ "exp": true }), false),
        (json!({ "exp": [NOW + 300] }), false),
        (json!({ "exp": {} }), false),
        // A minute is between the clocks of two machines.
        (json!({ "exp": NOW - 59 }), true),
        (json!({ "exp": NOW - 60 }), false),
        (json!({ "exp": -1 }), false),
        (json!({ "exp": 1e300 }), true),
        (json!({ "exp": 1_795_219_500.5 }), true),
        (json!({ "nbf": NOW + 60 }), true),
        (json!({ "nbf": NOW + 61 }), false),
        (json!({ "nbf": "0" }), false),
        (json!({ "nbf": 1e300 }), false),
        (json!({ "iat": "whenever" }), true),
        (json!({ "iss": null }), false),
        (json!({ "iss": "https://issuer.example/" }), false),
        (
            json!({ "iss": "https://issuer.example.evil.example" }),
            false,
        ),
        (json!({ "iss": [ISSUER] }), false),
        (json!({ "aud": null }), false),
        (json!({ "aud": "" }), false),
        (json!({ "aud": "https://charts.example/" }), false),
        (json!({ "aud": [AUDIENCE] }), true),
        (json!({ "aud": ["other", AUDIENCE] }), true),
        (json!({ "aud": [] }), false),
        (json!({ "aud": ["other"] }), false),
        (json!({ "aud": [AUDIENCE, 7] }), false),
        (json!({ "aud": [[AUDIENCE]] }), false),
        (json!({ "aud": { AUDIENCE: true } }), false),
    ] {
        believed(&config, &signer.token(&with(&change)), fine);
    }
}

/// Secrets of accounts come first; an account may have one that looks like a token.
#[test]
fn a_secret_that_looks_like_a_token_is_its_account_s() {
    let signer = Signer::ed25519("a");
    let token = signer.token(&claims());
    let issuer = json!({ "issuer": ISSUER, "audience": AUDIENCE, "key": signer.jwk().to_string(), "scope": true });
    let accounts = json!({ "robot": { "token": token, "metrics": true } }).to_string();
    let config = settings(&json!({ "ours": issuer }), &[("ACCOUNTS", &accounts)]);
    let principal = proven(&config, &AUTHORIZATION, &format!("Bearer {token}"));
    assert_eq!(principal.account(), Some("robot"));
    assert!(!principal.reads_all());
}

/// The log names the subject, and a subject cannot fill it.
#[test]
fn a_subject_is_cut() {
    let signer = Signer::ed25519("a");
    let config = config(&signer.jwk());
    let name = |change: &Value| {
        let token = signer.token(&with(change));
        let principal = proven(&config, &AUTHORIZATION, &format!("Bearer {token}"));
        principal.account().unwrap().to_owned()
    };
    assert_eq!(
        name(&json!({ "sub": "é".repeat(400) })).chars().count(),
        5 + 128
    );
    assert_eq!(name(&json!({ "sub": null })), "ours:");
    assert_eq!(name(&json!({ "sub": 7 })), "ours:");
    let service = json!({ "sub": "", "common_name": "8f.access" });
    assert_eq!(name(&service), "ours:8f.access");
}
