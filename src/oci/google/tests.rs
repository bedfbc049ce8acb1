use base64::engine::general_purpose::STANDARD;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

use super::*;

const FILE: &str = include_str!("../../../tests/fixtures/service-account.json");

/// The first second of 2026.
const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn refused(text: &str) -> String {
    GoogleKey::parse(text).unwrap_err().to_string()
}

fn without(key: &str) -> String {
    let mut file: serde_json::Map<String, Value> = serde_json::from_str(FILE).unwrap();
    file.remove(key);
    Value::Object(file).to_string()
}

#[test]
fn key_files() {
    let key = GoogleKey::parse(FILE).unwrap();
    assert_eq!(key.email, "portolan@acme-project.iam.gserviceaccount.com");
    assert_eq!(GoogleKey::parse(&STANDARD.encode(FILE)).unwrap(), key);
    assert!(!format!("{key:?}").contains("KEY"));
    for (text, message) in [
        ("%", "neither JSON nor base64"),
        ("{", "malformed JSON"),
        (&without("private_key"), "no private_key"),
        (&without("client_email"), "no client_email"),
        (
            &without("type"),
            "its type is not service_account: other kinds of credentials cannot be used here",
        ),
        (
            &FILE.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            "its private_key is no PKCS #8 key in PEM",
        ),
    ] {
        assert_eq!(
            refused(text),
            format!("not a usable service account key: {message}")
        );
    }
}

/// RFC 7515 and 7523: what is sent, and that the signature is the key's over exactly that.
#[test]
fn the_assertion_is_signed_and_says_who_asks_whom_until_when() {
    let key = GoogleKey::parse(FILE).unwrap();
    let claims = key.claims(NOW);
    let der = key.der().unwrap();
    let signing = crate::testing::rs256(der.clone(), claims.clone().into_bytes());
    let signature = futures::executor::block_on(signing).unwrap();
    let request = token_request(&claims, &signature).unwrap();
    assert_eq!(request.uri(), "https://oauth2.googleapis.com/token");
    let form: Vec<(String, String)> = form_urlencoded::parse(request.body())
        .into_owned()
        .collect();
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (signed, signature) = form[1].1.rsplit_once('.').unwrap();
    let unpack = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
    public
        .verify(signed.as_bytes(), &unpack(signature))
        .unwrap();
    assert!(public.verify(b"another", &unpack(signature)).is_err());
    let (head, claims) = signed.split_once('.').unwrap();
    let read = |text: &str| serde_json::from_slice::<Value>(&unpack(text)).unwrap();
    assert_eq!(
        read(head),
        json!({"alg": "RS256", "typ": "JWT", "kid": "5ca1ab1e"})
    );
    assert_eq!(
        read(claims),
        json!({
            "iss": "portolan@acme-project.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": "https://oauth2.googleapis.com/token",
            "iat": 1_767_225_600, "exp": 1_767_229_200,
        })
    );
}

#[test]
fn which_registries_are_googles() {
    for (host, expected) in [
        ("europe-docker.pkg.dev", true),
        ("us-central1-docker.pkg.dev", true),
        ("gcr.io", true),
        ("eu.gcr.io", true),
        ("pkg.dev", false),
        ("docker.pkg.dev.evil.example", false),
        ("evilgcr.io", false),
    ] {
        assert_eq!(is_google(&host.parse().unwrap()), expected, "{host}");
    }
}
