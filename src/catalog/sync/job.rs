//! One piece of reading, at most a handful of calls, that knows no rows: it is given values and gives an [`Outcome`].

use std::collections::HashSet;

use crate::catalog::rows::manifest::Plan;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::Tag;
use crate::catalog::sync::contents::{Judged, judge};
use crate::oci::{
    self, Client, Digest, Garbage, Kind, Listing, Name, Next, Operation, Page, Reference,
    Tag as TagName,
};
use crate::platform::{Clock, Fetch};
use crate::source::Source;

/// Tags of one repository: a longer list is a fault of that repository, not ours to hold in memory.
pub(crate) const TAGS_LIMIT: usize = 200_000;
/// Pages of one tag list: at 50 a page (the smallest in use) more than [`TAGS_LIMIT`] tags.
const PAGES_LIMIT: usize = 5_000;

/// What is to be read.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    /// A page of the registry's repositories.
    Enumerate {
        /// Place of the source in the configuration.
        source: usize,
        /// The page; the first when `None`.
        page: Option<Next>,
    },
    /// A repository's tags.
    List {
        /// Which.
        repository: Repository,
        /// What an earlier slice left of it.
        begun: Option<(Vec<String>, Next)>,
        /// Whether the pass brought it up, so that it must be noted if the slice ends before it.
        in_turn: bool,
    },
    /// The digest that a tag names now.
    Resolve {
        /// Which.
        tag: Tag,
        /// Its repository.
        repository: Repository,
    },
    /// The manifest that a tag names now.
    Read {
        /// Which.
        tag: Tag,
        /// Its repository.
        repository: Repository,
    },
    /// What a manifest's plan still wants.
    Contents {
        /// The manifest's digest.
        digest: String,
        /// What is wanted.
        plan: Plan,
        /// A repository that has it.
        repository: Repository,
    },
}

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A page of repositories.
    Enumerated(Page),
    /// The whole list of a repository's tags, as the registry gave it.
    Listed {
        /// The names, in the registry's order.
        names: Vec<String>,
        /// Whether a name that is missing is evidence that it is gone.
        complete: bool,
        /// Validator for the next time.
        etag: Option<String>,
    },
    /// The list is what it was, says the registry.
    Unchanged,
    /// The invocation's calls were used up in the middle of a list.
    Cut {
        /// Names that were not kept yet.
        names: Vec<String>,
        /// Where it goes on.
        next: Next,
    },
    /// The digest that a tag names.
    Resolved(Digest),
    /// A tag's manifest, and what it holds or how to find out.
    Found {
        /// Its digest.
        digest: Digest,
        /// What it holds, or what is to be read for that.
        what: Judged,
    },
    /// What a manifest holds, or what is still to be read for that.
    Judged(Judged),
    /// The registry failed it, or the invocation's calls ([`Kind::Budget`]).
    Failed(oci::Error),
}

impl Job {
    /// Does the work through `client`, which speaks to the job's source.
    /// `claims` says of a manifest's digest whether its contents are this job's to read: nobody knows them or reads them.
    pub(crate) async fn run<F: Fetch, C: Clock>(
        &self,
        source: &Source,
        client: &Client<'_, F, C>,
        claims: &dyn Fn(&Digest) -> bool,
    ) -> Outcome {
        let result = match self {
            Self::Enumerate { page, .. } => client
                .repositories(page.as_ref())
                .await
                .map(Outcome::Enumerated),
            Self::List {
                repository, begun, ..
            } => list(source, client, repository, begun.clone()).await,
            Self::Resolve { tag, repository } => resolve(client, tag, repository, claims).await,
            Self::Read { tag, repository } => read(client, tag, repository, claims).await,
            Self::Contents {
                plan, repository, ..
            } => contents(client, plan, repository).await,
        };
        result.unwrap_or_else(Outcome::Failed)
    }
}

