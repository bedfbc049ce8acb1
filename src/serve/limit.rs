//! Rate limits: which requests have a price, and which sender pays it. Cloudflare's binding for rate limits counts what each sender
//! has spent; without the binding, nothing has a price.

use std::net::IpAddr;

use http::HeaderMap;
use http::request::Parts;

use super::audit::ADDRESS;
use super::rule::Needs;
use super::{Host, Incoming, Service};
use crate::access::{Principal, authenticate};
use crate::error::Error;
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
}

impl Price {
    fn name(self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong credentials",
            Self::Unpublished => "what is not there",
            Self::PastCaches => "past caches",
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

    /// Takes the price of credentials that proved nobody, where credentials are what a route needs.
    pub(super) async fn pay_for_proof(
        &self,
        needs: Needs,
        principal: &Principal<'_>,
        head: &Parts,
    ) -> Result<(), Error> {
        let listens = !matches!(needs, Needs::Notice(_));
        if listens && !principal.is_known() && authenticate::shows_proof(&head.headers) {
            self.pay_for_guess(&head.headers).await?;
        }
        Ok(())
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

    /// Takes the price of wrong credentials. Who has none left is not listened to for a while, with right ones neither: else
    /// the answer would tell which are.
    async fn pay_for_guess(&self, headers: &HeaderMap) -> Result<(), Error> {
        let paid = self.pay(Price::WrongCredentials, &address(headers)).await;
        if paid.is_err() {
            let now = self.host.clock().now();
            self.memory.guessers.note(address(headers), now);
        }
        paid
    }

    /// Whether somebody at this address has guessed too often.
    pub(super) fn has_guessed(&self, head: &Parts) -> bool {
        let now = self.host.clock().now();
        authenticate::shows_proof(&head.headers)
            && self.memory.guessers.has(&address(&head.headers), now)
    }
}

#[cfg(test)]
mod tests;
