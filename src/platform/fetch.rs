//! HTTP out.

use std::time::Duration;

use bytes::Bytes;

/// Why a call to another host gave no answer. Holds no URL: a signed one is a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The connection could not be made, or broke.
    #[error("the connection failed: {0}")]
    Transport(String),
    /// No answer within the call's time.
    #[error("no answer in time")]
    Timeout,
    /// The body is longer than the reader allows, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The invocation has used up its calls: not a fault of the other side, the work goes on in the next slice.
    #[error("the invocation's budget of calls is used up")]
    Budget,
}

/// Sends HTTP requests of any method. One call of [`Fetch::send`] is one request on the wire: redirects are never followed here.
///
/// A request's body is in memory: what goes to a registry was judged as a whole before.
///
/// Implementations bound the time of every call, drop hop-by-hop headers, and give header values as they came.
pub trait Fetch {
    /// A body not read yet. Read it, cancel it, or hand it on; never drop it: an unread one keeps its connection open.
    type Body;

    /// Sends `request`, and gives the answer as soon as its headers are there.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Self::Body>, FetchError>;

    /// Reads a body to its end, at most `limit` bytes; a longer one is cancelled and an error.
    async fn read(&self, body: Self::Body, limit: usize) -> Result<Bytes, FetchError>;

    /// Lets go of a body without reading it.
    async fn cancel(&self, body: Self::Body);

    /// Waits for so long: who waits for calls that hang has something to do meanwhile. For ever where nothing tells the time.
    async fn wait(&self, duration: Duration) {
        let _ = duration;
        std::future::pending::<()>().await;
    }
}
