//! The one place where an answer gets its headers: a [`Reply`] says what is meant, [`Reply::render`] says it in HTTP.
//! No answer leaves without `Cache-Control`: a cache that finds none keeps a 200 for two hours
//! (<https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/>).

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::rule::ErrorFormat;
use crate::access::Principal;
use crate::chart::rebuild::Parts;
use crate::config::Config;
use crate::error::{Door, Error};
use crate::index::{Blob, Space, View};

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<B> {
    /// None.
    Empty,
    /// Bytes made here.
    Bytes(Bytes),
    /// A body of somebody else's, handed on untouched.
    Stream(B),
    /// A body of somebody else's that is hashed while it is handed on, piece by piece as [`super::Gate`] says.
    Verified {
        /// The body.
        stream: B,
        /// What the client was promised, its length told: with other bytes the answer breaks off.
        promised: Blob,
    },
    /// A body of a server that does not tell how long it is, handed on unread.
    Unmeasured {
        /// The body.
        stream: B,
        /// How long it is in bytes: with more or less it breaks off.
        size: u64,
    },
    /// A package that is made while it is sent.
    Rebuilt {
        /// What it is made of.
        parts: Parts,
        /// Its length in bytes.
        size: u64,
    },
}

/// Who may keep an answer, and for how long. The audience comes with the request: see [`Reply::render`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CachePolicy {
    /// May change at any time, and asking again is cheap.
    Revalidate,
    /// Bytes named by their digest.
    Digest,
    /// Nobody keeps it.
    Never,
    /// A signed location: a credential for whoever holds it.
    Signed,
}

/// Who an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Anyone gets the same.
    Public,
    /// It depends on who asks, which credentials tell.
    Private,
    /// It depends on who asks, which credentials or Cloudflare Access's assertion tells.
    PrivateOrAsserted,
}

impl Audience {
    /// Who gets the same answer about a space: everybody, where anyone may read all of it.
    pub(super) fn of(config: &Config, space: &Space) -> Self {
        let accounts = &config.accounts;
        let anybody = Principal::stranger(&accounts.anonymous);
        match anybody.view(space, config.index_scope) {
            Some(View::Folder(_)) => Self::Public,
            // Without issuers nobody looks at an assertion.
            Some(View::Share { .. }) | None if accounts.issuers.is_empty() => Self::Private,
            Some(View::Share { .. }) | None => Self::PrivateOrAsserted,
        }
    }

    /// The request's headers that an answer depends on (RFC 9110 §12.5.5).
    fn vary(self) -> Option<&'static str> {
        match self {
            Self::Public => None,
            Self::Private => Some("authorization"),
            Self::PrivateOrAsserted => Some("authorization, cf-access-jwt-assertion"),
        }
    }
}

impl CachePolicy {
    /// Whether somebody may keep the answer, be it for the next question only.
    fn is_kept(self) -> bool {
        matches!(self, Self::Revalidate | Self::Digest)
    }

    /// The value of `Cache-Control`. `no-transform` keeps an edge from recompressing, which would weaken the entity tag
    /// and drop the length (RFC 9111 §5.2.2.6). Bytes by digest never change, but who may have them may: an hour.
    fn render(self, audience: Audience) -> &'static str {
        match (self, audience) {
            (Self::Revalidate, Audience::Public) => "public, no-cache, no-transform",
            (Self::Revalidate, _) => "private, no-cache, no-transform",
            (Self::Digest, Audience::Public) => "public, max-age=3600, immutable, no-transform",
            (Self::Digest, _) => "private, max-age=3600, immutable, no-transform",
            (Self::Never, _) => "no-store",
            (Self::Signed, _) => "private, no-store",
        }
    }
}

/// An answer before it is put into HTTP.
#[derive(Debug)]
pub(super) struct Reply<B> {
    status: StatusCode,
    policy: CachePolicy,
    headers: HeaderMap,
    body: Body<B>,
}

