//! The body of a request, read after it is known who sends it; or, where only the body can prove that, in bounds of its own.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;

use super::held::Holding;
use super::rule::BodyRule;
use super::{Host, Service};
use crate::access::signature::Notice;
use crate::config::Config;
use crate::error::Error;
use crate::platform::{Clock as _, FetchError};

/// A body that was read, and what counts it as held if somebody uploads it.
type Received<'h> = (Bytes, Option<Holding<'h>>);

impl<H: Host> Service<'_, H> {
    /// Reads what the rule says of a body, and judges whether it proves what it has to. Of bodies that have to prove who sends
    /// them, so many are read at a time, and so many bytes of them.
    pub(super) async fn receive(
        &self,
        head: &Parts,
        body: H::Body,
        rule: BodyRule,
        config: &Config,
        notice: Option<&Notice<'_>>,
    ) -> Result<Received<'_>, Error> {
        let unproven = matches!(notice, Some(Notice::Signed { .. }));
        let limit = match rule {
            BodyRule::Unread => 0,
            BodyRule::Whole(limit) if unproven => limit.min(length(head).unwrap_or(limit)),
            BodyRule::Whole(limit) | BodyRule::Complete(limit) => limit,
            BodyRule::Upload => config.upload_limit,
        };
        let now = self.host.clock().now();
        let hold = || {
            self.memory
                .unproven
                .hold(limit as u64, now)
                .ok_or(Error::Busy)
        };
        let _holding = unproven.then(hold).transpose()?;
        let body = match rule {
            BodyRule::Unread => Bytes::new(),
            BodyRule::Whole(_) => self.what_came(body, limit).await?,
            BodyRule::Complete(_) => {
                let received = self.host.receive(body, 0, limit, |_| true).await;
                received.map_err(incomplete)?
            }
            BodyRule::Upload => return self.upload_of(head, body, limit).await,
        };
        notice.map_or(Ok(()), |notice| notice.judge(&body))?;
        Ok((body, None))
    }

    /// Reads what somebody uploads, if there is room for it beside what others do. It counts as what its sender states, and as what
    /// it becomes where they do not.
    async fn upload_of(
        &self,
        head: &Parts,
        body: H::Body,
        limit: usize,
    ) -> Result<Received<'_>, Error> {
        let stated = length(head).unwrap_or(0).min(limit);
        let clock = self.host.clock();
        let room = self.memory.uploads.hold(stated as u64, clock.now());
        let holding = room.ok_or(Error::Busy)?;
        let has_room = |length: usize| holding.grow(length as u64, clock.now());
        let received = self.host.receive(body, stated, limit, has_room).await;
        let body = received.map_err(incomplete)?;
        Ok((body, Some(holding)))
    }

    /// Reads a body. One that breaks off is what has come of it: its signature or its JSON will not fit.
    async fn what_came(&self, body: H::Body, limit: usize) -> Result<Bytes, Error> {
        match self.host.receive(body, 0, limit, |_| true).await {
            Ok(bytes) => Ok(bytes),
            Err(FetchError::TooLarge(limit)) => Err(Error::TooLarge(limit)),
            Err(FetchError::Transport(_) | FetchError::Timeout | FetchError::Budget) => {
                Ok(Bytes::new())
            }
        }
    }
}

/// What is wrong where a body must come to its end.
#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn incomplete(error: FetchError) -> Error {
    match error {
        FetchError::TooLarge(limit) => Error::TooLarge(limit),
        FetchError::Timeout => Error::TooSlow,
        FetchError::Budget => Error::Busy,
        FetchError::Transport(_) => Error::BadRequest("the body broke off"),
    }
}

/// The length that a request states of its body, in bytes.
fn length(head: &Parts) -> Option<usize> {
    let length = head.headers.get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
