//! Amazon: `DescribeRepositories` of ECR, and of ECR Public, which has no `_catalog` ("Amazon Elastic Container Registry API
//! Reference"). Signed with an access key; with nothing but a password of ECR's, `_catalog` is asked.

use serde::Deserialize;
use url::form_urlencoded;

use super::api::{self, garbage};
use crate::oci::{Client, Credentials, Error, Garbage, Next, Operation, Page, aws};
use crate::platform::{Clock, Fetch};
use crate::source::Source;

/// The longest page that is read, in bytes: a thousand repositories with all that is said of each.
const MAX_PAGE: usize = 4 * 1024 * 1024;

/// What its pages are called in a pass's rows.
const CURSOR: &str = "ecr?";

/// A page of the repositories of the account that the registry's host names; in ECR Public, of the key's own.
pub(super) async fn page<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    page: Option<&Next>,
) -> Result<Page, Error> {
    let Credentials::Aws(keys) = &source.credentials else {
        return client.repositories(page).await;
    };
    // A page of a list that was begun in another way is none of this one: it begins anew.
    let begun = page.and_then(read_cursor);
    let operation = Operation::ListingRepositories;
    let request = aws::repositories_request(&source.registry, keys, client.now(), begun.as_deref())
        .ok_or_else(|| garbage(client.host(), Garbage::Address))?
        .map_err(|_| garbage(client.host(), Garbage::Credentials))?;
    let answer = api::exchange_judged(client, operation, request, MAX_PAGE, aws::judge).await?;
    let (names, next) =
        read(source, &answer.body).ok_or_else(|| garbage(&answer.host, Garbage::Unparseable))?;
    let cursor = next.map(|token| {
        let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        format!("{CURSOR}{token}").parse()
    });
    let complete = !matches!(cursor, Some(Err(_)));
    Ok(Page {
        names,
        next: cursor.and_then(Result::ok),
        complete,
        etag: None,
    })
}

/// The token that a page begins at.
fn read_cursor(page: &Next) -> Option<String> {
    let packed = page.as_str().strip_prefix(CURSOR)?;
    let (token, _) = form_urlencoded::parse(packed.as_bytes()).next()?;
    Some(token.into_owned())
}

/// The repositories' whole names, and the token of the next page.
fn read(source: &Source, body: &[u8]) -> Option<(Vec<String>, Option<String>)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Described {
        repositories: Vec<DescribedRepository>,
        #[serde(default)]
        next_token: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct DescribedRepository {
        /// `<host>/<whole name>`; in ECR Public the alias of the registry is part of the name.
        repository_uri: String,
    }
    let described: Described = serde_json::from_slice(body).ok()?;
    let host = format!("{}/", source.registry.host());
    let names = described
        .repositories
        .into_iter()
        .map(|one| one.repository_uri.strip_prefix(&host).map(str::to_owned))
        .collect::<Option<_>>()?;
    Some((
        names,
        described.next_token.filter(|token| !token.is_empty()),
    ))
}
