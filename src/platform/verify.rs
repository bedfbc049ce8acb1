//! Signatures of others.

use futures::future::LocalBoxFuture;

/// A public key, with the one algorithm that it is good for: a token cannot choose another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (`RS256`): modulus and exponent, big-endian.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// ECDSA with P-256 and SHA-256 (`ES256`): the point, 32 bytes each.
    P256 {
        /// Its first coordinate.
        x: Vec<u8>,
        /// Its second one.
        y: Vec<u8>,
    },
    /// Ed25519 (`EdDSA`): 32 bytes.
    Ed25519 {
        /// The key.
        x: Vec<u8>,
    },
}

impl PublicKey {
    /// The name of its algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256 { .. } => "ES256",
            Self::Ed25519 { .. } => "EdDSA",
        }
    }
}

/// Whether `signature` is one of `text` by the holder of `key`. At Cloudflare that is WebCrypto: no code for signatures of our
/// own, and nothing in the Wasm to pay for.
pub type Verify =
    fn(key: PublicKey, text: Vec<u8>, signature: Vec<u8>) -> LocalBoxFuture<'static, bool>;
