//! The keys of issuers that are asked for at a URL: when they are asked for, and which of them a token may be signed with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
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

/// How soon a set is asked for again that there is none of, after a fault of its issuer's.
const AGAIN: Duration = Duration::from_secs(10);

/// How long an issuer may take to give its set, the body too: a client waits meanwhile.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often a request looks whether another one's answer is there: futures are not shared between requests.
const LOOK: Duration = Duration::from_millis(50);

/// The sets of keys that an isolate has asked for, by their URLs.
#[derive(Debug, Default)]
pub(crate) struct KeyRing(RefCell<BTreeMap<String, KeySet>>);

/// The keys of an issuer cannot be had, so that nobody knows whether its token is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeysMissing {
    /// What the issuer is called in the settings.
    pub(crate) issuer: String,
    /// When to try again, in seconds.
    pub(crate) retry_after: u64,
}

/// One set, and when it was asked for.
#[derive(Debug, Clone, Default)]
struct KeySet {
    keys: Vec<NamedKey>,
    /// When they came; `None` before they did.
    came: Option<Timestamp>,
    /// When it was asked for last.
    asked: Option<Timestamp>,
    /// What came of that.
    answer: KeysAnswer,
}

/// What came of asking for a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum KeysAnswer {
    /// Nothing yet. What has come to nothing after [`TIMEOUT`] was given up with the request that asked.
    #[default]
    OnItsWay,
    /// A set.
    Given,
    /// None, or nothing that is a set.
    Failed,
}

impl KeySet {
    /// Whether keys that are known may still be used: while they are fresh, and then until they can be asked for again.
    fn is_usable(&self, now: Timestamp) -> bool {
        let age = self.came.map(|came| now.since(came));
        age.is_some_and(|age| age < FRESH || (age < STALE && !self.may_ask(now)))
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        self.came.is_none_or(|came| now.since(came) >= STALE)
    }

    /// How long after the last time it is not asked for again.
    fn rest(&self, now: Timestamp) -> Duration {
        match self.answer {
            KeysAnswer::OnItsWay => TIMEOUT,
            KeysAnswer::Failed if self.is_stale(now) => AGAIN,
            KeysAnswer::Failed | KeysAnswer::Given => BETWEEN,
        }
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let rest = self.rest(now);
        self.asked.is_none_or(|asked| now.since(asked) >= rest)
    }

    /// When it may be asked for again, in seconds from now.
    fn retry_after(&self, now: Timestamp) -> u64 {
        let again = self.asked.map(|asked| asked.after(self.rest(now)));
        let left = again.map_or(Duration::ZERO, |again| again.since(now));
        left.as_secs() + u64::from(left.subsec_nanos() > 0 || left.is_zero())
    }
}

impl<F: Fetch> TokenJudge<'_, F> {
    /// The issuer's keys that a token may be signed with. One request of an isolate asks for them, others wait for what comes.
    pub(super) async fn keys(
        &self,
        token: &SignedToken,
        issuer: &Issuer,
    ) -> Result<Vec<PublicKey>, KeysMissing> {
        let url = match &issuer.keys {
            IssuerKeys::Fixed(keys) => return Ok(fitting(keys, token)),
            IssuerKeys::Url(url) => url,
        };
        let missing = |known: &KeySet| KeysMissing {
            issuer: issuer.name.clone(),
            retry_after: known.retry_after(self.now),
        };
        let mut waited = Duration::ZERO;
        loop {
            let known = self.known(url);
            if known.is_usable(self.now) {
                let usable = fitting(&known.keys, token);
                if !usable.is_empty() {
                    return Ok(usable);
                }
            }
            if known.may_ask(self.now) {
                break;
            }
            match known.answer {
                KeysAnswer::Given => return Ok(Vec::new()),
                KeysAnswer::OnItsWay if waited < TIMEOUT => {
                    self.fetch.wait(LOOK).await;
                    waited += LOOK;
                }
                KeysAnswer::OnItsWay | KeysAnswer::Failed => return Err(missing(&known)),
            }
        }
        // Noted before it is asked, so that what comes meanwhile does not ask as well.
        self.change(url, |set| {
            set.asked = Some(self.now);
            set.answer = KeysAnswer::OnItsWay;
        });
        let (answer, late) = (pin!(self.ask(url)), pin!(self.fetch.wait(TIMEOUT)));
        if let Either::Left((Some(keys), _)) = select(answer, late).await {
            let found = fitting(&keys, token);
            self.change(url, |set| {
                set.keys = keys;
                set.came = Some(self.now);
                set.answer = KeysAnswer::Given;
            });
            return Ok(found);
        }
        self.change(url, |set| set.answer = KeysAnswer::Failed);
        let known = self.known(url);
        let found = fitting(&known.keys, token);
        if found.is_empty() || known.is_stale(self.now) {
            return Err(missing(&known));
        }
        Ok(found)
    }

    fn known(&self, url: &str) -> KeySet {
        self.ring.0.borrow().get(url).cloned().unwrap_or_default()
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
