//! The accounts of all settings together: `ACCOUNTS`, those that are merged with it, and the short forms.

use std::borrow::Cow;

use super::issuers;
use super::read::{self, AccountsRead, is_short};
use crate::access::{Account, Accounts, Grants, Proof, Right};
use crate::config::settings::Settings;
use crate::secret::{Secret, SecretHash};

const ACCOUNTS: &str = "ACCOUNTS";
const READER_USER: &str = "BASIC_AUTH_USER";
const READER_PASSWORD: &str = "BASIC_AUTH_PASS";
const ANONYMOUS: &str = "AUTH_ANONYMOUS_GET";
const ADMIN: &str = "ADMIN_TOKEN";
const WEBHOOKS: &str = "WEBHOOK_SECRET";

/// A secret with the setting and the words that name it.
type NamedSecret = (Cow<'static, str>, String, SecretHash);

/// Reads all accounts; `None` when anything is wrong with who may read. `private` says that the registry wants credentials.
/// `further` are the names of the settings that are merged with `ACCOUNTS`.
pub(in crate::config) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    private: bool,
    further: &[String],
) -> Option<Accounts> {
    let mut names: Vec<Cow<'static, str>> = vec![ACCOUNTS.into()];
    names.extend(further.iter().cloned().map(Cow::Owned));
    let mut accounts = Accounts::default();
    let mut anonymous: Option<Grants> = None;
    let mut secrets: Vec<NamedSecret> = Vec::new();
    let mut given = false;
    for setting in names {
        let Some(text) = settings.text(&setting) else {
            continue;
        };
        given = true;
        let found = read::accounts(&text);
        let (wrong, warnings) = (found.wrong.iter(), found.warnings.iter());
        wrong.for_each(|what| settings.wrong(setting.clone(), what));
        warnings.for_each(|what| settings.warn(setting.clone(), what));
        merge(settings, &setting, found, &mut accounts, &mut anonymous);
        for account in &accounts.named {
            for proof in &account.proofs {
                let known = |(_, name, _): &NamedSecret| *name == named(&account.name);
                if !secrets
                    .iter()
                    .any(|it| known(it) && it.2 == *proof.secret())
                {
                    let secret = proof.secret().clone();
                    secrets.push((setting.clone(), named(&account.name), secret));
                }
            }
        }
    }
    let issuers = issuers::read(settings);
    let unclear = issuers.is_none();
    accounts.issuers = issuers.unwrap_or_default();
    given |= issuers::are_set(settings);
    let reader = reader(settings);
    if let Ok(Some((account, secret))) = &reader {
        accounts.named.push(account.clone());
        warn_if_short(settings, READER_PASSWORD, secret);
        secrets.push(short(READER_PASSWORD, secret));
    }
    // Who may read is not guessed of issuers that are wrong.
    let open = if unclear {
        None
    } else {
        is_open(
            settings,
            private,
            given,
            &accounts,
            anonymous.as_ref(),
            &reader,
        )
    };
    if let Some(token) = settings.secret(ADMIN) {
        accounts.named.push(Account {
            name: ADMIN.to_owned(),
            proofs: vec![Proof::Token(SecretHash::of(token.expose().as_bytes()))],
            until: None,
            grants: Grants::everywhere(Right::NAMES.map(|(_, right)| right)),
        });
        warn_if_short(settings, ADMIN, &token);
        secrets.push(short(ADMIN, &token));
    }
    if let Some(secret) = settings.secret(WEBHOOKS) {
        warn_if_short(settings, WEBHOOKS, &secret);
        secrets.push(short(WEBHOOKS, &secret));
    }
    tell_equal(settings, &secrets);
    accounts.anonymous = anonymous.unwrap_or_default();
    if open? {
        accounts.anonymous = Grants::everywhere([Right::Read]);
    }
    Some(accounts)
}

