//! Published documents in KV.

use std::time::Duration;

use bytes::Bytes;
use worker::kv::{KvError, KvStore};

use super::stream::{BodyRead, Stream};
use super::within;
use crate::platform::{Document, DocumentMetadata, Documents, DocumentsError, Patience};

/// How long an operation may take. KV answers within a second or not at all.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The KV namespace; none when its binding is missing, which every operation then says.
#[derive(Debug)]
pub(super) struct Kv(Option<KvStore>);

impl Kv {
    /// The namespace that is bound.
    pub(super) fn of(env: &worker::Env) -> Self {
        Self(env.kv(super::DOCUMENTS).ok())
    }

    fn store(&self) -> Result<&KvStore, DocumentsError> {
        let missing = || DocumentsError::Store(format!("no binding {}", super::DOCUMENTS));
        self.0.as_ref().ok_or_else(missing)
    }
}

impl Documents for Kv {
    type Body = Stream;

    async fn get(&self, key: &str) -> Result<Option<Document<Stream>>, DocumentsError> {
        let get = self.store()?.get(key);
        let answer = within(TIMEOUT, get.stream_with_metadata::<DocumentMetadata>()).await;
        let (body, metadata) = answer.ok_or_else(late)?.map_err(failed)?;
        let body = Stream(body);
        if body.0.is_some()
            && let Some(metadata) = metadata
        {
            return Ok(Some(Document { body, metadata }));
        }
        body.cancel().await;
        Ok(None)
    }

    async fn read(&self, body: Stream, limit: usize) -> Result<Bytes, DocumentsError> {
        let read = body.read(limit, Patience::Whole(TIMEOUT)).await;
        match read.map_err(|error| failed(error.into()))? {
            BodyRead::Whole(bytes) => Ok(bytes),
            BodyRead::Late | BodyRead::NoRoom => Err(late()),
            BodyRead::Cut => Err(DocumentsError::TooLarge(limit)),
        }
    }

    async fn cancel(&self, body: Stream) {
        body.cancel().await;
    }

    async fn put(
        &self,
        key: &str,
        value: &[u8],
        metadata: &DocumentMetadata,
    ) -> Result<(), DocumentsError> {
        let put = self
            .store()?
            .put_bytes(key, value)
            .and_then(|put| put.metadata(metadata))
            .map_err(failed)?;
        let done = within(TIMEOUT, put.execute()).await.ok_or_else(late)?;
        done.map_err(failed)
    }

    async fn delete(&self, key: &str) -> Result<(), DocumentsError> {
        let delete = self.store()?.delete(key);
        let done = within(TIMEOUT, delete).await.ok_or_else(late)?;
        done.map_err(failed)
    }
}

fn late() -> DocumentsError {
    DocumentsError::Store("no answer in time".to_owned())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn failed(error: KvError) -> DocumentsError {
    DocumentsError::Store(error.to_string())
}
