//! `JWT_ISSUERS`: what is read of it, and what is wrong with it.

use super::*;

const KEY: &str = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\\n-----END PUBLIC KEY-----";

const GOOD: &str = r#"{
  "acme": { "issuer": "https://issuer.acme.example", "audience": ["a", "b"], "jwks": "https://issuer.acme.example/jwks", "access": true, "scope": true },
  "github": {
    "issuer": "https://token.actions.githubusercontent.com", "audience": "https://charts.acme.example",
    "jwks": "https://token.actions.githubusercontent.com/.well-known/jwks",
    "rules": [
      { "when": { "repository": "acme/charts", "ref": ["refs/heads/main", "refs/tags/*"] }, "push": "team-a/**", "read": true },
      { "when": { "repository_owner": ["acme", "acme-labs"] }, "read": "team-a/**" }
    ]
  }
}"#;

fn issuers(text: &str) -> Result<Config, Problems> {
    read(&[
        ("REGISTRY", "registry.example/charts"),
        ("BASIC_AUTH_USER", "reader"),
        ("BASIC_AUTH_PASS", "the-password-of-the-reader"),
        ("JWT_ISSUERS", text),
    ])
}

#[test]
fn issuers_are_read() {
    let config = issuers(GOOD).unwrap();
    insta::assert_debug_snapshot!(config.accounts.issuers);
    // Who says whose tokens are believed does not mean that anyone may read.
    let alone = [
        ("REGISTRY", "registry.example/charts"),
        ("JWT_ISSUERS", GOOD),
    ];
    assert!(!read(&alone).unwrap().accounts.anonymous.read_all());
    for (_, right) in Right::NAMES {
        assert!(config.accounts.anyone_has(right));
    }
    let yaml = "acme: { issuer: 'https://issuer.acme.example', audience: [a, b], jwks: 'https://issuer.acme.example/jwks', access: true, scope: true }";
    assert_eq!(
        issuers(yaml).unwrap().accounts.issuers[0],
        config.accounts.issuers[0]
    );
    // The claim is named once for all.
    let elsewhere = read(&[
        ("REGISTRY", "registry.example/charts"),
        ("JWT_ISSUERS", GOOD),
        ("JWT_ACCESS_CLAIM", "acme.charts"),
    ]);
    let path = elsewhere.unwrap().accounts.issuers[0]
        .access
        .clone()
        .unwrap();
    assert_eq!(path, ["acme", "charts"]);
}

/// One issuer with these fields instead of the right ones; `null` takes one away.
#[track_caller]
fn wrong_with(more: &str, message: &str) {
    let mut issuer = serde_json::json!({ "issuer": "https://i.example", "audience": "a", "key": KEY, "scope": true });
    let more: serde_json::Value = serde_json::from_str(more).unwrap();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            issuer.as_object_mut().unwrap().remove(name);
        } else {
            issuer[name] = value.clone();
        }
    }
    let problems = issuers(&serde_json::json!({ "x": issuer }).to_string());
    let told = problems.map_or_else(|problems| problems.to_string(), |_| "nothing".to_owned());
    let expected = match message {
        "" => "nothing".to_owned(),
        message => format!("JWT_ISSUERS: x {message}"),
    };
    assert_eq!(told, expected, "{more}");
}

