//! What the catalog's object remembers for a while, so that many who ask the same cost as much as one. When it is lost,
//! answers cost more work, and are the same.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use crate::catalog::publish::chart_list::{ChartList, LongList};
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

/// Of most so many views it is known when their indexes were made: more than are made in the time that counts.
const MADE: usize = 64;

/// Most bytes of lists of charts that are kept: one of the longest, and others.
const LISTS_KEPT: usize = 8 * 1024 * 1024;

/// Most lists of charts that are kept, however short.
const LISTS: usize = 256;

/// Most deliveries of notifications that are remembered.
const DELIVERIES: usize = 1000;

/// Longest name of a delivery, in bytes: GitHub's are UUIDs.
const DELIVERY_LENGTH: usize = 64;

/// How many tags of each source are to be read, by its id.
type UnreadBySource = Rc<BTreeMap<String, u64>>;

/// What the object remembers.
#[derive(Debug, Default)]
pub struct Recent {
    /// The indexes that were made last, the newest at the end.
    indexes: RefCell<VecDeque<RecentIndex>>,
    /// The views whose indexes were made last, and when: also of those that there was no room to keep.
    made: RefCell<VecDeque<(View, Timestamp)>>,
    /// The lists of charts that were made last, the newest at the end.
    lists: RefCell<VecDeque<RecentList>>,
    /// Steps that work now.
    working: Cell<u32>,
    /// How far the first pass was, and when that was counted.
    counts: Cell<Option<(Timestamp, ReadingCounts)>>,
    /// How many tags of each source were to be read, and when that was counted.
    unread: RefCell<Option<(Timestamp, UnreadBySource)>>,
    /// Deliveries that were honoured, the newest last.
    deliveries: RefCell<VecDeque<String>>,
}

#[derive(Debug)]
struct RecentIndex {
    view: View,
    fingerprint: String,
    document: Document<Bytes>,
}

#[derive(Debug)]
struct RecentList {
    view: View,
    fingerprint: String,
    made: Timestamp,
    list: KeptList,
}

/// What came of listing a view's charts.
#[derive(Debug, Clone)]
pub(crate) enum KeptList {
    /// The list.
    List(Rc<ChartList>),
    /// Of one that would be too long, the names.
    Long(Rc<LongList>),
}

impl KeptList {
    fn length(&self) -> usize {
        match self {
            Self::List(list) => list.length(),
            Self::Long(list) => list.length(),
        }
    }
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
        let still_good = self.is_good(kept.document.metadata.updated, now);
        still_good.then(|| Document {
            body: kept.document.body.clone(),
            metadata: kept.document.metadata.clone(),
        })
    }

    /// Whether the index of a view was made a moment ago. If it is not kept, who can do with what is published does.
    pub(crate) fn was_just_made(&self, view: &View, now: Timestamp) -> bool {
        let made = self.made.borrow();
        let mut made = made.iter();
        made.any(|(known, at)| known == view && *at <= now && now.since(*at) < INDEX_KEPT)
    }

    /// Whether what was made of the rows is good enough: nothing can have changed since, or it was a moment ago.
    fn is_good(&self, made: Timestamp, now: Timestamp) -> bool {
        self.working.get() == 0 || now.since(made) < INDEX_KEPT
    }

    /// The list of a view's charts under these settings, if it is good enough.
    pub(crate) fn charts(
        &self,
        view: &View,
        fingerprint: &str,
        now: Timestamp,
    ) -> Option<KeptList> {
        let lists = self.lists.borrow();
        let mut lists = lists.iter();
        let kept = lists.find(|kept| kept.view == *view && kept.fingerprint == fingerprint)?;
        self.is_good(kept.made, now).then(|| kept.list.clone())
    }

    /// Keeps a list of charts that was made, in the place of those made longest ago.
    pub(crate) fn keep_charts(
        &self,
        view: View,
        fingerprint: &str,
        made: Timestamp,
        list: KeptList,
    ) {
        let length = |kept: &RecentList| kept.list.length();
        let mut lists = self.lists.borrow_mut();
        lists.retain(|kept| kept.view != view);
        lists.push_back(RecentList {
            view,
            fingerprint: fingerprint.to_owned(),
            made,
            list,
        });
        while lists.len() > LISTS || lists.iter().map(length).sum::<usize>() > LISTS_KEPT {
            lists.pop_front();
        }
    }

    /// Keeps an index that was made, in the place of those made longest ago.
    pub(crate) fn keep_index(&self, view: View, fingerprint: &str, document: &Document<Bytes>) {
        let mut made = self.made.borrow_mut();
        made.retain(|(known, _)| *known != view);
        made.push_back((view.clone(), document.metadata.updated));
        if made.len() > MADE {
            made.pop_front();
        }
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

    /// How many tags of each source are to be read; counted if that was not done a moment ago.
    pub(crate) fn unread<E>(
        &self,
        now: Timestamp,
        count: impl FnOnce() -> Result<BTreeMap<String, u64>, E>,
    ) -> Result<UnreadBySource, E> {
        if let Some((at, unread)) = &*self.unread.borrow()
            && *at <= now
            && now.since(*at) < COUNTS_KEPT
        {
            return Ok(Rc::clone(unread));
        }
        let unread = Rc::new(count()?);
        self.unread.replace(Some((now, Rc::clone(&unread))));
        Ok(unread)
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
        recent.lists.borrow_mut().clear();
        recent.made.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests;
