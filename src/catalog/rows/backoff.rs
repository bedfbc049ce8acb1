//! How long what failed waits before it is tried again.

use std::time::Duration;

use crate::oci::Digest;
use crate::platform::Timestamp;

/// Twice as long after each failure, up to a longest wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// After the first failure.
    pub(crate) first: Duration,
    /// After many.
    pub(crate) longest: Duration,
}

/// More doublings than these are not counted: of a second they are 68 years, and the factor still is a `u32`.
const MOST_DOUBLINGS: u32 = 31;

impl Backoff {
    /// The wait after one failure that `failures` others preceded.
    pub(crate) fn wait(self, failures: u64) -> Duration {
        let doublings =
            u32::try_from(failures).map_or(MOST_DOUBLINGS, |failures| failures.min(MOST_DOUBLINGS));
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// When to try again after a failure `now` that `failures` others preceded. Spread by up to a half of the wait, by what
    /// `about` says, so that what failed together is not tried together.
    pub(crate) fn retry_at(self, now: Timestamp, failures: i64, about: &str) -> Timestamp {
        let wait = self.wait(u64::try_from(failures).unwrap_or(0));
        let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
        let spread = spread(&format!("{about}{failures}")) % half.saturating_add(1);
        now.after(wait.saturating_add(Duration::from_millis(spread)))
    }
}

/// A number that looks random and is the same for the same text: jitter without a source of randomness.
pub(crate) fn spread(text: &str) -> u64 {
    /// So many hexadecimal digits always fit into the number.
    const DIGITS: usize = 15;
    let digest = Digest::sha256_of(text.as_bytes());
    u64::from_str_radix(digest.prefix(DIGITS), 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_hours(1),
    };

    #[test]
    fn each_failure_doubles_the_wait_up_to_the_longest() {
        for (failures, seconds) in [
            (0, 1),
            (1, 2),
            (2, 4),
            (10, 1024),
            (11, 2048),
            (12, 3600),
            (u64::MAX, 3600),
        ] {
            assert_eq!(SECONDS.wait(failures).as_secs(), seconds, "{failures}");
        }
        let short = Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(5),
        };
        assert_eq!(short.wait(0).as_secs(), 5);
    }

    #[test]
    fn what_failed_together_is_spread_over_half_the_wait() {
        let now = Timestamp(1_000_000);
        let waits: Vec<u64> = (0..200)
            .map(|about| {
                let retry_at = SECONDS.retry_at(now, 3, &about.to_string());
                u64::try_from(retry_at.since(now).as_millis()).unwrap()
            })
            .collect();
        assert!(waits.iter().all(|wait| (8_000..=12_000).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 8_500));
        assert!(waits.iter().any(|wait| *wait > 11_500));
        assert_eq!(SECONDS.retry_at(now, 3, "a"), SECONDS.retry_at(now, 3, "a"));
        assert_eq!(
            SECONDS.retry_at(now, -1, "a").since(now).as_secs(),
            SECONDS.retry_at(now, 0, "a").since(now).as_secs()
        );
    }
}
