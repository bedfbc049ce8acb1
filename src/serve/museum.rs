//! ChartMuseum's API, for its clients: `helm cm-push`, and curl as its README has it.
//!
//! | file | holds |
//! |---|---|
//! | `read` | what it tells of charts |
//!
//! What it stores and deletes lies directly in the space that the path names; what it tells is what the space's index holds.

mod read;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::reply::Reply;
use super::route::Museum;
use super::write::Existing;
use super::{Host, Incoming, Service};
use crate::error::Error;
use crate::index::Space;
use crate::push::{Form, Submission, boundary};

/// What a form calls the package.
const CHART: &str = "chart";

/// What a form calls the provenance.
const PROVENANCE: &str = "prov";

impl<H: Host> Service<'_, H> {
    /// Answers a request of the API.
    pub(super) async fn museum(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        museum: &Museum,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        match museum {
            Museum::Show(shown) => self.shown(request, space, shown).await,
            Museum::Upload => self.upload(request, space, body).await,
            Museum::Sign => {
                let file = match form(request, body)? {
                    Some(form) => part(&form, PROVENANCE, "the form has no file called prov")?,
                    None => body.clone(),
                };
                self.sign(request.config, space, &file, forced(request))
                    .await?;
                Ok(saved())
            }
            Museum::Delete { name, version } => {
                self.delete_version(request, space, name, version).await?;
                let deleted = serde_json::json!({ "deleted": true });
                Ok(Reply::json(StatusCode::OK, &deleted))
            }
        }
    }

    /// A package as the body, or a form with a package and perhaps its provenance. A form with a provenance file alone is
    /// for a chart that is stored.
    async fn upload(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let force = forced(request);
        let existing = Existing::by(request.config, force);
        let Some(form) = form(request, body)? else {
            let chart = Submission::judge(body.clone(), None)?;
            self.store(request.config, space, &chart, &existing).await?;
            return Ok(saved());
        };
        let provenance = form.part(PROVENANCE).filter(|bytes| !bytes.is_empty());
        match (form.part(CHART), provenance) {
            (None, Some(file)) => self.sign(request.config, space, file, force).await?,
            (package, provenance) => {
                let missing = Error::BadRequest("the form has no file called chart");
                let package = package.ok_or(missing)?.clone();
                let chart = Submission::judge(package, provenance.cloned())?;
                self.store(request.config, space, &chart, &existing).await?;
            }
        }
        Ok(saved())
    }
}

/// The form that a body is, if it is one.
pub(super) fn form(request: &Incoming<'_>, body: &Bytes) -> Result<Option<Form>, Error> {
    let content_type = request.headers().get(CONTENT_TYPE);
    let boundary = content_type.and_then(|value| boundary(value.to_str().ok()?));
    let form = boundary.map(|boundary| Form::read(body, &boundary));
    Ok(form.transpose()?)
}

fn part(form: &Form, name: &str, missing: &'static str) -> Result<Bytes, Error> {
    form.part(name).cloned().ok_or(Error::BadRequest(missing))
}

/// Whether a version that is there is to be replaced. ChartMuseum takes the name alone for the wish, whatever its value.
fn forced(request: &Incoming<'_>) -> bool {
    request.query("force").is_some()
}

fn saved<B>() -> Reply<B> {
    Reply::json(StatusCode::CREATED, &serde_json::json!({ "saved": true }))
}

#[cfg(test)]
mod tests;
