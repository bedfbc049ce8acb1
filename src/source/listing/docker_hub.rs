//! Docker Hub: `GET /v2/namespaces/{namespace}/repositories` at hub.docker.com ("Docker Hub API"). Public repositories are shown to
//! everybody; for private ones user and access token are exchanged for a token of that API first.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use serde::Deserialize;

use super::api::{self, Answer, Api, Listed, garbage};
use crate::oci::link::{self, Link};
use crate::oci::{
    Client, Credentials, Error, Garbage, Kind, Next, Operation, Page, request, token,
};
use crate::platform::{Clock, Fetch};
use crate::secret::Secret;
use crate::source::Source;

/// Where the API is. It is another host than the registry's, and the same company's.
const API: &str = "https://hub.docker.com";

/// How long a token of the API is used. It lasts some ten minutes.
const LIFETIME: Duration = Duration::from_mins(5);

/// A page of the namespace at the beginning of the prefix.
pub(super) async fn page<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    page: Option<&Next>,
) -> Result<Page, Error> {
    let token = match client.session(API) {
        Some(token) => Some(token),
        None => login(source, client).await?,
    };
    let listed = api(source, token.as_ref()).page(source, client, page).await;
    if matches!(&listed, Err(error) if matches!(error.kind(), Kind::Denied(_))) {
        client.end_session(API);
    }
    listed
}

/// A token of the API, for who has user and password.
async fn login<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
) -> Result<Option<Secret>, Error> {
    #[derive(Deserialize)]
    struct LoginReply {
        access_token: String,
    }
    let Some(request) = login_request(&source.credentials) else {
        return Ok(None);
    };
    let operation = Operation::AskingForToken;
    let request = request.map_err(|_| garbage(client.host(), Garbage::Address))?;
    let answer = api::exchange(client, operation, request, token::MAX_REPLY).await?;
    let reply: LoginReply = serde_json::from_slice(&answer.body).map_err(|_| Error::Garbage {
        host: client.host().to_owned(),
        operation,
        what: Garbage::Unparseable,
    })?;
    let token = Secret::new(reply.access_token);
    client.keep_session(API, token.clone(), LIFETIME);
    Ok(Some(token))
}

fn login_request(credentials: &Credentials) -> Option<Result<http::Request<Bytes>, http::Error>> {
    let Credentials::Basic { username, password } = credentials else {
        return None;
    };
    let body = serde_json::json!({"identifier": username.expose(), "secret": password.expose()});
    let request = request::client()
        .method(Method::POST)
        .uri(format!("{API}/v2/auth/token"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()));
    Some(request)
}

fn api(source: &Source, token: Option<&Secret>) -> Api {
    let namespace = source.owner().unwrap_or_default();
    let header = token
        .and_then(|token| token::bearer(token).ok())
        .map(|value| (header::AUTHORIZATION, value));
    Api {
        name: "dockerhub",
        places: vec![format!("{API}/v2/namespaces/{namespace}/repositories")],
        query: "page_size=100".to_owned(),
        headers: header.into_iter().collect(),
        parse,
    }
}

fn parse(_: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    struct DockerHubPage {
        results: Vec<DockerHubRepository>,
        #[serde(default)]
        next: Option<String>,
    }
    #[derive(Deserialize)]
    struct DockerHubRepository {
        namespace: String,
        name: String,
    }
    let page: DockerHubPage = serde_json::from_slice(&answer.body).ok()?;
    let next = match page.next {
        None => Link::End,
        Some(next) => link::to(&next, &answer.asked),
    };
    Some(Listed {
        names: page
            .results
            .into_iter()
            .map(|one| format!("{}/{}", one.namespace, one.name))
            .collect(),
        next,
    })
}
