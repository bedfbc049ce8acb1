//! Registries that try to have credentials sent elsewhere: each kind of credentials in each trap. Whatever is sent is recorded, and
//! every secret may stand only in what goes to the hosts that it belongs to.

use std::cell::RefCell;

use base64::Engine as _;
use serde_json::json;

use crate::oci::azure::AzurePrincipal;
use crate::oci::credentials::AwsKeys;
use crate::oci::google::GoogleKey;
use crate::oci::terms;
use crate::testing::Call;

use super::*;

const SERVICE_ACCOUNT: &str = include_str!("../../../../tests/fixtures/service-account.json");

/// What keys of clouds are exchanged for.
const SESSION: &str = "session-of-the-registry";
/// What its token server gives.
const TOKEN: &str = "token-of-the-registry";
const TUNNEL: &str = "secret-of-the-tunnel";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Trap {
    ForeignRealm,
    SiblingRealm,
    RealmInTheClear,
    TokenServerRedirects,
    ExchangeRedirects,
    LocationElsewhere,
    LinkElsewhere,
    ListRedirects,
}

const TRAPS: [Trap; 8] = [
    Trap::ForeignRealm,
    Trap::SiblingRealm,
    Trap::RealmInTheClear,
    Trap::TokenServerRedirects,
    Trap::ExchangeRedirects,
    Trap::LocationElsewhere,
    Trap::LinkElsewhere,
    Trap::ListRedirects,
];

/// A kind of credentials.
struct Victim {
    kind: &'static str,
    host: &'static str,
    /// Somebody else's, below the same shared domain.
    sibling: &'static str,
    credentials: Credentials,
    /// What the registry asks for once it plays fair.
    fair: &'static str,
    /// Each secret, and the hosts that may see it.
    secrets: Vec<(&'static str, Vec<&'static str>)>,
}

fn victims() -> Vec<Victim> {
    const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const ACR: &str = "acme.azurecr.io";
    const GAR: &str = "europe-docker.pkg.dev";
    const JFROG: &str = "acme.jfrog.io";
    let basic = "Basic realm=\"x\"";
    let by_token = "Bearer realm=\"https://acme.azurecr.io/token\",service=\"x\"";
    let keys = GoogleKey::parse(SERVICE_ACCOUNT).unwrap();
    vec![
        Victim {
            kind: "password",
            host: JFROG,
            sibling: "evil.jfrog.io",
            credentials: acme(),
            fair: basic,
            secrets: vec![("hunter2", vec![JFROG])],
        },
        Victim {
            kind: "identity token",
            host: ACR,
            sibling: "evil.azurecr.io",
            credentials: Credentials::Identity("identity-of-acme".into()),
            fair: by_token,
            secrets: vec![("identity-of-acme", vec![ACR])],
        },
        Victim {
            kind: "registry token",
            host: JFROG,
            sibling: "evil.jfrog.io",
            credentials: Credentials::Bearer("ready-made-token".into()),
            fair: basic,
            secrets: vec![("ready-made-token", vec![JFROG])],
        },
        Victim {
            kind: "access key",
            host: ECR,
            sibling: "evil.execute-api.eu-west-1.amazonaws.com",
            credentials: Credentials::Aws(AwsKeys {
                id: "AKIDEXAMPLE".into(),
                secret: "wJalrXUtnFEMI".into(),
                session: Some("part-of-the-key".into()),
            }),
            fair: basic,
            secrets: vec![
                ("wJalrXUtnFEMI", vec![]),
                ("part-of-the-key", vec!["api.ecr.eu-west-1.amazonaws.com"]),
                (SESSION, vec![ECR]),
            ],
        },
        Victim {
            kind: "service account",
            host: GAR,
            sibling: "evil.pkg.dev",
            credentials: Credentials::Google(keys),
            fair: basic,
            secrets: vec![("PRIVATE KEY", vec![]), (SESSION, vec![GAR])],
        },
        Victim {
            kind: "service principal",
            host: ACR,
            sibling: "evil.azurecr.io",
            credentials: Credentials::Azure(AzurePrincipal {
                tenant: "acme".to_owned(),
                client: "client".to_owned(),
                secret: "secret-of-acme".into(),
            }),
            fair: by_token,
            secrets: vec![
                ("secret-of-acme", vec!["login.microsoftonline.com"]),
                ("token-of-entra", vec![ACR]),
                (SESSION, vec![ACR]),
            ],
        },
    ]
}

/// The registry, whom its cloud exchanges keys at, and everybody else.
struct Everyone<'v> {
    victim: &'v Victim,
    trap: Trap,
    log: RefCell<Vec<Call>>,
}

