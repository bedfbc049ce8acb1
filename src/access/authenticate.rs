//! How a principal is proven: by Basic credentials or a bearer token (RFC 7617, RFC 6750).

use base64::Engine as _;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::Principal;
use crate::config::{Config, Readers};
use crate::secret::{BASE64, Secret};

/// Who sent a request. All comparisons are made, whichever is the first to fail.
pub(crate) fn principal(config: &Config, headers: &HeaderMap) -> Principal {
    let Some(proof) = Proof::of(headers) else {
        return Principal::Stranger;
    };
    let admin = config
        .admin_token
        .as_ref()
        .map_or(Choice::from(0), |token| proof.knows(token));
    let reader = match &config.readers {
        Readers::Open => Choice::from(0),
        Readers::Basic { user, password } => proof.is(user, password),
    };
    if admin.into() {
        Principal::Admin
    } else if reader.into() {
        Principal::Reader
    } else {
        Principal::Stranger
    }
}

/// What an `Authorization` header shows.
pub(super) enum Proof {
    Basic {
        user: Vec<u8>,
        password: Vec<u8>,
    },
    Bearer(Vec<u8>),
    /// Anything else, whole: Harbor sends what its operator typed, and that may be the bare secret.
    Other(Vec<u8>),
}

impl Proof {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
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
    pub(super) fn knows(&self, secret: &Secret) -> Choice {
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
