//! The way from requests to the catalog: one Durable Object, spoken to in JSON over its `fetch`.

use std::time::Duration;

use http::StatusCode;
use js_sys::Uint8Array;
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Env, RequestInit, Stub};

use super::stream::{BodyRead, Stream};
use super::{headers, within};
use crate::catalog::ask::{Ask, AskError, Index, Indexed, Tick, wire};
use crate::platform::{Document, Patience};
use crate::serve;

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
pub(super) struct DurableObjectClient<'a> {
    /// Where its binding is.
    pub(super) env: &'a Env,
    /// Where it should live, if that is set.
    pub(super) location: Option<&'a str>,
    /// Whose rows are asked for; without settings none.
    pub(super) fingerprint: Option<&'a str>,
}

impl DurableObjectClient<'_> {
    fn stub(&self) -> worker::Result<Stub> {
        let namespace = self.env.durable_object(super::CATALOG)?;
        match self.location {
            Some(location) => namespace.get_by_name_with_location_hint(NAME, location),
            None => namespace.get_by_name(NAME),
        }
    }

    /// Sends a question; the answer with its body unread.
    async fn send<Q: Ask>(&self, question: &Q) -> Result<http::Response<Stream>, AskError> {
        let request = wire::request(question, self.fingerprint()?)?;
        let mut init = RequestInit::new();
        init.with_method(worker::Method::Post)
            .with_headers(headers::to_js(request.headers()))
            .with_body(Some(Uint8Array::from(request.body().as_slice()).into()));
        let limit = if Q::NAME == Tick::NAME {
            TICK_TIMEOUT
        } else {
            TIMEOUT
        };
        let sent = async {
            let url = request.uri().to_string();
            let request = worker::Request::new_with_init(&url, &init)?;
            self.stub()?.fetch_with_request(request).await
        };
        let answer = within(limit, sent)
            .await
            .ok_or_else(|| failed("no answer in time"))?
            .map_err(|error| AskError::Failed(error.to_string()))?;
        let status = StatusCode::from_u16(answer.status_code())
            .map_err(|_| failed("an impossible status"))?;
        let headers = headers::from_js(answer.headers());
        let (_, body) = answer.into_parts();
        let mut response = http::Response::new(Stream::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Reads an answer that is no document.
    async fn answer<A: DeserializeOwned>(
        &self,
        response: http::Response<Stream>,
    ) -> Result<A, AskError> {
        let (parts, body) = response.into_parts();
        match body.read(ANSWER_LIMIT, Patience::Whole(TIMEOUT)).await {
            Ok(BodyRead::Whole(bytes)) => wire::answer(
                &http::Response::from_parts(parts, bytes),
                self.fingerprint()?,
            ),
            Ok(BodyRead::Cut) => Err(failed("an answer too large")),
            Ok(BodyRead::Late | BodyRead::NoRoom) => Err(failed("no answer in time")),
            Err(_) => Err(failed("the answer broke off")),
        }
    }

    fn fingerprint(&self) -> Result<&str, AskError> {
        let missing = || failed("without settings nothing is asked");
        self.fingerprint.ok_or_else(missing)
    }
}

fn failed(reason: &str) -> AskError {
    AskError::Failed(reason.to_owned())
}

impl serve::CatalogClient for DurableObjectClient<'_> {
    type Body = Stream;

    async fn ask<Q: Ask<Answer: Serialize + DeserializeOwned>>(
        &self,
        question: &Q,
    ) -> Result<Q::Answer, AskError> {
        let response = self.send(question).await?;
        self.answer(response).await
    }

    async fn index(&self, question: &Index) -> Result<Indexed<Stream>, AskError> {
        let response = self.send(question).await?;
        match wire::document(response.headers(), self.fingerprint()?) {
            Some(metadata) => Ok(Indexed::Document(Document {
                body: response.into_body(),
                metadata,
            })),
            None => self.answer(response).await.map(Indexed::Without),
        }
    }

    async fn pause(&self, duration: Duration) {
        worker::Delay::from(duration).await;
    }
}
