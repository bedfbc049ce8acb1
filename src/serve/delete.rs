//! Deletes a version of a chart in the registry.
//!
//! By its tag where the registry can; else by its digest, which takes every tag of the manifest along. Either way only when no
//! other tag names it: the version would still be served, or another tag would be gone that nobody spoke of. Where tags are too many
//! to look at each, a deletion by tag trusts the catalog, which knows those that serve something.

use std::collections::BTreeSet;

use super::route::NamedVersion;
use super::write::{Destination, PATIENCE, Touched};
use super::{Host, Incoming, Service};
use crate::catalog::ask::{Accepted, ServingTag, TagsOf};
use crate::chart::{FileName, tag_is_foreign, tag_is_version};
use crate::config::Config;
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::oci::written::Deleted;
use crate::oci::{self, Client, Kind, Listing, Reference, Tag};
use crate::platform::{Clock, Timestamp};
use crate::push::tag_of;
use crate::source::Discovery;

/// So many tags that are no versions are looked at on the smallest budget, to see whether they name the manifest that is to be deleted.
const LOOKS: usize = 20;

/// Most pages of tags that are read for it.
const PAGES: usize = 20;

impl<H: Host> Service<'_, H> {
    /// Deletes a version of a chart that lies directly in a space, and waits until the catalog no longer serves it.
    pub(super) async fn delete_version(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        name: &str,
        version: &str,
    ) -> Result<(), Error> {
        let deleting = self.delete_without_waiting(request, space, name, version);
        let deleted = deleting.await?;
        let deadline = self.host.clock().now().after(PATIENCE);
        self.await_gone(&deleted, space, deadline).await;
        Ok(())
    }

    /// The same for who deletes more before waiting.
    pub(super) async fn delete_without_waiting<'c>(
        &self,
        request: &Incoming<'c>,
        space: &Space,
        name: &str,
        version: &str,
    ) -> Result<DeletedVersion<'c>, Error> {
        let config = request.config;
        let missing = Error::NotFound(Missing::Version);
        let file = FileName::of(name, version).map_err(|_| missing.clone())?;
        let mut serving = self.serving(&file, space).await?;
        serving.retain(|one| one.name == name);
        let classic = classic_of(config, &serving);
        let (to, one) = match (serving_one(config, &serving, version)?, classic) {
            (Some(_), Some(classic)) => {
                let stays = format!(
                    "the classic repository {classic} has this version, too, and would go on being served"
                );
                return Err(Error::Conflict(stays));
            }
            (None, Some(classic)) => {
                let read_only = format!(
                    "this version is of the classic repository {classic}, which is only read"
                );
                return Err(Error::Conflict(read_only));
            }
            (found, None) => found.ok_or(missing)?,
        };
        if let Some(other) = serving
            .iter()
            .find(|other| is_elsewhere(config, other, &to))
        {
            let (one, other) = (&one.repository, &other.repository);
            let named = format!("several repositories have this version: {one}, {other}");
            return Err(Error::Conflict(named));
        }
        let aliases = aliases(&serving, &one);
        let serving = one;
        let holder = self.lock(&to, None).await?;
        // Each look at a tag is a call.
        let most = LOOKS.max(config.subrequest_budget as usize / 2);
        let deleting = self.delete_tag(&to, &serving, aliases, holder, most);
        let (deleted, touched) = self.under_lock(&to, holder, deleting).await;
        let told = self.end(&to, holder, touched).await;
        deleted?;
        Ok(DeletedVersion {
            to,
            file,
            told: told.ok(),
        })
    }

    /// Where a version is that lies directly in a space, if it is there.
    pub(super) async fn place_of<'c>(
        &self,
        config: &'c Config,
        space: &Space,
        named: &NamedVersion,
    ) -> Result<Option<Destination<'c>>, Error> {
        let NamedVersion {
            name,
            version,
            file,
        } = named;
        let mut serving = self.serving(file, space).await?;
        // `a-1` in 2.0.0 and `a` in 1-2.0.0 have one file name.
        serving.retain(|one| one.name == *name);
        let one = serving_one(config, &serving, version)?;
        Ok(one.map(|(to, _)| to))
    }

    /// The tags that serve a file directly in a space.
    async fn serving(&self, file: &FileName, space: &Space) -> Result<Vec<ServingTag>, Error> {
        let tags_of = TagsOf {
            file: file.clone(),
            space: space.clone(),
            newcomer: None,
        };
        self.ask(&tags_of).await
    }

    async fn delete_tag(
        &self,
        to: &Destination<'_>,
        serving: &ServingTag,
        mut aliases: Vec<Tag>,
        holder: u64,
        most: usize,
    ) -> (Result<(), Error>, Touched) {
        let client = self.client(to);
        let outward = |error: oci::Error| self.outward_written(&error, to);
        let there = match client.tagged(&to.name, &to.tag).await {
            Ok(Some(there)) => there,
            // Somebody deleted it, and nobody told the catalog.
            Ok(None) => {
                return (Err(Error::NotFound(Missing::Version)), Touched::Perhaps);
            }
            Err(error) => return (Err(outward(error)), Touched::Not),
        };
        if there.digest != serving.manifest {
            let changed = Error::Conflict(format!("the tag {} was moved meanwhile", to.tag));
            return (Err(changed), Touched::Perhaps);
        }
        let suspects = match self.suspects(&client, to, most).await {
            Ok(suspects) => suspects,
            Err(error) => return (Err(error), Touched::Not),
        };
        // By those that the catalog knows, the version would still be served.
        let all_known = suspects.is_some();
        aliases.extend(suspects.unwrap_or_default());
        let named = self.naming(&client, to, &there.digest, &aliases).await;
        if let Err(error) = named.and_then(none_left) {
            return (Err(error), Touched::Not);
        }
        if let Err(error) = self.lock(to, Some(holder)).await {
            return (Err(error), Touched::Not);
        }
        // Harbor deletes the manifest with all its tags, whatever it is asked by.
        let tag = Reference::Tag(to.tag.clone());
        let by_tag = if to.source.discovery == Discovery::Harbor {
            None
        } else {
            match client.delete(&to.name, &tag).await {
                Err(error) if deletes_none(&error) => None,
                other => Some(other),
            }
        };
        let deleted = if let Some(deleted) = by_tag {
            deleted
        } else {
            if !all_known {
                let many = "the repository has too many tags to see whether others name the same chart, and the registry deletes no single tag";
                return (Err(Error::Conflict(many.to_owned())), Touched::Not);
            }
            let digest = Reference::Digest(there.digest);
            client.delete(&to.name, &digest).await
        };
        match deleted {
            Ok(Deleted::Now) => (Ok(()), Touched::Perhaps),
            Ok(Deleted::Before) => (Err(Error::NotFound(Missing::Version)), Touched::Perhaps),
            Err(error) if deletes_none(&error) => {
                let host = to.source.registry.host().to_owned();
                (Err(Error::Undeletable { host }), Touched::Not)
            }
            Err(error) => (Err(outward(error)), Touched::Perhaps),
        }
    }

    /// Tags of a repository that may name the manifest of the one that is to be deleted: all but those of other versions, which are
    /// not tags of this one unless somebody retagged it since. `None` where they are more than `most`.
    async fn suspects(
        &self,
        client: &Client<'_, H::Fetch, H::Clock>,
        to: &Destination<'_>,
        most: usize,
    ) -> Result<Option<Vec<Tag>>, Error> {
        let (mut suspects, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let listed = client.tags(&to.name, next.as_ref(), None).await;
            let listed = listed.map_err(|error| self.outward_written(&error, to))?;
            let Listing::Page(page) = listed else {
                break;
            };
            suspects.extend(
                page.names
                    .into_iter()
                    .filter_map(|name| name.parse::<Tag>().ok())
                    .filter(|tag| *tag != to.tag && is_suspect(tag, &to.tag)),
            );
            pages += 1;
            if suspects.len() > most || pages == PAGES || !page.complete {
                return Ok(None);
            }
            match page.next {
                Some(more) => next = Some(more),
                None => break,
            }
        }
        Ok(Some(suspects))
    }

    /// Those of these tags that name a manifest.
    async fn naming(
        &self,
        client: &Client<'_, H::Fetch, H::Clock>,
        to: &Destination<'_>,
        manifest: &oci::Digest,
        suspects: &[Tag],
    ) -> Result<BTreeSet<String>, Error> {
        let outward = |error: oci::Error| self.outward_written(&error, to);
        let mut others = BTreeSet::new();
        for tag in suspects {
            let named = match client.resolve(&to.name, tag).await {
                Ok(Some(digest)) => digest == *manifest,
                // It does not tell by HEAD.
                Ok(None) => {
                    let there = client.tagged(&to.name, tag).await.map_err(outward)?;
                    there.is_some_and(|there| there.digest == *manifest)
                }
                Err(error) if error.kind() == Kind::NotFound => false,
                Err(error) => return Err(outward(error)),
            };
            if named {
                others.insert(tag.to_string());
            }
        }
        Ok(others)
    }

    /// Waits until the catalog no longer serves what was deleted, or has read all that it was called for, or it is too late. What the
    /// catalog was not told, it finds in its next pass.
    pub(super) async fn await_gone(
        &self,
        deleted: &DeletedVersion<'_>,
        space: &Space,
        deadline: Timestamp,
    ) {
        let DeletedVersion { to, file, told } = deleted;
        let Some(accepted) = told else {
            return;
        };
        let is_it = |tag: &ServingTag| {
            tag.source == to.source.id
                && tag.repository == to.name.as_str()
                && tag.tag == to.tag.as_str()
        };
        loop {
            let serving = self.serving(file, space).await;
            if serving.is_ok_and(|tags| !tags.iter().any(is_it)) {
                return;
            }
            if !self.waits(accepted, deadline).await {
                return;
            }
        }
    }
}

