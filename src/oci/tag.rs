//! Tags, and what a manifest can be asked by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Digest, Invalid};

/// The longest tag, by the spec's grammar.
const MAX_LENGTH: usize = 128;

/// A tag of the distribution spec: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`. Safe in a URL's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// The tag as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text.len() <= MAX_LENGTH
            && text.starts_with(word)
            && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Tag)
        }
    }
}

impl TryFrom<String> for Tag {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a manifest is asked by (`<reference>` of the distribution spec).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A name that may move.
    Tag(Tag),
    /// The bytes themselves.
    Digest(Digest),
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Reference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grammar() {
        let longest = "a".repeat(128);
        for good in [
            "latest",
            "1.2.3",
            "v1.2.3_build.1",
            "_",
            "A-b",
            longest.as_str(),
        ] {
            assert_eq!(good.parse::<Tag>().map(String::from).as_deref(), Ok(good));
        }
        let too_long = "a".repeat(129);
        for bad in [
            "",
            ".",
            "..",
            "-a",
            ".a",
            "1.2.3+b",
            "a/b",
            "a:b",
            "a b",
            "é",
            "a%2f",
            "a\0",
            too_long.as_str(),
        ] {
            assert_eq!(bad.parse::<Tag>(), Err(Invalid::Tag), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<Tag>();
        }

        #[test]
        fn round_trip(text in "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}") {
            prop_assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
        }
    }
}
