//! What tests need: fakes at the seams of [`crate::platform`], and a clock whose hands they turn.
//!
//! | file | holds |
//! |---|---|
//! | `registry` | a registry that answers HTTP requests as real ones do, oddities on request |
//! | `documents` | KV, with its late values and remembered misses |
//! | `database` | SQLite in memory, with the limits of a Durable Object's |
//! | `clock` | time that passes only when a test lets it |
//! | `sign` | signatures with a private key |
//! | `signer` | somebody who signs tokens |
//! | `verify` | whether a signature fits |
//! | `package` | packages as Helm makes them |
//! | `world` | all of these at one time, with the engine and the service between them |
//! | `object` | the real catalog as requests meet it, behind the border of its object |
//! | `catalog` | a catalog that says what it is told |
//! | `host` | what a request is answered with |

mod catalog;
mod clock;
mod database;
mod documents;
mod host;
mod object;
mod package;
mod registry;
mod sign;
mod signer;
mod verify;
mod world;

pub(crate) use catalog::{Say, question};
pub(crate) use clock::{START, VirtualClock, run};
pub(crate) use database::FakeDatabase;
pub(crate) use documents::FakeDocuments;
pub(crate) use host::FakeLimits;
pub(crate) use object::{Counted, Object};
pub(crate) use package::{package, package_with, rebuilt};
pub(crate) use registry::{Auth, Blobs, Call, FakeRegistry, Fault, LinkStyle, Pushed, TokenAuth};
pub(crate) use sign::rs256;
pub(crate) use signer::Signer;
pub(crate) use verify::verify;
pub(crate) use world::{PUBLIC, World, config, request};
