//! How a notification is proven: by GitHub's signature over its body
//! (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>), or by `WEBHOOK_SECRET` itself, as
//! bearer token, Basic password or bare.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use sha2::Sha256;

use super::authenticate::Presented;
use crate::error::{Door, Error};
use crate::secret::Secret;

/// GitHub's signature over the raw body: `sha256=<hex>` of its HMAC.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// Bytes of an HMAC with SHA-256.
const LENGTH: usize = 32;

/// What the head of a notification proves.
#[must_use]
pub(crate) enum Notice<'c> {
    /// Its sender knows the secret.
    Proven,
    /// Nothing yet: its body must fit this signature.
    Signed {
        /// What it is signed with.
        secret: &'c Secret,
        /// The signature.
        signature: Vec<u8>,
    },
}

/// Whether senders sign: who does shows no secret, and is let in by nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signs {
    /// Always, as soon as a secret is set (GitHub).
    Always,
    /// Not by themselves: the secret is shown, and before it is, no body is read. A signature that is there besides must fit.
    Never,
}

impl<'c> Notice<'c> {
    /// Judges a notification by its head and the secret that is set. What proves nothing and is not signed either is refused, its body unread.
    pub(crate) fn of(
        secret: Option<&'c Secret>,
        signs: Signs,
        headers: &HeaderMap,
    ) -> Result<Self, Error> {
        let Some(secret) = secret else {
            return Err(Error::Closed("WEBHOOK_SECRET"));
        };
        let refused = Error::Unauthorized(Door::Webhook);
        let shows = || Presented::of(headers).is_some_and(|shown| shown.knows(secret).into());
        if signs == Signs::Never && !shows() {
            return Err(refused);
        }
        let Some(signature) = headers.get(SIGNATURE) else {
            return match signs {
                Signs::Always => Err(refused),
                Signs::Never => Ok(Self::Proven),
            };
        };
        let signature = signature
            .as_bytes()
            .strip_prefix(b"sha256=")
            .and_then(|hex| base16ct::mixed::decode_vec(hex).ok())
            .filter(|signature| signature.len() == LENGTH)
            .ok_or(refused)?;
        Ok(Self::Signed { secret, signature })
    }

    /// Judges the body.
    pub(crate) fn judge(&self, body: &[u8]) -> Result<(), Error> {
        let fits = match self {
            Self::Proven => true,
            Self::Signed { secret, signature } => {
                Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
                    .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
            }
        };
        if fits {
            Ok(())
        } else {
            Err(Error::Unauthorized(Door::Webhook))
        }
    }
}
