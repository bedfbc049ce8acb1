//! What tests stand on: fakes at the seams of [`crate::platform`], and a clock whose hands they turn.

mod clock;
mod registry;

pub(crate) use clock::{VirtualClock, run};
pub(crate) use registry::{Auth, Blobs, Call, FakeRegistry, Fault, LinkStyle, Pushed, TokenAuth};
