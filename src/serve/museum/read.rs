//! What ChartMuseum's API tells of charts.

use base64::Engine as _;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::catalog::ask::{Charted, Charts};
use crate::chart::{ChartContents, FileName, VersionRange};
use crate::error::{Error, Missing};
use crate::index::{Space, View};
use crate::platform::Clock as _;
use crate::secret::BASE64;
use crate::serve::reply::{Body, CachePolicy, Reply};
use crate::serve::route::{Exhibit, File, Part};
use crate::serve::{Host, Incoming, Service};

/// The newest version that is no pre-release, in place of a version.
const LATEST: &str = "latest";

impl<H: Host> Service<'_, H> {
    /// Answers for `GET /api/[<space>/]charts[/<name>[/<version>[/templates|values]]]`.
    pub(in crate::serve) async fn shown(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        shown: &Exhibit,
    ) -> Result<Reply<H::Body>, Error> {
        let view = &seen(request, space)?;
        match shown {
            Exhibit::All => self.all(request, view).await,
            Exhibit::Chart(name) => {
                let versions = self.versions(request, view, name).await?;
                Ok(Reply::json(StatusCode::OK, &versions))
            }
            Exhibit::Version { name, version } => {
                let entry = self.version(request, view, name, version).await?;
                Ok(Reply::json(StatusCode::OK, &entry))
            }
            Exhibit::Templates { name, version } => {
                let contents = self.contents(request, space, name, version).await?;
                let unfit = |unfit: crate::chart::Unfit| Error::Unreadable(unfit.to_string());
                let values = contents.parsed_values().map_err(unfit)?;
                let templates = contents.templates.iter();
                let templates: Vec<Value> = templates
                    .map(|(path, bytes)| json!({ "name": path, "data": BASE64.encode(bytes) }))
                    .collect();
                let body = json!({ "templates": templates, "values": values });
                Ok(Reply::json(StatusCode::OK, &body))
            }
            Exhibit::Values { name, version } => {
                let contents = self.contents(request, space, name, version).await?;
                let values = contents.values.ok_or(Error::NotFound(Missing::Values))?;
                let length = values.len() as u64;
                let reply = Reply::new(StatusCode::OK, CachePolicy::Never);
                let reply = reply.with(CONTENT_TYPE, "application/yaml");
                Ok(reply.with_body(Body::Bytes(values.into()), length))
            }
        }
    }

    /// All charts, or a page of them. As at ChartMuseum an offset means nothing without a limit: there is nothing then.
    async fn all(&self, request: &Incoming<'_>, view: &View) -> Result<Reply<H::Body>, Error> {
        let number = |name: &'static str, least: usize, what: &'static str| {
            let text = request.query(name).filter(|text| !text.is_empty());
            text.map(|text| match text.parse::<usize>() {
                Ok(number) if number >= least => Ok(number),
                _ => Err(Error::BadRequest(what)),
            })
            .transpose()
        };
        let offset = number("offset", 0, "offset is not a number from 0 on")?;
        let limit = number("limit", 1, "limit is not a number from 1 on")?;
        let (offset, limit) = match (offset.unwrap_or(0), limit) {
            (0, None) => (0, usize::MAX),
            (offset, limit) => (offset, limit.unwrap_or(0)),
        };
        let charts = self.charts(request, view, None, offset, limit).await?;
        Ok(Reply::json(StatusCode::OK, &charts))
    }

    async fn charts(
        &self,
        request: &Incoming<'_>,
        view: &View,
        name: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> Result<Box<RawValue>, Error> {
        let charts = Charts {
            view: view.clone(),
            name: name.map(str::to_owned),
            offset,
            limit,
        };
        let now = self.host.clock().now();
        if !self.memory.allowance.may_ask(request.asker(), now) {
            return Err(Error::Busy);
        }
        match self.ask(&charts).await? {
            Charted::Entries(entries) => Ok(entries),
            Charted::TooLong => Err(Error::TooMany),
            Charted::NotReady(progress) => Err(self.not_ready(&progress)),
        }
    }

    /// The versions of a chart, the newest first.
    async fn versions(
        &self,
        request: &Incoming<'_>,
        view: &View,
        name: &str,
    ) -> Result<Vec<Value>, Error> {
        let charts = self.charts(request, view, Some(name), 0, usize::MAX);
        let charts = charts.await?;
        let mut charts: std::collections::BTreeMap<String, Vec<Value>> =
            serde_json::from_str(charts.get()).unwrap_or_default();
        charts.remove(name).ok_or(Error::NotFound(Missing::Chart))
    }

    /// The version that is meant: this one, the newest in a range, or the newest.
    async fn version(
        &self,
        request: &Incoming<'_>,
        view: &View,
        name: &str,
        wanted: &str,
    ) -> Result<Value, Error> {
        let versions = self.versions(request, view, name).await?;
        let is = |entry: &Value, test: &dyn Fn(&str) -> bool| {
            entry
                .get("version")
                .and_then(Value::as_str)
                .is_some_and(test)
        };
        let range = match wanted {
            LATEST => Some(VersionRange::stable()),
            wanted => VersionRange::parse(wanted),
        };
        let same = versions
            .iter()
            .find(|entry| is(entry, &|version| version == wanted));
        let within = || {
            let range = range?;
            versions
                .iter()
                .find(|entry| is(entry, &|version| range.holds(version)))
        };
        let missing = Error::NotFound(Missing::Version);
        same.or_else(within).cloned().ok_or(missing)
    }

    /// What is in the package of a version.
    async fn contents(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        name: &str,
        version: &str,
    ) -> Result<ChartContents, Error> {
        let view = seen(request, space)?;
        let entry = self.version(request, &view, name, version).await?;
        let broken = || Error::Internal("an entry without a name and a version".to_owned());
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let (name, version) = text("name").zip(text("version")).ok_or_else(broken)?;
        let file = File {
            space: space.clone(),
            digest: text("digest").map(|digest| digest.trim_start_matches("sha256:").to_owned()),
            name: FileName::of(name, version).map_err(|_| broken())?,
            part: Part::Package,
        };
        self.look_into(request, &file, |package| {
            ChartContents::of(package).map_err(|unfit| Error::Unreadable(unfit.to_string()))
        })
        .await
    }
}

/// What the sender sees of a folder.
fn seen(request: &Incoming<'_>, space: &Space) -> Result<View, Error> {
    let missing = Error::NotFound(Missing::Space);
    request.view(space).ok_or(missing)
}
