//! The clouds, with their keys.

use super::*;
use crate::testing::{Blobs, TokenAuth};

/// An access key, and nothing else, from the list to the download; the next day, too.
#[test]
fn amazon_ecr() {
    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let mut world = World::with(&[
        ("REGISTRY", &format!("{HOST}/charts")),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalr"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    world.registry = FakeRegistry::at(HOST, &world.clock);
    let day = |world: &World, password: &str| {
        use base64::Engine as _;
        let token = base64::engine::general_purpose::STANDARD.encode(format!("AWS:{password}"));
        let end = world.clock.now().after(Duration::from_hours(12)).0 / 1000;
        let reply = json!({"authorizationData": [{"authorizationToken": token, "expiresAt": end, "proxyEndpoint": format!("https://{HOST}")}]});
        world.registry.heal();
        answers(
            world,
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            &reply,
            None,
        );
        let uri = format!("{HOST}/charts/a");
        answers(
            world,
            "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
            &json!({"repositories": [{"repositoryName": "charts/a", "repositoryUri": uri}]}),
            None,
        );
        world.registry.set_auth(Auth::basic("AWS", password));
    };
    day(&world, "monday");
    world.registry.push_version("charts/a", "a", "1.0.0");
    assert_eq!(world.pass().faults, 0);
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    assert_eq!(get(&world, "charts/a-1.0.0.tgz").status(), 200);
    // The catalog's object and the isolate that serves a download have a memory each; a list is asked for with the key itself.
    assert_eq!(world.registry.calls_to("POST "), 3);
    world.clock.advance(Duration::from_hours(12));
    day(&world, "tuesday");
    world.registry.push_version("charts/a", "a", "2.0.0");
    assert_eq!(world.pass().faults, 0);
    world.rest();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
    assert_eq!(world.registry.calls_to("POST "), 5);
    assert_eq!(world.registry.calls_to("_catalog"), 0);
    for call in world.registry.log() {
        let shown = call.authorization.unwrap_or_default();
        let own = call.url.starts_with(&format!("https://{HOST}/"));
        assert!(!shown.contains("wJalr"), "the secret key is never sent");
        assert_eq!(own, !shown.starts_with("AWS4-HMAC-SHA256 "), "{}", call.url);
    }
}

/// What an account has in ECR Public, by its alias.
#[test]
fn amazon_ecr_public() {
    let mut world = World::with(&[
        ("REGISTRY", "public.ecr.aws/acme"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalr"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    world.registry = FakeRegistry::at("public.ecr.aws", &world.clock);
    world.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://public.ecr.aws/token/".to_owned(),
        user: Some(("AWS".to_owned(), "monday".to_owned())),
        opaque_scope: Some("aws".to_owned()),
        ..TokenAuth::default()
    }));
    let end = world.clock.now().after(Duration::from_hours(12)).0 / 1000;
    answers(
        &world,
        "POST https://api.ecr-public.us-east-1.amazonaws.com/ SpencerFrontendService.GetAuthorizationToken",
        // AWS:monday
        &json!({"authorizationData": {"authorizationToken": "QVdTOm1vbmRheQ==", "expiresAt": end}}),
        None,
    );
    answers(
        &world,
        "POST https://api.ecr-public.us-east-1.amazonaws.com/ SpencerFrontendService.DescribeRepositories",
        &json!({"repositories": [{"registryId": "123456789012", "repositoryName": "charts/a", "repositoryUri": "public.ecr.aws/acme/charts/a"}]}),
        None,
    );
    served(&world, &["acme/charts/a"]);
}

const SERVICE_ACCOUNT: &str = include_str!("../../../../tests/fixtures/service-account.json");

/// A service account's key, and nothing else, from the list to the download; the key itself is sent nowhere.
#[test]
fn google() {
    let mut world = World::with(&[
        ("REGISTRY", "europe-docker.pkg.dev/acme-project/charts"),
        ("GOOGLE_CREDENTIALS", SERVICE_ACCOUNT),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    world.registry = FakeRegistry::at("europe-docker.pkg.dev", &world.clock);
    world.registry.set_blobs(Blobs::Relative(302));
    world.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://europe-docker.pkg.dev/v2/token".to_owned(),
        user: Some(("oauth2accesstoken".to_owned(), "ya29.access".to_owned())),
        ..TokenAuth::default()
    }));
    answers(
        &world,
        "POST https://oauth2.googleapis.com/token",
        &json!({"access_token": "ya29.access", "expires_in": 3599, "token_type": "Bearer"}),
        None,
    );
    let packages = "https://artifactregistry.googleapis.com/v1/projects/acme-project/locations/europe/repositories/charts/packages?pageSize=1000";
    let package = |name: &str| json!({"name": format!("projects/acme-project/locations/europe/repositories/charts/packages/{name}"), "createTime": "2026-01-01T00:00:00Z"});
    answers(
        &world,
        &format!("{packages}&pageToken=a%2Bb%2F%3D"),
        &json!({"packages": [package("team%2Fweb")]}),
        None,
    );
    answers(
        &world,
        packages,
        &json!({"packages": [package("nginx")], "nextPageToken": "a+b/="}),
        None,
    );
    for repository in ["nginx", "team/web"] {
        let name = repository.rsplit('/').next().unwrap();
        let whole = format!("acme-project/charts/{repository}");
        world.registry.push_version(&whole, name, "1.0.0");
    }
    assert_eq!(world.pass().faults, 0);
    world.rest();
    assert_eq!(world.versions(""), ["nginx 1.0.0", "web 1.0.0"]);
    let package = get(&world, "charts/nginx-1.0.0.tgz");
    assert_eq!(package.status(), 302);
    let location = package.headers().get("location").unwrap();
    assert!(
        location
            .to_str()
            .unwrap()
            .starts_with("https://europe-docker.pkg.dev/artifacts-downloads/")
    );
    for call in world.registry.log() {
        let own = ["europe-docker.pkg.dev", "artifactregistry.googleapis.com"]
            .contains(&call.host().as_str());
        assert!(own || !call.shows("ya29.access"), "{call:?}");
        assert!(
            !call.shows("PRIVATE KEY") && call.host() != "evil.example",
            "{call:?}"
        );
    }
    // The catalog's object and the isolate that serves a download have a memory each.
    assert_eq!(world.registry.calls_to("oauth2.googleapis.com"), 2);
}

/// A service principal, and nothing else, from the list to the download.
#[test]
fn azure() {
    let mut world = World::with(&[
        ("REGISTRY", "acme.azurecr.io/charts"),
        ("AZURE_TENANT_ID", "acme.onmicrosoft.com"),
        ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    world.registry = FakeRegistry::at("acme.azurecr.io", &world.clock);
    world.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://acme.azurecr.io/oauth2/token".to_owned(),
        user: Some(("nobody".to_owned(), "nothing".to_owned())),
        refresh_token: Some("acr-refresh".to_owned()),
        expires_in: None,
        metadata_read: true,
        ..TokenAuth::default()
    }));
    answers(
        &world,
        "POST https://login.microsoftonline.com/acme.onmicrosoft.com/oauth2/v2.0/token",
        &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "entra-access"}),
        None,
    );
    answers(
        &world,
        "POST https://acme.azurecr.io/oauth2/exchange",
        &json!({"refresh_token": "acr-refresh"}),
        None,
    );
    world
        .registry
        .push_version("charts/nginx", "nginx", "1.0.0");
    assert_eq!(world.pass().faults, 0);
    world.rest();
    assert_eq!(world.versions(""), ["nginx 1.0.0"]);
    assert_eq!(get(&world, "charts/nginx-1.0.0.tgz").status(), 200);
    for call in world.registry.log() {
        let entra = call.host() == "login.microsoftonline.com";
        assert_eq!(entra, call.shows("hunter2"), "{call:?}");
        assert!(!entra || !call.shows("acr-refresh"), "{call:?}");
        let exchange = call.url.ends_with("/oauth2/exchange");
        assert_eq!(exchange, call.shows("entra-access"), "{call:?}");
    }
    assert_eq!(world.registry.calls_to("login.microsoftonline.com"), 2);
}
