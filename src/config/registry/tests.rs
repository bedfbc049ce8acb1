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
    const USER: &str = "may not contain a user or password: they have their own settings, REGISTRY_USERNAME and REGISTRY_PASSWORD";
    const QUERY: &str = "may not have a query or a fragment";
    const SCHEME: &str = "must begin with https://, oci:// or http://, or with the host";
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
