//! The status and the sentence of each.

use super::*;

fn all() -> Vec<Error> {
    let host = || "registry.example".to_owned();
    vec![
        Error::NotFound(Missing::Path),
        Error::NotFound(Missing::Space),
        Error::NotFound(Missing::File),
        Error::NotFound(Missing::Webhook),
        Error::NotFound(Missing::Gone),
        Error::MethodNotAllowed { allow: "GET, HEAD" },
        Error::Unauthorized(Door::Charts),
        Error::Forbidden("push"),
        Error::Closed("ADMIN_TOKEN"),
        Error::CrossSite,
        Error::PlainHttp,
        Error::KeysMissing {
            issuer: "SECRET".into(),
            retry_after: 10,
        },
        Error::TooManyRequests("wrong credentials"),
        Error::BadRequest("the body is not a notification"),
        Error::Refused("the package is refused: package holds no Chart.yaml".into()),
        Error::Conflict("file already exists".into()),
        Error::Locked,
        Error::ReadOnly,
        Error::NotAcceptable,
        Error::TooMany,
        Error::Unreadable("archive holds an unreadable path".into()),
        Error::Undeletable { host: host() },
        Error::TooLarge(1024),
        Error::TooSlow,
        Error::Registry {
            host: host(),
            fault: "denied access (401)".into(),
            detail: "SECRET".into(),
            retry_after: None,
        },
        Error::Throttled {
            host: host(),
            step: Some("writing a blob".into()),
            retry_after: 30,
        },
        Error::NoRedirect { host: host() },
        Error::NotSynced("registry.example: listing tags: answered 403".into()),
        Error::NotReady {
            progress: "1,234 of about 5,000 tags".into(),
            retry_after: 10,
        },
        Error::NotPublished(60),
        Error::Busy,
        Error::Catalog("SECRET".into()),
        Error::Internal("SECRET".into()),
        Error::Configuration {
            names: "REGISTRY".into(),
            detail: "SECRET".into(),
        },
    ]
}

#[test]
fn every_outcome_has_one_status_and_message() {
    let told: Vec<String> = all()
        .iter()
        .map(|e| format!("{} {}", e.status().as_u16(), e.public_message()))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
        404 there is nothing at this path
        404 there are no charts below this path
        404 there is no such file in this repository
        404 there is no such kind of webhook
        404 the registry no longer has this superseded package
        405 only GET, HEAD here
        401 credentials are missing or wrong
        403 this account lacks the right push
        403 closed: ADMIN_TOKEN is not set
        403 a page of another site may not ask for that
        403 credentials are not taken over plain http: use https, and change what was sent
        503 whether this token is genuine cannot be told now: its issuer does not give its keys
        429 too many requests: wrong credentials
        400 the body is not a notification
        400 the package is refused: package holds no Chart.yaml
        409 file already exists
        423 somebody else is writing this version
        403 closed: READ_ONLY is set
        406 answers are application/json
        507 these are too many to be told at once: ask for fewer by limit
        500 the package cannot be looked into: archive holds an unreadable path
        501 the registry registry.example deletes nothing: enable deletion there (distribution: storage.delete.enabled)
        413 the body is larger than 1024 bytes
        408 the body stopped for half a minute, or came slower than 16 KiB a second
        502 the registry registry.example denied access (401)
        503 the registry registry.example asks to slow down (writing a blob)
        502 the registry registry.example does not redirect downloads: set DOWNLOAD to auto or stream
        502 not synced: registry.example: listing tags: answered 403
        503 the first sync is still running: 1,234 of about 5,000 tags
        504 not published within 60 seconds; the sync goes on
        503 too many requests at once: come again in a moment
        503 the catalog did not answer
        500 something went wrong here
        500 these settings are wrong: REGISTRY
    ");
}

#[test]
fn every_429_and_503_says_when_to_come_again() {
    for error in all() {
        if matches!(error.status().as_u16(), 429 | 503) {
            assert!(error.retry_after().is_some(), "{error}");
        }
    }
}

#[test]
fn details_stay_inside() {
    for error in all() {
        assert!(!error.public_message().contains("SECRET"), "{error}");
    }
}
