//! The published documents: KV at Cloudflare.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What is kept beside a document's bytes (KV metadata, at most 1 KiB).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentMetadata {
    /// The strong entity tag, quotes included.
    pub etag: String,
    /// Length of the document in bytes.
    pub length: u64,
    /// When it was put.
    pub updated: Timestamp,
}

/// A document as read: its body unread.
#[derive(Debug)]
pub struct Document<B> {
    /// The bytes, untouched.
    pub body: B,
    /// What was stored beside them.
    pub metadata: DocumentMetadata,
}

/// Why the store of documents did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentsError {
    /// The store refused or failed: too many writes to a key, an outage.
    #[error("the document store failed: {0}")]
    Store(String),
    /// The document is longer than the reader allows, in bytes.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
}

/// The published documents: eventually consistent, and a miss in it is never an answer.
pub trait Documents {
    /// A document's body not read yet.
    type Body;

    /// The document under `key`, or `None`: absent, or not seen here yet.
    async fn get(&self, key: &str) -> Result<Option<Document<Self::Body>>, DocumentsError>;

    /// Reads a body to its end, at most `limit` bytes.
    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, DocumentsError>;

    /// Lets go of a body without reading it.
    async fn cancel(&self, body: Self::Body);

    /// Puts a whole document. At most one put a second a key (KV's limit); the caller sees to that.
    async fn put(
        &self,
        key: &str,
        value: &[u8],
        metadata: &DocumentMetadata,
    ) -> Result<(), DocumentsError>;

    /// Removes a document; an absent one is no error.
    async fn delete(&self, key: &str) -> Result<(), DocumentsError>;
}
