//! Who may do what. The only module that looks at a client's credentials; accounts with shares will come here.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::reply::Audience;
use super::route::Sender;
use crate::config::{Config, Readers};
use crate::error::{Door, Error};
use crate::secret::Secret;

/// Clients pad or do not (RFC 7617 says padded, and several forget).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// GitHub's signature over the raw body: `sha256=<hex>` of its HMAC.
const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// Who sent a request, as far as its credentials prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Anybody.
    Anyone,
    /// Who knows the reader's user and password.
    Reader,
    /// Who knows the admin token.
    Admin,
}

/// What an `Authorization` header offers.
#[derive(Debug, PartialEq, Eq)]
enum Offer {
    Basic {
        user: Vec<u8>,
        password: Vec<u8>,
    },
    Bearer(Vec<u8>),
    /// Anything else, whole: Harbor sends what its operator typed, and that may be the bare secret.
    Other(Vec<u8>),
}

impl Caller {
    /// Reads the credentials of a request. All comparisons are made, whichever is the first to fail.
    pub(super) fn of(config: &Config, headers: &HeaderMap) -> Self {
        let Some(offer) = Offer::of(headers) else {
            return Self::Anyone;
        };
        let admin = config
            .admin_token
            .as_ref()
            .map_or(Choice::from(0), |token| offer.knows(token));
        let reader = match &config.readers {
            Readers::Open => Choice::from(0),
            Readers::Basic { user, password } => offer.is(user, password),
        };
        if admin.into() {
            Self::Admin
        } else if reader.into() {
            Self::Reader
        } else {
            Self::Anyone
        }
    }

    /// Whether this caller may read indexes and packages. Who may see everything (`/info`) may read, too.
    pub(super) fn may_read(self, config: &Config) -> bool {
        match config.readers {
            Readers::Open => true,
            Readers::Basic { .. } => self != Self::Anyone,
        }
    }

    /// Lets only readers pass.
    pub(super) fn reads(self, config: &Config) -> Result<(), Error> {
        if self.may_read(config) {
            Ok(())
        } else {
            Err(Error::Unauthorized(Door::Charts))
        }
    }

    /// Lets only the admin pass.
    pub(super) fn administers(self, config: &Config) -> Result<(), Error> {
        if config.admin_token.is_none() {
            return Err(Error::Closed("ADMIN_TOKEN"));
        }
        if self == Self::Admin {
            Ok(())
        } else {
            Err(Error::Unauthorized(Door::Admin))
        }
    }

    /// Whether credentials were given and are right.
    pub(super) fn is_known(self) -> bool {
        self != Self::Anyone
    }
}

/// Who answers about charts are for.
pub(super) fn audience(config: &Config) -> Audience {
    match config.readers {
        Readers::Open => Audience::Public,
        Readers::Basic { .. } => Audience::Private,
    }
}

/// Lets only notifications pass that know `WEBHOOK_SECRET`: by signature where the sender signs, else as bearer token,
/// Basic password or bare.
///
/// GitHub: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
pub(super) fn notifies(
    config: &Config,
    sender: Sender,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Error> {
    let Some(secret) = &config.webhook_secret else {
        return Err(Error::Closed("WEBHOOK_SECRET"));
    };
    let proven = match headers.get(SIGNATURE) {
        Some(signature) => signed(secret, signature.as_bytes(), body),
        None => {
            sender != Sender::GitHub
                && Offer::of(headers).is_some_and(|offer| offer.knows(secret).into())
        }
    };
    if proven {
        Ok(())
    } else {
        Err(Error::Unauthorized(Door::Webhook))
    }
}

fn signed(secret: &Secret, signature: &[u8], body: &[u8]) -> bool {
    let Some(given) = signature.strip_prefix(b"sha256=").and_then(from_hex) else {
        return false;
    };
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok())
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
        .collect()
}

impl Offer {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?.as_bytes().trim_ascii();
        let scheme_end = value.iter().position(|byte| *byte == b' ');
        let (scheme, rest) = value.split_at(scheme_end.unwrap_or(value.len()));
        let rest = rest.trim_ascii_start();
        if scheme.eq_ignore_ascii_case(b"basic") {
            let pair = BASE64.decode(rest).ok()?;
            let colon = pair.iter().position(|byte| *byte == b':')?;
            let (user, password) = pair.split_at(colon);
            return Some(Self::Basic {
                user: user.to_vec(),
                password: password.get(1..).unwrap_or_default().to_vec(),
            });
        }
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return Some(Self::Bearer(rest.to_vec()));
        }
        Some(Self::Other(value.to_vec()))
    }

    /// Whether it is this user with this password; both are compared, so that time does not tell which was wrong.
    fn is(&self, user: &Secret, password: &Secret) -> Choice {
        match self {
            Self::Basic {
                user: given_user,
                password: given_password,
            } => same(given_user, user) & same(given_password, password),
            Self::Bearer(_) | Self::Other(_) => Choice::from(0),
        }
    }

    /// Whether it holds this one secret, as bearer token, as password of any user, or bare.
    fn knows(&self, secret: &Secret) -> Choice {
        match self {
            Self::Basic { password, .. } => same(password, secret),
            Self::Bearer(token) | Self::Other(token) => same(token, secret),
        }
    }
}

/// Compares hashes, so that time tells not even the length. An empty secret is known by nobody.
fn same(given: &[u8], secret: &Secret) -> Choice {
    let given = Sha256::digest(given);
    let wanted = Sha256::digest(secret.expose().as_bytes());
    given.ct_eq(&wanted) & !Choice::from(u8::from(secret.expose().is_empty()))
}

#[cfg(test)]
mod tests;
