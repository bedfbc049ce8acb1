//! Orchestration: a new chart, composed of others and stored in a space.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::inside::{judged, refused};
use super::{link, must_read};
use crate::catalog::ask::InSpace;
use crate::chart::{Composition, LoadLimits, LoadedChart, SourceChart, Unfit};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::serve::held::Holding;
use crate::serve::reply::Reply;
use crate::serve::route::{NamedVersion, space_name};
use crate::serve::write::{EXISTS, Existing};
use crate::serve::{Host, Incoming, Service};

/// Longest request, in bytes: values of a chart have at most a quarter of that.
const LIMIT: usize = 1 << 20;

impl<H: Host> Service<'_, H> {
    /// Answers for `POST /spaces/<space>/charts` with `{"save": {"chart", "version", "description"}, "configs": {…}}`.
    pub(super) async fn orchestrate(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        body: &Bytes,
    ) -> Result<Reply<H::Body>, Error> {
        if body.len() > LIMIT {
            return Err(Error::TooLarge(LIMIT));
        }
        let neither = "the body is neither a form with a package nor JSON";
        let wanted: Value = serde_json::from_slice(body).map_err(|_| Error::BadRequest(neither))?;
        let saved = |key: &str| match wanted.pointer(&format!("/save/{key}")) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.as_str()),
            _ => Err(Error::Refused(format!("save has no {key}"))),
        };
        let target = NamedVersion::of(saved("chart")?, saved("version")?)?;
        let description = match wanted.pointer("/save/description") {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text,
            Some(_) => return Err(Error::BadRequest("the description of save is no text")),
        };
        self.must_be_new(space, &target).await?;
        let configs = wanted.get("configs").unwrap_or(&Value::Null);
        let composition = Composition::read(configs).map_err(refused)?;
        let holding = self.begin_holding()?;
        let sources = self.sources(request, &composition, &holding).await?;
        let NamedVersion { name, version, .. } = &target;
        let made = composition.package(&sources, name, version, description);
        let made = made.map_err(|unfit| match unfit {
            Unfit::NoPart(_) => Error::NotFound(Missing::Chart),
            other => refused(other),
        })?;
        holding.remove(sources.values().map(LoadedChart::size).sum());
        drop(sources);
        self.hold_more(&holding, made.len() as u64)?;
        let chart = judged(request, made.into())?;
        self.store(request.config, space, &chart, &Existing::Stays)
            .await?;
        Ok(link(StatusCode::CREATED, space, name, version))
    }

    /// Judges whether a chart can be stored: the space must be there, the version must not.
    async fn must_be_new(&self, space: &Space, target: &NamedVersion) -> Result<(), Error> {
        self.held(&InSpace::of(space, Some(&target.name))).await?;
        match self.found(space, target).await? {
            None => Ok(()),
            Some(_) => Err(Error::Conflict(EXISTS.to_owned())),
        }
    }

    /// The charts that are wanted, out of spaces that the sender may read.
    async fn sources(
        &self,
        request: &Incoming<'_>,
        composition: &Composition,
        holding: &Holding<'_>,
    ) -> Result<BTreeMap<SourceChart, LoadedChart>, Error> {
        let mut named = Vec::new();
        for source in composition.sources() {
            let space = space_name(&source.space)?;
            must_read(request, &space)?;
            let version = NamedVersion::of(&source.chart, &source.version)?;
            named.push((source, space, version));
        }
        let (mut limits, mut sources) = (LoadLimits::default(), BTreeMap::new());
        for (source, space, version) in named {
            let held = self.must_find(&space, &version).await?;
            let chart = self
                .loaded_within(request, &space, &held, &mut limits, holding)
                .await?;
            sources.insert(source, chart);
        }
        Ok(sources)
    }
}
