//! What an isolate remembers between requests: plain state, never a future (one of another request's must not be awaited:
//! <https://developers.cloudflare.com/workers/observability/errors/>, "Cannot perform I/O on behalf of a different request"),
//! and never borrowed across an await. Losing it costs a call.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::allowance::Allowance;
use super::guessers::Guessers;
use super::held::{HeldPackages, UnprovenBodies};
use super::transport::NamesAsked;
use crate::access::jwt::KeyRing;
use crate::catalog::Status;
use crate::error::Error;
use crate::index::{Space, View};
use crate::oci::Tokens;
use crate::platform::Timestamp;
use crate::platform::sign::Rs256;
use crate::platform::verify::Verify;

/// How long what the catalog does not know is remembered: while many ask, a chart that was just pushed may be late by that.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// How long it is believed while few ask.
const MOMENT: Duration = Duration::from_secs(1);

/// Most unknown paths remembered: with paths of at most some hundred bytes, under a megabyte.
const UNKNOWN: usize = 1000;

/// From so many questions within a second on, those about what was not there a moment ago are not asked again.
const MANY_ASKS: u32 = 10;

/// Most views remembered as read until the next word to the catalog; the rest are told by their next reader.
const VIEWS: usize = 256;

/// How long what the catalog says of itself is good enough for `/`.
const STATUS_KEPT: Duration = Duration::from_secs(5);

/// How long a file that was found in the registry is kept.
const FOUND_KEPT: Duration = Duration::from_mins(1);

/// How long a fault of the registry is told without asking it again.
const FAULT_KEPT: Duration = Duration::from_secs(10);

/// Most spaces of which it is kept what came of looking for their file for Artifact Hub.
const HUBS: usize = 1000;

/// Most bytes of such files that are kept: each has at most 64 KiB, most have some hundred bytes.
const HUBS_LENGTH: usize = 4 << 20;

/// A file for Artifact Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hub {
    /// Its entity tag.
    pub(super) etag: String,
    /// The file.
    pub(super) bytes: Bytes,
}

/// The outcome of looking for a file for Artifact Hub, and until when it is believed.
#[derive(Debug)]
struct HubLookup {
    came: Result<Hub, Error>,
    until: Timestamp,
}

/// What an isolate remembers.
#[derive(Debug, Default)]
pub struct Memory {
    /// Tokens of registries.
    pub(super) tokens: Tokens,
    /// How signatures of clients' tokens are looked at; without it none is believed.
    pub(super) verify: Option<Verify>,
    /// The keys of those who sign clients' tokens.
    pub(super) keys: KeyRing,
    /// What is known not to exist, and until when that is believed.
    unknown: RefCell<BTreeMap<String, Timestamp>>,
    /// Packages that are looked into.
    pub(super) held: HeldPackages,
    /// Bodies of those who store something.
    pub(super) uploads: HeldPackages,
    /// Bodies that have yet to prove who sends them.
    pub(super) unproven: UnprovenBodies,
    /// Who tried passwords too often.
    pub(super) guessers: Guessers,
    /// Under which names it was asked.
    pub(super) names: NamesAsked,
    /// How many questions may be asked for whom.
    pub(super) allowance: Allowance,
    /// What the catalog said of itself last.
    status: RefCell<Option<Rc<Status>>>,
    /// When it was last asked that.
    status_asked: Cell<Option<Timestamp>>,
    /// What was found or met where files for Artifact Hub are looked for, by the parsed route.
    artifacthub: RefCell<BTreeMap<Space, HubLookup>>,
    /// When the catalog was last told of readers.
    told: Cell<Option<Timestamp>>,
    /// The views read from KV since.
    read: RefCell<BTreeSet<View>>,
}

impl Memory {
    /// An isolate's memory when it starts, where nothing can be signed, and nobody's signature is believed.
    #[cfg(test)]
    pub fn new() -> Self {
        Self::default()
    }

    /// An isolate's memory when it starts, where keys sign by `rs256`, and signatures of others are looked at by `verify`.
    pub fn with(rs256: Rs256, verify: Verify) -> Self {
        Self {
            tokens: Tokens::signed_by(rs256),
            verify: Some(verify),
            ..Self::default()
        }
    }

    /// Remembers that `what` does not exist.
    pub(super) fn remember_unknown(&self, what: String, now: Timestamp) {
        let mut unknown = self.unknown.borrow_mut();
        if unknown.len() >= UNKNOWN {
            unknown.retain(|_, until| now < *until);
        }
        if unknown.len() >= UNKNOWN {
            unknown.clear();
        }
        unknown.insert(what, now.after(FORGET_AFTER));
    }

