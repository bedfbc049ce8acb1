//! `CLASSIC_INDEXES`.

use super::*;

fn with(indexes: &str, further: &Given<'_>) -> Result<Config, Problems> {
    beside(&[&[("CLASSIC_INDEXES", indexes)], further].concat())
}

#[test]
fn as_a_list_as_json_and_as_tables_they_are_the_same() {
    let ids = |indexes: &str| -> Vec<String> {
        let config = with(indexes, &[]).unwrap();
        let classic = config.sources.iter().filter(|it| it.classic.is_some());
        classic.map(|source| source.id.clone()).collect()
    };
    let both = [
        "https://acme.github.io/charts/index.yaml",
        "https://charts.example/index.yaml",
    ];
    for indexes in [
        "https://acme.github.io/charts, https://charts.example",
        "https://acme.github.io/charts/ https://charts.example/index.yaml",
        "[https://acme.github.io/charts, https://charts.example]",
        r#"["https://acme.github.io/charts", "https://charts.example"]"#,
        r#"[{"url": "https://acme.github.io/charts"}, "https://charts.example"]"#,
    ] {
        assert_eq!(ids(indexes), both, "{indexes}");
    }
    assert_eq!(
        ids(r#"[{"url": "https://charts.example", "mount": "old/"}]"#),
        ["https://charts.example/index.yaml@old"]
    );
}

#[test]
fn credentials_of_an_index_are_named_and_make_it_private() {
    let index = r#"[{"url": "https://charts.example", "username_secret": "OLD_USER", "password_secret": "OLD_PASSWORD"}]"#;
    let secrets = [("OLD_USER", "robot"), ("OLD_PASSWORD", "hunter2")];
    let problems = with(index, &secrets).unwrap_err().public();
    assert!(problems.contains("AUTH_ANONYMOUS_GET"), "{problems}");
    let given = [secrets.as_slice(), &[("AUTH_ANONYMOUS_GET", "true")]].concat();
    let config = with(index, &given).unwrap();
    assert_eq!(config.sources[0].credentials, Credentials::Anonymous);
    assert!(matches!(
        config.sources[1].credentials,
        Credentials::Basic { .. }
    ));
}

#[test]
fn what_is_wrong_is_told_by_name_and_all_at_once() {
    for (indexes, expected) in [
        ("[]", vec!["the list is empty"]),
        (
            r#"[7, null, true, ["https://a.example"]]"#,
            vec![
                "index 1: neither an address nor a table",
                "index 2: neither an address nor a table",
                "index 3: neither an address nor a table",
                "index 4: neither an address nor a table",
            ],
        ),
        (
            r#"["https://user:hunter2@a.example", "ftp://b.example", "http://c.example"]"#,
            vec![
                "index 1: may not contain a user or password",
                "index 2: must begin with https:// or http://",
                "index 3: http:// is for this machine only, unless ALLOW_INSECURE_REGISTRY is true",
            ],
        ),
        (
            r#"["https://a.example", "https://a.example/index.yaml"]"#,
            vec!["index 2: stands there twice"],
        ),
        (
            "[{}]",
            vec!["index 1: url: must begin with https:// or http:// and a host"],
        ),
        (
            r#"[{"url": "https://a.example", "user": "hunter2", "mount": "Old/"}]"#,
            vec![
                "index 1: \"user\" is not one of url, mount, username_secret, password_secret",
                "index 1: mount: \"Old/\" is not a path of spaces",
            ],
        ),
        (
            r#"[{"url": "https://a.example", "username_secret": "SET"}]"#,
            vec!["index 1: password_secret: missing, while username_secret is set"],
        ),
        (
            r#"[{"url": "https://a.example", "password_secret": "SET"}]"#,
            vec!["index 1: username_secret: missing, while password_secret is set"],
        ),
        (
            r#"[{"url": "https://a.example", "username_secret": "SET", "password_secret": "NOBODY_SET_IT"}]"#,
            vec!["index 1: password_secret: names a secret that is not set"],
        ),
        (
            r#"[{"url": "https://a.example", "username_secret": "SET", "password_secret": "hunter2"}]"#,
            vec![
                "index 1: password_secret: is not the name of a secret, which has capital letters, digits and underscores",
            ],
        ),
        (
            r#"[{"url": ["https://a.example"], "mount": 7}]"#,
            vec![
                "index 1: url: is not text",
                "index 1: mount: is not text",
                "index 1: url: must begin with https:// or http:// and a host",
            ],
        ),
    ] {
        let given: &Given<'_> = &[("SET", "hunter2"), ("AUTH_ANONYMOUS_GET", "true")];
        let problems = with(indexes, given).unwrap_err();
        let told: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|it| format!("CLASSIC_INDEXES: {it}"))
            .collect();
        assert_eq!(told, expected, "{indexes}");
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }
}
