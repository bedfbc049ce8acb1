//! What clients see. [`Service::handle`] turns every request into a response and cannot fail; what went wrong is a
//! [`crate::error::Error`] on the way and an answer at the end.
//!
//! The hot path does no work that grows: an index is a KV stream handed on unread, a download parses one small shard.
//! A miss in KV is never an answer; the [`Catalog`] gives it.
//!
//! | file | holds |
//! |---|---|
//! | `route` | a method and a path become a route |
//! | `access` | who may do what |
//! | `index` | `index.yaml` |
//! | `download` | packages and provenance files |
//! | `artifacthub` | `artifacthub-repo.yml` |
//! | `home` | `/` |
//! | `admin` | `/health`, `/info`, `/refresh` |
//! | `metrics` | `/metrics` |
//! | `webhook` | notifications of registries |
//! | `reply` | an answer and its headers |
//! | `conditional` | `If-None-Match` and `Range` |
//! | `progress` | how far the first pass is, in words |
//! | `memory` | what an isolate remembers between requests |

mod access;
mod admin;
mod artifacthub;
mod conditional;
mod download;
mod home;
mod index;
mod memory;
mod metrics;
mod progress;
mod reply;
mod route;
mod webhook;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::ask::{Ask, AskError, Index, Indexed, Progress, Read};
use crate::config::{Config, Problems};
use crate::error::Error;
use crate::platform::{Clock, Documents, Fetch};

pub use memory::Memory;
pub use reply::Body;

use access::Caller;
use reply::{Audience, Reply};
use route::Route;

/// Longest body of a request that is read, in bytes: notifications are some kilobytes. The edge hands over at most one
/// byte more, so that a longer one is known.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// When to come again while the first pass runs, in seconds.
const RETRY_AFTER: u64 = 5;

/// The way to the catalog: one Durable Object at Cloudflare.
#[expect(
    async_fn_in_trait,
    reason = "single-threaded by design: no Send bound is wanted"
)]
pub trait Catalog {
    /// A document's body not read yet.
    type Body;

    /// Asks a question.
    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, AskError>;

    /// Asks for an index, which comes as a stream.
    async fn index(&self, question: &Index) -> Result<Indexed<Self::Body>, AskError>;

    /// Waits before asking again.
    async fn pause(&self, duration: Duration);
}

/// Everything a request needs.
#[derive(Debug)]
pub struct Service<'a, F, D, C, K> {
    /// The settings, or what is wrong with them.
    pub config: &'a Result<Config, Problems>,
    /// The way to registries.
    pub fetch: &'a F,
    /// The published documents.
    pub documents: &'a D,
    /// The way to the catalog.
    pub catalog: &'a C,
    /// The time.
    pub clock: &'a K,
    /// What this isolate remembers.
    pub memory: &'a Memory,
}

/// A request's answer and what is left to do.
#[derive(Debug)]
pub struct Handled<B> {
    /// What the client gets.
    pub response: Response<Body<B>>,
    /// What the catalog is told behind the answer, which nobody waits for.
    pub afterwards: Option<Read>,
    /// What went wrong, for the log; also where the client got a good answer all the same.
    pub fault: Option<String>,
}

/// A request as the routes see it: settings are right, and it is known who asks.
struct Asked<'r> {
    config: &'r Config,
    request: &'r Request<Bytes>,
    caller: Caller,
}

impl Asked<'_> {
    fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    fn is_head(&self) -> bool {
        self.request.method() == Method::HEAD
    }

    /// The value of a query parameter, empty when it has none.
    fn query(&self, name: &str) -> Option<String> {
        let query = self.request.uri().query()?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A route's answer and what is left to do.
struct Answered<B> {
    reply: Reply<B>,
    afterwards: Option<Read>,
    fault: Option<String>,
}

impl<B> From<Reply<B>> for Answered<B> {
    fn from(reply: Reply<B>) -> Self {
        Self {
            reply,
            afterwards: None,
            fault: None,
        }
    }
}

impl<F, D, C, K> Service<'_, F, D, C, K>
where
    F: Fetch,
    D: Documents<Body = F::Body>,
    C: Catalog<Body = F::Body>,
    K: Clock,
{
    /// Answers a request. Its body is read as far as [`BODY_LIMIT`] and a byte.
    pub async fn handle(&self, request: Request<Bytes>) -> Handled<F::Body> {
        let answered = self
            .answer(&request)
            .await
            .unwrap_or_else(|error| Answered {
                reply: Reply::error(&error),
                afterwards: None,
                fault: error.status().is_server_error().then(|| error.to_string()),
            });
        let audience = self
            .config
            .as_ref()
            .map_or(Audience::Private, access::audience);
        let head = request.method() == Method::HEAD;
        let (response, left) = answered.reply.render(audience, head);
        if let Some(body) = left {
            self.documents.cancel(body).await;
        }
        Handled {
            response,
            afterwards: answered.afterwards,
            fault: answered.fault,
        }
    }

    async fn answer(&self, request: &Request<Bytes>) -> Result<Answered<F::Body>, Error> {
        let route = Route::of(request.method(), request.uri().path())?;
        let config = match self.config {
            Ok(config) => config,
            Err(problems) if route == Route::Home => {
                return Ok(Self::misconfigured(request, problems).into());
            }
            Err(problems) => {
                return Err(Error::Configuration {
                    names: problems.public(),
                    detail: problems.to_string(),
                });
            }
        };
        let asked = Asked {
            config,
            request,
            caller: Caller::of(config, request.headers()),
        };
        match route {
            Route::Home => Ok(self.home(&asked).await.into()),
            Route::Health => Ok(Self::health().into()),
            Route::Index(view) => {
                asked.caller.reads(config)?;
                self.index(&asked, &view).await
            }
            Route::File(file) => {
                asked.caller.reads(config)?;
                self.file(&asked, &file).await.map(Into::into)
            }
            Route::ArtifactHub(view) => {
                asked.caller.reads(config)?;
                self.artifacthub(&asked, &view).await.map(Into::into)
            }
            Route::Info => {
                asked.caller.administers(config)?;
                self.info(&asked).await.map(Into::into)
            }
            Route::Metrics => {
                asked.caller.administers(config)?;
                self.metrics().await.map(Into::into)
            }
            Route::Refresh(path) => {
                asked.caller.administers(config)?;
                self.refresh(&asked, path).await.map(Into::into)
            }
            Route::Webhook(sender) => {
                let body = asked.request.body();
                if body.len() > BODY_LIMIT {
                    return Err(Error::TooLarge(BODY_LIMIT));
                }
                access::notifies(config, sender, asked.headers(), body)?;
                let names = webhook::read(sender, body)?;
                self.changed(&asked, names).await.map(Into::into)
            }
        }
    }

    /// Asks the catalog.
    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, Error> {
        let answer = self.catalog.ask(question).await;
        answer.map_err(|error| Error::Catalog(error.to_string()))
    }

    /// What a client is told while the first pass runs.
    fn not_ready(&self, progress: &Progress) -> Error {
        let now = self.clock.now();
        let Some(fault) = &progress.fault else {
            return Error::NotReady {
                progress: progress::words(progress),
                retry_after: RETRY_AFTER,
            };
        };
        Error::Registry {
            host: fault.host.clone(),
            fault: fault.kind.clone(),
            detail: String::new(),
            retry_after: fault
                .retry_at
                .map(|at| at.since(now).as_secs().max(RETRY_AFTER)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
