mod accounts;
mod classic;
mod credentials;
mod fingerprint;
mod issuers;
mod pages;
mod snippets;
mod sources;

use std::collections::BTreeMap;

use super::*;
use crate::access::{Grants, Right};
use crate::index::Space;
use crate::oci::Credentials;
use crate::source::{Discovery, Repositories, TagPatterns};

type Given<'g> = [(&'g str, &'g str)];

fn read(given: &Given<'_>) -> Result<Config, Problems> {
    let given: BTreeMap<&str, &str> = given.iter().copied().collect();
    Config::from_lookup(|name| given.get(name).map(|value| (*value).to_owned()))
}

/// Reads these settings beside a registry that is well.
fn beside(given: &Given<'_>) -> Result<Config, Problems> {
    let registry = [("REGISTRY", "ghcr.io/acme/charts")];
    read(&[&registry, given].concat())
}

#[track_caller]
fn good(given: &Given<'_>) -> Config {
    beside(given).unwrap()
}

#[track_caller]
fn wrong(given: &Given<'_>, message: &str) {
    assert_eq!(
        beside(given).map_err(|problems| problems.to_string()),
        Err(message.to_owned())
    );
}

const DOCKER: &str = r#"{"auths":{"ghcr.io":{"username":"robot","password":"hunter2"}}}"#;

#[test]
fn defaults() {
    let config = good(&[]);
    assert_eq!(
        config,
        Config {
            sources: vec![Source {
                id: "ghcr.io/acme/charts".to_owned(),
                registry: "ghcr.io".parse().unwrap(),
                prefix: "acme/charts".to_owned(),
                mount: Space::root(),
                repositories: Repositories::All,
                tags: TagPatterns::default(),
                discovery: Discovery::GitHub,
                remedy: Discovery::GitHub.remedy(false).to_owned(),
                credentials: Credentials::Anonymous,
                terms: crate::oci::Terms::default(),
                classic: None,
            }],
            accounts: Accounts {
                named: Vec::new(),
                anonymous: Grants::everywhere([Right::Read]),
                issuers: Vec::new(),
                read_only: false,
            },
            warnings: Vec::new(),
            webhook_secret: None,
            versions_per_chart: None,
            download: Download::Auto,
            index_format: IndexFormat::Json,
            index_scope: IndexScope::Subtree,
            chart_url: None,
            precedence: Precedence::default(),
            stream_verify: true,
            collisions: Collisions::First,
            sync_interval: Duration::from_mins(5),
            revalidate_within: Duration::from_hours(24),
            upload_limit: 20 << 20,
            overwriting: Overwriting::Forced,
            subrequest_budget: 45,
            kv_budget: 800,
            catalog_location: None,
            artifacthub_repository_id: None,
            index_limit: 25 << 20,
            fingerprint: String::new(),
        }
        .fingerprinted()
    );
}

