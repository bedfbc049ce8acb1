//! Signatures of others, by the runtime's WebCrypto
//! (<https://developers.cloudflare.com/workers/runtime-apis/web-crypto/>).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use futures::future::LocalBoxFuture;
use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::platform::verify::PublicKey;

/// [`crate::platform::verify::Verify`].
pub(super) fn verify(
    key: PublicKey,
    text: Vec<u8>,
    signature: Vec<u8>,
) -> LocalBoxFuture<'static, bool> {
    // What is wrong with a key or a signature, the runtime says in words of its own: either way it proves nothing.
    Box::pin(async move { fits(&key, &text, &signature).await.unwrap_or(false) })
}

async fn fits(key: &PublicKey, text: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let (jwk, algorithm) = described(key);
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    let algorithm = JSON::parse(&algorithm.to_string())?;
    let usages: JsValue = Array::of1(&"verify".into()).into();
    let imported = [
        "jwk".into(),
        JSON::parse(&jwk.to_string())?,
        algorithm.clone(),
        JsValue::FALSE,
        usages,
    ];
    let key = call(&subtle, "importKey", &imported).await?;
    let shown = [
        algorithm,
        key,
        Uint8Array::from(signature).into(),
        Uint8Array::from(text).into(),
    ];
    Ok(call(&subtle, "verify", &shown).await?.is_truthy())
}

/// Calls a method that gives a promise, and waits for it.
async fn call(of: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(of, &method.into())?.dyn_into()?;
    let promise: Promise = function
        .apply(of, &arguments.iter().collect())?
        .dyn_into()?;
    JsFuture::from(promise).await
}

/// A key as JWK (RFC 7517), and its algorithm as WebCrypto calls it.
fn described(key: &PublicKey) -> (Value, Value) {
    let text = |bytes: &[u8]| BASE64URL.encode(bytes);
    match key {
        PublicKey::Rsa { n, e } => (
            json!({ "kty": "RSA", "n": text(n), "e": text(e) }),
            json!({ "name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256" }),
        ),
        PublicKey::P256 { x, y } => (
            json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) }),
            json!({ "name": "ECDSA", "namedCurve": "P-256", "hash": "SHA-256" }),
        ),
        PublicKey::Ed25519 { x } => (
            json!({ "kty": "OKP", "crv": "Ed25519", "x": text(x) }),
            json!({ "name": "Ed25519" }),
        ),
    }
}
