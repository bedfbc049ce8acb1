//! What the API tells of spaces, charts and versions.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::inside::described;
use super::must_read;
use crate::catalog::ask::{InSpace, ListSpaces, SpaceNames};
use crate::config::IndexScope;
use crate::error::{Error, Missing};
use crate::index::{Space, View};
use crate::serve::reply::Reply;
use crate::serve::{Host, Incoming, Service};

/// How many items a page has when nobody says.
const PAGE: usize = 10;

/// Which items of a list are wanted.
#[derive(Clone, Copy)]
struct WantedPage {
    start: usize,
    limit: usize,
}

impl<H: Host> Service<'_, H> {
    /// Answers for `GET /spaces`: those of which the sender may read something.
    pub(super) async fn list_spaces(
        &self,
        request: &Incoming<'_>,
    ) -> Result<Reply<H::Body>, Error> {
        let WantedPage { start, limit } = page(request)?;
        let root = &Space::root();
        let view = request.principal.view(root, IndexScope::Subtree);
        let view: View = view.ok_or(Error::NotFound(Missing::Space))?;
        let wanted = ListSpaces { view, start, limit };
        match self.ask(&wanted).await? {
            SpaceNames::Page { total, names } => Ok(list(total, &names)),
            SpaceNames::TooLong => Err(Error::TooMany),
            SpaceNames::NotReady(progress) => Err(self.not_ready(&progress)),
        }
    }

    /// Answers for `GET /spaces/<space>/charts`.
    pub(super) async fn list_charts(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<Reply<H::Body>, Error> {
        let wanted = wanted(request, space, None, true, false)?;
        let held = self.held(&wanted).await?;
        let names: Vec<&str> = held.items.iter().map(|item| item.name.as_str()).collect();
        Ok(list(held.total, &names))
    }

    /// Answers for `GET /spaces/<space>/charts/<chart>/versions`.
    pub(super) async fn list_versions(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        chart: &str,
    ) -> Result<Reply<H::Body>, Error> {
        let wanted = wanted(request, space, Some(chart), false, false)?;
        let held = self.held(&wanted).await?;
        if held.total == 0 {
            return Err(Error::NotFound(Missing::Chart));
        }
        let items = held.items.iter();
        let versions: Vec<&str> = items.map(|item| item.version.as_str()).collect();
        Ok(list(held.total, &versions))
    }

    /// Answers for `GET …/metadata[/latest]` of a space or a chart: a list, but for the latest version of one chart.
    pub(super) async fn describe(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        chart: Option<&str>,
        latest: bool,
    ) -> Result<Reply<H::Body>, Error> {
        let mut wanted = wanted(request, space, chart, latest, true)?;
        let one = chart.is_some() && latest;
        if one {
            (wanted.start, wanted.limit) = (0, 1);
        }
        let held = self.held(&wanted).await?;
        if chart.is_some() && held.total == 0 {
            return Err(Error::NotFound(Missing::Chart));
        }
        let texts = held
            .items
            .iter()
            .filter_map(|item| item.metadata.as_deref());
        let described: Vec<Value> = texts.filter_map(|text| described(text.get())).collect();
        Ok(match described.as_slice() {
            [only] if one => Reply::json(StatusCode::OK, only),
            all => list(held.total, all),
        })
    }
}

/// A question for what lies in a space, of whoever may read it.
fn wanted(
    request: &Incoming<'_>,
    space: &Space,
    chart: Option<&str>,
    latest: bool,
    metadata: bool,
) -> Result<InSpace, Error> {
    must_read(request, space)?;
    let WantedPage { start, limit } = page(request)?;
    Ok(InSpace {
        latest,
        metadata,
        start,
        limit,
        ..InSpace::of(space, chart)
    })
}

/// A page of a list that has `total` items.
fn list<B>(total: usize, items: &[impl Serialize]) -> Reply<B> {
    let metadata = json!({ "total": total, "itemsLength": items.len() });
    Reply::json(StatusCode::OK, &ListBody { metadata, items })
}

#[derive(Serialize)]
struct ListBody<'i, T> {
    metadata: Value,
    items: &'i [T],
}

/// The page that is wanted. What begins or is long below zero is a page without items.
fn page(request: &Incoming<'_>) -> Result<WantedPage, Error> {
    let number = |name: &str, otherwise: usize, fault: &'static str| {
        let text = request.query(name).filter(|text| !text.is_empty());
        let number = text.map(|text| text.parse::<i64>()).transpose();
        let number = number.map_err(|_| Error::BadRequest(fault))?;
        Ok::<_, Error>(number.map_or(Some(otherwise), |number| {
            let number = u64::try_from(number).ok()?;
            Some(usize::try_from(number).unwrap_or(usize::MAX))
        }))
    };
    let start = number("start", 0, "start is not a whole number")?;
    let limit = number("limit", PAGE, "limit is not a whole number")?;
    Ok(match (start, limit) {
        (Some(start), Some(limit)) => WantedPage { start, limit },
        _ => WantedPage { start: 0, limit: 0 },
    })
}
