use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::executor::block_on;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::signature::{Notice, Signs};
use super::*;
use crate::config::Config;
use crate::index::IndexScope;
use crate::platform::Timestamp;
use crate::secret::{COMPARED, Secret};
use crate::testing::{FakeRegistry, VirtualClock};

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// Judges a whole notification.
fn notifies(config: &Config, signs: Signs, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    Notice::of(config.webhook_secret.as_ref(), signs, headers)?.judge(body)
}

fn config(settings: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        settings
            .iter()
            .chain(&[("REGISTRY", "registry.example/charts")])
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

const LOCKED: &[(&str, &str)] = &[
    ("BASIC_AUTH_USER", "helm"),
    ("BASIC_AUTH_PASS", "pa:ss"),
    ("ADMIN_TOKEN", "t0ken"),
    ("WEBHOOK_SECRET", "It's a Secret to Everybody"),
];

/// Who sent a request where nobody's tokens are believed.
fn principal<'c>(config: &'c Config, headers: &HeaderMap, now: Timestamp) -> Principal<'c> {
    let judge = jwt::TokenJudge {
        ring: &jwt::KeyRing::default(),
        fetch: &FakeRegistry::new(&VirtualClock::at(now)),
        verify: None,
        now,
    };
    block_on(authenticate::identify(&config.accounts, headers, &judge)).principal
}

fn authorization(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

/// 2026-11-21, in milliseconds.
const NOW: Timestamp = Timestamp(1_795_219_200_000);

/// Three of these show password and token; each secret is long enough to be no warning.
const ACCOUNTS: &str = r#"{
  "anonymous": { "read": "public/**" },
  "team-a": { "password": "the-password-of-team-a", "read": "team-a/**", "push": "team-a", "delete": "team-a" },
  "ci": { "token": ["ci-token-of-yesterday", "sha256:5b37b71b23a2cd4e0d3dc8d5e1d56ad8b79a2c3e3c8f5e6e9a8d9b0a3c1d2e3f"], "refresh": "team-a/**" },
  "guest": { "token": "a-token-that-has-ended", "until": "2026-11-20", "read": true },
  "last-day": { "token": "a-token-that-ends-today", "until": "2026-11-21", "read": true },
  "prometheus": { "token": "the-token-of-prometheus", "metrics": true }
}"#;

#[track_caller]
fn is(settings: &[(&str, &str)], value: &str, expected: Option<&str>) {
    let config = config(settings);
    let principal = principal(&config, &authorization(value), NOW);
    assert_eq!(principal.account(), expected, "{value}");
}

#[test]
fn credentials_tell_who_calls() {
    let reader = Some("BASIC_AUTH_USER");
    let admin = Some("ADMIN_TOKEN");
    is(LOCKED, &basic("helm", "pa:ss"), reader);
    is(
        LOCKED,
        &basic("helm", "pa:ss").replace("Basic", "bAsIc "),
        reader,
    );
    is(LOCKED, basic("helm", "pa:ss").trim_end_matches('='), reader);
    is(LOCKED, "Bearer t0ken", admin);
    is(LOCKED, "bearer  t0ken", admin);
    is(LOCKED, &basic("anything", "t0ken"), admin);
    is(LOCKED, &basic("", "t0ken"), admin);
}

#[test]
fn accounts_are_proven_by_password_or_token() {
    let settings = &[("ACCOUNTS", ACCOUNTS)];
    is(
        settings,
        &basic("team-a", "the-password-of-team-a"),
        Some("team-a"),
    );
    is(settings, "Bearer ci-token-of-yesterday", Some("ci"));
    is(settings, &basic("ci", "ci-token-of-yesterday"), Some("ci"));
    is(
        settings,
        &basic("oauth2", "ci-token-of-yesterday"),
        Some("ci"),
    );
    is(settings, "Bearer a-token-that-ends-today", Some("last-day"));
    for nobody in [
        "Bearer a-token-that-has-ended",
        "Bearer the-password-of-team-a",
        &basic("ci", "the-password-of-team-a"),
        &basic("team-b", "the-password-of-team-a"),
        "Bearer 5b37b71b23a2cd4e0d3dc8d5e1d56ad8b79a2c3e3c8f5e6e9a8d9b0a3c1d2e3f",
        "Bearer sha256:5b37b71b23a2cd4e0d3dc8d5e1d56ad8b79a2c3e3c8f5e6e9a8d9b0a3c1d2e3f",
    ] {
        is(settings, nobody, None);
    }
}

