//! Secrets: a type that cannot be printed by accident, and the Base64 in which people and clients write them.

use std::fmt;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Base64 of credentials, read with padding or without: RFC 7617 wants it, several clients forget it, and so do people who copy.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A password, token or key. Its `Debug` is redacted, it has no `Display`, and it is compared in constant time.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for where it is sent or compared; never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares with `other` in a time that depends on nothing but the lengths.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(other).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The SHA-256 of a password or token: what is kept of those that clients show. Its `Debug` is redacted, as short ones can be
/// guessed from it.
#[derive(Clone)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &[u8]) -> Self {
        #[cfg(test)]
        HASHED.set(HASHED.get() + 1);
        Self(Sha256::digest(secret).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let read = base16ct::mixed::decode(hex, &mut hash).ok()?;
        (read.len() == 32).then_some(Self(hash))
    }

    /// Compares two hashes, in a time that tells nothing of what was hashed, not even its length.
    pub fn is(&self, other: &Self) -> Choice {
        #[cfg(test)]
        COMPARED.set(COMPARED.get() + 1);
        self.0.ct_eq(&other.0)
    }
}

#[cfg(test)]
thread_local! {
    /// How often hashes were computed.
    pub(crate) static HASHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    /// How often hashes were compared, so that tests can see that the work does not tell what was wrong.
    pub(crate) static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.is(other).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf hunter2 | sha256sum`
    #[test]
    fn a_hash_is_that_of_sha256sum() {
        let hex = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
        let hash = SecretHash::of(b"hunter2");
        assert_eq!(SecretHash::from_hex(hex), Some(hash.clone()));
        assert_eq!(
            SecretHash::from_hex(&hex.to_uppercase()),
            Some(hash.clone())
        );
        assert_ne!(SecretHash::of(b"hunter"), hash);
        assert_eq!(format!("{hash:?}"), "SecretHash(…)");
        for wrong in [
            "",
            "f5",
            hex.trim_start_matches('f'),
            &format!("{hex}00"),
            &hex.replace('f', "g"),
        ] {
            assert_eq!(SecretHash::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
        assert_eq!(format!("{:?}", Some(Secret::new(""))), "Some(Secret(…))");
    }

    #[test]
    fn equality_is_that_of_the_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(secret, Secret::from("hunter2"));
        for other in ["hunter", "hunter22", "Hunter2", ""] {
            assert_ne!(secret, Secret::new(other), "{other}");
        }
        assert!(secret.matches(b"hunter2"));
    }
}
