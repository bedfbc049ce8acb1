//! The spaces that patterns name: what an account may see or do is said so.

use std::fmt;
use std::str::FromStr;

use super::Space;
use super::repository_path::is_name_pattern;
use crate::glob::{ANY_SEGMENTS, glob};
use crate::oci::Invalid;

/// The pattern of the root alone: what lies in no folder.
const ROOT: &str = "/";

/// The spaces that one of some patterns names: `team-a` (that space alone), `team-*` (`*` within one segment), `team-a/**` (it
/// and all below it), `**` (all, the root too), `/` (the root alone). Sorted, each once, without those that another one holds;
/// so equal rights are equal values, and their text ([`fmt::Display`], items separated by commas) is a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Spaces(Vec<String>);

impl Spaces {
    /// None.
    pub const NONE: Self = Self(Vec::new());

    /// All.
    pub fn all() -> Self {
        Self(vec![ANY_SEGMENTS.to_owned()])
    }

    /// The spaces that one of these patterns names.
    pub fn of(patterns: impl IntoIterator<Item = String>) -> Self {
        let mut patterns: Vec<String> = patterns.into_iter().collect();
        patterns.sort_unstable();
        patterns.dedup();
        // One after the other, so that of two that hold each other one is left: the shorter.
        let mut place = patterns.len();
        while place > 0 {
            place -= 1;
            let pattern = patterns.remove(place);
            if !patterns.iter().any(|other| includes(other, &pattern)) {
                patterns.insert(place, pattern);
            }
        }
        Self(patterns)
    }

    /// One space alone.
    pub fn only(space: &Space) -> Self {
        let name = if space.is_root() {
            ROOT
        } else {
            space.as_str()
        };
        Self(vec![name.to_owned()])
    }

    /// Reads a pattern; `None` when no space can have such a name.
    pub fn pattern(text: &str) -> Option<String> {
        if text == ROOT {
            return Some(text.to_owned());
        }
        is_name_pattern(text).then(|| text.to_owned())
    }

    /// Whether it holds no space.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These and others.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self::of(self.0.iter().chain(&others.0).cloned())
    }

    /// Those patterns that may name something at a space or below it.
    #[must_use]
    pub fn at(&self, space: &Space) -> Self {
        let here = |pattern: &&String| Walk::along(pattern, space).goes_on();
        Self::of(self.0.iter().filter(here).cloned())
    }

    /// Whether a space is one of them.
    pub fn hold(&self, space: &Space) -> bool {
        self.walks(space).any(|walk| walk.arrived())
    }

    /// Whether a space is one of them, and so is everything below it.
    pub fn hold_all_below(&self, space: &Space) -> bool {
        self.walks(space).any(|walk| walk.holds_all())
    }

    /// Whether a space is one of them, or may have one below it.
    pub fn reach(&self, space: &Space) -> bool {
        self.walks(space).any(|walk| walk.goes_on())
    }

    fn walks<'a>(&'a self, space: &Space) -> impl Iterator<Item = Walk<'a>> {
        self.0.iter().map(|pattern| Walk::along(pattern, space))
    }
}

impl fmt::Display for Spaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl FromStr for Spaces {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Ok(Self::NONE);
        }
        let patterns: Option<Vec<String>> = text.split(',').map(Self::pattern).collect();
        patterns.map(Self::of).ok_or(Invalid::Name)
    }
}

/// The segments of a path; of the root none.
fn segments(path: &str) -> Vec<&str> {
    match path {
        "" | ROOT => Vec::new(),
        path => path.split('/').collect(),
    }
}

/// A pattern after the segments of a space: which of its own segments may come next.
struct Walk<'p> {
    pattern: Vec<&'p str>,
    /// Whether what begins at each place of the pattern, its end included, is still to come.
    places: Vec<bool>,
}

impl<'p> Walk<'p> {
    fn along(pattern: &'p str, space: &Space) -> Self {
        Self::through(pattern, &segments(space.as_str()), |wanted, segment| {
            glob(wanted, segment, false)
        })
    }

    /// Walks along segments; `one` tells whether a segment of the pattern that is not `**` is met by one of them.
    fn through(pattern: &'p str, path: &[&str], one: impl Fn(&str, &str) -> bool) -> Self {
        let pattern = segments(pattern);
        let mut places = vec![false; pattern.len() + 1];
        if let Some(first) = places.first_mut() {
            *first = true;
        }
        let mut walk = Self { pattern, places };
        walk.skip_any();
        for segment in path {
            let mut next = vec![false; walk.places.len()];
            for (place, wanted) in walk.pattern.iter().enumerate() {
                if !walk.is_at(place) {
                    continue;
                }
                let to = if *wanted == ANY_SEGMENTS {
                    place
                } else if one(wanted, segment) {
                    place + 1
                } else {
                    continue;
                };
                if let Some(next) = next.get_mut(to) {
                    *next = true;
                }
            }
            walk.places = next;
            walk.skip_any();
        }
        walk
    }

    /// `**` also stands for no segment.
    fn skip_any(&mut self) {
        for (place, wanted) in self.pattern.iter().enumerate() {
            if *wanted == ANY_SEGMENTS
                && self.places.get(place) == Some(&true)
                && let Some(next) = self.places.get_mut(place + 1)
            {
                *next = true;
            }
        }
    }

    fn is_at(&self, place: usize) -> bool {
        self.places.get(place) == Some(&true)
    }

    /// Whether the pattern names the space itself.
    fn arrived(&self) -> bool {
        self.is_at(self.pattern.len())
    }

