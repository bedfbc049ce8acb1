//! Which versions an index shows, one after the other.

use std::ops::ControlFlow;

use crate::catalog::publish::candidates::Winners;
use crate::catalog::rows::offer::{Offer, OfferedVersion};
use crate::catalog::rows::store::Store;
use crate::config::Config;
use crate::index::{Entry, Origin, View};
use crate::platform::DatabaseError;

impl OfferedVersion {
    /// What an index says of it, with links that begin with `base`.
    pub(crate) fn entry<'a>(&'a self, base: &'a str) -> Entry<'a> {
        let package = self.offer.candidate.package.hex();
        let (elsewhere, digest) = match &self.offer.candidate.origin {
            Origin::Elsewhere { urls, digest } => {
                (Some(urls.as_slice()), if *digest { package } else { "" })
            }
            Origin::Stored | Origin::Rebuilt { .. } => (None, package),
        };
        Entry {
            name: &self.offer.name,
            version: &self.offer.version,
            file: self.offer.file.as_str(),
            metadata: &self.metadata,
            created: self.created.as_deref(),
            base,
            digest,
            elsewhere,
        }
    }
}

impl Store<'_> {
    /// Hands over the versions that the index of a view shows, in its order, until `visit` breaks: each by the offer that serves
    /// it there, and of each chart as many as are wanted. Returns how many of the versions that were met are offered as one package
    /// of which other things are said, or other provenance files given. Only versions of the chart `name`, if it is given.
    pub(crate) fn each_served(
        &self,
        config: &Config,
        view: &View,
        name: Option<&str>,
        winners: &Winners,
        visit: &mut dyn FnMut(OfferedVersion) -> ControlFlow<()>,
    ) -> Result<u64, DatabaseError> {
        let mut disagreements = 0;
        let mut disagreed = false;
        let mut pending: Option<OfferedVersion> = None;
        let mut broken = false;
        let mut kept = ShownVersions::default();
        let mut hand_over = |version: OfferedVersion| {
            if kept.takes(config, &version.offer) {
                visit(version)
            } else {
                ControlFlow::Continue(())
            }
        };
        // The offers of one name and version come one after the other.
        self.each_version(view, name, &mut |next| {
            if !view.covers(&next.offer.relative, config.index_scope)
                || !serves(winners, &next.offer)
            {
                return ControlFlow::Continue(());
            }
            let same = pending.as_ref().is_some_and(|pending| {
                pending.offer.name == next.offer.name && pending.offer.version == next.offer.version
            });
            if same {
                // Whoever is compared with the first of them shows it if any of them differs.
                let differs = pending.as_ref().is_some_and(|known| {
                    !winners.contains_key(next.offer.file.as_str())
                        && (next.other_metadata(known) || next.offer.other_provenance(&known.offer))
                });
                if differs && !disagreed {
                    disagreed = true;
                    disagreements += 1;
                }
                pending = pending.take().map(|known| {
                    if next.offer.order(&known.offer, config).is_lt() {
                        next
                    } else {
                        known
                    }
                });
                return ControlFlow::Continue(());
            }
            disagreed = false;
            let flow = pending
                .replace(next)
                .map_or(ControlFlow::Continue(()), &mut hand_over);
            broken = flow.is_break();
            flow
        })?;
        if let Some(last) = pending.filter(|_| !broken) {
            let _ = hand_over(last);
        }
        Ok(disagreements)
    }
}

/// How many versions of the chart at hand are shown.
#[derive(Default)]
struct ShownVersions {
    name: String,
    versions: u32,
}

impl ShownVersions {
    /// Whether one more version is wanted. A chart may lie in several repositories, each with its newest; the newest of all of
    /// them is what was asked for.
    fn takes(&mut self, config: &Config, offer: &Offer) -> bool {
        if self.name != offer.name {
            self.name.clone_from(&offer.name);
            self.versions = 0;
        }
        self.versions = self.versions.saturating_add(1);
        config
            .versions_per_chart
            .is_none_or(|limit| self.versions <= limit.get())
    }
}

/// Whether a view serves this offer's file by this offer.
fn serves(winners: &Winners, offer: &Offer) -> bool {
    match winners.get(&offer.file) {
        None => true,
        Some(None) => false,
        Some(Some(winner)) => {
            winner.name == offer.name
                && winner.version == offer.version
                && winner.candidate.package == offer.candidate.package
        }
    }
}
