//! The page on access: what it shows of `ACCOUNTS` and `JWT_ISSUERS` is what is read.

use std::collections::BTreeSet;

use super::*;

const PAGE: &str = include_str!("../../../docs/access.md");

/// The page's examples: lines that are set in by four blanks, without these.
fn examples() -> Vec<String> {
    let mut found = vec![String::new()];
    for line in PAGE.lines() {
        match (line.strip_prefix("    "), found.last_mut()) {
            (Some(line), Some(last)) => {
                last.push_str(line);
                last.push('\n');
            }
            _ => found.push(String::new()),
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

/// The example with a secret of its own for each that the page leaves out.
fn with_secrets(example: &str) -> String {
    let mut text = example.to_owned();
    for place in 0.. {
        let (old, new) = if text.contains("sha256:…") {
            ("sha256:…", format!("sha256:{place:064x}"))
        } else if text.contains('…') {
            ("…", format!("the-secret-of-place-{place}"))
        } else {
            break;
        };
        text = text.replacen(old, &new, 1);
    }
    text
}

/// What becomes of an example as this setting.
fn told(setting: &str, example: &str) -> Result<Config, Problems> {
    read(&[
        ("REGISTRY", "registry.example/charts"),
        ("BASIC_AUTH_USER", "reader-of-the-short-form"),
        ("BASIC_AUTH_PASS", "the-password-of-the-reader"),
        (setting, &with_secrets(example)),
    ])
}

#[test]
fn the_examples_of_the_page_on_access_are_read() {
    let (mut accounts, mut issuers) = (0, 0);
    for example in examples() {
        let is_issuer = example.contains("\n  issuer: ");
        let is_accounts = ["password", "token"].iter().any(|field| {
            example.contains(&format!("\n  {field}: "))
                || example.contains(&format!("{{ \"{field}\": "))
        });
        let setting = match (is_issuer, is_accounts) {
            (true, _) => "JWT_ISSUERS",
            (false, true) => "ACCOUNTS",
            (false, false) => continue,
        };
        let config = told(setting, &example);
        let config = config.unwrap_or_else(|wrong| panic!("{wrong} in\n{example}"));
        accounts += config.accounts.named.len() - 1;
        issuers += config.accounts.issuers.len();
    }
    assert_eq!((accounts, issuers), (11, 4));
}

/// The schema has what is read, and nothing else.
#[test]
fn the_schema_of_accounts_has_every_field() {
    let schema = examples();
    let schema = schema.iter().find(|text| text.contains("$schema")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let fields = schema["additionalProperties"]["properties"]
        .as_object()
        .unwrap();
    let wrong = told(
        "ACCOUNTS",
        "a: { nothing: x, token: the-token-of-somebody, read: true }",
    );
    let wrong = wrong.unwrap_err().to_string();
    let (_, known) = wrong.split_once("which is none of ").unwrap();
    let known: BTreeSet<&str> = known.split(", ").collect();
    let told: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(told, known);
}
