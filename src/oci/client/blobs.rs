//! Blobs: small ones read whole and verified, packages handed on unread.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::platform::{Clock, Fetch, FetchError};

use super::super::scope::Area;
use super::super::{Digest, Error, Garbage, Name, Operation, request};
use super::hops::{Asked, FinalAnswer};
use super::{Client, is_redirect};

/// A blob that was asked for on behalf of somebody.
#[derive(Debug)]
pub enum Opened<B> {
    /// It lies elsewhere: an absolute URL that was judged, byte for byte as the registry gave it unless that was relative.
    Redirect(HeaderValue),
    /// It is here, unread: 200, or 206 or 416 when a range was asked for.
    Content(http::Response<B>),
}

/// What is longer, in bytes, is read one at a time: an isolate has 128 MB for all that is under way.
const LARGE: u64 = 1024 * 1024;

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// A small blob, read whole; its bytes have the `size` and `digest` that its descriptor says, and are at most `limit`.
    pub async fn blob(
        &self,
        name: &Name,
        digest: &Digest,
        size: u64,
        limit: usize,
    ) -> Result<Bytes, Error> {
        let operation = Operation::ReadingBlob;
        let length = usize::try_from(size).ok().filter(|length| *length <= limit);
        let length = length
            .ok_or_else(|| self.garbage(operation, self.registry.host(), Garbage::TooLarge))?;
        let door = self.gates.door("large blobs".to_owned());
        let _turn = if size > LARGE {
            Some(door.lock().await)
        } else {
            None
        };
        let request = request::blob(self.registry, name, digest, None);
        let FinalAnswer {
            operation,
            host,
            response,
        } = self
            .ask_for(operation, Area::Content(name), request)
            .await?;
        let bytes = self.fetch.read(response.into_body(), length).await;
        let bytes = match bytes {
            Err(FetchError::TooLarge(_)) => {
                return Err(self.garbage(operation, &host, Garbage::Length));
            }
            other => other.map_err(|source| Error::Fetch {
                host: host.clone(),
                operation,
                source,
            })?,
        };
        if bytes.len() != length {
            return Err(self.garbage(operation, &host, Garbage::Length));
        }
        if !digest.verify(&bytes) {
            return Err(self.garbage(operation, &host, Garbage::Digest));
        }
        Ok(bytes)
    }

    /// A blob for a download: where it lies, or its bytes unread. Always GET: what is signed for GET is good for nothing
    /// else, and Quay answers HEAD without a redirect.
    pub async fn open(
        &self,
        name: &Name,
        digest: &Digest,
        range: Option<&HeaderValue>,
    ) -> Result<Opened<F::Body>, Error> {
        let operation = Operation::ReadingBlob;
        let request = self.formed(operation, request::blob(self.registry, name, digest, range))?;
        let response = self
            .send(operation, Area::Content(name), request.clone())
            .await?;
        if is_redirect(response.status()) {
            let target = self.target(&request, response).await?;
            // Behind a tunnel a client would lack the headers that open it.
            if self.terms.headers.is_empty() || !self.is_home(&target.uri) {
                return Ok(Opened::Redirect(target.header));
            }
            return self
                .follow(&target.header, range)
                .await
                .map(Opened::Content);
        }
        self.content(operation, self.registry.host(), response, range.is_some())
            .await
            .map(Opened::Content)
    }

    /// Goes where [`Opened::Redirect`] says, without credentials, and gives what is there unread: 200, or 206 or 416 when a
    /// range was asked for.
    pub async fn follow(
        &self,
        location: &HeaderValue,
        range: Option<&HeaderValue>,
    ) -> Result<http::Response<F::Body>, Error> {
        let operation = Operation::FollowingRedirect;
        let home = self.registry.origin().parse().unwrap_or_default();
        let target = self.judged(&home, self.registry.host(), location)?;
        let request = self.formed(operation, request::target(&target.uri, range))?;
        let response = self.exchange(operation, request.clone()).await?;
        let (response, Asked { host, .. }) = self.follow_all(&request, response).await?;
        self.content(operation, &host, response, range.is_some())
            .await
    }

    async fn content(
        &self,
        operation: Operation,
        host: &str,
        response: http::Response<F::Body>,
        ranged: bool,
    ) -> Result<http::Response<F::Body>, Error> {
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if ranged => {
                Ok(response)
            }
            _ => Err(self.refusal(operation, host, response).await),
        }
    }
}