/// A list that is longer than is believed, or goes round in circles.
fn endless(source: &Source) -> oci::Error {
    oci::Error::Garbage {
        host: source.registry.host().to_owned(),
        operation: Operation::ListingTags,
        what: Garbage::TooLarge,
    }
}

async fn list<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    repository: &Repository,
    begun: Option<(Vec<String>, Next)>,
) -> Result<Outcome, oci::Error> {
    let name: Name = repository.name.parse()?;
    let (kept, mut next) = begun.map_or((Vec::new(), None), |(names, next)| (names, Some(next)));
    let known_etag = if next.is_none() {
        repository.etag.as_deref()
    } else {
        None
    };
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    loop {
        let page = match client
            .tags(&name, next.as_ref(), known_etag.filter(|_| next.is_none()))
            .await
        {
            Ok(Listing::Page(page)) => page,
            Ok(Listing::Unchanged) => return Ok(Outcome::Unchanged),
            Err(error) if error.kind() == Kind::Budget => {
                return Ok(match next {
                    Some(next) => Outcome::Cut { names, next },
                    None => Outcome::Failed(error),
                });
            }
            Err(error) => return Err(error),
        };
        // A validator speaks for one answer: it is of use only where that answer is the whole list.
        let etag = if next.is_none() && page.next.is_none() {
            page.etag
        } else {
            None
        };
        let moved = !page.names.is_empty();
        // Names of the registry's own making: those that are no tags are not kept, however long they are.
        names.extend(
            page.names
                .into_iter()
                .filter(|name| name.parse::<TagName>().is_ok()),
        );
        if kept.len() + names.len() > TAGS_LIMIT || seen.len() > PAGES_LIMIT {
            return Err(endless(source));
        }
        match page.next {
            // An empty page with a further one, or a page seen before, never ends: Cloudflare's serverless-registry gives both.
            Some(following) if !moved || !seen.insert(following.clone()) => {
                return Err(endless(source));
            }
            Some(following) => next = Some(following),
            None => {
                let mut all = kept;
                all.append(&mut names);
                return Ok(Outcome::Listed {
                    names: all,
                    complete: page.complete,
                    etag,
                });
            }
        }
    }
}

async fn resolve<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    tag: &Tag,
    repository: &Repository,
    claims: &dyn Fn(&Digest) -> bool,
) -> Result<Outcome, oci::Error> {
    let resolved = client
        .resolve(&repository.name.parse()?, &tag.name.parse()?)
        .await;
    match resolved {
        Ok(Some(digest)) => Ok(Outcome::Resolved(digest)),
        Ok(None) => read(client, tag, repository, claims).await,
        // Some registries answer HEAD so for manifests that they have.
        Err(error) if error.kind() == Kind::NotFound => read(client, tag, repository, claims).await,
        Err(error) => Err(error),
    }
}

async fn read<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    tag: &Tag,
    repository: &Repository,
    claims: &dyn Fn(&Digest) -> bool,
) -> Result<Outcome, oci::Error> {
    let name = repository.name.parse()?;
    let reference = Reference::Tag(tag.name.parse()?);
    let fetched = client.manifest(&name, &reference).await?;
    let mut what = judge(&fetched.bytes, fetched.content_type.as_deref());
    if matches!(what, Judged::Wants(_)) && claims(&fetched.digest) {
        // What is read in one go needs no rows for what is half known.
        while let Judged::Wants(plan) = &what {
            // The rest is a job of its own, which meets the same fault if it is one.
            let Ok(read) = plan.read(client, &name).await else {
                break;
            };
            what = read;
        }
    }
    Ok(Outcome::Found {
        digest: fetched.digest,
        what,
    })
}

async fn contents<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    plan: &Plan,
    repository: &Repository,
) -> Result<Outcome, oci::Error> {
    let judged = plan.read(client, &repository.name.parse()?).await?;
    Ok(Outcome::Judged(judged))
}
