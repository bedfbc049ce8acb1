//! Signatures with a key that is not shared.

use futures::future::{LocalBoxFuture, ready};

/// Signs `text` with the private key `key` (PKCS #8, DER) by RSASSA-PKCS1-v1_5 with SHA-256 (`RS256` in RFC 7518 §3.3). `None`
/// when the key is none that can sign so.
///
/// At Cloudflare that is WebCrypto: no RSA of our own, whose timing would be ours to keep (RUSTSEC-2023-0071), and nothing in
/// the Wasm to pay for.
pub type Rs256 = fn(key: Vec<u8>, text: Vec<u8>) -> LocalBoxFuture<'static, Option<Vec<u8>>>;

/// A host that cannot sign.
pub fn unable(_: Vec<u8>, _: Vec<u8>) -> LocalBoxFuture<'static, Option<Vec<u8>>> {
    Box::pin(ready(None))
}
