//! Charts: what the metadata, the version and the files of a chart are, and how charts lie in a registry.
//!
//! Pure. Everything read here was written by strangers, so each reader has limits, gives a reason ([`Unfit`]) where it
//! refuses, and lets nothing through that a Helm client would stumble over.
//!
//! | file | holds |
//! |---|---|
//! | `layout` | what a manifest holds, told by media types: the ten layouts of a chart, and everything that is none |
//! | `media_type` | the media types of charts and of what lies beside them |
//! | `metadata` | what an index says of a chart, read from JSON or YAML under limits and made safe |
//! | `version` | versions, and the order that Helm gives them |
//! | `tag` | what a tag tells by its name alone |
//! | `file_name` | the file name of a package, `<name>-<version>.tgz` |
//! | `package` | metadata out of a package that came without any beside it |
//! | `contents` | single files out of a package |
//! | `range` | ranges of versions |
//! | `loaded` | a chart in memory, with the charts in it |
//! | `values` | what `values.yaml` says |
//! | `coalesce` | the values of a chart and of the charts in it together |
//! | `repack` | a package with some of its files replaced |
//! | `compose` | a chart made of others |
//! | `inspect` | judges a whole package that somebody wants to store |
//! | `go_json` | JSON as Go writes it, and so Helm |
//! | `rebuild` | a package made of a two-layer chart, to the same bytes each time |
//! | `archive` | reads a `.tgz` under limits |
//! | `tarball` | writes a `.tgz` with the same bytes each time |
//! | `unfit` | why a chart is not served: the reason that `/info` shows |
//!
//! Absent on purpose: templates are never rendered.

mod archive;
mod coalesce;
mod compose;
mod contents;
mod file_name;
mod go_json;
mod inspect;
mod layout;
mod loaded;
pub mod media_type;
mod metadata;
pub mod package;
mod range;
pub mod rebuild;
mod repack;
mod tag;
mod tarball;
mod unfit;
mod values;
mod version;

pub(crate) use compose::{Composition, SourceChart};
pub(crate) use contents::ChartContents;
pub use file_name::{FileName, NotAFileName};
pub(crate) use go_json::go_json;
pub(crate) use inspect::Inspected;
pub use layout::{Layout, MetadataFrom};
pub(crate) use loaded::{LoadLimits, LoadedChart};
pub(crate) use metadata::HelmMetadata;
pub use metadata::{ListedVersion, Metadata};
pub(crate) use range::VersionRange;
pub(crate) use repack::repack;
pub use tag::{tag_is_foreign, tag_is_version, tag_to_version};
pub use unfit::Unfit;
pub(crate) use values::sent_values;
pub use version::Version;
