//! The audit: who did or was refused what. One line in the log for each write, refusal and refresh.

use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use super::route::Route;
use super::rule::Needs;
use crate::access::Principal;

/// The address that a request came from, as Cloudflare says
/// (<https://developers.cloudflare.com/fundamentals/reference/http-headers/>).
pub(super) const ADDRESS: HeaderName = HeaderName::from_static("cf-connecting-ip");

/// The request's id, which Cloudflare's own logs have as well.
const REQUEST: HeaderName = HeaderName::from_static("cf-ray");

/// Longest text of a client's that stands in a line, in characters.
const TEXT: usize = 256;

/// A line of the audit. It holds no secret: of what proves an account, only whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The account; none of a stranger.
    pub account: Option<String>,
    /// The right that was needed; `webhook` for notifications.
    pub right: &'static str,
    /// What was asked.
    pub method: String,
    /// Of what: the path as it came, without query.
    pub path: String,
    /// The client's address.
    pub from: Option<String>,
    /// `done`, `refused` or `failed`.
    pub outcome: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The request's id.
    pub request: Option<String>,
}

impl Audit {
    /// The line of a request, if it deserves one: it would change something, or was refused.
    pub(super) fn of(
        head: &Parts,
        route: &Route,
        principal: &Principal<'_>,
        status: StatusCode,
    ) -> Option<Self> {
        let (right, permitted) = match route.rule().needs {
            Needs::Nothing => return None,
            Needs::Right(right) => (right.name(), principal.may(right, &route.space())),
            Needs::Somewhere(right) => (right.name(), principal.may_somewhere(right)),
            Needs::Notice(_) => ("webhook", true),
        };
        let refused =
            !permitted || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let changes = !matches!(head.method, Method::GET | Method::HEAD);
        if !refused && !changes {
            return None;
        }
        let outcome = match () {
            () if refused => "refused",
            () if status.is_success() => "done",
            () => "failed",
        };
        Some(Self {
            account: principal.account().map(str::to_owned),
            right,
            method: head.method.to_string(),
            path: cut(head.uri.path()),
            from: text(&head.headers, &ADDRESS),
            outcome,
            status: status.as_u16(),
            request: text(&head.headers, &REQUEST),
        })
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(cut)
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}
