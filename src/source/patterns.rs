//! Patterns for repositories and tags, which are matched against names alone.

use crate::glob::{ANY_SEGMENTS, glob, matches};
use crate::index::is_name_pattern;
use crate::shown::shown;

/// The items of a list, without separators, brackets and quotes.
pub(crate) fn items(text: &str) -> Result<Vec<&str>, String> {
    let text = text.trim();
    let list = match text.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .ok_or_else(|| "the list does not end with ]".to_owned())?,
        None => text,
    };
    let items: Vec<&str> = list
        .split(|c: char| c == ',' || c.is_whitespace())
        .map(|item| item.trim_matches(['"', '\'']))
        .filter(|item| !item.is_empty())
        .collect();
    if items.is_empty() {
        return Err("the list is empty".to_owned());
    }
    Ok(items)
}

/// Reads every item of a list; all that are wrong are named at once.
fn all<T>(text: &str, parse: impl Fn(&str) -> Option<T>, noun: &str) -> Result<Vec<T>, String> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for item in items(text)? {
        match parse(item) {
            Some(parsed) => good.push(parsed),
            None => bad.push(shown(item)),
        }
    }
    if let [only] = bad.as_slice() {
        return Err(format!("{only} is not {noun}"));
    }
    if !bad.is_empty() {
        return Err(format!("{} are each not {noun}", bad.join(", ")));
    }
    Ok(good)
}

/// The same items where order and repetition say nothing: equal settings are equal values, with one fingerprint.
fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items.dedup();
    items
}

/// The repositories of a source that are served, by their names below its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repositories {
    /// All that the registry enumerates.
    All,
    /// Those that one of these names or patterns matches: `nginx`, `team-a/*` (one segment), `team-b/**` (any number of
    /// segments, none too). Sorted; never empty.
    Listed(Vec<String>),
}

impl Repositories {
    /// Reads a list separated by commas or spaces, or an array.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        all(text, repository_pattern, A_REPOSITORY)
            .map(sorted)
            .map(Self::Listed)
    }

    /// Those that names of one segment stand for at Docker Hub, which keeps official images in `library` and lets people leave
    /// that out ("Docker Official Images").
    #[must_use]
    pub(crate) fn in_library(self) -> Self {
        let whole = |name: String| {
            if name.contains('/') || name == ANY_SEGMENTS {
                name
            } else {
                format!("library/{name}")
            }
        };
        match self {
            Self::All => Self::All,
            Self::Listed(names) => Self::Listed(sorted(names.into_iter().map(whole).collect())),
        }
    }

    /// Whether a repository, by its name below the prefix, is one of them.
    pub fn allows(&self, relative: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(patterns) => patterns
                .iter()
                .any(|pattern| is_repository(pattern, relative)),
        }
    }

    /// Those that are named without a wildcard.
    pub fn exact(&self) -> impl Iterator<Item = &str> {
        let listed = match self {
            Self::All => [].as_slice(),
            Self::Listed(patterns) => patterns,
        };
        listed
            .iter()
            .map(String::as_str)
            .filter(|pattern| !pattern.contains('*'))
    }

    /// Whether the registry must be asked which repositories there are.
    pub fn enumerates(&self) -> bool {
        match self {
            Self::All => true,
            Self::Listed(patterns) => patterns.iter().any(|pattern| pattern.contains('*')),
        }
    }
}

/// Which repositories serve a file before others that offer it: the operator's word, before all other rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Precedence(Vec<String>);

impl Precedence {
    /// Reads a list parted by commas or space, or an array; the first comes first. Patterns are those of [`Repositories`].
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        all(text, repository_pattern, A_REPOSITORY).map(Self)
    }

    /// The place of a repository, by its name below the prefix: that of the first pattern that matches it. Those that none
    /// matches share the last one.
    pub fn rank(&self, relative: &str) -> usize {
        let first = |pattern: &String| is_repository(pattern, relative);
        self.0.iter().position(first).unwrap_or(self.0.len())
    }

    /// The patterns in their order; none where nothing was set.
    pub(crate) fn patterns(&self) -> &[String] {
        &self.0
    }
}

/// What an item must be, as a message says it.
const A_REPOSITORY: &str = "a repository below the prefix or a pattern for some";

/// Whether a pattern matches a repository's name below its prefix.
fn is_repository(pattern: &str, relative: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let name: Vec<&str> = relative.split('/').collect();
    matches(
        &pattern,
        &name,
        |segment| *segment == ANY_SEGMENTS,
        |wanted, segment| glob(wanted, segment, false),
    )
}

/// A name or pattern that some repository name could match.
fn repository_pattern(text: &str) -> Option<String> {
    is_name_pattern(text).then(|| text.to_owned())
}

/// Which tags are looked at, judged by name before any call: `*` stands for any characters, `?` for one, `!` before a pattern
/// excludes what it matches. With exclusions only, all else is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagPatterns {
    /// Sorted.
    pub(crate) included: Vec<String>,
    /// Sorted.
    pub(crate) excluded: Vec<String>,
}

impl TagPatterns {
    /// Reads a list separated by commas or spaces, or an array.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut included, mut excluded) = (Vec::new(), Vec::new());
        for (excludes, pattern) in sorted(all(text, tag_pattern, "a pattern for tags")?) {
            if excludes {
                excluded.push(pattern);
            } else {
                included.push(pattern);
            }
        }
        Ok(Self { included, excluded })
    }

    /// Whether a tag is looked at.
    pub fn allows(&self, tag: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, tag, true));
        (self.included.is_empty() || any(&self.included)) && !any(&self.excluded)
    }
}

/// Whether it excludes, and the pattern. The `+` of a version is the `_` of its tag (Helm's mapping).
fn tag_pattern(text: &str) -> Option<(bool, String)> {
    let (excludes, pattern) = match text.strip_prefix('!') {
        Some(pattern) => (true, pattern),
        None => (false, text),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+*?".contains(c);
    (!pattern.is_empty() && pattern.chars().all(allowed))
        .then(|| (excludes, pattern.replace('+', "_")))
}

#[cfg(test)]
mod tests;
