//! Paged lists: the `Link` header and the place it leads to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The longest query that is kept. Quay's encrypted `next_page` has some hundred characters.
const MAX_LENGTH: usize = 4096;

/// A place in a paged list: the query of the next request. Only the query, so that no registry can lead a list to another
/// path (facts: registries behind proxies name wrong paths, and the query alone is always enough).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Next(String);

impl Next {
    /// The query without its question mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Next {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |b: u8| {
            b.is_ascii_graphic()
                && !matches!(
                    b,
                    b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                )
        };
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Next)
        }
    }
}

impl TryFrom<String> for Next {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