    /// Whether the pattern names the space and everything below it.
    fn holds_all(&self) -> bool {
        self.pattern.last() == Some(&ANY_SEGMENTS) && self.is_at(self.pattern.len() - 1)
    }

    /// Whether the pattern names the space, or could name one below it: any segment has a name that meets it.
    fn goes_on(&self) -> bool {
        self.places.contains(&true)
    }
}

/// Whether every space that `narrow` names is named by `wide`. Never wrong where it says yes; it may miss one.
fn includes(wide: &str, narrow: &str) -> bool {
    let walk = Walk::through(wide, &segments(narrow), |wanted, segment| {
        // A `*` of the narrow one is met by a `*` of the wide one alone, as no name has that character.
        segment != ANY_SEGMENTS && glob(wanted, segment, false)
    });
    walk.arrived()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spaces(text: &str) -> Spaces {
        text.parse().unwrap()
    }

    fn space(text: &str) -> Space {
        text.parse().unwrap()
    }

    /// Pattern, space: whether it holds it, all below it, or something at or below it.
    #[test]
    fn what_patterns_hold() {
        for (pattern, at, expected) in [
            ("**", "", "it all some"),
            ("**", "a/b", "it all some"),
            ("/", "", "it some"),
            ("/", "a", ""),
            ("a", "", "some"),
            ("a", "a", "it some"),
            ("a", "a/b", ""),
            ("a/**", "", "some"),
            ("a/**", "a", "it all some"),
            ("a/**", "a/b/c", "it all some"),
            ("a/**", "ab", ""),
            ("a/*", "a", "some"),
            ("a/*", "a/b", "it some"),
            ("a/*", "a/b/c", ""),
            ("team-*", "team-a", "it some"),
            ("team-*", "other", ""),
            ("*/dev/**", "", "some"),
            ("*/dev/**", "x", "some"),
            ("*/dev/**", "x/dev", "it all some"),
            ("*/dev/**", "x/prod", ""),
            ("**/dev", "x/prod", "some"),
            ("**/dev", "x/dev", "it some"),
            ("a/**/b", "a", "some"),
            ("a/**/b", "a/b", "it some"),
            ("a/**/**", "a", "it all some"),
        ] {
            let (patterns, here) = (spaces(pattern), space(at));
            let mut told = Vec::new();
            if patterns.hold(&here) {
                told.push("it");
            }
            if patterns.hold_all_below(&here) {
                told.push("all");
            }
            if patterns.reach(&here) {
                told.push("some");
            }
            assert_eq!(told.join(" "), expected, "{pattern} {at:?}");
        }
        assert!(!Spaces::NONE.reach(&Space::root()));
    }

    #[test]
    fn equal_rights_are_equal_values() {
        for (written, kept) in [
            ("b,a,b", "a,b"),
            ("a/**,a/b,a/b/**,a", "a/**"),
            ("**,a/**,/", "**"),
            ("team-*/**,team-a/**", "team-*/**"),
            ("*,a", "*"),
            ("*,a/*", "*,a/*"),
            ("a/*,a/**", "a/**"),
            ("*/**,**", "**"),
            ("a/**/**,a/**,b", "a/**,b"),
        ] {
            assert_eq!(spaces(written).to_string(), kept, "{written}");
        }
        assert_eq!(
            spaces("a/**,b/**,**/dev").at(&space("a/x")).to_string(),
            "**/dev,a/**"
        );
        assert_eq!(spaces("a").and(&spaces("b")), spaces("b,a"));
    }

    #[test]
    fn patterns_that_name_nothing_are_none() {
        for wrong in [
            "", "A", "a//b", "/a", "a/", "a b", "..", "***", "a**", "ü", "-a", "a?", "-a*", "a*-",
            "a..*", "*/..", "*/-", "a/._*", "___*", "*/a.", "**/_a", "*.",
        ] {
            assert_eq!(Spaces::pattern(wrong), None, "{wrong}");
        }
    }

    fn patterns() -> impl Strategy<Value = String> {
        let one = "(a|b|\\*|\\*\\*|a\\*)(/(a|b|\\*|\\*\\*)){0,3}|/";
        prop::collection::vec(one, 1..4).prop_map(|all| all.join(","))
    }

    proptest! {
        /// The meaning in its slowest form: each pattern alone, by the function that judges `REPOSITORIES`.
        #[test]
        fn what_is_left_out_changes_nothing(written in patterns(), at in "((a|b|ab)(/(a|b|ab)){0,3})?") {
            let here = space(&at);
            let alone = |pattern: &str| {
                let pattern = segments(pattern);
                crate::glob::matches(
                    &pattern,
                    &segments(&at),
                    |segment| *segment == ANY_SEGMENTS,
                    |wanted, segment| glob(wanted, segment, false),
                )
            };
            prop_assert_eq!(spaces(&written).hold(&here), written.split(',').any(alone));
            prop_assert_eq!(spaces(&written).at(&here).hold(&here), spaces(&written).hold(&here));
        }

        #[test]
        fn what_holds_all_holds_each(written in patterns(), at in "((a|b)(/(a|b)){0,2})?", more in "(a|b|ab)(/(a|b)){0,2}") {
            let (spaces, here) = (spaces(&written), space(&at));
            let below = space(format!("{at}/{more}").trim_start_matches('/'));
            if spaces.hold_all_below(&here) {
                prop_assert!(spaces.hold(&here) && spaces.hold(&below));
            }
            if spaces.hold(&here) || spaces.hold(&below) {
                prop_assert!(spaces.reach(&here));
            }
        }

        #[test]
        fn crosses_as_text(written in patterns()) {
            let known = spaces(&written);
            prop_assert_eq!(spaces(&known.to_string()), known);
        }
    }
}
