//! Indexes: a stream out of KV handed on unread, or what the catalog says where KV has none.

use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, PRAGMA};
use http::{HeaderMap, StatusCode};

use super::allowance::Asker;
use super::limit::Price;
use super::reply::{Body, CachePolicy, Reply};
use super::{Answered, CatalogClient, Host, Incoming, Service, conditional};
use crate::catalog::ask::index::NoIndex;
use crate::catalog::ask::{AskError, Index, Indexed, Progress, ViewsRead};
use crate::config::Config;
use crate::error::{Error, Missing};
use crate::index::{DOCUMENT_LIMIT, Key, Space, View, Writer};
use crate::platform::{Clock, DocumentMetadata, Documents, Timestamp};

/// What peers send (ChartMuseum does), whether the text is JSON or YAML. Cloudflare does not compress it
/// (<https://developers.cloudflare.com/speed/optimization/content/compression/>), which would weaken the entity tag.
pub(super) const CONTENT: &str = "application/x-yaml";

/// How long a client waits for a first document: most first passes are done by then, and Helm gives up at 120 s.
const WAIT: Duration = Duration::from_secs(20);

/// How much longer a client waits whose turn to ask has not come: so long, two hundred who wait for one document have theirs.
const QUEUE: Duration = Duration::from_secs(10);

/// How long to wait before asking the catalog again.
const PAUSE: Duration = Duration::from_millis(500);

/// How often the catalog may fail to answer while somebody waits: it restarts when it is updated.
const FAILURES: u32 = 3;

/// The catalog's answer to a question for an index.
enum IndexAnswer<B> {
    Document(B, DocumentMetadata),
    NotYet(Error),
}

