//! A catalog that is told what to say.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::clock::{START, VirtualClock};
use crate::catalog::ask::index::NoIndex;
use crate::catalog::ask::{Ask, AskError, Index, Indexed, Progress};
use crate::platform::{Document, DocumentMetadata};
use crate::serve::CatalogClient;

/// What the catalog says next.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// Its index.
    Document(&'static str),
    /// There is no such space or file.
    Missing,
    /// The first pass runs.
    NotReady(Progress),
    /// An answer to another question than one for an index.
    Answer(serde_json::Value),
    /// It runs with other settings.
    Refused,
    /// It fails, and why.
    Failed(String),
}

impl Say {
    pub(crate) fn answer(answer: &impl Serialize) -> Self {
        Self::Answer(serde_json::to_value(answer).unwrap())
    }

    pub(crate) fn broken() -> Self {
        Self::Failed("the object was reset".to_owned())
    }

    /// As the answer to a question that is not for an index.
    fn into_answer<A: DeserializeOwned>(self) -> Result<A, AskError> {
        // `Found`, and nothing where an answer may be none.
        let missing = || json!("missing");
        let value = match self {
            Self::Answer(value) => value,
            Self::Missing => match serde_json::from_value(missing()) {
                Ok(answer) => return Ok(answer),
                Err(_) => serde_json::Value::Null,
            },
            Self::NotReady(progress) => json!({ "not-ready": progress }),
            Self::Refused => return Err(AskError::Refused),
            Self::Failed(reason) => return Err(AskError::Failed(reason)),
            other @ Self::Document(_) => panic!("{other:?} is no answer to this question"),
        };
        serde_json::from_value(value).map_err(|error| AskError::Failed(error.to_string()))
    }

    fn into_index(self) -> Result<Indexed<Bytes>, AskError> {
        Ok(match self {
            Self::Document(text) => Indexed::Document(Document {
                body: Bytes::from(text),
                metadata: DocumentMetadata {
                    etag: format!("\"{text}\""),
                    length: text.len() as u64,
                    updated: START,
                },
            }),
            Self::Missing => Indexed::Without(NoIndex::Missing),
            Self::NotReady(progress) => Indexed::Without(NoIndex::NotReady(progress)),
            Self::Refused => return Err(AskError::Refused),
            Self::Failed(reason) => return Err(AskError::Failed(reason)),
            Self::Answer(value) => panic!("{value} is no index"),
        })
    }
}

/// A question as `World::asked` tells it.
pub(crate) fn question<Q: Ask>(question: &Q) -> String {
    format!("{} {}", Q::NAME, serde_json::to_string(question).unwrap())
}

/// A catalog that says what it was told to say; the last saying is repeated. What real rows never say, or only after a long
/// history, is tried with it; for everything else there is the real catalog, [`super::Object`].
pub(crate) struct FakeCatalog {
    clock: VirtualClock,
    says: RefCell<VecDeque<Say>>,
    asked: RefCell<Vec<String>>,
    pauses: Cell<usize>,
}

impl FakeCatalog {
    pub(super) fn new(clock: &VirtualClock) -> Self {
        Self {
            clock: clock.clone(),
            says: RefCell::default(),
            asked: RefCell::default(),
            pauses: Cell::new(0),
        }
    }

    /// What it answers from now on.
    pub(crate) fn say(&self, says: impl IntoIterator<Item = Say>) {
        *self.says.borrow_mut() = says.into_iter().collect();
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// How often somebody waited for it.
    pub(crate) fn pauses(&self) -> usize {
        self.pauses.get()
    }

    fn next(&self) -> Say {
        let mut says = self.says.borrow_mut();
        let say = match says.len() {
            0 | 1 => says.front().cloned(),
            _ => says.pop_front(),
        };
        say.expect("nobody said what the catalog answers")
    }
}

impl CatalogClient for FakeCatalog {
    type Body = Bytes;

    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        asked: &Q,
    ) -> Result<Q::Answer, AskError> {
        self.asked.borrow_mut().push(question(asked));
        self.next().into_answer()
    }

    async fn index(&self, asked: &Index) -> Result<Indexed<Bytes>, AskError> {
        self.asked.borrow_mut().push(question(asked));
        self.next().into_index()
    }

    async fn pause(&self, duration: std::time::Duration) {
        self.pauses.set(self.pauses.get() + 1);
        self.clock.sleep(duration).await;
    }
}
