//! Secrets: a type that cannot be printed by accident, and the Base64 in which people and clients write them.

use std::fmt;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
        assert_eq!(format!("{:?}", Some(Secret::new(""))), "Some(Secret(…))");
    }

    /// CVE-2023-20902 (Harbor): secrets are compared by `matches`, in constant time, and in no other way.
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