const EVERYTHING: &Given<'static> = &[
    ("REGISTRY", "http://registry.example:5000/charts/"),
    ("ALLOW_INSECURE_REGISTRY", "true"),
    ("REPOSITORIES", r#"["nginx", "team-a/*"]"#),
    ("DISCOVERY", "harbor"),
    ("TAGS", "!0.0.0-*"),
    ("VERSIONS_PER_CHART", "20"),
    ("REGISTRY_USERNAME", "robot"),
    ("REGISTRY_PASSWORD", "hunter2\n"),
    ("TOKEN_REALMS", "auth.example, auth.example:8443"),
    ("DOWNLOAD_HOSTS", "*.blobs.example"),
    ("REGISTRY_HEADERS", r#"{"X-Tunnel": "hunter3"}"#),
    ("BASIC_AUTH_USER", "reader"),
    ("BASIC_AUTH_PASS", " p:w "),
    ("ADMIN_TOKEN", "t0ken"),
    ("WEBHOOK_SECRET", "c4llb4ck"),
    ("DOWNLOAD", "stream"),
    ("STREAM_VERIFY", "false"),
    ("INDEX_FORMAT", "yaml"),
    ("INDEX_SCOPE", "folder"),
    ("CHART_URL", "https://charts.acme.example/"),
    ("PRECEDENCE", "team-b/** team-a/nginx"),
    ("COLLISIONS", "hide"),
    ("SYNC_INTERVAL", " 30s "),
    ("REVALIDATE_WITHIN", "720h"),
    ("READ_ONLY", "true"),
    ("UPLOAD_LIMIT", "60MiB"),
    ("ALLOW_OVERWRITE", "true"),
    ("DISABLE_FORCE_OVERWRITE", "true"),
    ("SUBREQUEST_BUDGET", "1000"),
    ("KV_BUDGET", "5"),
    ("CATALOG_LOCATION", "weur"),
    (
        "ARTIFACTHUB_REPOSITORY_ID",
        "0F4D7C1A-2b3c-4d5e-8f90-0123456789ab",
    ),
];

#[test]
fn what_may_be_written() {
    for (text, limit) in [
        ("1", 1),
        ("20971520", 20 << 20),
        ("1 MiB", 1 << 20),
        ("60MiB", 60 << 20),
    ] {
        assert_eq!(good(&[("UPLOAD_LIMIT", text)]).upload_limit, limit);
    }
    for text in [
        "0", "61MiB", "62914561", "-1", "1.5MiB", "20MB", "+1", "MiB",
    ] {
        let message = format!("UPLOAD_LIMIT: {text:?} is not a size of at most 60MiB");
        wrong(&[("UPLOAD_LIMIT", text)], &message);
    }
    for (allow, disable, expected) in [
        ("false", "false", Overwriting::Forced),
        ("true", "false", Overwriting::Always),
        ("true", "true", Overwriting::Always),
        ("false", "true", Overwriting::Never),
    ] {
        let given = [
            ("ALLOW_OVERWRITE", allow),
            ("DISABLE_FORCE_OVERWRITE", disable),
        ];
        assert_eq!(good(&given).overwriting, expected);
    }
}

#[test]
fn everything_set() {
    let config = read(EVERYTHING).unwrap();
    insta::assert_debug_snapshot!(config);
    let source = &config.sources[0];
    let Credentials::Basic { username, password } = &source.credentials else {
        panic!("{:?}", source.credentials)
    };
    assert_eq!((username.expose(), password.expose()), ("robot", "hunter2"));
    assert_eq!(
        config.source("http://registry.example:5000/charts"),
        Some(source)
    );
    assert_eq!(config.source("ghcr.io"), None);
}

#[test]
fn empty_is_unset() {
    let names: Vec<&str> = EVERYTHING
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != "REGISTRY")
        .collect();
    for empty in ["", "\n"] {
        let given: Vec<_> = names
            .iter()
            .map(|name| (*name, empty))
            .chain([("DOCKER_AUTH_CONFIG", empty)])
            .collect();
        assert_eq!(beside(&given), beside(&[]));
    }
    let problems = read(&[("REGISTRY", "  ")]).unwrap_err();
    assert_eq!(problems.to_string(), "REGISTRY: missing");
}

#[test]
fn all_that_is_wrong_at_once() {
    let problems = read(&[("SYNC_INTERVAL", "5 parsecs")]).unwrap_err();
    assert_eq!(
        problems.to_string(),
        r#"REGISTRY: missing; SYNC_INTERVAL: "5 parsecs" is not a duration"#
    );
    assert_eq!(problems.public(), "REGISTRY, SYNC_INTERVAL");
    let problems = read(&[
        ("REGISTRY", "https://user:hunter2@ghcr.io/acme"),
        ("ALLOW_INSECURE_REGISTRY", "yes"),
        ("REPOSITORIES", "Nginx team/"),
        ("DISCOVERY", "ask"),
        ("TAGS", "1.0/2"),
        ("VERSIONS_PER_CHART", "0"),
        ("REGISTRY_PASSWORD", "hunter2"),
        ("DOCKER_AUTH_CONFIG", "hunter2"),
        ("BASIC_AUTH_PASS", "hunter2"),
        ("AUTH_ANONYMOUS_GET", "maybe"),
        ("DOWNLOAD", "proxy"),
        ("STREAM_VERIFY", "off"),
        ("INDEX_FORMAT", "xml"),
        ("INDEX_SCOPE", "all"),
        ("PRECEDENCE", "Team/"),
        ("COLLISIONS", "last"),
        ("SYNC_INTERVAL", "1s"),
        ("REVALIDATE_WITHIN", "1000h"),
        ("SUBREQUEST_BUDGET", "9"),
        ("KV_BUDGET", "-5"),
        ("CATALOG_LOCATION", "mars"),
        ("ARTIFACTHUB_REPOSITORY_ID", "acme"),
    ])
    .unwrap_err();
    let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(problems.to_string(), lines.join("; "));
    assert!(!problems.to_string().contains("hunter2"));
    assert!(!format!("{problems:?}").contains("hunter2"));
    insta::assert_snapshot!(problems.public());
}

