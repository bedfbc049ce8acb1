//! The KV keys of documents.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::View;
use crate::oci::Digest;

/// Raise it when documents take another shape: keys of another schema are never read.
const SCHEMA: &str = "v1";

/// KV's limit for a key, in bytes.
const KEY_LIMIT: usize = 512;

/// What is percent-encoded in a view: everything but the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// One published document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The index of a view.
    Index(View),
    /// A shard of the file table.
    Files(u8),
}

impl Key {
    /// The key in KV, of at most 512 bytes: `v1/<fingerprint>/index/<percent-encoded view>` or `v1/<fingerprint>/files/<00–ff>`.
    /// A view that is too long for it stands there as `~` and its SHA-256.
    pub fn name(&self, fingerprint: &str) -> String {
        match self {
            Self::Index(view) => {
                let view = view.to_string();
                let place = format!("{SCHEMA}/{fingerprint}/index/");
                let name = format!("{place}{}", utf8_percent_encode(&view, ENCODED));
                if name.len() <= KEY_LIMIT {
                    return name;
                }
                // No view has a tilde in it.
                format!("{place}~{}", Digest::sha256_of(view.as_bytes()).hex())
            }
            Self::Files(shard) => format!("{SCHEMA}/{fingerprint}/files/{shard:02x}"),
        }
    }
}

/// The shard of the file table that a file name belongs to: the first byte of its SHA-256.
pub fn shard_of(file: &str) -> u8 {
    let digest = Digest::sha256_of(file.as_bytes());
    u8::from_str_radix(digest.prefix(2), 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123456789abcdef";

    #[track_caller]
    fn index(view: &str) -> String {
        Key::Index(view.parse().unwrap()).name(FINGERPRINT)
    }

    #[test]
    fn keys_stay_what_they_are() {
        assert_eq!(index(""), "v1/0123456789abcdef/index/");
        assert_eq!(
            index("team-a/sub_b.c"),
            "v1/0123456789abcdef/index/team-a%2Fsub_b.c"
        );
        assert_eq!(
            Key::Files(10).name(FINGERPRINT),
            "v1/0123456789abcdef/files/0a"
        );
    }

    #[test]
    fn the_longest_view_fits_a_key() {
        // 255 bytes, every second of which takes three.
        let deep = vec!["a"; 128].join("/");
        let other = format!("{}/b", vec!["a"; 127].join("/"));
        assert_eq!((deep.len(), other.len()), (255, 255));
        assert!(index(&deep).starts_with("v1/0123456789abcdef/index/~"));
        assert!(index(&deep).len() <= KEY_LIMIT);
        assert_ne!(index(&deep), index(&other));
        assert_eq!(index(&"a".repeat(255)).len(), 26 + 255);
    }

    #[test]
    fn shards_are_the_first_byte_of_the_hash() {
        // printf nginx-1.0.0.tgz | sha256sum
        assert_eq!(shard_of("nginx-1.0.0.tgz"), 0x1d);
        assert_eq!(shard_of(""), 0xe3);
    }
}
