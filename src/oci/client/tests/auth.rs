use std::time::Duration;

use futures::future::join_all;

use crate::oci::Kind;
use crate::testing::{Auth, Fault, TokenAuth, run};

use super::*;

const TOKEN: &str = "GET https://auth.registry.example/token?service=registry.example&scope=";

fn nginx_token() -> String {
    format!("{TOKEN}repository%3Aacme%2Fnginx%3Apull")
}

fn with_tokens(credentials: Credentials, auth: TokenAuth) -> Bench {
    let bench = Bench::new(credentials);
    bench.registry.push_version("acme/redis", "redis", "1.0.0");
    bench.registry.set_auth(Auth::Token(auth));
    bench
}

fn for_acme() -> TokenAuth {
    TokenAuth {
        user: Some(("acme".to_owned(), "hunter2".to_owned())),
        ..TokenAuth::default()
    }
}

async fn tags(bench: &Bench, repository: &str) -> Result<Listing, Error> {
    bench.client().tags(&name(repository), None, None).await
}

const TAGS: &str = "GET /v2/acme/nginx/tags/list?n=1000";

#[test]
fn an_open_registry_is_asked_once() {
    // Credentials are not shown to who does not ask for them.
    for credentials in [Credentials::Anonymous, acme()] {
        let bench = Bench::new(credentials);
        done(tags(&bench, "acme/nginx")).unwrap();
        done(tags(&bench, "acme/nginx")).unwrap();
        assert_eq!(bench.sent(), [TAGS, TAGS]);
    }
}

#[test]
fn basic_is_sent_at_once_after_the_first_challenge() {
    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::basic("acme", "hunter2"));
    bench.registry.push_version("acme/redis", "redis", "1.0.0");
    done(tags(&bench, "acme/nginx")).unwrap();
    done(tags(&bench, "acme/redis")).unwrap();
    let basic = |call: &str| format!("{call} [Basic]");
    assert_eq!(
        bench.sent(),
        [
            TAGS.to_owned(),
            basic(TAGS),
            basic("GET /v2/acme/redis/tags/list?n=1000")
        ]
    );
}

#[test]
fn a_wrong_password_is_sent_once() {
    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::basic("acme", "other"));
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: listing tags: answered 401 (UNAUTHORIZED)"
    );
    assert_eq!(bench.sent(), [TAGS.to_owned(), format!("{TAGS} [Basic]")]);
    assert_eq!(
        done(tags(&bench, "acme/nginx")).unwrap_err().kind(),
        Kind::Denied(401)
    );
    assert_eq!(bench.sent(), [format!("{TAGS} [Basic]")]);
}

#[test]
fn anonymous_is_denied_where_basic_is_wanted() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_auth(Auth::basic("acme", "hunter2"));
    assert_eq!(
        done(tags(&bench, "acme/nginx")).unwrap_err().kind(),
        Kind::Denied(401)
    );
    assert_eq!(bench.sent(), [TAGS]);
}

#[test]
fn a_token_is_asked_for_and_used_again() {
    for credentials in [Credentials::Anonymous, acme()] {
        let basic = if credentials == Credentials::Anonymous {
            ""
        } else {
            " [Basic]"
        };
        let bench = with_tokens(credentials, TokenAuth::default());
        done(tags(&bench, "acme/nginx")).unwrap();
        let first = [
            TAGS.to_owned(),
            format!("{}{basic}", nginx_token()),
            format!("{TAGS} [token-1]"),
        ];
        assert_eq!(bench.sent(), first);
        // Another client of the same isolate: one send a manifest.
        done(
            bench
                .client()
                .manifest(&name("acme/nginx"), &tag("1.0.0").into()),
        )
        .unwrap();
        assert_eq!(
            bench.sent(),
            ["GET /v2/acme/nginx/manifests/1.0.0 [token-1]"]
        );
    }
}

#[test]
fn another_repository_costs_no_challenge() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.clear_log();
    done(tags(&bench, "acme/redis")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            format!("{TOKEN}repository%3Aacme%2Fredis%3Apull [Basic]"),
            "GET /v2/acme/redis/tags/list?n=1000 [token-2]".to_owned()
        ]
    );
}

#[test]
fn an_opaque_scope_is_one_token_for_all() {
    for scope in ["aws", "*"] {
        let auth = TokenAuth {
            opaque_scope: Some(scope.to_owned()),
            ..TokenAuth::default()
        };
        let bench = with_tokens(Credentials::Anonymous, auth);
        done(tags(&bench, "acme/nginx")).unwrap();
        done(tags(&bench, "acme/redis")).unwrap();
        assert_eq!(
            bench.sent(),
            [
                TAGS.to_owned(),
                format!("{TOKEN}{scope}"),
                format!("{TAGS} [token-1]"),
                "GET /v2/acme/redis/tags/list?n=1000 [token-1]".to_owned()
            ]
        );
    }
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.clock.advance(Duration::from_secs(289));
    bench.registry.clear_log();
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [format!("{TAGS} [token-1]")]);
    bench.clock.advance(Duration::from_secs(1));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            format!("{} [Basic]", nginx_token()),
            format!("{TAGS} [token-2]")
        ]
    );
}

