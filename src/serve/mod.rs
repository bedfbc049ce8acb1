//! What clients see. [`Service::handle`] turns every request into a response and cannot fail; what went wrong is a
//! [`crate::error::Error`] on the way and an answer at the end.
//!
//! The hot path does no work that grows: an index is a KV stream handed on unread, a download parses one small shard.
//! A miss in KV is never an answer; the [`CatalogClient`] gives it.
//!
//! | file | holds |
//! |---|---|
//! | `host` | what a request is answered with: the ways to registries, documents and the catalog |
//! | `route` | a method and a path become a route |
//! | `rule` | what each route needs before it is answered |
//! | `identify` | who sent a request |
//! | `receive` | the body of a request |
//! | `index` | `index.yaml` |
//! | `download` | packages and provenance files |
//! | `artifacthub` | `artifacthub-repo.yml` |
//! | `home` | `/` |
//! | `admin` | `/health`, `/info`, `/refresh` |
//! | `museum` | ChartMuseum's API |
//! | `spaces` | the space / chart / version API |
//! | `delete` | deletes a version of a chart |
//! | `sign` | adds a provenance file to a chart |
//! | `write` | stores a chart in the registry, and waits until the catalog has it |
//! | `metrics` | `/metrics` |
//! | `webhook` | notifications of registries |
//! | `audit` | who did or was refused what, for the log |
//! | `browser` | refuses requests that another site's page has a browser send |
//! | `reply` | an answer and its headers |
//! | `conditional` | `If-None-Match` and `Range` |
//! | `progress` | how far the first pass is, in words |
//! | `fuzzed` | what the fuzz targets call |
//! | `allowance` | how many questions a second an isolate asks the catalog, by kind of sender |
//! | `held` | how much of packages, and of bodies of whom nobody knows, is in memory at a time |
//! | `limit` | rate limits: which requests count, and for which sender |
//! | `guessers` | who tried passwords too often |
//! | `transport` | whether requests came encrypted, and under which name |
//! | `memory` | what an isolate remembers between requests |

mod admin;
mod allowance;
mod artifacthub;
mod audit;
mod browser;
mod conditional;
mod delete;
mod download;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod guessers;
mod held;
mod home;
mod host;
mod identify;
mod index;
mod limit;
mod memory;
mod metrics;
mod museum;
mod progress;
mod receive;
mod reply;
mod route;
mod rule;
mod sign;
mod spaces;
mod transport;
mod webhook;
mod write;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::authenticate::Verdict;
use crate::access::signature::Notice;
use crate::access::{self, Identity, Principal, Right};
use crate::catalog::ask::{Ask, Progress, ViewsRead};
use crate::config::{Config, Problems};
use crate::error::{Error, Missing};
use crate::index::{Space, View};
use crate::platform::{Clock, Documents};

pub use audit::Audit;
pub use download::{Gate, Piece};
pub use host::{CatalogClient, Host};
pub use memory::Memory;
pub use reply::Body;

use allowance::Asker;
use reply::{Audience, Reply};
use route::Route;
use rule::{ErrorFormat, Needs};

/// When to come again while the first pass runs, in seconds.
const RETRY_AFTER: u64 = 5;

/// Everything a request needs.
#[derive(Debug)]
pub struct Service<'a, H> {
    /// The settings, or what is wrong with them.
    pub config: &'a Result<Config, Problems>,
    /// Where it came to.
    pub host: &'a H,
    /// What this isolate remembers.
    pub memory: &'a Memory,
}

/// A request's answer and what is left to do.
#[derive(Debug)]
pub struct Handled<B> {
    /// What the client gets.
    pub response: Response<Body<B>>,
    /// What the catalog is told behind the answer, which nobody waits for.
    pub afterwards: Option<ViewsRead>,
    /// What went wrong, for the log; also where the client got a good answer all the same.
    pub fault: Option<String>,
    /// Who did or was refused what, for the log.
    pub audit: Option<Audit>,
    /// What an operator should mend, for the log.
    pub warning: Option<String>,
}

/// A request as the routes see it: settings are right, and it is known who asks and that they may.
struct Incoming<'r> {
    config: &'r Config,
    head: &'r Parts,
    principal: Principal<'r>,
}

