//! The `Retry-After` header.

use std::time::Duration;

use crate::platform::Timestamp;

/// A pause longer than this is not believed: no registry's window is longer, and a catalog must not sleep for ever.
pub(crate) const MAX_PAUSE: Duration = Duration::from_hours(24);

/// When a registry asks to be left alone until (RFC 9110 §10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds from the answer.
    Seconds(u64),
    /// Until a date.
    Date(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value; `None` for anything that is neither form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // More digits than fit are still "very long".
            return Some(Self::Seconds(text.parse().unwrap_or(u64::MAX)));
        }
        let date = httpdate::parse_http_date(text).ok()?;
        let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Self::Date(Timestamp(0).after(since)))
    }

    /// The instant it means when read at `now`; at most a day ahead, never in the past.
    pub fn at(self, now: Timestamp) -> Timestamp {
        let instant = match self {
            Self::Seconds(seconds) => now.after(Duration::from_secs(seconds)),
            Self::Date(date) => date,
        };
        instant.clamp(now, now.after(MAX_PAUSE))
    }
}
