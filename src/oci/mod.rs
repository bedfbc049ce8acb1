//! The OCI distribution protocol, as far as a reader of charts needs it.
//!
//! Pure but for [`Client`]: names, digests, manifests, challenges, Links and Locations are values that are parsed at the
//! door, requests are values that are built here, and the client only puts them in order. What a registry says is hostile
//! until it is parsed: every URL it gives is judged before use ([`realm`], [`link`], [`location`]), every body has a limit,
//! and credentials go nowhere but to the host they belong to.
//!
//! Writing has its requests ([`request`]), answers ([`written`]) and scopes; nothing puts them in order yet.
//!
//! Absent on purpose: referrers, and native APIs of single registries.

mod address;
pub mod challenge;
mod client;
pub mod credentials;
mod digest;
mod error;
mod invalid;
pub mod link;
pub mod location;
mod manifest;
mod name;
pub mod realm;
mod registry;
pub mod request;
mod scope;
mod tag;
pub mod token;
mod tokens;
pub mod written;

pub use client::{Client, Fetched, Listing, Opened, Page};
pub use credentials::Credentials;
pub use digest::{Algorithm, Digest, Hasher};
pub use error::{Error, Garbage, Kind, Operation, RetryAfter};
pub use invalid::Invalid;
pub use link::Next;
pub use manifest::{Descriptor, ImageIndex, ImageManifest, Manifest, Platform};
pub use name::Name;
pub use registry::{Registry, Scheme};
pub use tag::{Reference, Tag};
pub use tokens::Tokens;
