//! Signatures as the runtime judges them, by another library.

use futures::future::{LocalBoxFuture, ready};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::platform::verify::PublicKey;

/// [`crate::platform::verify::Verify`].
#[expect(
    clippy::needless_pass_by_value,
    reason = "the platform's is a future that keeps them"
)]
pub(crate) fn verify(
    key: PublicKey,
    text: Vec<u8>,
    signature: Vec<u8>,
) -> LocalBoxFuture<'static, bool> {
    let fits = match &key {
        PublicKey::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, &text, &signature)
        }
        PublicKey::P256 { x, y } => {
            let point = [&[4], x.as_slice(), y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(&text, &signature)
        }
        PublicKey::Ed25519 { x } => UnparsedPublicKey::new(&ED25519, x).verify(&text, &signature),
    };
    Box::pin(ready(fits.is_ok()))
}
