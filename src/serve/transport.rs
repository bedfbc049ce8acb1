//! The way that requests came: encrypted or not, and to which name of the Worker.

use std::cell::{Cell, RefCell};

use http::header::{HeaderName, STRICT_TRANSPORT_SECURITY};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue};

use crate::access::authenticate;
use crate::config::Config;
use crate::error::Error;

/// What a server before the Worker says of the client's connection. Cloudflare sets it whatever the client sent
/// (<https://developers.cloudflare.com/fundamentals/reference/http-headers/>).
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// For a year only https; of this host alone, as those below it are somebody else's business (RFC 6797 §6.1).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Where Workers have a name that Cloudflare gives them.
const GIVEN: &str = ".workers.dev";

/// Longest name of a host (RFC 1035 §2.3.4).
const HOST: usize = 255;

/// The names under which an isolate was asked.
#[derive(Debug, Default)]
pub(super) struct NamesAsked {
    /// The one that Cloudflare gave, if it was asked under that.
    given: RefCell<Option<String>>,
    /// One of the operator's own, if it was asked under such a one.
    own: RefCell<Option<String>>,
    told: Cell<bool>,
}

impl NamesAsked {
    /// Notes under which name a request came. A name that nobody gave the Worker does not reach it.
    pub(super) fn note(&self, head: &Parts) {
        let Some(host) = host(head).filter(|host| host.len() <= HOST && !is_here(host)) else {
            return;
        };
        let known = if host.ends_with(GIVEN) {
            &self.given
        } else {
            &self.own
        };
        if known.borrow().is_none() {
            *known.borrow_mut() = Some(host.to_owned());
        }
    }

    /// What an operator is warned of: that there is a second door.
    pub(super) fn warning(&self) -> Option<String> {
        let (given, own) = (self.given.borrow(), self.own.borrow());
        let (given, own) = (given.as_ref()?, own.as_ref()?);
        Some(format!(
            "asked as {given} beside {own}: set workers_dev = false in wrangler.toml, or {given} stays a second door"
        ))
    }

    /// The same, once.
    pub(super) fn first_warning(&self) -> Option<String> {
        let warning = self.warning()?;
        (!self.told.replace(true)).then_some(warning)
    }
}

/// Whether others could read a request on its way: it came by plain http from another machine.
pub(super) fn is_plain(head: &Parts) -> bool {
    let by_http = head.uri.scheme() == Some(&Scheme::HTTP);
    let forwarded = head.headers.get(&FORWARDED);
    let encrypted = forwarded.is_some_and(|scheme| scheme == "https");
    by_http && !encrypted && !host(head).is_none_or(is_here)
}

/// Refuses credentials that others could read on their way; they are not looked at. To refuse is all that can be done: the client
/// has sent them.
pub(super) fn judge(config: &Config, head: &Parts) -> Result<(), Error> {
    let wanted = config.accounts.anyone_is_named() || config.webhook_secret.is_some();
    if wanted && is_plain(head) && authenticate::shows_proof(&head.headers) {
        return Err(Error::PlainHttp);
    }
    Ok(())
}

/// The error for a client that could only mend it by sending credentials where others can read them: it is not asked for any.
pub(super) fn unasked(error: Error, head: &Parts) -> Error {
    match error {
        Error::Unauthorized(_) if is_plain(head) => Error::PlainHttp,
        error => error,
    }
}

/// Has browsers and others that keep to it come by https only, where they came by it.
pub(super) fn keep_to_https(head: &Parts, headers: &mut HeaderMap) {
    let by_https = head.uri.scheme() == Some(&Scheme::HTTPS);
    if by_https && !host(head).is_none_or(is_here) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

fn host(head: &Parts) -> Option<&str> {
    head.uri.host()
}

/// Whether a host is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
fn is_here(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let loopback = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse().is_ok_and(loopback)
}

#[cfg(test)]
mod tests;
