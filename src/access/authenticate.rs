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
use super::jwt::{self, Bearer, Bearing, KeysMissing, TokenJudge};
use crate::platform::{Fetch, Timestamp};
use crate::secret::{BASE64, Secret, SecretHash};

/// What came of looking at what a request shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It shows nothing that could prove somebody, or a token that gives nothing.
    Nothing,
    /// It proves nobody.
    Wrong,
    /// A user and a password prove an account.
    Password,
    /// A token proves an account, or was signed for somebody.
    Token,
    /// It shows a token that may be genuine.
    Undecided(KeysMissing),
}

/// Who sent a request, and how that was found out.
#[derive(Debug, Clone)]
pub(crate) struct Identity<'c> {
    /// Who.
    pub(crate) principal: Principal<'c>,
    /// By what.
    pub(crate) verdict: Verdict,
}

impl<'c> Identity<'c> {
    /// Of somebody who proved nothing.
    pub(crate) fn stranger(accounts: &'c Accounts, verdict: Verdict) -> Self {
        Self {
            principal: Principal::stranger(&accounts.anonymous),
            verdict,
        }
    }
}

/// Who sent a request, by secrets that accounts have, else by a token that somebody signed.
pub(crate) async fn identify<'c, F: Fetch>(
    accounts: &'c Accounts,
    headers: &HeaderMap,
    judge: &TokenJudge<'_, F>,
) -> Identity<'c> {
    if let Some((account, verdict)) = account(accounts, headers, judge.now) {
        let grants = Cow::Borrowed(&account.grants);
        let principal = Principal::known(account.name.as_str(), grants, &accounts.anonymous);
        return Identity { principal, verdict };
    }
    let shown = Presented::of(headers);
    let token = shown.as_ref().map(Presented::token);
    let verdict = match judge.bearer(&accounts.issuers, token, headers).await {
        Bearing::Known(Bearer { name, grants }) => {
            return Identity {
                principal: Principal::known(name, Cow::Owned(grants), &accounts.anonymous),
                verdict: Verdict::Token,
            };
        }
        Bearing::Undecided(missing) => Verdict::Undecided(missing),
        Bearing::Nobody if shows_proof(headers) => Verdict::Wrong,
        Bearing::Worthless | Bearing::Nobody => Verdict::Nothing,
    };
    Identity::stranger(accounts, verdict)
}

/// Whether a request shows anything that could prove somebody.
pub(crate) fn shows_proof(headers: &HeaderMap) -> bool {
    Presented::of(headers).is_some() || headers.contains_key(&jwt::ASSERTION)
}

/// The user of Basic credentials, whether there is one or not.
pub(crate) fn claimed_user(headers: &HeaderMap) -> Option<Vec<u8>> {
    match Presented::of(headers)? {
        Presented::Basic { user, .. } => Some(user),
        Presented::Bearer(_) | Presented::Other(_) => None,
    }
}

/// The account whose secret is shown, and which kind of secret that is: a token, if it is both.
pub(crate) fn account<'c>(
    accounts: &'c Accounts,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<(&'c Account, Verdict)> {
    let shown = Hashes::of(&Presented::of(headers)?);
    let mut proven: Option<(&Account, Verdict)> = None;
    for account in &accounts.named {
        let (mut by_password, mut by_token) = (Choice::from(0), Choice::from(0));
        for proof in &account.proofs {
            match proof {
                Proof::Password { .. } => by_password |= shown.fits(proof),
                Proof::Token(_) => by_token |= shown.fits(proof),
            }
        }
        let ended = account.until.is_some_and(|until| now >= until);
        if bool::from(by_password | by_token) && !ended {
            let verdict = if bool::from(by_token) {
                Verdict::Token
            } else {
                Verdict::Password
            };
            proven = proven.or(Some((account, verdict)));
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
