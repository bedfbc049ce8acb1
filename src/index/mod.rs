//! Documents: what is published to KV, byte for byte.
//!
//! | file | holds |
//! |---|---|
//! | `writer` | an index, entry by entry |
//! | `entry` | one version in an index |
//! | `text` | JSON with the escapes that every YAML reader takes |
//! | `yaml` | block YAML |
//! | `candidate` | the file table: who offers which file, and how its bytes are had |
//! | `key` | the KV keys of documents |
//! | `repository_path` | where a repository lies below its source's prefix |
//! | `space` | the folders of a registry |
//! | `spaces` | the folders that patterns name |
//! | `view` | which repositories an index covers |

mod candidate;
mod entry;
mod key;
mod repository_path;
mod space;
mod spaces;
mod text;
mod view;
mod writer;
mod yaml;

pub use candidate::{Blob, Candidate, Origin, Shard, select};
pub use entry::{Detail, Entry, LINK_DIGITS};
pub use key::{Key, shard_of};
pub use repository_path::{RepositoryPath, is_name_pattern};
pub use space::Space;
pub use spaces::Spaces;
pub use view::{IndexScope, View};
pub use writer::{DOCUMENT_LIMIT, IndexFormat, Length, Refused, Writer, Written, etag};
