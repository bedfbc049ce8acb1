//! Charts: what the metadata, the version and the files of a chart are, and how charts lie in a registry.
//!
//! Pure. Everything read here was written by strangers, so each reader has limits, gives a reason ([`Unfit`]) where it
//! refuses, and lets nothing through that a Helm client would stumble over.
//!
//! - [`Layout`] decides by media types what a manifest holds;
//! - [`Metadata`] is what an index says of a chart, made safe; [`Version`] orders it;
//! - [`package`] reads metadata out of a package, [`rebuild`] makes a package of a two-layer chart.
//!
//! Absent on purpose: values, templates and whatever else is inside a package.

mod archive;
mod file_name;
mod layout;
pub mod media_type;
mod metadata;
pub mod package;
pub mod rebuild;
mod tag;
mod tarball;
mod unfit;
mod version;

pub use file_name::{FileName, NotAFileName};
pub use layout::{Layout, MetadataFrom};
pub use metadata::Metadata;
pub use tag::{tag_is_foreign, tag_is_version, tag_to_version};
pub use unfit::Unfit;
pub use version::Version;
