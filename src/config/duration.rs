//! Durations as settings write them: `30s`, `5m`, `24h`.

use std::time::Duration;

/// The units, largest first, with their seconds.
const UNITS: [(char, u64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

/// Reads a whole number and one unit, and nothing else, not even a space.
pub(super) fn parse(text: &str) -> Option<Duration> {
    UNITS.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(*unit)?;
        // `u64::from_str` takes a sign.
        let number: u64 = number
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| number.parse().ok())
            .flatten()?;
        number.checked_mul(*seconds).map(Duration::from_secs)
    })
}

/// Writes a duration in the largest unit that needs no fraction; what is below a second is dropped.
pub(super) fn display(duration: Duration) -> String {
    let total = duration.as_secs();
    UNITS
        .iter()
        .find(|(_, seconds)| total.is_multiple_of(*seconds))
        .map_or_else(String::new, |(unit, seconds)| {
            format!("{}{unit}", total / seconds)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_manual_writes() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("24h", 86_400),
            ("0s", 0),
            ("007m", 420),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn nothing_else() {
        for text in [
            "",
            "s",
            "5",
            "5 m",
            " 5m",
            "5m ",
            "+5m",
            "-5m",
            "1.5h",
            "1h30m",
            "5M",
            "5d",
            "5ms",
            "5 parsecs",
            "٥m",
            "18446744073709551616s",
            "18446744073709551615h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn shown_with_the_largest_unit() {
        for (seconds, text) in [
            (10, "10s"),
            (60, "1m"),
            (90, "90s"),
            (86_400, "24h"),
            (2_592_000, "720h"),
        ] {
            assert_eq!(display(Duration::from_secs(seconds)), text);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn round_trip(seconds in any::<u64>()) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(parse(&display(duration)), Some(duration));
        }
    }
}
