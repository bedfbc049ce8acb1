//! A host of fakes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::platform::{Clock as _, Fetch, FetchError};
use crate::serve::{CatalogClient, Host};
use crate::testing::{FakeDocuments, VirtualClock};

/// Ways to fakes; the catalog and the way to it differ from test to test.
pub(crate) struct FakeHost<'a, F, C> {
    pub(crate) fetch: &'a F,
    pub(crate) documents: &'a FakeDocuments,
    pub(crate) catalog: &'a C,
    pub(crate) clock: &'a VirtualClock,
    pub(crate) limits: &'a FakeLimits,
    /// The limits under which bodies of requests were read.
    pub(crate) received: &'a RefCell<Vec<usize>>,
    /// How long a body takes.
    pub(crate) bodies_take: Duration,
}

/// Counts what has a price; it never runs out unless a test says so.
#[derive(Default)]
pub(crate) struct FakeLimits {
    most: Cell<Option<u32>>,
    taken: RefCell<BTreeMap<String, u32>>,
}

impl FakeLimits {
    /// From now on so many of each, counted anew.
    pub(crate) fn set(&self, most: u32) {
        self.most.set(Some(most));
        self.taken.borrow_mut().clear();
    }

    /// Everything that was paid, and how often.
    pub(crate) fn taken(&self) -> Vec<(String, u32)> {
        let taken = self.taken.borrow();
        taken
            .iter()
            .map(|(key, times)| (key.clone(), *times))
            .collect()
    }

    fn takes(&self, key: &str) -> bool {
        let mut taken = self.taken.borrow_mut();
        let times = taken.entry(key.to_owned()).or_default();
        *times += 1;
        self.most.get().is_none_or(|most| *times <= most)
    }
}

impl<F: Fetch<Body = Bytes>, C: CatalogClient<Body = Bytes>> Host for FakeHost<'_, F, C> {
    type Body = Bytes;
    type Fetch = F;
    type Documents = FakeDocuments;
    type Catalog = C;
    type Clock = VirtualClock;

    fn fetch(&self) -> &F {
        self.fetch
    }

    fn documents(&self) -> &FakeDocuments {
        self.documents
    }

    fn catalog(&self) -> &C {
        self.catalog
    }

    fn clock(&self) -> &VirtualClock {
        self.clock
    }

    async fn allows(&self, key: &str) -> bool {
        self.limits.takes(key)
    }

    async fn receive(
        &self,
        body: Bytes,
        _stated: usize,
        limit: usize,
        mut has_room: impl FnMut(usize) -> bool,
    ) -> Result<Bytes, FetchError> {
        self.received.borrow_mut().push(limit);
        if !self.bodies_take.is_zero() {
            self.clock.sleep(self.bodies_take).await;
        }
        if body.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        if !has_room(body.len()) {
            return Err(FetchError::Budget);
        }
        Ok(body)
    }
}
