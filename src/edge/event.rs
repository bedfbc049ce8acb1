//! Events: a request, a tick of cron.

use std::time::Duration;

use bytes::Bytes;
use http::uri::Uri;
use http::{Method, Request, Response};
use serde_json::json;
use web_sys::ReadableStream;
use worker::{Context, Env, ResponseBuilder, ScheduleContext, ScheduledEvent, event};

use super::client::Client;
use super::fetch::Network;
use super::isolate::{self, Isolate};
use super::kv::Kv;
use super::stream::{Read, Stream, sized};
use super::{headers, log, now, rebuilt};
use crate::catalog::ask::{Ask, Tick};
use crate::config::Config;
use crate::serve::{BODY_LIMIT, Body, Catalog as _, Handled, Service};

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a URL is sent that cannot be one here: nothing is at such a path.
const NOWHERE: &str = "/%00";

#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    context: Context,
) -> worker::Result<worker::Response> {
    let isolate = isolate::current(&env);
    let request = from_js(&request).await;
    let path = request.uri().path().to_owned();
    let service = Service {
        config: &isolate.config,
        fetch: &Network,
        documents: &Kv::of(&env),
        catalog: &client(&env, &isolate),
        clock: &now,
        memory: &isolate.memory,
    };
    let Handled {
        response,
        afterwards,
        fault,
    } = service.handle(request).await;
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
    Ok(to_js(response))
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

fn client<'a>(env: &'a Env, isolate: &'a Isolate) -> Client<'a> {
    let config = isolate.config.as_ref().ok();
    Client {
        env,
        location: config.and_then(|config| config.catalog_location.as_deref()),
        fingerprint: config.map(Config::fingerprint),
    }
}

/// The request as it came: method and URL from JavaScript's own, as `worker` takes unknown methods for GET.
async fn from_js(request: &worker::Request) -> Request<Bytes> {
    let raw = request.inner();
    let mut made = Request::new(Bytes::new());
    *made.method_mut() = Method::from_bytes(raw.method().as_bytes()).unwrap_or(Method::TRACE);
    *made.uri_mut() = raw
        .url()
        .parse()
        .unwrap_or_else(|_| Uri::from_static(NOWHERE));
    *made.headers_mut() = headers::from_js(request.headers());
    if *made.method() == Method::POST {
        // A body that breaks off is what has come of it: its signature or its JSON will not fit.
        *made.body_mut() = match Stream(raw.body()).read(BODY_LIMIT, BODY_TIMEOUT).await {
            Ok(Read::Whole(bytes) | Read::Cut(bytes)) => bytes,
            Ok(Read::Late) | Err(_) => Bytes::new(),
        };
    }
    made
}

/// The answer as it goes. Streams are handed over untouched, so that the runtime knows their length and copies nothing.
fn to_js(response: Response<Body<Stream>>) -> worker::Response {
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
