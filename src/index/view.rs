//! Views: which repositories an index covers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::oci::{Invalid, Name};

/// What the index of a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexScope {
    /// All charts below it.
    #[default]
    Subtree,
    /// Only those directly in it.
    Folder,
}

/// The root, or a space: a folder of repositories below the prefix, `team-a/sub`. Its text is empty for the root, else of
/// the grammar of repository names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct View(String);

impl View {
    /// The view of everything.
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
    pub fn of_repository(relative: &str) -> Self {
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

    /// This view and every folder above it, the root last.
    pub fn ancestors(&self) -> Vec<Self> {
        std::iter::successors(Some(self.clone()), Self::parent).collect()
    }

    /// Whether a repository (its name below the prefix) stands in this view's index.
    pub fn covers(&self, relative: &str, scope: IndexScope) -> bool {
        let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        match scope {
            IndexScope::Folder => folder == self.0,
            IndexScope::Subtree => {
                self.is_root()
                    || folder
                        .strip_prefix(self.0.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for View {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let name: Name = text.parse()?;
        Ok(Self(name.to_string()))
    }
}

impl TryFrom<String> for View {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<View> for String {
    fn from(view: View) -> Self {
        view.0
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
    fn only_paths_of_repositories() {
        assert_eq!(view(""), View::root());
        assert!(View::root().is_root() && !view("a").is_root());
        for text in [
            "/", "a/", "/a", "a//b", "A", "a/..", ".", "a b", "a%2fb", "é",
        ] {
            assert_eq!(text.parse::<View>(), Err(Invalid::Name), "{text}");
        }
    }

    #[test]
    fn folders() {
        assert_eq!(View::of_repository("nginx"), View::root());
        assert_eq!(View::of_repository("team/sub/nginx"), view("team/sub"));
        assert_eq!(view("a/b").parent(), Some(view("a")));
        assert_eq!(view("a").parent(), Some(View::root()));
        assert_eq!(View::root().parent(), None);
        assert_eq!(view("a/b").ancestors(), [view("a/b"), view("a"), view("")]);
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
        ] {
            let covers = |scope| view(folder).covers(repository, scope);
            assert_eq!(
                (covers(Subtree), covers(Folder)),
                (subtree, directly),
                "{folder:?} {repository:?}"
            );
        }
    }

    #[test]
    fn crosses_as_text() {
        assert_eq!(serde_json::to_string(&view("a/b")).unwrap(), r#""a/b""#);
        assert_eq!(serde_json::from_str::<View>(r#""""#).unwrap(), View::root());
        assert!(serde_json::from_str::<View>(r#""../a""#).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<View>();
            let _ = View::of_repository(&text).ancestors();
        }

        #[test]
        fn the_ancestors_of_its_folder_cover_a_repository(name in "[a-z]{1,3}(/[a-z]{1,3}){0,4}") {
            for view in View::of_repository(&name).ancestors() {
                prop_assert!(view.covers(&name, IndexScope::Subtree));
            }
        }
    }
}
