//! The way in: nothing, Basic, or a token (distribution: "Token Authentication Specification"). Here requests are sent with
//! what is known; what a refusal asks for is worked out in `answer`, tokens are asked for in `ask`.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use crate::platform::{Clock, Fetch};

use super::super::scope::Area;
use super::super::token::{self, Token};
use super::super::tokens::Way;
use super::super::{Credentials, Error, Operation};
use super::{Client, gate};

/// What a request shows to be let in.
pub(super) enum Admission {
    /// Nothing.
    None,
    /// What is always the same: user and password, or a ready token.
    Fixed(HeaderValue),
    /// A token that was asked for.
    Token(ShownToken),
}

/// A token as it is shown.
pub(super) struct ShownToken {
    pub(super) header: HeaderValue,
    pub(super) token: Token,
    /// What it was asked for.
    pub(super) scope: Option<String>,
    /// Whether it was asked for just now, for this request.
    pub(super) fresh: bool,
}

impl Admission {
    fn header(&self) -> Option<&HeaderValue> {
        match self {
            Self::None => None,
            Self::Fixed(header) | Self::Token(ShownToken { header, .. }) => Some(header),
        }
    }
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// Sends a request to the registry with what it takes to be let in. What was learnt is remembered, so that most
    /// requests are one send. A refusal is answered by one more try: with the token of the new challenge (401), or with a
    /// new token where the old one has ended (403 at ECR).
    ///
    /// The first request knocks with empty hands, because only a challenge says what is wanted. A registry that lets
    /// everybody see a part (Artifactory, Nexus, zot) answers that without one; so who has a password shows it then, or the
    /// private part would be missing, or be 404.
    pub(super) async fn send(
        &self,
        operation: Operation,
        area: Area<'_>,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<F::Body>, Error> {
        let host = self.registry.host();
        let door = self.gates.door(door_of(area));
        let mut first = match self.tokens.way(&self.account, area) {
            None => gate::first(&door).await,
            Some(_) => None,
        };
        let mut admission = self.admission(area).await?;
        let mut retried = false;
        loop {
            let mut attempt = request.clone();
            if let Some(header) = admission.header() {
                attempt
                    .headers_mut()
                    .insert(header::AUTHORIZATION, header.clone());
            }
            let response = self.exchange(operation, attempt).await?;
            let knocking = matches!(admission, Admission::None);
            admission = match response.status() {
                StatusCode::UNAUTHORIZED if !retried => {
                    let choice = self.choose(operation, response.headers(), area, &admission);
                    let refusal = self.refusal(operation, host, response).await;
                    let choice = choice?.ok_or(refusal)?;
                    // What is wanted is known now: the others may come.
                    first = None;
                    self.answer(choice, area, &admission).await?
                }
                StatusCode::FORBIDDEN if !retried && !knocking => {
                    let (refusal, body) = self.refusal_with_body(operation, host, response).await;
                    self.renew(area, &admission, &body).await?.ok_or(refusal)?
                }
                status if knocking && is_about_us(status) && self.has_password() => {
                    self.fetch.cancel(response.into_body()).await;
                    self.password().await?
                }
                status => {
                    if is_about_us(status) {
                        self.settle(area, &admission);
                    }
                    drop(first);
                    return Ok(response);
                }
            };
            // A knock only shows what is wanted: it is no try.
            retried = !knocking;
        }
    }

    /// What is known to let a request in, before anything was sent.
    pub(super) async fn admission(&self, area: Area<'_>) -> Result<Admission, Error> {
        if let Credentials::Bearer(token) = self.credentials {
            return Ok(Admission::Fixed(self.header(token::bearer(token))?));
        }
        match self.tokens.way(&self.account, area) {
            Some(Way::Basic) => self.password().await,
            Some(Way::Bearer {
                realm,
                service,
                asking,
            }) => {
                let token = self
                    .token(&realm, service.as_deref(), asking.scope(area))
                    .await;
                self.doubt(area, token)
            }
            Some(Way::Open) | None => Ok(Admission::None),
        }
    }

    /// Remembers what let a request in.
    fn settle(&self, area: Area<'_>, admission: &Admission) {
        match (admission, self.credentials) {
            (Admission::None, _) => self.tokens.remember(&self.account, area, Way::Open),
            (
                Admission::Fixed(_),
                Credentials::Basic { .. } | Credentials::Aws(_) | Credentials::Google(_),
            ) => {
                self.tokens.remember(&self.account, area, Way::Basic);
            }
            // Tokens are remembered with their challenge; a ready one is all there is.
            (Admission::Fixed(_) | Admission::Token(_), _) => {}
        }
    }

    pub(super) fn has_password(&self) -> bool {
        matches!(
            self.credentials,
            Credentials::Basic { .. } | Credentials::Aws(_) | Credentials::Google(_)
        )
    }

    /// User and password for the registry itself; nothing for who has none.
    pub(super) async fn password(&self) -> Result<Admission, Error> {
        match self.shown().await?.as_ref() {
            Credentials::Basic { username, password } => Ok(Admission::Fixed(
                self.header(token::basic(username, password))?,
            )),
            Credentials::Anonymous
            | Credentials::Identity(_)
            | Credentials::Bearer(_)
            | Credentials::Aws(_)
            | Credentials::Google(_)
            | Credentials::Azure(_) => Ok(Admission::None),
        }
    }
}

/// Whether a status says something about who asks, and not only that the registry is in trouble.
fn is_about_us(status: StatusCode) -> bool {
    let trouble = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    !trouble && status != StatusCode::UNAUTHORIZED
}

fn door_of(area: Area<'_>) -> String {
    match area {
        Area::Catalog => "the catalog".to_owned(),
        Area::Tags(_) | Area::Content(_) | Area::Push(_) | Area::Delete(_) => {
            "any repository".to_owned()
        }
    }
}
