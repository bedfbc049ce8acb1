//! Which settings decide what documents hold.

use super::*;

fn fingerprint(given: &Given) -> String {
    good(given).fingerprint().to_owned()
}

#[test]
fn the_fingerprint_is_of_what_decides_content() {
    let base = fingerprint(&[]);
    assert_eq!(base.len(), 16);
    assert!(
        base.bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    );
    let mut seen = vec![base.clone()];
    for given in [
        [("REGISTRY", "ghcr.io/acme")],
        [("REGISTRY", "quay.io/acme/charts")],
        [("REPOSITORIES", "nginx")],
        [("REPOSITORIES", "ngin*")],
        [("TAGS", "1.*")],
        [("TAGS", "!1.*")],
        [("VERSIONS_PER_CHART", "5")],
        [("INDEX_FORMAT", "yaml")],
        [("INDEX_SCOPE", "folder")],
        [("CHART_URL", "https://charts.acme.example")],
        [("PRECEDENCE", "a b")],
        [("PRECEDENCE", "b a")],
        [("COLLISIONS", "hide")],
    ] {
        let fingerprint = fingerprint(&given);
        assert!(!seen.contains(&fingerprint), "{given:?}");
        seen.push(fingerprint);
    }
    for given in [
        [("REGISTRY", "oci://ghcr.io/acme/charts/")].as_slice(),
        &[
            ("SYNC_INTERVAL", "1m"),
            ("DOWNLOAD", "stream"),
            ("KV_BUDGET", "5"),
        ],
        &[
            ("BASIC_AUTH_USER", "a"),
            ("BASIC_AUTH_PASS", "b"),
            ("ADMIN_TOKEN", "c"),
        ],
    ] {
        assert_eq!(fingerprint(given), base, "{given:?}");
    }
    let reader = |user, password| {
        fingerprint(&[
            ("REGISTRY_USERNAME", user),
            ("REGISTRY_PASSWORD", password),
            ("AUTH_ANONYMOUS_GET", "true"),
        ])
    };
    // Documents made with credentials must not meet readers of a configuration without them.
    assert_ne!(reader("a", "b"), base);
    assert_ne!(reader("a", "b"), reader("c", "b"));
    assert_eq!(reader("a", "b"), reader("a", "new password"));
    let twice = [good(&[]).sources, good(&[]).sources].concat();
    assert_ne!(good(&[]).with_sources(twice).fingerprint(), base);
    let order = |list| fingerprint(&[("REPOSITORIES", list)]);
    assert_eq!(order("a b"), order("b,a,a"));
}