/// Adds what was found in a setting.
fn merge<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    setting: &str,
    found: AccountsRead,
    accounts: &mut Accounts,
    anonymous: &mut Option<Grants>,
) {
    for account in found.accounts {
        if accounts
            .named
            .iter()
            .any(|known| known.name == account.name)
        {
            settings.wrong(
                setting.to_owned(),
                format!("{} is there twice", account.name),
            );
        } else {
            accounts.named.push(account);
        }
    }
    if let Some(grants) = found.anonymous {
        if anonymous.is_some() {
            settings.wrong(
                setting.to_owned(),
                format!("{} is there twice", read::ANONYMOUS),
            );
        }
        *anonymous = Some(grants);
    }
}

/// The reader of the short form, with its password.
fn reader<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
) -> Result<Option<(Account, Secret)>, ()> {
    let Some((user, password)) = settings.pair(READER_USER, READER_PASSWORD)? else {
        return Ok(None);
    };
    let account = Account {
        name: READER_USER.to_owned(),
        proofs: vec![Proof::Password {
            user: SecretHash::of(user.expose().as_bytes()),
            password: SecretHash::of(password.expose().as_bytes()),
        }],
        until: None,
        grants: Grants::everywhere([Right::Read]),
    };
    Ok(Some((account, password)))
}

/// Whether anyone may read everything, by `AUTH_ANONYMOUS_GET` or because nobody said who may read a registry that wants no
/// credentials. `None` where that is not clear.
fn is_open<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    private: bool,
    given: bool,
    accounts: &Accounts,
    anonymous: Option<&Grants>,
    reader: &Result<Option<(Account, Secret)>, ()>,
) -> Option<bool> {
    let set = settings.text(ANONYMOUS).is_some();
    let open = settings.switch(ANONYMOUS);
    if set && open.is_none() {
        // The wrong value was noted; what it was meant to say is not guessed.
        return None;
    }
    let reads = |grants: &Grants| !grants.spaces(Right::Read).is_empty();
    let anyone_reads = anonymous.is_some_and(reads);
    if set && anonymous.is_some() {
        settings.wrong(
            ANONYMOUS,
            format!(
                "set beside the account {}: remove one of the two",
                read::ANONYMOUS
            ),
        );
        return None;
    }
    let reader = reader.as_ref().ok()?;
    let somebody_reads = reader.is_some()
        || anyone_reads
        || accounts
            .issuers
            .iter()
            .any(|issuer| issuer.could_give(Right::Read))
        || accounts.named.iter().any(|account| reads(&account.grants));
    match open {
        // As in ChartMuseum: reading needs no password, even where one is set.
        Some(true) => {
            if given {
                settings.warn(
                    ANONYMOUS,
                    "true: anyone may read everything, whatever the accounts may read",
                );
            }
            Some(true)
        }
        _ if somebody_reads => Some(false),
        None if !private && !given => Some(true),
        None => {
            let cause = if given {
                "with accounts of which none may read"
            } else {
                "with registry credentials"
            };
            settings.wrong(
                ANONYMOUS,
                format!(
                    "missing: {cause}, set {READER_USER} and {READER_PASSWORD} for who may read, or this to true and anyone may read"
                ),
            );
            None
        }
        Some(false) => {
            settings.wrong(
                ANONYMOUS,
                format!("false, while {READER_USER} and {READER_PASSWORD} are missing: nobody could read"),
            );
            None
        }
    }
}

fn named(account: &str) -> String {
    format!("a secret of {account}")
}

fn short(setting: &'static str, secret: &Secret) -> NamedSecret {
    let hash = SecretHash::of(secret.expose().as_bytes());
    (setting.into(), setting.to_owned(), hash)
}

fn warn_if_short<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    setting: &'static str,
    secret: &Secret,
) {
    if is_short(secret.expose()) {
        settings.warn(setting, "short enough to be guessed");
    }
}

/// Who knows one of two equal secrets has both, without anybody having said so.
fn tell_equal<L: Fn(&str) -> Option<String>>(settings: &mut Settings<L>, secrets: &[NamedSecret]) {
    for (place, (setting, name, secret)) in secrets.iter().enumerate() {
        let mut before = secrets.iter().take(place);
        if let Some((_, other, _)) = before.find(|(_, _, other)| other == secret) {
            let subject = if *name == **setting {
                String::new()
            } else {
                format!("{name} is ")
            };
            settings.wrong(setting.clone(), format!("{subject}the same as {other}"));
        }
    }
}
