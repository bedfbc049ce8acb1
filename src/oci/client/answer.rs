//! Answers a refusal: chooses the challenge that can be met, and meets it.

use http::{HeaderMap, header};
use url::Url;

use crate::platform::{Clock, Fetch};

use super::super::challenge::{self, Challenge};
use super::super::scope::{Area, Asking};
use super::super::tokens::Way;
use super::super::{Credentials, Error, Operation, realm};
use super::Client;
use super::auth::{Admission, ShownToken};

/// The way that is gone next.
pub(super) enum Choice {
    /// User and password, to the registry itself.
    Password,
    /// A token of the server at `realm`, which was judged.
    Token {
        realm: Url,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// The way that a 401 asks for and that can be gone, or none: a token where one is offered, else Basic.
    pub(super) fn choose(
        &self,
        operation: Operation,
        headers: &HeaderMap,
        area: Area<'_>,
        refused: &Admission,
    ) -> Result<Option<Choice>, Error> {
        if let Credentials::Bearer(_) = self.credentials {
            return Ok(None);
        }
        let challenges = challenges(headers);
        let password = challenges.iter().any(|one| one.scheme() == "basic")
            && self.has_password()
            && !matches!(refused, Admission::Fixed(_));
        let bearer = challenges.iter().find(|one| one.scheme() == "bearer");
        let judged = bearer.and_then(|one| {
            Some((
                one,
                realm::judge(one.parameter("realm")?, self.registry, self.terms),
            ))
        });
        match judged {
            Some((challenge, Ok(realm))) => Ok(self.choose_token(challenge, realm, area, refused)),
            _ if password => {
                self.tokens.remember(&self.account, area, Way::Basic);
                Ok(Some(Choice::Password))
            }
            Some((_, Err(what))) => Err(Error::Refused {
                host: self.registry.host().to_owned(),
                operation,
                what,
            }),
            None => Ok(None),
        }
    }

    fn choose_token(
        &self,
        challenge: &Challenge,
        realm: Url,
        area: Area<'_>,
        refused: &Admission,
    ) -> Option<Choice> {
        let asking = Asking::learn(challenge.parameter("scope"), self.registry, area);
        let scope = asking.scope(area);
        let service = challenge.parameter("service").map(str::to_owned);
        if let Admission::Token(refused) = refused {
            self.tokens
                .discard(&self.account, refused.scope.as_deref(), &refused.token);
            // Another one of the same kind would be refused as well, unless the server gave too little of what was asked.
            let too_little = challenge.parameter("error") == Some("insufficient_scope");
            if refused.fresh && refused.scope == scope && !too_little {
                return None;
            }
        }
        let way = Way::Bearer {
            realm: realm.clone(),
            service: service.clone(),
            asking,
        };
        self.tokens.remember(&self.account, area, way);
        Some(Choice::Token {
            realm,
            service,
            scope,
        })
    }

    /// Goes the chosen way.
    pub(super) async fn answer(
        &self,
        choice: Choice,
        area: Area<'_>,
        refused: &Admission,
    ) -> Result<Admission, Error> {
        let Choice::Token {
            realm,
            service,
            scope,
        } = choice
        else {
            return self.password().await;
        };
        let may_go_without = matches!(area, Area::Catalog)
            && !matches!(refused, Admission::Token(_))
            && scope.is_some();
        let token = match self.token(&realm, service.as_deref(), scope).await {
            // Quay: its token server takes the catalog's scope for an error, and opens the catalog without.
            Err(Error::Status { status: 400, .. }) if may_go_without => {
                let token = self.token(&realm, service.as_deref(), None).await;
                self.tokens.remember(
                    &self.account,
                    area,
                    Way::Bearer {
                        realm,
                        service,
                        asking: Asking::Nothing,
                    },
                );
                token
            }
            other => other,
        };
        self.doubt(area, token)
    }

    /// A new token for one that was refused by a 403 with this `body` because it has ended; none otherwise.
    pub(super) async fn renew(
        &self,
        area: Area<'_>,
        refused: &Admission,
        body: &[u8],
    ) -> Result<Option<Admission>, Error> {
        match refused {
            Admission::Token(ShownToken {
                token,
                scope,
                fresh: false,
                ..
            }) if says_expired(body) => {
                self.tokens.discard(&self.account, scope.as_deref(), token);
                self.admission(area).await.map(Some)
            }
            Admission::Fixed(_) if says_expired(body) && self.forget_password(refused) => {
                self.admission(area).await.map(Some)
            }
            Admission::Token(_) | Admission::Fixed(_) | Admission::None => Ok(None),
        }
    }
}

/// All challenges of an answer, in one header or several.
fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
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
