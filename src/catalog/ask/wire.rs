//! How questions and answers cross to the Durable Object: as HTTP requests and responses with JSON in them, made and read
//! here on both sides.
//!
//! While a deployment spreads, asker and object may run different code or settings. The asker says which form and which
//! settings it has, and the object says the same of its answer; whoever does not find its own there gives or gets a
//! refusal ([`AskError::Refused`]): rows of other settings may be of a registry that not everyone may read.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Ask, AskStatus, Await, Changed, Charts, CreateSpace, Find, ForgetSpace, InSpace, Index,
    Indexed, Info, ListSpaces, Lock, Refresh, TagsOf, Tick, ViewsRead,
};
use crate::catalog::sync::engine::Engine;
use crate::platform::{Clock, DatabaseError, Document, DocumentMetadata, Documents, Fetch};

/// Raise it when a question or an answer takes another shape: the test `the_form_is_what_its_number_says` tells when.
const FORM: u32 = 11;

/// Holds form and settings ([`Config::fingerprint`](crate::config::Config::fingerprint)): of the asker in a question, of
/// the object in an answer. The name is that of form 1, which held the settings alone, so that its objects refuse.
const PARTY: HeaderName = HeaderName::from_static("x-portolan-fingerprint");

/// Holds a document's [`DocumentMetadata`] as JSON, and tells a document from an answer.
const METADATA: HeaderName = HeaderName::from_static("x-portolan-metadata");

/// The object's host, which is looked up by nobody.
const HOST: &str = "https://catalog/";

/// Why the catalog gave no answer. For the log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It runs with other settings or other code than the asker, as happens while a deployment spreads. Asking again
    /// helps.
    #[error("the catalog runs with other settings or code")]
    Refused,
    /// It could not be reached, or not read or write its rows.
    #[error("{0}")]
    Failed(String),
}

/// What stands in place of an answer; the shape of form 1, which its askers read as a failure.
#[derive(Serialize, Deserialize)]
struct Failure {
    answer: String,
    reason: String,
}

fn party(fingerprint: &str) -> String {
    format!("{FORM}-{fingerprint}")
}

fn is_ours(headers: &HeaderMap, fingerprint: &str) -> bool {
    headers
        .get(PARTY)
        .is_some_and(|value| value.as_bytes() == party(fingerprint).as_bytes())
}

/// A question as an asker with these settings sends it.
pub fn request<Q: Ask>(question: &Q, fingerprint: &str) -> Result<Request<Vec<u8>>, AskError> {
    let failed = |error: &dyn std::error::Error| AskError::Failed(error.to_string());
    let body = serde_json::to_vec(question).map_err(|error| failed(&error))?;
    Request::post(format!("{HOST}{}", Q::NAME))
        .header(PARTY, party(fingerprint))
        .body(body)
        .map_err(|error| failed(&error))
}

/// Whether a request asks this question, and its asker may be answered.
pub fn asks<Q: Ask>(request: &Request<Bytes>, fingerprint: &str) -> bool {
    is_ours(request.headers(), fingerprint) && name(request) == Q::NAME
}

fn name(request: &Request<Bytes>) -> &str {
    request.uri().path().trim_start_matches('/')
}

/// The metadata of the document that an answer is, if it is one.
pub fn document(headers: &HeaderMap, fingerprint: &str) -> Option<DocumentMetadata> {
    let metadata = headers.get(METADATA)?;
    is_ours(headers, fingerprint)
        .then(|| serde_json::from_slice(metadata.as_bytes()).ok())
        .flatten()
}

/// The answer that a response holds.
pub fn answer<A: DeserializeOwned>(
    response: &Response<Bytes>,
    fingerprint: &str,
) -> Result<A, AskError> {
    let body = response.body();
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let failure = serde_json::from_slice::<Failure>(body);
        return Err(AskError::Failed(match failure {
            Ok(failure) => failure.reason,
            Err(_) => "it failed and does not say why".to_owned(),
        }));
    }
    if !is_ours(response.headers(), fingerprint) {
        return Err(AskError::Refused);
    }
    serde_json::from_slice(body).map_err(|error| AskError::Failed(error.to_string()))
}

