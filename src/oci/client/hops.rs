//! Redirects that are followed here: by hand, judged one by one, and never with credentials.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use url::Url;

use crate::platform::{Clock, Fetch};

use super::super::error::Refusal;
use super::super::location::{self, Target};
use super::super::scope::Area;
use super::super::{Error, Garbage, Operation, request};
use super::{Client, is_redirect};

/// The most redirects that are followed for one request: registry.k8s.io takes two.
const MAX_HOPS: usize = 5;

/// The answer behind the last redirect to a request for something that is read whole.
pub(super) struct FinalAnswer<B> {
    /// What was being done last.
    pub(super) operation: Operation,
    /// The host as errors name it.
    pub(super) host: String,
    /// The answer, 200, unread.
    pub(super) response: http::Response<B>,
}

/// Where an answer is from.
pub(super) struct Asked {
    /// The host as errors name it.
    pub(super) host: String,
    /// The address.
    pub(super) uri: Uri,
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// Asks for what is read whole, and goes where it lies: registry.k8s.io redirects manifests, and Gitea may.
    pub(super) async fn ask_for(
        &self,
        operation: Operation,
        area: Area<'_>,
        request: Result<http::Request<Bytes>, http::Error>,
    ) -> Result<FinalAnswer<F::Body>, Error> {
        let request = self.formed(operation, request)?;
        let response = self.send(operation, area, request.clone()).await?;
        let operation = if is_redirect(response.status()) {
            Operation::FollowingRedirect
        } else {
            operation
        };
        let (response, Asked { host, .. }) = self.follow_all(&request, response).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(operation, &host, response).await);
        }
        Ok(FinalAnswer {
            operation,
            host,
            response,
        })
    }

    /// Asks for a document that is not of the distribution protocol, and goes where it lies. What proves who asks goes to the
    /// address that is asked, and no further.
    pub(crate) async fn document(
        &self,
        operation: Operation,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<F::Body>, Error> {
        let response = self.exchange(operation, request.clone()).await?;
        Ok(self.follow_all(&request, response).await?.0)
    }

    /// Follows redirects from the answer to `asked` until there are no more; gives the last answer and where it is from.
    pub(super) async fn follow_all(
        &self,
        asked: &http::Request<Bytes>,
        mut response: http::Response<F::Body>,
    ) -> Result<(http::Response<F::Body>, Asked), Error> {
        let operation = Operation::FollowingRedirect;
        let mut asked = request::redirected(asked, asked.uri().clone());
        for _ in 0..MAX_HOPS {
            if !is_redirect(response.status()) {
                return Ok((response, self.asked(&asked)));
            }
            let target = self.target(&asked, response).await?;
            asked = request::redirected(&asked, target.uri);
            response = self.exchange(operation, asked.clone()).await?;
        }
        let asked = self.asked(&asked);
        if is_redirect(response.status()) {
            self.fetch.cancel(response.into_body()).await;
            return Err(self.garbage(operation, &asked.host, Garbage::Redirect));
        }
        Ok((response, asked))
    }

    fn asked(&self, request: &http::Request<Bytes>) -> Asked {
        Asked {
            host: self.host_of(request),
            uri: request.uri().clone(),
        }
    }

    /// Where a redirect leads, if one goes there; its body is let go.
    pub(super) async fn target(
        &self,
        asked: &http::Request<Bytes>,
        response: http::Response<F::Body>,
    ) -> Result<Target, Error> {
        let (parts, body) = response.into_parts();
        self.fetch.cancel(body).await;
        let location = parts.headers.get(header::LOCATION).ok_or_else(|| {
            self.garbage(
                Operation::FollowingRedirect,
                &self.host_of(asked),
                Garbage::Redirect,
            )
        })?;
        self.judged(asked.uri(), &self.host_of(asked), location)
    }

    /// Whether the registry may lead to another host, by `DOWNLOAD_HOSTS`.
    pub(super) fn may_lead_to(&self, target: &Uri) -> bool {
        let hosts = &self.terms.download_hosts;
        hosts.is_empty() || Url::parse(&target.to_string()).is_ok_and(|url| hosts.contain(&url))
    }

    /// The target of a Location that came from `host` in answer to a request for `requested`.
    pub(super) fn judged(
        &self,
        requested: &http::Uri,
        host: &str,
        location: &HeaderValue,
    ) -> Result<Target, Error> {
        let judged = location::judge(location, requested, self.registry);
        let judged = judged.and_then(|target| {
            if self.is_home(&target.uri) || self.may_lead_to(&target.uri) {
                Ok(target)
            } else {
                Err(Refusal::DownloadHost(self.terms.spelling.download_hosts()))
            }
        });
        judged.map_err(|what| Error::Refused {
            host: host.to_owned(),
            operation: Operation::FollowingRedirect,
            what,
        })
    }
}
