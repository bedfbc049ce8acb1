//! The compact form of a token (RFC 7515 §3.1), and the claims that say whether it counts.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Issuer;
use crate::platform::Timestamp;

/// Longest token, in bytes. Cloudflare takes 16 KiB for a header; GitHub's tokens have 2 KiB.
const LIMIT: usize = 8 * 1024;

/// Longest name of a key, in bytes.
const KEY_ID: usize = 256;

/// Longest subject that is shown in the log, in characters.
const SUBJECT: usize = 128;

/// How far the clocks of issuer and Worker may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Parameters of a header that want something which is not done here: what `crit` names must be understood (RFC 7515 §4.1.11),
/// `b64` is of RFC 7797, `enc` and `zip` are of encrypted tokens.
const REFUSED: [&str; 4] = ["crit", "b64", "enc", "zip"];

/// A token whose signature nobody has looked at yet. Where it says its key is to be found (`jku`, `x5u`, `x5c`, `jwk`) is not
/// read: keys come from the settings.
pub(crate) struct SignedToken {
    pub(super) algorithm: String,
    pub(super) key: Option<String>,
    pub(super) claims: Map<String, Value>,
    /// What is signed: header and claims as they came.
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl SignedToken {
    /// Reads a token; `None` where it is none, or wants what is not done here. A token in a token (`cty`, RFC 7519 §5.2) is not
    /// opened.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if text.len() > LIMIT {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head = object(head)?;
        let nested = |kind: &Value| {
            let kind = kind.as_str().unwrap_or("jwt");
            kind.eq_ignore_ascii_case("jwt") || kind.eq_ignore_ascii_case("application/jwt")
        };
        if head.get("cty").is_some_and(nested)
            || REFUSED.iter().any(|name| head.contains_key(*name))
        {
            return None;
        }
        let key = match head.get("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= KEY_ID => Some(id.clone()),
            Some(_) => return None,
        };
        Some(Self {
            algorithm: head.get("alg")?.as_str()?.to_owned(),
            key,
            claims: object(claims)?,
            signed: signed.as_bytes().to_vec(),
            signature: BASE64URL.decode(signature).ok()?,
        })
    }

    /// Whether it says that it is of this issuer, for one of its audiences, and of now. One that never ends is refused.
    pub(super) fn is_of(&self, issuer: &Issuer, now: Timestamp) -> bool {
        let now = now.seconds();
        let (Ok(Some(end)), Ok(begin)) = (self.seconds("exp"), self.seconds("nbf")) else {
            return false;
        };
        self.is_for(&issuer.audiences)
            && self.claims.get("iss").and_then(Value::as_str) == Some(&issuer.claimed)
            && now < end.saturating_add(LEEWAY)
            && begin.is_none_or(|begin| begin <= now.saturating_add(LEEWAY))
    }

    /// A time (RFC 7519 §2); an error where the claim is none.
    fn seconds(&self, name: &str) -> Result<Option<i64>, ()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a time may have a fraction, and beyond an i64 `as` saturates"
        )]
        match self.claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(|time| Some(time as i64)).ok_or(()),
        }
    }

    /// Whether it names one of these audiences: as a text, or in a list of texts only (RFC 7519 §4.1.3).
    fn is_for(&self, audiences: &[String]) -> bool {
        let wanted = |one: &str| audiences.iter().any(|wanted| wanted == one);
        match self.claims.get("aud") {
            Some(Value::String(one)) => wanted(one),
            Some(Value::Array(all)) => {
                let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
                texts.is_some_and(|texts| texts.into_iter().any(wanted))
            }
            _ => false,
        }
    }

    /// Whom it is about, as the log may show it. Cloudflare Access names a service token in `common_name`, its `sub` is empty.
    pub(super) fn subject(&self) -> String {
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str);
        let subject = text("sub").filter(|subject| !subject.is_empty());
        let subject = subject.or_else(|| text("common_name")).unwrap_or_default();
        subject.chars().take(SUBJECT).collect()
    }
}

/// One part of a token.
fn object(part: &str) -> Option<Map<String, Value>> {
    let once: Once = serde_json::from_slice(&BASE64URL.decode(part).ok()?).ok()?;
    Some(once.0)
}

/// A JSON object in which each name stands once (RFC 7519 §4, RFC 7515 §4): of two, another reader might take the other.
struct Once(Map<String, Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnceVisitor;
        impl<'de> Visitor<'de> for OnceVisitor {
            type Value = Once;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Once, A::Error> {
                let mut all = Map::new();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    if all.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(Once(all))
            }
        }
        deserializer.deserialize_map(OnceVisitor)
    }
}