impl<H: Host> Service<'_, H> {
    /// Answers for the index of a view.
    pub(super) async fn index(
        &self,
        request: &Incoming<'_>,
        view: &View,
    ) -> Result<Answered<H::Body>, Error> {
        // Who proves who they are may see a change before KV does. While the catalog starts anew, KV is the better answer; and so
        // it is where many ask, or one without end.
        let now = self.host.clock().now();
        let fresh = request.principal.is_known() && wants_fresh(request.headers());
        if fresh {
            self.pay(Price::PastCaches, &request.payer()).await?;
        }
        if fresh && self.memory.allowance.may_ask(Asker::PastCaches, now) {
            if self.memory.is_unknown(&unknown(view), now, true) {
                return Err(Error::NotFound(Missing::Space));
            }
            match self.question(view, true).await {
                Ok(IndexAnswer::Document(body, metadata)) => {
                    return Ok(self.document(request, body, &metadata).await.into());
                }
                Err(missing @ Error::NotFound(_)) => {
                    self.memory.remember_unknown(unknown(view), now);
                    return Err(missing);
                }
                Ok(IndexAnswer::NotYet(_)) | Err(_) => {}
            }
        }
        let key = Key::Index(view.clone()).name(request.config.fingerprint());
        let (stored, fault) = match self.host.documents().get(&key).await {
            Ok(stored) => (stored, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let (reply, afterwards) = if let Some(stored) = stored {
            let reply = self.document(request, stored.body, &stored.metadata).await;
            let views = self
                .memory
                .note_read(view, now, request.config.sync_interval);
            (reply, views.map(|views| ViewsRead { views }))
        } else {
            self.pay(Price::Unpublished, &request.payer()).await?;
            let (body, metadata) = self.wait(view, request.asker()).await?;
            (self.document(request, body, &metadata).await, None)
        };
        Ok(Answered {
            reply,
            afterwards,
            fault,
        })
    }

    /// The index of a space that nothing was stored in yet.
    pub(super) fn empty_index(config: &Config) -> Reply<H::Body> {
        let empty = Writer::new(config.index_format, DOCUMENT_LIMIT).finish();
        let text = String::from_utf8_lossy(&empty.bytes).into_owned();
        Reply::text(StatusCode::OK, CONTENT, text)
    }

    async fn document(
        &self,
        request: &Incoming<'_>,
        body: H::Body,
        metadata: &DocumentMetadata,
    ) -> Reply<H::Body> {
        let etag = metadata.etag.as_str();
        if conditional::not_modified(request.headers(), etag) {
            self.host.documents().cancel(body).await;
            return Reply::new(StatusCode::NOT_MODIFIED, CachePolicy::Revalidate).with(ETAG, etag);
        }
        Reply::new(StatusCode::OK, CachePolicy::Revalidate)
            .with(ETAG, etag)
            .with(CONTENT_TYPE, CONTENT)
            .with_body(Body::Stream(body), metadata.length)
    }

    /// Asks the catalog until it has the document, for as long as a client is patient.
    pub(super) async fn wait(
        &self,
        view: &View,
        asker: Asker,
    ) -> Result<(H::Body, DocumentMetadata), Error> {
        let unknown = unknown(view);
        let started = self.host.clock().now();
        if self.memory.is_unknown(&unknown, started, false) {
            return Err(Error::NotFound(Missing::Space));
        }
        let deadline = started.after(WAIT);
        let mut failures = 0;
        loop {
            let now = self.host.clock().now();
            let reason = if self.memory.allowance.may_ask(asker, now) {
                match self.question(view, false).await {
                    Ok(IndexAnswer::Document(body, metadata)) => return Ok((body, metadata)),
                    Ok(IndexAnswer::NotYet(reason)) => reason,
                    Err(error @ Error::NotFound(_)) => {
                        self.memory.remember_unknown(unknown, now);
                        return Err(error);
                    }
                    Err(error) => {
                        failures += 1;
                        error
                    }
                }
            } else {
                Error::Busy
            };
            let waiting_helps = failures < FAILURES && may_pass(&reason, now, deadline);
            let until = match reason {
                Error::Busy => deadline.after(QUEUE),
                _ => deadline,
            };
            if !waiting_helps || now >= until {
                return Err(reason);
            }
            self.host.catalog().pause(PAUSE).await;
        }
    }

    /// The root exists; a space does when it has an index.
    pub(super) async fn must_exist(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<(), Error> {
        if space.is_root() {
            return Ok(());
        }
        let view = request.view(space).ok_or(Error::NotFound(Missing::Space))?;
        let key = Key::Index(view.clone()).name(request.config.fingerprint());
        let body = if let Ok(Some(document)) = self.host.documents().get(&key).await {
            document.body
        } else {
            self.pay(Price::Unpublished, &request.payer()).await?;
            self.wait(&view, request.asker()).await?.0
        };
        self.host.documents().cancel(body).await;
        Ok(())
    }

    /// Asks the catalog once.
    async fn question(&self, view: &View, fresh: bool) -> Result<IndexAnswer<H::Body>, Error> {
        let question = Index {
            view: view.clone(),
            fresh,
        };
        let not_yet = |progress| Ok(IndexAnswer::NotYet(self.not_ready(progress)));
        match self.host.catalog().index(&question).await {
            Ok(Indexed::Document(document)) => {
                Ok(IndexAnswer::Document(document.body, document.metadata))
            }
            Ok(Indexed::Without(NoIndex::Missing)) => Err(Error::NotFound(Missing::Space)),
            Ok(Indexed::Without(NoIndex::NotReady(progress))) => not_yet(&progress),
            // Whoever reads waits, and asks again.
            Err(AskError::Refused) => not_yet(&Progress::default()),
            Err(error @ AskError::Failed(_)) => Err(Error::Catalog(error.to_string())),
        }
    }
}

/// Under what a space that is not there is remembered.
fn unknown(view: &View) -> String {
    format!("/{view}/index.yaml")
}

/// Whether the reason can be gone by the deadline: a fault of the registry only if it is tried again before.
fn may_pass(reason: &Error, now: Timestamp, deadline: Timestamp) -> bool {
    match reason {
        Error::Registry { retry_after, .. } => {
            retry_after.is_some_and(|seconds| now.after(Duration::from_secs(seconds)) < deadline)
        }
        _ => true,
    }
}

/// Whether the client asks past caches (RFC 9111 §5.2.1.4 and §5.4).
pub(super) fn wants_fresh(headers: &HeaderMap) -> bool {
    let holds = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|list| {
            list.split(',').any(|directive| {
                let directive = directive.trim();
                directive.eq_ignore_ascii_case("no-cache")
                    || directive.eq_ignore_ascii_case("no-store")
                    || directive.eq_ignore_ascii_case("max-age=0")
            })
        })
    };
    headers.get_all(CACHE_CONTROL).iter().any(holds)
        || (!headers.contains_key(CACHE_CONTROL) && headers.get_all(PRAGMA).iter().any(holds))
}

#[cfg(test)]
mod tests;