#[test]
fn wrong_credentials_are_none() {
    for value in [
        basic("helm", "pass"),
        basic("Helm", "pa:ss"),
        basic("", ""),
        basic("helm", ""),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        "Basic aGVsbQ==".to_owned(),
        "Bearer".to_owned(),
        "Bearer t0ke".to_owned(),
        "Bearer pa:ss".to_owned(),
        "Digest t0ken".to_owned(),
        "\u{e9}".to_owned(),
    ] {
        is(LOCKED, &value, None);
    }
    let locked = config(LOCKED);
    assert!(!principal(&locked, &HeaderMap::new(), NOW).is_known());
}

/// Neither an unknown account nor a wrong password, a right one or an ended one is told apart by the work that it takes.
#[test]
fn the_work_does_not_tell_what_was_wrong() {
    let config = config(&[LOCKED, &[("ACCOUNTS", ACCOUNTS)]].concat());
    let work = |value: &str| {
        let before = COMPARED.get();
        principal(&config, &authorization(value), NOW);
        COMPARED.get() - before
    };
    let expected = work(&basic("nobody", "nothing"));
    assert!(expected > 6, "{expected}");
    for value in [
        basic("team-a", "wrong"),
        basic("team-a", "the-password-of-team-a"),
        basic("helm", "pa:ss"),
        "Bearer a-token-that-has-ended".to_owned(),
        "Bearer t0ken".to_owned(),
        "Bearer x".to_owned(),
        "something else".to_owned(),
    ] {
        assert_eq!(work(&value), expected, "{value}");
    }
}

/// Account × right × space, as one table: `+` may.
#[test]
fn what_each_principal_may_do() {
    let config = config(&[LOCKED, &[("ACCOUNTS", ACCOUNTS)]].concat());
    let mut table = String::new();
    for shown in [
        "",
        &basic("helm", "pa:ss"),
        "Bearer t0ken",
        &basic("team-a", "the-password-of-team-a"),
        "Bearer ci-token-of-yesterday",
        "Bearer the-token-of-prometheus",
    ] {
        let principal = principal(&config, &authorization(shown), NOW);
        let _ = writeln!(table, "{}", principal.account().unwrap_or("a stranger"));
        for space in ["", "team-a", "team-a/sub", "team-b", "public/x"] {
            let space: Space = space.parse().unwrap();
            let told = Right::NAMES.map(|(name, right)| {
                let told = permit(&config.accounts, &principal, right, &space, Missing::Space);
                match told {
                    Ok(()) => format!("{name} +"),
                    Err(error) => format!("{name} {}", error.status().as_u16()),
                }
            });
            let _ = writeln!(table, "  /{space}: {}", told.join(", "));
        }
    }
    insta::assert_snapshot!(table);
    let open = super::tests::config(&[]);
    let stranger = principal(&open, &HeaderMap::new(), NOW);
    for (_, right) in Right::NAMES {
        let told = permit(
            &open.accounts,
            &stranger,
            right,
            &Space::root(),
            Missing::Space,
        );
        let expected = match right {
            Right::Read => Ok(()),
            _ => Err(Error::Closed("ADMIN_TOKEN")),
        };
        assert_eq!(told, expected, "{right:?}");
    }
}

#[test]
fn what_each_principal_sees_of_a_folder() {
    let config = config(&[LOCKED, &[("ACCOUNTS", ACCOUNTS)]].concat());
    let sees = |shown: &str, space: &str, scope| {
        let principal = principal(&config, &authorization(shown), NOW);
        let view = principal.view(&space.parse().unwrap(), scope);
        view.map(|view| view.to_string())
    };
    let team_a = basic("team-a", "the-password-of-team-a");
    for (shown, space, expected) in [
        (team_a.as_str(), "", Some("?public/**,team-a/**")),
        (&team_a, "team-a", Some("team-a")),
        (&team_a, "team-a/sub", Some("team-a/sub")),
        (&team_a, "public", Some("public")),
        (&team_a, "team-b", None),
        ("", "", Some("?public/**")),
        ("", "team-a", None),
        ("Bearer the-token-of-prometheus", "", Some("?public/**")),
        ("Bearer t0ken", "", Some("")),
        (&basic("helm", "pa:ss"), "team-b", Some("team-b")),
    ] {
        let told = sees(shown, space, IndexScope::Subtree);
        assert_eq!(told.as_deref(), expected, "{shown} /{space}");
    }
    assert_eq!(
        sees(&team_a, "team-a", IndexScope::Folder).as_deref(),
        Some("team-a")
    );
}

