//! Token servers (distribution's `docs/content/spec/auth/{token,oauth}.md`): what they are asked and what they reply.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::platform::Timestamp;
use crate::secret::Secret;

use super::Credentials;

/// The longest reply that is read, in bytes, as in oras-go: a JWT that names hundreds of repositories fits.
pub const MAX_REPLY: usize = 128 * 1024;

/// How long a token lasts whose server does not say (token.md: "defaults to 60").
const DEFAULT_LIFETIME: Duration = Duration::from_mins(1);

/// A token is not used in its last seconds: the request takes a while, and clocks differ.
const BUFFER: Duration = Duration::from_secs(10);

/// No token is kept for longer, whatever its server says.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// A Bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent.
    pub value: Secret,
    /// When to ask for another one: shortly before it ends.
    pub until: Timestamp,
}

/// Forms the request for a token. GET, with Basic where there is a user, works everywhere; only a refresh token needs the
/// OAuth2 POST. Several scopes are asked for one by one, as Docker does.
pub fn request(
    realm: &Url,
    service: Option<&str>,
    scope: Option<&str>,
    credentials: &Credentials,
) -> Result<Request<Bytes>, http::Error> {
    let client = super::request::client();
    if let Credentials::Identity(token) = credentials {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "portolan");
        form.extend_pairs(service.map(|service| ("service", service)));
        form.extend_pairs(scope.map(|scope| ("scope", scope)));
        form.append_pair("refresh_token", token.expose());
        return client
            .method("POST")
            .uri(realm.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form.finish()));
    }
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(service.map(|service| ("service", service)));
        query.extend_pairs(
            scope
                .into_iter()
                .flat_map(|scope| scope.split(' '))
                .map(|scope| ("scope", scope)),
        );
    }
    // An empty query leaves its question mark behind.
    let url = url.as_str().trim_end_matches('?');
    let mut request = client.uri(url).body(Bytes::new())?;
    if let Credentials::Basic { username, password } = credentials {
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, basic(username, password)?);
    }
    Ok(request)
}

/// The header that shows user and password (RFC 7617).
pub fn basic(username: &Secret, password: &Secret) -> Result<HeaderValue, http::Error> {
    authorization(
        "Basic",
        &STANDARD.encode(format!("{}:{}", username.expose(), password.expose())),
    )
}

/// The header that shows a token (RFC 6750).
pub fn bearer(token: &Secret) -> Result<HeaderValue, http::Error> {
    authorization("Bearer", token.expose())
}

fn authorization(scheme: &str, value: &str) -> Result<HeaderValue, http::Error> {
    let mut header = HeaderValue::from_str(&format!("{scheme} {value}"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Reads a token server's reply that came at `now`; `None` when it holds no token that could be sent. What the token says
/// about itself is nobody's business but the registry's.
pub fn parse(reply: &[u8], now: Timestamp) -> Option<Token> {
    #[derive(Deserialize)]
    struct Reply {
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        access_token: Option<String>,
        #[serde(default)]
        expires_in: serde_json::Value,
    }
    let reply: Reply = serde_json::from_slice(reply).ok()?;
    let usable = |token: &String| !token.is_empty();
    let value = Secret::from(
        reply
            .access_token
            .filter(usable)
            .or_else(|| reply.token.filter(usable))?,
    );
    bearer(&value).ok()?;
    // Zero, a text and the like say nothing.
    let stated = reply
        .expires_in
        .as_u64()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    let lifetime = stated.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
    Some(Token {
        value,
        until: now.after(lifetime.saturating_sub(BUFFER)),
    })
}

#[cfg(test)]
mod tests {
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
}
