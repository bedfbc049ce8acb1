//! What lies in a package: what its charts say of themselves, and their values; read and replaced.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::package_of;
use crate::catalog::ask::HeldVersion;
use crate::chart::{Inspected, LoadLimits, LoadedChart, Unfit, repack, sent_values};
use crate::config::IndexScope;
use crate::error::Error;
use crate::index::Space;
use crate::push::Submission;
use crate::serve::held::Holding;
use crate::serve::reply::{Body, CachePolicy, Reply};
use crate::serve::route::NamedVersion;
use crate::serve::write::Existing;
use crate::serve::{Host, Incoming, Service};

impl<H: Host> Service<'_, H> {
    /// Answers for `GET …/manifests/metadata`.
    pub(super) async fn metadata(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
    ) -> Result<Reply<H::Body>, Error> {
        let held = self.held_version(request, space, named).await?;
        let chart = self.loaded(request, space, &held).await?;
        Ok(Reply::json(StatusCode::OK, &chart.described()))
    }

    /// Answers for `GET …/manifests/values`.
    pub(super) async fn values(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
    ) -> Result<Reply<H::Body>, Error> {
        let held = self.held_version(request, space, named).await?;
        let chart = self.loaded(request, space, &held).await?;
        let values = chart.coalesced().map_err(unreadable)?;
        Ok(Reply::json(StatusCode::OK, &values))
    }

    /// Answers for `PUT …/manifests/metadata`: all that the chart says of itself is replaced, but for what it depends on.
    pub(super) async fn replace_metadata(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let held = self.must_find(space, named).await?;
        let file = package_of(space, &held);
        let holding = self.begin_holding()?;
        let look = |package: &Bytes| with_metadata(package, body);
        let made = self.look_into_within(request, &file, IndexScope::Folder, &holding, look);
        let made = made.await?;
        self.hold_more(&holding, made.len() as u64)?;
        // Only what is answered is kept while the package is stored, not the chart's files.
        let described = LoadedChart::load(&made).map_err(refused)?.described();
        self.put_made(request, space, named, &held, made).await?;
        Ok(Reply::json(StatusCode::OK, &described))
    }

    /// Answers for `PUT …/manifests/values`: the chart's own values are replaced, those of the charts in it stay. Says the body again.
    pub(super) async fn replace_values(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        let held = self.must_find(space, named).await?;
        let values = sent_values(body).map_err(refused)?;
        let file = package_of(space, &held);
        let holding = self.begin_holding()?;
        let look = |package: &Bytes| repack(package, &[("values.yaml", &values)]).map_err(refused);
        let made = self.look_into_within(request, &file, IndexScope::Folder, &holding, look);
        let made = Bytes::from(made.await?);
        self.hold_more(&holding, made.len() as u64)?;
        judge_values(&made)?;
        self.put_made(request, space, named, &held, made).await?;
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        let content_type = if is_json {
            "application/json"
        } else {
            "application/yaml"
        };
        let reply = Reply::new(StatusCode::OK, CachePolicy::Never);
        let reply = reply.with(CONTENT_TYPE, content_type);
        Ok(reply.with_body(Body::Bytes(body.clone()), body.len() as u64))
    }

    /// The chart of a version, in memory.
    async fn loaded(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        held: &HeldVersion,
    ) -> Result<LoadedChart, Error> {
        let (mut limits, holding) = (LoadLimits::default(), self.begin_holding()?);
        self.loaded_within(request, space, held, &mut limits, &holding)
            .await
    }

    /// The same beside others, counted for as long as they are held.
    pub(super) async fn loaded_within(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        held: &HeldVersion,
        limits: &mut LoadLimits,
        holding: &Holding<'_>,
    ) -> Result<LoadedChart, Error> {
        let file = package_of(space, held);
        let load = |package: &Bytes| LoadedChart::load_within(package, limits).map_err(unreadable);
        let loading = self.look_into_within(request, &file, IndexScope::Folder, holding, load);
        let chart = loading.await?;
        self.hold_more(holding, chart.size())?;
        Ok(chart)
    }

    /// Stores a package that was made of a version in its place, if that is there still.
    async fn put_made(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        named: &NamedVersion,
        held: &HeldVersion,
        made: Bytes,
    ) -> Result<(), Error> {
        let chart = judged(request, made)?;
        let existing = Existing::IsReplacedIf(held.manifest.clone());
        self.put_in_place(request, space, named, &chart, &existing)
            .await
    }
}

/// A package that was made here, judged as one that was sent.
pub(super) fn judged(request: &Incoming<'_>, made: Bytes) -> Result<Submission, Error> {
    let limit = request.config.upload_limit;
    if made.len() > limit {
        return Err(Error::TooLarge(limit));
    }
    Ok(Submission::judge(made, None)?)
}

/// Refuses a package whose values no chart can have. What is too large to be looked into is stored, and its values cannot be read.
pub(super) fn judge_values(package: &[u8]) -> Result<(), Error> {
    let values = LoadedChart::load(package).and_then(|chart| chart.coalesced());
    match values {
        Err(unfit @ Unfit::Values(_)) => Err(refused(unfit)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A package with other metadata, of the same name and version.
fn with_metadata(package: &[u8], json: &[u8]) -> Result<Bytes, Error> {
    let known = Inspected::of(package).map_err(unreadable)?.metadata;
    let metadata = known.replaced(json).map_err(refused)?;
    if (&metadata.name, &metadata.version) != (&known.name, &known.version) {
        let other = "name and version of the metadata are not those of the chart";
        return Err(Error::BadRequest(other));
    }
    let files = metadata.files();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (*path, bytes.as_slice()))
        .collect();
    let made = repack(package, &files).map_err(refused)?;
    Ok(made.into())
}

/// What is wrong with what was sent.
#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
pub(super) fn refused(unfit: Unfit) -> Error {
    Error::Refused(unfit.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn unreadable(unfit: Unfit) -> Error {
    Error::Unreadable(unfit.to_string())
}

/// A chart's metadata as the catalog has it, in which what it depends on is called `requirements`.
pub(super) fn described(metadata: &str) -> Option<Value> {
    let mut metadata: Value = serde_json::from_str(metadata).ok()?;
    let fields = metadata.as_object_mut()?;
    if let Some(dependencies) = fields.remove("dependencies") {
        fields.insert("requirements".to_owned(), dependencies);
    }
    Some(metadata)
}
