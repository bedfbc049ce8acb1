//! The space / chart / version API below `/api/v1/`, for the clients of caicloud's helm-registry. `docs/spaces-api.md` says
//! where it differs from that.
//!
//! | file | holds |
//! |---|---|
//! | `list` | what it tells of spaces, charts and versions |
//! | `store` | what it stores |
//! | `inside` | what lies in packages, read and replaced |
//! | `orchestrate` | a chart composed of others |
//! | `remove` | what it deletes |
//!
//! `apidocs.json` describes it as `OpenAPI`; the tests read it to know the routes and their answers.
//!
//! A space of this API holds what lies directly in a folder of the registry; the root has no name here.

mod inside;
mod list;
mod orchestrate;
mod remove;
mod store;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::json;

use super::limit::Price;
use super::reply::{CachePolicy, Reply};
use super::route::{File, NamedVersion, Part, SpaceCall};
use super::{Host, Incoming, Service};
use crate::catalog::ask::{HeldInSpace, HeldPage, HeldVersion, InSpace};
use crate::config::IndexScope;
use crate::error::{Door, Error, Missing};
use crate::index::{LINK_DIGITS, Space};
use crate::platform::Clock as _;

/// The API as an `OpenAPI` document.
const DOCUMENT: &str = include_str!("spaces/apidocs.json");

impl<H: Host> Service<'_, H> {
    /// Answers for `GET /apidocs.json`: the same for everybody, as it tells of no space or chart.
    pub(super) fn apidocs() -> Reply<H::Body> {
        Reply::text(StatusCode::OK, "application/json", DOCUMENT.to_owned())
    }

    /// Answers a request of the API.
    pub(super) async fn spaces(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        call: &SpaceCall,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        judge_accept(request, call)?;
        let now = self.host.clock().now();
        let reads = matches!(request.head.method, Method::GET | Method::HEAD);
        if reads || *call == SpaceCall::Create {
            self.pay(Price::Spaces, &request.payer()).await?;
        }
        if reads && !self.memory.allowance.may_ask(request.asker(), now) {
            return Err(Error::Busy);
        }
        match call {
            SpaceCall::Spaces => self.list_spaces(request).await,
            SpaceCall::Create => self.create_space(request, body).await,
            SpaceCall::Remove => self.remove_space(request, space).await,
            SpaceCall::Charts => self.list_charts(request, space).await,
            SpaceCall::Upload => self.upload_chart(request, space, body).await,
            SpaceCall::RemoveChart(name) => self.remove_chart(request, space, name).await,
            SpaceCall::Versions(name) => self.list_versions(request, space, name).await,
            SpaceCall::Download(named) => {
                let held = self.held_version(request, space, named).await?;
                let file = package_of(space, &held);
                // What only lies below the space contests nothing in it.
                self.file_within(request, &file, IndexScope::Folder).await
            }
            SpaceCall::Replace(named) => self.replace_version(request, space, named, body).await,
            SpaceCall::RemoveVersion(named) => {
                let NamedVersion { name, version, .. } = named;
                self.delete_version(request, space, name, version).await?;
                Ok(nothing())
            }
            SpaceCall::Metadata(named) => self.metadata(request, space, named).await,
            SpaceCall::ReplaceMetadata(named) => {
                self.replace_metadata(request, space, named, body).await
            }
            SpaceCall::Values(named) => self.values(request, space, named).await,
            SpaceCall::ReplaceValues(named) => {
                self.replace_values(request, space, named, body).await
            }
            SpaceCall::Describe { chart, latest } => {
                self.describe(request, space, chart.as_deref(), *latest)
                    .await
            }
        }
    }

    /// What lies in a space, as far as it is wanted.
    async fn held(&self, wanted: &InSpace) -> Result<HeldPage, Error> {
        match self.ask(wanted).await? {
            HeldInSpace::Page(page) => Ok(page),
            HeldInSpace::NoSpace => Err(Error::NotFound(Missing::Space)),
            HeldInSpace::TooLong => Err(Error::TooMany),
            HeldInSpace::NotReady(progress) => Err(self.not_ready(&progress)),
        }
    }

    /// A version that somebody reads.
    async fn held_version(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
    ) -> Result<HeldVersion, Error> {
        must_read(request, space)?;
        self.must_find(space, named).await
    }

    /// A version that has to be there.
    async fn must_find(&self, space: &Space, named: &NamedVersion) -> Result<HeldVersion, Error> {
        let held = self.found(space, named).await?;
        held.ok_or(Error::NotFound(Missing::Version))
    }

    /// A version, if it is there.
    async fn found(
        &self,
        space: &Space,
        named: &NamedVersion,
    ) -> Result<Option<HeldVersion>, Error> {
        let wanted = InSpace {
            version: Some(named.version.clone()),
            limit: 1,
            ..InSpace::of(space, Some(&named.name))
        };
        match self.held(&wanted).await {
            Ok(held) => Ok(held.items.into_iter().next()),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Judges whether somebody may read a space itself: the route's rule has judged that they may read something there.
fn must_read(request: &Incoming<'_>, space: &Space) -> Result<(), Error> {
    if request.principal.reads(space) {
        return Ok(());
    }
    Err(if request.principal.is_known() {
        Error::NotFound(Missing::Space)
    } else {
        Error::Unauthorized(Door::Charts)
    })
}

/// Answers are JSON, and packages what they are.
fn judge_accept(request: &Incoming<'_>, call: &SpaceCall) -> Result<(), Error> {
    if matches!(call, SpaceCall::Download(_)) {
        return Ok(());
    }
    let json = |range: &str| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json", ""]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    };
    let mut accepted = request.headers().get_all(ACCEPT).iter().peekable();
    let takes_all = accepted.peek().is_none();
    let takes =
        |value: &http::HeaderValue| value.to_str().is_ok_and(|list| list.split(',').any(json));
    if takes_all || accepted.any(takes) {
        Ok(())
    } else {
        Err(Error::NotAcceptable)
    }
}

/// The package of a version: these very bytes.
fn package_of(space: &Space, held: &HeldVersion) -> File {
    File {
        space: space.clone(),
        digest: Some(held.package.prefix(LINK_DIGITS).to_owned()),
        name: held.file.clone(),
        part: Part::Package,
    }
}

/// Where a version is, as answers say it.
fn link<B>(status: StatusCode, space: &Space, name: &str, version: &str) -> Reply<B> {
    let link = format!("/api/v1/spaces/{space}/charts/{name}/versions/{version}");
    let body = json!({ "space": space, "chart": name, "version": version, "link": link });
    Reply::json(status, &body)
}

fn nothing<B>() -> Reply<B> {
    Reply::new(StatusCode::NO_CONTENT, CachePolicy::Never)
}

#[cfg(test)]
pub(in crate::serve) mod tests;
