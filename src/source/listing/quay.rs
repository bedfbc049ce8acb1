//! Quay: `GET /api/v1/repository` (quay.io/api/v1/discovery). The API takes OAuth tokens, which log in to the registry as the user
//! `$oauthtoken`, and shows public repositories to everybody. It is closed to robot accounts; they have `_catalog`.

use http::header;
use serde::Deserialize;
use url::form_urlencoded;

use super::api::{Answer, Api, Listed, bearer};
use crate::oci::Credentials;
use crate::oci::link::Link;
use crate::source::Source;

/// The user whose password is an OAuth token.
const OAUTH_USER: &str = "$oauthtoken";

/// The namespace at the beginning of the prefix; `None` where `_catalog` is asked instead.
pub(super) fn api(source: &Source) -> Option<Api> {
    let namespace = source.owner()?;
    let headers = match &source.credentials {
        Credentials::Anonymous => Vec::new(),
        Credentials::Basic { username, .. } if username.expose() == OAUTH_USER => {
            vec![(header::AUTHORIZATION, bearer(&source.credentials)?)]
        }
        Credentials::Basic { .. }
        | Credentials::Identity(_)
        | Credentials::Bearer(_)
        | Credentials::Aws(_)
        | Credentials::Google(_)
        | Credentials::Azure(_) => return None,
    };
    Some(Api {
        name: "quay",
        places: vec![format!("{}/api/v1/repository", source.registry.origin())],
        query: query(namespace, None),
        headers,
        parse,
    })
}

fn query(namespace: &str, page: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    // Public ones, too; without it a token sees only those that its owner is a member of.
    query
        .append_pair("namespace", namespace)
        .append_pair("public", "true");
    if let Some(page) = page {
        query.append_pair("next_page", page);
    }
    query.finish()
}

fn parse(source: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    struct QuayPage {
        repositories: Vec<QuayRepository>,
        #[serde(default)]
        next_page: Option<String>,
    }
    #[derive(Deserialize)]
    struct QuayRepository {
        namespace: String,
        name: String,
    }
    let owner = source.owner()?;
    let page: QuayPage = serde_json::from_slice(&answer.body).ok()?;
    let next = match page.next_page.filter(|next| !next.is_empty()) {
        None => Link::End,
        Some(next) => match query(owner, Some(&next)).parse() {
            Ok(next) => Link::Next(next),
            Err(_) => Link::Unusable,
        },
    };
    Some(Listed {
        names: page
            .repositories
            .into_iter()
            .map(|one| format!("{}/{}", one.namespace, one.name))
            .collect(),
        next,
    })
}
