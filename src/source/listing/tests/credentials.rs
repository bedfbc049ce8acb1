//! No credential arrives anywhere but at the API of the registry it belongs to. The fake fails the test when a call goes to
//! a host that no answer was given for; each call's credentials are in its log.

use super::*;
use crate::oci::Credentials;

/// Each way of listing with its API's origin, a first page that leads to another host, and one that ends.
fn ways() -> Vec<(Listed, &'static str)> {
    let challenge =
        r#"Bearer realm="https://gitlab.acme.example/jwt/auth",service="container_registry""#;
    let own = Listed::with_password(&[
        ("REGISTRY", "registry.acme.example/team"),
        ("DISCOVERY", "gitlab"),
    ]);
    own.fails(
        "GET https://registry.acme.example/v2/",
        Fault::status(401).header("www-authenticate", challenge),
    );
    let hub = Listed::with_password(&[("REGISTRY", "docker.io/acme")]);
    hub.answers("/v2/auth/token", json!({"access_token": "jwt"}));
    let harbor = Listed::with_password(&[
        ("REGISTRY", "harbor.example/charts"),
        ("DISCOVERY", "harbor"),
    ]);
    let quay = Listed::with_password(&[("REGISTRY", "quay.io/acme")]);
    let quay = Listed {
        source: Source {
            credentials: Credentials::Basic {
                username: "$oauthtoken".into(),
                password: "hunter2".into(),
            },
            ..quay.source
        },
        ..quay
    };
    vec![
        (harbor, "https://harbor.example/"),
        (
            Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]),
            "https://api.github.com/",
        ),
        (
            Listed::with_password(&[("REGISTRY", "registry.gitlab.com/acme")]),
            "https://gitlab.com/",
        ),
        (own, "https://gitlab.acme.example/"),
        (hub, "https://hub.docker.com/"),
        (quay, "https://quay.io/"),
    ]
}

#[track_caller]
fn only_at(listed: &Listed, api: &str) {
    let log = listed.registry.log();
    assert!(log.iter().any(|call| call.authorization.is_some()));
    for call in log {
        assert!(
            call.url.starts_with(api) || call.authorization.is_none(),
            "{} was shown credentials",
            call.url
        );
    }
}

#[test]
fn a_redirect_of_an_api_is_not_followed() {
    for (listed, api) in ways() {
        for status in [301, 302, 303, 307, 308] {
            for location in ["https://evil.example/steal", "/elsewhere"] {
                listed.registry.inject(
                    &format!("GET {api}api"),
                    Some(1),
                    Fault::status(status).header("location", location),
                );
                listed.registry.inject(
                    "GET https://api.github.com/orgs",
                    Some(1),
                    Fault::status(status).header("location", location),
                );
                listed.registry.inject(
                    "GET https://hub.docker.com/v2/namespaces",
                    Some(1),
                    Fault::status(status).header("location", location),
                );
                let error = listed.page(None).unwrap_err();
                assert_eq!(
                    error.public(),
                    "redirects its list of repositories, which is not followed",
                    "{api}"
                );
            }
        }
        only_at(&listed, api);
    }
}

#[test]
fn the_login_of_docker_hub_is_not_redirected() {
    let listed = Listed::with_password(&[("REGISTRY", "docker.io/acme")]);
    listed.fails(
        "POST https://hub.docker.com/v2/auth/token",
        Fault::status(307).header("location", "https://evil.example/"),
    );
    listed.page(None).unwrap_err();
    assert_eq!(
        listed.calls(),
        ["POST https://hub.docker.com/v2/auth/token -"]
    );
}

/// The next page is asked for at the same address, or the list ends there, incomplete.
#[test]
fn a_next_page_at_another_host_is_not_asked_for() {
    let foreign = r#"<https://evil.example/x?page=2>; rel="next""#;
    for (listed, api) in ways() {
        listed.answers_with(
            &format!("GET {api}"),
            match api {
                "https://hub.docker.com/" => {
                    json!({"results": [{"name": "a", "namespace": "acme"}], "next": "https://evil.example/x?page=2"})
                }
                // Names no address at all.
                "https://quay.io/" => {
                    json!({"repositories": [], "next_page": "https://evil.example/"})
                }
                _ => json!([{"name": "acme/a", "path": "acme/a"}]),
            },
            &[("link", foreign)],
        );
        let page = listed.page(None).unwrap();
        if api == "https://quay.io/" {
            let next = page.next.clone().unwrap();
            listed.page(Some(&next)).unwrap();
        } else {
            assert_eq!((page.next, page.complete), (None, false), "{api}");
        }
        only_at(&listed, api);
    }
}

/// A registry that calls itself a GitLab, and names a token server of somebody else.
#[test]
fn a_gitlab_is_not_believed_to_be_anywhere() {
    for realm in [
        "https://evil.example/jwt/auth",
        "http://gitlab.acme.example/jwt/auth",
        "https://user@gitlab.acme.example/jwt/auth",
    ] {
        let listed = Listed::with_password(&[
            ("REGISTRY", "registry.acme.example/team"),
            ("DISCOVERY", "gitlab"),
        ]);
        listed.fails(
            "GET https://registry.acme.example/v2/",
            Fault::status(401).header("www-authenticate", &format!("Bearer realm=\"{realm}\"")),
        );
        let error = listed.page(None).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied(401));
        assert_eq!(listed.calls(), ["GET https://registry.acme.example/v2/ -"]);
    }
}

/// Nor does one without a token server, or one that is down.
#[test]
fn a_gitlab_without_a_token_server_is_a_clear_fault() {
    let listed = Listed::with_password(&[
        ("REGISTRY", "registry.acme.example/team"),
        ("DISCOVERY", "gitlab"),
    ]);
    let error = listed.page(None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.acme.example: listing repositories: names no token server, as every GitLab does"
    );
    listed.fails("/v2/", Fault::status(503));
    assert_eq!(listed.page(None).unwrap_err().kind(), Kind::Unavailable);
}
