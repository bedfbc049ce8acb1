use http::Uri;
use http::header::{AUTHORIZATION, VARY};

use super::*;
use crate::serve::Handled;
use crate::serve::tests::{ADMIN, PRIVATE, PUBLIC, READER, Say, World, error, show, status};
use crate::testing::{Signer, request};

/// What becomes of a request to this URL.
fn sent(world: &World, url: &str, headers: &[(HeaderName, &str)]) -> Handled<bytes::Bytes> {
    let mut request = request("GET", "/", headers, "");
    *request.uri_mut() = url.parse::<Uri>().unwrap();
    world.serve(&world.registry, &world.catalog, &world.memory, request)
}

const PLAIN: &str =
    "403 credentials are not taken over plain http: use https, and change what was sent";

/// Helm sends its password with the first request: what comes so may be known to others, and is not looked at, right or wrong.
#[test]
fn credentials_over_plain_http_are_refused() {
    let world = World::of(PRIVATE);
    world.publish_index("", "index");
    world.limits.set(0);
    let wrong = (AUTHORIZATION, "Basic aGVsbTp3cm9uZw==");
    let assertion = (HeaderName::from_static("cf-access-jwt-assertion"), "x.y.z");
    for path in ["/index.yaml", "/", "/info", "/team/charts/a-1.tgz"] {
        for shown in [READER, wrong.clone(), ADMIN, assertion.clone()] {
            let handled = sent(&world, &format!("http://charts.example{path}"), &[shown]);
            assert_eq!(error(&handled.response), PLAIN, "{path}");
            let refused = handled
                .audit
                .is_none_or(|line| (line.outcome, line.account) == ("refused", None));
            assert!(refused, "{path}");
        }
    }
    // Nobody is asked for credentials there.
    assert_eq!(
        error(&sent(&world, "http://charts.example/index.yaml", &[]).response),
        PLAIN
    );
    assert_eq!(
        status(&sent(&world, "http://charts.example/health", &[]).response),
        200
    );
    assert_eq!(world.documents.gets(), 0);
    // On this machine nobody listens, and behind a server that encrypts neither.
    for here in [
        "localhost:8787",
        "charts.localhost",
        "127.0.0.1:8787",
        "127.8.9.1",
        "[::1]:8787",
        "LOCALHOST.",
    ] {
        let told = sent(&world, &format!("http://{here}/index.yaml"), &[READER]);
        assert_eq!(status(&told.response), 200, "{here}");
    }
    let forwarded = |scheme| {
        [
            (HeaderName::from_static("x-forwarded-proto"), scheme),
            READER,
        ]
    };
    let told = |scheme| {
        status(
            &sent(
                &world,
                "http://charts.example/index.yaml",
                &forwarded(scheme),
            )
            .response,
        )
    };
    assert_eq!(
        (told("https"), told("http"), told("https, http")),
        (200, 403, 403)
    );
    for there in [
        "localhost.example",
        "128.0.0.1",
        "192.168.0.2:8787",
        "[2001:db8::1]",
        "notlocalhost",
    ] {
        let told = sent(&world, &format!("http://{there}/index.yaml"), &[READER]);
        assert_eq!(error(&told.response), PLAIN, "{there}");
    }
}

/// What anyone may read has no secret.
#[test]
fn what_is_public_is_had_by_plain_http() {
    let world = World::of(&[PUBLIC, &[("ADMIN_TOKEN", "t0ken")]].concat());
    world.publish_index("", "index");
    let url = "http://charts.example/index.yaml";
    assert_eq!(status(&sent(&world, url, &[]).response), 200);
    assert_eq!(status(&sent(&world, url, &[ADMIN]).response), 403);
    // Where nobody has an account, what somebody shows is none's.
    let open = World::of(PUBLIC);
    open.publish_index("", "index");
    assert_eq!(status(&sent(&open, url, &[READER]).response), 200);
}

