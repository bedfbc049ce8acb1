//! Signature Version 4 ("Create a signed AWS API request"), as far as a POST to `/` without a query needs it.

use std::fmt::Write as _;

use base16ct::lower::encode_string as hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::platform::Timestamp;

use crate::oci::credentials::AwsKeys;

/// The algorithm's name.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The end of every scope.
const TERMINATOR: &str = "aws4_request";

/// What is signed.
pub(super) struct Signed<'s> {
    pub(super) method: &'s str,
    /// Names in lower case, sorted; `host` and `x-amz-date` among them.
    pub(super) headers: &'s [(&'s str, &'s str)],
    pub(super) body: &'s [u8],
    pub(super) region: &'s str,
    pub(super) service: &'s str,
}

/// `20150830T123600Z`.
pub(super) fn date(now: Timestamp) -> String {
    now.to_string().replace(['-', ':'], "")
}

/// The value of `Authorization`.
pub(super) fn authorization(keys: &AwsKeys, signed: &Signed<'_>) -> String {
    let date = signed
        .headers
        .iter()
        .find(|(name, _)| *name == "x-amz-date")
        .map_or("", |(_, date)| date);
    let day = date.split('T').next().unwrap_or_default();
    let names: Vec<&str> = signed.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("{}\n/\n\n", signed.method);
    for (name, value) in signed.headers {
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let _ = write!(canonical, "\n{names}\n{}", hash(signed.body));
    let scope = format!("{day}/{}/{}/{TERMINATOR}", signed.region, signed.service);
    let to_sign = format!(
        "{ALGORITHM}\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let mut key = format!("AWS4{}", keys.secret.expose()).into_bytes();
    for part in [day, signed.region, signed.service, TERMINATOR] {
        key = mac(&key, part.as_bytes());
    }
    format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        keys.id.expose(),
        hex(&mac(&key, to_sign.as_bytes()))
    )
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys, the time and the service of the "Signature Version 4 test suite".
    fn signature(method: &str, headers: &[(&str, &str)], body: &str) -> String {
        let keys = AwsKeys {
            id: "AKIDEXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session: None,
        };
        let signed = Signed {
            method,
            headers,
            body: body.as_bytes(),
            region: "us-east-1",
            service: "service",
        };
        authorization(&keys, &signed)
    }

    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20150830T123600Z");

    #[test]
    fn the_published_vectors() {
        const BEGINNING: &str =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ";
        let form = ("content-type", "application/x-www-form-urlencoded");
        for (vector, method, headers, body, expected) in [
            (
                "get-vanilla",
                "GET",
                [HOST, DATE].as_slice(),
                "",
                "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-vanilla",
                "POST",
                &[HOST, DATE],
                "",
                "SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                &[form, HOST, DATE],
                "Param1=value1",
                "SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            assert_eq!(
                signature(method, headers, body),
                format!("{BEGINNING}{expected}"),
                "{vector}"
            );
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date(Timestamp(1_440_938_160_000)), "20150830T123600Z");
    }
}
