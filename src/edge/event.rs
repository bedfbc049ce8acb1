//! Events: a request, a tick of cron.

use bytes::Bytes;
use http::uri::Uri;
use http::{Method, Request, Response};
use serde_json::json;
use web_sys::ReadableStream;
use worker::{Context, Env, ResponseBuilder, ScheduleContext, ScheduledEvent, event};

use super::client::DurableObjectClient;
use super::fetch::Network;
use super::isolate::{self, Isolate};
use super::kv::Kv;
use super::stream::{BodyRead, Stream, sized};
use super::{LIMITS, headers, log, now, rebuilt, verified};
use crate::catalog::ask::{Ask, Tick};
use crate::config::Config;
use crate::platform::{FetchError, Timestamp};
use crate::serve::{Body, CatalogClient as _, Handled, Host, Service};

/// Where a URL is sent that cannot be one here: nothing is at such a path.
const NOWHERE: &str = "/%00";

/// The host that a request came to: Cloudflare.
#[derive(Debug)]
struct Cloudflare<'a> {
    env: &'a Env,
    documents: Kv,
    catalog: DurableObjectClient<'a>,
}

impl<'a> Host for Cloudflare<'a> {
    type Body = Stream;
    type Fetch = Network;
    type Documents = Kv;
    type Catalog = DurableObjectClient<'a>;
    type Clock = fn() -> Timestamp;

    fn fetch(&self) -> &Network {
        &Network
    }

    fn documents(&self) -> &Kv {
        &self.documents
    }

    fn catalog(&self) -> &DurableObjectClient<'a> {
        &self.catalog
    }

    fn clock(&self) -> &Self::Clock {
        const CLOCK: fn() -> Timestamp = now;
        &CLOCK
    }

    async fn allows(&self, key: &str) -> bool {
        let Ok(limits) = self.env.rate_limiter(LIMITS) else {
            return true;
        };
        // A count that cannot be had keeps nobody out.
        let outcome = limits.limit(key.to_owned()).await;
        outcome.map_or(true, |outcome| outcome.success)
    }

    async fn receive(
        &self,
        body: Stream,
        stated: usize,
        limit: usize,
        has_room: impl FnMut(usize) -> bool,
    ) -> Result<Bytes, FetchError> {
        match body.receive(stated, limit, has_room).await {
            Ok(BodyRead::Whole(bytes)) => Ok(bytes),
            Ok(BodyRead::NoRoom) => Err(FetchError::Budget),
            Ok(BodyRead::Cut) => Err(FetchError::TooLarge(limit)),
            Ok(BodyRead::Late) => Err(FetchError::Timeout),
            Err(_) => Err(FetchError::Transport("the body broke off".to_owned())),
        }
    }
}

#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    context: Context,
) -> worker::Result<worker::Response> {
    let isolate = isolate::current(&env);
    let request = from_js(&request);
    let path = request.uri().path().to_owned();
    let service = Service {
        config: &isolate.config,
        host: &Cloudflare {
            env: &env,
            documents: Kv::of(&env),
            catalog: client(&env, &isolate),
        },
        memory: &isolate.memory,
    };
    let Handled {
        response,
        afterwards,
        fault,
        audit,
        warning,
    } = service.handle(request).await;
    if let Some(audit) = audit {
        log::note("audit", audit);
    }
    if let Some(warning) = warning {
        log::note("configuration", json!({ "warning": warning }));
    }
    if let Some(fault) = fault {
        let status = response.status().as_u16();
        log::fault(
            "request",
            json!({ "path": path, "status": status, "fault": fault }),
        );
    }
    if let Some(question) = afterwards {
        let env = env.clone();
        context.wait_until(async move { tell(&env, &question).await });
    }
    Ok(to_js(response, &context))
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    tell(&env, &Tick).await;
}

/// Tells the catalog something, which answers with nothing.
async fn tell<Q: Ask<Answer = ()>>(env: &Env, question: &Q) {
    let isolate = isolate::current(env);
    if isolate.config.is_err() {
        return;
    }
    if let Err(error) = client(env, &isolate).ask(question).await {
        log::fault("catalog", json!({ "fault": error.to_string() }));
    }
}

fn client<'a>(env: &'a Env, isolate: &'a Isolate) -> DurableObjectClient<'a> {
    let config = isolate.config.as_ref().ok();
    DurableObjectClient {
        env,
        location: config.and_then(|config| config.catalog_location.as_deref()),
        fingerprint: config.map(Config::fingerprint),
    }
}

/// The request as it came, its body unread: method and URL from JavaScript's own, as `worker` takes unknown methods for GET.
fn from_js(request: &worker::Request) -> Request<Stream> {
    let raw = request.inner();
    let mut made = Request::new(Stream(raw.body()));
    *made.method_mut() = Method::from_bytes(raw.method().as_bytes()).unwrap_or(Method::TRACE);
    *made.uri_mut() = raw
        .url()
        .parse()
        .unwrap_or_else(|_| Uri::from_static(NOWHERE));
    *made.headers_mut() = headers::from_js(request.headers());
    made
}

/// The answer as it goes. Streams that need no look are handed over untouched, so that the runtime knows their length and copies
/// nothing.
fn to_js(response: Response<Body<Stream>>, context: &Context) -> worker::Response {
    let (parts, body) = response.into_parts();
    let builder = ResponseBuilder::new()
        .with_status(parts.status.as_u16())
        .with_headers(headers::to_js(&parts.headers));
    match body {
        Body::Empty
        | Body::Stream(Stream(None))
        | Body::Unmeasured {
            stream: Stream(None),
            ..
        } => builder.empty(),
        Body::Bytes(bytes) => builder.fixed(bytes.to_vec()),
        Body::Stream(Stream(Some(stream))) => builder.stream(stream),
        Body::Verified {
            stream: Stream(Some(stream)),
            promised,
        } => started(builder, verified::stream(&stream, promised, context)),
        Body::Verified {
            stream: Stream(None),
            ..
        } => started(builder, Err("the registry sent no body".into())),
        Body::Unmeasured {
            stream: Stream(Some(stream)),
            size,
        } => started(builder, sized(&stream, size)),
        Body::Rebuilt { parts, size } => started(builder, rebuilt::stream(parts, size)),
    }
}

/// An answer of a stream that was made here.
fn started(builder: ResponseBuilder, stream: worker::Result<ReadableStream>) -> worker::Response {
    match stream {
        Ok(stream) => builder.stream(stream),
        Err(error) => {
            log::fault("stream", json!({ "fault": error.to_string() }));
            ResponseBuilder::new().with_status(500).empty()
        }
    }
}
