//! What tests stand on: fakes at the seams of [`crate::platform`], and a clock whose hands they turn.

mod clock;
mod documents;
mod registry;

pub(crate) use clock::{VirtualClock, run};
pub(crate) use documents::{FakeDocuments, KV_CACHE};
pub(crate) use registry::{Auth, Blobs, Call, FakeRegistry, Fault, LinkStyle, Pushed, TokenAuth};
