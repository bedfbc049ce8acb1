//! What an operator says of a registry: further token servers, where downloads may lead, headers.

use crate::oci::Kind;
use crate::oci::terms::{self, Hosts, Spelling};

use super::*;

const FOREIGN: &str = "https://login.elsewhere.example/token";

fn hosts(list: &str) -> Hosts {
    Hosts::parse(list.split(' '), true).unwrap()
}

#[test]
fn a_named_token_server_gets_the_password_and_no_other_does() {
    let auth = TokenAuth {
        realm: FOREIGN.to_owned(),
        ..for_acme()
    };
    let mut bench = with_tokens(acme(), auth);
    for unfit in ["", "elsewhere.example", "login.elsewhere.example:8443"] {
        if !unfit.is_empty() {
            bench.terms.token_realms = hosts(unfit);
        }
        let error = done(tags(&bench, "acme/nginx")).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied(401), "{unfit}");
        assert_eq!(bench.sent(), [TAGS], "{unfit}");
    }
    bench.terms.token_realms = hosts("login.elsewhere.example");
    done(tags(&bench, "acme/nginx")).unwrap();
    let asked = format!(
        "GET {FOREIGN}?service=registry.example&scope=repository%3Aacme%2Fnginx%3Apull [Basic]"
    );
    assert_eq!(bench.sent(), [TAGS, &asked, &format!("{TAGS} [token-1]")]);
}

/// A token server that is named is still not asked in the clear.
#[test]
fn a_named_token_server_is_asked_encrypted() {
    let auth = TokenAuth {
        realm: FOREIGN.replace("https", "http"),
        ..for_acme()
    };
    let mut bench = with_tokens(acme(), auth);
    bench.terms.token_realms = hosts("login.elsewhere.example");
    done(tags(&bench, "acme/nginx")).unwrap_err();
    assert_eq!(bench.sent(), [TAGS]);
}

#[test]
fn headers_go_to_the_registry_and_nowhere_else() {
    let mut bench = with_tokens(acme(), for_acme());
    bench.terms.headers = terms::headers(r#"{"X-Tunnel": "hunter3"}"#).unwrap();
    bench.registry.set_blobs(Blobs::Redirect(307));
    let client = bench.client();
    let nginx = name("acme/nginx");
    let Pushed {
        config, package, ..
    } = &bench.nginx;
    done(async {
        client.tags(&nginx, None, None).await.unwrap();
        client.resolve(&nginx, &tag("1.0.0")).await.unwrap();
        let error = client.blob(&nginx, config, 1, 1).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Garbage);
        let Ok(Opened::Redirect(location)) = client.open(&nginx, package, None).await else {
            panic!("a redirect")
        };
        client.follow(&location, None).await.unwrap();
    });
    let calls = bench.registry.log();
    let hosts: std::collections::BTreeSet<_> =
        calls.iter().map(crate::testing::Call::host).collect();
    assert_eq!(hosts.len(), 3, "{hosts:?}");
    for call in calls {
        let shown = call.headers.contains("x-tunnel: hunter3\n");
        assert_eq!(shown, call.host() == "registry.example", "{call:?}");
    }
}

/// Google's registry redirects to itself: a client of ours does not have the headers that open the tunnel before it.
#[test]
fn behind_headers_redirects_to_the_registry_itself_are_followed_here() {
    let mut bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_blobs(Blobs::Relative(302));
    let package = bench.nginx.package.clone();
    let nginx = name("acme/nginx");
    let opened = done(bench.client().open(&nginx, &package, None)).unwrap();
    assert!(matches!(opened, Opened::Redirect(_)));
    bench.terms.headers = terms::headers(r#"{"X-Tunnel": "hunter3"}"#).unwrap();
    let opened = done(bench.client().open(&nginx, &package, None)).unwrap();
    assert!(matches!(opened, Opened::Content(_)));
}

#[test]
fn downloads_lead_only_where_they_may() {
    for (spelling, setting) in [
        (Spelling::Setting, "DOWNLOAD_HOSTS"),
        (Spelling::Key, "download_hosts"),
    ] {
        lead_only_where_they_may(spelling, setting);
    }
}

fn lead_only_where_they_may(spelling: Spelling, setting: &str) {
    let mut bench = Bench::new(Credentials::Anonymous);
    let package = bench.nginx.package.clone();
    let nginx = name("acme/nginx");
    for (blobs, named, allowed) in [
        (Blobs::Redirect(307), "blobs.example", true),
        (Blobs::Redirect(307), "other.example *.blobs.example", false),
        (Blobs::Relative(302), "other.example", true),
    ] {
        bench.registry.set_blobs(blobs);
        bench.terms.download_hosts = hosts(named);
        bench.terms.spelling = spelling;
        let opened = done(bench.client().open(&nginx, &package, None));
        match opened {
            Ok(Opened::Redirect(_)) => assert!(allowed, "{named}"),
            Err(error) => {
                assert!(!allowed, "{named}");
                assert_eq!(
                    error.public(),
                    format!("redirects to a host that {setting} does not name")
                );
            }
            Ok(Opened::Content(_)) => panic!("a redirect"),
        }
    }
}
