//! Views: which repositories an index covers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{RepositoryPath, Space, Spaces};
use crate::oci::Invalid;

/// What the index of a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexScope {
    /// All charts below it.
    #[default]
    Subtree,
    /// Only those directly in it.
    Folder,
}

/// What gets an index of its own: a test on repositories ([`View::covers`]), with a name for its keys ([`fmt::Display`]) and a
/// folder that all of it lies below ([`View::below`]), so that rows are looked for there only.
///
/// The test is on the path under which a repository is served. That is enough to tell sources apart, as the path begins with the
/// mount of the repository's source; sources with the same mount share its folders, and nobody is given a right to one of them
/// alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum View {
    /// A folder of the registry: the root, or a space. Its name is the folder's path.
    Folder(Space),
    /// What accounts of limited rights may read of a folder: those of equal rights share it. Its name is the folder's path, a
    /// `?`, which is in no path, and the patterns.
    Share {
        /// The folder.
        below: Space,
        /// What may be read; of that only what can lie in the folder.
        spaces: Spaces,
    },
}

/// What stands between the folder and the patterns of a share's name.
const SHARE: char = '?';

impl View {
    /// The view of everything.
    pub fn root() -> Self {
        Self::Folder(Space::root())
    }

    /// Whether it is the view of everything, which is always published.
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Folder(space) if space.is_root())
    }

    /// The folder that everything in it lies below.
    pub fn below(&self) -> &Space {
        match self {
            Self::Folder(space) | Self::Share { below: space, .. } => space,
        }
    }

    /// Whether a repository stands in this view's index. `scope` is what the index of a folder holds.
    pub fn covers(&self, repository: &RepositoryPath, scope: IndexScope) -> bool {
        let (space, folder) = (self.below(), repository.folder());
        let lies_in = match scope {
            IndexScope::Folder => folder == space.as_str(),
            IndexScope::Subtree => {
                space.is_root()
                    || folder
                        .strip_prefix(space.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        };
        lies_in
            && match self {
                Self::Folder(_) => true,
                Self::Share { spaces, .. } => spaces.hold(&repository.space()),
            }
    }

    /// Whether what lies directly in its folder is in it.
    pub fn shows_folder(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Share { below, spaces } => spaces.hold(below),
        }
    }

    /// Whether a repository may stand in its index, whatever the scope.
    pub fn may_show(&self, repository: &RepositoryPath) -> bool {
        self.covers(repository, IndexScope::Subtree)
    }

    /// The folders whose indexes a repository may stand in, the root last.
    pub fn folders_of(repository: &RepositoryPath) -> Vec<Self> {
        let spaces = repository.space().ancestors();
        spaces.into_iter().map(Self::Folder).collect()
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(space) => f.write_str(space.as_str()),
            Self::Share { below, spaces } => write!(f, "{below}{SHARE}{spaces}"),
        }
    }
}

impl From<Space> for View {
    fn from(space: Space) -> Self {
        Self::Folder(space)
    }
}

impl FromStr for View {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        match name.split_once(SHARE) {
            None => name.parse().map(Self::Folder),
            Some((below, spaces)) => Ok(Self::Share {
                below: below.parse()?,
                spaces: spaces.parse()?,
            }),
        }
    }
}

impl TryFrom<String> for View {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        name.parse()
    }
}

impl From<View> for String {
    fn from(view: View) -> Self {
        view.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn view(text: &str) -> View {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_view_covers() {
        use IndexScope::{Folder, Subtree};
        for (folder, repository, subtree, directly) in [
            ("", "nginx", true, true),
            ("", "team/nginx", true, false),
            ("team", "team/nginx", true, true),
            ("team", "team/sub/nginx", true, false),
            ("team", "team", false, false),
            ("team", "nginx", false, false),
            ("team", "team-a/nginx", false, false),
            ("team", "other/team/nginx", false, false),
            ("team/sub", "team/nginx", false, false),
            ("team/sub", "team/sub/nginx", true, true),
            ("?team/**", "team/nginx", true, false),
            ("?team/**", "nginx", false, false),
            ("?/,team", "nginx", true, true),
            ("?/,team", "team/sub/nginx", false, false),
            ("team?*/sub", "team/sub/nginx", true, false),
            ("team?*/sub", "other/sub/nginx", false, false),
            ("team?*/sub", "team/nginx", false, false),
        ] {
            let covers = |scope| view(folder).covers(&repository.parse().unwrap(), scope);
            assert_eq!(
                (covers(Subtree), covers(Folder)),
                (subtree, directly),
                "{folder:?} {repository:?}"
            );
        }
    }

    #[test]
    fn crosses_as_its_name() {
        assert_eq!(serde_json::to_string(&view("a/b")).unwrap(), r#""a/b""#);
        assert_eq!(serde_json::from_str::<View>(r#""""#).unwrap(), View::root());
        for name in ["?a/**,b", "a/b?**/c", "?"] {
            assert_eq!(view(name).to_string(), name);
            assert!(!view(name).is_root(), "{name}");
        }
        for wrong in ["../a", "?../a", "../a?b", "a?b?c", "a?b,", "a?B"] {
            let text = serde_json::to_string(wrong).unwrap();
            assert!(serde_json::from_str::<View>(&text).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_folders_of_a_repository_cover_it(name in "[a-z]{1,3}(/[a-z]{1,3}){0,4}") {
            let name = name.parse().unwrap();
            for view in View::folders_of(&name) {
                prop_assert!(view.covers(&name, IndexScope::Subtree));
            }
        }
    }
}
