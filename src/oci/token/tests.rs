use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn user() -> Credentials {
    Credentials::Basic {
        username: "acme".into(),
        password: "hunter2".into(),
    }
}

fn asked(
    realm: &str,
    service: Option<&str>,
    scope: Option<&str>,
    credentials: &Credentials,
) -> Request<Bytes> {
    request(&realm.parse().unwrap(), service, scope, credentials).unwrap()
}

#[test]
fn get() {
    let request = asked(
        "https://auth.docker.io/token",
        Some("registry.docker.io"),
        Some("repository:acme/nginx:pull"),
        &user(),
    );
    assert_eq!(request.method(), "GET");
    assert_eq!(
        request.uri(),
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aacme%2Fnginx%3Apull"
    );
    assert_eq!(request.headers()["authorization"], "Basic YWNtZTpodW50ZXIy");
    assert!(request.headers()["authorization"].is_sensitive());
    assert!(request.body().is_empty());
}

#[test]
fn queries() {
    for (realm, service, scope, expected) in [
        (
            "https://r.example/token",
            None,
            None,
            "https://r.example/token",
        ),
        (
            "https://r.example/token?a=b",
            Some("s"),
            Some("aws"),
            "https://r.example/token?a=b&service=s&scope=aws",
        ),
        (
            "https://r.example/",
            None,
            Some("a:b:c d:e:f"),
            "https://r.example/?scope=a%3Ab%3Ac&scope=d%3Ae%3Af",
        ),
        (
            "https://r.example/",
            Some("s&x=y"),
            Some("*"),
            "https://r.example/?service=s%26x%3Dy&scope=*",
        ),
    ] {
        let request = asked(realm, service, scope, &Credentials::Anonymous);
        assert_eq!(request.uri(), expected);
        assert!(!request.headers().contains_key("authorization"));
    }
}

#[test]
fn post_of_a_refresh_token() {
    let request = asked(
        "https://r.example/token",
        Some("s"),
        Some("a:b:c d"),
        &Credentials::Identity("re&fresh".into()),
    );
    assert_eq!(
        (
            request.method().as_str(),
            request.uri().to_string().as_str()
        ),
        ("POST", "https://r.example/token")
    );
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert!(!request.headers().contains_key("authorization"));
    assert_eq!(
        request.body(),
        "grant_type=refresh_token&client_id=portolan&service=s&scope=a%3Ab%3Ac+d&refresh_token=re%26fresh"
    );
}

#[test]
fn replies() {
    for (reply, value, seconds) in [
        // Docker Hub: both.
        (
            r#"{"token":"a","access_token":"a","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}"#,
            "a",
            290,
        ),
        // GHCR, GitLab, Quay: the token and nothing else.
        (r#"{"token":"t"}"#, "t", 50),
        // ACR.
        (r#"{"access_token":"a"}"#, "a", 50),
        (r#"{"token":"t","access_token":"a"}"#, "a", 50),
        (r#"{"token":"t","access_token":""}"#, "t", 50),
        (r#"{"token":"t","expires_in":0}"#, "t", 50),
        (r#"{"token":"t","expires_in":-5}"#, "t", 50),
        (r#"{"token":"t","expires_in":"300"}"#, "t", 50),
        (r#"{"token":"t","expires_in":5}"#, "t", 0),
        (r#"{"token":"t","expires_in":99999999999999}"#, "t", 86_390),
    ] {
        let until = NOW.after(Duration::from_secs(seconds));
        assert_eq!(
            parse(reply.as_bytes(), NOW),
            Some(Token {
                value: value.into(),
                until
            }),
            "{reply}"
        );
    }
}

#[test]
fn no_token() {
    for reply in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"token":""}"#,
        r#"{"token":7}"#,
        r#"{"token":"a\nb"}"#,
        "<html>",
    ] {
        assert_eq!(parse(reply.as_bytes(), NOW), None, "{reply}");
    }
}

#[test]
fn debug_shows_no_token() {
    let token = parse(br#"{"token":"hunter2"}"#, NOW).unwrap();
    assert!(!format!("{token:?}").contains("hunter2"));
    let request = asked("https://r.example/token", None, None, &user());
    assert!(!format!("{:?}", request.headers()).contains("YWNtZTpodW50ZXIy"));
}

proptest! {
    #[test]
    fn never_panics(reply in "\\PC*", seconds in any::<i64>()) {
        parse(reply.as_bytes(), NOW);
        parse(format!("{{\"token\":\"t\",\"expires_in\":{seconds}}}").as_bytes(), Timestamp(i64::MAX));
    }
}
