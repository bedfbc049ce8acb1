//! Public keys as they are written: JWK (RFC 7517) and PEM (RFC 7468) of a `SubjectPublicKeyInfo`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;

use crate::platform::verify::PublicKey;

/// Most keys that are taken from a set: issuers have two to four.
const KEYS: usize = 64;

/// Bounds of an RSA modulus in bytes: below 2,048 bits it is no longer safe, above 8,192 it costs too much.
const MODULUS: (usize, usize) = (256, 1024);

/// Most bytes of an RSA exponent: 65,537, which nearly all keys have, takes three.
const LONGEST_EXPONENT: usize = 8;

/// Bytes of a coordinate on P-256 (RFC 7518 §6.2.1.2), and of an Ed25519 key (RFC 8032 §5.1.5).
const COORDINATE: usize = 32;

/// A key with the name that tokens call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedKey {
    /// `kid`.
    pub(crate) id: Option<String>,
    /// The key.
    pub(crate) key: PublicKey,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// What only the private key has.
    d: Option<String>,
}

/// The usable keys of a JWK set; others in it are passed over. `None` where it is no set.
pub(crate) fn set(bytes: &[u8]) -> Option<Vec<NamedKey>> {
    let set: JwkSet = serde_json::from_slice(bytes).ok()?;
    let keys = set.keys.into_iter().take(KEYS);
    let keys = keys.filter_map(|key| serde_json::from_value(key).ok());
    Some(keys.filter_map(Jwk::key).collect())
}

/// A key as an operator writes it: PEM, a JWK or a set of them.
pub(crate) fn written(text: &str) -> Option<Vec<NamedKey>> {
    let text = text.trim();
    let keys = if text.starts_with('{') {
        match serde_json::from_str::<Jwk>(text) {
            Ok(one) => vec![one.key()?],
            Err(_) => set(text.as_bytes())?,
        }
    } else {
        vec![NamedKey {
            id: None,
            key: pem(text)?,
        }]
    };
    (!keys.is_empty()).then_some(keys)
}

impl Jwk {
    fn key(self) -> Option<NamedKey> {
        let bytes = |text: &Option<String>| BASE64URL.decode(text.as_ref()?).ok();
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => rsa(bytes(&self.n)?, bytes(&self.e)?)?,
            ("EC", Some("P-256")) => p256(bytes(&self.x)?, bytes(&self.y)?)?,
            ("OKP", Some("Ed25519")) => ed25519(bytes(&self.x)?)?,
            _ => return None,
        };
        let fits = self.alg.is_none_or(|alg| alg == key.algorithm());
        let signs = self.purpose.is_none_or(|purpose| purpose == "sig");
        (fits && signs && self.d.is_none()).then_some(NamedKey { id: self.kid, key })
    }
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Option<PublicKey> {
    let (least, most) = MODULUS;
    // With an exponent of 1 everything is its own signature.
    ((least..=most).contains(&n.len()) && (1..=LONGEST_EXPONENT).contains(&e.len()) && *e != [1])
        .then_some(PublicKey::Rsa { n, e })
}

fn p256(x: Vec<u8>, y: Vec<u8>) -> Option<PublicKey> {
    (x.len() == COORDINATE && y.len() == COORDINATE).then_some(PublicKey::P256 { x, y })
}

fn ed25519(x: Vec<u8>) -> Option<PublicKey> {
    (x.len() == COORDINATE).then_some(PublicKey::Ed25519 { x })
}

/// What stands before the point in the DER of a P-256 key (RFC 5480 §2).
const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

/// What stands before an Ed25519 key (RFC 8410 §4).
const ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// What says that a key is of RSA (RFC 3279 §2.3.1).
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

fn pem(text: &str) -> Option<PublicKey> {
    let text = text.strip_prefix("-----BEGIN PUBLIC KEY-----")?;
    let (text, _) = text.split_once("-----END PUBLIC KEY-----")?;
    // In a setting of one line, line ends may be written.
    let text: String = text.replace("\\n", "").split_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    if let Some(point) = der.strip_prefix(P256) {
        let (x, y) = point.split_at_checked(COORDINATE)?;
        return p256(x.to_vec(), y.to_vec());
    }
    if let Some(key) = der.strip_prefix(ED25519) {
        return ed25519(key.to_vec());
    }
    let (whole, rest) = element(&der, 0x30)?;
    let bits = whole.strip_prefix(RSA)?;
    let (bits, _) = element(bits, 0x03)?;
    let (pair, _) = element(bits.strip_prefix(&[0])?, 0x30)?;
    let (n, after) = element(pair, 0x02)?;
    let (e, end) = element(after, 0x02)?;
    let unsigned = |bytes: &[u8]| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec();
    (rest.is_empty() && end.is_empty()).then(|| rsa(unsigned(n), unsigned(e)))?
}

/// The contents of the DER element at the beginning, which must be of this kind, and what comes after it (X.690 §8.1).
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let der = der.strip_prefix(&[kind])?;
    let (first, rest) = der.split_first()?;
    let (length, rest) = match first {
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let ([high, low], rest) = rest.split_first_chunk::<2>()?;
            (usize::from(*high) << 8 | usize::from(*low), rest)
        }
        short if *short < 0x80 => (usize::from(*short), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}
