//! How far a pass is with a source.

use serde::{Deserialize, Serialize};

/// How far a pass is with a source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Enumeration {
    /// The source's id.
    pub(crate) source: String,
    /// The next page's address; the first page when `None`.
    pub(crate) next: Option<String>,
    /// Pages read.
    pub(crate) pages: u32,
    /// The address of the last page whose number was a power of two: where it comes again, the list goes round in a circle
    /// (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).
    pub(crate) mark: Option<String>,
    /// Row ids of the repositories seen: one bit each, base64.
    pub(crate) seen: String,
    /// Failures in this pass.
    pub(crate) attempts: u32,
    /// Versions there were when the pass began, for the judgement of a mass removal.
    pub(crate) versions_before: u64,
    /// Versions removed since.
    pub(crate) removed: u64,
    /// Whether a tag list of the source was read in this pass.
    pub(crate) answered: bool,
    /// How many it denied.
    pub(crate) denials: u32,
    /// Whether it denied its enumeration.
    pub(crate) refused: bool,
    /// Whether it has ended.
    pub(crate) done: bool,
    /// Why it is not complete, in public words.
    pub(crate) fault: Option<String>,
}
