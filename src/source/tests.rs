use super::*;

fn source(prefix: &str, repositories: &str) -> Source {
    let registry: Registry = "ghcr.io".parse().unwrap();
    let repositories = match repositories {
        "" => Repositories::All,
        list => Repositories::parse(list).unwrap(),
    };
    Source {
        id: id(&registry, prefix, &Space::root()),
        registry,
        prefix: prefix.to_owned(),
        mount: Space::root(),
        repositories,
        tags: TagPatterns::default(),
        discovery: Discovery::Catalog,
        remedy: String::new(),
        credentials: Credentials::Anonymous,
        terms: Terms::default(),
        classic: None,
    }
}

#[test]
fn ids() {
    assert_eq!(source("", "").id, "ghcr.io");
    assert_eq!(source("acme/charts", "").id, "ghcr.io/acme/charts");
    // A registry with TLS and one without, at the same host, are two sources.
    let id_of = |registry: &str, prefix| id(&registry.parse().unwrap(), prefix, &Space::root());
    assert_eq!(id_of("https://ghcr.io", "acme"), "ghcr.io/acme");
    assert_eq!(id_of("http://ghcr.io", "acme"), "http://ghcr.io/acme");
    assert_eq!(id_of("http://localhost:5000", ""), "http://localhost:5000");
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
        let path = source.relative(&name);
        assert_eq!(
            path.as_ref().map(RepositoryPath::as_str),
            relative,
            "{prefix} {name}"
        );
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
    let nginx = ("acme/nginx".parse().unwrap(), "nginx".parse().unwrap());
    assert_eq!(source.exact(), [Ok(nginx)]);
    assert!(source.enumerates());
}
