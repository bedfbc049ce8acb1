//! Documents in memory that behave as badly as KV does: they remember misses and values for a while after they changed,
//! refuse a second put within a second, and fail when told to. Each operation suspends, before and after it takes effect.

#![allow(
    dead_code,
    reason = "a set of handles: not every test suite turns each of them"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::clock::give_way;
use crate::platform::{Clock, Document, DocumentMetadata, Documents, DocumentsError, Timestamp};

/// KV at Cloudflare keeps what a location has read, misses too, for a minute by default.
pub(crate) const KV_CACHE: Duration = Duration::from_mins(1);

/// KV takes one put a second and key, and answers more with 429.
const PUT_INTERVAL: Duration = Duration::from_secs(1);

/// KV takes values of at most 25 MiB.
const VALUE_LIMIT: usize = 25 * 1024 * 1024;

/// KV takes keys of at most 512 bytes.
const KEY_LIMIT: usize = 512;

type Stored = (Bytes, DocumentMetadata);

/// A key, and what was put there or `None`.
pub(crate) type Change = (String, Option<Bytes>);

/// KV as one location sees it.
pub(crate) struct FakeDocuments {
    clock: Box<dyn Clock>,
    stored: RefCell<BTreeMap<String, Stored>>,
    /// What this location remembers of a key, and since when.
    remembered: RefCell<BTreeMap<String, (Option<Stored>, Timestamp)>>,
    last_put: RefCell<BTreeMap<String, Timestamp>>,
    remember_misses: Cell<bool>,
    remember_values: Cell<bool>,
    limit_puts: Cell<bool>,
    failing_puts: Cell<u32>,
    failing_gets: Cell<u32>,
    gets: Cell<usize>,
    puts: Cell<usize>,
    deletes: Cell<usize>,
    reads: Cell<usize>,
    cancels: Cell<usize>,
    /// Every put and (`None`) deletion in its order, if somebody wants to know.
    journal: RefCell<Option<Vec<Change>>>,
}

impl Default for FakeDocuments {
    /// Kind documents at a standing clock.
    fn default() -> Self {
        Self::new(|| Timestamp(0))
    }
}

impl FakeDocuments {
    /// Documents that remember nothing and refuse nothing until told so, by the time of `clock`.
    pub(crate) fn new(clock: impl Clock + 'static) -> Self {
        Self {
            clock: Box::new(clock),
            stored: RefCell::default(),
            remembered: RefCell::default(),
            last_put: RefCell::default(),
            remember_misses: Cell::new(false),
            remember_values: Cell::new(false),
            limit_puts: Cell::new(false),
            failing_puts: Cell::new(0),
            failing_gets: Cell::new(0),
            gets: Cell::new(0),
            puts: Cell::new(0),
            deletes: Cell::new(0),
            reads: Cell::new(0),
            cancels: Cell::new(0),
            journal: RefCell::default(),
        }
    }

    /// The same documents by another clock, kind ones again.
    pub(crate) fn copy(&self, clock: impl Clock + 'static) -> Self {
        let copy = Self::new(clock);
        copy.stored.borrow_mut().clone_from(&self.stored.borrow());
        copy
    }

    /// From now on a key that missed goes on missing for [`KV_CACHE`], whatever is put.
    pub(crate) fn remember_misses(&self, on: bool) {
        self.remember_misses.set(on);
    }

    /// From now on a value that was read is what is read for [`KV_CACHE`], whatever is put or deleted.
    pub(crate) fn remember_values(&self, on: bool) {
        self.remember_values.set(on);
    }

    /// From now on a second put of a key within a second is refused, as KV does with 429.
    pub(crate) fn limit_puts(&self, on: bool) {
        self.limit_puts.set(on);
    }

    /// The next `count` puts fail.
    pub(crate) fn fail_puts(&self, count: u32) {
        self.failing_puts.set(count);
    }

    /// The next `count` gets fail.
    pub(crate) fn fail_gets(&self, count: u32) {
        self.failing_gets.set(count);
    }

