//! A host of fakes.

use std::cell::RefCell;

use bytes::Bytes;

use crate::platform::{Fetch, FetchError};
use crate::serve::{CatalogClient, Host};
use crate::testing::{FakeDocuments, VirtualClock};

/// Ways to fakes; the catalog and the way to it differ from test to test.
pub(crate) struct FakeHost<'a, F, C> {
    pub(crate) fetch: &'a F,
    pub(crate) documents: &'a FakeDocuments,
    pub(crate) catalog: &'a C,
    pub(crate) clock: &'a VirtualClock,
    /// The limits under which bodies of requests were read.
    pub(crate) received: &'a RefCell<Vec<usize>>,
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

    async fn receive(&self, body: Bytes, limit: usize) -> Result<Bytes, FetchError> {
        self.received.borrow_mut().push(limit);
        if body.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        Ok(body)
    }
}
