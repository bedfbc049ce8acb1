//! Ranges of versions, as Helm's users write them (Masterminds/semver: `^1.2`, `~1.2`, `1.x`, `>=1.0 <2`, `1.2 - 1.4`, `||`).

use semver::{Comparator, Op, VersionReq};

/// Longest range that is read, in bytes.
const MAX_LENGTH: usize = 256;

/// A range: one of these, of which all must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRange(Vec<Vec<Bound>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    Within(VersionReq),
    Not(VersionReq),
}

impl VersionRange {
    /// Everything but pre-releases.
    pub(crate) fn stable() -> Self {
        Self(vec![vec![Bound::Within(VersionReq::STAR)]])
    }

    /// Reads a range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        text.split("||").map(all).collect::<Option<_>>().map(Self)
    }

    /// Whether a version, read as leniently as Helm does, lies in it. A pre-release does only where the range names one of the
    /// same numbers.
    pub(crate) fn holds(&self, version: &str) -> bool {
        let Some(version) = lenient(version) else {
            return false;
        };
        self.0.iter().any(|bounds| {
            bounds.iter().all(|bound| match bound {
                Bound::Within(range) => range.matches(&version),
                Bound::Not(range) => version.pre.is_empty() && !range.matches(&version),
            })
        })
    }
}

/// The bounds between two `||`.
fn all(text: &str) -> Option<Vec<Bound>> {
    if let Some((from, to)) = text.split_once(" - ") {
        let range = format!(">={}, <={}", number(from.trim()), number(to.trim()));
        return Some(vec![Bound::Within(VersionReq::parse(&range).ok()?)]);
    }
    let mut bounds = Vec::new();
    let mut operator = String::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let at = word
            .find(|c: char| c.is_ascii_alphanumeric() || c == '*')
            .unwrap_or(word.len());
        let (sign, version) = word.split_at(at);
        operator.push_str(sign);
        if !version.is_empty() {
            bounds.push(bound(&std::mem::take(&mut operator), &number(version))?);
        }
    }
    (operator.is_empty() && !bounds.is_empty()).then_some(bounds)
}

fn bound(operator: &str, version: &str) -> Option<Bound> {
    let parse = |text: String| VersionReq::parse(&text).ok();
    if version == "*" {
        return Some(Bound::Within(VersionReq::STAR));
    }
    match operator {
        "!=" => parse(format!("={version}")).map(Bound::Not),
        "" | "=" | "==" => {
            let range = parse(format!("={version}"))?;
            Some(Bound::Within(exact(range)))
        }
        "~>" => parse(format!("~{version}")).map(Bound::Within),
        "=>" => parse(format!(">={version}")).map(Bound::Within),
        "=<" => parse(format!("<={version}")).map(Bound::Within),
        "^" | "~" | ">" | "<" | ">=" | "<=" => {
            parse(format!("{operator}{version}")).map(Bound::Within)
        }
        _ => None,
    }
}

/// `=1.*` is written with another operator.
fn exact(mut range: VersionReq) -> VersionReq {
    for Comparator { op, minor, .. } in &mut range.comparators {
        if *op == Op::Wildcard && minor.is_none() {
            *op = Op::Exact;
        }
    }
    range
}

/// A version in a range without `v`, `x` and trailing wildcards: `v1.2.x` is `1.2`.
fn number(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<&str> = text.splitn(3, '.').collect();
    while parts
        .last()
        .is_some_and(|part| matches!(*part, "x" | "X" | "*"))
    {
        parts.pop();
    }
    if parts.is_empty() {
        "*".to_owned()
    } else {
        parts.join(".")
    }
}

/// A version with all its numbers and without what semver does not allow before them.
fn lenient(text: &str) -> Option<semver::Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts: Vec<u64> = numbers
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    if parts.len() > 3 {
        return None;
    }
    parts.resize(3, 0);
    let numbers: Vec<String> = parts.iter().map(u64::to_string).collect();
    semver::Version::parse(&format!("{}{rest}", numbers.join("."))).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_has_at_most_256_bytes() {
        let spaced = |length| format!("{:length$}", ">=1.0.0");
        assert!(VersionRange::parse(&spaced(256)).is_some());
        assert!(VersionRange::parse(&spaced(257)).is_none());
    }

    #[test]
    fn ranges_as_helm_reads_them() {
        for (range, inside, outside) in [
            ("*", &["1.0.0", "0.1"][..], &["1.0.0-rc.1", "x"][..]),
            (
                "1.2",
                &["1.2.0", "v1.2.9", "1.2"][..],
                &["1.3.0", "1.1.9"][..],
            ),
            ("1.x", &["1.0.0", "1.9.9"][..], &["2.0.0", "0.9.0"][..]),
            ("v1.2.X", &["1.2.3"][..], &["1.3.0"][..]),
            ("^1.2.3", &["1.2.3", "1.9.0"][..], &["2.0.0", "1.2.2"][..]),
            ("~1.2", &["1.2.9"][..], &["1.3.0"][..]),
            ("~>1.2.3", &["1.2.9"][..], &["1.3.0"][..]),
            (">=1.0 <2", &["1.0.0", "1.9.0"][..], &["2.0.0", "0.9.0"][..]),
            (">= 1.0.0, < 2.0.0", &["1.5.0"][..], &["2.0.0"][..]),
            (
                "1.2 - 1.4",
                &["1.2.0", "1.4.0"][..],
                &["1.5.0", "1.1.0"][..],
            ),
            ("1.0.0 || 3.x", &["1.0.0", "3.1.0"][..], &["2.0.0"][..]),
            ("!=1.0.0", &["1.0.1"][..], &["1.0.0", "1.0.1-a"][..]),
            (">1.0.0-0", &["1.0.0-rc.1", "1.0.0"][..], &["1.0.0-0"][..]),
            ("=1.0.0+b", &["1.0.0"][..], &["1.0.1"][..]),
        ] {
            let parsed = VersionRange::parse(range).unwrap_or_else(|| panic!("{range}"));
            for version in inside {
                assert!(parsed.holds(version), "{version} in {range}");
            }
            for version in outside {
                assert!(!parsed.holds(version), "{version} not in {range}");
            }
        }
        for none in ["", "latest", ">=", "1.2.3.4", "a || 1", "><1"] {
            assert_eq!(VersionRange::parse(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(range in "[0-9vxX*.<>=!~^|, a-]{0,20}", version in "\\PC{0,12}") {
            if let Some(range) = VersionRange::parse(&range) {
                range.holds(&version);
            }
        }
    }
}
