//! Views: which repositories an index covers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::IndexScope;
use crate::oci::{Invalid, Name};

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

    /// Itself and every folder above it, the root last.
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