impl<B> Reply<B> {
    /// An answer with nothing in it yet.
    pub(super) fn new(status: StatusCode, policy: CachePolicy) -> Self {
        Self {
            status,
            policy,
            headers: HeaderMap::new(),
            body: Body::Empty,
        }
    }

    /// Bytes made here, which nobody keeps.
    pub(super) fn text(status: StatusCode, content_type: &'static str, text: String) -> Self {
        let mut reply = Self::new(status, CachePolicy::Never);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.body = Body::Bytes(Bytes::from(text));
        reply
    }

    /// A JSON value that nobody keeps.
    pub(super) fn json(status: StatusCode, value: &impl serde::Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::text(status, "application/json", text),
            Err(_) => Self::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "application/json",
                r#"{"error":"something went wrong here"}"#.to_owned(),
            ),
        }
    }

    /// The answer that `error` deserves.
    pub(super) fn error(format: ErrorFormat, error: &Error) -> Self {
        let mut reply = match format {
            ErrorFormat::Json => {
                let body = serde_json::json!({ "error": error.public_message() });
                Self::json(error.status(), &body)
            }
            ErrorFormat::Reasoned => {
                let (message, reason) = (error.public_message(), reason(error.status()));
                let body = serde_json::json!({ "message": message, "reason": reason });
                Self::json(error.status(), &body)
            }
        };
        if let Some(seconds) = error.retry_after() {
            reply.headers.insert(RETRY_AFTER, seconds.into());
        }
        match error {
            Error::MethodNotAllowed { allow } => {
                reply.headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            Error::Unauthorized(door) => {
                reply
                    .headers
                    .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge(*door)));
            }
            _ => {}
        }
        reply
    }

    /// With a header; a value that cannot be one is left out (it came from outside, and is not worth a panic).
    pub(super) fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.insert(name, value);
        }
        self
    }

    /// With a body, its length told.
    pub(super) fn with_body(mut self, body: Body<B>, length: u64) -> Self {
        self.headers.insert(CONTENT_LENGTH, length.into());
        self.body = body;
        self
    }

    /// With a body of somebody else's, whose length is whatever the headers say.
    pub(super) fn with_stream(mut self, body: B) -> Self {
        self.body = Body::Stream(body);
        self
    }

    /// The answer in HTTP; to a HEAD request without its body, the length kept (RFC 9110 §9.3.2). A stream that a HEAD
    /// leaves over comes back, to be cancelled.
    pub(super) fn render(self, audience: Audience, head: bool) -> (Response<Body<B>>, Option<B>) {
        let Self {
            status,
            policy,
            mut headers,
            mut body,
        } = self;
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static(policy.render(audience)),
        );
        if policy.is_kept()
            && let Some(vary) = audience.vary()
        {
            headers.insert(VARY, HeaderValue::from_static(vary));
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Body::Bytes(bytes) = &body {
            headers.insert(CONTENT_LENGTH, (bytes.len() as u64).into());
        }
        let mut left = None;
        if head
            && let Body::Stream(stream)
            | Body::Verified { stream, .. }
            | Body::Unmeasured { stream, .. } = std::mem::replace(&mut body, Body::Empty)
        {
            left = Some(stream);
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        (response, left)
    }
}

/// What a client is asked for (RFC 7617 §2, RFC 6750 §3). Helm knows Basic only.
fn challenge(door: Door) -> &'static str {
    match door {
        Door::Charts => r#"Basic realm="charts", charset="UTF-8""#,
        Door::Writing => {
            r#"Basic realm="ChartMuseum", charset="UTF-8", Bearer realm="ChartMuseum""#
        }
        Door::Admin => r#"Basic realm="admin", charset="UTF-8", Bearer realm="admin""#,
        Door::Webhook => r#"Bearer realm="webhook""#,
    }
}

