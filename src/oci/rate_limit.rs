//! What a registry says of how many calls it still takes: `RateLimit-Limit` and `RateLimit-Remaining`, as Docker Hub sends
//! them with manifests ("Docker Hub usage and limits"; draft-ietf-httpapi-ratelimit-headers-03).

use std::time::Duration;

use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// How many calls a registry takes in a window, and how many of them are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Calls in a window.
    pub limit: u64,
    /// Calls that are left in it.
    pub remaining: u64,
    /// The window, in seconds.
    pub window: u64,
}

/// The longest window that is believed, in seconds: a day.
const LONGEST: u64 = 24 * 60 * 60;

/// Of a limit one part in so many is left to the downloads and to whoever shares it.
const SPARED: u64 = 5;

/// Milliseconds in a second.
const MILLIS: u64 = 1_000;

impl RateLimit {
    /// Reads `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`; `None` where either is missing or no window
    /// is named.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let value = |name: &str| headers.get(name)?.to_str().ok();
        let (limit, window) = counted(value("ratelimit-limit")?)?;
        let (remaining, _) = counted(value("ratelimit-remaining")?)?;
        let window = window.filter(|window| (1..=LONGEST).contains(window))?;
        (limit > 0).then_some(Self {
            limit,
            remaining: remaining.min(limit),
            window,
        })
    }

    /// Whether no more is left than is [spared](SPARED).
    pub fn is_low(&self) -> bool {
        self.remaining.saturating_mul(SPARED) < self.limit
    }

    /// How long so many calls take, of which each beyond what is plenty waits its share; `None` where all of them are had at once.
    pub fn spread_over(&self, calls: u64) -> Option<Duration> {
        let plenty = self.remaining.saturating_sub(self.limit.div_ceil(SPARED));
        let waiting = u32::try_from(calls.saturating_sub(plenty)).unwrap_or(u32::MAX);
        (waiting > 0).then(|| self.share().saturating_mul(waiting))
    }

    /// The time in which the registry takes one call, over the whole window.
    pub fn share(&self) -> Duration {
        Duration::from_millis(self.window.saturating_mul(MILLIS) / self.limit.max(1))
    }
}

/// A count and its window, if it names one: `100;w=21600`.
fn counted(text: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = text.split(';').map(str::trim);
    let count = parts.next()?.parse().ok()?;
    let window = parts.find_map(|part| part.strip_prefix("w=")?.parse().ok());
    Some((count, window))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: &str, remaining: &str) -> Option<RateLimit> {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-limit", limit.parse().unwrap());
        headers.insert("ratelimit-remaining", remaining.parse().unwrap());
        RateLimit::read(&headers)
    }

    #[test]
    fn as_docker_hub_says_it() {
        let known = read("100;w=21600", "76;w=21600").unwrap();
        assert_eq!(
            (known.limit, known.remaining, known.window),
            (100, 76, 21_600)
        );
        assert_eq!(known.share(), Duration::from_secs(216));
        assert!(!known.is_low());
        assert!(read("100;w=21600", "19").unwrap().is_low());
        assert!(!read("100;w=21600", "20").unwrap().is_low());
        assert_eq!(read("100; w=60", "500").unwrap().remaining, 100);
    }

    #[test]
    fn when_so_many_calls_are_through() {
        for (remaining, calls, seconds) in [
            // Eighty at once, each further one in its share of 216 seconds.
            ("100", 80, None),
            ("100", 81, Some(216)),
            ("100", 5_000, Some(4_920 * 216)),
            ("20", 1, Some(216)),
            ("3", 0, None),
            ("3", 10, Some(2_160)),
            ("3", u64::MAX, Some(216 * u64::from(u32::MAX))),
        ] {
            let told = read("100;w=21600", remaining).unwrap();
            assert_eq!(
                told.spread_over(calls),
                seconds.map(Duration::from_secs),
                "{remaining} {calls}"
            );
        }
    }

    #[test]
    fn what_says_nothing() {
        for (limit, remaining) in [
            ("100", "76"),
            ("0;w=60", "0"),
            ("100;w=0", "1"),
            ("100;w=999999", "1"),
            ("-1;w=60", "1"),
            ("many;w=60", "few"),
            ("100;w=60", ""),
        ] {
            assert_eq!(read(limit, remaining), None, "{limit} {remaining}");
        }
        assert_eq!(RateLimit::read(&HeaderMap::new()), None);
    }
}
