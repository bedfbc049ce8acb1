//! Rate limits: which requests have a price, and which sender pays it. Cloudflare's binding for rate limits counts what each sender
//! has spent; without the binding, nothing has a price.

use std::net::IpAddr;

use http::HeaderMap;
use http::request::Parts;

use super::audit::ADDRESS;
use super::rule::Needs;
use super::{Host, Incoming, Service};
use crate::access::authenticate::{self, Verdict};
use crate::access::{Identity, Principal};
use crate::error::Error;
use crate::oci::Digest;
use crate::platform::Clock;

/// What has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Price {
    /// To show credentials that prove nobody.
    WrongCredentials,
    /// To ask for what KV does not have, so that the catalog is asked.
    Unpublished,
    /// To ask past caches (`no-cache`).
    PastCaches,
    /// To read by the API of spaces, which the catalog answers, or to create a space.
    Spaces,
}

impl Price {
    fn name(self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong credentials",
            Self::Unpublished => "what is not there",
            Self::PastCaches => "past caches",
            Self::Spaces => "the API of spaces",
        }
    }
}

/// Who pays: an account, else the address that a request came from. Whoever has an IPv6 address has 2^64 of them (RFC 6177).
fn payer(principal: &Principal<'_>, headers: &HeaderMap) -> String {
    match principal.account() {
        Some(account) => format!("account {account}"),
        None => address(headers),
    }
}

fn address(headers: &HeaderMap) -> String {
    let text = headers.get(&ADDRESS).and_then(|value| value.to_str().ok());
    let network = match text.and_then(|text| text.parse().ok()) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => "unknown".to_owned(),
    };
    format!("address {network}")
}

/// Who guesses: an address, and whose password it tries. So whoever tries one account's shuts nobody else out that comes from the
/// same address, as all of an office do. The user is a client's text of any length; it stands there as the start of its hash.
fn guesser(headers: &HeaderMap) -> String {
    let from = address(headers);
    match authenticate::claimed_user(headers) {
        None => from,
        Some(user) => {
            let hash = Digest::sha256_of(&user);
            format!("{from} as {}", hash.hex().split_at(16).0)
        }
    }
}

impl Incoming<'_> {
    /// Who pays for what has a price.
    pub(super) fn payer(&self) -> String {
        payer(&self.principal, &self.head.headers)
    }
}

impl<H: Host> Service<'_, H> {
    /// Takes a price; an error where its payer has none left.
    pub(super) async fn pay(&self, price: Price, payer: &str) -> Result<(), Error> {
        let name = price.name();
        if self.host.allows(&format!("{name}: {payer}")).await {
            Ok(())
        } else {
            Err(Error::TooManyRequests(name))
        }
    }

    /// Takes the price of credentials that proved nobody, where credentials are what a route listens to. A token of which nobody
    /// knows whether it is genuine has none, and opens nothing.
    pub(super) async fn pay_for_proof(
        &self,
        needs: Needs,
        verdict: &Verdict,
        head: &Parts,
    ) -> Result<(), Error> {
        match (verdict, needs) {
            (_, Needs::Notice(_))
            | (Verdict::Nothing | Verdict::Password | Verdict::Token, _)
            | (Verdict::Undecided(_), Needs::Nothing) => Ok(()),
            (Verdict::Wrong, _) => self.pay_for_guess(&head.headers).await,
            (Verdict::Undecided(missing), _) => Err(Error::KeysMissing {
                issuer: missing.issuer.clone(),
                retry_after: missing.retry_after,
            }),
        }
    }

    /// Takes the price of a notification whose secret or signature is wrong.
    pub(super) async fn pay_unless_proven<T>(
        &self,
        notice: Result<T, Error>,
        head: &Parts,
    ) -> Result<T, Error> {
        if let Err(Error::Unauthorized(_)) = &notice {
            self.pay_for_guess(&head.headers).await?;
        }
        notice
    }

    /// Takes the price of wrong credentials. Who has none left is not listened to for a while with a password of this user, with the
    /// right one neither: else the answer would tell which it is.
    async fn pay_for_guess(&self, headers: &HeaderMap) -> Result<(), Error> {
        let guesser = guesser(headers);
        let paid = self.pay(Price::WrongCredentials, &guesser).await;
        if paid.is_err() && authenticate::claimed_user(headers).is_some() {
            let now = self.host.clock().now();
            self.memory.guessers.note(guesser, now);
        }
        paid
    }

    /// Whether a password of this user's was guessed too often from this address. A right token is let in all the same: it is long and
    /// random, and no number of guesses finds one.
    pub(super) fn has_guessed(&self, identity: &Identity<'_>, head: &Parts) -> bool {
        let now = self.host.clock().now();
        matches!(identity.verdict, Verdict::Password | Verdict::Wrong)
            && authenticate::claimed_user(&head.headers).is_some()
            && self.memory.guessers.has(&guesser(&head.headers), now)
    }
}

#[cfg(test)]
mod tests;
