//! `CLASSIC_INDEXES`: a classic Helm repository beside the registry, from which people move to it. Its index is read as one
//! list; its entries keep their digests, and their links become absolute and lead to where its packages are.
//!
//! | file | holds |
//! |---|---|
//! | `document` | the parts of an index, told by its lines |

mod document;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use url::Url;

use self::document::IndexItem;
use super::{Discovery, Repositories, Source, TagPatterns};
use crate::chart::{FileName, ListedVersion, Unfit, Version};
use crate::index::Space;
use crate::oci::{
    Client, Credentials, Digest, Error, Garbage, Name, Operation, Registry, Scheme, Tag, Terms,
    location, request, token,
};
use crate::platform::{Clock, Fetch};

/// The longest index that is read, in bytes: those of the largest public repositories have some 10 MB, and an index of ours may
/// have 25 MiB.
const MAX_INDEX: usize = 20 * 1024 * 1024;

/// The repository that stands for the whole index among a source's rows; its tags are the file names of its versions.
const REPOSITORY: &str = "index.yaml";

/// Raise it when an index gives other versions than before: what was read by an older reader is read again.
const READER: u32 = 1;

/// The prefix of a validator that is a date, not an entity tag.
const DATE: &str = "date ";

const OPERATION: Operation = Operation::ReadingIndex;

/// The source that the repository at this address is. No message shows the address, as people paste passwords with it.
pub(crate) fn source(
    text: &str,
    mount: Space,
    credentials: Credentials,
    insecure: bool,
) -> Result<Source, &'static str> {
    let host = text.split_once("://").map_or("", |(_, rest)| rest);
    if host.is_empty() || host.starts_with('/') {
        return Err("must begin with https:// or http:// and a host");
    }
    let address = text.trim_end_matches('/');
    let address = address.strip_suffix("/index.yaml").unwrap_or(address);
    let url: Url = format!("{address}/index.yaml")
        .parse()
        .map_err(|_| "is not the address of a repository")?;
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("may not contain a user or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("may not have a query or a fragment");
    }
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err("must begin with https:// or http://"),
    };
    let registry = url
        .host_str()
        .map(|host| {
            url.port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        })
        .and_then(|host| Registry::new(scheme, &host).ok())
        .ok_or("is not the address of a repository")?;
    if scheme == Scheme::Http && !insecure && !registry.is_loopback() {
        return Err("http:// is for this machine only, unless ALLOW_INSECURE_REGISTRY is true");
    }
    let id = if mount.is_root() {
        url.to_string()
    } else {
        format!("{url}{}{mount}", super::MOUNTED)
    };
    Ok(Source {
        id,
        registry,
        prefix: String::new(),
        mount,
        repositories: Repositories::Listed(vec![REPOSITORY.to_owned()]),
        tags: TagPatterns::default(),
        discovery: Discovery::List,
        remedy: String::new(),
        credentials,
        terms: Terms::default(),
        classic: Some(url),
    })
}

/// What an index was found to be.
#[derive(Debug)]
pub(crate) enum ClassicAnswer {
    /// As it was before.
    Unchanged,
    /// This.
    Index(ClassicIndex),
}

/// An index that can be taken apart.
#[derive(Debug)]
pub(crate) struct ClassicIndex {
    text: String,
    uri: Uri,
    registry: Registry,
    /// By what the next reading is told whether it changed.
    pub(crate) validator: Option<String>,
    /// A hash of it.
    pub(crate) hash: String,
}

/// A version that may be served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClassicVersion {
    /// What it is called among the tags of [`REPOSITORY`].
    pub(crate) tag: String,
    /// The name of its package.
    pub(crate) file: FileName,
    /// Text whose byte order is semver's.
    pub(crate) version_key: String,
    /// What the index says of it; its links are absolute, and may be followed.
    pub(crate) listed: ListedVersion,
}

impl ClassicVersion {
    /// A hash of all that is said of it.
    pub(crate) fn digest(&self) -> Digest {
        let ListedVersion {
            metadata,
            urls,
            digest,
            created,
        } = &self.listed;
        let text = serde_json::json!([READER, metadata.to_json(), urls, digest, created]);
        Digest::sha256_of(text.to_string().as_bytes())
    }
}

