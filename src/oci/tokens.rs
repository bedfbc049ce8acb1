//! Tokens and challenges that are remembered between calls, in memory only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};
use url::Url;

use crate::platform::Timestamp;
use crate::platform::sign::{self, Rs256};

use super::scope::{Area, Asking};
use super::token::Token;
use super::{Credentials, Registry};

/// The most tokens that are kept: one a repository, each some KiB where a server signs long ones. Beyond it the token that
/// ends first is forgotten, which costs a request when it is wanted again.
const MAX_TOKENS: usize = 1_000;

/// What an isolate knows about how it is let in: tokens until shortly before they end, and the challenges that led to
/// them, so that a repository seen for the first time does not have to be asked for its challenge. Keep one an isolate.
pub struct Tokens {
    memory: RefCell<TokenMemory>,
    rs256: Rs256,
}

impl Default for Tokens {
    /// Nothing yet, and nobody who signs.
    fn default() -> Self {
        Self::signed_by(sign::unable)
    }
}

#[derive(Default)]
struct TokenMemory {
    ways: BTreeMap<(RegistryAccount, AreaKind), Way>,
    tokens: BTreeMap<(RegistryAccount, Option<String>), Token>,
    /// Tokens of APIs beside the registry, by origin: never mixed with those above, whose names a registry chooses.
    sessions: BTreeMap<(RegistryAccount, &'static str), Token>,
}

/// The kind of area that a way in is for, whatever the repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AreaKind {
    Catalog,
    Tags,
    Content,
    Push,
    Delete,
}

impl AreaKind {
    fn of(area: Area<'_>) -> Self {
        match area {
            Area::Catalog => Self::Catalog,
            Area::Tags(_) => Self::Tags,
            Area::Content(_) => Self::Content,
            Area::Push(_) => Self::Push,
            Area::Delete(_) => Self::Delete,
        }
    }

    /// What most registries want the same for.
    fn sibling(self) -> Self {
        match self {
            Self::Catalog => Self::Catalog,
            Self::Tags | Self::Push | Self::Delete => Self::Content,
            Self::Content => Self::Tags,
        }
    }
}

/// Who asks whom: nothing is ever shared between registries or between credentials (CVE-2026-35172 in distribution).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RegistryAccount {
    origin: String,
    credentials: [u8; 32],
}

impl RegistryAccount {
    pub(super) fn new(registry: &Registry, credentials: &Credentials) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(credentials.kind()).chain(credentials.secrets()) {
            // With its length, so that no two lists of parts read the same.
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Self {
            origin: registry.origin(),
            credentials: hash.finalize().into(),
        }
    }
}

impl fmt::Debug for RegistryAccount {
    /// Where, not who.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryAccount({})", self.origin)
    }
}

/// The way in that a registry was seen to want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Nothing.
    Open,
    /// User and password with every request.
    Basic,
    /// A token.
    Bearer {
        /// The token server, judged.
        realm: Url,
        /// Its name for the registry.
        service: Option<String>,
        /// What it is asked for.
        asking: Asking,
    },
}

impl Tokens {
    /// Nothing yet; keys that sign do it by `rs256`.
    pub fn signed_by(rs256: Rs256) -> Self {
        Self {
            memory: RefCell::default(),
            rs256,
        }
    }

    /// Signs `text` with a private key; `None` where that cannot be done.
    pub(super) async fn sign(&self, key: Vec<u8>, text: Vec<u8>) -> Option<Vec<u8>> {
        (self.rs256)(key, text).await
    }

    /// What the registry wants for `area`; as long as nothing else is known, what it wants for the rest of a repository.
    pub(super) fn way(&self, account: &RegistryAccount, area: Area<'_>) -> Option<Way> {
        let kind = AreaKind::of(area);
        let ways = &self.memory.borrow().ways;
        let known = |kind| ways.get(&(account.clone(), kind)).cloned();
        known(kind).or_else(|| known(kind.sibling()))
    }

    pub(super) fn remember(&self, account: &RegistryAccount, area: Area<'_>, way: Way) {
        self.memory
            .borrow_mut()
            .ways
            .insert((account.clone(), AreaKind::of(area)), way);
    }

    /// Forgets the way, so that the next request asks anew.
    pub(super) fn forget(&self, account: &RegistryAccount, area: Area<'_>) {
        let kind = AreaKind::of(area);
        let ways = &mut self.memory.borrow_mut().ways;
        for kind in [kind, kind.sibling()] {
            ways.remove(&(account.clone(), kind));
        }
    }

    /// The token for a scope, if it still lasts.
    pub(super) fn token(
        &self,
        account: &RegistryAccount,
        scope: Option<&str>,
        now: Timestamp,
    ) -> Option<Token> {
        let key = (account.clone(), scope.map(str::to_owned));
        self.memory
            .borrow()
            .tokens
            .get(&key)
            .filter(|token| now < token.until)
            .cloned()
    }

