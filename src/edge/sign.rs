//! Signatures by the runtime's WebCrypto.

use futures::future::LocalBoxFuture;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, WorkerGlobalScope};

/// The name of RSASSA-PKCS1-v1_5 in WebCrypto.
const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

/// [`crate::platform::sign::Rs256`].
pub(super) fn rs256(key: Vec<u8>, text: Vec<u8>) -> LocalBoxFuture<'static, Option<Vec<u8>>> {
    // What is wrong with a key, the runtime says in words of its own; there is nothing in them that a log needs.
    Box::pin(async move { signature(&key, &text).await.ok() })
}

async fn signature(key: &[u8], text: &[u8]) -> Result<Vec<u8>, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto()?.subtle();
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &ALGORITHM.into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let usages = Array::of1(&"sign".into());
    let key = Uint8Array::from(key);
    let imported = subtle.import_key_with_object("pkcs8", &key, &algorithm, false, &usages)?;
    let key: CryptoKey = JsFuture::from(imported).await?.unchecked_into();
    let signed = subtle.sign_with_str_and_u8_array(ALGORITHM, &key, text)?;
    Ok(Uint8Array::new(&JsFuture::from(signed).await?).to_vec())
}