impl Everyone<'_> {
    fn answer(&self, call: &Call) -> http::Response<Bytes> {
        let Self { victim, trap, .. } = self;
        let path = call.url.split_once("//").unwrap().1;
        let path = path.split_once('/').map_or("", |(_, path)| path);
        let say = |body: serde_json::Value| answer(200, &[], &body.to_string());
        let exchanged = |body: serde_json::Value| match trap {
            Trap::ExchangeRedirects => leads("https://evil.example/exchange"),
            _ => say(body),
        };
        let host = call.host();
        match host.as_str() {
            "api.ecr.eu-west-1.amazonaws.com" => {
                let token = crate::secret::BASE64.encode(format!("AWS:{SESSION}"));
                exchanged(
                    json!({"authorizationData": [{"authorizationToken": token, "expiresAt": 9_999_999_999_i64}]}),
                )
            }
            "oauth2.googleapis.com" => exchanged(json!({"access_token": SESSION})),
            "login.microsoftonline.com" => exchanged(json!({"access_token": "token-of-entra"})),
            _ if host != victim.host => say(json!({"token": TOKEN, "access_token": TOKEN})),
            _ if path == "oauth2/exchange" => exchanged(json!({"refresh_token": SESSION})),
            _ if path.starts_with("token") => match trap {
                Trap::TokenServerRedirects => leads("https://evil.example/token"),
                _ => say(json!({"token": TOKEN})),
            },
            _ => self.registry(call, path),
        }
    }

    fn registry(&self, call: &Call, path: &str) -> http::Response<Bytes> {
        let Self { victim, trap, .. } = self;
        let realm = match trap {
            Trap::ForeignRealm => "https://evil.example/token",
            Trap::SiblingRealm => &format!("https://{}/token", victim.sibling),
            Trap::RealmInTheClear => &format!("http://{}/token", victim.host),
            Trap::TokenServerRedirects => &format!("https://{}/token", victim.host),
            _ => "",
        };
        let asks = |challenge: &str| answer(401, &[("www-authenticate", challenge)], "");
        if !realm.is_empty() {
            return asks(&format!("Bearer realm=\"{realm}\",service=\"x\""));
        }
        if call.authorization.is_none() {
            return asks(victim.fair);
        }
        let next = ("link", "<https://evil.example/v2/x?last=a>; rel=\"next\"");
        match (trap, path) {
            (Trap::ListRedirects, path) if path.ends_with("n=1000") => {
                leads("https://storage.example/list")
            }
            (Trap::LinkElsewhere, _) => answer(
                200,
                &[next],
                r#"{"repositories":["acme/nginx"],"tags":["1.0.0"]}"#,
            ),
            _ => leads("https://storage.example/x"),
        }
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> http::Response<Bytes> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

fn leads(location: &str) -> http::Response<Bytes> {
    answer(307, &[("location", location)], "")
}

impl Fetch for Everyone<'_> {
    type Body = Bytes;

    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FetchError> {
        let call = Call::of(&request, START);
        let answer = self.answer(&call);
        self.log.borrow_mut().push(call);
        Ok(answer)
    }

    async fn read(&self, body: Bytes, _: usize) -> Result<Bytes, FetchError> {
        Ok(body)
    }

    async fn cancel(&self, _: Bytes) {}
}

/// All that is asked of a registry, whatever comes of it.
async fn ask_everything<F: Fetch>(client: &Client<'_, F, VirtualClock>) {
    let nginx = name("acme/nginx");
    let digest = Digest::sha256_of(b"x");
    let mut next = None;
    for _ in 0..2 {
        let page = client.repositories(next.as_ref()).await;
        next = page.ok().and_then(|page| page.next);
        if next.is_none() {
            break;
        }
    }
    if let Ok(Listing::Page(page)) = client.tags(&nginx, None, None).await
        && let Some(next) = page.next
    {
        let _ = client.tags(&nginx, Some(&next), None).await;
    }
    let _ = client.manifest(&nginx, &by_tag()).await;
    let _ = client.resolve(&nginx, &tag("1.0.0")).await;
    let _ = client.blob(&nginx, &digest, 1, 1).await;
    if let Ok(Opened::Redirect(location)) = client.open(&nginx, &digest, None).await {
        let _ = client.follow(&location, None).await;
    }
}

#[test]
fn no_secret_arrives_anywhere_but_where_it_belongs() {
    for victim in victims() {
        for trap in TRAPS {
            let registry: crate::oci::Registry = victim.host.parse().unwrap();
            let terms = Terms {
                headers: terms::headers(&json!({"X-Tunnel": TUNNEL}).to_string()).unwrap(),
                ..Terms::default()
            };
            let everyone = Everyone {
                victim: &victim,
                trap,
                log: RefCell::default(),
            };
            let clock = VirtualClock::at(START);
            let tokens = Tokens::signed_by(crate::testing::rs256);
            let client = Client::new(
                &everyone,
                &registry,
                &victim.credentials,
                &terms,
                &tokens,
                &clock,
            );
            done(ask_everything(&client));
            let case = format!("{} {trap:?}", victim.kind);
            let own = [(TUNNEL, vec![victim.host]), (TOKEN, vec![victim.host])];
            let secrets: Vec<_> = victim.secrets.iter().chain(&own).collect();
            let calls = everyone.log.borrow();
            for call in calls.iter() {
                let host = call.host();
                assert!(call.url.starts_with("https://"), "{case}: {}", call.url);
                assert!(!host.starts_with("evil"), "{case}: {host} was asked");
                for (secret, hosts) in &secrets {
                    assert!(
                        !call.shows(secret) || hosts.contains(&host.as_str()),
                        "{case}: {host} was shown {secret}"
                    );
                }
            }
            // The trap was sprung: who plays fair is shown what opens it, and who leads elsewhere is followed without.
            let shown = |secret: &str| calls.iter().any(|call| call.shows(secret));
            assert!(shown(TUNNEL), "{case}");
            let let_in = victim
                .secrets
                .iter()
                .any(|(secret, hosts)| hosts.contains(&victim.host) && shown(secret));
            let storage = calls.iter().any(|call| call.host() == "storage.example");
            match trap {
                Trap::LocationElsewhere => assert!(let_in && storage, "{case}"),
                Trap::LinkElsewhere | Trap::ListRedirects => assert!(let_in, "{case}"),
                // What is no key of a cloud is exchanged nowhere.
                Trap::ExchangeRedirects => assert_eq!(storage, victim.secrets.len() == 1, "{case}"),
                _ => assert!(!storage, "{case}"),
            }
        }
    }
}
