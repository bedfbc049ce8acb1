//! The way in: nothing, Basic, or a token from the server that the registry names (facts: registries §1.11).

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use url::Url;

use crate::platform::{Clock, Fetch};

use super::super::challenge::{self, Challenge};
use super::super::error::Refusal;
use super::super::scope::{Area, Template};
use super::super::token::{self, Token};
use super::super::tokens::Way;
use super::super::{Credentials, Error, Garbage, Operation, realm};
use super::{Client, gate, host_of, is_redirect};

/// How a request is let in.
enum Pass {
    /// By itself.
    None,
    /// With what is always the same: user and password, or a ready token.
    Fixed(HeaderValue),
    /// With a token.
    Token {
        header: HeaderValue,
        token: Token,
        scope: Option<String>,
        fresh: bool,
    },
}

impl Pass {
    fn header(&self) -> Option<&HeaderValue> {
        match self {
            Self::None => None,
            Self::Fixed(header) | Self::Token { header, .. } => Some(header),
        }
    }
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// Sends a request to the registry with what it takes to be let in. What was learnt is remembered, so that most
    /// requests are one send. A refusal is answered by one more try: with the token of the new challenge (401), or with a
    /// new token where the old one has ended (403 at ECR).
    pub(super) async fn send(
        &self,
        operation: Operation,
        area: Area<'_>,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<F::Body>, Error> {
        let door = self.gates.door(door_of(area));
        let mut first = match self.tokens.way(&self.account, area) {
            None => gate::first(&door).await,
            Some(_) => None,
        };
        let mut pass = self.pass(area).await?;
        let mut retried = false;
        loop {
            let mut attempt = request.clone();
            if let Some(header) = pass.header() {
                attempt
                    .headers_mut()
                    .insert(header::AUTHORIZATION, header.clone());
            }
            let response = self.exchange(operation, attempt).await?;
            let knocking = matches!(pass, Pass::None);
            let next = match response.status() {
                StatusCode::UNAUTHORIZED if !retried => {
                    let challenges = challenges(response.headers());
                    let refusal = self
                        .refusal(operation, self.registry.host(), response)
                        .await;
                    let way = self.choose(operation, &challenges, area, &pass)?;
                    first = None;
                    self.answer(way, area, &pass).await?.ok_or(refusal)?
                }
                StatusCode::FORBIDDEN if !retried => {
                    let (refusal, body) = self
                        .refusal_with_body(operation, self.registry.host(), response)
                        .await;
                    if !says_expired(&body) {
                        return Err(refusal);
                    }
                    self.renew(area, &pass).await?.ok_or(refusal)?
                }
                _ => {
                    if knocking && response.status() != StatusCode::UNAUTHORIZED {
                        self.tokens.remember(&self.account, area, Way::Open);
                    }
                    drop(first);
                    return Ok(response);
                }
            };
            // The first knock, which only shows what is wanted, is no try.
            retried = !knocking;
            pass = next;
        }
    }

    /// What is known to let a request in, before anything was sent.
    async fn pass(&self, area: Area<'_>) -> Result<Pass, Error> {
        if let Credentials::Bearer(token) = self.credentials {
            return Ok(Pass::Fixed(self.header(token::bearer(token))?));
        }
        match (self.tokens.way(&self.account, area), self.credentials) {
            (Some(Way::Basic), Credentials::Basic { username, password }) => {
                Ok(Pass::Fixed(self.header(token::basic(username, password))?))
            }
            (
                Some(Way::Bearer {
                    realm,
                    service,
                    scope,
                }),
                _,
            ) => {
                let token = self
                    .token(&realm, service.as_deref(), scope.scope(area))
                    .await;
                if token.is_err() {
                    // Perhaps the registry has moved its token server: the next request asks.
                    self.tokens.forget(&self.account, area);
                }
                token
            }
            _ => Ok(Pass::None),
        }
    }

    /// The way that a 401 asks for and that can be gone: a token where one is offered, else Basic.
    fn choose(
        &self,
        operation: Operation,
        challenges: &[Challenge],
        area: Area<'_>,
        refused: &Pass,
    ) -> Result<Option<(Way, Option<String>)>, Error> {
        if let Credentials::Bearer(_) = self.credentials {
            return Ok(None);
        }
        let basic = matches!(self.credentials, Credentials::Basic { .. })
            && !matches!(refused, Pass::Fixed(_))
            && challenges.iter().any(|one| one.scheme() == "basic");
        let bearer = challenges.iter().find(|one| one.scheme() == "bearer");
        let judged = bearer
            .and_then(|one| Some((one, realm::judge(one.parameter("realm")?, self.registry))));
        match judged {
            Some((challenge, Ok(realm))) => Ok(self.bearer(challenge, realm, area, refused)),
            _ if basic => {
                self.tokens.remember(&self.account, area, Way::Basic);
                Ok(Some((Way::Basic, None)))
            }
            Some((_, Err(what))) => Err(Error::Refused {
                host: self.registry.host().to_owned(),
                operation,
                what,
            }),
            None => Ok(None),
        }
    }