impl Incoming<'_> {
    /// What the sender sees of a folder.
    fn view(&self, space: &Space) -> Option<View> {
        self.principal.view(space, self.config.index_scope)
    }

    /// Of whose allowance their questions are.
    fn asker(&self) -> Asker {
        if self.principal.is_known() {
            Asker::Known
        } else {
            Asker::Stranger
        }
    }

    /// Whether the sender could store a first chart in a space.
    fn may_begin(&self, space: &Space) -> bool {
        !self.config.accounts.read_only && self.principal.may(Right::Push, space)
    }

    fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    fn is_head(&self) -> bool {
        self.head.method == Method::HEAD
    }

    /// The value of a query parameter, empty when it has none.
    fn query(&self, name: &str) -> Option<String> {
        let query = self.head.uri.query()?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A route's answer and what is left to do.
struct Answered<B> {
    reply: Reply<B>,
    afterwards: Option<ViewsRead>,
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

impl<H: Host> Service<'_, H> {
    /// Answers a request. Its body is read only after it is known who sends it, and as far as the route allows.
    pub async fn handle(&self, request: Request<H::Body>) -> Handled<H::Body> {
        let (head, body) = request.into_parts();
        let route = Route::of(&head.method, head.uri.path());
        let route = route.map(|route| route.asked(head.uri.query()));
        let errors = route.as_ref().map_or_else(
            |_| ErrorFormat::at(head.uri.path()),
            |route| route.rule().errors,
        );
        let audience = match (self.config, &route) {
            (Ok(config), Ok(route)) => Audience::of(config, &route.space()),
            (Err(_), _) | (_, Err(_)) => Audience::Private,
        };
        self.memory.names.note(&head);
        let identity = match (self.config, &route) {
            (Ok(config), Ok(route)) => self.identify(config, route, &head).await.map(Some),
            (Err(_), _) | (_, Err(_)) => Ok(None),
        };
        let principal = match (&identity, self.config) {
            (Ok(Some(identity)), _) => Some(identity.principal.clone()),
            (Err(_), Ok(config)) => Some(Principal::stranger(&config.accounts.anonymous)),
            (Ok(None) | Err(_), _) => None,
        };
        let known = route.as_ref().ok().cloned().zip(principal);
        let sees_all = known.as_ref().is_some_and(|(_, who)| who.reads_all());
        let answered = match identity {
            Ok(identity) => self.answer(route, identity, &head, body).await,
            Err(error) => Err(error),
        };
        let answered = answered.unwrap_or_else(|error| {
            let error = match transport::unasked(error, &head) {
                // It counts everything, as `/` does.
                Error::NotReady { retry_after, .. } if !sees_all => Error::NotReady {
                    progress: "come again soon".to_owned(),
                    retry_after,
                },
                error => error,
            };
            Answered {
                reply: Reply::error(errors, &error),
                afterwards: None,
                fault: error.status().is_server_error().then(|| error.to_string()),
            }
        });
        let (mut response, left) = answered.reply.render(audience, head.method == Method::HEAD);
        transport::keep_to_https(&head, response.headers_mut());
        if let Some(body) = left {
            self.host.documents().cancel(body).await;
        }
        let status = response.status();
        let audit = known.and_then(|(route, who)| Audit::of(&head, &route, &who, status));
        Handled {
            response,
            afterwards: answered.afterwards,
            fault: answered.fault,
            audit,
            warning: self.memory.names.first_warning(),
        }
    }

    async fn answer(
        &self,
        route: Result<Route, Error>,
        identity: Option<Identity<'_>>,
        head: &Parts,
        body: H::Body,
    ) -> Result<Answered<H::Body>, Error> {
        let route = route?;
        let config = match self.config {
            Ok(config) => config,
            Err(problems) if route == Route::Home => {
                return Ok(Self::misconfigured(head, problems).into());
            }
            Err(problems) => {
                return Err(Error::Configuration {
                    names: problems.public(),
                    detail: problems.to_string(),
                });
            }
        };
        let rule = route.rule();
        browser::judge(head)?;
        let nobody = || Identity::stranger(&config.accounts, Verdict::Nothing);
        let Identity { principal, verdict } = identity.unwrap_or_else(nobody);
        self.pay_for_proof(rule.needs, &verdict, head).await?;
        let notice = match rule.needs {
            Needs::Nothing => None,
            Needs::Right(right) => {
                let (space, missing) = (route.space(), route.missing());
                access::permit(&config.accounts, &principal, right, &space, missing)?;
                None
            }
            Needs::Somewhere(right) => {
                access::permit_somewhere(&config.accounts, &principal, right, route.missing())?;
                None
            }
            Needs::Notice(signs) => {
                let secret = config.webhook_secret.as_ref();
                let notice = Notice::of(secret, signs, &head.headers);
                Some(self.pay_unless_proven(notice, head).await?)
            }
        };
        let notice = notice.as_ref();
        let received = self.receive(head, body, rule.body, config, notice);
        // What was uploaded counts as held until the answer is made.
        let (body, _holding) = received.await?;
        let request = Incoming {
            config,
            head,
            principal,
        };
        match route {
            Route::Home => Ok(self.home(&request).await.into()),
            Route::Space(space) => self.space(&request, &space).await.map(Into::into),
            Route::DeepHealth => self.deep_health().await.map(Into::into),
            Route::Health => Ok(Self::health().into()),
            Route::ApiDocs => Ok(Self::apidocs().into()),
            Route::Museum(space, museum) => {
                let reply = self.museum(&request, &space, &museum, &body).await;
                reply.map(Into::into)
            }
            Route::Spaces(space, call) => {
                let reply = self.spaces(&request, &space, &call, &body).await;
                reply.map(Into::into)
            }
            Route::Index(space) => {
                let view = request
                    .view(&space)
                    .ok_or(Error::NotFound(Missing::Space))?;
                match self.index(&request, &view).await {
                    // `helm cm-push` reads the index of where it pushes to, also before the first chart.
                    Err(Error::NotFound(Missing::Space)) if request.may_begin(&space) => {
                        Ok(Self::empty_index(config).into())
                    }
                    answer => answer,
                }
            }
            Route::File(file) => self.file(&request, &file).await.map(Into::into),
            Route::ArtifactHub(space) => self.artifacthub(&request, &space).await.map(Into::into),
            Route::Info => self.info(&request).await.map(Into::into),
            Route::Metrics => self.metrics().await.map(Into::into),
            Route::Refresh(path) => self.refresh(&request, path).await.map(Into::into),
            Route::Webhook(sender) => {
                let names = webhook::read(sender, &body)?;
                self.changed(&request, names).await.map(Into::into)
            }
        }
    }

    /// Asks the catalog.
    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, Error> {
        let answer = self.host.catalog().ask(question).await;
        answer.map_err(|error| Error::Catalog(error.to_string()))
    }

    /// What a client is told while the first pass runs.
    fn not_ready(&self, progress: &Progress) -> Error {
        let now = self.host.clock().now();
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
