//! APIs that do not answer as they should.

use super::*;

/// Each way of listing with an API of its own, and what its pages' addresses contain.
fn ways() -> Vec<(Listed, &'static str)> {
    vec![
        (
            Listed::with_password(&[
                ("REGISTRY", "harbor.example/charts"),
                ("DISCOVERY", "harbor"),
            ]),
            "/api/v2.0/",
        ),
        (
            Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]),
            "api.github.com",
        ),
        (
            Listed::with_password(&[("REGISTRY", "registry.gitlab.com/acme")]),
            "/api/v4/",
        ),
        (
            Listed::new(&[("REGISTRY", "docker.io/acme")]),
            "hub.docker.com",
        ),
        (Listed::new(&[("REGISTRY", "quay.io/acme")]), "/api/v1/"),
    ]
}

#[test]
fn what_is_no_list_is_a_clear_fault() {
    let long = format!("[{}]", "1,".repeat(3_000_000));
    for (body, what) in [
        (
            "<!DOCTYPE html><html>sign in</html>",
            "an answer that cannot be parsed",
        ),
        ("\u{1f}\u{8b}\u{8}gzip", "an answer that cannot be parsed"),
        ("", "an answer that cannot be parsed"),
        ("null", "an answer that cannot be parsed"),
        ("{}", "an answer that cannot be parsed"),
        (
            r#"{"errors":[{"code":"DENIED","message":"no"}]}"#,
            "an answer that cannot be parsed",
        ),
        (
            r#"{"message":"Bad credentials","status":401}"#,
            "an answer that cannot be parsed",
        ),
        (r#"[{"unnamed":1}]"#, "an answer that cannot be parsed"),
        (
            r#"{"results":null,"repositories":null}"#,
            "an answer that cannot be parsed",
        ),
        (&long, "an answer that is too large"),
    ] {
        for (listed, api) in ways() {
            listed.answers(api, body);
            let error = listed.page(None).unwrap_err();
            assert_eq!(error.kind(), Kind::Garbage, "{api} {error}");
            assert!(
                error
                    .to_string()
                    .ends_with(&format!(": listing repositories: gave {what}")),
                "{error}"
            );
        }
    }
}

#[test]
fn other_statuses_than_200_are_no_list() {
    for status in [202, 204, 304] {
        for (listed, api) in ways() {
            listed.fails(api, Fault::status(status).body("[]"));
            assert_eq!(listed.page(None).unwrap_err().kind(), Kind::Garbage);
        }
    }
}

#[test]
fn a_refusal_names_host_operation_and_remedy() {
    let listed = Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]);
    listed.fails(
        "api.github.com",
        Fault::status(401).body(r#"{"message":"Bad credentials"}"#),
    );
    let error = listed.page(None).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied(401));
    assert_eq!(error.host(), Some("ghcr.io"));
    assert_eq!(
        error.to_string(),
        "api.github.com: listing repositories: answered 401; name them in REPOSITORIES, or set REGISTRY_PASSWORD to a classic token with read:packages"
    );
    assert_eq!(
        error.public(),
        "does not let these credentials list repositories (api.github.com answered 401); name them in REPOSITORIES, or set REGISTRY_PASSWORD to a classic token with read:packages"
    );
    for (listed, api) in ways() {
        for (status, kind) in [
            (401, Kind::Denied(401)),
            (403, Kind::Denied(403)),
            (404, Kind::NotFound),
            (405, Kind::Unsupported),
        ] {
            listed.registry.heal();
            listed.fails(api, Fault::status(status));
            let error = listed.page(None).unwrap_err();
            assert_eq!(error.kind(), kind, "{api}");
            let public = error.public();
            assert!(
                public.contains(&format!("answered {status}")) && public.contains("REPOSITORIES"),
                "{public}"
            );
        }
    }
    let listed = Listed::new(&[("REGISTRY", "registry.example/charts")]);
    listed.fails("_catalog", Fault::error(401, "UNAUTHORIZED", "no"));
    assert_eq!(
        listed.page(None).unwrap_err().public(),
        "does not let these credentials list repositories (it answered 401); name them in REPOSITORIES, set REGISTRY_USERNAME and REGISTRY_PASSWORD, or set DISCOVERY if this is Harbor, GitLab or Quay"
    );
}

