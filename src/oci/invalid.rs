//! Why a text is not the value it should be.

/// A text from the configuration or from a registry that is not what it should be. Never holds the text itself: it may
/// be long, hostile or secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not a repository name by the distribution spec's grammar.
    #[error("not a repository name")]
    Name,
    /// Not a tag by the distribution spec's grammar.
    #[error("not a tag")]
    Tag,
    /// Not a sha256 or sha512 digest.
    #[error("not a sha256 or sha512 digest")]
    Digest,
    /// Not a registry's `host[:port]`.
    #[error("not a registry host")]
    Registry,
    /// Not a place in a paged list.
    #[error("not a place in a paged list")]
    Next,
    /// Not a manifest, and why.
    #[error("not a manifest: {0}")]
    Manifest(&'static str),
    /// Not a `dockerconfigjson` that can be used here, and why.
    #[error("not a usable docker config: {0}")]
    DockerConfig(&'static str),
    /// Not the key file of a service account, and why.
    #[error("not a usable service account key: {0}")]
    GoogleKey(&'static str),
}
