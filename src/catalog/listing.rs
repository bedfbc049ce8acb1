//! Takes over a tag list: which tags are wanted at all, which are new, which are gone.

use std::collections::BTreeSet;

use super::removal::remove_tag;
use super::repository::Repository;
use super::slice::Slice;
use crate::chart::{Version, tag_is_foreign, tag_is_version, tag_to_version};
use crate::config::Config;
use crate::oci::{Digest, Tag as TagName};
use crate::platform::{Clock, DatabaseError, Timestamp};

/// The tags of a list that are wanted, told by their names: valid, not foreign (signatures, digests), within `TAGS`, and
/// of the versions the newest `VERSIONS_PER_CHART`. Second, whether `name` is one that is there but not wanted.
pub(super) fn wanted<'n>(
    config: &Config,
    names: impl Iterator<Item = &'n str>,
) -> BTreeSet<&'n str> {
    let mut kept: BTreeSet<&str> = names
        .filter(|name| name.parse::<TagName>().is_ok() && name.parse::<Digest>().is_err())
        .filter(|name| tag_is_foreign(name).is_none() && config.tags.allows(name))
        .collect();
    if let Some(limit) = config.versions_per_chart {
        let mut versions: Vec<(String, &str)> = kept
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
            kept.remove(name);
        }
    }
    kept
}

impl<C: Clock> Slice<'_, C> {
    /// Takes over a whole tag list. A list that is what it was costs no row.
    pub(super) fn listed(
        &mut self,
        repository: &Repository,
        names: &[String],
        complete: bool,
        etag: Option<&str>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let id = repository.id;
        let listed: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let hash = hash(&listed, complete);
        self.store.forget_listing(id)?;
        if repository.hash.as_deref() != Some(hash.as_str()) {
            let wanted = wanted(self.config, listed.iter().copied());
            let known = self.store.tag_names(id)?;
            let new: Vec<(&str, bool)> = wanted
                .iter()
                .filter(|name| {
                    known
                        .binary_search_by(|(known, _)| known.as_str().cmp(name))
                        .is_err()
                })
                .map(|name| (*name, !tag_is_version(name)))
                .collect();
            self.store.add_tags(id, &new)?;
            for (name, gone) in &known {
                if wanted.contains(name.as_str()) {
                    if *gone {
                        self.store.mark_gone(id, name, false)?;
                    }
                } else if listed.contains(name.as_str()) {
                    // It is there, but a newer version has pushed it out: that is no loss to be doubted.
                    if let Some(tag) = self.store.tag(id, name)? {
                        remove_tag(self.store, repository, &tag, now)?;
                        self.pass.changed = true;
                    }
                } else if complete && !*gone {
                    self.store.mark_gone(id, name, true)?;
                }
            }
        }
        if repository.recheck {
            self.store.call_tags_of(id)?;
        }
        self.store.repository_listed(id, &hash, etag)
    }
}

/// A hash of the list; an incomplete one never equals a complete one.
fn hash(names: &BTreeSet<&str>, complete: bool) -> String {
    let mut text = String::from(if complete { "" } else { "incomplete\n" });
    for name in names {
        text.push_str(name);
        text.push('\n');
    }
    Digest::sha256_of(text.as_bytes())
        .hex()
        .chars()
        .take(32)
        .collect()
}
