use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::grant::Grant;
use super::signature::{Notice, Signs};
use super::*;
use crate::secret::Secret;

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// Judges a whole notification.
fn notifies(config: &Config, signs: Signs, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    Notice::of(config, signs, headers)?.judge(body)
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

fn authorization(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

#[track_caller]
fn is(value: &str, expected: Principal) {
    assert_eq!(
        authenticate::principal(&config(LOCKED), &authorization(value)),
        expected,
        "{value}"
    );
}

#[test]
fn credentials_tell_who_calls() {
    is(&basic("helm", "pa:ss"), Principal::Reader);
    is(
        &basic("helm", "pa:ss").replace("Basic", "bAsIc "),
        Principal::Reader,
    );
    is(
        basic("helm", "pa:ss").trim_end_matches('='),
        Principal::Reader,
    );
    is("Bearer t0ken", Principal::Admin);
    is("bearer  t0ken", Principal::Admin);
    is(&basic("anything", "t0ken"), Principal::Admin);
    is(&basic("", "t0ken"), Principal::Admin);
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
        is(&value, Principal::Stranger);
    }
    assert_eq!(
        authenticate::principal(&config(LOCKED), &HeaderMap::new()),
        Principal::Stranger
    );
}

#[test]
fn what_each_principal_may_do() {
    use Principal::{Admin, Reader, Stranger};
    use Right::{Inspect, Measure, Read, Refresh};
    let locked = config(LOCKED);
    let space: Space = "team-a/sub".parse().unwrap();
    let charts = Err(Error::Unauthorized(Door::Charts));
    let admin = Err(Error::Unauthorized(Door::Admin));
    for (principal, read, others) in [
        (Stranger, charts, admin.clone()),
        (Reader, Ok(()), admin),
        (Admin, Ok(()), Ok(())),
    ] {
        assert_eq!(
            permit(&locked, principal, Read, &space),
            read,
            "{principal:?}"
        );
        for right in [Inspect, Measure, Refresh] {
            let told = permit(&locked, principal, right, &Space::root());
            assert_eq!(told, others, "{principal:?} {right:?}");
        }
    }
    let open = config(&[]);
    assert_eq!(permit(&open, Stranger, Read, &space), Ok(()));
    for right in [Inspect, Measure, Refresh] {
        assert_eq!(
            permit(&open, Stranger, right, &Space::root()),
            Err(Error::Closed("ADMIN_TOKEN"))
        );
    }
    assert!(is_public(&open) && !is_public(&locked));
}

#[test]
fn a_grant_holds_on_its_space_and_below() {
    let grant = Grant {
        rights: &[Right::Read],
        below: "team-a".parse().unwrap(),
    };
    let gives = |right, space: &str| grant.gives(right, &space.parse().unwrap());
    assert!(gives(Right::Read, "team-a"));
    assert!(gives(Right::Read, "team-a/sub/deep"));
    assert!(!gives(Right::Refresh, "team-a"));
    for other in ["", "team", "team-ab", "sub/team-a"] {
        assert!(!gives(Right::Read, other), "{other}");
    }
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
    config.admin_token = Some(Secret::new(""));
    config.webhook_secret = Some(Secret::new(""));
    for value in ["Bearer", "Bearer ", "Basic Og==", &basic("anyone", ""), ""] {
        let shown = authorization(value);
        let principal = authenticate::principal(&config, &shown);
        assert_eq!(principal, Principal::Stranger, "{value}");
        assert!(notifies(&config, Signs::Never, &shown, b"").is_err());
    }
}
