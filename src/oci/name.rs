//! Repository names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The longest name, in bytes. The spec leaves it open and says that many clients stop at 255 together with the host.
const MAX_LENGTH: usize = 255;

/// A repository name of the distribution spec ("Pulling manifests", `<name>`): `acme/charts/nginx`. Safe in a URL's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last path segment: by Helm's convention the chart's name.
    pub fn last_segment(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`: what stands between two alphanumerics is nothing or one separator.
fn is_segment(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.split(alphanumeric).all(|between| {
            matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-')
        })
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() <= MAX_LENGTH && text.split('/').all(is_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Name)
        }
    }
}

impl TryFrom<String> for Name {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grammar() {
        for good in [
            "nginx",
            "a",
            "0",
            "acme/charts/nginx",
            "a.b",
            "a_b",
            "a__b",
            "a-b",
            "a----b",
            "1.2/3-4",
        ] {
            assert_eq!(good.parse::<Name>().map(String::from).as_deref(), Ok(good));
        }
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a.", ".a", "a..b", "a___b", "a._b", "a-_b", "-a",
            "a-", ".", "..", "a/../b", "a b", "a%2fb", "a:b", "a@b", "é", "a\n", "a?b", "a#b",
        ] {
            assert_eq!(bad.parse::<Name>(), Err(Invalid::Name), "{bad:?}");
        }
    }

    #[test]
    fn no_longer_than_255() {
        assert!("a".repeat(255).parse::<Name>().is_ok());
        assert_eq!("a".repeat(256).parse::<Name>(), Err(Invalid::Name));
    }

    #[test]
    fn last_segment() {
        for (name, last) in [("nginx", "nginx"), ("acme/charts/nginx", "nginx")] {
            assert_eq!(name.parse::<Name>().unwrap().last_segment(), last);
        }
    }

    #[test]
    fn serde_validates() {
        assert_eq!(
            serde_json::from_str::<Name>(r#""a/b""#).unwrap().as_str(),
            "a/b"
        );
        assert_eq!(
            serde_json::from_str::<Name>(r#""../b""#)
                .unwrap_err()
                .to_string(),
            "not a repository name"
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<Name>();
        }

        #[test]
        fn round_trip(text in "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+){0,3}(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+){0,2}){0,2}") {
            prop_assume!(text.len() <= MAX_LENGTH);
            let name: Name = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text.clone());
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<Name>(&json).unwrap(), name);
        }
    }
}
