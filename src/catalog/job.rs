//! One piece of reading, at most a handful of calls, that knows no rows: it is given values and gives an [`Outcome`].

use std::collections::HashSet;

use super::manifest::{Chart, Contents, Plan};
use super::repository::Repository;
use super::tag::Tag;
use crate::chart::{self, Layout, Metadata, MetadataFrom};
use crate::config::Source;
use crate::index::{Blob, Candidate, Origin};
use crate::oci::{
    self, Client, Descriptor, Digest, Garbage, Kind, Listing, Manifest, Name, Next, Operation,
    Page, Reference,
};
use crate::platform::{Clock, Fetch};

/// A config blob of a chart that Helm made is a few KB; its spec names no limit. What is larger is skipped (design §4).
const CONFIG_LIMIT: usize = 1 << 20;
/// The largest package read here, to find its metadata or to rebuild it: an isolate has 128 MB.
const PACKAGE_LIMIT: usize = 20 << 20;
/// Tags of one repository: a longer list is a fault of that repository, not ours to hold in memory.
pub(super) const TAGS_LIMIT: usize = 200_000;
/// Pages of one tag list: at 50 a page (the smallest in use) more than [`TAGS_LIMIT`] tags.
const PAGES_LIMIT: usize = 5_000;

/// What is to be read.
#[derive(Debug, Clone)]
pub(super) enum Job {
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
pub(super) enum Outcome {
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
        what: Result<Contents, Plan>,
    },
    /// What a manifest holds.
    Settled(Contents),
    /// Part of a plan is done; this is left.
    Advanced(Plan),
    /// The registry failed it, or the invocation's calls ([`Kind::Budget`]).
    Failed(oci::Error),
}

impl Job {
    /// Does the work through `client`, which speaks to the job's source.
    pub(super) async fn run<F: Fetch, C: Clock>(
        &self,
        source: &Source,
        client: &Client<'_, F, C>,
    ) -> Outcome {
        let result = match self {
            Self::Enumerate { page, .. } => client
                .repositories(page.as_ref())
                .await
                .map(Outcome::Enumerated),
            Self::List {
                repository, begun, ..
            } => list(source, client, repository, begun.clone()).await,
            Self::Resolve { tag, repository } => resolve(client, tag, repository).await,
            Self::Read { tag, repository } => read(client, tag, repository).await,
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
        names.extend(page.names);
        if kept.len() + names.len() > TAGS_LIMIT || seen.len() > PAGES_LIMIT {
            return Err(endless(source));
        }
        match page.next {
            // An empty page with a further one, or a page seen before, never ends (facts/registries.md §1.4).
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
) -> Result<Outcome, oci::Error> {
    let resolved = client
        .resolve(&repository.name.parse()?, &tag.name.parse()?)
        .await;
    match resolved {
        Ok(Some(digest)) => Ok(Outcome::Resolved(digest)),
        Ok(None) => read(client, tag, repository).await,
        // Some registries answer HEAD so for manifests that they have (facts/registries.md §1.6).
        Err(error) if error.kind() == Kind::NotFound => read(client, tag, repository).await,
        Err(error) => Err(error),
    }
}

async fn read<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    tag: &Tag,
    repository: &Repository,
) -> Result<Outcome, oci::Error> {
    let fetched = client
        .manifest(
            &repository.name.parse()?,
            &Reference::Tag(tag.name.parse()?),
        )
        .await?;
    let what = judge(&fetched.bytes, fetched.content_type.as_deref());
    Ok(Outcome::Found {
        digest: fetched.digest,
        what,
    })
}

/// What a manifest holds, or what is to be read to find out.
fn judge(bytes: &[u8], content_type: Option<&str>) -> Result<Contents, Plan> {
    let manifest = match Manifest::parse(bytes, content_type) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Contents::Skipped(error.to_string())),
    };
    match Layout::of(&manifest) {
        Layout::Package {
            config,
            package,
            provenance,
            metadata,
            created,
        } => match metadata {
            MetadataFrom::Config if config.size <= CONFIG_LIMIT as u64 => Err(Plan::Config {
                config: blob(&config),
                package: blob(&package),
                provenance: provenance.as_ref().map(blob),
                created,
            }),
            MetadataFrom::Config => Ok(Contents::Skipped(format!(
                "its config blob is larger than {CONFIG_LIMIT} bytes"
            ))),
            MetadataFrom::Package => {
                package_plan(blob(&package), provenance.as_ref().map(blob), created)
            }
        },
        Layout::TwoLayers {
            meta,
            content,
            name,
            version,
            created,
        } => {
            if meta.size > CONFIG_LIMIT as u64 || content.size > PACKAGE_LIMIT as u64 {
                return Ok(Contents::Skipped(format!(
                    "its layers are larger than {PACKAGE_LIMIT} bytes"
                )));
            }
            Err(Plan::TwoLayers {
                meta: blob(&meta),
                content: blob(&content),
                name,
                version,
                created,
            })
        }
        Layout::Index { children } if children.is_empty() => Ok(Contents::Skipped(
            "an image index without a chart".to_owned(),
        )),
        Layout::Index { children } => Err(Plan::Children {
            children: children.into_iter().map(|child| child.digest).collect(),
        }),
        Layout::Foreign(reason) => Ok(Contents::Skipped(reason)),
    }
}

