use proptest::prelude::*;

use std::time::Duration;

use super::*;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn status(
    operation: Operation,
    status: u16,
    code: Option<&str>,
    retry_after: Option<RetryAfter>,
) -> Error {
    let code = code.map(str::to_owned);
    Error::Status {
        host: "registry.example".to_owned(),
        operation,
        status,
        code,
        retry_after,
    }
}

fn fetch(source: FetchError) -> Error {
    Error::Fetch {
        host: "registry.example".to_owned(),
        operation: Operation::ListingTags,
        source,
    }
}

fn refused(what: Refusal) -> Error {
    Error::Refused {
        host: "registry.example".to_owned(),
        operation: Operation::ReadingBlob,
        what,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn kinds_and_public_words() {
    use Operation::{AskingForToken, FollowingRedirect, ListingTags};
    let soon = Some(RetryAfter::Seconds(5));
    for (error, kind, public) in [
        (
            status(ListingTags, 401, None, None),
            Kind::Denied(401),
            "denied access (401)",
        ),
        (
            status(ListingTags, 403, Some("DENIED"), None),
            Kind::Denied(403),
            "denied access (403)",
        ),
        (
            status(AskingForToken, 401, None, None),
            Kind::Denied(401),
            "denied access (401)",
        ),
        (
            status(ListingTags, 404, None, None),
            Kind::NotFound,
            "does not have it",
        ),
        (
            status(ListingTags, 410, None, None),
            Kind::NotFound,
            "does not have it",
        ),
        (
            status(ListingTags, 429, None, None),
            Kind::Throttled,
            "is limiting requests",
        ),
        (
            status(ListingTags, 403, Some("TOOMANYREQUESTS"), None),
            Kind::Throttled,
            "is limiting requests",
        ),
        (
            status(ListingTags, 503, None, soon),
            Kind::Throttled,
            "is limiting requests",
        ),
        (
            status(ListingTags, 503, None, None),
            Kind::Unavailable,
            "answered 503",
        ),
        (
            status(ListingTags, 500, None, soon),
            Kind::Unavailable,
            "answered 500",
        ),
        (
            status(ListingTags, 599, None, None),
            Kind::Unavailable,
            "answered 599",
        ),
        (
            status(ListingTags, 501, None, None),
            Kind::Unsupported,
            "answered 501",
        ),
        (
            status(ListingTags, 405, Some("UNSUPPORTED"), None),
            Kind::Unsupported,
            "answered 405",
        ),
        (
            status(ListingTags, 400, None, None),
            Kind::Unsupported,
            "answered 400",
        ),
        // A token server that is gone hides a repository, it does not delete it.
        (
            status(AskingForToken, 404, None, None),
            Kind::Unavailable,
            "answered 404",
        ),
        // So does storage that refuses a signature.
        (
            status(FollowingRedirect, 403, None, None),
            Kind::Unavailable,
            "answered 403",
        ),
        (
            status(FollowingRedirect, 404, None, None),
            Kind::Unavailable,
            "answered 404",
        ),
        (
            status(FollowingRedirect, 404, Some("MANIFEST_UNKNOWN"), None),
            Kind::NotFound,
            "does not have it",
        ),
        (
            fetch(FetchError::Transport("reset".to_owned())),
            Kind::Unavailable,
            "could not be reached",
        ),
        (
            fetch(FetchError::Timeout),
            Kind::Unavailable,
            "did not answer in time",
        ),
        (
            fetch(FetchError::TooLarge(5)),
            Kind::Garbage,
            "gave an unusable answer",
        ),
        (
            fetch(FetchError::Budget),
            Kind::Budget,
            "has yet to be asked",
        ),
        (
            refused(Refusal::Realm),
            Kind::Denied(401),
            "denied access (401)",
        ),
        (
            refused(Refusal::TokenRedirect),
            Kind::Denied(401),
            "denied access (401)",
        ),
        (
            refused(Refusal::Location),
            Kind::Garbage,
            "gave an unusable answer",
        ),
        (
            Error::Invalid(Invalid::Manifest("a malformed index")),
            Kind::Garbage,
            "gave an unusable answer",
        ),
    ] {
        assert_eq!(
            (error.kind(), error.public().as_str()),
            (kind, public),
            "{error}"
        );
    }
}

#[test]
fn messages() {
    for (error, message) in [
        (
            status(Operation::ListingTags, 404, Some("NAME_UNKNOWN"), None),
            "registry.example: listing tags: answered 404 (NAME_UNKNOWN)",
        ),
        (
            status(Operation::AskingForToken, 500, None, None),
            "registry.example: asking for a token: answered 500",
        ),
        (
            fetch(FetchError::Timeout),
            "registry.example: listing tags: no answer in time",
        ),
        (
            refused(Refusal::Location),
            "registry.example: reading a blob: redirects to an address that is not followed",
        ),
        (
            refused(Refusal::Realm),
            "registry.example: reading a blob: named a token server that credentials may not be sent to",
        ),
        (
            Error::Garbage {
                host: "registry.example".to_owned(),
                operation: Operation::ReadingManifest,
                what: Garbage::Digest,
            },
            "registry.example: reading a manifest: gave bytes of another digest",
        ),
        (Error::from(Invalid::Name), "not a repository name"),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn retry_after() {
    for (text, expected) in [
        ("0", Some(0)),
        (" 5 ", Some(5)),
        ("120", Some(120)),
        // Nobody sleeps longer than a day.
        ("99999999999999999999999", Some(86_400)),
        ("Thu, 01 Jan 2026 00:01:00 GMT", Some(60)),
        ("Thursday, 01-Jan-26 00:01:00 GMT", Some(60)),
        // The past is now.
        ("Wed, 31 Dec 2025 00:00:00 GMT", Some(0)),
        ("Thu, 01 Jan 2099 00:00:00 GMT", Some(86_400)),
        ("", None),
        ("-5", None),
        ("5s", None),
        ("soon", None),
    ] {
        let at = RetryAfter::parse(text).map(|retry| retry.at(NOW));
        assert_eq!(
            at,
            expected.map(|seconds| NOW.after(Duration::from_secs(seconds))),
            "{text}"
        );
        let error = status(Operation::ListingTags, 429, None, RetryAfter::parse(text));
        assert_eq!(error.retry_after(NOW), at);
    }
    assert_eq!(fetch(FetchError::Timeout).retry_after(NOW), None);
}

#[test]
fn codes() {
    for (body, expected) in [
        (
            r#"{"errors":[{"code":"NAME_UNKNOWN","message":"secret"},{"code":"B"}]}"#,
            Some("NAME_UNKNOWN"),
        ),
        (r#"{"errors":[{"code":"<script>"}]}"#, None),
        (r#"{"errors":[{"code":7}]}"#, None),
        (r#"{"errors":[]}"#, None),
        (r#"{"errors":{}}"#, None),
        (r#"{"message":"no"}"#, None),
        ("<html>", None),
        ("", None),
    ] {
        assert_eq!(code(body.as_bytes()).as_deref(), expected, "{body}");
    }
    let long = format!(r#"{{"errors":[{{"code":"{}"}}]}}"#, "A".repeat(65));
    assert_eq!(code(long.as_bytes()), None);
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*", now in any::<i64>()) {
        if let Some(retry) = RetryAfter::parse(&text) {
            let _ = retry.at(Timestamp(now));
        }
        let _ = RetryAfter::Seconds(u64::MAX).at(Timestamp(now));
        let _ = code(text.as_bytes());
    }
}
