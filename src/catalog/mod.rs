//! The sync engine: everything known of the registry as rows, the passes that bring it up to date, and the documents made
//! of it. One Durable Object runs it, so there is one writer.
//!
//! | file | holds |
//! |---|---|
//! | [`question`] | what the edge asks and is told |
//! | `engine` | one step: lease, slice, conclusion, publication; `schedule` when the next is due |
//! | `slice`, `plan`, `job`, `commit`, `budget`, `calls` | the reading that fits an invocation: which job is next, what it asks of the registry, what becomes of its outcome |
//! | `listing`, `removal`, `configure` | what a tag list, a pass's end and a new configuration change |
//! | `candidates`, `build`, `publish` | who offers a file, the documents, and their way to KV |
//! | `store`, `schema`, `state`, `repository`, `tag`, `manifest`, `document`, `superseded`, `waiver` | the rows, by noun |
//! | `answer`, `report` | answers to the edge, and what an operator sees |

mod answer;
mod budget;
mod build;
pub mod calls;
mod candidates;
mod commit;
mod configure;
mod contents;
mod cut;
mod document;
mod engine;
mod fault;
mod job;
mod listing;
mod manifest;
mod pass;
mod plan;
mod publish;
pub mod question;
mod removal;
mod report;
mod repository;
mod schedule;
mod schema;
mod slice;
mod state;
mod store;
mod superseded;
mod tag;
#[cfg(test)]
pub(crate) mod tests;
mod waiver;

pub use answer::Answered;
pub use engine::{EndedPass, Engine, Step};
pub use question::{Answer, Fault, Progress, Question, Reply, Status};
