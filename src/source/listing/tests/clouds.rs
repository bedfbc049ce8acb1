//! The APIs of Amazon and Google, which keys open.

use super::*;

const KEY: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalr"),
    ("AUTH_ANONYMOUS_GET", "true"),
];
const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const DESCRIBE: &str = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
const SERVICE_ACCOUNT: &str = include_str!("../../../../tests/fixtures/service-account.json");
const GOOGLE: [(&str, &str); 2] = [
    ("REGISTRY", "europe-docker.pkg.dev/acme-project/charts"),
    ("AUTH_ANONYMOUS_GET", "true"),
];

fn bodies(listed: &Listed) -> Vec<String> {
    let calls = listed.registry.log().into_iter();
    calls
        .map(|call| String::from_utf8(call.body.to_vec()).unwrap())
        .collect()
}

/// `DescribeRepositories`, with the account that the host names: a key may be of another one.
#[test]
fn amazon_describes_the_repositories_of_the_account() {
    let listed = Listed::new(&[&[("REGISTRY", ECR)], KEY.as_slice()].concat());
    let one = |name: &str| json!({"registryId": "123456789012", "repositoryName": name, "repositoryUri": format!("{ECR}/{name}"), "createdAt": 1_767_225_600.5});
    listed.registry.inject(
        DESCRIBE,
        Some(1),
        Fault::status(200).body(
            json!({"repositories": [one("charts/a"), one("app")], "nextToken": "a+/=&b"})
                .to_string(),
        ),
    );
    listed.answers(DESCRIBE, json!({"repositories": [one("charts/b")]}));
    listed.lists(&["charts/a", "app", "charts/b"]);
    assert_eq!(
        bodies(&listed),
        [
            r#"{"maxResults":1000,"registryId":"123456789012"}"#,
            r#"{"maxResults":1000,"nextToken":"a+/=&b","registryId":"123456789012"}"#,
        ]
    );
    for call in listed.registry.log() {
        assert_eq!(call.url, "https://api.ecr.eu-west-1.amazonaws.com/");
        assert!(!call.shows("wJalr"));
    }
}

#[test]
fn what_amazon_refuses_is_told_with_what_helps() {
    let listed = Listed::new(&[&[("REGISTRY", ECR)], KEY.as_slice()].concat());
    for (kind, expected) in [
        ("AccessDeniedException", Kind::Denied(400)),
        ("UnrecognizedClientException", Kind::Denied(400)),
        ("ThrottlingException", Kind::Throttled),
        ("RepositoryNotFoundException", Kind::Unsupported),
    ] {
        listed.registry.heal();
        listed.fails(
            DESCRIBE,
            Fault::status(400).body(json!({"__type": kind, "message": "no"}).to_string()),
        );
        let error = listed.page(None).unwrap_err();
        assert_eq!(error.kind(), expected, "{kind}");
        let told = error.public().contains("AWS_ACCESS_KEY_ID");
        assert_eq!(told, expected != Kind::Throttled, "{}", error.public());
    }
}

#[test]
fn what_is_no_list_of_amazons_is_a_clear_fault() {
    for body in [
        "<html>",
        "",
        "{}",
        "[]",
        r#"{"repositories":null}"#,
        r#"{"__type":"ServerException"}"#,
        // Of another registry.
        r#"{"repositories":[{"repositoryUri":"evil.example/charts/a"}]}"#,
    ] {
        let listed = Listed::new(&[&[("REGISTRY", ECR)], KEY.as_slice()].concat());
        listed.answers(DESCRIBE, body);
        assert_eq!(
            listed.page(None).unwrap_err().kind(),
            Kind::Garbage,
            "{body}"
        );
    }
    let listed = Listed::new(&[&[("REGISTRY", ECR)], KEY.as_slice()].concat());
    listed.fails(
        DESCRIBE,
        Fault::status(307).header("location", "https://evil.example/"),
    );
    assert_eq!(listed.page(None).unwrap_err().kind(), Kind::Garbage);
    assert_eq!(listed.registry.calls(), 1);
}

fn tokens(listed: &Listed) -> &Listed {
    listed.answers(
        "POST https://oauth2.googleapis.com/token",
        json!({"access_token": "ya29.access", "expires_in": 3599}),
    )
}

/// With a service account, with its key as a password of the registry, and with an access token made elsewhere.
#[test]
fn google_takes_each_of_its_credentials() {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(SERVICE_ACCOUNT);
    let user = |user, password| vec![("REGISTRY_USERNAME", user), ("REGISTRY_PASSWORD", password)];
    for (credentials, exchanges) in [
        (vec![("GOOGLE_CREDENTIALS", SERVICE_ACCOUNT)], 1),
        (vec![("GOOGLE_CREDENTIALS", packed.as_str())], 1),
        (user("_json_key", SERVICE_ACCOUNT), 1),
        (user("_json_key_base64", packed.as_str()), 1),
        (user("oauth2accesstoken", "ya29.access"), 0),
    ] {
        let listed = Listed::new(&[GOOGLE.as_slice(), &credentials].concat());
        tokens(&listed).answers(
            "GET https://artifactregistry.googleapis.com/",
            json!({"packages": [{"name": "projects/p/locations/l/repositories/r/packages/a%2Fb"}]}),
        );
        listed.lists(&["acme-project/charts/a/b"]);
        listed.lists(&["acme-project/charts/a/b"]);
        assert_eq!(listed.registry.calls_to("POST "), exchanges);
        let last = listed.registry.log().pop().unwrap();
        assert_eq!(last.authorization.as_deref(), Some("Bearer ya29.access"));
    }
}

#[test]
fn where_googles_packages_are() {
    for (place, path, name) in [
        (
            "us-central1-docker.pkg.dev/p/r/team",
            "p/locations/us-central1/repositories/r/",
            "p/r/a",
        ),
        ("gcr.io/p", "p/locations/us/repositories/gcr.io/", "p/a"),
        (
            "eu.gcr.io/p/charts",
            "p/locations/europe/repositories/eu.gcr.io/",
            "p/a",
        ),
    ] {
        let listed = Listed::new(&[("REGISTRY", place)]);
        listed.answers(
            &format!("GET https://artifactregistry.googleapis.com/v1/projects/{path}packages?"),
            json!({"packages": [{"name": "projects/p/packages/a"}]}),
        );
        listed.lists(&[name]);
    }
    // No packages yet.
    let listed = Listed::new(&GOOGLE);
    listed.answers("artifactregistry", "{}");
    listed.lists(&[]);
}

#[test]
fn what_google_refuses_is_told_and_the_token_not_kept() {
    let listed = Listed::new(
        &[
            GOOGLE.as_slice(),
            &[("GOOGLE_CREDENTIALS", SERVICE_ACCOUNT)],
        ]
        .concat(),
    );
    tokens(&listed).fails(
        "artifactregistry",
        Fault::status(403).body(r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#),
    );
    for exchanges in [1, 2] {
        let error = listed.page(None).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied(403));
        assert!(error.public().contains("Artifact Registry Reader"));
        assert_eq!(listed.registry.calls_to("POST "), exchanges);
    }
    // A list with status 200 that is an error is none.
    for body in [
        r#"{"error":{"code":401,"status":"UNAUTHENTICATED"}}"#,
        "<html>",
        "",
        "[]",
        r#"{"packages":[{"name":"nothing"}]}"#,
    ] {
        listed.registry.heal();
        tokens(&listed).answers("artifactregistry", body);
        assert_eq!(
            listed.page(None).unwrap_err().kind(),
            Kind::Garbage,
            "{body}"
        );
    }
}
