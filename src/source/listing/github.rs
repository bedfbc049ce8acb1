//! GitHub: `GET /orgs/{org}/packages` and `GET /users/{user}/packages` ("REST API endpoints for packages"). Takes a classic
//! token with `read:packages`; fine-grained ones see public packages only.

use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::api::{Answer, Api, Listed, bearer};
use crate::oci::link;
use crate::source::Source;

/// Where the API of github.com is. Nothing a registry says leads to it or away from it.
const API: &str = "https://api.github.com";

const VERSION: HeaderName = HeaderName::from_static("x-github-api-version");

/// The packages of the owner at the beginning of the prefix, an organization or a user: which one, only a 404 tells.
pub(super) fn api(source: &Source) -> Api {
    let owner = source.owner().unwrap_or_default();
    let mut headers = vec![(VERSION, HeaderValue::from_static("2022-11-28"))];
    headers.extend(bearer(&source.credentials).map(|value| (header::AUTHORIZATION, value)));
    Api {
        name: "github",
        places: vec![
            format!("{API}/orgs/{owner}/packages"),
            format!("{API}/users/{owner}/packages"),
        ],
        query: "package_type=container&per_page=100".to_owned(),
        headers,
        parse,
    }
}

fn parse(source: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    struct ContainerPackage {
        /// Without the owner: `charts/nginx`.
        name: String,
    }
    let owner = source.owner()?;
    let packages: Vec<ContainerPackage> = serde_json::from_slice(&answer.body).ok()?;
    let links = answer.headers.get_all(header::LINK).iter();
    Some(Listed {
        names: packages
            .into_iter()
            .map(|package| format!("{owner}/{}", package.name))
            .collect(),
        // Its pages are at `/organizations/{id}/packages`; only the query is kept.
        next: link::next(links.filter_map(|link| link.to_str().ok()), &answer.asked),
    })
}