/// A version that the registry has deleted.
pub(super) struct DeletedVersion<'c> {
    /// Where it was.
    to: Destination<'c>,
    /// The file name of its package.
    file: FileName,
    /// What the catalog said when it was told.
    told: Option<Accepted>,
}

/// The classic repository that serves a version, if one does.
fn classic_of<'c>(config: &'c Config, serving: &[ServingTag]) -> Option<&'c str> {
    let sources = serving.iter().filter_map(|one| config.source(&one.source));
    let mut classic = sources.filter(|source| source.classic.is_some());
    classic.next().map(|source| source.id.as_str())
}

/// Refuses to delete what other tags name.
fn none_left(others: BTreeSet<String>) -> Result<(), Error> {
    if others.is_empty() {
        return Ok(());
    }
    let others: Vec<String> = others.into_iter().collect();
    let named = format!("other tags name the same chart: {}", others.join(", "));
    Err(Error::Conflict(named))
}

/// Whether a registry deletes nothing, or nothing in this way. One that keeps this tag (Harbor's immutable tags answer 412) is not
/// asked by the digest, which would take the tag along.
fn deletes_none(error: &oci::Error) -> bool {
    let keeps = |status: u16| matches!(status, 409 | 412 | 423);
    error.kind() == Kind::Unsupported
        && !matches!(error, oci::Error::Status { status, .. } if keeps(*status))
}

