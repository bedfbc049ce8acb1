//! JSON Web Tokens (RFC 7519): proven by their issuer's signature, with rights by what they say.
//!
//! | file | holds |
//! |---|---|
//! | `token` | the compact form, and the claims that say whether it counts |
//! | `issuer` | whose tokens are believed, and on what terms |
//! | `claims` | what claims give |
//! | `key` | public keys as they are written: JWK and PEM |
//! | `ring` | the keys of issuers that are asked for, and when they are asked for |

mod claims;
pub(crate) mod issuer;
pub(crate) mod key;
mod ring;
#[cfg(test)]
mod tests;
pub(crate) mod token;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Grants;
use crate::platform::verify::Verify;
use crate::platform::{Fetch, Timestamp};

pub(crate) use issuer::{ClaimRule, Issuer, IssuerKeys};
pub(crate) use ring::{KeyRing, KeysMissing};

use token::SignedToken;

/// Where Cloudflare Access puts its assertion
/// (<https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/>).
pub(super) const ASSERTION: HeaderName = HeaderName::from_static("cf-access-jwt-assertion");

/// Most keys that a token is tried with: where it names none, its issuer may have several.
const TRIES: usize = 4;

/// What came of looking at a request's tokens.
#[derive(Debug)]
pub(super) enum Bearing {
    /// One of them proves somebody.
    Known(Bearer),
    /// One is genuine, but gives nothing: its bearer is a stranger, who guesses nothing.
    Worthless,
    /// One may be genuine.
    Undecided(KeysMissing),
    /// There is none that is genuine.
    Nobody,
}

/// Whom a token proves, and what it gives.
#[derive(Debug)]
pub(super) struct Bearer {
    /// `<issuer's name>:<subject>`.
    pub(super) name: String,
    /// Never nothing: whoever is given nothing is a stranger.
    pub(super) grants: Grants,
}

/// What it takes to judge tokens.
pub(crate) struct TokenJudge<'j, F> {
    /// The keys that are known.
    pub(crate) ring: &'j KeyRing,
    /// The way to issuers.
    pub(crate) fetch: &'j F,
    /// How signatures are looked at; without it none is believed.
    pub(crate) verify: Option<Verify>,
    /// The time.
    pub(crate) now: Timestamp,
}

impl<F: Fetch> TokenJudge<'_, F> {
    /// Whom a request's tokens prove: what it `shown` in its credentials, else Cloudflare Access's assertion.
    pub(super) async fn bearer(
        &self,
        issuers: &[Issuer],
        shown: Option<&[u8]>,
        headers: &HeaderMap,
    ) -> Bearing {
        let mut bearing = Bearing::Nobody;
        if issuers.is_empty() {
            return bearing;
        }
        let assertion = headers.get(&ASSERTION).map(HeaderValue::as_bytes);
        for text in shown.into_iter().chain(assertion) {
            let Some(token) = SignedToken::parse(text) else {
                continue;
            };
            let mut issuers = issuers.iter();
            let Some(issuer) = issuers.find(|issuer| token.is_of(issuer, self.now)) else {
                continue;
            };
            match self.is_signed(&token, issuer).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(missing) => {
                    bearing = Bearing::Undecided(missing);
                    continue;
                }
            }
            // What gives nothing proves nothing: at GitHub anybody has tokens signed, for whatever audience.
            let grants = claims::grants(issuer, &token.claims);
            if grants != Grants::NONE {
                return Bearing::Known(Bearer {
                    name: format!("{}:{}", issuer.name, token.subject()),
                    grants,
                });
            }
            if matches!(bearing, Bearing::Nobody) {
                bearing = Bearing::Worthless;
            }
        }
        bearing
    }

    async fn is_signed(&self, token: &SignedToken, issuer: &Issuer) -> Result<bool, KeysMissing> {
        let Some(verify) = self.verify else {
            return Ok(false);
        };
        for key in self.keys(token, issuer).await?.into_iter().take(TRIES) {
            if verify(key, token.signed.clone(), token.signature.clone()).await {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
