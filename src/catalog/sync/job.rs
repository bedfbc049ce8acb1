//! A job: one thing that is asked of the registry, in a handful of calls at most. It does not see the rows: it is given values and
//! gives an [`Outcome`].

use url::Url;

use crate::catalog::rows::cut_list::{CutList, ListProgress};
use crate::catalog::rows::manifest::Plan;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::TagRow;
use crate::catalog::sync::contents::{Judged, judge};
use crate::oci::{self, Client, Digest, Kind, Listing, Name, Next, Page, Reference, Tag};
use crate::platform::{Clock, Fetch};
use crate::source::classic::{self, ClassicAnswer, ClassicIndex};
use crate::source::{Source, listing};

/// Names in one tag list, what is no tag too: twice as many as any registry was seen to hold. What comes after is not read.
const NAMES_LIMIT: u64 = 200_000;
/// Bytes of those names: with their overhead in memory they stay far below an isolate's 128 MB.
const BYTES_LIMIT: u64 = 16 * 1024 * 1024;
/// Pages of one tag list: at 50 a page (the smallest in use) more than [`NAMES_LIMIT`].
const PAGES_LIMIT: u64 = 5_000;

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
        /// What earlier slices read of it.
        begun: Option<CutList>,
        /// Whether the pass brought it up, so that it must be noted if the slice ends before it.
        in_turn: bool,
    },
    /// The digest that a tag names now.
    Resolve {
        /// Which.
        tag: TagRow,
        /// Its repository.
        repository: Repository,
    },
    /// The manifest that a tag names now.
    Read {
        /// Which.
        tag: TagRow,
        /// Its repository.
        repository: Repository,
    },
    /// What a manifest's plan still wants.
    Contents {
        /// The manifest's digest.
        digest: Digest,
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
        /// Why it ends too early, if it does: then a name that is missing is no evidence that it is gone.
        incomplete: Option<Incomplete>,
        /// How far it was read.
        progress: ListProgress,
        /// Validator for the next time.
        etag: Option<String>,
    },
    /// The index of a classic repository.
    Indexed(Box<ClassicIndex>),
    /// The list is what it was, says the registry.
    Unchanged,
    /// A list was read in part, and may be read on from there.
    Cut {
        /// Names that were not kept yet.
        names: Vec<String>,
        /// How far it was read.
        progress: ListProgress,
        /// What ended it; [`Kind::Budget`] where that was the invocation's calls.
        error: oci::Error,
    },
    /// The digest that a tag names.
    Resolved(Digest),
    /// A tag's manifest, and what it holds or how to find out.
    Found {
        /// Its digest.
        digest: Digest,
        /// What it holds, or what is to be read for that.
        what: Judged,
        /// Why the rest was not read at once, if it failed.
        unread: Option<oci::Error>,
    },
    /// What a manifest holds, or what is still to be read for that.
    Judged(Judged),
    /// The registry failed it, or the invocation's calls ([`Kind::Budget`]).
    Failed(oci::Error),
}

impl Job {
    /// Does the work through `client`, which speaks to `source`, the job's own.
    /// `claims` says of a manifest's digest whether its contents are this job's to read: nobody knows them or reads them.
    pub(crate) async fn run<F: Fetch, C: Clock>(
        &self,
        source: &Source,
        client: &Client<'_, F, C>,
        claims: &dyn Fn(&Digest) -> bool,
    ) -> Outcome {
        let result = match self {
            Self::Enumerate { page, .. } => listing::page(source, client, page.as_ref())
                .await
                .map(Outcome::Enumerated),
            Self::List {
                repository, begun, ..
            } => match &source.classic {
                Some(url) => index(source, url, client, repository).await,
                None => list(client, repository, begun.clone()).await,
            },
            Self::Resolve { tag, repository } => resolve(client, tag, repository, claims).await,
            Self::Read { tag, repository } => read(client, tag, repository, claims).await,
            Self::Contents {
                plan, repository, ..
            } => contents(client, plan, repository).await,
        };
        result.unwrap_or_else(Outcome::Failed)
    }
}

/// Why a tag list ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Incomplete {
    /// Its next page cannot be asked for, or is this one.
    #[error("its list of tags names a next page that cannot be followed")]
    Link,
    /// A page that came before, or an empty one with a further one: Cloudflare's serverless-registry gives both.
    #[error("its list of tags has no end")]
    Circle,
    /// See [`PAGES_LIMIT`].
    #[error("its list of tags has more than {PAGES_LIMIT} pages")]
    Pages,
    /// See [`NAMES_LIMIT`] and [`BYTES_LIMIT`].
    #[error("its list of tags is longer than is read")]
    Length,
}