/// The example of <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
#[test]
fn github_signs() {
    let config = config(LOCKED);
    let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let knock = |signature: &str, body: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, signature.parse().unwrap());
        notifies(&config, Signs::Always, &headers, body.as_bytes())
    };
    assert_eq!(knock(good, "Hello, World!"), Ok(()));
    assert_eq!(
        knock(&good.replace("7571", "7572"), "Hello, World!"),
        Err(Error::Unauthorized(Door::Webhook))
    );
    assert_eq!(
        knock(good, "Hello, World?"),
        Err(Error::Unauthorized(Door::Webhook))
    );
    for bad in [
        "",
        "sha256=",
        "sha256=7",
        "sha256=zz",
        "sha1=757107ea",
        "757107ea",
    ] {
        assert_eq!(
            knock(bad, "Hello, World!"),
            Err(Error::Unauthorized(Door::Webhook)),
            "{bad}"
        );
    }
}

#[test]
fn who_does_not_sign_shows_the_secret() {
    let config = config(LOCKED);
    let secret = "It's a Secret to Everybody";
    let knock = |sender, value: &str| notifies(&config, sender, &authorization(value), b"{}");
    {
        let sender = Signs::Never;
        assert_eq!(knock(sender, &format!("Bearer {secret}")), Ok(()));
        assert_eq!(knock(sender, &basic("x", secret)), Ok(()));
        assert_eq!(knock(sender, secret), Ok(()));
        assert_eq!(
            knock(sender, "Bearer t0ken"),
            Err(Error::Unauthorized(Door::Webhook))
        );
        assert_eq!(
            notifies(&config, sender, &HeaderMap::new(), b"{}"),
            Err(Error::Unauthorized(Door::Webhook))
        );
    }
    // GitHub always signs when it knows a secret.
    assert_eq!(
        knock(Signs::Always, &format!("Bearer {secret}")),
        Err(Error::Unauthorized(Door::Webhook))
    );
}

#[test]
fn a_wrong_signature_is_not_mended_by_the_right_secret() {
    let config = config(LOCKED);
    let mut headers = authorization("Bearer It's a Secret to Everybody");
    headers.insert(SIGNATURE, "sha256=00".parse().unwrap());
    assert_eq!(
        notifies(&config, Signs::Never, &headers, b"{}"),
        Err(Error::Unauthorized(Door::Webhook))
    );
}

/// Any 64 digits had a body of 1 MiB read, at the routes of senders that never sign.
#[test]
fn a_signature_opens_nothing_where_nobody_signs() {
    let config = config(LOCKED);
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let judge = |mut headers: HeaderMap| {
        headers.insert(SIGNATURE, signature.parse().unwrap());
        Notice::of(config.webhook_secret.as_ref(), Signs::Never, &headers).is_ok()
    };
    assert!(!judge(HeaderMap::new()), "and its body is not read");
    assert!(!judge(authorization("Bearer t0ken")));
    assert!(judge(authorization("Bearer It's a Secret to Everybody")));
}

#[test]
fn without_a_secret_webhooks_are_closed() {
    assert_eq!(
        notifies(&config(&[]), Signs::Never, &authorization("Bearer "), b"{}"),
        Err(Error::Closed("WEBHOOK_SECRET"))
    );
}

/// No setting is empty; whoever makes a configuration in another way opens nothing to who shows nothing.
#[test]
fn an_empty_secret_is_known_by_nobody() {
    let mut config = config(LOCKED);
    let empty = crate::secret::SecretHash::of(b"");
    for account in &mut config.accounts.named {
        account.proofs.push(Proof::Token(empty.clone()));
    }
    config.webhook_secret = Some(Secret::new(""));
    for value in ["Bearer", "Bearer ", "Basic Og==", &basic("anyone", ""), ""] {
        let shown = authorization(value);
        let principal = principal(&config, &shown, NOW);
        assert!(!principal.is_known(), "{value}");
        assert!(notifies(&config, Signs::Never, &shown, b"").is_err());
    }
}
