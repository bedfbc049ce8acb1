//! Signatures as the runtime makes them, by another library.

use futures::future::{LocalBoxFuture, ready};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// [`crate::platform::sign::Rs256`].
#[expect(
    clippy::needless_pass_by_value,
    reason = "the platform's is a future that keeps them"
)]
pub(crate) fn rs256(key: Vec<u8>, text: Vec<u8>) -> LocalBoxFuture<'static, Option<Vec<u8>>> {
    let signature = RsaKeyPair::from_pkcs8(&key).ok().and_then(|pair| {
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            &text,
            &mut signature,
        )
        .ok()?;
        Some(signature)
    });
    Box::pin(ready(signature))
}
