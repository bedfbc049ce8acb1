//! The Durable Object: the catalog's only writer.
//!
//! It never fails: every error is an answer or a line in the log. Before it works, its alarm is set to when it would be
//! found dead; afterwards to when there is more to do. An alarm that
//! fails is tried again six times only (<https://developers.cloudflare.com/durable-objects/api/alarms/>).

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use serde_json::json;
use worker::{DurableObject, Env, Request, Response, ResponseBuilder, State, durable_object};

use super::database::Sql;
use super::fetch::Network;
use super::isolate;
use super::kv::Kv;
use super::stream::{BodyRead, Stream};
use super::{headers, log, now, sign};
use crate::catalog::ask::{AskError, Tick, wire};
use crate::catalog::{Engine, Recent, Step};
use crate::config::Config;
use crate::oci::Tokens;
use crate::platform::{Patience, Timestamp};

/// Longest question, in bytes: a webhook may name a thousand repositories.
const QUESTION_LIMIT: usize = 2 * 1024 * 1024;

/// How long a question may take to arrive: it is sent whole, from within the platform.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// When to look again whether wrong settings were mended. Each alarm writes a row.
const MISCONFIGURED: Duration = Duration::from_mins(5);

/// An alarm that is off by less is left as it is: setting one writes a row.
const SLACK: u64 = 1000;

/// The catalog's object.
#[durable_object(alarm)]
pub struct Catalog {
    state: State,
    env: Env,
    tokens: Tokens,
    /// What it remembers for a while.
    recent: Recent,
    /// Names this life of the object, so that the lease of a former one is void.
    incarnation: String,
}

impl DurableObject for Catalog {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            tokens: Tokens::signed_by(sign::rs256),
            recent: Recent::default(),
            incarnation: incarnation(),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let isolate = isolate::current(&self.env);
        let response = match (&isolate.config, question(&request).await) {
            (Ok(config), Ok(question)) => self.answer(config, &question).await,
            (Err(problems), _) => wire::failure(&AskError::Failed(problems.to_string())),
            (_, Err(error)) => wire::failure(&error),
        };
        Ok(to_js(response))
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let isolate = isolate::current(&self.env);
        match &isolate.config {
            Ok(config) => self.work(config).await,
            // A deployment that mends them sends no request here: only an alarm finds that out.
            Err(_) => self.wake_at(now().after(MISCONFIGURED)).await,
        }
        Ok(ResponseBuilder::new().empty())
    }
}

impl Catalog {
    async fn answer(
        &self,
        config: &Config,
        question: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        if wire::asks::<Tick>(question, config.fingerprint()) {
            // Cron works itself: an alarm that has panicked is not revived by setting it.
            self.work(config).await;
        }
        let documents = Kv::of(&self.env);
        let database = Sql(self.state.storage().sql());
        let engine = self.engine(&documents, &database, config);
        let response = engine.respond(question);
        self.wake_at(engine.next_alarm()).await;
        response
    }

    /// Runs one step, with an alarm set for the case that it dies.
    async fn work(&self, config: &Config) {
        let documents = Kv::of(&self.env);
        let database = Sql(self.state.storage().sql());
        let engine = self.engine(&documents, &database, config);
        self.wake_at(engine.guard()).await;
        let step = engine.step().await;
        self.wake_at(step.next).await;
        report(&step);
    }

    fn engine<'a>(
        &'a self,
        documents: &'a Kv,
        database: &'a Sql,
        config: &'a Config,
    ) -> Engine<'a, Network, Kv, fn() -> Timestamp> {
        const CLOCK: fn() -> Timestamp = now;
        Engine {
            fetch: &Network,
            documents,
            database,
            tokens: &self.tokens,
            config,
            clock: &CLOCK,
            recent: &self.recent,
            incarnation: &self.incarnation,
        }
    }

    async fn wake_at(&self, at: Timestamp) {
        let storage = self.state.storage();
        if let Ok(Some(set)) = storage.get_alarm().await
            && set.abs_diff(at.0) < SLACK
        {
            return;
        }
        if let Err(error) = storage.set_alarm(at.since(now())).await {
            log::fault("alarm", json!({ "fault": error.to_string() }));
        }
    }
}

/// The question as it came.
async fn question(request: &Request) -> Result<http::Request<Bytes>, AskError> {
    let failed = |reason: &str| AskError::Failed(reason.to_owned());
    let body = match Stream(request.inner().body())
        .read(QUESTION_LIMIT, Patience::Whole(QUESTION_TIMEOUT))
        .await
    {
        Ok(BodyRead::Whole(bytes)) => bytes,
        Ok(BodyRead::Cut) => return Err(failed("a question too long")),
        Ok(BodyRead::Late | BodyRead::NoRoom) | Err(_) => {
            return Err(failed("the question broke off"));
        }
    };
    let url = request.inner().url();
    let mut made = http::Request::new(body);
    *made.uri_mut() = url
        .parse::<Uri>()
        .map_err(|_| failed("a question without a name"))?;
    *made.headers_mut() = headers::from_js(request.headers());
    Ok(made)
}

fn to_js(response: http::Response<Bytes>) -> Response {
    let (parts, body) = response.into_parts();
    ResponseBuilder::new()
        .with_status(parts.status.as_u16())
        .with_headers(headers::to_js(&parts.headers))
        .fixed(body.to_vec())
}

/// One line a pass and a fault.
fn report(step: &Step) {
    if let Some(pass) = &step.pass {
        log::note("pass", pass);
    }
    for fault in &step.faults {
        log::fault("registry", json!({ "fault": fault }));
    }
    if let Some(fault) = &step.broken {
        log::fault("step", json!({ "fault": fault, "calls": step.calls }));
    }
}

/// Random where there is randomness, else the time: two lives do not begin in one millisecond.
fn incarnation() -> String {
    let mut bytes = [0_u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => now().0.to_string(),
    }
}
