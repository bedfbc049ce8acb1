//! Takes over a tag list: which tags are wanted at all, which are new, which are gone.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::{Due, Presence, TagName};
use crate::catalog::sync::job::Incomplete;
use crate::catalog::sync::plan::MOVING_SHARE;
use crate::catalog::sync::slice::Slice;
use crate::chart::{Version, tag_is_foreign, tag_is_version, tag_to_version};
use crate::config::Config;
use crate::oci::{Digest, Tag};
use crate::platform::{Clock, DatabaseError};
use crate::source::TagPatterns;

/// So many new tags of a repository that was named without a tag are read before others: a push or a few, and no bulk.
const FEW: usize = 100;

/// The tags of a list, told by their names alone.
#[derive(Debug, Default)]
struct TagSelection<'n> {
    /// Those that are wanted.
    wanted: BTreeSet<&'n str>,
    /// How many are not, by the reason.
    passed_over: BTreeMap<&'static str, u64>,
}

impl TagSelection<'_> {
    fn pass_over(&mut self, reason: &'static str) {
        *self.passed_over.entry(reason).or_default() += 1;
    }
}

/// Wanted is what may be served, and of the versions the newest `VERSIONS_PER_CHART`.
fn judge<'n>(
    config: &Config,
    tags: &TagPatterns,
    names: impl Iterator<Item = &'n str>,
) -> TagSelection<'n> {
    let mut judged = TagSelection::default();
    for name in names {
        match unwanted(tags, name) {
            Some(reason) => judged.pass_over(reason),
            None => {
                judged.wanted.insert(name);
            }
        }
    }
    if let Some(limit) = config.versions_per_chart {
        let mut versions: Vec<(String, &str)> = judged
            .wanted
            .iter()
            .filter(|name| tag_is_version(name))
            .filter_map(|name| {
                Some((
                    Version::parse(&tag_to_version(name)).ok()?.key().to_owned(),
                    *name,
                ))
            })
            .collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        for (_, name) in versions
            .into_iter()
            .skip(usize::try_from(limit.get()).unwrap_or(usize::MAX))
        {
            judged.wanted.remove(name);
            judged.pass_over("beyond VERSIONS_PER_CHART");
        }
    }
    judged
}

/// Puts tags, each with whether it moves, into the order in which they are read: of versions the newest first.
fn newest_first(tags: &mut [(&str, bool)]) {
    tags.sort_by_cached_key(|(name, moving)| {
        let version = (!moving).then(|| Version::parse(&tag_to_version(name)).ok());
        let key = version.flatten().map(|version| version.key().to_owned());
        (!*moving, std::cmp::Reverse(key))
    });
}

/// Why a tag is not served, whatever it names; `None` where it may be.
fn unwanted(tags: &TagPatterns, name: &str) -> Option<&'static str> {
    if name.parse::<Tag>().is_err() || name.parse::<Digest>().is_ok() {
        return Some("not a tag");
    }
    tag_is_foreign(name).or_else(|| (!tags.allows(name)).then_some("excluded by TAGS"))
}

/// Whether a tag may be served at all, told by its name.
pub(crate) fn allowed(tags: &TagPatterns, name: &str) -> bool {
    unwanted(tags, name).is_none()
}

impl<C: Clock> Slice<'_, C> {
    /// Takes over a tag list. One that is what it was costs no row; one that is incomplete adds tags and removes none.
    pub(crate) fn listed(
        &mut self,
        repository: &Repository,
        names: &[String],
        incomplete: Option<Incomplete>,
        etag: Option<&str>,
    ) -> Result<(), DatabaseError> {
        if let Some(source) = self.of_source(&repository.source) {
            source.answered = true;
        }
        let config = self.config;
        let Some(source) = config.source(&repository.source) else {
            return Ok(());
        };
        let id = repository.id;
        let pass = i64::try_from(self.pass.number).ok();
        let listed: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let complete = incomplete.is_none();
        let hash = hash(&listed, complete);
        let reason = incomplete.map(|incomplete| incomplete.to_string());
        if let Some(reason) = &reason {
            self.pass.faults += 1;
            self.tell(format!("{}: {reason}", repository.name));
        }
        self.store.forget_listing(id)?;
        if repository.hash.as_deref() != Some(hash.as_str()) {
            let TagSelection {
                wanted,
                passed_over,
            } = judge(config, &source.tags, listed.iter().copied());
            self.store.repository_passed_over(id, &passed_over)?;
            let known = self.store.tag_names(id)?;
            let mut new: Vec<(&str, bool)> = wanted
                .iter()
                .filter(|name| {
                    known
                        .binary_search_by(|known| known.name.as_str().cmp(name))
                        .is_err()
                })
                .map(|name| (*name, !tag_is_version(name)))
                .collect();
            newest_first(&mut new);
            let meant = repository.recheck > 0 && new.len() <= FEW;
            let due = if meant { Due::ReadFirst } else { Due::Read };
            let moving = new.iter().filter(|(_, moving)| *moving).count();
            let share = usize::try_from(MOVING_SHARE).unwrap_or(usize::MAX);
            if moving > share {
                // The rest has its turn with those that are known: a share a pass, before another team's push waits for all of them.
                let (moving, versions): (Vec<_>, Vec<_>) =
                    new.iter().partition(|(_, moving)| *moving);
                let (first, rest) = moving.split_at(share);
                self.store.add_tags(id, &versions, due)?;
                self.store.add_tags(id, first, due)?;
                self.store.add_tags(id, rest, Due::Nothing)?;
            } else {
                self.store.add_tags(id, &new, due)?;
            }
            for TagName { name, gone, .. } in &known {
                if *gone == Presence::Named {
                    if wanted.contains(name.as_str()) {
                        self.store.named_tag_listed(id, name)?;
                    }
                } else if wanted.contains(name.as_str()) {
                    // Costs no row where it is not marked.
                    self.store
                        .mark_presence(id, name, Presence::Present, None)?;
                } else if listed.contains(name.as_str()) {
                    // It goes when the newer ones are read and are charts: see `conclude`.
                    self.store
                        .mark_presence(id, name, Presence::PushedOut, pass)?;
                } else if complete && *gone != Presence::Missing {
                    self.store
                        .mark_presence(id, name, Presence::Missing, pass)?;
                } else if !complete && *gone == Presence::Missing {
                    // Nobody knows any more.
                    self.store
                        .mark_presence(id, name, Presence::Present, None)?;
                }
            }
        }
        self.forget_named(repository)?;
        if repository.recheck > 0 {
            self.store.call_tags_of(id, MOVING_SHARE)?;
        }
        self.store
            .repository_listed(repository, &hash, etag, reason.as_deref())
    }
}

impl<C: Clock> Slice<'_, C> {
    /// Forgets tags that were named and that the repository's list does not show, but for those that were named since it began.
    pub(crate) fn forget_named(&self, repository: &Repository) -> Result<(), DatabaseError> {
        let row = self.store.repository(repository.id)?;
        if row.is_none_or(|row| row.called == repository.called) {
            self.store.forget_named(repository.id)?;
        }
        Ok(())
    }
}

/// A hash of the list; an incomplete one never equals a complete one.
fn hash(names: &BTreeSet<&str>, complete: bool) -> String {
    /// 128 bits tell the lists of a repository apart.
    const DIGITS: usize = 32;
    let mut text = String::from(if complete { "" } else { "incomplete\n" });
    for name in names {
        text.push_str(name);
        text.push('\n');
    }
    Digest::sha256_of(text.as_bytes()).prefix(DIGITS).to_owned()
}
