//! ChartMuseum's API, for its clients: `helm cm-push`, and curl as its README has it.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::reply::Reply;
use super::{Host, Incoming, Service};
use crate::error::Error;
use crate::index::Space;
use crate::push::{Form, Submission, boundary};

/// What a form calls the package.
const CHART: &str = "chart";

/// What a form calls the provenance.
const PROVENANCE: &str = "prov";

impl<H: Host> Service<'_, H> {
    /// Answers for `POST /api/[<space>/]charts[?force]`: a package as the body, or a form with a package and its provenance.
    pub(super) async fn upload(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let boundary = content_type.and_then(|value| boundary(value.to_str().ok()?));
        let chart = match boundary {
            Some(boundary) => {
                let form = Form::read(body, &boundary)?;
                let package = form
                    .part(CHART)
                    .ok_or(Error::BadRequest("the form has no file called chart"))?;
                let provenance = form.part(PROVENANCE).filter(|bytes| !bytes.is_empty());
                Submission::judge(package.clone(), provenance.cloned())?
            }
            None => Submission::judge(body.clone(), None)?,
        };
        // ChartMuseum takes the name alone for the wish, whatever its value.
        let force = request.query("force").is_some();
        self.store(request.config, space, &chart, force).await?;
        let saved = serde_json::json!({ "saved": true });
        Ok(Reply::json(StatusCode::CREATED, &saved))
    }
}