fn package_plan(
    package: Blob,
    provenance: Option<Blob>,
    created: Option<String>,
) -> Result<Contents, Plan> {
    if package.size > PACKAGE_LIMIT as u64 {
        return Ok(Contents::Skipped(format!(
            "its config blob holds no metadata and its package is larger than {PACKAGE_LIMIT} bytes"
        )));
    }
    Err(Plan::Package {
        package,
        provenance,
        created,
    })
}

async fn contents<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    plan: &Plan,
    repository: &Repository,
) -> Result<Outcome, oci::Error> {
    let name: Name = repository.name.parse()?;
    match plan {
        Plan::Config {
            config,
            package,
            provenance,
            created,
        } => {
            let bytes = client
                .blob(&name, &config.digest, config.size, CONFIG_LIMIT)
                .await?;
            match Metadata::from_json(&bytes) {
                Ok(metadata) => Ok(Outcome::Settled(stored(
                    &metadata,
                    package,
                    provenance.as_ref(),
                    created.clone(),
                ))),
                // ORAS and scripts push `{}` or half a config (facts/chart-formats.md V9): the package knows.
                Err(_) => Ok(
                    match package_plan(package.clone(), provenance.clone(), created.clone()) {
                        Ok(contents) => Outcome::Settled(contents),
                        Err(plan) => Outcome::Advanced(plan),
                    },
                ),
            }
        }
        Plan::Package {
            package,
            provenance,
            created,
        } => {
            let bytes = client
                .blob(&name, &package.digest, package.size, PACKAGE_LIMIT)
                .await?;
            Ok(Outcome::Settled(match chart::package::metadata(&bytes) {
                Ok(metadata) => stored(&metadata, package, provenance.as_ref(), created.clone()),
                Err(unfit) => Contents::Skipped(unfit.to_string()),
            }))
        }
        Plan::TwoLayers {
            meta,
            content,
            name: chart,
            version,
            created,
        } => {
            let meta_bytes = client
                .blob(&name, &meta.digest, meta.size, CONFIG_LIMIT)
                .await?;
            let content_bytes = client
                .blob(&name, &content.digest, content.size, PACKAGE_LIMIT)
                .await?;
            let rebuilt =
                chart::rebuild::metadata(&meta_bytes, chart, version).and_then(|metadata| {
                    let package =
                        chart::rebuild::package(&meta_bytes, &content_bytes, chart, version)?;
                    Ok((metadata, package))
                });
            Ok(Outcome::Settled(match rebuilt {
                Ok((metadata, package)) => {
                    let candidate = Candidate {
                        source: String::new(),
                        repository: String::new(),
                        package: Digest::sha256_of(&package),
                        size: package.len() as u64,
                        provenance: None,
                        origin: Origin::Rebuilt {
                            meta: meta.clone(),
                            content: content.clone(),
                            name: chart.clone(),
                            version: version.clone(),
                        },
                        until: None,
                    };
                    chart_of(&metadata, candidate, created.clone())
                }
                Err(unfit) => Contents::Skipped(unfit.to_string()),
            }))
        }
        Plan::Children { children } => {
            let Some((child, rest)) = children.split_first() else {
                return Ok(Outcome::Settled(Contents::Skipped(
                    "an image index without a chart".to_owned(),
                )));
            };
            let fetched = client
                .manifest(&name, &Reference::Digest(child.clone()))
                .await?;
            Ok(
                match judge(&fetched.bytes, fetched.content_type.as_deref()) {
                    // An index in an index is not followed: nobody makes such charts, and it could go round in circles.
                    Ok(_) | Err(Plan::Children { .. }) if rest.is_empty() => Outcome::Settled(
                        Contents::Skipped("an image index without a chart".to_owned()),
                    ),
                    Ok(_) | Err(Plan::Children { .. }) => Outcome::Advanced(Plan::Children {
                        children: rest.to_vec(),
                    }),
                    Err(plan) => Outcome::Advanced(plan),
                },
            )
        }
    }
}

fn blob(descriptor: &Descriptor) -> Blob {
    Blob {
        digest: descriptor.digest.clone(),
        size: descriptor.size,
    }
}

/// A chart whose package lies in the registry as it is served.
fn stored(
    metadata: &Metadata,
    package: &Blob,
    provenance: Option<&Blob>,
    created: Option<String>,
) -> Contents {
    let candidate = Candidate {
        source: String::new(),
        repository: String::new(),
        package: package.digest.clone(),
        size: package.size,
        provenance: provenance.cloned(),
        origin: Origin::Stored,
        until: None,
    };
    chart_of(metadata, candidate, created)
}

fn chart_of(metadata: &Metadata, candidate: Candidate, created: Option<String>) -> Contents {
    let Ok(version) = chart::Version::parse(metadata.version()) else {
        return Contents::Skipped(format!(
            "its version {:?} is not semver",
            metadata.version()
        ));
    };
    Contents::Chart(Box::new(Chart {
        name: metadata.name().to_owned(),
        version: metadata.version().to_owned(),
        version_key: version.key().to_owned(),
        file: chart::file_name(metadata.name(), metadata.version()),
        candidate,
        created,
        metadata: metadata.to_json(),
    }))
}
