//! What is asked of a host, one file each; static dispatch, no `Send`: a Worker is single-threaded.
//!
//! - `fetch`: HTTP out ([`Fetch`]), with request bodies that are in memory;
//! - `documents`: published documents ([`Documents`], KV at Cloudflare);
//! - `database`: the catalog's rows ([`Database`], the SQLite of a Durable Object);
//! - `sign`: signatures with a private key ([`sign::Rs256`], WebCrypto at Cloudflare);
//! - `patience`: how long a body is waited for ([`Patience`]);
//! - `verify`: signatures of others ([`verify::Verify`], WebCrypto at Cloudflare);
//! - `clock`: time is an argument everywhere: a [`Timestamp`], or a [`Clock`] where a job outlasts one reading.

mod clock;
mod database;
mod documents;
mod fetch;
mod patience;
pub mod sign;
pub mod verify;

pub use clock::{Clock, Timestamp};
pub use database::{Database, DatabaseError, Row, Value};
pub use documents::{Document, DocumentMetadata, Documents, DocumentsError};
pub use fetch::{Fetch, FetchError};
pub use patience::Patience;