/// What kind of fault a status is, in the words of the space / chart / version API.
fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::LOCKED => "ResourceLocking",
        StatusCode::NOT_FOUND | StatusCode::CONFLICT => "ReasonInternal",
        status if status.is_client_error() => "ReasonRequest",
        _ => "ReasonInternal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Missing;

    fn policies() -> [CachePolicy; 4] {
        [
            CachePolicy::Revalidate,
            CachePolicy::Digest,
            CachePolicy::Never,
            CachePolicy::Signed,
        ]
    }

    #[track_caller]
    fn shown(reply: Reply<Bytes>, head: bool) -> String {
        let (response, _) = reply.render(Audience::Public, head);
        crate::serve::tests::show(&response)
    }

    #[test]
    fn every_policy_has_its_words() {
        let words: Vec<&str> = policies()
            .iter()
            .flat_map(|it| [it.render(Audience::Public), it.render(Audience::Private)])
            .collect();
        insta::assert_snapshot!(words.join("\n"), @"
            public, no-cache, no-transform
            private, no-cache, no-transform
            public, max-age=3600, immutable, no-transform
            private, max-age=3600, immutable, no-transform
            no-store
            no-store
            private, no-store
            private, no-store
        ");
    }

    #[test]
    fn private_answers_are_never_public() {
        for policy in policies() {
            for audience in [Audience::Private, Audience::PrivateOrAsserted] {
                assert!(!policy.render(audience).contains("public"));
            }
        }
        assert!(
            !CachePolicy::Signed
                .render(Audience::Public)
                .contains("public")
        );
    }

    #[test]
    fn errors_are_json() {
        insta::assert_snapshot!(shown(Reply::error(ErrorFormat::Json, &Error::NotFound(Missing::Path)), false), @r#"
            404
            cache-control: no-store
            content-length: 41
            content-type: application/json
            x-content-type-options: nosniff

            {"error":"there is nothing at this path"}
        "#);
        insta::assert_snapshot!(shown(Reply::error(ErrorFormat::Json, &Error::Unauthorized(Door::Charts)), false), @r#"
            401
            cache-control: no-store
            content-length: 44
            content-type: application/json
            www-authenticate: Basic realm="charts", charset="UTF-8"
            x-content-type-options: nosniff

            {"error":"credentials are missing or wrong"}
        "#);
        insta::assert_snapshot!(shown(Reply::error(ErrorFormat::Json, &Error::MethodNotAllowed { allow: "GET, HEAD" }), false), @r#"
            405
            allow: GET, HEAD
            cache-control: no-store
            content-length: 31
            content-type: application/json
            x-content-type-options: nosniff

            {"error":"only GET, HEAD here"}
        "#);
        insta::assert_snapshot!(shown(Reply::error(ErrorFormat::Json, &Error::Busy), true), @"
            503
            cache-control: no-store
            content-length: 61
            content-type: application/json
            retry-after: 1
            x-content-type-options: nosniff
        ");
    }

    #[test]
    fn a_head_answer_keeps_the_length_and_gives_the_stream_back() {
        let reply = || {
            Reply::new(StatusCode::OK, CachePolicy::Revalidate)
                .with_body(Body::Stream(Bytes::from("abc")), 3)
        };
        let (response, left) = reply().render(Audience::Public, true);
        assert_eq!(response.body(), &Body::Empty);
        assert_eq!(response.headers()[CONTENT_LENGTH], "3");
        assert_eq!(left.as_deref(), Some(b"abc".as_slice()));
        let (response, left) = reply().render(Audience::Public, false);
        assert_eq!(response.body(), &Body::Stream(Bytes::from("abc")));
        assert_eq!(left, None);
    }

    #[test]
    fn a_value_that_is_none_is_left_out() {
        let reply = Reply::<Bytes>::new(StatusCode::OK, CachePolicy::Never)
            .with(http::header::ETAG, "a\nb".to_owned());
        let (response, _) = reply.render(Audience::Public, false);
        assert!(!response.headers().contains_key(http::header::ETAG));
    }
}
