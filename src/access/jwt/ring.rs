//! The keys of issuers that are asked for at a URL: when they are asked for, and which of them a token may be signed with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};

use super::key::{self, NamedKey};
use super::token::SignedToken;
use super::{Issuer, IssuerKeys, TokenJudge};
use crate::platform::verify::PublicKey;
use crate::platform::{Fetch, Timestamp};

/// Longest set of keys that is read, in bytes.
const LIMIT: usize = 256 * 1024;

/// How often a set is asked for again at most, however many tokens name keys that are not in it.
const BETWEEN: Duration = Duration::from_mins(1);

/// How long a set is believed without being asked for again.
const FRESH: Duration = Duration::from_hours(1);

/// How long a set is believed while its issuer does not give another: a key that was taken back works no longer than that.
const STALE: Duration = Duration::from_hours(6);

/// How often a set is asked for within [`BETWEEN`] before an answer came: requests that come at one time cannot share one, and none
/// of them is refused for that, be the isolate new, the set old or the issuer's key.
const AT_ONCE: u32 = 8;

/// The sets of keys that an isolate has asked for, by their URLs.
#[derive(Debug, Default)]
pub(crate) struct KeyRing(RefCell<BTreeMap<String, KeySet>>);

/// One set, and how often it was asked for.
#[derive(Debug, Clone, Default)]
struct KeySet {
    keys: Vec<NamedKey>,
    /// When they came; `None` before they did.
    came: Option<Timestamp>,
    /// When it was asked for, at first of the times that `asks` counts.
    asked: Option<Timestamp>,
    /// How often it was asked for since then; [`AT_ONCE`] once an answer came, so that it is not asked for again so soon.
    asks: u32,
}

impl KeySet {
    /// Whether keys that are known may still be used: while they are fresh, and then while somebody asks or has just asked for others.
    fn is_usable(&self, now: Timestamp) -> bool {
        let age = self.came.map(|came| now.since(came));
        age.is_some_and(|age| age < FRESH || (age < STALE && self.was_asked(now)))
    }

    /// Whether it was asked for within [`BETWEEN`].
    fn was_asked(&self, now: Timestamp) -> bool {
        self.asked.is_some_and(|asked| now.since(asked) < BETWEEN)
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        self.asks < AT_ONCE || !self.was_asked(now)
    }

    /// Notes that it is asked for, before it is, so that of what comes meanwhile only some ask as well.
    fn note_ask(&mut self, now: Timestamp) {
        if !self.was_asked(now) {
            (self.asked, self.asks) = (Some(now), 0);
        }
        self.asks += 1;
    }
}

impl<F: Fetch> TokenJudge<'_, F> {
    /// The issuer's keys that a token may be signed with.
    pub(super) async fn keys(&self, token: &SignedToken, issuer: &Issuer) -> Vec<PublicKey> {
        let url = match &issuer.keys {
            IssuerKeys::Fixed(keys) => return fitting(keys, token),
            IssuerKeys::Url(url) => url,
        };
        let known = self.ring.0.borrow().get(url).cloned().unwrap_or_default();
        let usable = if known.is_usable(self.now) {
            fitting(&known.keys, token)
        } else {
            Vec::new()
        };
        if !usable.is_empty() || !known.may_ask(self.now) {
            return usable;
        }
        self.change(url, |set| set.note_ask(self.now));
        let answer = self.ask(url).await;
        // Whoever comes next would only be told the same.
        self.change(url, |set| set.asks = AT_ONCE);
        let Some(keys) = answer else {
            let age = known.came.map(|came| self.now.since(came));
            return if age.is_some_and(|age| age < STALE) {
                fitting(&known.keys, token)
            } else {
                Vec::new()
            };
        };
        let found = fitting(&keys, token);
        self.change(url, |set| {
            set.keys = keys;
            set.came = Some(self.now);
        });
        found
    }

    fn change(&self, url: &str, change: impl FnOnce(&mut KeySet)) {
        change(self.ring.0.borrow_mut().entry(url.to_owned()).or_default());
    }

    /// Asks for a set. A redirect is none: the URL is the operator's, and nobody else's is asked.
    async fn ask(&self, url: &str) -> Option<Vec<NamedKey>> {
        let request = Request::get(url).header(header::ACCEPT, "application/json");
        let answer = self
            .fetch
            .send(request.body(Bytes::new()).ok()?)
            .await
            .ok()?;
        if answer.status() != StatusCode::OK {
            self.fetch.cancel(answer.into_body()).await;
            return None;
        }
        let bytes = self.fetch.read(answer.into_body(), LIMIT).await.ok()?;
        // An empty set would be believed for an hour.
        key::set(&bytes).filter(|keys| !keys.is_empty())
    }
}

/// The keys of the token's own algorithm; where both have a name, of the same.
fn fitting(keys: &[NamedKey], token: &SignedToken) -> Vec<PublicKey> {
    let called = |key: &NamedKey| token.key.is_none() || key.id.is_none() || key.id == token.key;
    let keys = keys
        .iter()
        .filter(|key| key.key.algorithm() == token.algorithm && called(key));
    keys.map(|key| key.key.clone()).collect()
}
