//! What is being done at a registry, in words for errors.

use std::fmt;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `GET /v2/_catalog`.
    ListingRepositories,
    /// `GET /v2/<name>/tags/list`.
    ListingTags,
    /// `GET /v2/<name>/manifests/<reference>`.
    ReadingManifest,
    /// `HEAD /v2/<name>/manifests/<tag>`.
    ResolvingTag,
    /// `GET /v2/<name>/blobs/<digest>`.
    ReadingBlob,
    /// `HEAD /v2/<name>/blobs/<digest>`.
    LookingForBlob,
    /// `POST /v2/<name>/blobs/uploads/`.
    BeginningUpload,
    /// `PUT` of a blob to where its upload goes on.
    WritingBlob,
    /// `PUT /v2/<name>/manifests/<reference>`.
    WritingManifest,
    /// `DELETE /v2/<name>/manifests/<reference>`.
    DeletingManifest,
    /// `CreateRepository` of Amazon's API.
    CreatingRepository,
    /// `GET` of a classic repository's `index.yaml`.
    ReadingIndex,
    /// A request to where the registry redirected to, without credentials.
    FollowingRedirect,
    /// A request to the token server that a challenge named.
    AskingForToken,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListingRepositories => "listing repositories",
            Self::ListingTags => "listing tags",
            Self::ReadingManifest => "reading a manifest",
            Self::ResolvingTag => "resolving a tag",
            Self::ReadingBlob => "reading a blob",
            Self::LookingForBlob => "looking for a blob",
            Self::BeginningUpload => "beginning an upload",
            Self::WritingBlob => "writing a blob",
            Self::WritingManifest => "writing a manifest",
            Self::DeletingManifest => "deleting a manifest",
            Self::CreatingRepository => "creating a repository",
            Self::ReadingIndex => "reading its index",
            Self::FollowingRedirect => "following a redirect",
            Self::AskingForToken => "asking for a token",
        })
    }
}
