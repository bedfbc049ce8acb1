//! Harbor: `GET /api/v2.0/projects/{project}/repositories` (its `api/v2.0/swagger.yaml`). Harbor opens `_catalog` to
//! accounts of the whole system only; a project's robot account may list its project when it has the permission
//! "List Repository".

use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::api::{Answer, Api, Listed, basic};
use crate::oci::link::{self, Link};
use crate::source::Source;

/// The largest page that Harbor gives.
const PAGE: usize = 100;

/// A project may be called `42`; this keeps it from being taken for the project with that number.
const IS_NAME: HeaderName = HeaderName::from_static("x-is-resource-name");

/// The project at the beginning of the prefix; without a prefix all repositories that the account may see.
pub(super) fn api(source: &Source) -> Api {
    let origin = source.registry.origin();
    let place = match source.owner() {
        Some(project) => format!("{origin}/api/v2.0/projects/{project}/repositories"),
        None => format!("{origin}/api/v2.0/repositories"),
    };
    let mut headers = vec![(IS_NAME, HeaderValue::from_static("true"))];
    headers.extend(basic(&source.credentials).map(|value| (header::AUTHORIZATION, value)));
    Api {
        name: "harbor",
        places: vec![place],
        query: format!("page=1&page_size={PAGE}"),
        headers,
        parse,
    }
}

fn parse(_: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    struct ProjectRepository {
        /// With the project before it.
        name: String,
    }
    let repositories: Vec<ProjectRepository> = serde_json::from_slice(&answer.body).ok()?;
    let links = answer.headers.get_all(header::LINK).iter();
    let mut next = link::next(links.filter_map(|link| link.to_str().ok()), &answer.asked);
    // A proxy that drops `Link` must not make a list look complete.
    if next == Link::End && total(answer) > seen(answer, repositories.len()) {
        next = Link::Unusable;
    }
    Some(Listed {
        names: repositories.into_iter().map(|one| one.name).collect(),
        next,
    })
}

fn total(answer: &Answer) -> usize {
    answer
        .header("x-total-count")
        .and_then(|total| total.parse().ok())
        .unwrap_or(0)
}

/// How many repositories this page and those before it have.
fn seen(answer: &Answer, here: usize) -> usize {
    let query = answer.asked.query().unwrap_or_default();
    let page = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "page")
        .and_then(|(_, page)| page.parse::<usize>().ok())
        .unwrap_or(1);
    page.saturating_sub(1).saturating_mul(PAGE) + here
}
