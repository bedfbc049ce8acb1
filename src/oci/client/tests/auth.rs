use std::time::Duration;

use crate::oci::Kind;

use super::*;

#[test]
fn an_open_registry_is_asked_once() {
    let bench = Bench::new(Credentials::Anonymous);
    done(tags(&bench, "acme/nginx")).unwrap();
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [TAGS, TAGS]);
}

/// Artifactory, Nexus and zot let everybody see a part: without a challenge, the private rest is 404 or not listed.
#[test]
fn who_has_a_password_shows_it_where_nobody_asks() {
    let bench = Bench::new(acme());
    bench.registry.inject("GET", Some(1), Fault::status(404));
    done(tags(&bench, "acme/nginx")).unwrap();
    done(tags(&bench, "acme/nginx")).unwrap();
    let shown = format!("{TAGS} [Basic]");
    assert_eq!(bench.sent(), [TAGS, &shown, &shown]);
}

#[test]
fn trouble_teaches_nothing() {
    for fault in [Fault::status(503), Fault::status(429), Fault::Timeout] {
        let bench = Bench::new(acme());
        bench.registry.set_auth(Auth::Token(for_acme()));
        bench.registry.inject("GET", Some(1), fault);
        done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(bench.sent(), [TAGS]);
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
}

#[test]
fn a_denial_of_one_repository_keeps_the_way_to_the_others() {
    let bench = with_tokens(acme(), for_acme());
    done(tags(&bench, "acme/nginx")).unwrap();
    bench
        .registry
        .inject("acme%2Fsecret", None, Fault::error(403, "DENIED", "no"));
    bench.registry.clear_log();
    assert_eq!(
        done(tags(&bench, "acme/secret")).unwrap_err().kind(),
        Kind::Denied(403)
    );
    done(tags(&bench, "acme/redis")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            format!("{TOKEN}repository%3Aacme%2Fsecret%3Apull [Basic]"),
            format!("{TOKEN}repository%3Aacme%2Fredis%3Apull [Basic]"),
            "GET /v2/acme/redis/tags/list?n=1000 [token-2]".to_owned()
        ]
    );
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
    for (host, scope, asked) in [
        ("public.ecr.aws", "aws", "&scope=aws"),
        // A Gitea: it names `*`, and gives the same token without.
        ("registry.example", "*", ""),
    ] {
        let bench = Bench::at(host, Credentials::Anonymous);
        bench.registry.push_version("acme/redis", "redis", "1.0.0");
        bench.registry.set_auth(Auth::Token(TokenAuth {
            realm: format!("https://{host}/token"),
            opaque_scope: Some(scope.to_owned()),
            ..TokenAuth::default()
        }));
        done(tags(&bench, "acme/nginx")).unwrap();
        done(tags(&bench, "acme/redis")).unwrap();
        assert_eq!(
            bench.sent(),
            [
                TAGS.to_owned(),
                format!("GET /token?service=registry.example{asked}"),
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
            "GET https://auth.registry.example/token?service=registry.example [Basic]".to_owned(),
            format!("{TAGS} [token-1]")
        ]
    );
}
