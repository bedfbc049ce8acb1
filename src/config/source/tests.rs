use proptest::prelude::*;

use super::*;

#[track_caller]
fn place_of(text: &str) -> (String, String) {
    let (registry, prefix) = place(text, false).unwrap();
    (registry.to_string(), prefix)
}

#[test]
fn forms_of_registry() {
    for (text, registry, prefix) in [
        ("ghcr.io/acme/charts", "https://ghcr.io", "acme/charts"),
        (
            "oci://ghcr.io/acme/charts",
            "https://ghcr.io",
            "acme/charts",
        ),
        (
            "https://ghcr.io/acme/charts/",
            "https://ghcr.io",
            "acme/charts",
        ),
        ("HTTPS://GHCR.io/acme//", "https://ghcr.io", "acme"),
        ("ghcr.io", "https://ghcr.io", ""),
        ("ghcr.io/", "https://ghcr.io", ""),
        ("docker.io/acme", "https://docker.io", "acme"),
        ("registry-1.docker.io/acme", "https://docker.io", "acme"),
        (
            "registry.example:5000/a",
            "https://registry.example:5000",
            "a",
        ),
        ("localhost:5001/charts", "https://localhost:5001", "charts"),
        ("http://127.0.0.1:5001", "http://127.0.0.1:5001", ""),
        ("http://127.8.9.1:5001/a/b", "http://127.8.9.1:5001", "a/b"),
        ("http://localhost:5001/a", "http://localhost:5001", "a"),
        ("http://[::1]:5001/a", "http://[::1]:5001", "a"),
    ] {
        assert_eq!(
            place_of(text),
            (registry.to_owned(), prefix.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_registry() {
    const HOST: &str = "does not begin with a registry's host";
    const PREFIX: &str = "what follows the host is not the beginning of a repository name";
    const USER: &str = "may not hold a user or password: they have their own settings, REGISTRY_USERNAME and REGISTRY_PASSWORD";
    const QUERY: &str = "may not have a query or a fragment";
    const SCHEME: &str = "begins with another scheme than https://, oci:// or http://";
    const INSECURE: &str =
        "http:// is for this machine only, unless ALLOW_INSECURE_REGISTRY is true";
    for (text, message) in [
        ("https://", HOST),
        ("/acme", HOST),
        ("gh cr.io/acme", HOST),
        ("ghcr.io:99999/acme", HOST),
        ("ghcr.io/Acme", PREFIX),
        ("ghcr.io//acme", PREFIX),
        ("ghcr.io/acme/../x", PREFIX),
        ("ghcr.io/acme:1.0.0", PREFIX),
        ("ghcr.io/ac%6de", PREFIX),
        ("https://user:hunter2@ghcr.io/acme", USER),
        ("user@ghcr.io", USER),
        ("user:hunt/er2@ghcr.io", USER),
        ("ghcr.io/acme?x=1", QUERY),
        ("ghcr.io/acme#x", QUERY),
        ("ftp://ghcr.io/acme", SCHEME),
        ("://ghcr.io", SCHEME),
        ("http://ghcr.io/acme", INSECURE),
        ("http://192.168.1.10:5000", INSECURE),
        ("http://host.docker.internal:5000", INSECURE),
        ("http://localhost.example:5000", INSECURE),
        ("http://127.0.0.1.nip.example", INSECURE),
        ("http://0.0.0.0:5000", INSECURE),
    ] {
        assert_eq!(place(text, false), Err(message), "{text}");
    }
}

#[test]
fn insecure_only_when_told_so() {
    let (registry, _) = place("http://host.docker.internal:5000/a", true).unwrap();
    assert_eq!(registry.to_string(), "http://host.docker.internal:5000");
    assert!(
        place("ghcr.io/a", true)
            .unwrap()
            .0
            .to_string()
            .starts_with("https://")
    );
}

fn source(prefix: &str, repositories: &str) -> Source {
    let (registry, prefix) = place(&format!("ghcr.io/{prefix}"), false).unwrap();
    let repositories = match repositories {
        "" => Repositories::All,
        list => Repositories::parse(list).unwrap(),
    };
    Source {
        id: id(&registry, &prefix),
        registry,
        prefix,
        repositories,
        credentials: Credentials::Anonymous,
    }
}

#[test]
fn ids() {
    assert_eq!(source("", "").id, "ghcr.io");
    assert_eq!(source("acme/charts", "").id, "ghcr.io/acme/charts");
    // A registry with TLS and one without, at the same host, are two sources.
    let id_of = |text| {
        let (registry, prefix) = place(text, true).unwrap();
        id(&registry, &prefix)
    };
    assert_eq!(id_of("oci://ghcr.io/acme"), "ghcr.io/acme");
    assert_eq!(id_of("http://ghcr.io/acme"), "http://ghcr.io/acme");
    assert_eq!(id_of("http://localhost:5000"), "http://localhost:5000");
}

#[test]
fn what_lies_below_a_prefix() {
    for (prefix, name, relative) in [
        ("", "acme/nginx", Some("acme/nginx")),
        ("acme", "acme/nginx", Some("nginx")),
        ("acme", "acme/a/b", Some("a/b")),
        ("acme", "acme", None),
        ("acme", "acme-2/nginx", None),
        ("acme/charts", "acme/nginx", None),
        ("acme", "x/acme/nginx", None),
    ] {
        let name: Name = name.parse().unwrap();
        let source = source(prefix, "");
        assert_eq!(source.relative(&name), relative, "{prefix} {name}");
        assert_eq!(source.allows(&name), relative.is_some(), "{prefix} {name}");
        if let Some(relative) = relative {
            assert_eq!(source.name(relative), Some(name));
        }
    }
    for nonsense in ["", "/", "..", "A", "a/", "a:b"] {
        assert_eq!(source("acme", "").name(nonsense), None, "{nonsense}");
        assert_eq!(source("", "").name(nonsense), None, "{nonsense}");
    }
}

#[test]
fn patterns_are_relative_to_the_prefix() {
    let source = source("acme", "nginx team-a/*");
    let allows = |name: &str| source.allows(&name.parse().unwrap());
    assert!(allows("acme/nginx") && allows("acme/team-a/x"));
    assert!(
        !allows("nginx")
            && !allows("acme/redis")
            && !allows("acme/team-a/x/y")
            && !allows("team-a/x")
    );
    assert_eq!(source.exact(), ["acme/nginx".parse::<Name>().unwrap()]);
    assert!(source.enumerates());
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*", insecure in any::<bool>()) {
        let _ = place(&text, insecure);
    }

    #[test]
    fn a_message_never_holds_the_value(secret in "[a-z0-9]{12,20}", form in 0usize..5) {
        let text = match form {
            0 => format!("https://user:{secret}@ghcr.io/acme"),
            1 => format!("ftp://{secret}"),
            2 => format!("ghcr.io/acme?{secret}"),
            3 => format!("http://{secret}"),
            _ => format!("{secret}:{secret}/acme"),
        };
        let message = place(&text, false).unwrap_err();
        prop_assert!(!message.contains(&secret));
    }
}
