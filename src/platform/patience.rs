//! How long a body is waited for.

use std::time::Duration;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The slowest line that is waited for, in bytes a second: half of what a bad mobile line carries. 20 MiB take twenty minutes by it.
const SLOWEST: u64 = 16 << 10;

/// How long a body is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The whole body, for so long.
    Whole(Duration),
    /// For as long as its sender, a client on whatever line, goes on: silent for half a minute at most, and not slower than
    /// 16 KiB a second on the whole. Who sends a byte now and then holds a connection no longer than that.
    Progress,
}

impl Patience {
    /// When to give up, counted from the beginning, unless more comes: so many bytes came, the last of them at `last`.
    pub fn ends(self, last: Duration, received: usize) -> Duration {
        match self {
            Self::Whole(time) => time,
            Self::Progress => {
                let earned = Duration::from_secs(received as u64 / SLOWEST);
                (last + SILENCE).min(SILENCE + earned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `bytes` a second, up to 20 MiB, and is silent from then on: when it is given up, and how much had come.
    fn sent(bytes: usize) -> (u64, usize) {
        let whole = 20 << 20;
        let (mut received, mut last) = (0, Duration::ZERO);
        for second in 1.. {
            let now = Duration::from_secs(second);
            if Patience::Progress.ends(last, received) <= now {
                return (second, received);
            }
            if bytes > 0 && received < whole {
                (received, last) = (whole.min(received + bytes), now);
            }
        }
        unreachable!()
    }

    #[test]
    fn a_slow_line_that_goes_on_is_waited_for_and_a_silent_one_is_not() {
        // Nothing at all; a byte now and then; 20 MiB at 16, 32 and 1,024 KiB a second, and then silence.
        assert_eq!(sent(0), (30, 0));
        assert_eq!(sent(1), (30, 29));
        assert_eq!(sent(16 << 10), (1310, 20 << 20));
        assert_eq!(sent(32 << 10), (670, 20 << 20));
        assert_eq!(sent(1 << 20), (50, 20 << 20));
    }

    #[test]
    fn whoever_sends_for_ever_is_given_up() {
        for bytes in [1, 100, 1 << 10, 8 << 10] {
            let (seconds, received) = sent(bytes);
            assert!(seconds <= 60, "{bytes} a second: {seconds}");
            assert!(received < 1 << 20, "{bytes}");
        }
    }

    #[test]
    fn the_whole_has_its_time() {
        let whole = Patience::Whole(Duration::from_secs(30));
        let late = Duration::from_secs(29);
        assert_eq!(whole.ends(late, 1 << 20), Duration::from_secs(30));
    }
}
