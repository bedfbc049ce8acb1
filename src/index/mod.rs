//! Documents: what is published to KV, byte for byte.

mod candidate;
mod entry;
mod key;
mod text;
mod view;
mod writer;
mod yaml;

pub use candidate::{Blob, Candidate, Origin, Shard, select};
pub use entry::Entry;
pub use key::{Key, shard_of};
pub use view::View;
pub use writer::{DOCUMENT_LIMIT, TooLarge, Writer, Written, etag};