#[test]
fn what_is_wrong_is_told_by_name_and_shows_no_value() {
    let key = "has a key that is no public key of RSA (2048 bits or more), P-256 or Ed25519, as PEM or JWK";
    let rules = |rules: &str| format!(r#"{{"scope": null, "rules": {rules}}}"#);
    wrong_with("{}", "");
    wrong_with(r#"{"issuer": null}"#, "has no issuer");
    wrong_with(
        r#"{"audience": null}"#,
        "has no audience: tokens for others would be believed",
    );
    wrong_with(
        r#"{"audience": [""]}"#,
        "has an audience that is no text; JWT_ISSUERS: x has no audience: tokens for others would be believed",
    );
    wrong_with(r#"{"key": null}"#, "needs either key or jwks");
    wrong_with(
        r#"{"jwks": "https://i.example/jwks"}"#,
        "needs either key or jwks",
    );
    wrong_with(r#"{"key": "hunter2"}"#, key);
    wrong_with(r#"{"key": "{\"kty\":\"oct\",\"k\":\"hunter2\"}"}"#, key);
    wrong_with(
        r#"{"key": "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"d\":\"hunter2\"}"}"#,
        key,
    );
    wrong_with(
        r#"{"key": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"}"#,
        key,
    );
    for url in [
        "http://i.example/jwks",
        "i.example/jwks",
        "ftp://i.example",
        "https://u:hunter2@i.example/jwks",
        "https://i.example/#x",
        "",
    ] {
        wrong_with(
            &format!(r#"{{"key": null, "jwks": "{url}"}}"#),
            "has a jwks that is no https:// URL",
        );
    }
    wrong_with(r#"{"key": null, "jwks": "http://localhost:8000/jwks"}"#, "");
    wrong_with(
        r#"{"scope": false}"#,
        "gives nothing: it has neither rules nor access nor scope",
    );
    wrong_with(r#"{"rules": []}"#, "");
    wrong_with(
        r#"{"scope": "read"}"#,
        "has \"scope\", which is none of issuer, audience, key, jwks, access, scope, rules, or is not of its kind; JWT_ISSUERS: x gives nothing: it has neither rules nor access nor scope",
    );
    wrong_with(
        r#"{"leeway": 60}"#,
        "has \"leeway\", which is none of issuer, audience, key, jwks, access, scope, rules, or is not of its kind",
    );
    wrong_with(
        &rules(r#"[{"push": true}]"#),
        "has a rule without when, which all of its tokens would meet",
    );
    wrong_with(
        &rules(r#"[{"when": {}, "push": true}]"#),
        "has a rule without when, which all of its tokens would meet",
    );
    wrong_with(
        &rules(r#"[{"when": {"a": "b"}}]"#),
        "has a rule that gives nothing",
    );
    wrong_with(
        &rules(r#"[{"when": {"a": []}, "push": true}]"#),
        "has a rule whose \"a\" is no text; JWT_ISSUERS: x has a rule without when, which all of its tokens would meet",
    );
    wrong_with(
        &rules(r#"[{"when": {"a": "b"}, "push": "Team"}]"#),
        "may push in \"Team\", which no space can be called; JWT_ISSUERS: x has a rule that gives nothing",
    );
    wrong_with(
        &rules(r#"[{"when": {"a": "b"}, "metrics": "team"}]"#),
        "has a metrics for some spaces: it is for all, say true; JWT_ISSUERS: x has a rule that gives nothing",
    );
    wrong_with(
        &rules(r#"[{"when": {"a": "b"}, "write": true}]"#),
        "has a rule with \"write\", which is neither when nor a right; JWT_ISSUERS: x has a rule that gives nothing",
    );
    wrong_with(
        &rules(r#"["push"]"#),
        "has a rule that is no mapping; JWT_ISSUERS: x gives nothing: it has neither rules nor access nor scope",
    );
}

/// GitHub and GitLab sign for anybody, for whatever audience: a rule that strangers' pipelines meet gives them what it gives.
#[test]
fn who_signs_for_anybody_is_believed_of_named_owners_only() {
    let told = |issuer: &str, when: &str| {
        let rule = format!(r#"[{{"when": {when}, "push": true}}]"#);
        let text = format!(
            r#"{{"x": {{"issuer": "{issuer}", "audience": "a", "key": "{KEY}", "rules": {rule}}}}}"#
        );
        issuers(&text).is_ok()
    };
    for issuer in [
        "https://token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com/",
        "https://gitlab.com",
    ] {
        for fine in [
            r#"{"repository": "acme/charts"}"#,
            r#"{"repository": ["acme/*", "acme-labs/charts"]}"#,
            r#"{"repository_owner": "acme", "ref": "refs/heads/*"}"#,
            r#"{"sub": "repo:acme/charts:*"}"#,
            r#"{"project_path": "acme/charts/*"}"#,
            r#"{"repository_id": "74"}"#,
        ] {
            assert!(told(issuer, fine), "{issuer} {fine}");
        }
        for open in [
            r#"{"ref": "refs/heads/main"}"#,
            r#"{"environment": "production"}"#,
            r#"{"actor": "octocat"}"#,
            r#"{"workflow": "release"}"#,
            r#"{"job_workflow_ref": "acme/workflows/.github/workflows/release.yml@refs/heads/main"}"#,
            r#"{"repository": "*"}"#,
            r#"{"repository": "acme*"}"#,
            r#"{"repository": "*/charts"}"#,
            r#"{"repository": ["acme/charts", "*"]}"#,
            r#"{"repository_owner": "acme*"}"#,
            r#"{"sub": "repo:*"}"#,
        ] {
            assert!(!told(issuer, open), "{issuer} {open}");
        }
    }
    assert!(told(
        "https://token.acme.example",
        r#"{"ref": "refs/heads/main"}"#
    ));
    let scoped = format!(
        r#"{{"x": {{"issuer": "https://gitlab.com", "audience": "a", "key": "{KEY}", "scope": true}}}}"#
    );
    let problems = issuers(&scoped).unwrap_err().to_string();
    assert_eq!(
        problems,
        "JWT_ISSUERS: x signs for anybody: access and scope are not for it"
    );
}

#[test]
fn issuers_have_names_and_are_there_once() {
    let one = |name: &str, audience: &str| {
        format!(
            r#""{name}": {{"issuer": "https://i.example", "audience": {audience}, "key": "{KEY}", "scope": true}}"#
        )
    };
    let told = |text: String| {
        let problems = issuers(&format!("{{{text}}}"));
        problems.map_or_else(|problems| problems.to_string(), |_| "nothing".to_owned())
    };
    assert_eq!(
        told([one("a", r#""x""#), one("b", r#""y""#)].join(",")),
        "nothing"
    );
    assert_eq!(
        told([one("a", r#""x""#), one("a", r#""y""#)].join(",")),
        "JWT_ISSUERS: a is there twice"
    );
    assert_eq!(
        told([one("a", r#"["x", "z"]"#), one("b", r#"["y", "z"]"#)].join(",")),
        "JWT_ISSUERS: b has issuer and audience of a: put their rules together"
    );
    assert_eq!(
        told(one("hunter2 ", r#""x""#)),
        "JWT_ISSUERS: a name of an issuer has letters, digits or . _ - @ and that in place 1 has not"
    );
    for (text, what) in [
        ("[]", "is no mapping of names to issuers"),
        ("x", "is no mapping of names to issuers"),
        ("{", "is not JSON from line 1 on"),
        ("x: 1", "x is no mapping of what it has"),
    ] {
        let problems = issuers(text).unwrap_err().to_string();
        assert!(
            problems.contains(&format!("JWT_ISSUERS: {what}")),
            "{problems}"
        );
    }
    let alone = read(&[
        ("REGISTRY", "registry.example/charts"),
        ("JWT_ACCESS_CLAIM", "access"),
    ]);
    assert_eq!(
        alone.unwrap().warnings[0].to_string(),
        "JWT_ACCESS_CLAIM: set, while JWT_ISSUERS is missing: it does nothing"
    );
}
