//! `SOURCES`.

use super::*;

const SERVICE_ACCOUNT: &str = include_str!("../../../tests/fixtures/service-account.json");

/// Two registries: one open at the root, one with a password below `team-a`.
const TWO: &str = r#"[
    {"registry": "ghcr.io/acme/charts"},
    {"registry": "oci://harbor.example/charts", "mount": "team-a", "repositories": ["nginx", "web/*"], "tags": "!0.0.0-*",
     "discovery": "harbor", "username_secret": "HARBOR_USER", "password_secret": "HARBOR_PASSWORD"}
]"#;

const SECRETS: &Given<'static> = &[
    ("HARBOR_USER", "robot"),
    ("HARBOR_PASSWORD", "hunter2\n"),
    ("BASIC_AUTH_USER", "reader"),
    ("BASIC_AUTH_PASS", "pw"),
];

fn several(sources: &str, further: &Given<'_>) -> Result<Config, Problems> {
    read(&[&[("SOURCES", sources)], SECRETS, further].concat())
}

/// The terms of a source: what it lacks it says by its own keys.
fn as_a_source(terms: crate::oci::Terms) -> crate::oci::Terms {
    crate::oci::Terms {
        spelling: crate::oci::terms::Spelling::Key,
        ..terms
    }
}

/// What is wrong with these sources, a line each.
fn problems(sources: &str, further: &Given<'_>) -> Vec<String> {
    let problems = several(sources, further).unwrap_err();
    assert_eq!(problems.public(), "SOURCES");
    assert!(!problems.to_string().contains("hunter2"), "{problems}");
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn two_registries() {
    let config = several(TWO, &[]).unwrap();
    let [open, harbor] = config.sources.as_slice() else {
        panic!("{:?}", config.sources)
    };
    let short = Source {
        remedy: open.remedy.clone(),
        terms: open.terms.clone(),
        ..beside(&[]).unwrap().sources[0].clone()
    };
    assert_eq!(
        open.terms,
        as_a_source(beside(&[]).unwrap().sources[0].terms.clone())
    );
    assert_eq!(*open, short, "as the short form has it");
    assert_eq!(
        *harbor,
        Source {
            id: "harbor.example/charts@team-a".to_owned(),
            registry: "harbor.example".parse().unwrap(),
            prefix: "charts".to_owned(),
            mount: "team-a".parse().unwrap(),
            repositories: Repositories::parse("nginx web/*").unwrap(),
            tags: TagPatterns::parse("!0.0.0-*").unwrap(),
            discovery: Discovery::Harbor,
            remedy: "name them in repositories, or use a robot account of the project that may list repositories (source 2 of SOURCES)".to_owned(),
            terms: as_a_source(crate::oci::Terms::default()),
            classic: None,
            credentials: Credentials::Basic {
                username: "robot".into(),
                password: "hunter2".into(),
            },
        }
    );
}

/// Under `[vars]` they are tables, which reach the Worker as a JSON value.
#[test]
fn as_a_json_value_they_are_the_same() {
    let value: serde_json::Value = serde_json::from_str(TWO).unwrap();
    let text = var::text(&value).unwrap();
    assert_eq!(
        several(&text, &[]).unwrap().sources,
        several(TWO, &[]).unwrap().sources
    );
}

#[test]
fn every_credential_can_be_a_sources_own() {
    for (keys, secrets) in [
        (
            r#""docker_auth_config_secret": "DOCKER""#,
            [("DOCKER", DOCKER), ("", "")],
        ),
        (
            r#""username_secret": "A", "password_secret": "B""#,
            [("A", "robot"), ("B", "hunter2")],
        ),
    ] {
        let sources = format!(r#"[{{"registry": "ghcr.io/acme", {keys}}}]"#);
        let config = several(&sources, &secrets).unwrap();
        let Credentials::Basic { username, password } = &config.sources[0].credentials else {
            panic!("{keys}")
        };
        assert_eq!((username.expose(), password.expose()), ("robot", "hunter2"));
    }
    let sources = r#"[{"registry": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/charts",
        "aws_access_key_id_secret": "ID", "aws_secret_access_key_secret": "KEY", "aws_session_token_secret": "SESSION"}]"#;
    let secrets = [("ID", "AKIA"), ("KEY", "hunter2"), ("SESSION", "s")];
    let config = several(sources, &secrets).unwrap();
    assert!(matches!(config.sources[0].credentials, Credentials::Aws(_)));
}

