//! The way from requests to the catalog: one Durable Object, spoken to in JSON over its `fetch`.

use std::time::Duration;

use wasm_bindgen::JsValue;
use worker::{Env, Headers, RequestInit, Response, Stub};

use super::stream::{Read, Stream};
use super::within;
use crate::catalog::{Answer, Question, Reply};
use crate::platform::Metadata;
use crate::serve::{self, CatalogError};

/// Holds a document's [`Metadata`] as JSON, and tells a document from an answer.
pub(super) const METADATA: &str = "x-portolan-metadata";

/// Holds the asker's [`Config::fingerprint`](crate::config::Config::fingerprint): settings and code may differ from the
/// object's while a deployment spreads.
pub(super) const FINGERPRINT: &str = "x-portolan-fingerprint";

/// The one object's name.
const NAME: &str = "catalog";

/// How long the catalog may take for an answer: it works on rows only, and the largest index takes it some seconds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a tick may take, which works a slice if nobody else does.
const TICK_TIMEOUT: Duration = Duration::from_mins(10);

/// Longest answer that is not a document, in bytes: a page of `/info` is some hundred kilobytes.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// The catalog as seen from requests.
#[derive(Debug)]
pub(super) struct Client<'a> {
    /// Where its binding is.
    pub(super) env: &'a Env,
    /// Where it should live, if that is set.
    pub(super) location: Option<&'a str>,
    /// Whose rows are asked for; without settings none.
    pub(super) fingerprint: Option<String>,
}

impl Client<'_> {
    fn stub(&self) -> worker::Result<Stub> {
        let namespace = self.env.durable_object(super::CATALOG)?;
        match self.location {
            Some(location) => namespace.get_by_name_with_location_hint(NAME, location),
            None => namespace.get_by_name(NAME),
        }
    }

    async fn send(&self, question: &Question) -> worker::Result<Response> {
        let headers = Headers::new();
        if let Some(fingerprint) = &self.fingerprint {
            headers.set(FINGERPRINT, fingerprint)?;
        }
        let mut init = RequestInit::new();
        init.with_method(worker::Method::Post)
            .with_headers(headers)
            .with_body(Some(JsValue::from_str(&serde_json::to_string(question)?)));
        let request = worker::Request::new_with_init("https://catalog/", &init)?;
        self.stub()?.fetch_with_request(request).await
    }
}

impl serve::Catalog for Client<'_> {
    type Body = Stream;

    async fn ask(&self, question: &Question) -> Result<Reply<Stream>, CatalogError> {
        let limit = match question {
            Question::Tick => TICK_TIMEOUT,
            _ => TIMEOUT,
        };
        let response = within(limit, self.send(question))
            .await
            .ok_or_else(|| CatalogError("no answer in time".to_owned()))?
            .map_err(|error| CatalogError(error.to_string()))?;
        let metadata = response.headers().get(METADATA).ok().flatten();
        let (_, body) = response.into_parts();
        let body = Stream::from(body);
        let Some(metadata) = metadata else {
            return answer(body).await.map(Reply::Answer);
        };
        match serde_json::from_str::<Metadata>(&metadata) {
            Ok(metadata) => Ok(Reply::Document { body, metadata }),
            Err(error) => {
                body.cancel().await;
                Err(CatalogError(error.to_string()))
            }
        }
    }

    async fn pause(&self, duration: Duration) {
        worker::Delay::from(duration).await;
    }
}

async fn answer(body: Stream) -> Result<Answer, CatalogError> {
    match body.read(ANSWER_LIMIT, TIMEOUT).await {
        Ok(Read::Whole(bytes)) => {
            serde_json::from_slice(&bytes).map_err(|error| CatalogError(error.to_string()))
        }
        Ok(Read::Cut(_)) => Err(CatalogError("an answer too large".to_owned())),
        Ok(Read::Late) => Err(CatalogError("no answer in time".to_owned())),
        Err(_) => Err(CatalogError("the answer broke off".to_owned())),
    }
}
