//! Token servers (distribution's `docs/content/spec/auth/{token,oauth}.md`): what they are asked and what they reply.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::platform::Timestamp;
use crate::secret::{BASE64, Secret};

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
        &BASE64.encode(format!("{}:{}", username.expose(), password.expose())),
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
    struct TokenReply {
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        access_token: Option<String>,
        #[serde(default)]
        expires_in: serde_json::Value,
    }
    let reply: TokenReply = serde_json::from_slice(reply).ok()?;
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
mod tests;