#[test]
fn who_came_by_https_is_to_come_by_it_again() {
    let world = World::of(PRIVATE);
    let wrong = World::of(&[("REGISTRY_PASSWORD", "hunter2")]);
    for world in [&world, &wrong] {
        for path in ["/", "/index.yaml", "/nothing", "/info", "/health"] {
            let told = |origin: &str| {
                let handled = sent(world, &format!("{origin}{path}"), &[]);
                let value = handled.response.headers().get(STRICT_TRANSPORT_SECURITY);
                value.map(|value| value.to_str().unwrap().to_owned())
            };
            assert_eq!(
                told("https://charts.example").as_deref(),
                Some("max-age=31536000")
            );
            for other in [
                "http://charts.example",
                "https://localhost:8787",
                "https://127.0.0.1",
                "http://localhost",
            ] {
                assert_eq!(told(other), None, "{other}{path}");
            }
        }
    }
}

#[test]
fn a_second_door_is_told() {
    let world = World::of(PRIVATE);
    world.say([Say::Answer(serde_json::json!({ "warnings": ["another"] }))]);
    let warnings = || {
        let told = show(&sent(&world, "https://charts.example/info", &[ADMIN]).response);
        let (_, body) = told.split_once("\n\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["warnings"].clone()
    };
    assert_eq!(warnings(), serde_json::json!(["another"]));
    for here in ["http://localhost:8787/", "https://charts.example/"] {
        assert_eq!(sent(&world, here, &[]).warning, None);
    }
    assert_eq!(warnings(), serde_json::json!(["another"]));
    let expected = "asked as portolan.acme.workers.dev beside charts.example: set workers_dev = false in wrangler.toml, or portolan.acme.workers.dev stays a second door";
    let second = || sent(&world, "https://portolan.acme.workers.dev/health", &[]).warning;
    assert_eq!(second().as_deref(), Some(expected));
    assert_eq!(second(), None, "once in the log of an isolate");
    assert_eq!(warnings(), serde_json::json!(["another", expected]));
    // One alone is no second.
    let alone = World::of(PRIVATE);
    for _ in 0..2 {
        let handled = sent(&alone, "https://portolan.acme.workers.dev/health", &[]);
        assert_eq!(handled.warning, None);
    }
}

/// Whoever comes through Cloudflare Access shows no `Authorization`, and would be given what a cache keeps for another.
#[test]
fn what_an_answer_depends_on_is_told_to_caches() {
    let issuer = serde_json::json!({ "access": {
        "issuer": "https://acme.cloudflareaccess.com", "audience": "charts",
        "key": Signer::ed25519("a").jwk().to_string(), "scope": true,
    } });
    let issuer = issuer.to_string();
    let issuers = ("JWT_ISSUERS", issuer.as_str());
    let public = (
        "ACCOUNTS",
        r#"{"anonymous": {"read": "public/**"}, "a": {"token": "the-token-of-a", "read": true}}"#,
    );
    let registry = ("REGISTRY", "registry.example/charts");
    for (settings, headers, vary) in [
        (PRIVATE.to_vec(), vec![READER], Some("authorization")),
        (
            [PRIVATE, &[issuers]].concat(),
            vec![READER],
            Some("authorization, cf-access-jwt-assertion"),
        ),
        (
            vec![registry, public],
            vec![(AUTHORIZATION, "Bearer the-token-of-a")],
            Some("authorization"),
        ),
        (
            vec![registry, public, issuers],
            vec![(AUTHORIZATION, "Bearer the-token-of-a")],
            Some("authorization, cf-access-jwt-assertion"),
        ),
        (PUBLIC.to_vec(), vec![], None),
    ] {
        let world = World::of(&settings);
        world.publish_index("", "index");
        for more in [vec![], vec![(http::header::IF_NONE_MATCH, "*")]] {
            let answer = world.get_with("/index.yaml", &[headers.clone(), more].concat());
            assert!(matches!(status(&answer), 200 | 304));
            let told = answer
                .headers()
                .get(VARY)
                .map(|value| value.to_str().unwrap());
            assert_eq!(told, vary);
            let policy = answer.headers()["cache-control"].to_str().unwrap();
            assert_eq!(policy.contains("public"), vary.is_none());
        }
    }
}