#[test]
fn discovery() {
    for (given, expected) in [
        ([].as_slice(), Discovery::GitHub),
        (&[("DISCOVERY", "catalog")], Discovery::Catalog),
        (&[("DISCOVERY", " harbor ")], Discovery::Harbor),
        (&[("REGISTRY", "quay.io")], Discovery::Quay),
        (
            &[("REPOSITORIES", "nginx"), ("DISCOVERY", "list")],
            Discovery::List,
        ),
    ] {
        assert_eq!(good(given).sources[0].discovery, expected, "{given:?}");
    }
    assert!(!good(&[("REPOSITORIES", "nginx"), ("DISCOVERY", "list")]).sources[0].enumerates());
    wrong(
        &[("DISCOVERY", "Harbour")],
        r#"DISCOVERY: "Harbour" is not one of catalog, acr, dockerhub, ecr, ecr-public, github, gitlab, google, harbor, quay, list"#,
    );
    wrong(
        &[("DISCOVERY", "list")],
        "DISCOVERY: list, while REPOSITORIES is missing or has wildcards",
    );
    wrong(
        &[("DISCOVERY", "dockerhub")],
        "DISCOVERY: dockerhub lists docker.io only, and REGISTRY is elsewhere",
    );
    wrong(
        &[("REGISTRY", "ghcr.io")],
        "REGISTRY: names no owner whose repositories could be listed: write it behind the host, or name all repositories in REPOSITORIES",
    );
    // Which repositories were meant is not known: one fault is told, not two.
    let problems = beside(&[("REGISTRY", "ghcr.io"), ("REPOSITORIES", "Nginx/")]).unwrap_err();
    assert_eq!(problems.public(), "REPOSITORIES");
}

#[test]
fn no_secret_is_ever_shown() {
    let config = read(EVERYTHING).unwrap();
    for secret in ["hunter2", "p:w", "t0ken", "c4llb4ck"] {
        assert!(!format!("{config:?}").contains(secret), "{secret}");
    }
}

#[test]
fn bounds() {
    for (name, value, message) in [
        ("SYNC_INTERVAL", "9s", r#""9s" is shorter than 10s"#),
        ("SYNC_INTERVAL", "1441m", r#""1441m" is longer than 24h"#),
        ("SYNC_INTERVAL", "300", r#""300" is not a duration"#),
        ("REVALIDATE_WITHIN", "59s", r#""59s" is shorter than 1m"#),
        ("REVALIDATE_WITHIN", "721h", r#""721h" is longer than 720h"#),
        (
            "SUBREQUEST_BUDGET",
            "9",
            r#""9" is not a number of at least 10"#,
        ),
        (
            "SUBREQUEST_BUDGET",
            "+45",
            r#""+45" is not a number of at least 10"#,
        ),
        (
            "SUBREQUEST_BUDGET",
            "5e9",
            r#""5e9" is not a number of at least 10"#,
        ),
        (
            "SUBREQUEST_BUDGET",
            "4294967296",
            r#""4294967296" is not a number of at least 10"#,
        ),
        ("KV_BUDGET", "4", r#""4" is not a number of at least 5"#),
        (
            "VERSIONS_PER_CHART",
            "0",
            r#""0" is not a number of at least 1"#,
        ),
        (
            "VERSIONS_PER_CHART",
            "all",
            r#""all" is not a number of at least 1"#,
        ),
        (
            "DOWNLOAD",
            "Auto",
            r#""Auto" is not one of auto, redirect, stream"#,
        ),
    ] {
        wrong(&[(name, value)], &format!("{name}: {message}"));
    }
    for (name, value) in [
        ("SYNC_INTERVAL", "10s"),
        ("SYNC_INTERVAL", "24h"),
        ("REVALIDATE_WITHIN", "1m"),
        ("REVALIDATE_WITHIN", "720h"),
        ("SUBREQUEST_BUDGET", "10"),
        ("KV_BUDGET", "5"),
        ("VERSIONS_PER_CHART", "1"),
        ("ALLOW_INSECURE_REGISTRY", "false"),
    ] {
        good(&[(name, value)]);
    }
}
