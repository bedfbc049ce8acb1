//! GitLab: `GET /api/v4/groups/{id}/registry/repositories`, subgroups included, and `/api/v4/projects/…` ("Container registry
//! API"). Takes personal, group and project access tokens with `read_api`; deploy tokens open the registry only.

use bytes::Bytes;
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::api::{Answer, Api, Listed, bearer, garbage};
use crate::oci::link::{self, Link};
use crate::oci::{
    Client, Error, Garbage, Next, Operation, Page, Refusal, challenge, realm, request,
};
use crate::platform::{Clock, Fetch};
use crate::source::Source;

/// gitlab.com, which is another host than its registry.
const KNOWN: (&str, &str) = ("registry.gitlab.com", "https://gitlab.com");

/// A page of the group or project that the prefix leads to.
pub(super) async fn page<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    page: Option<&Next>,
) -> Result<Page, Error> {
    let (registry, known) = KNOWN;
    let origin = if source.registry.host() == registry {
        known.to_owned()
    } else {
        origin(source, client).await?
    };
    api(source, &origin).page(source, client, page).await
}

/// Where a GitLab of one's own is: its token server is its own web server, and is shown the password in any case. Judged
/// as every token server is.
async fn origin<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
) -> Result<String, Error> {
    let operation = Operation::ListingRepositories;
    let request = request::client()
        .uri(format!("{}/v2/", source.registry.origin()))
        .body(Bytes::new())
        .map_err(|_| garbage(client.host(), Garbage::Address))?;
    let (parts, body) = client.exchange(operation, request).await?.into_parts();
    client.cancel(body).await;
    if parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS {
        let (status, headers) = (parts.status, &parts.headers);
        return Err(Error::refusal(
            client.host(),
            operation,
            status,
            headers,
            b"",
        ));
    }
    let challenges = parts.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let named = challenges
        .filter_map(|value| value.to_str().ok())
        .flat_map(challenge::parse)
        .find_map(|one| one.parameter("realm").map(str::to_owned));
    let refused = |what| Error::Refused {
        host: client.host().to_owned(),
        operation,
        what,
    };
    let judged = named.map(|realm| realm::judge(&realm, &source.registry, &source.terms));
    match judged {
        Some(Ok(realm)) => Ok(realm.origin().ascii_serialization()),
        Some(Err(what)) => Err(refused(what)),
        // No GitLab is without one.
        None => Err(refused(Refusal::NoTokenServer)),
    }
}

/// The group at the prefix; else the project at the prefix, or the one that the prefix lies in.
fn api(source: &Source, origin: &str) -> Api {
    let place = |kind: &str, path: &str| {
        let path = utf8_percent_encode(path, NON_ALPHANUMERIC);
        format!("{origin}/api/v4/{kind}/{path}/registry/repositories")
    };
    let mut path = source.prefix.as_str();
    let mut places = vec![place("groups", path)];
    // A project is in a group or belongs to a user, so it has two segments at least.
    while let Some((parent, _)) = path.rsplit_once('/') {
        places.push(place("projects", path));
        path = parent;
    }
    let header = bearer(&source.credentials).map(|value| (header::AUTHORIZATION, value));
    Api {
        name: "gitlab",
        places,
        query: "per_page=100&page=1".to_owned(),
        headers: header.into_iter().collect(),
        parse,
    }
}

fn parse(_: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    struct GitLabRepository {
        /// Its whole name in the registry.
        path: String,
    }
    let repositories: Vec<GitLabRepository> = serde_json::from_slice(&answer.body).ok()?;
    let next = match answer.header("x-next-page").map(str::trim) {
        Some("") => Link::End,
        Some(page) if page.bytes().all(|byte| byte.is_ascii_digit()) => {
            match format!("per_page=100&page={page}").parse() {
                Ok(next) => Link::Next(next),
                Err(_) => Link::Unusable,
            }
        }
        Some(_) => Link::Unusable,
        None => {
            let links = answer.headers.get_all(header::LINK).iter();
            link::next(links.filter_map(|link| link.to_str().ok()), &answer.asked)
        }
    };
    Some(Listed {
        names: repositories.into_iter().map(|one| one.path).collect(),
        next,
    })
}
