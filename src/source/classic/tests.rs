use super::*;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn index(address: &str, text: &str) -> ClassicIndex {
    let source = source(address, Space::root(), Credentials::Anonymous, false).unwrap();
    ClassicIndex {
        text: text.to_owned(),
        uri: source.classic.unwrap().as_str().parse().unwrap(),
        registry: source.registry,
        validator: None,
        hash: String::new(),
    }
}

/// What comes of a version with these links.
fn links(address: &str, links: &str) -> Result<Vec<String>, &'static str> {
    let text = format!(
        r#"{{"entries": {{"a": [{{"name": "a", "version": "1.0.0", "urls": {links}}}]}}}}"#
    );
    let index = index(address, &text);
    index
        .versions()
        .next()
        .unwrap()
        .map(|version| version.listed.urls)
}

#[test]
fn addresses() {
    for (address, id) in [
        (
            "https://acme.github.io/charts",
            "https://acme.github.io/charts/index.yaml",
        ),
        (
            "https://acme.github.io/charts/",
            "https://acme.github.io/charts/index.yaml",
        ),
        (
            "https://acme.github.io/charts/index.yaml",
            "https://acme.github.io/charts/index.yaml",
        ),
        (
            "https://Charts.example",
            "https://charts.example/index.yaml",
        ),
        (
            "http://127.0.0.1:8080/a",
            "http://127.0.0.1:8080/a/index.yaml",
        ),
    ] {
        let source = source(address, Space::root(), Credentials::Anonymous, false).unwrap();
        assert_eq!(source.id, id);
        assert!(source.allows(&"index.yaml".parse().unwrap()));
        assert!(!source.allows(&"nginx".parse().unwrap()));
    }
    for address in [
        "",
        "acme.github.io/charts",
        "oci://ghcr.io/acme",
        "ftp://acme.example",
        "http://acme.example",
        "https://user:hunter2@acme.example",
        "https://acme.example/?token=hunter2",
        "https://acme.example/#a",
        "https://",
    ] {
        let problem = source(address, Space::root(), Credentials::Anonymous, false).unwrap_err();
        assert!(!problem.contains("hunter2"), "{address}");
    }
    source(
        "http://acme.example",
        Space::root(),
        Credentials::Anonymous,
        true,
    )
    .unwrap();
}

/// As Helm resolves them (`pkg/repo/v1/chartrepo.go`, `ResolveReferenceURL`), below the address of the repository.
#[test]
fn links_become_absolute() {
    for (link, expected) in [
        ("a-1.0.0.tgz", "https://acme.github.io/charts/a-1.0.0.tgz"),
        (
            "sub/a-1.0.0.tgz",
            "https://acme.github.io/charts/sub/a-1.0.0.tgz",
        ),
        ("/a-1.0.0.tgz", "https://acme.github.io/a-1.0.0.tgz"),
        (
            "https://github.com/acme/x/releases/download/a/a-1.0.0.tgz",
            "https://github.com/acme/x/releases/download/a/a-1.0.0.tgz",
        ),
        (
            "//cdn.example/a.tgz?x=%2F",
            "https://cdn.example/a.tgz?x=%2F",
        ),
    ] {
        assert_eq!(
            links("https://acme.github.io/charts", &format!("[{link:?}]")),
            Ok(vec![expected.to_owned()])
        );
    }
}

#[test]
fn links_that_nobody_follows() {
    let refused = Err("has no link that may be followed");
    for link in [
        "http://acme.github.io/charts/a.tgz",
        "https://user:pass@acme.example/a.tgz",
        "https://127.0.0.1/a.tgz",
        "https://10.0.0.1/a.tgz",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/a.tgz",
        "https://[::1]/a.tgz",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "a b.tgz",
        "https:\\\\evil.example/a.tgz",
    ] {
        assert_eq!(
            links("https://acme.example", &format!("[{link:?}]")),
            refused,
            "{link}"
        );
    }
    for none in ["[]", "null", "[null]", "[\"\"]", "7"] {
        assert!(
            links("https://acme.example", none).is_err() || none == "7",
            "{none}"
        );
    }
    assert_eq!(
        links("https://acme.example", r#"["oci://ghcr.io/acme/a:1.0.0"]"#),
        Err("lies in a registry, which belongs into SOURCES")
    );
    // Of several, those that may be followed.
    assert_eq!(
        links(
            "https://acme.example",
            r#"["http://x.example/a.tgz", "a.tgz"]"#
        ),
        Ok(vec!["https://acme.example/a.tgz".to_owned()])
    );
}

#[test]
fn versions_that_may_not_be_served() {
    let text = format!(
        r#"{{"entries": {{
            "a": [{{"name": "b", "version": "1.0.0", "urls": ["x"]}}, {{"name": "a", "version": "one", "urls": ["x"]}},
                  {{"name": "a", "version": "1.0.0+b.1", "urls": ["x"], "digest": "{DIGEST}"}},
                  {{"name": "a", "version": "1.0.0+b.1", "urls": ["y"]}}, null],
            "../x": [{{"name": "../x", "version": "1.0.0", "urls": ["x"]}}]
        }}}}"#
    );
    let index = index("https://acme.example", &text);
    let read: Vec<_> = index.versions().collect();
    assert_eq!(read.len(), 6);
    let good: Vec<_> = read.iter().flatten().collect();
    assert_eq!(good.len(), 1);
    assert_eq!(good[0].tag, "a-1.0.0_b.1");
    assert_eq!(good[0].file.as_str(), "a-1.0.0+b.1.tgz");
    assert_eq!(good[0].listed.digest.as_deref(), Some(DIGEST));
}
