//! `ACCOUNTS`: what is read of it, and what is wrong with it.

use std::fmt::Write as _;

use super::*;
use crate::access::Proof;
use crate::secret::SecretHash;

/// Reads these texts as `ACCOUNTS`, `ACCOUNTS_1` and so on.
fn accounts(texts: &[&str]) -> Result<Config, Problems> {
    let name = |place: usize| match place {
        0 => "ACCOUNTS".to_owned(),
        place => format!("ACCOUNTS_{place}"),
    };
    let further: Vec<String> = (1..texts.len()).map(name).collect();
    let lookup = |asked: &str| {
        if asked == "REGISTRY" {
            return Some("registry.example/charts".to_owned());
        }
        let place = (0..texts.len()).find(|place| name(*place) == asked)?;
        Some(texts[place].to_owned())
    };
    Config::read(lookup, &further)
}

#[track_caller]
fn wrong_with(texts: &[&str], message: &str) {
    let problems = accounts(texts).unwrap_err().to_string();
    assert_eq!(problems, message);
}

fn shown(config: &Config) -> String {
    let mut lines: Vec<String> = config
        .accounts
        .named
        .iter()
        .map(|account| {
            let until = account.until.map(|until| format!(" until {until}"));
            let rights = rights(&account.grants);
            let until = until.unwrap_or_default();
            format!(
                "{}: {} proofs{until},{rights}",
                account.name,
                account.proofs.len()
            )
        })
        .collect();
    lines.push(format!("anyone:{}", rights(&config.accounts.anonymous)));
    lines.join("\n")
}

fn rights(grants: &Grants) -> String {
    let mut told = String::new();
    for (name, right) in Right::NAMES {
        let spaces = grants.spaces(right);
        if !spaces.is_empty() {
            let _ = write!(told, " {name} {spaces}");
        }
    }
    told
}

