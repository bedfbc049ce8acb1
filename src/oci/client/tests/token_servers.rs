use std::time::Duration;

use futures::future::join_all;

use crate::oci::Kind;
use crate::testing::run;

use super::*;

#[test]
fn the_catalog_has_a_token_of_its_own() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.clear_log();
    done(bench.client().repositories(None)).unwrap();
    assert_eq!(
        bench.sent(),
        [
            "GET /v2/_catalog?n=1000".to_owned(),
            format!("{TOKEN}registry%3Acatalog%3A* [Basic]"),
            "GET /v2/_catalog?n=1000 [token-2]".to_owned()
        ]
    );
}

#[test]
fn quay_opens_the_catalog_without_a_scope() {
    let bench = with_tokens(
        acme(),
        TokenAuth {
            no_catalog_scope: true,
            ..for_acme()
        },
    );
    done(bench.client().repositories(None)).unwrap();
    done(bench.client().repositories(None)).unwrap();
    assert_eq!(
        bench.sent(),
        [
            "GET /v2/_catalog?n=1000".to_owned(),
            format!("{TOKEN}registry%3Acatalog%3A* [Basic]"),
            "GET https://auth.registry.example/token?service=registry.example [Basic]".to_owned(),
            "GET /v2/_catalog?n=1000 [token-1]".to_owned(),
            "GET /v2/_catalog?n=1000 [token-1]".to_owned(),
        ]
    );
}

/// ACR wants `metadata_read` for tags and `pull` for the rest (acr#600).
#[test]
fn tags_may_want_another_scope_than_the_rest() {
    let bench = with_tokens(
        acme(),
        TokenAuth {
            metadata_read: true,
            ..for_acme()
        },
    );
    let both = |repository: &str| {
        done(tags(&bench, repository)).unwrap();
        done(
            bench
                .client()
                .manifest(&name(repository), &tag("1.0.0").into()),
        )
        .unwrap();
        bench.sent().len()
    };
    // The first repository teaches by a knock; that is all it takes.
    assert_eq!(both("acme/nginx"), 5);
    // Then it is one token and one request for each.
    assert_eq!(both("acme/redis"), 4);
    assert_eq!(both("acme/redis"), 2);
}

/// Facts: registries §5.1. Neither the password nor anything else is sent to a realm on another host.
/// CVE-2026-33540 (distribution): no password for a foreign token server.
/// CVE-2026-33540 in distribution; by http:// that of CVE-2019-10214 in containers/image.
#[test]
fn a_foreign_realm_gets_nothing() {
    for (realm, told) in [
        (
            "https://evil.example:8443/token",
            "named a token server at \"evil.example:8443\", which is not asked, as TOKEN_REALMS does not name it",
        ),
        (
            "http://auth.registry.example/token",
            "named a token server that credentials may not be sent to",
        ),
        (
            "https://169.254.169.254/token",
            "named a token server at \"169.254.169.254\", which is not asked, as TOKEN_REALMS does not name it",
        ),
    ] {
        let bench = with_tokens(
            acme(),
            TokenAuth {
                realm: realm.to_owned(),
                ..for_acme()
            },
        );
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("registry.example: listing tags: {told}")
        );
        assert_eq!(error.kind(), Kind::Denied(401));
        assert_eq!(bench.sent(), [TAGS], "{realm}");
    }
}

/// A registry that was taken over would have the password opened for more than it is asked for: for writing, for others'
/// repositories, for everything.
#[test]
fn a_challenge_is_given_what_the_request_needs_and_no_more() {
    for wanted in [
        "repository:acme/nginx:pull,push,delete",
        "repository:acme/nginx:*",
        "repository:acme/secret:pull",
        "repository:acme/nginx:pull repository:acme/secret:pull,push",
        "repository:acme/nginx:pull registry:catalog:*",
        "repository(plugin):acme/nginx:pull",
        "repository:cache/acme/nginx:pull",
        "registry:catalog:*",
        "*",
        "aws",
    ] {
        let bench = with_tokens(
            acme(),
            TokenAuth {
                opaque_scope: Some("*".to_owned()),
                ..for_acme()
            },
        );
        // Also where the realm's own query asks for it.
        let challenge = format!(
            r#"Bearer realm="{}?scope={wanted}",service="registry.example",scope="{wanted}""#,
            TokenAuth::default().realm
        );
        let challenge = Fault::status(401).header("www-authenticate", &challenge);
        bench.registry.inject("/v2/", Some(1), challenge.clone());
        done(tags(&bench, "acme/nginx")).unwrap();
        let without = "GET https://auth.registry.example/token?service=registry.example [Basic]";
        let (tags, catalog) = if wanted.contains(':') {
            (
                format!("{} [Basic]", nginx_token()),
                format!("{TOKEN}registry%3Acatalog%3A* [Basic]"),
            )
        } else {
            (without.to_owned(), without.to_owned())
        };
        let expected = [TAGS.to_owned(), tags, format!("{TAGS} [token-1]")];
        assert_eq!(bench.sent(), expected, "{wanted}");
        bench.registry.expire_tokens();
        bench.registry.inject("/v2/", Some(1), challenge);
        bench.clock.advance(Duration::from_hours(1));
        done(bench.client().repositories(None)).unwrap();
        assert_eq!(bench.sent()[1], catalog, "{wanted}");
    }
}

