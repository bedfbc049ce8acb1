//! The OCI distribution protocol, as far as charts need it.
//!
//! Pure but for [`Client`]: names, digests, manifests, challenges, Links and Locations are values that are parsed at the
//! door, requests are values that are built here, and the client only puts them in order. What a registry says is hostile
//! until it is parsed: every URL it gives is judged before use ([`realm`], [`link`], [`location`]), every body has a limit,
//! and credentials go nowhere but to the host they belong to.
//!
//! | file | holds |
//! |---|---|
//! | `client` | puts the requests in order: logs in, follows, reads, verifies |
//! | `request` | the requests of the protocol, as values |
//! | `written` | the answers to requests that write |
//! | `registry` | where a registry is: scheme, host, port |
//! | `credentials` | what Portolan logs in to a registry with; reads a Docker `config.json` |
//! | `aws` | what Amazon is asked for the password of a registry, signed |
//! | `google` | the assertion that a service account's key signs, and what it is exchanged for |
//! | `azure` | what a service principal is exchanged for |
//! | `oauth` | how OAuth2 servers refuse |
//! | `name` | repository names |
//! | `tag` | tags, and what a manifest can be asked by |
//! | `digest` | content digests, and hashing |
//! | `manifest` | manifests and image indexes |
//! | `challenge` | the `WWW-Authenticate` header |
//! | `realm` | whether a token server may see the credentials |
//! | `scope` | what a token is asked for |
//! | `token` | what a token server is asked, and what it replies |
//! | `tokens` | tokens and challenges that are remembered |
//! | `terms` | what the operator says of a registry: further token servers, where downloads may lead, headers |
//! | `link` | the next page of a list |
//! | `address` | whether a host is one that strangers may name: none of a private network, nor of this machine |
//! | `location` | where a redirect leads, and whether it is followed |
//! | `error` | everything that can go wrong with a registry |
//! | `operation` | what is being done at a registry, for errors |
//! | `retry_after` | when a registry asks to be called again |
//! | `rate_limit` | how many calls a registry still takes |
//! | `invalid` | why a text is not the value it should be |
//!
//! Absent on purpose: referrers, and APIs of single registries: see [`crate::source`].

mod address;
pub mod aws;
pub mod azure;
pub mod challenge;
mod client;
pub mod credentials;
mod digest;
mod error;
pub mod google;
mod invalid;
pub mod link;
pub mod location;
mod manifest;
mod name;
mod oauth;
mod operation;
mod rate_limit;
pub mod realm;
mod registry;
pub mod request;
mod retry_after;
mod scope;
mod tag;
pub mod terms;
pub mod token;
mod tokens;
pub mod written;

pub(crate) use address::is_loopback;
pub(crate) use client::is_redirect;
pub use client::{Client, Fetched, Listing, Opened, Page};
pub use credentials::Credentials;
pub use digest::{Algorithm, Digest, Hasher};
pub use error::{Error, Garbage, Kind, Refusal};
pub use invalid::Invalid;
pub use link::Next;
pub(crate) use manifest::essence;
pub use manifest::{Descriptor, ImageIndex, ImageManifest, Manifest};
pub use name::Name;
pub use operation::Operation;
pub use rate_limit::RateLimit;
pub use registry::{Registry, Scheme};
pub(crate) use retry_after::MAX_PAUSE;
pub use retry_after::RetryAfter;
pub use tag::{Reference, Tag};
pub use terms::Terms;
pub use tokens::Tokens;
