//! Lists, page by page: repositories and tags.

use std::fmt;

use http::{StatusCode, header};
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};

use crate::platform::{Clock, Fetch};

use super::super::link::{self, Link};
use super::super::scope::Area;
use super::super::{Error, Garbage, Name, Next, Operation, request};
use super::hops::Asked;
use super::{Client, text};

/// The longest page that is read, in bytes: a hundred thousand tags of 80 characters.
const MAX_PAGE: usize = 8 * 1024 * 1024;

/// The most names of a page: with their overhead in memory they stay below 20 MiB. distribution 2.8 puts all tags on one.
const MAX_NAMES: usize = 200_000;

/// The largest pages that Quay and Gitea allow, where they refuse [`super::PAGE_SIZE`].
const SMALL: u32 = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The names as the registry wrote them; nulls are left out.
    pub names: Vec<String>,
    /// Where the list goes on.
    pub next: Option<Next>,
    /// False when the list ends here only because its `Link` cannot be followed (malformed, to another host, to itself):
    /// what it names exists, but what it does not name may exist too, so it is no evidence for a removal.
    pub complete: bool,
    /// The validator of the page, if the registry gives one.
    pub etag: Option<String>,
}

/// What came of asking for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// A page of it.
    Page(Page),
    /// It is as it was when the known validator was given.
    Unchanged,
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// A page of `_catalog`. Circles of more than one page are for the caller to notice.
    pub async fn repositories(&self, page: Option<&Next>) -> Result<Page, Error> {
        match self.list(None, page, None).await? {
            Listing::Page(page) => Ok(page),
            // No validator was sent.
            Listing::Unchanged => Err(self.garbage(
                Operation::ListingRepositories,
                self.registry.host(),
                Garbage::Status,
            )),
        }
    }

    /// A page of a repository's tags; with the validator of that page as it was known, perhaps only that nothing changed.
    pub async fn tags(
        &self,
        name: &Name,
        page: Option<&Next>,
        known_etag: Option<&str>,
    ) -> Result<Listing, Error> {
        self.list(Some(name), page, known_etag).await
    }

    async fn list(
        &self,
        name: Option<&Name>,
        page: Option<&Next>,
        known_etag: Option<&str>,
    ) -> Result<Listing, Error> {
        let (operation, area) = match name {
            Some(name) => (Operation::ListingTags, Area::Tags(name)),
            None => (Operation::ListingRepositories, Area::Catalog),
        };
        loop {
            let size = self.page_size.get();
            let first = || size.map_or_else(String::new, |size| format!("n={size}"));
            let query = page.map_or_else(first, ToString::to_string);
            let request = match name {
                Some(name) => request::tags(self.registry, name, &query, known_etag),
                None => request::repositories(self.registry, &query),
            };
            let request = self.formed(operation, request)?;
            let response = self.send(operation, area, request.clone()).await?;
            // registry.k8s.io redirects lists, too.
            let (response, asked) = self.follow_all(&request, response).await?;
            match response.status() {
                StatusCode::OK => {
                    return self
                        .page(operation, &asked, response)
                        .await
                        .map(Listing::Page);
                }
                StatusCode::NOT_MODIFIED if known_etag.is_some() => {
                    self.fetch.cancel(response.into_body()).await;
                    return Ok(Listing::Unchanged);
                }
                // Too large a page: 400 PAGINATION_NUMBER_INVALID in the spec, 405 UNSUPPORTED at ECR. A distribution 3 that is
                // set to less than a hundred gives as many as it likes, where nobody asks for more.
                StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED
                    if page.is_none() && size.is_some() =>
                {
                    self.fetch.cancel(response.into_body()).await;
                    self.page_size
                        .set(size.filter(|size| *size > SMALL).map(|_| SMALL));
                }
                _ => return Err(self.refusal(operation, &asked.host, response).await),
            }
        }
    }

    async fn page(
        &self,
        operation: Operation,
        asked: &Asked,
        response: http::Response<F::Body>,
    ) -> Result<Page, Error> {
        let host = asked.host.as_str();
        let (parts, body) = response.into_parts();
        let body = self.read(operation, host, body, MAX_PAGE).await?;
        let list: List = serde_json::from_slice(&body)
            .map_err(|_| self.garbage(operation, host, Garbage::Unparseable))?;
        let names = list
            .names(operation)
            .ok_or_else(|| self.garbage(operation, host, Garbage::Unparseable))?;
        if names.overflown {
            return Err(self.garbage(operation, host, Garbage::TooLarge));
        }
        let links = parts.headers.get_all(header::LINK).iter();
        let links = links.map(|value| std::str::from_utf8(value.as_bytes()).unwrap_or("not UTF-8"));
        let (next, complete) = match link::next(links, &asked.uri) {
            Link::End => (None, true),
            // Cloudflare's serverless registry links on from its last page to an empty one, and from there to the first.
            Link::Next(next) if names.list.is_empty() && starts_over(&next) => (None, true),
            Link::Unusable if names.list.is_empty() => (None, true),
            Link::Next(next) => (Some(next), true),
            Link::Unusable => (None, false),
        };
        let etag = text(&parts.headers, &header::ETAG).map(str::to_owned);
        Ok(Page {
            names: names.list,
            next,
            complete,
            etag,
        })
    }
}

/// Whether a page's query names no place to go on from.
fn starts_over(next: &Next) -> bool {
    url::form_urlencoded::parse(next.as_str().as_bytes())
        .any(|(key, value)| key == "last" && value.is_empty())
}

/// Either list. Absent and null are told apart: an answer that lacks its list (`{}`, `{"errors": …}`) is no empty one.
#[derive(Deserialize)]
struct List {
    #[serde(default, deserialize_with = "given")]
    repositories: Option<Names>,
    #[serde(default, deserialize_with = "given")]
    tags: Option<Names>,
    /// Some registries leave `tags` out when there are none; they still say whose tags.
    #[serde(default)]
    name: Option<IgnoredAny>,
}

impl List {
    fn names(self, operation: Operation) -> Option<Names> {
        match operation {
            Operation::ListingRepositories => self.repositories,
            _ => self.tags.or_else(|| self.name.map(|_| Names::default())),
        }
    }
}

fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Names>, D::Error> {
    Option::deserialize(deserializer).map(|names| Some(names.unwrap_or_default()))
}

/// Names out of a list in which registries put nulls (Nexus: skopeo#2409) and who knows what.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    overflown: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Names, A::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Element {
            Name(String),
            Other(IgnoredAny),
        }
        let mut names = Names::default();
        while let Some(element) = sequence.next_element::<Option<Element>>()? {
            match element {
                Some(Element::Name(_)) if names.list.len() == MAX_NAMES => names.overflown = true,
                Some(Element::Name(name)) => names.list.push(name),
                Some(Element::Other(_)) | None => {}
            }
        }
        Ok(names)
    }
}
