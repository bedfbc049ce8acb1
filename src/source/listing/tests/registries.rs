//! Each API as its documentation has it.

use super::*;
use crate::oci::Credentials;

/// <https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml>, `listRepositories`.
#[test]
fn harbor_lists_a_project() {
    const FIRST: &str =
        "https://harbor.example/api/v2.0/projects/charts/repositories?page=1&page_size=100";
    const SECOND: &str =
        "https://harbor.example/api/v2.0/projects/charts/repositories?page=2&page_size=100";
    let listed = Listed::with_password(&[
        ("REGISTRY", "harbor.example/charts/stable"),
        ("DISCOVERY", "harbor"),
    ]);
    let repository = |name: &str| json!({"id": 1, "project_id": 2, "name": name, "artifact_count": 3, "pull_count": 4});
    listed.answers_with(
        FIRST,
        json!([
            repository("charts/nginx"),
            repository("charts/stable/redis")
        ]),
        &[(
            "link",
            r#"</api/v2.0/projects/charts/repositories?page=2&page_size=100>; rel="next""#,
        )],
    );
    listed.answers_with(
        SECOND,
        json!([repository("charts/stable/web")]),
        &[(
            "link",
            r#"</api/v2.0/projects/charts/repositories?page=1&page_size=100>; rel="prev""#,
        )],
    );
    listed.lists(&["charts/nginx", "charts/stable/redis", "charts/stable/web"]);
    assert_eq!(
        listed.calls(),
        [
            format!("GET {FIRST} {BASIC}"),
            format!("GET {SECOND} {BASIC}")
        ]
    );
}

#[test]
fn harbor_without_a_project_lists_all() {
    let listed = Listed::new(&[("REGISTRY", "harbor.example"), ("DISCOVERY", "harbor")]);
    listed.answers(
        "GET https://harbor.example/api/v2.0/repositories?page=1&page_size=100",
        json!([{"name": "a/b"}, {"name": "c/d"}]),
    );
    listed.lists(&["a/b", "c/d"]);
    assert_eq!(listed.registry.log()[0].authorization, None);
}

/// A proxy before Harbor that lets `Link` out makes no list look complete.
#[test]
fn harbor_counts_its_repositories() {
    let listed = Listed::new(&[
        ("REGISTRY", "harbor.example/charts"),
        ("DISCOVERY", "harbor"),
    ]);
    listed.answers_with(
        "page=1",
        json!([{"name": "charts/a"}]),
        &[("x-total-count", "2")],
    );
    assert_eq!(listed.list(), (vec!["charts/a".to_owned()], false));
}

/// <https://docs.github.com/en/rest/packages/packages>, "List packages for an organization".
#[test]
fn github_lists_an_organization() {
    let listed = Listed::with_password(&[("REGISTRY", "ghcr.io/acme/charts")]);
    let package = |name: &str| {
        json!({
            "id": 197, "name": name, "package_type": "container", "visibility": "private", "version_count": 1,
            "owner": {"login": "Acme", "type": "Organization"}, "url": "https://api.github.com/orgs/acme/packages/container/x",
        })
    };
    listed.answers_with(
        "/orgs/acme/packages?package_type=container&per_page=100&page=2",
        json!([package("charts/web")]),
        &[(
            "link",
            r#"<https://api.github.com/organizations/9919/packages?package_type=container&per_page=100&page=1>; rel="prev""#,
        )],
    );
    listed.answers_with(
        "/orgs/acme/packages?package_type=container&per_page=100",
        json!([package("charts/nginx"), package("app")]),
        &[(
            "link",
            r#"<https://api.github.com/organizations/9919/packages?package_type=container&per_page=100&page=2>; rel="next", <https://api.github.com/organizations/9919/packages?package_type=container&per_page=100&page=2>; rel="last""#,
        )],
    );
    listed.lists(&["acme/charts/nginx", "acme/app", "acme/charts/web"]);
    assert_eq!(
        listed.calls(),
        [
            format!(
                "GET https://api.github.com/orgs/acme/packages?package_type=container&per_page=100 {BEARER}"
            ),
            format!(
                "GET https://api.github.com/orgs/acme/packages?package_type=container&per_page=100&page=2 {BEARER}"
            ),
        ]
    );
}

