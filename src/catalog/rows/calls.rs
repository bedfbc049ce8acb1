//! Calls to registries, counted by what came of them.

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Numbers of calls, by their outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    /// 2xx, and 304 for a list that has not changed.
    pub success: u64,
    /// Other 3xx: a blob that lies elsewhere.
    pub redirect: u64,
    /// 401, also where it is only the question for a token.
    pub unauthorized: u64,
    /// 403.
    pub forbidden: u64,
    /// 404.
    pub not_found: u64,
    /// 429.
    pub throttled: u64,
    /// Any other 4xx.
    pub refused: u64,
    /// 5xx.
    pub server_error: u64,
    /// No answer: none in time, or no connection.
    pub no_answer: u64,
}

impl Calls {
    /// Counts a call; `None` for one without an answer.
    pub(crate) fn note(&mut self, status: Option<StatusCode>) {
        let count = match status.map(|status| status.as_u16()) {
            None => &mut self.no_answer,
            Some(304 | ..300) => &mut self.success,
            Some(300..400) => &mut self.redirect,
            Some(401) => &mut self.unauthorized,
            Some(403) => &mut self.forbidden,
            Some(404) => &mut self.not_found,
            Some(429) => &mut self.throttled,
            Some(400..500) => &mut self.refused,
            Some(500..) => &mut self.server_error,
        };
        *count = count.saturating_add(1);
    }

    /// These and others together.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            success: self.success.saturating_add(other.success),
            redirect: self.redirect.saturating_add(other.redirect),
            unauthorized: self.unauthorized.saturating_add(other.unauthorized),
            forbidden: self.forbidden.saturating_add(other.forbidden),
            not_found: self.not_found.saturating_add(other.not_found),
            throttled: self.throttled.saturating_add(other.throttled),
            refused: self.refused.saturating_add(other.refused),
            server_error: self.server_error.saturating_add(other.server_error),
            no_answer: self.no_answer.saturating_add(other.no_answer),
        }
    }

    /// Each outcome with its name and its count.
    pub fn by_outcome(&self) -> [(&'static str, u64); 9] {
        [
            ("success", self.success),
            ("redirect", self.redirect),
            ("unauthorized", self.unauthorized),
            ("forbidden", self.forbidden),
            ("not_found", self.not_found),
            ("throttled", self.throttled),
            ("refused", self.refused),
            ("server_error", self.server_error),
            ("no_answer", self.no_answer),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_counted_once() {
        for (status, outcome) in [
            (Some(200), "success"),
            (Some(304), "success"),
            (Some(307), "redirect"),
            (Some(401), "unauthorized"),
            (Some(403), "forbidden"),
            (Some(404), "not_found"),
            (Some(429), "throttled"),
            (Some(400), "refused"),
            (Some(416), "refused"),
            (Some(500), "server_error"),
            (Some(599), "server_error"),
            (None, "no_answer"),
        ] {
            let mut calls = Calls::default();
            calls.note(status.map(|status| StatusCode::from_u16(status).unwrap()));
            let twice = calls.plus(calls);
            for (name, count) in twice.by_outcome() {
                assert_eq!(
                    count,
                    if name == outcome { 2 } else { 0 },
                    "{status:?} {name}"
                );
            }
        }
    }
}