#[test]
fn without_expires_in_a_token_lasts_a_minute() {
    let bench = with_tokens(
        acme(),
        TokenAuth {
            expires_in: None,
            ..for_acme()
        },
    );
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.clock.advance(Duration::from_secs(49));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.registry.calls_to("auth.registry.example"), 1);
    bench.clock.advance(Duration::from_secs(1));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.registry.calls_to("auth.registry.example"), 2);
}

#[test]
fn a_token_that_ended_early_is_replaced_once() {
    for expired_is_403 in [false, true] {
        let bench = with_tokens(
            acme(),
            TokenAuth {
                expired_is_403,
                ..for_acme()
            },
        );
        done(tags(&bench, "acme/nginx")).unwrap();
        bench.registry.expire_tokens();
        bench.registry.clear_log();
        done(tags(&bench, "acme/nginx")).unwrap();
        let expected = [
            format!("{TAGS} [token-1]"),
            format!("{} [Basic]", nginx_token()),
            format!("{TAGS} [token-2]"),
        ];
        assert_eq!(bench.sent(), expected, "ECR: {expired_is_403}");
    }
}

#[test]
fn a_403_that_is_no_expiry_is_final() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.clear_log();
    bench.registry.inject(
        "tags/list",
        None,
        Fault::error(403, "DENIED", "not for you"),
    );
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: listing tags: answered 403 (DENIED)"
    );
    assert_eq!(bench.sent(), [format!("{TAGS} [token-1]")]);
}

#[test]
fn insufficient_scope_is_answered_once() {
    let bench = with_tokens(acme(), for_acme());
    bench.registry.insufficient_scope_once();
    done(tags(&bench, "acme/nginx")).unwrap();
    let ask = format!("{} [Basic]", nginx_token());
    let expected = [
        TAGS.to_owned(),
        ask.clone(),
        format!("{TAGS} [token-1]"),
        ask,
        format!("{TAGS} [token-2]"),
    ];
    assert_eq!(bench.sent(), expected);
}

#[test]
fn a_repository_that_is_denied_costs_no_endless_tokens() {
    let bench = with_tokens(acme(), for_acme());
    bench.registry.deny("acme/nginx", true);
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied(401));
    assert_eq!(bench.sent().len(), 5);
    // The others are not harmed.
    done(tags(&bench, "acme/redis")).unwrap();
}

#[test]
fn a_fresh_token_that_is_refused_is_not_asked_for_again() {
    let bench = with_tokens(acme(), for_acme());
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"registry.example\",scope=\"repository:acme/nginx:pull\"",
        TokenAuth::default().realm
    );
    bench.registry.inject(
        "tags/list",
        None,
        Fault::status(401).header("www-authenticate", &challenge),
    );
    assert_eq!(
        done(tags(&bench, "acme/nginx")).unwrap_err().kind(),
        Kind::Denied(401)
    );
    assert_eq!(
        bench.sent(),
        [
            TAGS.to_owned(),
            format!("{} [Basic]", nginx_token()),
            format!("{TAGS} [token-1]")
        ]
    );
}

#[test]
fn a_wrong_password_at_the_token_server() {
    let bench = with_tokens(Credentials::Anonymous, for_acme());
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "auth.registry.example: asking for a token: answered 401 (UNAUTHORIZED)"
    );
    assert_eq!(error.kind(), Kind::Denied(401));
    assert_eq!(bench.sent(), [TAGS.to_owned(), nginx_token()]);
}

#[test]
fn a_refresh_token_is_exchanged() {
    let auth = TokenAuth {
        refresh_token: Some("refresh".to_owned()),
        ..for_acme()
    };
    let bench = with_tokens(Credentials::Identity("refresh".into()), auth);
    done(tags(&bench, "acme/nginx")).unwrap();
    let expected = [
        TAGS.to_owned(),
        "POST https://auth.registry.example/token".to_owned(),
        format!("{TAGS} [token-1]"),
    ];
    assert_eq!(bench.sent(), expected);
}

#[test]
fn a_ready_token_is_sent_at_once_and_never_replaced() {
    let bench = with_tokens(Credentials::Bearer("ready".into()), for_acme());
    assert_eq!(
        done(tags(&bench, "acme/nginx")).unwrap_err().kind(),
        Kind::Denied(401)
    );
    assert_eq!(bench.sent(), [format!("{TAGS} [ready]")]);
}

#[test]
fn gitea_offers_both_and_a_token_is_taken() {
    let bench = with_tokens(
        acme(),
        TokenAuth {
            also_basic: true,
            opaque_scope: Some("*".to_owned()),
            ..for_acme()
        },
    );
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            TAGS.to_owned(),
            format!("{TOKEN}* [Basic]"),
            format!("{TAGS} [token-1]")
        ]
    );
}

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

/// Facts: registries §5.1. Neither the password nor anything else is sent to a realm on another host.
#[test]
fn a_foreign_realm_gets_nothing() {
    for realm in [
        "https://evil.example/token",
        "http://auth.registry.example/token",
        "https://169.254.169.254/token",
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
            "registry.example: listing tags: named a token server that credentials may not be sent to"
        );
        assert_eq!(error.kind(), Kind::Denied(401));
        assert_eq!(bench.sent(), [TAGS], "{realm}");
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
    let bench = Bench::new(acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.registry.set_auth(Auth::Token(for_acme()));
    bench.registry.clear_log();
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            TAGS.to_owned(),
            format!("{} [Basic]", nginx_token()),
            format!("{TAGS} [token-1]")
        ]
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
