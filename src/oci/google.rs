//! Google's service accounts: their key signs an assertion, which is exchanged for an access token of an hour ("Using OAuth 2.0
//! for Server to Server Applications"; RFC 7523). With it one is the user `oauth2accesstoken` of Artifact Registry and of
//! Container Registry's hosts.
//!
//! The key is used at one address, which is ours and not the key file's: what a file names as its `token_uri` is not asked.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, header};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::platform::Timestamp;
use crate::secret::{BASE64, Secret};

use super::{Invalid, Registry, request};

/// Who takes assertions.
const TOKEN_SERVER: &str = "https://oauth2.googleapis.com/token";

/// What an access token is asked for, as Google's own `docker-credential-gcr` does. What it may do is for the account's roles to
/// say; there is no narrower scope that Artifact Registry's API and its registry both take.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long an assertion lasts: the most that Google takes. The token lasts as long.
const ASSERTION_LIFETIME: Duration = Duration::from_hours(1);

/// How long before its end a token is no longer used: a slice and a long download fit.
pub(super) const BUFFER: Duration = Duration::from_mins(10);

/// What the token is kept as in memory.
pub(crate) const SESSION: &str = "google:access-token";

/// The user whose password is an access token.
pub(crate) const USER: &str = "oauth2accesstoken";

/// Whether a registry is one that a service account opens.
pub fn is_google(registry: &Registry) -> bool {
    let host = registry.host();
    host.ends_with("-docker.pkg.dev") || host == "gcr.io" || host.ends_with(".gcr.io")
}

/// Hosts of Container Registry, which Artifact Registry serves now: (host, location, repository).
const CONTAINER_REGISTRY: [(&str, &str, &str); 4] = [
    ("gcr.io", "us", "gcr.io"),
    ("us.gcr.io", "us", "us.gcr.io"),
    ("eu.gcr.io", "europe", "eu.gcr.io"),
    ("asia.gcr.io", "asia", "asia.gcr.io"),
];

/// A repository of Artifact Registry: what images lie in, and what a package's name is relative to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PackagePlace<'s> {
    /// The location's name.
    pub(crate) location: &'s str,
    /// The project's name.
    pub(crate) project: &'s str,
    /// The repository's name.
    pub(crate) repository: &'s str,
    /// What stands before a package's name in the registry.
    pub(crate) before: String,
}

impl<'s> PackagePlace<'s> {
    /// Where the prefix leads; `None` where it names no repository, or the host is none of Google's.
    pub(crate) fn of(registry: &'s Registry, prefix: &'s str) -> Option<Self> {
        let mut segments = prefix.split('/').filter(|segment| !segment.is_empty());
        let project = segments.next()?;
        let known = CONTAINER_REGISTRY
            .iter()
            .find(|(host, ..)| *host == registry.host());
        if let Some((_, location, repository)) = known {
            return Some(Self {
                location,
                project,
                repository,
                before: project.to_owned(),
            });
        }
        let location = registry.host().strip_suffix("-docker.pkg.dev")?;
        let repository = segments.next()?;
        Some(Self {
            location,
            project,
            repository,
            before: format!("{project}/{repository}"),
        })
    }
}

/// Whether the prefix names what the API lists.
pub(crate) fn is_listable(registry: &Registry, prefix: &str) -> bool {
    PackagePlace::of(registry, prefix).is_some()
}

/// The key of a service account. Only a signature made with it is ever sent.
#[derive(Clone, PartialEq, Eq)]
pub struct GoogleKey {
    /// Whose it is (`client_email`).
    pub email: String,
    /// Which of its keys this is (`private_key_id`).
    id: Option<String>,
    /// The key, PKCS #8 in PEM (`private_key`).
    pub(super) pem: Secret,
}

impl fmt::Debug for GoogleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoogleKey({})", self.email)
    }
}

impl GoogleKey {
    /// Reads a key file, as JSON or its Base64. What is wrong is said without a value.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct KeyFile {
            #[serde(default, rename = "type")]
            kind: Option<String>,
            #[serde(default)]
            client_email: Option<String>,
            #[serde(default)]
            private_key_id: Option<String>,
            #[serde(default)]
            private_key: Option<String>,
        }
        let text = text.trim();
        let json = if text.starts_with('{') {
            text.as_bytes().to_vec()
        } else {
            let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let json = BASE64.decode(packed);
            json.map_err(|_| Invalid::GoogleKey("neither JSON nor base64"))?
        };
        let file: KeyFile =
            serde_json::from_slice(&json).map_err(|_| Invalid::GoogleKey("malformed JSON"))?;
        if file.kind.as_deref() != Some("service_account") {
            return Err(Invalid::GoogleKey(
                "its type is not service_account: other kinds of credentials cannot be used here",
            ));
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let email = given(file.client_email).ok_or(Invalid::GoogleKey("no client_email"))?;
        let pem = given(file.private_key).ok_or(Invalid::GoogleKey("no private_key"))?;
        let key = Self {
            email,
            id: given(file.private_key_id),
            pem: pem.into(),
        };
        match key.der() {
            Some(_) => Ok(key),
            None => Err(Invalid::GoogleKey(
                "its private_key is no PKCS #8 key in PEM",
            )),
        }
    }

    /// The key, PKCS #8 in DER.
    pub(super) fn der(&self) -> Option<Vec<u8>> {
        let inner = self
            .pem
            .expose()
            .trim()
            .strip_prefix("-----BEGIN PRIVATE KEY-----")?
            .strip_suffix("-----END PRIVATE KEY-----")?;
        let packed: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        BASE64.decode(packed).ok().filter(|der| !der.is_empty())
    }

    /// What is signed: the assertion that it is this account that asks at `now` (RFC 7515 §5.1, RFC 7523 §3).
    pub(super) fn claims(&self, now: Timestamp) -> String {
        let packed = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut head = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(id), Some(head)) = (&self.id, head.as_object_mut()) {
            head.insert("kid".to_owned(), id.as_str().into());
        }
        let end = now.after(ASSERTION_LIFETIME);
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": TOKEN_SERVER, "iat": now.seconds(), "exp": end.seconds(),
        });
        format!("{}.{}", packed(&head), packed(&claims))
    }
}

/// The request that exchanges a signed assertion for an access token.
pub(super) fn token_request(claims: &str, signature: &[u8]) -> Result<Request<Bytes>, http::Error> {
    let assertion = format!("{claims}.{}", URL_SAFE_NO_PAD.encode(signature));
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        .append_pair("assertion", &assertion)
        .finish();
    request::client()
        .method(Method::POST)
        .uri(TOKEN_SERVER)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
}

#[cfg(test)]
mod tests;
