//! The file name of a package: its grammar stands here and nowhere else.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The file name under which a chart is served: `<name>-<version>.tgz`, the `+` of build metadata as it is, at most
/// [`FileName::MAX`] bytes.
///
/// Made of a name and a version, or read from a path or a row; never split again: `foo` `1-2.0.0` and `foo-1` `2.0.0` share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

/// Why a text is no file name of a package. Never holds the text itself: it may be long or hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAFileName {
    /// It is longer than file systems take.
    #[error("file name is longer than {} bytes", FileName::MAX)]
    TooLong,
    /// It does not end as a package does.
    #[error("file name does not end in {}", FileName::EXTENSION)]
    Extension,
    /// It holds what no name and no version of a chart holds.
    #[error("file name holds a character that neither names nor versions hold")]
    Character,
}

impl FileName {
    /// Longest file name in bytes that is served: file systems take no longer ones, and Helm stores a package under its name.
    pub const MAX: usize = 255;

    /// How every package's file name ends.
    pub const EXTENSION: &'static str = ".tgz";

    /// The file name of a version of a chart.
    pub fn of(name: &str, version: &str) -> Result<Self, NotAFileName> {
        format!("{name}-{version}{}", Self::EXTENSION).try_into()
    }

    /// Whether it is that of this version of this chart; makes no copy.
    pub fn is_of(&self, name: &str, version: &str) -> bool {
        self.0
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(Self::EXTENSION))
            == Some(version)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What names and versions of charts are made of: Helm's rule for names (`pkg/chartutil/create.go`), semver.org §9 and §10.
fn is_file_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+')
}

/// What is wrong with a text as a file name.
fn check(text: &str) -> Result<(), NotAFileName> {
    if text.len() > FileName::MAX {
        return Err(NotAFileName::TooLong);
    }
    match text.strip_suffix(FileName::EXTENSION) {
        None | Some("") => Err(NotAFileName::Extension),
        Some(stem) if !stem.bytes().all(is_file_byte) => Err(NotAFileName::Character),
        Some(_) => Ok(()),
    }
}

impl FromStr for FileName {
    type Err = NotAFileName;

    fn from_str(text: &str) -> Result<Self, NotAFileName> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for FileName {
    type Error = NotAFileName;

    fn try_from(text: String) -> Result<Self, NotAFileName> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl From<FileName> for String {
    fn from(file: FileName) -> Self {
        file.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for FileName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_helm_package_writes() {
        let file = |name, version| FileName::of(name, version).unwrap();
        assert_eq!(file("nginx", "1.0.0").as_str(), "nginx-1.0.0.tgz");
        assert_eq!(
            file("nginx", "v1.0.0-rc.1+build.5").as_str(),
            "nginx-v1.0.0-rc.1+build.5.tgz"
        );
        assert_eq!(file("foo", "1-2.0.0"), file("foo-1", "2.0.0"));
        let both = file("foo", "1-2.0.0");
        assert!(both.is_of("foo", "1-2.0.0") && both.is_of("foo-1", "2.0.0"));
        assert!(!both.is_of("foo", "2.0.0") && !both.is_of("foo-1-2.0.0", ""));
    }

    #[test]
    fn nothing_else_is_one() {
        use NotAFileName::{Character, Extension, TooLong};
        let longest = format!("{}.tgz", "a".repeat(251));
        assert_eq!(longest.parse::<FileName>().unwrap().as_str(), longest);
        for (text, why) in [
            (format!("{}.tgz", "a".repeat(252)).as_str(), TooLong),
            ("", Extension),
            (".tgz", Extension),
            ("a-1.0.0.tar.gz", Extension),
            ("a-1.0.0.tgz.prov", Extension),
            ("a/b-1.0.0.tgz", Character),
            ("..\\b-1.0.0.tgz", Character),
            ("a b-1.0.0.tgz", Character),
            ("é-1.0.0.tgz", Character),
        ] {
            assert_eq!(text.parse::<FileName>(), Err(why), "{text}");
            assert!(serde_json::from_value::<FileName>(text.into()).is_err());
        }
    }

    #[test]
    fn crosses_as_text() {
        let file: FileName = "a-1.0.0.tgz".parse().unwrap();
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(text, r#""a-1.0.0.tgz""#);
        assert_eq!(serde_json::from_str::<FileName>(&text).unwrap(), file);
    }
}