/// go-containerregistry#2291: a token server that redirects would take the password along.
#[test]
fn a_redirect_of_the_token_server_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let bench = with_tokens(acme(), for_acme());
        let redirect = Fault::status(status).header("location", "https://evil.example/token");
        bench
            .registry
            .inject("auth.registry.example", None, redirect);
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "auth.registry.example: asking for a token: redirects requests for tokens"
        );
        assert_eq!(
            bench.sent(),
            [TAGS.to_owned(), format!("{} [Basic]", nginx_token())]
        );
    }
}

#[test]
fn a_token_server_that_says_nonsense() {
    for (fault, message) in [
        (
            Fault::status(200).body("<html>"),
            "gave an answer that cannot be parsed",
        ),
        (
            Fault::status(200).body("{}"),
            "gave an answer that cannot be parsed",
        ),
        (
            Fault::status(200).body(vec![b' '; 128 * 1024 + 1]),
            "gave an answer that is too large",
        ),
        (Fault::status(204), "gave an unexpected status"),
        (Fault::status(503), "answered 503"),
        (Fault::Timeout, "no answer in time"),
        (Fault::Transport, "the connection failed: connection reset"),
    ] {
        let bench = with_tokens(acme(), for_acme());
        bench
            .registry
            .inject("auth.registry.example", Some(1), fault);
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("auth.registry.example: asking for a token: {message}")
        );
        done(tags(&bench, "acme/nginx")).unwrap();
    }
}

#[test]
fn a_registry_that_moves_its_token_server_is_found_again() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://login.registry.example/token".to_owned(),
        ..for_acme()
    }));
    bench.clock.advance(Duration::from_hours(1));
    // The old place is asked, in vain; the next request knocks anew.
    bench
        .registry
        .inject("auth.registry.example", None, Fault::status(404));
    assert_eq!(
        done(tags(&bench, "acme/nginx")).unwrap_err().kind(),
        Kind::Unavailable
    );
    done(tags(&bench, "acme/nginx")).unwrap();
}

#[test]
fn a_registry_that_closes_is_asked_for_its_challenge() {
    let bench = Bench::new(Credentials::Anonymous);
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.set_auth(Auth::Token(TokenAuth::default()));
    bench.registry.clear_log();
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [TAGS.to_owned(), nginx_token(), format!("{TAGS} [token-1]")]
    );
}

#[test]
fn no_error_tells_a_secret() {
    let bench = with_tokens(
        acme(),
        TokenAuth {
            user: Some(("acme".to_owned(), "other".to_owned())),
            ..for_acme()
        },
    );
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    for text in [
        error.to_string(),
        format!("{error:?}"),
        error.public(),
        format!("{:?}", bench.client().account),
    ] {
        assert!(
            !text.contains("hunter2") && !text.contains("/token") && !text.contains("acme"),
            "{text}"
        );
    }
}

#[test]
fn calls_side_by_side_share_the_way_in() {
    let bench = with_tokens(acme(), for_acme());
    bench.registry.set_latency(Duration::from_millis(20));
    let repository = name("acme/nginx");
    let client = bench.client();
    let reference = tag("1.0.0").into();
    let six = (0..6).map(|_| client.manifest(&repository, &reference));
    for result in run(&bench.clock, join_all(six)) {
        result.unwrap();
    }
    // One knock, one token, six manifests.
    assert_eq!(bench.registry.calls(), 8);
    assert_eq!(bench.registry.max_concurrency(), 6);
    assert_eq!(bench.clock.now(), START.after(Duration::from_millis(60)));
}

#[test]
fn a_registry_that_does_not_answer_is_not_asked_one_by_one() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_latency(Duration::from_secs(10));
    bench.registry.inject("", None, Fault::Timeout);
    let repository = name("acme/nginx");
    let client = bench.client();
    let six = (0..6).map(|_| client.tags(&repository, None, None));
    for result in run(&bench.clock, join_all(six)) {
        assert_eq!(result.unwrap_err().kind(), Kind::Unavailable);
    }
    assert_eq!(bench.clock.now(), START.after(Duration::from_secs(20)));
}