    /// Whether `what` was not there a moment ago. While many ask, half a minute is a moment; else a second is, as somebody may have
    /// stored it by another isolate, and none at all for who asks past caches.
    pub(super) fn is_unknown(&self, what: &str, now: Timestamp, past_caches: bool) -> bool {
        let unknown = self.unknown.borrow();
        let Some(until) = unknown.get(what).filter(|until| now < **until) else {
            return false;
        };
        let many = self.allowance.most_asked(now) >= MANY_ASKS;
        let is_young = until.since(now) > FORGET_AFTER.saturating_sub(MOMENT);
        many || (is_young && !past_caches)
    }

    /// Forgets what was not there: something was stored.
    pub(super) fn forget_unknown(&self) {
        self.unknown.borrow_mut().clear();
    }

    /// Whether the catalog is to be asked for its status. Asked once in some seconds, whatever comes of it.
    pub(super) fn status_is_due(&self, now: Timestamp) -> bool {
        let asked = self.status_asked.get();
        let due = asked.is_none_or(|asked| now.since(asked) >= STATUS_KEPT);
        if due {
            self.status_asked.set(Some(now));
        }
        due
    }

    /// Remembers what the catalog said of itself.
    pub(super) fn keep_status(&self, status: Rc<Status>) {
        *self.status.borrow_mut() = Some(status);
    }

    /// What the catalog said of itself last.
    pub(super) fn status(&self) -> Option<Rc<Status>> {
        self.status.borrow().clone()
    }

    /// Remembers what came of looking for a space's file for Artifact Hub.
    pub(super) fn keep_artifacthub(&self, space: Space, came: Result<Hub, Error>, now: Timestamp) {
        let mut kept = self.artifacthub.borrow_mut();
        kept.retain(|_, known| now < known.until);
        // Who goes through many in a circle would never find what is let go for the next: what is kept stays for its time.
        let length = |came: &Result<Hub, Error>| came.as_ref().map_or(0, |hub| hub.bytes.len());
        let whole: usize = kept.values().map(|known| length(&known.came)).sum();
        if kept.len() >= HUBS || whole + length(&came) > HUBS_LENGTH {
            return;
        }
        let lasts = match &came {
            Ok(_) => FOUND_KEPT,
            Err(Error::NotFound(_)) => FORGET_AFTER,
            Err(_) => FAULT_KEPT,
        };
        let until = now.after(lasts);
        kept.insert(space, HubLookup { came, until });
    }

    /// What came of it a moment ago.
    pub(super) fn artifacthub(&self, space: &Space, now: Timestamp) -> Option<Result<Hub, Error>> {
        let kept = self.artifacthub.borrow();
        let known = kept.get(space).filter(|known| now < known.until)?;
        Some(known.came.clone())
    }