/// Names in `REPOSITORIES` would not help: their tags want a token, too.
#[test]
fn a_token_server_elsewhere_is_told_with_what_could_name_it() {
    for (settings, setting) in [
        (
            vec![
                ("REGISTRY", "registry.acme.example/team"),
                ("DISCOVERY", "gitlab"),
            ],
            "TOKEN_REALMS",
        ),
        (
            vec![("REGISTRY", "registry.acme.example/team")],
            "TOKEN_REALMS",
        ),
        (
            vec![(
                "SOURCES",
                r#"[{"registry": "registry.acme.example/team", "discovery": "gitlab"}]"#,
            )],
            "token_realms",
        ),
    ] {
        let listed = Listed::new(&settings);
        let challenge =
            r#"Bearer realm="https://git.elsewhere.example/jwt/auth",service="container_registry""#;
        let asked = Fault::status(401).header("www-authenticate", challenge);
        listed.fails("GET https://registry.acme.example/v2/", asked);
        let error = listed.page(None).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied(401));
        assert_eq!(
            error.public(),
            format!(
                "named a token server at \"git.elsewhere.example\", which is not asked, as {setting} does not name it"
            )
        );
        assert_eq!(listed.registry.calls(), 1);
    }
}

#[test]
fn a_wrong_password_at_docker_hub_names_the_remedy_too() {
    let listed = Listed::with_password(&[("REGISTRY", "docker.io/acme")]);
    listed.fails(
        "/v2/auth/token",
        Fault::status(401).body(r#"{"detail":"Incorrect authentication credentials"}"#),
    );
    let error = listed.page(None).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied(401));
    assert!(error.public().contains("hub.docker.com answered 401"));
    assert!(!error.to_string().contains("hunter2"));
}

/// A first page that fails says nothing of who owns what; trouble is not taken for a list elsewhere.
#[test]
fn only_not_found_leads_on_to_the_next_address() {
    for status in [401, 403, 429, 500, 503] {
        let listed = Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]);
        listed.fails("/orgs/", Fault::status(status));
        listed.answers("/users/", json!([]));
        listed.page(None).unwrap_err();
        assert_eq!(listed.registry.calls_to("/users/"), 0, "{status}");
    }
    // In the middle of a list, "not found" is no end of it.
    let listed = Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]);
    listed.fails("page=2", Fault::status(404));
    listed.answers("/users/", json!([]));
    listed
        .page(Some(&"github.0?per_page=100&page=2".parse().unwrap()))
        .unwrap_err();
    assert_eq!(listed.registry.calls_to("/users/"), 0);
}

#[test]
fn rate_limits_in_every_form() {
    let now = 1_763_683_200_i64;
    let github = || Listed::with_password(&[("REGISTRY", "ghcr.io/acme")]);
    let hub = || Listed::new(&[("REGISTRY", "docker.io/acme")]);
    let until = (now + 600).to_string();
    let until = until.as_str();
    for (listed, status, headers, seconds) in [
        (github(), 429, vec![("retry-after", "60")], Some(60)),
        (github(), 403, vec![("retry-after", "60")], Some(60)),
        (
            github(),
            403,
            vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", until)],
            Some(600),
        ),
        (hub(), 429, vec![("x-retry-after", until)], Some(600)),
        (hub(), 429, vec![], None),
        (hub(), 429, vec![("x-retry-after", "soon")], None),
    ] {
        let mut fault = Fault::status(status);
        for (name, value) in &headers {
            fault = fault.header(name, value);
        }
        listed.fails("GET ", fault);
        let error = listed.page(None).unwrap_err();
        assert_eq!(error.kind(), Kind::Throttled, "{status} {headers:?}");
        let at = error.retry_after(Timestamp(now * 1000));
        let expected = seconds.map(|seconds| Timestamp((now + seconds) * 1000));
        assert_eq!(at, expected, "{status} {headers:?}");
    }
    // What is left of a limit is no refusal's reason.
    let listed = github();
    listed.fails(
        "GET ",
        Fault::status(403).header("x-ratelimit-remaining", "4999"),
    );
    assert_eq!(listed.page(None).unwrap_err().kind(), Kind::Denied(403));
}
