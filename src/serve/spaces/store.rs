//! What the API stores: spaces, and packages as they are.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::inside::judge_values;
use super::link;
use crate::access::{self, Right};
use crate::catalog::ask::{CreateSpace, SpaceCreated};
use crate::config::{Config, Overwriting};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::push::{Form, Submission};
use crate::serve::museum::form;
use crate::serve::reply::Reply;
use crate::serve::route::{NamedVersion, SpaceCall, space_name};
use crate::serve::write::Existing;
use crate::serve::{Host, Incoming, Service};

/// What a form calls the package.
const CHART_FILE: &str = "chartfile";

/// What a form or a query calls a space.
const SPACE: &str = "space";

const UNREACHABLE: &str =
    "a space's name does not end in charts, metadata or versions: its address would be another's";

const NO_FILE: Error = Error::BadRequest("the form has no file called chartfile");

impl<H: Host> Service<'_, H> {
    /// Answers for `POST /spaces`. The body, which may be a form of either kind, wins over the query.
    pub(super) async fn create_space(
        &self,
        request: &Incoming<'_>,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let name = match sent_name(request, body)? {
            Some(name) => name,
            None => request.query(SPACE).unwrap_or_default(),
        };
        let space = space_name(&name)?;
        if !SpaceCall::reaches(&space) {
            return Err(Error::BadRequest(UNREACHABLE));
        }
        let (config, missing) = (request.config, Missing::Space);
        access::permit(
            &config.accounts,
            &request.principal,
            Right::Push,
            &space,
            missing,
        )?;
        must_be_served(config, &space)?;
        let create = CreateSpace {
            space: space.clone(),
        };
        match self.ask(&create).await? {
            SpaceCreated::Created => {}
            SpaceCreated::Exists => {
                return Err(Error::Conflict("there is such a space".to_owned()));
            }
            SpaceCreated::TooMany => {
                let many = "there are too many spaces, or too many of this first name: delete some that are empty";
                return Err(Error::Conflict(many.to_owned()));
            }
            SpaceCreated::NotReady(progress) => return Err(self.not_ready(&progress)),
        }
        self.memory.forget_unknown();
        let link = format!("/api/v1/spaces/{space}");
        let created = json!({ "name": space, "link": link });
        Ok(Reply::json(StatusCode::CREATED, &created))
    }

    /// Answers for `POST /spaces/<space>/charts`: a form has a package, anything else says of what charts one is to be composed. To
    /// store a package the space need not be there.
    pub(super) async fn upload_chart(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let Some(form) = form(request, body)? else {
            return self.orchestrate(request, space, body).await;
        };
        let chart = sent(&form)?;
        self.store(request.config, space, &chart, &Existing::Stays)
            .await?;
        let (name, version) = (chart.name(), chart.version());
        Ok(link(StatusCode::CREATED, space, name, version))
    }

    /// Answers for `PUT …/versions/<version>` with a package. It is judged before it is looked whether the version is there.
    pub(super) async fn replace_version(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let not_a_form = Error::BadRequest("the body is no form (multipart/form-data)");
        let chart = sent(&form(request, body)?.ok_or(not_a_form)?)?;
        if (chart.name(), chart.version()) != (named.name.as_str(), named.version.as_str()) {
            let other = "the package is of another chart or version than the path";
            return Err(Error::BadRequest(other));
        }
        self.put_in_place(request, space, named, &chart, &Existing::IsReplaced)
            .await?;
        Ok(link(StatusCode::OK, space, &named.name, &named.version))
    }

    /// Stores a package where a version of it is.
    pub(super) async fn put_in_place(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
        chart: &Submission,
        existing: &Existing,
    ) -> Result<(), Error> {
        let config = request.config;
        let there = self.place_of(config, space, named);
        let to = there.await?.ok_or(Error::NotFound(Missing::Version))?;
        if config.overwriting == Overwriting::Never {
            let never = "the version is there, and DISABLE_FORCE_OVERWRITE keeps it";
            return Err(Error::Conflict(never.to_owned()));
        }
        self.store_at(config, space, &to, chart, existing).await
    }
}

/// Judges whether charts of a space could be stored in any registry.
fn must_be_served(config: &Config, space: &Space) -> Result<(), Error> {
    let chart = format!("{space}/chart");
    let mut registries = config.sources.iter().filter(|it| it.classic.is_none());
    if registries.any(|source| source.name(&chart).is_some()) {
        Ok(())
    } else {
        Err(Error::NotFound(Missing::Space))
    }
}

/// The package of a form, judged with its values.
fn sent(form: &Form) -> Result<Submission, Error> {
    let package = form.part(CHART_FILE).ok_or(NO_FILE)?;
    let chart = Submission::judge(package.clone(), None)?;
    judge_values(package)?;
    Ok(chart)
}

/// The name of a space in a body, if it is a form that has one.
fn sent_name(request: &Incoming<'_>, body: &Bytes) -> Result<Option<String>, Error> {
    const ENCODED: &str = "application/x-www-form-urlencoded";
    if let Some(form) = form(request, body)? {
        let part = form.part(SPACE);
        return Ok(part.map(|name| String::from_utf8_lossy(name).into_owned()));
    }
    let content_type = request.headers().get(CONTENT_TYPE);
    let essence = content_type.and_then(|value| value.to_str().ok()?.split(';').next());
    if !essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(ENCODED)) {
        return Ok(None);
    }
    let mut pairs = url::form_urlencoded::parse(body);
    let name = pairs.find(|(key, _)| key == SPACE);
    Ok(name.map(|(_, name)| name.into_owned()))
}