/// Reads the index of a source at `url`, unless it is what it was by the validator of the last time.
pub(crate) async fn read<F: Fetch, C: Clock>(
    source: &Source,
    url: &Url,
    client: &Client<'_, F, C>,
    validator: Option<&str>,
) -> Result<ClassicAnswer, Error> {
    let host = || source.registry.host().to_owned();
    let garbage = |what| Error::Garbage {
        host: host(),
        operation: OPERATION,
        what,
    };
    let request = asked(source, url, validator).ok_or_else(|| garbage(Garbage::Address))?;
    let uri = request.uri().clone();
    let response = client.document(OPERATION, request).await?;
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::NOT_MODIFIED && validator.is_some() {
        client.cancel(body).await;
        return Ok(ClassicAnswer::Unchanged);
    }
    let body = client.read(OPERATION, &host(), body, MAX_INDEX).await?;
    if parts.status != StatusCode::OK {
        return Err(Error::refusal(
            &host(),
            OPERATION,
            parts.status,
            &parts.headers,
            &body,
        ));
    }
    let text = |name| parts.headers.get(name)?.to_str().ok();
    let validator = text(header::ETAG)
        .map(str::to_owned)
        .or_else(|| Some(format!("{DATE}{}", text(header::LAST_MODIFIED)?)))
        .map(|validator| format!("{READER} {validator}"));
    let hash = Digest::sha256_of(&body);
    let index = ClassicIndex {
        text: String::from_utf8(body.into()).map_err(|_| garbage(Garbage::Unparseable))?,
        uri,
        registry: source.registry.clone(),
        validator,
        hash: format!("{READER} {}", hash.hex()),
    };
    match document::items(&index.text) {
        Some(_) => Ok(ClassicAnswer::Index(index)),
        None => Err(garbage(Garbage::Unparseable)),
    }
}

/// The request for an index.
fn asked(source: &Source, url: &Url, validator: Option<&str>) -> Option<http::Request<Bytes>> {
    let mut builder = request::client().uri(url.as_str()).header(
        header::ACCEPT,
        "application/x-yaml, text/yaml, application/json, */*",
    );
    if let Credentials::Basic { username, password } = &source.credentials {
        builder = builder.header(
            header::AUTHORIZATION,
            token::basic(username, password).ok()?,
        );
    }
    if let Some(known) = validator.and_then(|it| it.strip_prefix(&format!("{READER} "))) {
        builder = match known.strip_prefix(DATE) {
            Some(date) => builder.header(header::IF_MODIFIED_SINCE, date),
            None => builder.header(header::IF_NONE_MATCH, known),
        };
    }
    builder.body(Bytes::new()).ok()
}

/// The versions of an index that we published ourselves, one after the other; `None` where it cannot be taken apart.
pub(crate) fn published_versions(
    text: &str,
) -> Option<impl Iterator<Item = Result<ListedVersion, Unfit>>> {
    let items = document::items(text)?;
    Some(items.into_iter().map(|item| item.parse()))
}

impl ClassicIndex {
    /// Its versions, one after the other: each that may be served, or why one may not.
    pub(crate) fn versions(&self) -> impl Iterator<Item = Result<ClassicVersion, &'static str>> {
        let items = document::items(&self.text).unwrap_or_default();
        let mut files = BTreeSet::new();
        items.into_iter().map(move |item| {
            let version = self.version(&item)?;
            if files.insert(version.tag.clone()) {
                Ok(version)
            } else {
                Err("stands twice in the index")
            }
        })
    }

    fn version(&self, item: &IndexItem<'_>) -> Result<ClassicVersion, &'static str> {
        let mut listed = item.parse().map_err(|_| "not fit for an index")?;
        let metadata = &listed.metadata;
        if metadata.name() != item.chart {
            return Err("stands under another name");
        }
        let version = Version::parse(metadata.version()).map_err(|_| "not fit for an index")?;
        let file = FileName::of(metadata.name(), metadata.version())
            .map_err(|_| "not fit for an index")?;
        let stem = file.as_str().trim_end_matches(FileName::EXTENSION);
        let tag = stem.replace('+', "_");
        if tag.parse::<Tag>().is_err() || tag.parse::<Name>().is_ok_and(|_| tag.is_empty()) {
            return Err("its file name is too long");
        }
        let in_registry = listed.urls.iter().any(|url| url.starts_with("oci://"));
        listed.urls = listed
            .urls
            .iter()
            .filter_map(|url| self.link(url))
            .collect();
        if listed.urls.is_empty() {
            return Err(if in_registry {
                "lies in a registry, which belongs into SOURCES"
            } else {
                "has no link that may be followed"
            });
        }
        Ok(ClassicVersion {
            tag,
            version_key: version.key().to_owned(),
            file,
            listed,
        })
    }

    /// A link as clients of the index would follow it, if one may.
    fn link(&self, url: &str) -> Option<String> {
        let header = HeaderValue::from_str(url).ok()?;
        let target = location::judge(&header, &self.uri, &self.registry).ok()?;
        target.header.to_str().ok().map(str::to_owned)
    }
}
