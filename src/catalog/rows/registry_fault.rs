//! The part of a registry's fault that anyone may be told.

use serde::{Deserialize, Serialize};

use crate::platform::Timestamp;

/// A fault of a registry, in public words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryFault {
    /// The registry's host.
    pub host: String,
    /// What went wrong, in public words: `denied access (401)`, `did not answer in time`.
    pub kind: String,
    /// When it will be tried again.
    pub retry_at: Option<Timestamp>,
}
