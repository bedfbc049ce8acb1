//! How a principal is proven: by Basic credentials or a bearer token (RFC 7617, RFC 6750).
//!
//! Whoever asks costs the same comparisons: every secret of every account is compared, also after one fits, and hashes are
//! compared, so that time tells neither which account there is nor what of a secret was right.

use std::borrow::Cow;

use base64::Engine as _;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::Choice;

use super::Principal;
use super::account::{Account, Accounts, Proof};
use super::jwt::{self, Bearer, TokenJudge};
use crate::platform::{Fetch, Timestamp};
use crate::secret::{BASE64, Secret, SecretHash};

/// Who sent a request, by secrets that accounts have, else by a token that somebody signed.
pub(crate) async fn principal<'c, F: Fetch>(
    accounts: &'c Accounts,
    headers: &HeaderMap,
    judge: &TokenJudge<'_, F>,
) -> Principal<'c> {
    if let Some(account) = account(accounts, headers, judge.now) {
        let grants = Cow::Borrowed(&account.grants);
        return Principal::known(account.name.as_str(), grants, &accounts.anonymous);
    }
    let shown = Presented::of(headers);
    let token = shown.as_ref().map(Presented::token);
    match judge.bearer(&accounts.issuers, token, headers).await {
        Some(Bearer { name, grants }) => {
            Principal::known(name, Cow::Owned(grants), &accounts.anonymous)
        }
        None => Principal::stranger(&accounts.anonymous),
    }
}

/// Whether a request shows anything that could prove somebody.
pub(crate) fn shows_proof(headers: &HeaderMap) -> bool {
    Presented::of(headers).is_some() || headers.contains_key(&jwt::ASSERTION)
}

/// The account whose secret is shown.
pub(crate) fn account<'c>(
    accounts: &'c Accounts,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<&'c Account> {
    let shown = Hashes::of(&Presented::of(headers)?);
    let mut proven: Option<&Account> = None;
    for account in &accounts.named {
        let mut fits = Choice::from(0);
        for proof in &account.proofs {
            fits |= shown.fits(proof);
        }
        let ended = account.until.is_some_and(|until| now >= until);
        if bool::from(fits) && !ended {
            proven = proven.or(Some(account));
        }
    }
    proven
}

/// What an `Authorization` header shows.
pub(super) enum Presented {
    Basic {
        user: Vec<u8>,
        password: Vec<u8>,
    },
    Bearer(Vec<u8>),
    /// Anything else, whole: Harbor sends what its operator typed, and that may be the bare secret.
    Other(Vec<u8>),
}

impl Presented {
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

    /// What may be a token: that of a Bearer, the password of whatever user, or all of it.
    fn token(&self) -> &[u8] {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) | Self::Other(token) => token,
        }
    }

    /// Whether it holds this one secret.
    pub(super) fn knows(&self, secret: &Secret) -> Choice {
        let wanted = SecretHash::of(secret.expose().as_bytes());
        let empty = Choice::from(u8::from(secret.expose().is_empty()));
        SecretHash::of(self.token()).is(&wanted) & !empty
    }
}

/// The hashes of what is shown.
struct Hashes {
    /// Of Basic credentials.
    user: SecretHash,
    /// Password or token.
    secret: SecretHash,
    is_basic: Choice,
    /// Whether the secret is none: nobody is known by that.
    is_empty: Choice,
}

impl Hashes {
    fn of(shown: &Presented) -> Self {
        let (user, is_basic) = match shown {
            Presented::Basic { user, .. } => (user.as_slice(), 1),
            Presented::Bearer(_) | Presented::Other(_) => (b"".as_slice(), 0),
        };
        Self {
            user: SecretHash::of(user),
            secret: SecretHash::of(shown.token()),
            is_basic: Choice::from(is_basic),
            is_empty: Choice::from(u8::from(shown.token().is_empty())),
        }
    }

    fn fits(&self, proof: &Proof) -> Choice {
        let fits = match proof {
            Proof::Password { user, password } => {
                self.user.is(user) & self.secret.is(password) & self.is_basic
            }
            Proof::Token(token) => self.secret.is(token),
        };
        fits & !self.is_empty
    }
}
