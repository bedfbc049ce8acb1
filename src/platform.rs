//! What is asked of a host: HTTP out ([`Fetch`]), published documents ([`Documents`], KV at Cloudflare) and the catalog's
//! rows ([`Database`], the SQLite of a Durable Object). Static dispatch, no `Send`: a Worker is single-threaded.
//!
//! Time is an argument everywhere: a [`Timestamp`], or a [`Clock`] where a job outlasts one reading.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `duration` later; saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The instant `duration` earlier; saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds; the number itself where a calendar does not reach.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use time::format_description::well_known::Rfc3339;
        let text = time::OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000))
            .ok()
            .and_then(|date| date.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Reads the time now. Passed to what outlasts one reading (a slice of a sync), so that tests can turn the hands.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// Why a call to another host gave no answer. Holds no URL: a signed one is a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The connection could not be made, or broke.
    #[error("the connection failed: {0}")]
    Transport(String),
    /// No answer within the call's time.
    #[error("no answer in time")]
    Timeout,
    /// The body is longer than the reader allows, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The invocation has used up its calls: not a fault of the other side, the work goes on in the next slice.
    #[error("the invocation's budget of calls is used up")]
    Budget,
}

/// Sends HTTP requests. One call of [`Fetch::send`] is one request on the wire: redirects are never followed here.
///
/// Implementations bound the time of every call, drop hop-by-hop headers, and give header values as they came.
#[expect(
    async_fn_in_trait,
    reason = "single-threaded by design: no Send bound is wanted"
)]
pub trait Fetch {
    /// A body not read yet. Read it, cancel it, or hand it on; never drop it: an unread one keeps its connection open.
    type Body;

    /// Sends `request` and gives the answer as soon as its headers are there.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Self::Body>, FetchError>;

    /// Reads a body to its end, at most `limit` bytes; a longer one is cancelled and an error.
    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, FetchError>;

    /// Lets go of a body without reading it.
    async fn cancel(&self, body: Self::Body);
}

/// What is kept beside a document's bytes (KV metadata, at most 1 KiB).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
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
    pub metadata: Metadata,
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
    /// The invocation has used up its operations; what is left stays dirty.
    #[error("the invocation's budget of document operations is used up")]
    Budget,
}

/// The published documents: eventually consistent, and a miss in it is never an answer.
#[expect(
    async_fn_in_trait,
    reason = "single-threaded by design: no Send bound is wanted"
)]
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
    async fn put(&self, key: &str, value: &[u8], metadata: &Metadata)
    -> Result<(), DocumentsError>;

    /// Removes a document; an absent one is no error.
    async fn delete(&self, key: &str) -> Result<(), DocumentsError>;
}

/// A value in a row. Integers stay below 2^53: a Durable Object passes them as floats.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A whole number below 2^53.
    Integer(i64),
    /// Text, at most 2 MB.
    Text(String),
    /// Bytes, at most 2 MB.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.0)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a result, in the order of the selected columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The whole number in `column`, counted from 0; `None` for NULL, another type or no such column.
    pub fn integer(&self, column: usize) -> Option<i64> {
        match self.0.get(column) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// The text in `column`; `None` for NULL, another type or no such column.
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// The bytes in `column`; `None` for NULL, another type or no such column.
    pub fn blob(&self, column: usize) -> Option<&[u8]> {
        match self.0.get(column) {
            Some(Value::Blob(value)) => Some(value),
            _ => None,
        }
    }
}

/// Why the database refused a statement. The text is SQLite's, without parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database: {0}")]
pub struct DatabaseError(pub String);

/// SQLite as a Durable Object has it: synchronous; statements with no await between them are one atomic write.
/// No `BEGIN`, at most 100 parameters, 100 KB a statement, 2 MB a string or row.
pub trait Database {
    /// Runs one statement (or several without parameters, parted by `;`) and gives the number of rows it wrote.
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError>;

    /// Runs a query and hands over one row after the other until `row` breaks; no more than one row is held.
    /// `row` must not touch the database.
    fn each(
        &self,
        sql: &str,
        parameters: &[Value],
        row: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError>;

    /// Runs a query that gives few rows.
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let mut rows = Vec::new();
        self.each(sql, parameters, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Runs a query of which the first row is wanted.
    fn first(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        let mut first = None;
        self.each(sql, parameters, &mut |row| {
            first = Some(row);
            ControlFlow::Break(())
        })?;
        Ok(first)
    }
}
