//! What tokens give.

use std::fmt::Write as _;

use super::*;

/// The rights that a token has, by space.
fn table(config: &Config, signer: &Signer, claims: &Value) -> String {
    let token = signer.token(claims);
    let principal = proven(config, &AUTHORIZATION, &format!("Bearer {token}"));
    let mut table = principal.account().unwrap_or("a stranger").to_owned();
    for space in ["", "team-a", "team-a/sub", "team-b"] {
        let at = space.parse().unwrap();
        let rights = Right::NAMES
            .iter()
            .filter(|(_, right)| principal.may(*right, &at));
        let rights: Vec<&str> = rights.map(|(name, _)| *name).collect();
        let _ = write!(table, ", /{space}: {}", rights.join("+"));
    }
    table
}

fn issuer(signer: &Signer, more: &Value) -> Value {
    let mut issuer =
        json!({ "issuer": ISSUER, "audience": AUDIENCE, "key": signer.jwk().to_string() });
    issuer
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "ours": issuer })
}

/// <https://github.com/chartmuseum/auth>, `AccessEntry`.
#[test]
fn chartmuseum_s_access_entries() {
    let signer = Signer::ed25519("a");
    let by_access = settings(&issuer(&signer, &json!({ "access": true })), &[]);
    let entry = |name: &str, actions: &[&str]| json!({ "type": "artifact-repository", "name": name, "actions": actions });
    let told = [
        json!([entry("team-a", &["pull"])]),
        json!([
            entry("team-a", &["pull", "push"]),
            entry("team-b", &["pull"])
        ]),
        json!([entry("repo", &["pull", "push"])]),
        json!([entry("", &["push"])]),
        // What is no name here names nothing: neither a pattern nor a path.
        json!([
            entry("*", &["pull"]),
            entry("**", &["pull"]),
            entry("team-*", &["pull"]),
            entry("../team-a", &["pull"]),
            entry("Team-A", &["pull"]),
            entry("/", &["pull"])
        ]),
        json!([{ "type": "repository", "name": "team-a", "actions": ["pull"] }]),
        json!([{ "type": "artifact-repository", "name": "team-a", "actions": "pull" }]),
        json!([{ "type": "artifact-repository", "name": ["team-a"], "actions": ["pull"] }]),
        json!([entry("team-a", &["admin", "sysinfo", "*", "PULL"])]),
        json!(entry("team-a", &["pull"])),
        json!("team-a"),
    ]
    .map(|access| table(&by_access, &signer, &with(&json!({ "access": access }))));
    insta::assert_snapshot!(told.join("\n"), @r#"
        ours:robot, /: read, /team-a: read, /team-a/sub: , /team-b: 
        ours:robot, /: read, /team-a: read+push+delete, /team-a/sub: , /team-b: read
        ours:robot, /: read+push+delete, /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b:
    "#);
    // The claim's place.
    let entries = json!([entry("team-a", &["pull"])]);
    let elsewhere = with(
        &json!({ "https://acme.example/charts": { "access": entries }, "grants": entries, "access": null }),
    );
    for (name, more) in [
        ("grants", json!({ "access": true })),
        ("whatever", json!({ "access": "grants" })),
    ] {
        let config = settings(&issuer(&signer, &more), &[("JWT_ACCESS_CLAIM", name)]);
        assert!(
            table(&config, &signer, &elsewhere).contains("/team-a: read"),
            "{name}"
        );
        assert!(table(&by_access, &signer, &elsewhere).starts_with("a stranger"));
    }
    let nested = with(&json!({ "acme": { "access": entries } }));
    let config = settings(
        &issuer(&signer, &json!({ "access": true })),
        &[("JWT_ACCESS_CLAIM", "acme.access")],
    );
    assert!(table(&config, &signer, &nested).contains("/team-a: read"));
    // Who did not ask for it is given nothing by it.
    let by_scope = settings(&issuer(&signer, &json!({ "scope": true })), &[]);
    let both = with(&json!({ "access": entries, "scope": null }));
    assert!(table(&by_scope, &signer, &both).starts_with("a stranger"));
}

#[test]
fn scopes() {
    let signer = Signer::ed25519("a");
    let config = settings(&issuer(&signer, &json!({ "scope": true })), &[]);
    let told = [
        "read",
        "openid read:team-a/** push:team-a profile",
        "metrics",
        "metrics:team-a admin:/",
        "artifact-repository:team-a:pull,push artifact-repository:repo:pull",
        "artifact-repository:team-*:pull",
        "readonly READ read: read:A :read",
        "",
    ]
    .map(|scope| {
        format!(
            "{scope:?} {}",
            table(&config, &signer, &with(&json!({ "scope": scope })))
        )
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
        "read" ours:robot, /: read, /team-a: read, /team-a/sub: read, /team-b: read
        "openid read:team-a/** push:team-a profile" ours:robot, /: read, /team-a: read+push, /team-a/sub: read, /team-b: 
        "metrics" ours:robot, /: metrics, /team-a: metrics, /team-a/sub: metrics, /team-b: metrics
        "metrics:team-a admin:/" a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        "artifact-repository:team-a:pull,push artifact-repository:repo:pull" ours:robot, /: read, /team-a: read+push+delete, /team-a/sub: , /team-b: 
        "artifact-repository:team-*:pull" a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        "readonly READ read: read:A :read" a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        "" a stranger, /: , /team-a: , /team-a/sub: , /team-b:
    "#);
    for scope in [
        json!(null),
        json!(["read"]),
        json!(7),
        json!({ "read": true }),
    ] {
        let told = table(&config, &signer, &with(&json!({ "scope": scope })));
        assert!(told.starts_with("a stranger"), "{scope}: {told}");
    }
}

/// The claims of <https://docs.github.com/en/actions/reference/security/oidc>, "OIDC token claims", shortened.
fn github(repository: &str, branch: &str) -> Value {
    json!({
        "iss": "https://token.actions.githubusercontent.com",
        "aud": AUDIENCE,
        "sub": format!("repo:{repository}:ref:{branch}"),
        "ref": branch,
        "repository": repository,
        "repository_owner": repository.split('/').next().unwrap(),
        "run_attempt": "2",
        "exp": NOW + 300,
        "nbf": NOW - 300,
    })
}

#[test]
fn pipelines_push_by_rules_on_their_claims() {
    let signer = Signer::rsa("a");
    let issuers = json!({
        "github": {
            "issuer": "https://token.actions.githubusercontent.com",
            "audience": AUDIENCE,
            "key": signer.jwk().to_string(),
            "rules": [
                { "when": { "repository": "acme/team-a", "ref": ["refs/heads/main", "refs/tags/v*"] }, "push": "team-a/**" },
                { "when": { "repository_owner": "acme" }, "read": "team-a" },
                { "when": { "repository": "acme/*", "environment": "production" }, "refresh": true },
            ],
        },
        // <https://docs.gitlab.com/ci/secrets/id_token_authentication/>, "Token payload".
        "gitlab": {
            "issuer": "https://gitlab.com",
            "audience": AUDIENCE,
            "key": signer.jwk().to_string(),
            "rules": [{ "when": { "project_path": "acme/charts/*", "ref_protected": "true", "pipeline_source": "push" }, "push": "team-b" }],
        },
        "access": {
            "issuer": "https://acme.cloudflareaccess.com",
            "audience": "0c1d2e3f",
            "key": signer.jwk().to_string(),
            "rules": [{ "when": { "email": "*@acme.example", "custom.groups": "platform" }, "read": true }],
        },
    });
    let config = settings(&issuers, &[]);
    let mut production = github("acme/web", "refs/heads/x");
    production["environment"] = "production".into();
    let gitlab = |path: &str, protected: &str| json!({ "iss": "https://gitlab.com", "aud": [AUDIENCE], "sub": format!("project_path:{path}:ref_type:branch:ref:main"), "project_path": path, "ref_protected": protected, "pipeline_source": "push", "exp": NOW + 60 });
    let access = |email: &str, groups: Value| json!({ "iss": "https://acme.cloudflareaccess.com", "aud": ["0c1d2e3f"], "sub": "7335d417", "email": email, "custom": { "groups": groups }, "exp": NOW + 60 });
    let told = [
        github("acme/team-a", "refs/heads/main"),
        github("acme/team-a", "refs/tags/v1.0.0"),
        github("acme/team-a", "refs/heads/feature"),
        github("acme/team-a", "refs/pull/7/merge"),
        github("evil/team-a", "refs/heads/main"),
        github("acme-evil/team-a", "refs/heads/main"),
        github("acme/team-a-evil", "refs/heads/main"),
        production,
        gitlab("acme/charts/web", "true"),
        gitlab("acme/charts/web", "false"),
        gitlab("evil/acme/charts/web", "true"),
        access("ann@acme.example", json!(["ops", "platform"])),
        access("ann@acme.example", json!(["ops"])),
        access("ann@evil.example", json!(["platform"])),
        access("ann@acme.example.evil.example", json!(["platform"])),
        access("ann@acme.example", json!({ "platform": true })),
    ]
    .map(|claims| table(&config, &signer, &claims));
    insta::assert_snapshot!(told.join("\n"), @r#"
        github:repo:acme/team-a:ref:refs/heads/main, /: read, /team-a: read+push, /team-a/sub: push, /team-b: 
        github:repo:acme/team-a:ref:refs/tags/v1.0.0, /: read, /team-a: read+push, /team-a/sub: push, /team-b: 
        github:repo:acme/team-a:ref:refs/heads/feature, /: read, /team-a: read, /team-a/sub: , /team-b: 
        github:repo:acme/team-a:ref:refs/pull/7/merge, /: read, /team-a: read, /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        github:repo:acme/team-a-evil:ref:refs/heads/main, /: read, /team-a: read, /team-a/sub: , /team-b: 
        github:repo:acme/web:ref:refs/heads/x, /: read+refresh, /team-a: read+refresh, /team-a/sub: refresh, /team-b: refresh
        gitlab:project_path:acme/charts/web:ref_type:branch:ref:main, /: , /team-a: , /team-a/sub: , /team-b: push
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        access:7335d417, /: read, /team-a: read, /team-a/sub: read, /team-b: read
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b: 
        a stranger, /: , /team-a: , /team-a/sub: , /team-b:
    "#);
}
