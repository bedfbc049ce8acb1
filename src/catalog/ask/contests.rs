//! Contested files as an operator sees them: where they meet, who serves them, who does not, and what is not the same.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Rows;
use crate::catalog::publish::candidates::is_hidden;
use crate::catalog::rows::offer::Offer;
use crate::catalog::rows::report::PAGE;
use crate::chart::FileName;
use crate::config::IndexScope;
use crate::index::View;
use crate::oci::Digest;
use crate::platform::DatabaseError;

/// Most offers of one file that are told of: the first in the order in which they would serve it, and those they meet.
const OFFERS: usize = 200;

/// Most entries of a page: each is some 200 bytes. What is left out is counted.
const ENTRIES: usize = 2_000;

impl Rows<'_> {
    /// A page of the contested files: each offer that is not served as it is, at the outermost folder where another is served for it;
    /// of a file with too many of them, how many more there are.
    pub(super) fn shadowed(
        &self,
        contested: &[FileName],
        page: u32,
    ) -> Result<Vec<Value>, DatabaseError> {
        let skip = usize::try_from(i64::from(page) * PAGE).unwrap_or(usize::MAX);
        let most = usize::try_from(PAGE).unwrap_or(0);
        let Self { store, config, .. } = *self;
        let mut shadowed = Vec::new();
        for file in contested.iter().skip(skip).take(most) {
            let mut offers = store.offers(config, file)?;
            let mut untold = offers.len().saturating_sub(OFFERS);
            offers.truncate(OFFERS);
            let mut told = BTreeSet::new();
            let mut others: BTreeMap<&Digest, BTreeSet<String>> = BTreeMap::new();
            for (view, offered) in meetings(&offers, config.index_scope) {
                let Some(first) = offered.first() else {
                    continue;
                };
                let met: Vec<Offer> = offered.iter().copied().cloned().collect();
                // Where a contest hides all, nobody has won it.
                let by = (!is_hidden(&met, config)).then_some(first.candidate.repository.as_str());
                let other_metadata = match others.entry(&first.manifest) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        place.insert(store.other_metadata(file, &first.manifest)?)
                    }
                };
                for offer in &offered {
                    let differs = match by {
                        Some(_) => differences(offer, first, other_metadata),
                        None => vec!["package"],
                    };
                    let Offer { tag, candidate, .. } = *offer;
                    let repository = &candidate.repository;
                    if differs.is_empty() || !told.insert((&candidate.source, repository, tag, by))
                    {
                        continue;
                    }
                    if shadowed.len() >= ENTRIES {
                        untold += 1;
                        continue;
                    }
                    shadowed.push(json!({
                        "file": file, "at": format!("/{view}"), "repository": repository, "tag": tag, "by": by,
                        "differs": differs,
                    }));
                }
            }
            if untold > 0 {
                shadowed.push(json!({ "file": file, "untold": untold }));
            }
        }
        Ok(shadowed)
    }
}

/// Who meets in which index, the outermost first.
fn meetings(offers: &[Offer], scope: IndexScope) -> BTreeMap<View, Vec<&Offer>> {
    let mut meetings: BTreeMap<View, Vec<_>> = BTreeMap::new();
    for offer in offers {
        let relative = &offer.relative;
        let views = match scope {
            IndexScope::Subtree => View::folders_of(relative),
            IndexScope::Folder => vec![View::from(relative.space())],
        };
        for view in views {
            meetings.entry(view).or_default().push(offer);
        }
    }
    meetings
}

/// What is not the same: of other bytes the bytes alone, else what is said of them.
fn differences(one: &Offer, other: &Offer, other_metadata: &BTreeSet<String>) -> Vec<&'static str> {
    if one.candidate.package != other.candidate.package {
        return vec!["package"];
    }
    let told = [
        (
            other_metadata.contains(&one.manifest.to_string()),
            "metadata",
        ),
        (one.other_provenance(other), "provenance"),
    ];
    told.into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
}