/// A response that says why there is no answer.
pub fn failure(error: &AskError) -> Response<Bytes> {
    let failure = Failure {
        answer: "failed".to_owned(),
        reason: error.to_string(),
    };
    let mut response = Response::new(Bytes::from(
        serde_json::to_vec(&failure).unwrap_or_default(),
    ));
    *response.status_mut() = match error {
        AskError::Refused => StatusCode::CONFLICT,
        AskError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    response
}

impl<F: Fetch, D: Documents, C: Clock> Engine<'_, F, D, C> {
    /// Answers a question as it came. The caller then sets the alarm, as after [`Engine::answer`].
    pub fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let fingerprint = self.config.fingerprint();
        if !is_ours(request.headers(), fingerprint) {
            return failure(&AskError::Refused);
        }
        match self.reply(name(request), request.body()) {
            Ok(mut response) => {
                if let Ok(party) = HeaderValue::try_from(party(fingerprint)) {
                    response.headers_mut().insert(PARTY, party);
                }
                response
            }
            Err(error) => failure(&error),
        }
    }

    fn reply(&self, name: &str, question: &[u8]) -> Result<Response<Bytes>, AskError> {
        match name {
            Index::NAME => {
                let question: Index = parse(question)?;
                match self.answer(&question).map_err(|error| failed(&error))? {
                    Indexed::Document(document) => carry(document),
                    Indexed::Without(reason) => json(&reason),
                }
            }
            Find::NAME => self.json_reply::<Find>(question),
            ViewsRead::NAME => self.json_reply::<ViewsRead>(question),
            Tick::NAME => self.json_reply::<Tick>(question),
            AskStatus::NAME => self.json_reply::<AskStatus>(question),
            Info::NAME => self.json_reply::<Info>(question),
            Refresh::NAME => self.json_reply::<Refresh>(question),
            Await::NAME => self.json_reply::<Await>(question),
            Changed::NAME => self.json_reply::<Changed>(question),
            Charts::NAME => self.json_reply::<Charts>(question),
            TagsOf::NAME => self.json_reply::<TagsOf>(question),
            InSpace::NAME => self.json_reply::<InSpace>(question),
            ListSpaces::NAME => self.json_reply::<ListSpaces>(question),
            CreateSpace::NAME => self.json_reply::<CreateSpace>(question),
            ForgetSpace::NAME => self.json_reply::<ForgetSpace>(question),
            Lock::NAME => self.json_reply::<Lock>(question),
            _ => Err(AskError::Failed("no such question".to_owned())),
        }
    }

    fn json_reply<Q: Ask<Answer: Serialize>>(
        &self,
        question: &[u8],
    ) -> Result<Response<Bytes>, AskError> {
        let question: Q = parse(question)?;
        json(&self.answer(&question).map_err(|error| failed(&error))?)
    }
}

fn failed(error: &DatabaseError) -> AskError {
    AskError::Failed(error.to_string())
}

fn parse<Q: Ask>(question: &[u8]) -> Result<Q, AskError> {
    serde_json::from_slice(question).map_err(|error| AskError::Failed(error.to_string()))
}

fn json<A: Serialize>(answer: &A) -> Result<Response<Bytes>, AskError> {
    let body = serde_json::to_vec(answer).map_err(|error| AskError::Failed(error.to_string()))?;
    Ok(Response::new(body.into()))
}

fn carry(document: Document<Bytes>) -> Result<Response<Bytes>, AskError> {
    let metadata = serde_json::to_string(&document.metadata)
        .ok()
        .and_then(|text| HeaderValue::try_from(text).ok())
        .ok_or_else(|| AskError::Failed("an entity tag that is no header".to_owned()))?;
    let mut response = Response::new(document.body);
    response.headers_mut().insert(METADATA, metadata);
    Ok(response)
}

#[cfg(test)]
mod tests;