    /// Notes that a view was read from KV. Once an interval, gives the views to tell the catalog of.
    pub(super) fn note_read(
        &self,
        view: &View,
        now: Timestamp,
        interval: Duration,
    ) -> Option<Vec<View>> {
        let mut read = self.read.borrow_mut();
        if read.len() < VIEWS {
            read.insert(view.clone());
        }
        if self
            .told
            .get()
            .is_some_and(|told| now.since(told) < interval)
        {
            return None;
        }
        self.told.set(Some(now));
        Some(std::mem::take(&mut *read).into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Missing;
    use crate::serve::allowance::Asker;

    #[test]
    fn what_is_unknown_is_asked_again_after_a_moment_unless_many_ask() {
        let memory = Memory::new();
        assert!(!memory.is_unknown("a", Timestamp(0), false));
        memory.remember_unknown("a".into(), Timestamp(0));
        for (now, believed) in [(0, true), (999, true), (1000, false)] {
            assert_eq!(memory.is_unknown("a", Timestamp(now), false), believed);
            assert!(!memory.is_unknown("a", Timestamp(now), true));
        }
        // Many ask, the ones or the others.
        for now in [1000, 29_999] {
            for _ in 0..10 {
                assert!(!memory.is_unknown("a", Timestamp(now), true));
                assert!(memory.allowance.may_ask(Asker::Known, Timestamp(now)));
            }
            assert!(memory.is_unknown("a", Timestamp(now), true), "{now}");
            assert!(!memory.is_unknown("b", Timestamp(now), true));
        }
        for _ in 0..10 {
            assert!(memory.allowance.may_ask(Asker::PastCaches, Timestamp(2000)));
        }
        assert!(memory.is_unknown("a", Timestamp(2000), false));
        // For half a minute.
        for _ in 0..10 {
            assert!(memory.allowance.may_ask(Asker::Known, Timestamp(30_000)));
        }
        assert!(!memory.is_unknown("a", Timestamp(30_000), false));
    }

    #[test]
    fn what_is_unknown_is_bounded() {
        let memory = Memory::new();
        for n in 0..UNKNOWN * 3 {
            memory.remember_unknown(n.to_string(), Timestamp(0));
            assert!(memory.unknown.borrow().len() <= UNKNOWN);
        }
        // What has run out goes first.
        memory.unknown.borrow_mut().clear();
        for n in 0..UNKNOWN - 1 {
            memory.remember_unknown(n.to_string(), Timestamp(0));
        }
        memory.remember_unknown("young".into(), Timestamp(20_000));
        memory.remember_unknown("new".into(), Timestamp(30_000));
        assert!(memory.unknown.borrow().contains_key("young"));
        assert_eq!(memory.unknown.borrow().len(), 2);
    }

    #[test]
    fn readers_are_told_of_once_an_interval() {
        let memory = Memory::new();
        let view = |name: &str| name.parse::<View>().unwrap();
        let interval = Duration::from_mins(5);
        let note = |name, now| memory.note_read(&view(name), Timestamp(now), interval);
        assert_eq!(note("a", 0), Some(vec![view("a")]));
        assert_eq!(note("b", 1), None);
        assert_eq!(note("c", 299_999), None);
        assert_eq!(note("b", 300_000), Some(vec![view("b"), view("c")]));
        assert_eq!(note("a", 300_001), None);
    }

    #[test]
    fn the_views_that_were_read_are_bounded() {
        let memory = Memory::new();
        let interval = Duration::from_mins(5);
        let note = |n: usize, now| {
            let view = format!("s{n}").parse::<View>().unwrap();
            memory.note_read(&view, Timestamp(now), interval)
        };
        assert!(note(0, 0).is_some());
        for n in 0..3 * VIEWS {
            assert_eq!(note(n, 1), None);
        }
        assert_eq!(note(0, 300_000).unwrap().len(), VIEWS);
    }

    #[test]
    fn a_file_for_artifact_hub_is_remembered_for_a_while_and_not_for_all_spaces() {
        let memory = Memory::new();
        let space = |n: usize| format!("s{n}").parse::<Space>().unwrap();
        let found = || {
            let (etag, bytes) = ("tag".to_owned(), Bytes::from_static(b"file"));
            Ok(Hub { etag, bytes })
        };
        let missing = || Err(Error::NotFound(Missing::File));
        memory.keep_artifacthub(space(0), found(), Timestamp(0));
        memory.keep_artifacthub(space(1), missing(), Timestamp(0));
        memory.keep_artifacthub(space(2), Err(Error::Busy), Timestamp(0));
        let known = |at| (0..3).map(move |n| (n, Timestamp(at)));
        let kept = |at| -> Vec<usize> {
            known(at)
                .filter(|(n, now)| memory.artifacthub(&space(*n), *now).is_some())
                .map(|(n, _)| n)
                .collect()
        };
        assert_eq!(kept(1_000), [0, 1, 2]);
        assert_eq!(kept(29_999), [0, 1]);
        assert_eq!(kept(59_999), [0]);
        assert_eq!(kept(60_000), [0; 0]);
        // What is kept stays for its time, however many come after it.
        for n in 0..3 * HUBS {
            memory.keep_artifacthub(space(n), missing(), Timestamp(0));
            assert!(memory.artifacthub.borrow().len() <= HUBS);
        }
        let kept = |n| memory.artifacthub(&space(n), Timestamp(1)).is_some();
        assert!(kept(0) && kept(HUBS - 1) && !kept(HUBS));
        let large = || {
            let (etag, bytes) = ("tag".to_owned(), Bytes::from(vec![0; HUBS_LENGTH / 4]));
            Ok(Hub { etag, bytes })
        };
        memory.artifacthub.borrow_mut().clear();
        for n in 0..9 {
            memory.keep_artifacthub(space(n), large(), Timestamp(0));
        }
        assert_eq!(memory.artifacthub.borrow().len(), 4);
    }
}
