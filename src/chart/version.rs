//! Versions of charts.

use std::cmp::Ordering;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use super::Unfit;
use super::unfit::quoted;

/// Longest version in bytes: as long as a tag may be (distribution spec, "Pulling manifests").
const MAX_LENGTH: usize = 128;

/// A semantic version as leniently read as by Helm's index (`NewVersion` of Masterminds/semver): an optional `v`, one to
/// three numbers, leading zeros in them, a pre-release, build metadata. Ordered by precedence (semver §11), then by text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    text: String,
    key: String,
}

impl Version {
    /// Reads a version; what Helm refuses is [`Unfit::Version`].
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let invalid = || Unfit::Version(quoted(text));
        if text.len() > MAX_LENGTH {
            return Err(invalid());
        }
        let (rest, build) = split(text, '+');
        let (numbers, prerelease) = split(rest.strip_prefix('v').unwrap_or(rest), '-');
        // The strict crate knows these two parts just as Masterminds/semver does; only there must not be an empty one.
        if build.is_some_and(|build| {
            build.is_empty() || semver::BuildMetadata::new(build).is_err() // 1.0.0+
        }) || prerelease.is_some_and(|prerelease| {
            prerelease.is_empty() || semver::Prerelease::new(prerelease).is_err()
        }) {
            return Err(invalid());
        }
        let key = key(text, numbers, prerelease).ok_or_else(invalid)?;
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// ASCII text whose byte order is the order of versions: for a database to sort by. At most about 700 bytes.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The sort key, or `None` when the numbers are no numbers.
///
/// Numbers stand as `<count of digits><digits>`, so that longer ones come later. `-` opens the pre-release and `~` stands
/// for none, which sorts after it. In a pre-release `0` opens a number and `1` a word, `!` ends either, and a space ends
/// them all: both sort before whatever could stand there instead.
fn key(text: &str, numbers: &str, prerelease: Option<&str>) -> Option<String> {
    /// Major, minor, patch.
    const NUMBERS: usize = 3;
    /// Two digits say how many follow, at most the 20 of a `u64`.
    const LONGEST_NUMBER: usize = 22;
    let mut key = String::with_capacity(NUMBERS * LONGEST_NUMBER + 2 * text.len() + 2);
    let mut parts = numbers.split('.');
    for nth in 0..NUMBERS {
        let part = match parts.next() {
            Some(part) => part,
            None if nth > 0 => "0",
            None => return None,
        };
        // `parse` alone would let a sign through.
        let value: u64 = part
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse().ok())??;
        let digits = value.to_string();
        let _ = write!(key, "{:02}{digits}", digits.len());
    }
    if parts.next().is_some() {
        return None;
    }
    match prerelease {
        None => key.push('~'),
        Some(prerelease) => {
            key.push('-');
            for part in prerelease.split('.') {
                let _ = if part.bytes().all(|byte| byte.is_ascii_digit()) {
                    write!(key, "0{:03}{part}!", part.len())
                } else {
                    write!(key, "1{part}!")
                };
            }
        }
    }
    key.push(' ');
    key.push_str(text);
    Some(key)
}

impl FromStr for Version {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        Self::parse(text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_lenient_as_helm() {
        for text in [
            "1.2.3",
            "v1.2.3",
            "1.2",
            "v1",
            "1",
            "0.0.0",
            "01.002.0003",
            "1.2.3-rc.1",
            "1.2-beta",
            "1-a",
            "1.2.3+build.5",
            "1.2.3+001",
            "1.2.3-0+a-b.c",
            "1.2.3--",
            "1.2.3-a--b",
            "18446744073709551615.0.0",
            "1.2.3-99999999999999999999999",
        ] {
            assert_eq!(
                Version::parse(text).map(|v| v.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "v",
            "vv1",
            "V1.2.3",
            " 1.2.3",
            "1.2.3 ",
            "1.2.3\n",
            "latest",
            "1.2.3.4",
            "1..2",
            ".1",
            "1.",
            "1.2.",
            "+1.2.3",
            "-1.2.3",
            "1.+2.3",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-+b",
            "1.2.3-a..b",
            "1.2.3-01",
            "1.2.3-a_b",
            "1.2.3+a+b",
            "1.2.3+a..b",
            "1.2.x",
            "1.2.3-ä",
            "18446744073709551616.0.0",
            "../1.2.3",
            "1.2.3/..",
            "-",
        ] {
            assert_eq!(
                Version::parse(text),
                Err(Unfit::Version(format!("{text:?}"))),
                "{text}"
            );
        }
        let long = |length| format!("1.2.3-{}", "a".repeat(length - 6));
        assert!(Version::parse(&long(MAX_LENGTH)).is_ok());
        assert!(Version::parse(&long(MAX_LENGTH + 1)).is_err());
    }

    #[test]
    fn ordered_by_precedence_then_by_text() {
        // The example of semver §11, between neighbours that a text order would put wrong.
        let ordered = [
            "0.9.0",
            "1.0.0-0",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-10.a",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-alpha-1",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1",
            "1.0",
            "1.0.0",
            "1.0.0+a",
            "1.0.0+b",
            "v1.0.0",
            "1.0.9",
            "1.0.10",
            "1.10.0",
            "9.0.0",
            "10.0.0",
        ]
        .map(|text| Version::parse(text).unwrap());
        for pair in ordered.windows(2) {
            assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        }
        assert!(ordered.iter().all(|version| version.key().is_ascii()));
    }

    const STRICT: &str = r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})(-(0|[1-9][0-9]{0,2}|[0-9]?[a-c-]{1,3})(\.(0|[1-9][0-9]?|[a-c-]{1,2})){0,2})?(\+[0-9a-c]{1,2})?";

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = Version::parse(&text);
        }

        #[test]
        fn agrees_with_the_strict_order(one in STRICT, other in STRICT) {
            let strict = |text: &str| semver::Version::parse(text).unwrap();
            let lenient = |text: &str| Version::parse(text).unwrap();
            let expected = strict(&one).cmp_precedence(&strict(&other)).then_with(|| one.cmp(&other));
            prop_assert_eq!(lenient(&one).cmp(&lenient(&other)), expected);
        }
    }
}