    pub(super) fn keep(
        &self,
        account: &RegistryAccount,
        scope: Option<&str>,
        token: Token,
        now: Timestamp,
    ) {
        let tokens = &mut self.memory.borrow_mut().tokens;
        if tokens.len() >= MAX_TOKENS {
            tokens.retain(|_, token| now < token.until);
        }
        if tokens.len() >= MAX_TOKENS {
            let first = tokens
                .iter()
                .min_by_key(|(_, token)| token.until)
                .map(|(key, _)| key.clone());
            first.and_then(|key| tokens.remove(&key));
        }
        tokens.insert((account.clone(), scope.map(str::to_owned)), token);
    }

    /// The token of the API at `origin`, if it still lasts.
    pub(super) fn session(
        &self,
        account: &RegistryAccount,
        origin: &'static str,
        now: Timestamp,
    ) -> Option<Token> {
        let sessions = &self.memory.borrow().sessions;
        sessions
            .get(&(account.clone(), origin))
            .filter(|token| now < token.until)
            .cloned()
    }

    /// Keeps the token of an API, or with `None` forgets it.
    pub(super) fn keep_session(
        &self,
        account: &RegistryAccount,
        origin: &'static str,
        token: Option<Token>,
    ) {
        let sessions = &mut self.memory.borrow_mut().sessions;
        let key = (account.clone(), origin);
        match token {
            Some(token) => sessions.insert(key, token),
            None => sessions.remove(&key),
        };
    }

    /// Forgets a token that was refused, unless another one has taken its place since.
    pub(super) fn discard(&self, account: &RegistryAccount, scope: Option<&str>, refused: &Token) {
        let key = (account.clone(), scope.map(str::to_owned));
        let tokens = &mut self.memory.borrow_mut().tokens;
        if tokens.get(&key) == Some(refused) {
            tokens.remove(&key);
        }
    }
}

impl fmt::Debug for Tokens {
    /// Counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory.borrow();
        write!(
            f,
            "Tokens({} ways, {} tokens)",
            memory.ways.len(),
            memory.tokens.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(host: &str, credentials: &Credentials) -> RegistryAccount {
        RegistryAccount::new(&host.parse().unwrap(), credentials)
    }

    fn user(username: &str, password: &str) -> Credentials {
        Credentials::Basic {
            username: username.into(),
            password: password.into(),
        }
    }

    fn token(value: &str, until: i64) -> Token {
        Token {
            value: value.into(),
            until: Timestamp(until),
        }
    }

    #[test]
    fn tokens_end() {
        let tokens = Tokens::default();
        let account = account("ghcr.io", &Credentials::Anonymous);
        tokens.keep(&account, Some("s"), token("t", 100), Timestamp(0));
        assert_eq!(
            tokens.token(&account, Some("s"), Timestamp(99)),
            Some(token("t", 100))
        );
        assert_eq!(tokens.token(&account, Some("s"), Timestamp(100)), None);
        assert_eq!(tokens.token(&account, Some("other"), Timestamp(0)), None);
        assert_eq!(tokens.token(&account, None, Timestamp(0)), None);
    }

    /// CVE-2026-35172 (distribution): what one may see is never remembered for another.
    /// CVE-2026-35172 in distribution: what one was let in to see was kept for all.
    #[test]
    fn nobody_gets_anothers_token() {
        let tokens = Tokens::default();
        tokens.keep(
            &account("ghcr.io", &user("ab", "c")),
            None,
            token("t", 100),
            Timestamp(0),
        );
        for (host, credentials) in [
            ("ghcr.io", Credentials::Anonymous),
            ("ghcr.io", user("a", "bc")),
            ("ghcr.io", user("ab", "d")),
            ("ghcr.io", Credentials::Identity("ab".into())),
            ("quay.io", user("ab", "c")),
            ("http://ghcr.io", user("ab", "c")),
        ] {
            assert_eq!(
                tokens.token(&account(host, &credentials), None, Timestamp(0)),
                None,
                "{host} {credentials:?}"
            );
        }
    }

    #[test]
    fn a_refused_token_goes_but_not_its_successor() {
        let tokens = Tokens::default();
        let account = account("ghcr.io", &Credentials::Anonymous);
        tokens.keep(&account, None, token("new", 100), Timestamp(0));
        tokens.discard(&account, None, &token("old", 90));
        assert!(tokens.token(&account, None, Timestamp(0)).is_some());
        tokens.discard(&account, None, &token("new", 100));
        assert!(tokens.token(&account, None, Timestamp(0)).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let tokens = Tokens::default();
        let account = account("ghcr.io", &Credentials::Anonymous);
        for n in 0..MAX_TOKENS + 5 {
            let until = 1_000 + i64::try_from(n).unwrap();
            tokens.keep(
                &account,
                Some(&n.to_string()),
                token("t", until),
                Timestamp(0),
            );
        }
        assert_eq!(format!("{tokens:?}"), "Tokens(0 ways, 1000 tokens)");
        assert!(tokens.token(&account, Some("4"), Timestamp(0)).is_none());
        assert!(tokens.token(&account, Some("5"), Timestamp(0)).is_some());
        // Ended ones make room first.
        tokens.keep(&account, Some("late"), token("t", 9_999), Timestamp(1_500));
        assert_eq!(format!("{tokens:?}"), "Tokens(0 ways, 505 tokens)");
    }
}
