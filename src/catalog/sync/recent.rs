//! What the catalog's object remembers for a while, so that many who ask the same cost as much as one. Losing it costs work,
//! and never an answer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::catalog::rows::counts::ReadingCounts;
use crate::index::View;
use crate::platform::{Document, Timestamp};

/// How long an index that was made is good enough while a step works at the rows; when none does, they do not change.
const INDEX_KEPT: Duration = Duration::from_secs(3);

/// How long counts are good enough for who asks how far the first pass is.
const COUNTS_KEPT: Duration = Duration::from_secs(5);

/// Most bytes of indexes that are kept: the longest that there can be, and others.
const KEPT: usize = 32 * 1024 * 1024;

/// The same while a step works: it needs memory of its own, and there are 128 MiB.
const KEPT_WHILE_WORKING: usize = 8 * 1024 * 1024;

/// Most deliveries of notifications that are remembered.
const DELIVERIES: usize = 1000;

/// Longest name of a delivery, in bytes: GitHub's are UUIDs.
const DELIVERY_LENGTH: usize = 64;

/// What the object remembers.
#[derive(Debug, Default)]
pub struct Recent {
    /// The indexes that were made last, the newest at the end.
    indexes: RefCell<VecDeque<RecentIndex>>,
    /// Steps that work now.
    working: Cell<u32>,
    /// How far the first pass was, and when that was counted.
    counts: Cell<Option<(Timestamp, ReadingCounts)>>,
    /// Deliveries that were honoured, the newest last.
    deliveries: RefCell<VecDeque<String>>,
}

#[derive(Debug)]
struct RecentIndex {
    view: View,
    fingerprint: String,
    document: Document<Bytes>,
}

/// Lets go of the indexes that were made longest ago, until the rest has room.
fn shorten(kept: &mut VecDeque<RecentIndex>, room: usize) {
    let mut length: usize = kept.iter().map(|kept| kept.document.body.len()).sum();
    while length > room
        && let Some(oldest) = kept.pop_front()
    {
        length -= oldest.document.body.len();
    }
}

impl Recent {
    /// The index of a view under these settings, if it was made a moment ago or nothing can have changed since.
    pub(crate) fn index(
        &self,
        view: &View,
        fingerprint: &str,
        now: Timestamp,
    ) -> Option<Document<Bytes>> {
        let kept = self.indexes.borrow();
        let kept = kept
            .iter()
            .find(|kept| kept.view == *view && kept.fingerprint == fingerprint)?;
        let young = now.since(kept.document.metadata.updated) < INDEX_KEPT;
        (self.working.get() == 0 || young).then(|| Document {
            body: kept.document.body.clone(),
            metadata: kept.document.metadata.clone(),
        })
    }

    /// Keeps an index that was made, in the place of those made longest ago.
    pub(crate) fn keep_index(&self, view: View, fingerprint: &str, document: &Document<Bytes>) {
        let mut kept = self.indexes.borrow_mut();
        kept.retain(|kept| kept.view != view);
        kept.push_back(RecentIndex {
            view,
            fingerprint: fingerprint.to_owned(),
            document: Document {
                body: document.body.clone(),
                metadata: document.metadata.clone(),
            },
        });
        shorten(&mut kept, self.room());
    }

    /// How many bytes of indexes may be kept.
    fn room(&self) -> usize {
        if self.working.get() > 0 {
            KEPT_WHILE_WORKING
        } else {
            KEPT
        }
    }

    /// A step begins to work at the rows, until what this gives is dropped: finished, or died.
    pub(crate) fn working(&self) -> Working<'_> {
        self.working.set(self.working.get().saturating_add(1));
        shorten(&mut self.indexes.borrow_mut(), self.room());
        Working(self)
    }

    /// How far the first pass is; counted if that was not done a moment ago.
    pub(crate) fn counts<E>(
        &self,
        now: Timestamp,
        count: impl FnOnce() -> Result<ReadingCounts, E>,
    ) -> Result<ReadingCounts, E> {
        if let Some((at, counts)) = self.counts.get()
            && at <= now
            && now.since(at) < COUNTS_KEPT
        {
            return Ok(counts);
        }
        let counts = count()?;
        self.counts.set(Some((now, counts)));
        Ok(counts)
    }

    /// Whether a delivery of this name was honoured before.
    pub(crate) fn knows_delivery(&self, delivery: &str) -> bool {
        self.deliveries
            .borrow()
            .iter()
            .any(|known| known == delivery)
    }

    /// Remembers a delivery that was honoured; not one whose name is too long.
    pub(crate) fn remember_delivery(&self, delivery: &str) {
        let mut known = self.deliveries.borrow_mut();
        if delivery.len() <= DELIVERY_LENGTH {
            if known.len() >= DELIVERIES {
                known.pop_front();
            }
            known.push_back(delivery.to_owned());
        }
    }
}

/// A step that works. What was made before its end may be no more what the rows say.
#[derive(Debug)]
pub(crate) struct Working<'r>(&'r Recent);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let Self(recent) = self;
        recent.working.set(recent.working.get().saturating_sub(1));
        recent.indexes.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests;
