//! What keys of clouds are exchanged for: Amazon's access keys for a registry's password, Google's service accounts for an access
//! token, Azure's service principals for a refresh token. Asked for when it is first wanted, shortly before it ends, and when the
//! registry says that it has ended.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;

use crate::platform::{Clock, Fetch};
use crate::secret::Secret;

use super::super::azure::{self, AzurePrincipal};
use super::super::credentials::AwsKeys;
use super::super::google::{self, GoogleKey};
use super::super::token::Token;
use super::super::{Credentials, Error, Garbage, Operation, aws, oauth, token};
use super::auth::Admission;
use super::{Client, gate};

const OPERATION: Operation = Operation::AskingForToken;

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// The credentials as they are shown: those of the settings, or what a key was exchanged for. Of calls side by side one
    /// exchanges.
    pub(super) async fn shown(&self) -> Result<Cow<'_, Credentials>, Error> {
        let Some(session) = session_of(self.credentials) else {
            return Ok(Cow::Borrowed(self.credentials));
        };
        let secret = self.exchanged(session, self.credentials).await?;
        Ok(Cow::Owned(as_shown(self.credentials, secret)))
    }

    /// An access token of Google's for a service account: for its APIs.
    pub(crate) async fn google_token(&self, key: &GoogleKey) -> Result<Secret, Error> {
        let credentials = Credentials::Google(key.clone());
        self.exchanged(google::SESSION, &credentials).await
    }

    /// What `key` is exchanged for, from memory while it lasts.
    async fn exchanged(&self, session: &'static str, key: &Credentials) -> Result<Secret, Error> {
        let door = self.gates.door("a key".to_owned());
        let mut first = None;
        let mut known = self.session(session);
        if known.is_none() {
            first = gate::first(&door).await;
            known = self.session(session);
        }
        if let Some(known) = known {
            return Ok(known);
        }
        let token = match key {
            Credentials::Aws(keys) => self.amazons_password(keys).await,
            Credentials::Google(key) => self.googles_token(key).await,
            Credentials::Azure(principal) => self.azures_token(principal).await,
            Credentials::Anonymous
            | Credentials::Basic { .. }
            | Credentials::Identity(_)
            | Credentials::Bearer(_) => Err(self.unusable()),
        }?;
        drop(first);
        let secret = token.value.clone();
        self.tokens
            .keep_session(&self.account, session, Some(token));
        Ok(secret)
    }

    async fn amazons_password(&self, keys: &AwsKeys) -> Result<Token, Error> {
        let request = aws::password_request(self.registry, keys, self.clock.now());
        let (reply, host) = self.swap(request, aws::MAX_REPLY, aws::judge).await?;
        aws::parse(&reply, self.clock.now())
            .ok_or_else(|| self.garbage(OPERATION, &host, Garbage::Unparseable))
    }

    async fn googles_token(&self, key: &GoogleKey) -> Result<Token, Error> {
        let now = self.clock.now();
        let claims = key.claims(now);
        let der = key.der().ok_or_else(|| self.unusable())?;
        let signature = self.tokens.sign(der, claims.clone().into_bytes()).await;
        let signature = signature.ok_or_else(|| self.unusable())?;
        let request = Some(google::token_request(&claims, &signature));
        let (reply, host) = self.swap(request, token::MAX_REPLY, oauth::judge).await?;
        let token = token::parse(&reply, now)
            .ok_or_else(|| self.garbage(OPERATION, &host, Garbage::Unparseable))?;
        Ok(Token {
            until: token.until.before(google::BUFFER),
            ..token
        })
    }

    async fn azures_token(&self, principal: &AzurePrincipal) -> Result<Token, Error> {
        let request = azure::entra_request(self.registry, principal);
        let (reply, host) = self.swap(request, token::MAX_REPLY, oauth::judge).await?;
        let entra = token::parse(&reply, self.clock.now())
            .ok_or_else(|| self.garbage(OPERATION, &host, Garbage::Unparseable))?;
        let request = azure::exchange_request(self.registry, principal, &entra.value);
        let (reply, host) = self
            .swap(Some(request), token::MAX_REPLY, oauth::judge)
            .await?;
        let value = azure::refresh_token(&reply)
            .ok_or_else(|| self.garbage(OPERATION, &host, Garbage::Unparseable))?;
        Ok(Token {
            value,
            until: self.clock.now().after(azure::LIFETIME),
        })
    }

    /// Sends one request of an exchange, and gives the reply and who gave it. Redirects are not followed: they would take the key
    /// along. `judge` reads what a refusal's body says of it. A request that is none is for a registry that is not the cloud's.
    async fn swap(
        &self,
        request: Option<Result<http::Request<Bytes>, http::Error>>,
        limit: usize,
        judge: fn(Error, &[u8]) -> Error,
    ) -> Result<(Bytes, String), Error> {
        let request = request
            .ok_or_else(|| self.garbage(OPERATION, self.registry.host(), Garbage::Address))?;
        let request = request.map_err(|_| self.unusable())?;
        let host = self.host_of(&request);
        let response = self.exchange(OPERATION, request).await?;
        if response.status() != StatusCode::OK {
            let (error, body) = self.refusal_with_body(OPERATION, &host, response).await;
            return Err(judge(error, &body));
        }
        let reply = self
            .read(OPERATION, &host, response.into_body(), limit)
            .await?;
        Ok((reply, host))
    }

    /// Keys with which nothing can be formed or signed.
    fn unusable(&self) -> Error {
        self.garbage(OPERATION, self.registry.host(), Garbage::Credentials)
    }

    /// Forgets what the key was exchanged for and was refused, unless another has taken its place since. Whether there is a new
    /// one to try.
    pub(super) fn forget_password(&self, refused: &Admission) -> bool {
        let (Some(session), Admission::Fixed(refused)) = (session_of(self.credentials), refused)
        else {
            return false;
        };
        let same =
            self.session(session)
                .is_some_and(|secret| match as_shown(self.credentials, secret) {
                    Credentials::Basic { username, password } => {
                        token::basic(&username, &password).is_ok_and(|header| header == refused)
                    }
                    _ => false,
                });
        if same {
            self.end_session(session);
        }
        true
    }
}

/// What a key was exchanged for, as the registry takes it.
fn as_shown(key: &Credentials, secret: Secret) -> Credentials {
    let user = match key {
        Credentials::Aws(_) => aws::USER,
        Credentials::Google(_) => google::USER,
        _ => return Credentials::Identity(secret),
    };
    Credentials::Basic {
        username: user.into(),
        password: secret,
    }
}

/// What a key is exchanged for is kept as this in memory; `None` for credentials that are shown as they are.
pub(super) fn session_of(credentials: &Credentials) -> Option<&'static str> {
    match credentials {
        Credentials::Aws(_) => Some(aws::SESSION),
        Credentials::Google(_) => Some(google::SESSION),
        Credentials::Azure(_) => Some(azure::SESSION),
        Credentials::Anonymous
        | Credentials::Basic { .. }
        | Credentials::Identity(_)
        | Credentials::Bearer(_) => None,
    }
}
