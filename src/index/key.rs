//! Under which keys documents lie in KV.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::View;
use crate::oci::Digest;

/// Raise it when documents take another shape: keys of another schema are never read.
const SCHEMA: &str = "v1";

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
    pub fn name(&self, fingerprint: &str) -> String {
        match self {
            Self::Index(view) => {
                format!(
                    "{SCHEMA}/{fingerprint}/index/{}",
                    utf8_percent_encode(view.as_str(), NON_ALPHANUMERIC)
                )
            }
            Self::Files(shard) => format!("{SCHEMA}/{fingerprint}/files/{shard:02x}"),
        }
    }
}

/// The shard of the file table that a file name belongs to: the first byte of its SHA-256.
pub fn shard_of(file: &str) -> u8 {
    let digest = Digest::sha256_of(file.as_bytes());
    digest
        .hex()
        .get(..2)
        .and_then(|byte| u8::from_str_radix(byte, 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_design_says() {
        let name = |key: Key| key.name("0123456789abcdef");
        assert_eq!(name(Key::Index(View::root())), "v1/0123456789abcdef/index/");
        assert_eq!(
            name(Key::Index("team-a/sub".parse().unwrap())),
            "v1/0123456789abcdef/index/team%2Da%2Fsub"
        );
        assert_eq!(name(Key::Files(10)), "v1/0123456789abcdef/files/0a");
    }

    #[test]
    fn the_longest_view_fits_a_key() {
        // A repository name has at most 255 bytes, of which a folder is a part; each may take three.
        let view: View = vec!["a-b"; 63].join("/").parse().unwrap();
        assert!(Key::Index(view).name("0123456789abcdef").len() <= 512);
    }
}