/// Further tags by which the catalog read the manifest of one: also of other versions, where somebody retagged it.
fn aliases(serving: &[ServingTag], one: &ServingTag) -> Vec<Tag> {
    serving
        .iter()
        .filter(|other| (&other.source, &other.repository) == (&one.source, &one.repository))
        .filter(|other| other.tag != one.tag)
        .filter_map(|other| other.tag.parse().ok())
        .collect()
}

/// Whether a tag is of another repository of a registry.
fn is_elsewhere(config: &Config, one: &ServingTag, to: &Destination<'_>) -> bool {
    let source = config.source(&one.source);
    source.is_some_and(|source| {
        source.classic.is_none()
            && (&source.registry, one.repository.as_str())
                != (&to.source.registry, to.name.as_str())
    })
}

/// The tag that serves a version, and where it is: of those of that name the one that goes before the others, or the only tag
/// there is.
pub(super) fn serving_one<'c>(
    config: &'c Config,
    serving: &[ServingTag],
    version: &str,
) -> Result<Option<(Destination<'c>, ServingTag)>, Error> {
    let wanted = tag_of(version);
    // A classic repository is only read.
    let of_registry = |one: &&ServingTag| {
        let source = config.source(&one.source);
        source.is_some_and(|source| source.classic.is_none())
    };
    let serving: Vec<ServingTag> = serving.iter().filter(of_registry).cloned().collect();
    let serving = serving.as_slice();
    let named = serving
        .iter()
        .find(|one| wanted.as_ref().is_some_and(|tag| one.tag == tag.as_str()));
    let one = match (named, serving) {
        (Some(named), _) => named,
        (None, []) => return Ok(None),
        (None, [only]) => only,
        (None, several) => {
            let tags: Vec<&str> = several.iter().map(|one| one.tag.as_str()).collect();
            let named = format!("several tags name this version: {}", tags.join(", "));
            return Err(Error::Conflict(named));
        }
    };
    let place = || {
        let source = config.source(&one.source)?;
        let name: oci::Name = one.repository.parse().ok()?;
        let tag: Tag = one.tag.parse().ok()?;
        source
            .allows(&name)
            .then_some(Destination { source, name, tag })
    };
    Ok(place().map(|to| (to, one.clone())))
}

/// Whether a tag may name the manifest of another tag: not one of another version, as that is in the manifest, nor one that
/// tools keep something else under.
fn is_suspect(tag: &Tag, of: &Tag) -> bool {
    let (tag, of) = (tag.as_str(), of.as_str());
    if tag_is_foreign(tag).is_some() {
        return false;
    }
    // `1`, `1.2` and `v1.2.3` move with the versions they begin.
    let is_whole = tag
        .split(['-', '_'])
        .next()
        .unwrap_or(tag)
        .matches('.')
        .count()
        >= 2;
    !(tag_is_version(tag)
        && is_whole
        && !tag
            .trim_start_matches('v')
            .starts_with(of.trim_start_matches('v')))
}
