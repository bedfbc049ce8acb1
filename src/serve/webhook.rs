//! Notifications of registries: which repositories and tags changed. Only a hint of what to look at, and nothing in it is
//! believed: digests, URLs and sizes in them are not read.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use serde::Deserialize;

use super::route::Sender;
use crate::access::signature::SIGNATURE;
use crate::error::Error;

/// A repository as the registry names it, with the tag if one is named.
pub(super) type Named = (String, Option<String>);

/// What a notification names, by the registry's `host[:port]` if it tells that.
pub(super) type ByHost = BTreeMap<Option<String>, BTreeSet<Named>>;

/// Most names taken from one notification. A registry sends one event at a time or a few; whoever sends more changed
/// so much that the next pass is the better way.
const NAMES: usize = 1000;

/// Reads the body of a notification; events that change nothing (pulls, scans, pings) name nothing.
pub(super) fn read(sender: Sender, body: &[u8]) -> Result<ByHost, Error> {
    let names = match sender {
        Sender::Distribution => parse::<Envelope>(body)?.names(),
        Sender::Harbor => parse::<Harbor>(body)?.names(),
        Sender::GitHub => parse::<GitHub>(body)?.names().into_iter().collect(),
    };
    let mut by_host = ByHost::new();
    for (host, named) in names.into_iter().take(NAMES) {
        by_host.entry(host).or_default().insert(named);
    }
    Ok(by_host)
}

/// A name with its registry's host.
type NamedAt = (Option<String>, Named);

/// What tells a notification of GitHub's from all others, so that what is delivered twice is known: its signature, in one way to write
/// it. The name that GitHub gives each (`X-GitHub-Delivery`) is not signed: whoever sends one again could give it another.
pub(super) fn delivery(headers: &HeaderMap) -> Option<String> {
    let signature = headers.get(SIGNATURE)?.to_str().ok()?;
    Some(signature.strip_prefix("sha256=")?.to_ascii_lowercase())
}

fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|_| Error::BadRequest("the body is no notification of this kind"))
}

/// <https://distribution.github.io/distribution/about/notifications/>: one or more events in an envelope.
#[derive(Deserialize)]
struct Envelope {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    action: String,
    #[serde(default)]
    target: EventTarget,
    #[serde(default)]
    request: Request,
}

/// What the registry was asked, by its own account.
#[derive(Default, Deserialize)]
struct Request {
    #[serde(default)]
    host: Option<String>,
}

#[derive(Default, Deserialize)]
struct EventTarget {
    #[serde(default)]
    repository: Option<String>,
    #[serde(default)]
    tag: Option<String>,
}

impl Envelope {
    /// Pulls are told, too (and we pull). A push comes as one event for each blob and one for the manifest, which alone has
    /// a tag: one without a tag moves none, and would have every tag of the repository looked at again. A deletion may
    /// name the repository alone.
    fn names(self) -> Vec<NamedAt> {
        let named = |event: Event| {
            let tag = tag(event.target.tag);
            let changes = match event.action.as_str() {
                "push" => tag.is_some(),
                "delete" => true,
                _ => false,
            };
            let host = event.request.host;
            changes.then_some((host, (event.target.repository?, tag)))
        };
        self.events.into_iter().filter_map(named).collect()
    }
}

/// <https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/>: the default format
/// has `event_data`, the one of `CloudEvents` has `data`, with the same inside.
#[derive(Deserialize)]
struct Harbor {
    #[serde(rename = "type")]
    kind: String,
    #[serde(alias = "data")]
    event_data: HarborData,
}

#[derive(Deserialize)]
struct HarborData {
    #[serde(default)]
    resources: Vec<HarborResource>,
    #[serde(default)]
    repository: Option<HarborRepository>,
}

#[derive(Deserialize)]
struct HarborResource {
    #[serde(default)]
    tag: Option<String>,
    /// `<host>/<repository>:<tag>`.
    #[serde(default)]
    resource_url: Option<String>,
}

#[derive(Deserialize)]
struct HarborRepository {
    #[serde(default)]
    repo_full_name: Option<String>,
}

impl Harbor {
    fn names(self) -> Vec<NamedAt> {
        let changes = matches!(
            self.kind.as_str(),
            "PUSH_ARTIFACT"
                | "DELETE_ARTIFACT"
                | "harbor.artifact.pushed"
                | "harbor.artifact.deleted"
        );
        let repository = self.event_data.repository.and_then(|it| it.repo_full_name);
        let Some(repository) = repository.filter(|_| changes) else {
            return Vec::new();
        };
        let host = |url: Option<String>| Some(url?.split_once('/')?.0.to_owned());
        let mut names: Vec<NamedAt> = self
            .event_data
            .resources
            .into_iter()
            .map(|resource| {
                let named = (repository.clone(), tag(resource.tag));
                (host(resource.resource_url), named)
            })
            .collect();
        if names.is_empty() {
            names.push((None, (repository, None)));
        }
        names
    }
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#package> and `#registry_package`, which call the
/// same thing by two names. A ping (`zen`, `hook_id`) has neither.
#[derive(Deserialize)]
struct GitHub {
    #[serde(default, alias = "registry_package")]
    package: Option<PublishedPackage>,
}

#[derive(Deserialize)]
struct PublishedPackage {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default, rename = "package_type")]
    kind: Option<String>,
    #[serde(default, rename = "package_version")]
    version: Option<PackageVersion>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

#[derive(Deserialize)]
struct PackageVersion {
    #[serde(default)]
    container_metadata: Option<ContainerMetadata>,
}

#[derive(Deserialize)]
struct ContainerMetadata {
    #[serde(default)]
    tag: Option<ContainerTag>,
}

#[derive(Deserialize)]
struct ContainerTag {
    #[serde(default)]
    name: Option<String>,
}

/// Where GitHub's packages are; a GitHub of one's own says nothing else.
const HOST: &str = "ghcr.io";

impl GitHub {
    /// ghcr.io names a repository `<owner>/<package>` in lower case, while owners have capitals.
    fn names(self) -> Option<NamedAt> {
        let package = self.package?;
        let kind = package.kind.unwrap_or_default();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case("container") {
            return None;
        }
        let owner = package
            .owner
            .map(|owner| owner.login)
            .or(package.namespace)?;
        let version_tag = package
            .version
            .and_then(|version| version.container_metadata)
            .and_then(|metadata| metadata.tag)
            .and_then(|tag| tag.name);
        let repository = format!("{owner}/{}", package.name).to_ascii_lowercase();
        Some((Some(HOST.to_owned()), (repository, tag(version_tag))))
    }
}

/// An empty tag is none: GitHub sends one for untagged versions.
fn tag(tag: Option<String>) -> Option<String> {
    tag.filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests;
