//! The sync engine: everything known of the registry as rows, the passes that bring it up to date, and the documents made
//! of it. One Durable Object runs it, so there is one writer.
//!
//! Four rooms, each of which uses only those below it:
//!
//! | room | holds |
//! |---|---|
//! | [`ask`] | what the edge asks and is told, and what an operator sees |
//! | [`sync`] | one step: lease, slice, conclusion; which job is next, what it asks of the registry, what its outcome changes |
//! | [`publish`] | who offers a file, the documents made of the rows, and their way to KV |
//! | [`rows`] | the tables and their statements, one noun a file |

pub mod ask;
pub(crate) mod publish;
pub(crate) mod rows;
pub(crate) mod sync;
#[cfg(test)]
pub(crate) mod tests;

pub use ask::{Progress, Status};
pub use sync::engine::{Engine, Step};
pub use sync::recent::Recent;
