//! Content digests.

use std::fmt;
use std::str::FromStr;

use base16ct::lower::encode_string as hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use super::Invalid;

/// The algorithms the spec registers; no other is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, what everybody uses.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Its name in a digest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits follow.
    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    fn hash(self, bytes: &[u8]) -> Digest {
        match self {
            Self::Sha256 => Digest::sha256_of(bytes),
            Self::Sha512 => Digest {
                algorithm: self,
                hex: hex(&Sha512::digest(bytes)),
            },
        }
    }
}

/// A content digest, `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. Safe in a URL's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// The SHA-256 of `bytes`.
    pub fn sha256_of(bytes: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            hex: hex(&Sha256::digest(bytes)),
        }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits without the algorithm.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The first of its hexadecimal digits, so many: enough to tell apart what nobody makes alike on purpose.
    pub(crate) fn prefix(&self, digits: usize) -> &str {
        self.hex.get(..digits).unwrap_or(&self.hex)
    }

    /// Whether `hash`, the raw bytes its algorithm gives, is this digest.
    pub fn is(&self, hash: &[u8]) -> bool {
        self.hex == hex(hash)
    }

    /// Whether `bytes` have this digest.
    pub fn verify(&self, bytes: &[u8]) -> bool {
        *self == self.algorithm.hash(bytes)
    }
}

/// The SHA-256 of bytes that come piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        Digest {
            algorithm: Algorithm::Sha256,
            hex: hex(&self.0.finalize()),
        }
    }
}

impl FromStr for Digest {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (algorithm, hex) = text.split_once(':').ok_or(Invalid::Digest)?;
        let algorithm = match algorithm {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(Invalid::Digest),
        };
        if hex.len() == algorithm.digits()
            && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            Ok(Self {
                algorithm,
                hex: hex.to_owned(),
            })
        } else {
            Err(Invalid::Digest)
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The two bytes of the empty config that ORAS pushes.
    const EMPTY_JSON: &str =
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn known_digests() {
        let digest = Digest::sha256_of(b"{}");
        assert_eq!(digest.to_string(), EMPTY_JSON);
        assert_eq!(digest.algorithm(), Algorithm::Sha256);
        assert_eq!(digest.hex(), EMPTY_JSON.strip_prefix("sha256:").unwrap());
        assert!(digest.verify(b"{}") && !digest.verify(b"{ }"));
        let long = "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";
        let long: Digest = long.parse().unwrap();
        assert!(long.verify(b"{}") && !long.verify(b""));
    }

    /// CVE-2024-3727 (containers/image): a digest is judged before it becomes part of a URL, a key or a path.
    /// CVE-2024-3727 in containers/image: a digest that was not checked became part of a path.
    #[test]
    fn nothing_else() {
        let hex = EMPTY_JSON.strip_prefix("sha256:").unwrap();
        for bad in [
            String::new(),
            hex.to_owned(),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{}", hex.get(1..).unwrap()),
            format!("sha256:{hex}0"),
            format!("sha512:{hex}"),
            format!("md5:{}", hex.get(..32).unwrap()),
            format!("SHA256:{hex}"),
            format!("sha256:../../{}", hex.get(6..).unwrap()),
            format!(" {EMPTY_JSON}"),
        ] {
            assert_eq!(bad.parse::<Digest>(), Err(Invalid::Digest), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<Digest>();
        }

        #[test]
        fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for digest in [Digest::sha256_of(&bytes), Algorithm::Sha512.hash(&bytes)] {
                prop_assert!(digest.verify(&bytes));
                prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest.clone()));
                let json = serde_json::to_string(&digest).unwrap();
                prop_assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
            }
        }
    }
}
