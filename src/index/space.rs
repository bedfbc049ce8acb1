//! Spaces: the folders of a registry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::oci::{Invalid, Name};

/// The root, or a space: a folder of repositories below the prefix, `team-a/sub`. Its text is empty for the root, else of
/// the grammar of repository names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Space(String);

impl Space {
    /// The folder of everything.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The folder's path; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that a repository lies in: what stands before its last segment.
    pub(super) fn of_repository(relative: &str) -> Self {
        Self(
            relative
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder)
                .to_owned(),
        )
    }

    /// The folder above; `None` above the root.
    pub fn parent(&self) -> Option<Self> {
        (!self.is_root()).then(|| Self::of_repository(&self.0))
    }

    /// This space and every folder above it, the root last.
    pub fn ancestors(&self) -> Vec<Self> {
        std::iter::successors(Some(self.clone()), Self::parent).collect()
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Space {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let name: Name = text.parse()?;
        Ok(Self(name.to_string()))
    }
}

impl TryFrom<String> for Space {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Space> for String {
    fn from(space: Space) -> Self {
        space.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn space(text: &str) -> Space {
        text.parse().unwrap()
    }

    #[test]
    fn only_paths_of_repositories() {
        assert_eq!(space(""), Space::root());
        assert!(Space::root().is_root() && !space("a").is_root());
        for text in [
            "/", "a/", "/a", "a//b", "A", "a/..", ".", "a b", "a%2fb", "é",
        ] {
            assert_eq!(text.parse::<Space>(), Err(Invalid::Name), "{text}");
        }
    }

    #[test]
    fn folders() {
        assert_eq!(Space::of_repository("nginx"), Space::root());
        assert_eq!(Space::of_repository("team/sub/nginx"), space("team/sub"));
        assert_eq!(space("a/b").parent(), Some(space("a")));
        assert_eq!(space("a").parent(), Some(Space::root()));
        assert_eq!(Space::root().parent(), None);
        assert_eq!(
            space("a/b").ancestors(),
            [space("a/b"), space("a"), space("")]
        );
    }

    #[test]
    fn crosses_as_text() {
        assert_eq!(serde_json::to_string(&space("a/b")).unwrap(), r#""a/b""#);
        assert_eq!(
            serde_json::from_str::<Space>(r#""""#).unwrap(),
            Space::root()
        );
        assert!(serde_json::from_str::<Space>(r#""../a""#).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<Space>();
            let _ = Space::of_repository(&text).ancestors();
        }
    }
}