    fn bearer(
        &self,
        challenge: &Challenge,
        realm: Url,
        area: Area<'_>,
        refused: &Pass,
    ) -> Option<(Way, Option<String>)> {
        let scope = challenge
            .parameter("scope")
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned);
        let service = challenge.parameter("service").map(str::to_owned);
        if let Pass::Token {
            token,
            scope: shown,
            fresh,
            ..
        } = refused
        {
            self.tokens.discard(&self.account, shown.as_deref(), token);
            // A new token of the same kind would be refused as this one, unless the server is said to have given too little.
            let too_little = challenge.parameter("error") == Some("insufficient_scope");
            if *fresh && *shown == scope && !too_little {
                return None;
            }
        }
        let template = Template::learn(scope.as_deref(), area);
        match &template {
            Some(template) => {
                let way = Way::Bearer {
                    realm: realm.clone(),
                    service: service.clone(),
                    scope: template.clone(),
                };
                self.tokens.remember(&self.account, area, way);
            }
            None => self.tokens.forget(&self.account, area),
        }
        Some((
            Way::Bearer {
                realm,
                service,
                scope: template.unwrap_or(Template::None),
            },
            scope,
        ))
    }

    /// Goes the chosen way, with the challenge's own scope.
    async fn answer(
        &self,
        way: Option<(Way, Option<String>)>,
        area: Area<'_>,
        refused: &Pass,
    ) -> Result<Option<Pass>, Error> {
        match (way, self.credentials) {
            (Some((Way::Basic, _)), Credentials::Basic { username, password }) => Ok(Some(
                Pass::Fixed(self.header(token::basic(username, password))?),
            )),
            (Some((Way::Bearer { realm, service, .. }, scope)), _) => {
                let without = matches!(area, Area::Catalog)
                    && matches!(refused, Pass::None)
                    && scope.is_some();
                match self.token(&realm, service.as_deref(), scope).await {
                    // Quay: its token server takes the catalog's scope for an error, and opens it without.
                    Err(Error::Status { status: 400, .. }) if without => {
                        let scope = Template::None;
                        let way = Way::Bearer {
                            realm: realm.clone(),
                            service: service.clone(),
                            scope,
                        };
                        self.tokens.remember(&self.account, area, way);
                        self.token(&realm, service.as_deref(), None).await.map(Some)
                    }
                    other => {
                        if other.is_err() {
                            self.tokens.forget(&self.account, area);
                        }
                        other.map(Some)
                    }
                }
            }
            _ => Ok(None),
        }
    }

    /// A new token for one that was refused because it has ended.
    async fn renew(&self, area: Area<'_>, refused: &Pass) -> Result<Option<Pass>, Error> {
        match refused {
            Pass::Token {
                token,
                scope,
                fresh: false,
                ..
            } => {
                self.tokens.discard(&self.account, scope.as_deref(), token);
                self.pass(area).await.map(Some)
            }
            Pass::Token { .. } | Pass::Fixed(_) | Pass::None => Ok(None),
        }
    }

    /// The token for a scope: the one at hand, or one that is asked for. Of calls side by side one asks.
    async fn token(
        &self,
        realm: &Url,
        service: Option<&str>,
        scope: Option<String>,
    ) -> Result<Pass, Error> {
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
        Ok(Pass::Token {
            header: self.header(token::bearer(&token.value))?,
            token,
            scope,
            fresh,
        })
    }

    /// Asks the token server. Its redirects are not followed: they would take the password along.
    async fn ask(
        &self,
        realm: &Url,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Token, Error> {
        let operation = Operation::AskingForToken;
        let request = self.formed(
            operation,
            token::request(realm, service, scope, self.credentials),
        )?;
        let host = host_of(&request);
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

    /// A credential that no header can hold is answered like one that is wrong.
    fn header(&self, header: Result<HeaderValue, http::Error>) -> Result<HeaderValue, Error> {
        header.map_err(|_| {
            self.garbage(
                Operation::AskingForToken,
                self.registry.host(),
                Garbage::Address,
            )
        })
    }
}

fn door_of(area: Area<'_>) -> String {
    match area {
        Area::Catalog => "the catalog".to_owned(),
        Area::Repository(_) => "any repository".to_owned(),
    }
}

/// All challenges of an answer, in one header or several.
fn challenges(headers: &http::HeaderMap) -> Vec<Challenge> {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    values
        .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
        .flat_map(challenge::parse)
        .collect()
}

/// ECR says 403 and "Your authorization token has expired. Reauthenticate and try again." (argo-cd#12554).
fn says_expired(body: &[u8]) -> bool {
    body.to_ascii_lowercase()
        .windows(7)
        .any(|word| word == b"expired")
}
