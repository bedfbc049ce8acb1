//! Somebody who signs tokens, by each of the algorithms.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

/// Has a key, and a name for it.
pub(crate) struct Signer {
    id: &'static str,
    key: Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// By RS256. The key is that of the fixture: making one takes long.
    pub(crate) fn rsa(id: &'static str) -> Self {
        let file = include_str!("../../tests/fixtures/service-account.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let pem = file["private_key"].as_str().unwrap();
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).unwrap()).unwrap();
        let key = Key::Rsa(Box::new(key));
        Self { id, key }
    }

    /// By ES256.
    pub(crate) fn p256(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        let key = Key::P256(key);
        Self { id, key }
    }

    /// By `EdDSA`.
    pub(crate) fn ed25519(id: &'static str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Key::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap());
        Self { id, key }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match &self.key {
            Key::Rsa(_) => "RS256",
            Key::P256(_) => "ES256",
            Key::Ed25519(_) => "EdDSA",
        }
    }

    /// The public key as JWK.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL.encode(bytes);
        let mut jwk = match &self.key {
            Key::Rsa(key) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
                let (n, e) = (text(&public.n), text(&public.e));
                json!({ "kty": "RSA", "n": n, "e": e })
            }
            Key::P256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Key::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref()) })
            }
        };
        jwk["kid"] = self.id.into();
        jwk["alg"] = self.algorithm().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The public key as PEM.
    pub(crate) fn pem(&self) -> String {
        let (begun, key) = match &self.key {
            Key::Rsa(key) => {
                let pair = key.public_key().as_ref();
                let head = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
                let bits = der(0x03, &[&[0], pair].concat());
                let whole = der(0x30, &[head.as_slice(), &bits].concat());
                return pem(&whole);
            }
            Key::P256(key) => (
                &b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"[..],
                key.public_key().as_ref(),
            ),
            Key::Ed25519(key) => (
                &b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..],
                key.public_key().as_ref(),
            ),
        };
        pem(&[begun, key].concat())
    }

    /// A token with these claims and the usual header.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let head = json!({ "typ": "JWT", "alg": self.algorithm(), "kid": self.id });
        self.sign(&head.to_string(), &claims.to_string())
    }

    /// A token of this header and these claims, whatever they are.
    pub(crate) fn sign(&self, head: &str, claims: &str) -> String {
        let text = format!("{}.{}", BASE64URL.encode(head), BASE64URL.encode(claims));
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding = &RSA_PKCS1_SHA256;
                key.sign(padding, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Key::P256(key) => key
                .sign(&random, text.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Key::Ed25519(key) => key.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}.{}", BASE64URL.encode(signature))
    }
}

/// A DER element of this kind, longer than 127 bytes.
fn der(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 0x82], length.as_slice(), content].concat()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let bytes: Vec<char> = text.chars().collect();
    let lines: Vec<String> = bytes.chunks(64).map(String::from_iter).collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
