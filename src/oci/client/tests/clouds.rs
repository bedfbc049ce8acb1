//! Google's and Azure's keys, and what they are exchanged for.

use std::time::Duration;

use serde_json::json;

use crate::oci::Kind;
use crate::oci::azure::AzurePrincipal;
use crate::oci::google::GoogleKey;

use super::*;

const SERVICE_ACCOUNT: &str = include_str!("../../../../tests/fixtures/service-account.json");
const ENTRA: &str = "POST https://login.microsoftonline.com/acme/oauth2/v2.0/token";
const ACCESS: &str = "POST https://oauth2.googleapis.com/token";

fn google() -> Bench {
    let key = GoogleKey::parse(SERVICE_ACCOUNT).unwrap();
    Bench::at("europe-docker.pkg.dev", Credentials::Google(key))
}

/// From now on service accounts get `token`, which the registry takes.
fn gives(bench: &Bench, token: &str) {
    bench.registry.heal();
    let reply = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
    bench
        .registry
        .inject(ACCESS, None, Fault::status(200).body(reply.to_string()));
    bench
        .registry
        .set_auth(Auth::basic("oauth2accesstoken", token));
}

fn azure() -> Bench {
    let bench = Bench::at(
        "acme.azurecr.io",
        Credentials::Azure(AzurePrincipal {
            tenant: "acme".to_owned(),
            client: "client".to_owned(),
            secret: "hunter2".into(),
        }),
    );
    bench.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://acme.azurecr.io/oauth2/token".to_owned(),
        user: Some(("nobody".to_owned(), "nothing".to_owned())),
        refresh_token: Some("first".to_owned()),
        expires_in: None,
        ..TokenAuth::default()
    }));
    exchanges(&bench, "first");
    bench
}

fn exchanges(bench: &Bench, refresh_token: &str) {
    bench.registry.heal();
    let entra = json!({"access_token": "entra", "expires_in": 3599});
    let acr = json!({"refresh_token": refresh_token});
    for (what, reply) in [
        ("login.microsoftonline.com", entra),
        ("/oauth2/exchange", acr),
    ] {
        bench
            .registry
            .inject(what, None, Fault::status(200).body(reply.to_string()));
    }
}

#[test]
fn a_service_account_gets_a_token_an_hour() {
    let bench = google();
    gives(&bench, "first");
    let shown = format!("{TAGS} [Basic]");
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [TAGS, ACCESS, &shown]);
    bench.clock.advance(Duration::from_mins(45));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [shown.as_str()]);
    bench.clock.advance(Duration::from_mins(10));
    gives(&bench, "second");
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent(), [ACCESS, &shown]);
}

/// Entra for a token, the registry for a refresh token, its token server for each scope.
#[test]
fn a_service_principal_gets_a_refresh_token_once_in_two_hours() {
    let bench = azure();
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            TAGS,
            ENTRA,
            "POST /oauth2/exchange",
            "POST /oauth2/token",
            &format!("{TAGS} [token-1]"),
        ]
    );
    bench.clock.advance(Duration::from_mins(90));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        ["POST /oauth2/token", &format!("{TAGS} [token-2]")]
    );
    bench.clock.advance(Duration::from_mins(31));
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(
        bench.sent(),
        [
            ENTRA,
            "POST /oauth2/exchange",
            "POST /oauth2/token",
            &format!("{TAGS} [token-3]"),
        ]
    );
}

/// The forms of <https://azure.github.io/acr/AAD-OAuth.html>.
#[test]
fn what_azure_is_asked() {
    let bench = azure();
    done(tags(&bench, "acme/nginx")).unwrap();
    let forms: Vec<String> = bench
        .registry
        .log()
        .iter()
        .filter(|call| call.method == "POST")
        .map(|call| String::from_utf8(call.body.to_vec()).unwrap())
        .collect();
    assert_eq!(
        forms,
        [
            "grant_type=client_credentials&client_id=client&client_secret=hunter2&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default",
            "grant_type=access_token&service=acme.azurecr.io&tenant=acme&access_token=entra",
            "grant_type=refresh_token&client_id=portolan&service=registry.example&scope=repository%3Aacme%2Fnginx%3Apull&refresh_token=first",
        ]
    );
}