#[test]
fn what_is_wrong_is_told_by_name_and_all_at_once() {
    let wrong = problems(
        r#"[
            {"registry": "https://user:hunter2@ghcr.io/acme", "mount": "Team/", "tags": "1.0/2", "discovery": "ask"},
            {"repositories": ["Nginx"], "password": "hunter2", "username_secret": "HARBOR_USER"},
            {"registry": 7, "repositories": {"a": 1}, "mount": "v2/charts"},
            {"registry": "harbor.example", "username_secret": "HARBOR_USER", "password_secret": "NOBODY_SET_IT"},
            {"registry": "harbor.example", "mount": "a", "username_secret": "HARBOR_USER", "password_secret": "hunter2"}
        ]"#,
        &[],
    );
    insta::assert_snapshot!(wrong.join("\n"));
}

#[test]
fn nothing_but_an_array_of_tables() {
    for text in [
        "ghcr.io/acme",
        "{}",
        "[",
        r#"["ghcr.io/acme"]"#,
        "[ghcr.io/acme,quay.io/acme]",
        r#"{"registry": "ghcr.io/hunter2"}"#,
        "7",
    ] {
        assert_eq!(
            problems(text, &[]),
            ["SOURCES: not an array of tables, as TOML or as JSON"],
            "{text}"
        );
    }
    assert_eq!(problems("[]", &[]), ["SOURCES: the list is empty"]);
}

#[test]
fn beside_the_settings_of_a_single_registry_it_is_an_error() {
    let wrong = problems(TWO, &[("REGISTRY", "quay.io/acme"), ("TAGS", "1.*")]);
    assert_eq!(
        wrong,
        ["SOURCES: set as well as REGISTRY, TAGS: move them into it, or remove it"]
    );
}

