//! Who may read: nobody asks, Basic, or tokens with a server that gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::platform::Timestamp;

use super::answer::{error, json_answer};

/// How a registry lets people in.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// Everybody may read.
    Open,
    /// User and password with every request.
    Basic { username: String, password: String },
    /// Tokens.
    Token(TokenAuth),
}

impl Auth {
    /// Basic authentication.
    pub(crate) fn basic(username: &str, password: &str) -> Self {
        Self::Basic {
            username: username.to_owned(),
            password: password.to_owned(),
        }
    }
}

/// How a token server gives tokens.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one a quirk, and they go together freely"
)]
pub(crate) struct TokenAuth {
    /// Where it says to be. The fake answers at its own host and at `https://auth.registry.example`.
    pub(crate) realm: String,
    /// Who gets tokens: everybody, or who shows these.
    pub(crate) user: Option<(String, String)>,
    /// A refresh token that is exchanged by POST.
    pub(crate) refresh_token: Option<String>,
    /// What `expires_in` says; many leave it out.
    pub(crate) expires_in: Option<u64>,
    /// How long tokens really last.
    pub(crate) lifetime: Duration,
    /// One opaque scope for everything (`aws` at ECR Public, `*` at Gitea) instead of one a repository.
    pub(crate) opaque_scope: Option<String>,
    /// Offer Basic in the same header, as older Gitea; it works too.
    pub(crate) also_basic: bool,
    /// Say 403 `DENIED` when a token has ended, as ECR.
    pub(crate) expired_is_403: bool,
    /// Answer 400 to `registry:catalog:*`, as Quay, whose tokens without scope open the catalog.
    pub(crate) no_catalog_scope: bool,
    /// Want another scope for tags than for the rest (`metadata_read`), as ACR.
    pub(crate) metadata_read: bool,
}

impl Default for TokenAuth {
    fn default() -> Self {
        Self {
            realm: "https://auth.registry.example/token".to_owned(),
            user: None,
            refresh_token: None,
            expires_in: Some(300),
            lifetime: Duration::from_mins(5),
            opaque_scope: None,
            also_basic: false,
            expired_is_403: false,
            no_catalog_scope: false,
            metadata_read: false,
        }
    }
}

/// The tokens that were given.
#[derive(Default)]
pub(super) struct Guard {
    given: BTreeMap<String, (BTreeSet<String>, Timestamp)>,
    refuse_next: bool,
}

impl Guard {
    pub(super) fn expire(&mut self, now: Timestamp) {
        for (_, until) in self.given.values_mut() {
            *until = now;
        }
    }

    pub(super) fn refuse_once(&mut self) {
        self.refuse_next = true;
    }

    /// Whether a request for `repository` (none: the catalog), its tags or the rest, may pass; else the answer it gets.
    #[expect(
        clippy::result_large_err,
        reason = "an answer is no error to a registry"
    )]
    pub(super) fn judge(
        &mut self,
        auth: &Auth,
        (repository, tags): (Option<&str>, bool),
        denied: bool,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> Result<(), http::Response<Bytes>> {
        let tokens = match auth {
            Auth::Open if denied => {
                return Err(error(
                    403,
                    "DENIED",
                    "requested access to the resource is denied",
                ));
            }
            Auth::Open => return Ok(()),
            Auth::Basic { username, password } => {
                if authorization == Some(basic(username, password).as_str()) && !denied {
                    return Ok(());
                }
                return Err(challenge(&["Basic realm=\"Registry\"".to_owned()]));
            }
            Auth::Token(tokens) => tokens,
        };
        let scope = tokens.scope(repository, tags);
        let bearer = |error: &str| {
            let mut challenges = vec![format!(
                "Bearer realm=\"{}\",service=\"{SERVICE}\",scope=\"{scope}\"{error}",
                tokens.realm
            )];
            if tokens.also_basic {
                challenges.push("Basic realm=\"Registry\"".to_owned());
            }
            challenge(&challenges)
        };
        let shows_user = tokens
            .user
            .as_ref()
            .is_some_and(|(name, pass)| authorization == Some(&basic(name, pass)));
        if tokens.also_basic && shows_user && !denied {
            return Ok(());
        }
        let Some(token) = authorization.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(bearer(""));
        };
        if std::mem::take(&mut self.refuse_next) {
            return Err(bearer(",error=\"insufficient_scope\""));
        }
        match self.given.get(token) {
            Some((_, until)) if *until <= now && tokens.expired_is_403 => Err(error(
                403,
                "DENIED",
                "Your authorization token has expired. Reauthenticate and try again.",
            )),
            Some((scopes, until)) if *until > now => {
                if scopes.contains(&scope) && !denied {
                    Ok(())
                } else {
                    Err(bearer(",error=\"insufficient_scope\""))
                }
            }
            _ => Err(bearer(",error=\"invalid_token\"")),
        }
    }

    /// The token server: GET with Basic or nothing, POST with a refresh token.
    pub(super) fn give(
        &mut self,
        tokens: &TokenAuth,
        request: &http::Request<Bytes>,
        now: Timestamp,
    ) -> http::Response<Bytes> {
        let post = request.method() == http::Method::POST;
        let text = if post {
            std::str::from_utf8(request.body()).unwrap()
        } else {
            request.uri().query().unwrap_or("")
        };
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        let value = |key: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        let authorization = request
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap());
        let known = if post {
            value("grant_type") == Some("refresh_token")
                && value("client_id").is_some()
                && tokens.refresh_token.is_some()
                && value("refresh_token") == tokens.refresh_token.as_deref()
        } else {
            tokens
                .user
                .as_ref()
                .is_none_or(|(name, pass)| authorization == Some(&basic(name, pass)))
        };
        if !known {
            return error(401, "UNAUTHORIZED", "incorrect username or password");
        }
        assert_eq!(
            value("service"),
            Some(SERVICE),
            "the service is that of the challenge"
        );
        let mut scopes: BTreeSet<String> = pairs
            .iter()
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, value)| value.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        if tokens.no_catalog_scope {
            if scopes.contains(CATALOG_SCOPE) {
                return error(400, "UNSUPPORTED", "invalid scope");
            }
            scopes.insert(CATALOG_SCOPE.to_owned());
        }
        // Gitea does not read what it is asked for.
        if tokens.opaque_scope.as_deref() == Some("*") {
            scopes.insert("*".to_owned());
        }
        let token = format!("token-{}", self.given.len() + 1);
        self.given
            .insert(token.clone(), (scopes, now.after(tokens.lifetime)));
        let mut reply = json!({"token": token});
        if let Some(seconds) = tokens.expires_in {
            reply["expires_in"] = json!(seconds);
        }
        json_answer(200, &reply)
    }
}

const SERVICE: &str = "registry.example";
const CATALOG_SCOPE: &str = "registry:catalog:*";

impl TokenAuth {
    fn scope(&self, repository: Option<&str>, tags: bool) -> String {
        match (&self.opaque_scope, repository) {
            (None, Some(name)) if tags && self.metadata_read => {
                format!("repository:{name}:metadata_read")
            }
            (Some(scope), _) => scope.clone(),
            (None, Some(name)) => format!("repository:{name}:pull"),
            (None, None) => CATALOG_SCOPE.to_owned(),
        }
    }
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

fn challenge(challenges: &[String]) -> http::Response<Bytes> {
    let mut response = error(401, "UNAUTHORIZED", "authentication required");
    // As the Workers runtime gives repeated headers: joined.
    response
        .headers_mut()
        .insert("www-authenticate", challenges.join(", ").parse().unwrap());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}
