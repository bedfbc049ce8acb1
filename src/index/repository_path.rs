//! Where a repository lies below its source's prefix.

use std::fmt;
use std::str::FromStr;

use super::Space;
use crate::glob::ANY_SEGMENTS;
use crate::oci::{Invalid, Name};

/// A repository's name below its source's prefix: `team-a/nginx`. Of the grammar of repository names, which what follows a
/// slash in one keeps to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryPath(String);

impl RepositoryPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text before its last segment, empty at the root, and that segment.
    fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }

    /// The path of the folder that it lies in; empty for the root.
    pub(super) fn folder(&self) -> &str {
        self.parts().0
    }

    /// The folder that it lies in.
    pub fn space(&self) -> Space {
        Space::of_repository(&self.0)
    }

    /// Its last segment: what a chart that lies in it is usually called.
    pub fn last_segment(&self) -> &str {
        self.parts().1
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RepositoryPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name: Name = text.parse()?;
        Ok(Self(name.to_string()))
    }
}

/// Whether some repository, or a folder of repositories, could match a pattern: `*` within a segment, `**` for any segments.
pub fn is_name_pattern(text: &str) -> bool {
    let segment = |segment: &str| {
        // Whatever a `*` may stand for in a legal name, a digit is legal there, too: it goes beside everything.
        let filled = || segment.replace('*', "0");
        segment == ANY_SEGMENTS
            || (!segment.contains(ANY_SEGMENTS) && filled().parse::<Name>().is_ok())
    };
    if text.contains('*') {
        text.split('/').all(segment)
    } else {
        text.parse::<Name>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_has_a_folder_and_a_last_segment() {
        for (text, folder, last) in [
            ("nginx", "", "nginx"),
            ("team/nginx", "team", "nginx"),
            ("team/sub/nginx", "team/sub", "nginx"),
        ] {
            let path: RepositoryPath = text.parse().unwrap();
            assert_eq!((path.folder(), path.last_segment()), (folder, last));
            assert_eq!(path.space(), folder.parse().unwrap());
            assert_eq!(path.to_string(), text);
        }
        for text in ["", "/a", "a/", "a//b", "A", "a b", ".."] {
            assert_eq!(text.parse::<RepositoryPath>(), Err(Invalid::Name), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_follows_a_slash_in_a_name_is_a_path(
            name in "[a-z0-9]{1,3}((\\.|_|__|-{1,3}|/)[a-z0-9]{1,3}){0,6}",
        ) {
            let name: Name = name.parse().unwrap();
            for (slash, _) in name.as_str().match_indices('/') {
                let rest = name.as_str().get(slash + 1..).unwrap();
                let path: RepositoryPath = rest.parse().unwrap();
                prop_assert_eq!(path.as_str(), rest);
            }
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<RepositoryPath>();
        }
    }
}
