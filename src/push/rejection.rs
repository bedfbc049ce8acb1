//! Why nothing is stored.

use crate::chart::Unfit;

/// What is wrong with what was sent: one sentence for whoever sent it, with nothing of it in it but short quotes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    /// The package is none that Helm loads, or beyond a limit.
    #[error("the package is refused: {0}")]
    Package(#[from] Unfit),
    /// The registry can have no repository of the chart's name.
    #[error(
        "no repository of a registry can be called {0:?}: only lower case letters, digits and single . _ - between them"
    )]
    Name(String),
    /// A tag cannot hold the chart's version.
    #[error("no tag of a registry can hold the version {0:?}")]
    Version(String),
    /// The provenance file cannot be read.
    #[error(
        "the provenance file is not a signed message that names a chart and the digest of its package"
    )]
    Provenance,
    /// The provenance file is about other bytes.
    #[error("the provenance file is about another package")]
    OtherPackage,
    /// The form cannot be read.
    #[error("the form cannot be read: {0}")]
    Form(&'static str),
}
