//! How long each kind of text may be, and how long a list.

/// Longest YAML that is read, in bytes. The parser keeps a hundred times as much in memory; Helm's own files are of kilobytes.
pub(super) const MAX_YAML: usize = 256 << 10;

/// Longest name in bytes: what a file name may have, less version and ending.
pub(super) const MAX_NAME: usize = 250;

/// Longest short text in bytes: a keyword, a person, the version of an application.
pub(super) const MAX_LINE: usize = 256;

/// Longest constraint, condition or path into values, in bytes.
pub(super) const MAX_CONSTRAINT: usize = 512;

/// Longest description in bytes: some put a README there.
pub(super) const MAX_DESCRIPTION: usize = 4 << 10;

/// A description that made room for the rest, in bytes.
pub(super) const SHORT_DESCRIPTION: usize = 512;

/// Longest URL in bytes: what browsers and servers were always sure to take.
pub(super) const MAX_URL: usize = 2 << 10;

/// Longest icon in bytes: often a `data:` URL.
pub(super) const MAX_ICON: usize = 16 << 10;

/// Longest annotation in bytes: Artifact Hub's lists of changes and images are some kilobytes of YAML.
pub(super) const MAX_ANNOTATION: usize = 16 << 10;

/// Most keywords, sources, maintainers and annotations each.
pub(super) const MAX_ITEMS: usize = 256;
