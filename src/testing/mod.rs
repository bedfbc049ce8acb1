//! What tests stand on: fakes at the seams of [`crate::platform`], and a clock whose hands they turn.
//!
//! | file | holds |
//! |---|---|
//! | `registry` | a registry that answers HTTP requests as real ones do, oddities on request |
//! | `documents` | KV, with its late values and remembered misses |
//! | `database` | SQLite in memory, with the limits of a Durable Object's |
//! | `clock` | time that passes only when a test lets it |
//! | `package` | packages as Helm makes them |

mod clock;
mod database;
mod documents;
mod package;
mod registry;

pub(crate) use clock::{VirtualClock, run};
pub(crate) use database::FakeDatabase;
pub(crate) use documents::FakeDocuments;
pub(crate) use package::{package, package_with, rebuilt};
pub(crate) use registry::{Auth, Blobs, Call, FakeRegistry, Fault, LinkStyle, Pushed, TokenAuth};
