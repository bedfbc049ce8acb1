//! What tests stand on: fakes at the seams of [`crate::platform`], and a clock whose hands they turn.

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
