//! Which repositories a source has: the enumeration of a pass, page by page, by whichever way the registry offers.
//!
//! Registries that keep `_catalog` closed list by an API of their own. Each has a file here that says which requests it
//! takes and what its answers mean. Credentials go to the API of the registry they belong to and to no other host: not
//! behind a redirect, nor where a next page leads.
//!
//! | file | holds |
//! |---|---|
//! | `api` | what they have in common: sending, limits, faults, the next page |
//! | `docker_hub` | Docker Hub's namespaces |
//! | `ecr` | Amazon's `DescribeRepositories`, private and public |
//! | `github` | GitHub's packages of an organization or a user |
//! | `gitlab` | GitLab's groups and projects |
//! | `google` | Artifact Registry's packages |
//! | `harbor` | Harbor's projects |
//! | `quay` | Quay's namespaces |

mod api;
mod docker_hub;
mod ecr;
mod github;
mod gitlab;
mod google;
mod harbor;
mod quay;
#[cfg(test)]
mod tests;

use super::{Discovery, Source};
use crate::oci::{Client, Error, Kind, Next, Page, Refusal};
use crate::platform::{Clock, Fetch};

/// A page of the repositories of `source`, the first when `page` is `None`. `client` speaks to its registry. The names are
/// the registry's own, whether or not they lie below the prefix. One page takes few calls: three at most, but at GitLab one
/// for each segment of the prefix.
pub(crate) async fn page<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    page: Option<&Next>,
) -> Result<Page, Error> {
    let listed = match source.discovery {
        Discovery::Catalog | Discovery::Acr => client.repositories(page).await,
        Discovery::Ecr | Discovery::EcrPublic => ecr::page(source, client, page).await,
        Discovery::DockerHub => docker_hub::page(source, client, page).await,
        Discovery::GitHub => github::api(source).page(source, client, page).await,
        Discovery::GitLab => gitlab::page(source, client, page).await,
        Discovery::Google => google::page(source, client, page).await,
        Discovery::Harbor => harbor::api(source).page(source, client, page).await,
        Discovery::Quay => match quay::api(source) {
            Some(api) => api.page(source, client, page).await,
            None => client.repositories(page).await,
        },
        // Never asked for: nothing here is evidence of anything.
        Discovery::List => Ok(Page {
            names: Vec::new(),
            next: None,
            complete: false,
            etag: None,
        }),
    };
    listed.map_err(|error| refused(source, error))
}

/// A refusal with what helps against it, if it does not say so itself.
fn refused(source: &Source, error: Error) -> Error {
    if let Error::Refused {
        what: Refusal::ForeignRealm { .. },
        ..
    } = error
    {
        return error;
    }
    match error.kind() {
        Kind::Denied(_) | Kind::NotFound | Kind::Unsupported => Error::Unlisted {
            host: source.registry.host().to_owned(),
            cause: Box::new(error),
            remedy: source.remedy.clone(),
        },
        Kind::Throttled | Kind::Unavailable | Kind::Garbage | Kind::Budget => error,
    }
}