impl ListProgress {
    /// Takes a page into account; gives why the list cannot be read on, if so.
    fn turn(&mut self, page: &Page) -> Option<Incomplete> {
        let bytes: usize = page.names.iter().map(String::len).sum();
        self.pages += 1;
        self.names += page.names.len() as u64;
        self.bytes += bytes as u64;
        self.next.clone_from(&page.next);
        if page.next.is_none() {
            return (!page.complete).then_some(Incomplete::Link);
        }
        if page.names.is_empty() || page.next == self.mark {
            return Some(Incomplete::Circle);
        }
        if self.pages.is_power_of_two() {
            self.mark.clone_from(&page.next);
        }
        if self.pages >= PAGES_LIMIT {
            return Some(Incomplete::Pages);
        }
        (self.names >= NAMES_LIMIT || self.bytes >= BYTES_LIMIT).then_some(Incomplete::Length)
    }
}

async fn index<F: Fetch, C: Clock>(
    source: &Source,
    url: &Url,
    client: &Client<'_, F, C>,
    repository: &Repository,
) -> Result<Outcome, oci::Error> {
    // What is to be confirmed is read anew.
    let known = repository.etag.as_deref();
    let known = known.filter(|_| repository.recheck == 0 && repository.hash.is_some());
    Ok(match classic::read(source, url, client, known).await? {
        ClassicAnswer::Unchanged => Outcome::Unchanged,
        ClassicAnswer::Index(index) => Outcome::Indexed(Box::new(index)),
    })
}

async fn list<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    repository: &Repository,
    begun: Option<CutList>,
) -> Result<Outcome, oci::Error> {
    let name: Name = repository.name.parse()?;
    let CutList {
        names: mut kept,
        mut progress,
    } = begun.unwrap_or_else(|| CutList {
        names: Vec::new(),
        progress: ListProgress {
            called: repository.called,
            recheck: repository.recheck > 0,
            ..ListProgress::default()
        },
    });
    let mut names = Vec::new();
    loop {
        let first = progress.next.is_none();
        let known_etag = repository.etag.as_deref().filter(|_| first);
        let page = match client.tags(&name, progress.next.as_ref(), known_etag).await {
            Ok(Listing::Page(page)) => page,
            Ok(Listing::Unchanged) => return Ok(Outcome::Unchanged),
            Err(error) if first => return Err(error),
            // What was read is worth keeping: a list may be longer than a registry's rate allows to read at once.
            Err(error) => {
                return Ok(Outcome::Cut {
                    names,
                    progress,
                    error,
                });
            }
        };
        let incomplete = progress.turn(&page);
        // A validator speaks for one answer: it is of use only where that answer is the whole list.
        let etag = page.etag.filter(|_| first && progress.next.is_none());
        // Names of the registry's own making: those that are no tags are not kept, however long they are.
        names.extend(
            page.names
                .into_iter()
                .filter(|name| name.parse::<Tag>().is_ok()),
        );
        if incomplete.is_some() || progress.next.is_none() {
            kept.append(&mut names);
            return Ok(Outcome::Listed {
                names: kept,
                incomplete,
                progress,
                etag,
            });
        }
    }
}

async fn resolve<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    tag: &TagRow,
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
    tag: &TagRow,
    repository: &Repository,
    claims: &dyn Fn(&Digest) -> bool,
) -> Result<Outcome, oci::Error> {
    let name = repository.name.parse()?;
    let reference = Reference::Tag(tag.name.parse()?);
    let fetched = client.manifest(&name, &reference).await?;
    let mut what = judge(&fetched.bytes, fetched.content_type.as_deref());
    let mut unread = None;
    if matches!(what, Judged::Wants(_)) && claims(&fetched.digest) {
        // What is read in one go needs no rows for what is half known.
        while let Judged::Wants(plan) = &what {
            match plan.read(client, &name).await {
                Ok(read) => what = read,
                // The rest is a job of its own, which meets the same fault if it is one.
                Err(error) => {
                    unread = Some(error);
                    break;
                }
            }
        }
    }
    Ok(Outcome::Found {
        digest: fetched.digest,
        what,
        unread,
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
