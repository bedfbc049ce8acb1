//! Contested files as an operator sees them: where they meet, who serves them, who does not, and what is not the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Rows;
use crate::catalog::publish::candidates::is_hidden;
use crate::catalog::rows::offer::{Offer, OfferedVersion};
use crate::catalog::rows::report::PAGE;
use crate::chart::FileName;
use crate::config::IndexScope;
use crate::index::View;
use crate::platform::DatabaseError;

impl Rows<'_> {
    /// A page of the contested files: each offer that is not served as it is, at the outermost folder where another is served for it.
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
            let mut versions = store.versions_of_file(file)?;
            versions.sort_by(|a, b| a.offer.order(&b.offer, config));
            let mut told = BTreeSet::new();
            for (view, offered) in meetings(&versions, config.index_scope) {
                let Some(first) = offered.first() else {
                    continue;
                };
                let offers: Vec<Offer> = offered
                    .iter()
                    .map(|version| version.offer.clone())
                    .collect();
                // Where a contest hides all, nobody has won it.
                let by = (!is_hidden(&offers, config))
                    .then_some(first.offer.candidate.repository.as_str());
                for version in &offered {
                    let differs = match by {
                        Some(_) => differences(version, first),
                        None => vec!["package"],
                    };
                    let Offer { tag, candidate, .. } = &version.offer;
                    let repository = &candidate.repository;
                    if !differs.is_empty() && told.insert((&candidate.source, repository, tag, by))
                    {
                        shadowed.push(json!({
                            "file": file, "at": format!("/{view}"), "repository": repository, "tag": tag, "by": by,
                            "differs": differs,
                        }));
                    }
                }
            }
        }
        Ok(shadowed)
    }
}

/// Who meets in which index, the outermost first.
fn meetings(
    versions: &[OfferedVersion],
    scope: IndexScope,
) -> BTreeMap<View, Vec<&OfferedVersion>> {
    let mut meetings: BTreeMap<View, Vec<_>> = BTreeMap::new();
    for version in versions {
        let relative = &version.offer.relative;
        let views = match scope {
            IndexScope::Subtree => View::folders_of(relative),
            IndexScope::Folder => vec![View::from(relative.space())],
        };
        for view in views {
            meetings.entry(view).or_default().push(version);
        }
    }
    meetings
}

/// What is not the same: of other bytes the bytes alone, else what is said of them.
fn differences(one: &OfferedVersion, other: &OfferedVersion) -> Vec<&'static str> {
    if one.offer.candidate.package != other.offer.candidate.package {
        return vec!["package"];
    }
    let told = [
        (one.other_metadata(other), "metadata"),
        (one.other_provenance(other), "provenance"),
    ];
    told.into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
}