    /// Whether the next get will fail.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing_gets.get() > 0
    }

    /// From now on every put and deletion is noted.
    pub(crate) fn keep_journal(&self) {
        *self.journal.borrow_mut() = Some(Vec::new());
    }

    /// What was put and deleted since this was last asked.
    pub(crate) fn take_journal(&self) -> Vec<Change> {
        let mut journal = self.journal.borrow_mut();
        journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn note(&self, key: &str, value: Option<Bytes>) {
        if let Some(journal) = self.journal.borrow_mut().as_mut() {
            journal.push((key.to_owned(), value));
        }
    }

    /// Drops a key without a trace, as if it had never been put.
    pub(crate) fn forget(&self, key: &str) {
        self.stored.borrow_mut().remove(key);
        self.remembered.borrow_mut().remove(key);
        self.last_put.borrow_mut().remove(key);
    }

    /// Drops everything, memories too.
    pub(crate) fn clear(&self) {
        self.stored.borrow_mut().clear();
        self.remembered.borrow_mut().clear();
        self.last_put.borrow_mut().clear();
    }

    /// Stores a document beside all rules and counters; the entity tag is the quoted `etag`.
    pub(crate) fn seed(&self, key: &str, value: impl Into<Bytes>, etag: &str) {
        let value = value.into();
        let metadata = DocumentMetadata {
            etag: format!("\"{etag}\""),
            length: value.len() as u64,
            updated: self.clock.now(),
        };
        self.stored
            .borrow_mut()
            .insert(key.to_owned(), (value, metadata));
    }

    /// What is truly stored under `key`, whatever a reader would see. Not counted.
    pub(crate) fn stored(&self, key: &str) -> Option<(Bytes, DocumentMetadata)> {
        self.stored.borrow().get(key).cloned()
    }

    /// All keys truly stored, in byte order.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.stored.borrow().keys().cloned().collect()
    }

    /// The text of every document truly stored, by its key.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let stored = self.stored.borrow();
        let all = stored
            .iter()
            .map(|(key, (bytes, _))| (key.clone(), text(bytes)));
        all.collect()
    }

    /// How often [`Documents::get`] was called.
    pub(crate) fn gets(&self) -> usize {
        self.gets.get()
    }

    /// How often [`Documents::put`] was called, refused ones too.
    pub(crate) fn puts(&self) -> usize {
        self.puts.get()
    }

    /// How often [`Documents::delete`] was called.
    pub(crate) fn deletes(&self) -> usize {
        self.deletes.get()
    }

    /// How many bodies were read into memory.
    pub(crate) fn reads(&self) -> usize {
        self.reads.get()
    }

    /// How many bodies were cancelled.
    pub(crate) fn cancels(&self) -> usize {
        self.cancels.get()
    }

    /// Sets all counters back to zero.
    pub(crate) fn reset_counters(&self) {
        for counter in [
            &self.gets,
            &self.puts,
            &self.deletes,
            &self.reads,
            &self.cancels,
        ] {
            counter.set(0);
        }
    }

    /// What a reader of `key` is given now. Not counted, and nothing is remembered of it.
    pub(crate) fn seen(&self, key: &str) -> Option<Stored> {
        match self.remembered.borrow().get(key) {
            Some((memory, since)) if is_young(self.clock.now(), *since, KV_CACHE) => memory.clone(),
            _ => self.stored(key),
        }
    }

    fn look(&self, key: &str) -> Option<Stored> {
        let now = self.clock.now();
        if let Some((memory, since)) = self.remembered.borrow().get(key)
            && is_young(now, *since, KV_CACHE)
        {
            return memory.clone();
        }
        let found = self.stored(key);
        let remember = match found {
            Some(_) => self.remember_values.get(),
            None => self.remember_misses.get(),
        };
        if remember {
            self.remembered
                .borrow_mut()
                .insert(key.to_owned(), (found.clone(), now));
        }
        found
    }
}

/// Whether less than `long` has passed since `then`. KV's own clock is never set.
fn is_young(now: Timestamp, then: Timestamp, long: Duration) -> bool {
    then <= now && now.since(then) < long
}

/// Takes one from a counter of things still to come.
fn take(counter: &Cell<u32>) -> bool {
    let left = counter.get();
    counter.set(left.saturating_sub(1));
    left > 0
}

impl Documents for FakeDocuments {
    type Body = Bytes;

    async fn get(&self, key: &str) -> Result<Option<Document<Bytes>>, DocumentsError> {
        self.gets.set(self.gets.get() + 1);
        give_way().await;
        assert!(key.len() <= KEY_LIMIT, "KV refuses the key {key}");
        if take(&self.failing_gets) {
            return Err(DocumentsError::Store("500".to_owned()));
        }
        Ok(self
            .look(key)
            .map(|(body, metadata)| Document { body, metadata }))
    }

    async fn read(&self, body: Bytes, limit: usize) -> Result<Bytes, DocumentsError> {
        self.reads.set(self.reads.get() + 1);
        give_way().await;
        if body.len() > limit {
            return Err(DocumentsError::TooLarge(limit));
        }
        Ok(body)
    }

    async fn cancel(&self, _body: Bytes) {
        self.cancels.set(self.cancels.get() + 1);
    }

    async fn put(
        &self,
        key: &str,
        value: &[u8],
        metadata: &DocumentMetadata,
    ) -> Result<(), DocumentsError> {
        self.puts.set(self.puts.get() + 1);
        give_way().await;
        assert!(key.len() <= KEY_LIMIT, "KV refuses the key {key}");
        if take(&self.failing_puts) {
            return Err(DocumentsError::Store("500".to_owned()));
        }
        if value.len() > VALUE_LIMIT {
            return Err(DocumentsError::Store("413".to_owned()));
        }
        let now = self.clock.now();
        let last = self.last_put.borrow().get(key).copied();
        if self.limit_puts.get() && last.is_some_and(|last| is_young(now, last, PUT_INTERVAL)) {
            return Err(DocumentsError::Store("429".to_owned()));
        }
        self.last_put.borrow_mut().insert(key.to_owned(), now);
        let value = (Bytes::copy_from_slice(value), metadata.clone());
        self.note(key, Some(value.0.clone()));
        self.stored.borrow_mut().insert(key.to_owned(), value);
        // It is stored, and who put it may die before hearing so.
        give_way().await;
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), DocumentsError> {
        self.deletes.set(self.deletes.get() + 1);
        give_way().await;
        self.note(key, None);
        self.stored.borrow_mut().remove(key);
        give_way().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