#[test]
fn github_lists_a_user_who_is_no_organization() {
    let listed = Listed::with_password(&[("REGISTRY", "ghcr.io/jane")]);
    listed.fails(
        "/orgs/jane/",
        Fault::status(404).body(r#"{"message":"Not Found","status":"404"}"#),
    );
    listed.answers(
        "/users/jane/packages?package_type=container&per_page=100&page=2",
        json!([{"name": "b"}]),
    );
    listed.answers_with(
        "/users/jane/packages?",
        json!([{"name": "a"}]),
        &[(
            "link",
            r#"<https://api.github.com/user/7/packages?package_type=container&per_page=100&page=2>; rel="next""#,
        )],
    );
    listed.lists(&["jane/a", "jane/b"]);
    // The second page is asked for where the first one was.
    assert_eq!(listed.registry.calls_to("/orgs/"), 1);
    assert_eq!(listed.registry.calls_to("/users/"), 2);
}

/// <https://docs.gitlab.com/api/container_registry/>, "Within a group".
#[test]
fn gitlab_lists_a_group() {
    let listed = Listed::with_password(&[("REGISTRY", "registry.gitlab.com/acme/charts")]);
    let repository = |path: &str| json!({"id": 2, "name": "", "path": path, "project_id": 9, "location": format!("registry.gitlab.com/{path}")});
    listed.answers_with(
        "per_page=100&page=1",
        json!([repository("acme/charts/web/nginx")]),
        &[("x-next-page", "2"), ("x-total-pages", "2")],
    );
    listed.answers_with(
        "per_page=100&page=2",
        json!([repository("acme/charts/sub/project")]),
        &[("x-next-page", "")],
    );
    listed.lists(&["acme/charts/web/nginx", "acme/charts/sub/project"]);
    let address = "https://gitlab.com/api/v4/groups/acme%2Fcharts/registry/repositories";
    assert_eq!(
        listed.calls(),
        [
            format!("GET {address}?per_page=100&page=1 {BEARER}"),
            format!("GET {address}?per_page=100&page=2 {BEARER}"),
        ]
    );
}

/// "Within a project": the prefix is a project, or lies in one.
#[test]
fn gitlab_lists_the_project_of_a_prefix() {
    let listed =
        Listed::with_password(&[("REGISTRY", "registry.gitlab.com/acme/sub/charts/stable")]);
    listed.answers(
        "/projects/acme%2Fsub%2Fcharts/",
        json!([{"path": "acme/sub/charts/stable/nginx"}]),
    );
    listed.fails(
        "gitlab.com/api",
        Fault::status(404).body(r#"{"message":"404 Project Not Found"}"#),
    );
    listed.lists(&["acme/sub/charts/stable/nginx"]);
    let calls = listed.calls();
    let asked: Vec<&str> = calls
        .iter()
        .filter_map(|call| call.split("/api/v4/").nth(1)?.split("/registry").next())
        .collect();
    assert_eq!(
        asked,
        [
            "groups/acme%2Fsub%2Fcharts%2Fstable",
            "projects/acme%2Fsub%2Fcharts%2Fstable",
            "projects/acme%2Fsub%2Fcharts",
        ]
    );
}

/// A GitLab of one's own is where its token server is.
#[test]
fn gitlab_of_ones_own_is_found_by_its_token_server() {
    let listed = Listed::with_password(&[
        ("REGISTRY", "registry.acme.example/team"),
        ("DISCOVERY", "gitlab"),
    ]);
    let challenge =
        r#"Bearer realm="https://gitlab.acme.example/jwt/auth",service="container_registry""#;
    listed.fails(
        "GET https://registry.acme.example/v2/",
        Fault::status(401).header("www-authenticate", challenge),
    );
    listed.answers_with(
        "https://gitlab.acme.example/api/v4/groups/team/registry/repositories?per_page=100&page=1",
        json!([{"path": "team/charts/nginx"}]),
        &[("link", r#"<https://gitlab.acme.example/api/v4/groups/team/registry/repositories?page=1&per_page=100>; rel="first""#)],
    );
    listed.lists(&["team/charts/nginx"]);
    let knock = &listed.registry.log()[0];
    assert_eq!(knock.authorization, None);
}

/// <https://docs.docker.com/reference/api/hub/latest/>, "List repositories".
#[test]
fn docker_hub_lists_what_is_public_without_credentials() {
    let listed = Listed::new(&[("REGISTRY", "docker.io/acme")]);
    let page = |name: &str, next: Option<&str>| {
        json!({
            "count": 2, "next": next, "previous": null,
            "results": [{"name": name, "namespace": "acme", "repository_type": "image", "is_private": false, "pull_count": 1}],
        })
    };
    listed.answers("page=2&page_size=100", page("web", None));
    listed.answers(
        "page_size=100",
        page(
            "nginx",
            Some("https://hub.docker.com/v2/namespaces/acme/repositories?page=2&page_size=100"),
        ),
    );
    listed.lists(&["acme/nginx", "acme/web"]);
    let address = "https://hub.docker.com/v2/namespaces/acme/repositories";
    assert_eq!(
        listed.calls(),
        [
            format!("GET {address}?page_size=100 -"),
            format!("GET {address}?page=2&page_size=100 -"),
        ]
    );
}

#[test]
fn docker_hub_exchanges_a_password_once_in_a_while() {
    let listed = Listed::with_password(&[("REGISTRY", "docker.io/acme")]);
    listed.answers(
        "POST https://hub.docker.com/v2/auth/token",
        json!({"access_token": "jwt"}),
    );
    listed.answers(
        "/v2/namespaces/acme/repositories",
        json!({"count": 1, "next": null, "results": [{"name": "secret", "namespace": "acme"}]}),
    );
    listed.lists(&["acme/secret"]);
    listed.lists(&["acme/secret"]);
    let list =
        "GET https://hub.docker.com/v2/namespaces/acme/repositories?page_size=100 Bearer jwt";
    let login = "POST https://hub.docker.com/v2/auth/token -";
    assert_eq!(listed.calls(), [login, list, list]);
    listed.clock.advance(std::time::Duration::from_mins(6));
    listed.lists(&["acme/secret"]);
    assert_eq!(listed.calls()[3..], [login, list]);
}

/// A token that the API knows no more is not shown again.
#[test]
fn docker_hub_forgets_a_token_that_is_refused() {
    let listed = Listed::with_password(&[("REGISTRY", "docker.io/acme")]);
    listed.answers("/v2/auth/token", json!({"access_token": "jwt"}));
    listed
        .registry
        .inject("/v2/namespaces/", Some(1), Fault::status(401));
    listed.answers("/v2/namespaces/", json!({"results": []}));
    assert_eq!(listed.page(None).unwrap_err().kind(), Kind::Denied(401));
    listed.lists(&[]);
    assert_eq!(listed.registry.calls_to("/v2/auth/token"), 2);
}

/// <https://docs.quay.io/api/swagger/>, `listRepos`.
#[test]
fn quay_lists_a_namespace() {
    let listed = Listed::new(&[("REGISTRY", "quay.io/acme")]);
    let page = |name: &str| json!({"namespace": "acme", "name": name, "description": null, "is_public": true, "kind": "image", "state": "NORMAL"});
    listed.answers(
        "next_page=gAAAAAB%2B%3D",
        json!({"repositories": [page("web")]}),
    );
    listed.answers(
        "/api/v1/repository?namespace=acme&public=true",
        json!({"repositories": [page("nginx")], "next_page": "gAAAAAB+="}),
    );
    listed.lists(&["acme/nginx", "acme/web"]);
    let address = "https://quay.io/api/v1/repository?namespace=acme&public=true";
    assert_eq!(
        listed.calls(),
        [
            format!("GET {address} -"),
            format!("GET {address}&next_page=gAAAAAB%2B%3D -"),
        ]
    );
}

#[test]
fn quay_takes_an_oauth_token() {
    let listed = Listed::with_password(&[
        ("REGISTRY", "quay.io/acme"),
        ("REGISTRY_USERNAME", "$oauthtoken"),
    ]);
    let listed = Listed {
        source: Source {
            credentials: Credentials::Basic {
                username: "$oauthtoken".into(),
                password: "hunter2".into(),
            },
            ..listed.source
        },
        ..listed
    };
    listed.answers("/api/v1/repository", json!({"repositories": []}));
    listed.lists(&[]);
    assert_eq!(
        listed.registry.log()[0].authorization.as_deref(),
        Some(BEARER)
    );
}

/// To robot accounts Quay's API is closed: it would show them what is public, and nothing else.
#[test]
fn quay_lists_the_catalog_to_robot_accounts() {
    let listed = Listed::with_password(&[("REGISTRY", "quay.io/acme")]);
    listed
        .registry
        .push_version("acme/secret", "secret", "1.0.0");
    listed.lists(&["acme/secret"]);
    assert!(
        listed
            .calls()
            .iter()
            .all(|call| call.contains("/v2/_catalog"))
    );
}