const YAML: &str = "
anonymous:
  read: public/**
team-a:
  password: [the-password-of-team-a, the-next-password-of-team-a]
  read: team-a/**
  push: [team-a, team-a/sub]
team-b@acme.example:
  token: sha256:f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7
  until: 2026-12-31
  read: team-b/**, public/x/**
  delete: /
prometheus:
  token: the-token-of-prometheus
  until: 2026-12-31T12:00:00Z
  metrics: true
  admin: false
";

#[test]
fn yaml_and_json_say_the_same() {
    let yaml = accounts(&[YAML]).unwrap();
    insta::assert_snapshot!(shown(&yaml), @r#"
        team-a: 2 proofs, read team-a/** push team-a,team-a/sub
        team-b@acme.example: 1 proofs until 2027-01-01T00:00:00Z, read public/x/**,team-b/** delete /
        prometheus: 1 proofs until 2026-12-31T12:00:00Z, metrics **
        anyone: read public/**
    "#);
    let json = r#"{
        "anonymous": {"read": ["public/**"]},
        "team-a": {"password": ["the-password-of-team-a", "the-next-password-of-team-a"], "read": "team-a/**", "push": "team-a team-a/sub"},
        "team-b@acme.example": {"token": "hunter2", "until": "2026-12-31", "read": ["team-b/**", "public/x/**"], "delete": ["/"]},
        "prometheus": {"token": ["the-token-of-prometheus"], "until": "2026-12-31T12:00:00Z", "metrics": true}
    }"#;
    let json = accounts(&[json]).unwrap();
    assert_eq!(shown(&json), shown(&yaml));
    // The hash is that of what stands there in plain.
    assert_eq!(json.accounts, yaml.accounts);
    let warned: Vec<String> = json.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warned,
        [
            "ACCOUNTS: team-b@acme.example has a token of fewer than 16 characters, which can be guessed"
        ]
    );
    assert!(yaml.warnings.is_empty());
    assert!(!format!("{yaml:?} {json:?}").contains("the-"), "{yaml:?}");
}

#[test]
fn several_settings_are_one() {
    let two = "ci: { token: the-token-of-ci-1, refresh: true }";
    let config = accounts(&[YAML, two]).unwrap();
    assert!(
        config
            .accounts
            .named
            .iter()
            .any(|account| account.name == "ci")
    );
    wrong_with(
        &[two, two],
        "ACCOUNTS_1: ci is there twice; AUTH_ANONYMOUS_GET: missing: with accounts of which none may read, set BASIC_AUTH_USER and BASIC_AUTH_PASS for who may read, or this to true and anyone may read",
    );
    wrong_with(
        &[YAML, "anonymous: { read: x }"],
        "ACCOUNTS_1: anonymous is there twice",
    );
    wrong_with(
        &[
            YAML,
            "other: { token: the-token-of-prometheus, read: true }",
        ],
        "ACCOUNTS_1: a secret of other is the same as a secret of prometheus",
    );
    for (name, merged) in [
        ("ACCOUNTS_2", true),
        ("ACCOUNTS_", false),
        ("ACCOUNTS", false),
        ("XACCOUNTS_2", false),
    ] {
        assert_eq!(crate::config::is_of_accounts(name), merged, "{name}");
    }
}

/// All that is wrong at once, by name and without a value.
#[test]
fn everything_that_is_wrong_is_told_at_once_and_shows_no_value() {
    let bad = r#"{
        "hunter two": {"token": "hunter2"},
        "a": {"passphrase": "hunter2", "read": "Team-A"},
        "b": {"token": ["", 5], "read": true},
        "b2": {"token": "sha256:hunter2", "read": {}},
        "c": {"token": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "metrics": "team-a"},
        "d": {"read": "x"},
        "e": {"token": "the-token-of-account-e"},
        "f": {"token": "the-token-of-account-f", "token": "hunter2", "read": "x", "until": "hunter2"},
        "g": "hunter2",
        "anonymous": {"token": "the-token-of-nobody-at-all", "read": "x"},
        "h": {"token": "the-token-of-account-h", "read": true},
        "h": {"token": "the-token-of-account-h2", "read": true}
    }"#;
    let problems = accounts(&[bad]).unwrap_err();
    assert_eq!(problems.public(), "ACCOUNTS");
    let text = problems.to_string();
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text.replace("; ", "\n"), @r#"
        ACCOUNTS: a name of an account has 1 to 64 letters, digits or . _ - @ and that of the account in place 1 has not
        ACCOUNTS: a has "passphrase", which is none of password, token, until, read, push, delete, refresh, metrics, admin
        ACCOUNTS: a may read in "Team-A", which no space can be called
        ACCOUNTS: b has a token that is empty
        ACCOUNTS: b has a token that is no text: put it in quotes
        ACCOUNTS: b2 has a token that begins with sha256: and goes on with other than 64 hexadecimal digits
        ACCOUNTS: b2 has a read that is neither true nor patterns for spaces
        ACCOUNTS: c has a token that is the hash of nothing
        ACCOUNTS: c has a metrics for some spaces: it is for all, say true
        ACCOUNTS: d has neither password nor token
        ACCOUNTS: e has no right
        ACCOUNTS: f has "token" twice
        ACCOUNTS: f has an until that is neither a day (2026-12-31) nor a time (2026-12-31T12:00:00Z)
        ACCOUNTS: g is no mapping of what it has
        ACCOUNTS: anonymous has a secret or an end, and is who shows nothing
        ACCOUNTS: h is there twice
    "#);
    for (text, what) in [
        ("[hunter2]", "ACCOUNTS: is no mapping of names to accounts"),
        ("hunter2", "ACCOUNTS: is no mapping of names to accounts"),
        ("{hunter2", "ACCOUNTS: is not JSON from line 1 on"),
        (
            "a: {b: *hunter2}",
            "ACCOUNTS: is neither JSON nor YAML from line 1 on",
        ),
    ] {
        let told = accounts(&[text]).unwrap_err().to_string();
        let (first, _) = told.split_once("; ").unwrap_or((&told, ""));
        assert_eq!(first, what);
    }
}

/// Who may read, where `ACCOUNTS` says something of it.
#[test]
fn accounts_decide_who_may_read() {
    let metrics = (
        "ACCOUNTS",
        "prometheus: { token: the-token-of-prometheus, metrics: true }",
    );
    let reader = (
        "ACCOUNTS",
        "team: { token: the-token-of-the-team, read: team/** }",
    );
    let public = ("ACCOUNTS", "anonymous: { read: public/** }");
    let open = ("AUTH_ANONYMOUS_GET", "true");
    let closed = ("AUTH_ANONYMOUS_GET", "false");
    let none = "AUTH_ANONYMOUS_GET: missing: with accounts of which none may read, set BASIC_AUTH_USER and BASIC_AUTH_PASS for who may read, or this to true and anyone may read";
    wrong(&[metrics], none);
    assert!(good(&[metrics, open]).accounts.anonymous.read_all());
    for private in [
        vec![],
        vec![
            ("REGISTRY_USERNAME", "robot"),
            ("REGISTRY_PASSWORD", "hunter2"),
        ],
    ] {
        for given in [vec![reader], vec![reader, closed], vec![public]] {
            let config = good(&[private.clone(), given].concat());
            assert!(!config.accounts.anonymous.read_all());
            let told = config.accounts.anonymous.spaces(Right::Read).to_string();
            assert!(["", "public/**"].contains(&told.as_str()), "{told}");
        }
        assert!(
            good(&[private, vec![reader, open]].concat())
                .accounts
                .anonymous
                .read_all()
        );
    }
    for anonymous in [open, closed] {
        wrong(
            &[public, anonymous],
            "AUTH_ANONYMOUS_GET: set beside the account anonymous: remove one of the two",
        );
    }
}

/// Who knows one of two equal secrets has the rights of both, which nobody said.
#[test]
fn equal_and_short_secrets_are_told() {
    let reader = ("BASIC_AUTH_USER", "reader");
    let same = "a-secret-that-is-used-twice";
    wrong(
        &[
            reader,
            ("BASIC_AUTH_PASS", same),
            ("ADMIN_TOKEN", same),
            ("WEBHOOK_SECRET", same),
        ],
        "ADMIN_TOKEN: the same as BASIC_AUTH_PASS; WEBHOOK_SECRET: the same as BASIC_AUTH_PASS",
    );
    wrong(
        &[
            (
                "ACCOUNTS",
                "ci: { token: a-secret-that-is-used-twice, read: true }",
            ),
            ("WEBHOOK_SECRET", same),
        ],
        "WEBHOOK_SECRET: the same as a secret of ci",
    );
    let config = good(&[
        reader,
        ("BASIC_AUTH_PASS", "short"),
        ("ADMIN_TOKEN", "shorter"),
        ("WEBHOOK_SECRET", same),
    ]);
    let warned: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warned,
        [
            "BASIC_AUTH_PASS: short enough to be guessed",
            "ADMIN_TOKEN: short enough to be guessed"
        ]
    );
}

/// Blanks belong to a password, as they stand.
#[test]
fn the_short_form_is_an_account_with_a_password() {
    let config = good(&[("BASIC_AUTH_USER", "reader"), ("BASIC_AUTH_PASS", " p:w ")]);
    let reader = Proof::Password {
        user: SecretHash::of(b"reader"),
        password: SecretHash::of(b" p:w "),
    };
    assert_eq!(config.accounts.named[0].proofs, [reader]);
}

/// Who hashes a secret means it to be safe to show: a hash that is not seen as one would be the secret itself.
#[test]
fn what_looks_like_a_hash_is_no_secret() {
    for begun in ["SHA256:", " sha256:", "Sha256:"] {
        let hash = "9e37".repeat(16);
        let text = format!("prometheus: {{ token: '{begun}{hash}', metrics: true }}");
        let told = accounts(&[&text]).unwrap_err().to_string();
        assert!(
            told.contains("begins with sha256: in other letters"),
            "{told}"
        );
        assert!(!told.contains("9e37"), "{told}");
    }
    let named = accounts(&["ADMIN_TOKEN: { token: the-token-of-somebody, read: true }"]);
    let told = named.unwrap_err().to_string();
    assert!(told.contains("what the audit calls"), "{told}");
}

/// Left over from an open set-up, it would void what accounts say without a word.
#[test]
fn open_reading_beside_accounts_is_warned_of() {
    let config = good(&[
        ("AUTH_ANONYMOUS_GET", "true"),
        (
            "ACCOUNTS",
            "team: { token: the-token-of-the-team, read: team/** }",
        ),
    ]);
    let warned: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warned,
        ["AUTH_ANONYMOUS_GET: true: anyone may read everything, whatever the accounts may read"]
    );
}
