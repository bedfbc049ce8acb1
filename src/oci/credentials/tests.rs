use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use proptest::prelude::*;

use super::*;

fn user(username: &str, password: &str) -> Credentials {
    Credentials::Basic {
        username: username.into(),
        password: password.into(),
    }
}

fn read(text: &str, registry: &str, prefix: &str) -> Result<Credentials, Invalid> {
    from_docker_config(text, &registry.parse().unwrap(), prefix)
}

#[track_caller]
fn picks(text: &str, registry: &str, prefix: &str, expected: &Credentials) {
    assert_eq!(
        read(text, registry, prefix).as_ref(),
        Ok(expected),
        "{text}"
    );
}

#[track_caller]
fn refuses(text: &str, message: &str) {
    let error = read(text, "ghcr.io", "acme/charts").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("not a usable docker config: {message}"),
        "{text}"
    );
}

#[test]
fn what_an_entry_holds() {
    let acme = user("acme", "hunter2");
    for (entry, expected) in [
        (r#"{"auth":"YWNtZTpodW50ZXIy"}"#, &acme),
        (r#"{"auth":"YWNtZTpodW50\nZXIy\n"}"#, &acme),
        (r#"{"username":"acme","password":"hunter2"}"#, &acme),
        // `auth` counts where both are given (regclient).
        (
            r#"{"auth":"YWNtZTpodW50ZXIy","username":"other","password":"other"}"#,
            &acme,
        ),
        (
            r#"{"auth":"YWNtZTpodW50ZXIy","email":"a@b.example"}"#,
            &acme,
        ),
        // The password may hold colons.
        (
            r#"{"auth":"X2pzb25fa2V5OnsiYSI6ImIifQ"}"#,
            &user("_json_key", r#"{"a":"b"}"#),
        ),
        // Trailing NULs.
        (r#"{"auth":"YWNtZTpodW50ZXIyAAA="}"#, &acme),
        // ACR: a user of zeros, no password, and the refresh token.
        (
            r#"{"auth":"MDAwOg==","identitytoken":"refresh"}"#,
            &Credentials::Identity("refresh".into()),
        ),
        (
            r#"{"username":"<token>","password":"refresh"}"#,
            &Credentials::Identity("refresh".into()),
        ),
        (
            r#"{"registrytoken":"ready"}"#,
            &Credentials::Bearer("ready".into()),
        ),
    ] {
        picks(
            &format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#),
            "ghcr.io",
            "acme",
            expected,
        );
    }
}

#[test]
fn text_or_base64_old_or_new() {
    let new = r#"{"auths":{"ghcr.io":{"auth":"YWNtZTpodW50ZXIy"}},"credHelpers":{"quay.io":"quay"},"HttpHeaders":{}}"#;
    let old = r#"{"ghcr.io":{"auth":"YWNtZTpodW50ZXIy"}}"#;
    for text in [new, old] {
        let wrapped: String = STANDARD
            .encode(text)
            .chars()
            .collect::<Vec<_>>()
            .chunks(20)
            .map(|line| line.iter().collect::<String>() + "\n")
            .collect();
        for text in [
            text.to_owned(),
            format!("\n {text} \n"),
            STANDARD.encode(text),
            STANDARD_NO_PAD.encode(text),
            wrapped,
        ] {
            picks(&text, "ghcr.io", "", &user("acme", "hunter2"));
        }
    }
}

#[test]
fn keys_of_all_kinds() {
    for (key, registry) in [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io"),
        ("ghcr.io:443", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("ghcr.io/v1/", "ghcr.io"),
        ("localhost:5001", "http://localhost:5001"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("ghcr.io/acme", "ghcr.io"),
        ("ghcr.io/acme/", "ghcr.io"),
        ("ghcr.io/acme/charts", "ghcr.io"),
    ] {
        let text = format!(r#"{{"auths":{{"{key}":{{"username":"u","password":"p"}}}}}}"#);
        picks(&text, registry, "acme/charts", &user("u", "p"));
    }
    for key in [
        "quay.io",
        "ghcr.io:5000",
        "ghcr.io.evil.example",
        "ghcr.io/other",
        "ghcr.io/acme/ch",
        "ghcr.io/acme/charts/x",
        "*.io",
        "",
        "/",
    ] {
        let text = format!(r#"{{"auths":{{"{key}":{{"username":"u","password":"p"}}}}}}"#);
        refuses(&text, "it has no entry for the registry");
    }
}

#[test]
fn the_longest_path_counts() {
    let entry = |name: &str| format!(r#"{{"username":"{name}","password":"p"}}"#);
    let text = format!(
        r#"{{"auths":{{"ghcr.io":{},"ghcr.io/acme":{},"ghcr.io/acme/charts":{},"ghcr.io/acme/charts/empty":{{}}}}}}"#,
        entry("host"),
        entry("acme"),
        entry("charts"),
    );
    for (prefix, expected) in [
        ("", "host"),
        ("other", "host"),
        ("acme", "acme"),
        ("acmeX", "host"),
        ("acme/charts", "charts"),
        ("acme/charts/team", "charts"),
        ("acme/charts/empty", "charts"),
    ] {
        picks(&text, "ghcr.io", prefix, &user(expected, "p"));
    }
}

#[test]
fn refused() {
    refuses("", "malformed JSON");
    refuses("%", "neither JSON nor base64");
    refuses("{", "malformed JSON");
    refuses("e30", "it has no entry for the registry");
    refuses(r#"{"auths":[]}"#, "malformed JSON");
    refuses(r#"{"auths":{}}"#, "it has no entry for the registry");
    refuses(
        r#"{"auths":{"ghcr.io":{}}}"#,
        "it has no entry for the registry",
    );
    refuses(
        r#"{"auths":{"ghcr.io":null}}"#,
        "it has no entry for the registry",
    );
    refuses(
        r#"{"auths":{"ghcr.io":{"auth":"%%%"}}}"#,
        "an auth that is not base64",
    );
    refuses(
        r#"{"auths":{"ghcr.io":{"auth":"YWNtZQ=="}}}"#,
        "an auth without a colon",
    );
    refuses(
        r#"{"auths":{"ghcr.io":{"username":"u"}}}"#,
        "a user without a password, or the other way round",
    );
    let helper = "it leaves the registry to a credential helper, and none can run here: give its user and password in auths, or as REGISTRY_USERNAME and REGISTRY_PASSWORD instead";
    refuses(r#"{"auths":{"ghcr.io":{}},"credsStore":"desktop"}"#, helper);
    refuses(r#"{"credsStore":"desktop"}"#, helper);
    refuses(r#"{"credHelpers":{"ghcr.io":"gh"}}"#, helper);
    refuses(r#"{"credHelpers":{"https://GHCR.io/v1/":"gh"}}"#, helper);
    refuses(
        r#"{"auths":{"ghcr.io":{},"quay.io":{"auth":"YWNtZTpodW50ZXIy"}},"credHelpers":{"ghcr.io":"gh"}}"#,
        helper,
    );
    refuses(
        r#"{"credHelpers":{"quay.io":"quay"}}"#,
        "it has no entry for the registry",
    );
}

#[test]
fn debug_shows_nothing() {
    let credentials = read(
        r#"{"auths":{"ghcr.io":{"auth":"YWNtZTpodW50ZXIy"}}}"#,
        "ghcr.io",
        "",
    )
    .unwrap();
    assert_eq!(
        format!("{credentials:?}"),
        "Basic { username: Secret(…), password: Secret(…) }"
    );
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*", key in "\\PC*", prefix in "\\PC*") {
        let _ = read(&text, "ghcr.io", &prefix);
        let _ = covers(&key, &"ghcr.io".parse().unwrap(), &prefix);
    }

    #[test]
    fn round_trip(username in "[^:\0]{1,20}", password in "[^\0]{1,20}") {
        prop_assume!(username != TOKEN_USER);
        let auth = STANDARD.encode(format!("{username}:{password}"));
        let text = serde_json::json!({"auths": {"ghcr.io": {"auth": auth}}}).to_string();
        prop_assert_eq!(read(&text, "ghcr.io", "").unwrap(), user(&username, &password));
    }
}
