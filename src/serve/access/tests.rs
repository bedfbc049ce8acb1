use super::*;

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
fn is(value: &str, expected: Caller) {
    assert_eq!(
        Caller::of(&config(LOCKED), &authorization(value)),
        expected,
        "{value}"
    );
}

#[test]
fn credentials_tell_who_calls() {
    is(&basic("helm", "pa:ss"), Caller::Reader);
    is(
        &basic("helm", "pa:ss").replace("Basic", "bAsIc "),
        Caller::Reader,
    );
    is(basic("helm", "pa:ss").trim_end_matches('='), Caller::Reader);
    is("Bearer t0ken", Caller::Admin);
    is("bearer  t0ken", Caller::Admin);
    is(&basic("anything", "t0ken"), Caller::Admin);
    is(&basic("", "t0ken"), Caller::Admin);
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
        is(&value, Caller::Anyone);
    }
    assert_eq!(
        Caller::of(&config(LOCKED), &HeaderMap::new()),
        Caller::Anyone
    );
}

#[test]
fn doors() {
    let locked = config(LOCKED);
    assert_eq!(
        Caller::Anyone.reads(&locked),
        Err(Error::Unauthorized(Door::Charts))
    );
    assert_eq!(Caller::Reader.reads(&locked), Ok(()));
    assert_eq!(Caller::Admin.reads(&locked), Ok(()));
    assert_eq!(
        Caller::Reader.administers(&locked),
        Err(Error::Unauthorized(Door::Admin))
    );
    assert_eq!(Caller::Admin.administers(&locked), Ok(()));
    let open = config(&[]);
    assert_eq!(Caller::Anyone.reads(&open), Ok(()));
    assert_eq!(
        Caller::Anyone.administers(&open),
        Err(Error::Closed("ADMIN_TOKEN"))
    );
    assert_eq!(audience(&locked), Audience::Private);
    assert_eq!(audience(&open), Audience::Public);
}

/// The example of <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
#[test]
fn github_signs() {
    let config = config(LOCKED);
    let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let knock = |signature: &str, body: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, signature.parse().unwrap());
        notifies(&config, Sender::GitHub, &headers, body.as_bytes())
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
    for sender in [Sender::Harbor, Sender::Distribution] {
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
        knock(Sender::GitHub, &format!("Bearer {secret}")),
        Err(Error::Unauthorized(Door::Webhook))
    );
}

#[test]
fn a_wrong_signature_is_not_mended_by_the_right_secret() {
    let config = config(LOCKED);
    let mut headers = authorization("Bearer It's a Secret to Everybody");
    headers.insert(SIGNATURE, "sha256=00".parse().unwrap());
    assert_eq!(
        notifies(&config, Sender::Harbor, &headers, b"{}"),
        Err(Error::Unauthorized(Door::Webhook))
    );
}

#[test]
fn without_a_secret_webhooks_are_closed() {
    assert_eq!(
        notifies(
            &config(&[]),
            Sender::Harbor,
            &authorization("Bearer "),
            b"{}"
        ),
        Err(Error::Closed("WEBHOOK_SECRET"))
    );
}