/// A secret may have any name, that of the short form too: whoever moves to `SOURCES` need not store it anew.
#[test]
fn secrets_that_a_source_names_are_not_beside_it() {
    for (registry, keys, given) in [
        (
            "europe-docker.pkg.dev/p/charts",
            r#""google_credentials_secret": "GOOGLE_CREDENTIALS""#,
            &[("GOOGLE_CREDENTIALS", SERVICE_ACCOUNT)] as &Given<'_>,
        ),
        (
            "acme.azurecr.io",
            r#""azure_tenant_id": "t", "azure_client_id": "c", "azure_client_secret_secret": "AZURE_CLIENT_SECRET""#,
            &[("AZURE_CLIENT_SECRET", "hunter2")],
        ),
        (
            "ghcr.io/acme",
            r#""username_secret": "REGISTRY_USERNAME", "password_secret": "REGISTRY_PASSWORD""#,
            &[
                ("REGISTRY_USERNAME", "robot"),
                ("REGISTRY_PASSWORD", "hunter2"),
            ],
        ),
    ] {
        let own = format!(r#"[{{"registry": "{registry}", {keys}}}]"#);
        several(&own, given).unwrap();
        // Where no source names it, it is left over from before.
        let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        let open = format!(r#"[{{"registry": "{registry}"}}]"#);
        assert_eq!(
            problems(&open, given),
            [format!(
                "SOURCES: set as well as {}: move them into it, or remove it",
                names.join(", ")
            )]
        );
    }
    // What is no secret stands in the source itself.
    let azure = r#"[{"registry": "acme.azurecr.io", "azure_tenant_id": "t", "azure_client_id": "c", "azure_client_secret_secret": "AZURE_CLIENT_SECRET"}]"#;
    let given: &Given<'_> = &[("AZURE_CLIENT_SECRET", "hunter2"), ("AZURE_TENANT_ID", "t")];
    assert_eq!(
        problems(azure, given),
        ["SOURCES: set as well as AZURE_TENANT_ID: move them into it, or remove it"]
    );
}

/// What helps where repositories are not listed is told in the keys of the source whose repositories they are.
#[test]
fn remedies_name_the_keys_of_a_source() {
    for (registry, remedy) in [
        (
            "ghcr.io/acme",
            "name them in repositories, or set the secret that password_secret names to a classic token with read:packages (source 1 of SOURCES)",
        ),
        (
            "registry.example",
            "name them in repositories, set the secret that username_secret names and the secret that password_secret names, or set discovery if this is Harbor, GitLab or Quay (source 1 of SOURCES)",
        ),
        (
            "europe-docker.pkg.dev/p/charts",
            "name them in repositories, or set the secret that google_credentials_secret names to the key of a service account with the role Artifact Registry Reader (source 1 of SOURCES)",
        ),
    ] {
        let sources = format!(r#"[{{"registry": "{registry}"}}]"#);
        assert_eq!(several(&sources, &[]).unwrap().sources[0].remedy, remedy);
    }
}

#[test]
fn the_same_registry_twice_needs_two_mounts() {
    let wrong = problems(
        r#"[{"registry": "quay.io/acme", "repositories": "a"}, {"registry": "ghcr.io/acme"},
            {"registry": "oci://QUAY.io/acme/", "repositories": "b"}]"#,
        &[],
    );
    assert_eq!(
        wrong,
        ["SOURCES: sources 1 and 3 have the same registry and mount"]
    );
    several(
        r#"[{"registry": "quay.io/acme", "mount": "a"}, {"registry": "quay.io/acme", "mount": "b"}, {"registry": "quay.io/acme"}]"#,
        &[],
    )
    .unwrap();
}

/// As with a single registry: a secret for one of several, and nobody is named who may read.
#[test]
fn a_private_source_never_becomes_public_by_omission() {
    let sources = r#"[{"registry": "ghcr.io/acme"}, {"registry": "quay.io/acme", "username_secret": "A", "password_secret": "B"}]"#;
    for secrets in [[("A", "robot"), ("B", "hunter2")], [("A", ""), ("B", "")]] {
        let given = [[("SOURCES", sources)].as_slice(), &secrets].concat();
        let problems = read(&given).unwrap_err().public();
        assert!(problems.contains("AUTH_ANONYMOUS_GET"), "{problems}");
    }
}

#[test]
fn where_things_appear_decides_where_documents_are() {
    let print = |sources: &str| several(sources, &[]).unwrap().fingerprint().to_owned();
    let one = print(r#"[{"registry": "ghcr.io/acme/charts"}]"#);
    assert_eq!(one, beside(&[]).unwrap().fingerprint());
    let prints = [
        one,
        print(r#"[{"registry": "ghcr.io/acme/charts", "mount": "a"}]"#),
        print(r#"[{"registry": "ghcr.io/acme/charts"}, {"registry": "quay.io/acme"}]"#),
        print(r#"[{"registry": "quay.io/acme"}, {"registry": "ghcr.io/acme/charts"}]"#),
        print(
            r#"[{"registry": "quay.io/acme"}, {"registry": "ghcr.io/acme/charts", "tags": "1.*"}]"#,
        ),
        print(
            r#"[{"registry": "quay.io/acme", "tags": "1.*"}, {"registry": "ghcr.io/acme/charts"}]"#,
        ),
    ];
    let different: std::collections::BTreeSet<_> = prints.iter().collect();
    assert_eq!(different.len(), prints.len(), "{prints:?}");
}