/// A refresh token that is refused before its time is exchanged anew by the next request.
#[test]
fn a_refused_refresh_token_is_exchanged_anew() {
    let bench = azure();
    done(tags(&bench, "acme/nginx")).unwrap();
    bench.sent();
    bench.clock.advance(Duration::from_mins(10));
    bench
        .registry
        .inject("/oauth2/token", Some(1), Fault::status(401));
    // The fault that was injected first strikes first.
    bench.registry.heal();
    bench
        .registry
        .inject("/oauth2/token", Some(1), Fault::status(401));
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied(401));
    bench.sent();
    exchanges(&bench, "first");
    done(tags(&bench, "acme/nginx")).unwrap();
    assert_eq!(bench.sent()[0], ENTRA);
}

#[test]
fn keys_that_are_refused_are_denials() {
    for code in ["invalid_client", "invalid_grant", "unauthorized_client"] {
        let refusal = json!({"error": code, "error_description": "no: hunter2"}).to_string();
        for (bench, at) in [(azure(), "login.microsoftonline.com"), (google(), ACCESS)] {
            bench.registry.heal();
            bench.registry.set_auth(Auth::basic("nobody", "nothing"));
            bench.registry.inject(
                "europe-docker",
                None,
                Fault::status(401).header("www-authenticate", "Basic realm=\"x\""),
            );
            bench
                .registry
                .inject(at, None, Fault::status(400).body(refusal.clone()));
            if at.starts_with("login") {
                exchange_wanted(&bench);
            }
            let error = done(tags(&bench, "acme/nginx")).unwrap_err();
            assert_eq!(error.kind(), Kind::Denied(400), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}

/// The registry asks for a token.
fn exchange_wanted(bench: &Bench) {
    bench.registry.set_auth(Auth::Token(TokenAuth {
        realm: "https://acme.azurecr.io/oauth2/token".to_owned(),
        ..TokenAuth::default()
    }));
}

/// Neither a redirect nor an answer that is none gets anything further.
#[test]
fn no_exchange_is_redirected_nor_believed_when_it_is_garbage() {
    for fault in [
        Fault::status(307).header("location", "https://evil.example/"),
        Fault::status(302).header("location", "https://evil.example/"),
        Fault::status(200).body("<html>"),
        Fault::status(200),
        Fault::status(200).body(r#"{"error":"invalid_grant"}"#),
    ] {
        for at in ["login.microsoftonline.com", "/oauth2/exchange"] {
            let bench = azure();
            bench.registry.heal();
            bench.registry.inject(at, None, fault.clone());
            let reply = json!({"access_token": "entra"}).to_string();
            bench
                .registry
                .inject("login.", None, Fault::status(200).body(reply));
            let error = done(tags(&bench, "acme/nginx")).unwrap_err();
            assert_eq!(error.kind(), Kind::Garbage);
            assert_eq!(bench.registry.calls_to("evil.example"), 0);
        }
        let bench = google();
        bench
            .registry
            .set_auth(Auth::basic("oauth2accesstoken", "x"));
        bench.registry.inject(ACCESS, None, fault);
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(error.kind(), Kind::Garbage);
        assert_eq!(bench.sent(), [TAGS, ACCESS]);
    }
}

/// Where nothing can sign, that is told of the credentials, and nothing is sent.
#[test]
fn without_a_signature_nothing_is_asked() {
    let bench = Bench {
        tokens: Tokens::default(),
        ..google()
    };
    gives(&bench, "first");
    let error = done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "europe-docker.pkg.dev: asking for a token: gave no way to be shown its credentials"
    );
    assert_eq!(bench.sent(), [TAGS]);
}

#[test]
fn azures_clouds_log_in_where_they_are() {
    for (host, login) in [
        ("acme.azurecr.io", "login.microsoftonline.com"),
        ("acme.azurecr.us", "login.microsoftonline.us"),
        ("acme.azurecr.cn", "login.partner.microsoftonline.cn"),
    ] {
        let bench = Bench {
            registry: FakeRegistry::at(host, &VirtualClock::at(START)),
            ..azure()
        };
        bench.registry.set_auth(Auth::Token(TokenAuth {
            realm: format!("https://{host}/oauth2/token"),
            ..TokenAuth::default()
        }));
        bench.registry.inject(
            &format!("POST https://{login}/acme/"),
            None,
            Fault::status(401),
        );
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(error.host(), Some(login));
    }
}
