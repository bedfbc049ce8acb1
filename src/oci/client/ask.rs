//! Gets tokens: remembered ones, or new ones from the token server.

use http::{HeaderValue, StatusCode};
use url::Url;

use crate::platform::{Clock, Fetch, FetchError};

use super::super::error::Refusal;
use super::super::scope::Area;
use super::super::token::{self, Token};
use super::super::{Error, Garbage, Operation};
use super::auth::{Admission, ShownToken};
use super::{Client, exchange, gate, is_redirect};

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// The token for a scope: the one at hand, or one that is asked for. Of calls side by side one asks.
    pub(super) async fn token(
        &self,
        realm: &Url,
        service: Option<&str>,
        scope: Option<String>,
    ) -> Result<Admission, Error> {
        let known = || {
            self.tokens
                .token(&self.account, scope.as_deref(), self.clock.now())
        };
        let door = self
            .gates
            .door(format!("token {}", scope.as_deref().unwrap_or_default()));
        let mut token = known();
        let mut first = None;
        if token.is_none() {
            first = gate::first(&door).await;
            token = known();
        }
        let (token, fresh) = match token {
            Some(token) => (token, false),
            None => (self.ask(realm, service, scope.as_deref()).await?, true),
        };
        drop(first);
        let header = self.header(token::bearer(&token.value))?;
        Ok(Admission::Token(ShownToken {
            header,
            token,
            scope,
            fresh,
        }))
    }

    /// Asks the token server. Its redirects are not followed: they would take the password along.
    async fn ask(
        &self,
        realm: &Url,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Token, Error> {
        let operation = Operation::AskingForToken;
        let shown = self.shown().await?;
        let request = self.formed(operation, token::request(realm, service, scope, &shown))?;
        let host = self.host_of(&request);
        let response = self.exchange(operation, request).await?;
        if is_redirect(response.status()) {
            self.fetch.cancel(response.into_body()).await;
            return Err(Error::Refused {
                host,
                operation,
                what: Refusal::TokenRedirect,
            });
        }
        if response.status() != StatusCode::OK {
            if let Some(session) = exchange::session_of(self.credentials)
                && is_no(response.status())
            {
                // Perhaps it has ended before its time: the next request exchanges the key anew.
                self.end_session(session);
            }
            return Err(self.refusal(operation, &host, response).await);
        }
        let reply = self
            .read(operation, &host, response.into_body(), token::MAX_REPLY)
            .await?;
        let now = self.clock.now();
        let token = token::parse(&reply, now)
            .ok_or_else(|| self.garbage(operation, &host, Garbage::Unparseable))?;
        self.tokens.keep(&self.account, scope, token.clone(), now);
        Ok(token)
    }

    /// Forgets the way when its token server does not do what it did: perhaps the registry has moved it, and the next
    /// request asks. A clear no, and a call that was not made, say nothing about that.
    pub(super) fn doubt(
        &self,
        area: Area<'_>,
        token: Result<Admission, Error>,
    ) -> Result<Admission, Error> {
        match &token {
            Ok(_)
            | Err(
                Error::Status {
                    status: 401 | 403 | 429,
                    ..
                }
                | Error::Fetch {
                    source: FetchError::Budget,
                    ..
                },
            ) => {}
            Err(_) => self.tokens.forget(&self.account, area),
        }
        token
    }

    /// Credentials that no header can hold.
    pub(super) fn header(
        &self,
        header: Result<HeaderValue, http::Error>,
    ) -> Result<HeaderValue, Error> {
        header.map_err(|_| {
            self.garbage(
                Operation::AskingForToken,
                self.registry.host(),
                Garbage::Credentials,
            )
        })
    }
}

/// Whether a token server says no to who asks.
fn is_no(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
}
