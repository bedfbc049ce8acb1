//! Amazon's registries make no repository by themselves. The answers are those of "Amazon Elastic Container Registry API
//! Reference", `CreateRepository`.

use std::rc::Rc;

use serde_json::json;

use super::*;
use crate::secret::BASE64;
use crate::testing::{Auth, FakeRegistry, Fault, World, config};
use base64::Engine as _;

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const CREATE: &str = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalr"),
    ("AUTH_ANONYMOUS_GET", "true"),
    ("ADMIN_TOKEN", "t0ken"),
];

/// Amazon's registry, which has no repository `charts/web`, and its API, which the first fake answers for.
fn museum() -> (Museum, Rc<FakeRegistry>) {
    let place = format!("{ECR}/charts");
    let world = World {
        config: config(&[[("REGISTRY", place.as_str())].as_slice(), &KEYS].concat()),
        ..World::new()
    };
    let ecr = world.registry.beside(ECR);
    ecr.set_auth(Auth::basic("AWS", "first"));
    let token = BASE64.encode("AWS:first");
    let answers = [
        (
            "GetAuthorizationToken",
            json!({"authorizationData": [{"authorizationToken": token, "expiresAt": 4_000_000_000_u64}]}),
        ),
        ("DescribeRepositories", json!({"repositories": []})),
    ];
    for (operation, answer) in answers {
        let fault = Fault::status(200).body(answer.to_string());
        world.registry.inject(operation, None, fault);
    }
    let museum = Museum::of(world);
    ecr.inject(
        &format!("POST https://{ECR}/v2/charts/web/blobs/uploads/"),
        Some(1),
        Fault::error(
            404,
            "NAME_UNKNOWN",
            "The repository with name 'charts/web' does not exist in the registry with id '123456789012'",
        ),
    );
    (museum, ecr)
}

#[test]
fn a_repository_is_made_where_an_access_key_may() {
    let made = json!({"repository": {"registryId": "123456789012", "repositoryName": "charts/web", "repositoryUri": format!("{ECR}/charts/web"), "createdAt": 1_767_225_600.5, "imageTagMutability": "MUTABLE"}});
    let there = json!({"__type": "RepositoryAlreadyExistsException", "message": "The repository with name 'charts/web' already exists in the registry with id '123456789012'"});
    for answer in [
        Fault::status(200).body(made.to_string()),
        // Somebody else was first.
        Fault::status(400).body(there.to_string()),
    ] {
        let (museum, ecr) = museum();
        museum.world.registry.inject(CREATE, None, answer);
        let web = chart("web", "1.0.0", "");
        let answer = museum.post("/api/charts", web);
        assert_eq!(status(&answer), 201, "{}", show(&answer));
        assert!(ecr.tagged("charts/web", "1.0.0").is_some());
        let calls = museum.world.registry.log().into_iter();
        let bodies: Vec<String> = calls
            .map(|call| String::from_utf8(call.body.to_vec()).unwrap())
            .filter(|body| body.contains("repositoryName"))
            .collect();
        assert_eq!(
            bodies,
            [r#"{"registryId":"123456789012","repositoryName":"charts/web"}"#]
        );
    }
}

#[test]
fn a_key_that_may_not_is_told_what_to_allow() {
    for (kind, expected) in [
        (
            "AccessDeniedException",
            "502 the registry ECR has no repository charts/web, and did not make it (DENIED): create it there first, or allow ecr:CreateRepository",
        ),
        (
            "LimitExceededException",
            "502 the registry ECR has no repository charts/web, and did not make it (400): create it there first, or allow ecr:CreateRepository",
        ),
        (
            "ThrottlingException",
            "503 the registry api.ecr.eu-west-1.amazonaws.com asks to slow down (creating a repository)",
        ),
    ] {
        let (museum, ecr) = museum();
        let refusal = json!({"__type": kind, "message": "no"}).to_string();
        let refusal = Fault::status(400).body(refusal);
        museum.world.registry.inject(CREATE, None, refusal);
        let answer = museum.post("/api/charts", chart("web", "1.0.0", ""));
        assert_eq!(
            error(&answer),
            expected
                .replace("ECR", ECR)
                .replace(&format!("{ECR}:Create"), "ecr:Create"),
            "{kind}"
        );
        assert_eq!(ecr.calls_to("PUT "), 0);
    }
}

/// With a password there is no API.
#[test]
fn with_a_password_it_is_to_be_created() {
    let place = format!("{ECR}/charts");
    let login = [
        ("REGISTRY", place.as_str()),
        ("REGISTRY_USERNAME", "AWS"),
        ("REGISTRY_PASSWORD", "first"),
        ("AUTH_ANONYMOUS_GET", "true"),
        ("ADMIN_TOKEN", "t0ken"),
    ];
    let world = World {
        config: config(&login),
        ..World::new()
    };
    let ecr = world.registry.beside(ECR);
    ecr.set_auth(Auth::basic("AWS", "first"));
    let museum = Museum::of(world);
    let missing = Fault::error(404, "NAME_UNKNOWN", "not there");
    ecr.inject("blobs/uploads/", None, missing);
    let answer = museum.post("/api/charts", chart("web", "1.0.0", ""));
    assert_eq!(
        error(&answer),
        format!(
            "502 the registry {ECR} has no repository charts/web and makes none by itself: create it there first"
        )
    );
}
