//! Who offers a file, and in which order: the same in an index and for a download.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::catalog::rows::offer::Offer;
use crate::catalog::rows::store::Store;
use crate::chart::{FileName, tag_to_version};
use crate::config::{Collisions, Config};
use crate::index::{Candidate, View};
use crate::platform::DatabaseError;

/// Most offers of one file by one repository that stand in a shard, beside those that no tag serves any more: a file of thousands would
/// make the whole shard too long to be read, and each download of it a question. Who asks for another of them asks the catalog.
pub(crate) const IN_A_SHARD: usize = 100;

impl Offer {
    /// The order of candidates: registries before classic repositories; `PRECEDENCE`; then the repository is called as the chart is; the tag is the version exactly; the order of
    /// sources; the shorter repository; its bytes; the tag's bytes.
    pub(crate) fn order(&self, other: &Self, config: &Config) -> Ordering {
        let place = |offer: &Self| {
            config
                .sources
                .iter()
                .position(|source| source.id == offer.candidate.source)
        };
        let rank = |offer: &Self| {
            let own_name = offer.relative.last_segment() == offer.name;
            let own_tag = tag_to_version(&offer.tag) == offer.version;
            (
                precedence(offer, config),
                !own_name,
                !own_tag,
                place(offer).unwrap_or(usize::MAX),
                offer.relative.as_str().len(),
            )
        };
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.relative.cmp(&other.relative))
            .then_with(|| self.tag.cmp(&other.tag))
            .then_with(|| self.manifest.cmp(&other.manifest))
    }

    /// Whether another offer, of other bytes, is served in the place of this one wherever both are.
    pub(crate) fn yields_to(&self, other: &Self, config: &Config) -> bool {
        let hidden = config.collisions == Collisions::Hide
            && precedence(self, config) == precedence(other, config);
        !hidden && other.order(self, config).is_lt()
    }
}

/// Which offer of each contested file a view serves: `None` where none is to be served.
pub(crate) type Winners = BTreeMap<FileName, Option<Offer>>;

impl Store<'_> {
    /// The offers of one file, in collision order.
    pub(crate) fn offers(
        &self,
        config: &Config,
        file: &FileName,
    ) -> Result<Vec<Offer>, DatabaseError> {
        let mut offers = self.offers_of_file(file)?;
        offers.sort_by(|a, b| a.order(b, config));
        Ok(offers)
    }

    /// The offers of a whole shard, by file and then in collision order; of each repository as many as stand there.
    pub(crate) fn shard_offers(
        &self,
        config: &Config,
        shard: u8,
    ) -> Result<BTreeMap<FileName, Vec<Offer>>, DatabaseError> {
        let mut files: BTreeMap<FileName, Vec<Offer>> = BTreeMap::new();
        self.each_offer_of_shard(shard, &mut |offer| {
            let offers = files.entry(offer.file.clone()).or_default();
            offers.push(offer);
            // As soon as they are twice as many, so that they never take more.
            if offers.len().is_multiple_of(2 * IN_A_SHARD) {
                shorten(offers, config);
            }
        })?;
        for offers in files.values_mut() {
            shorten(offers, config);
        }
        Ok(files)
    }

    /// Who serves each contested file in a view; only files of the chart `name`, if it is given.
    pub(crate) fn winners(
        &self,
        config: &Config,
        view: &View,
        name: Option<&str>,
    ) -> Result<Winners, DatabaseError> {
        let mut winners = Winners::new();
        let contested = match name {
            Some(name) => self.contested_packages_of(name)?,
            None => self.contested_packages()?,
        };
        for file in contested {
            let mut offers = self.offers(config, &file)?;
            offers.retain(|offer| view.covers(&offer.relative, config.index_scope));
            let Some(first) = offers.first().cloned() else {
                continue;
            };
            let same = |offer: &Offer| offer.candidate.package == first.candidate.package;
            if offers.iter().all(same) {
                // They are contested elsewhere.
                continue;
            }
            let winner = (!is_hidden(&offers, config)).then_some(first);
            winners.insert(file, winner);
        }
        Ok(winners)
    }
}

/// Puts the offers of one file into collision order, and leaves of each repository the first [`IN_A_SHARD`].
fn shorten(offers: &mut Vec<Offer>, config: &Config) {
    offers.sort_by(|a, b| a.order(b, config));
    if offers.len() > IN_A_SHARD {
        let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
        offers.retain(|offer| {
            let Candidate {
                source, repository, ..
            } = &offer.candidate;
            let taken = taken
                .entry((source.clone(), repository.clone()))
                .or_default();
            *taken += 1;
            *taken <= IN_A_SHARD
        });
    }
}

/// Whether it comes from a classic repository, which serves what no registry does.
pub(crate) fn is_classic(offer: &Offer, config: &Config) -> bool {
    let source = config.source(&offer.candidate.source);
    source.is_some_and(|source| source.classic.is_some())
}

/// Whether a file that these repositories offer, in collision order, is served by none of them: they differ, that is not wished,
/// and `PRECEDENCE` puts none of those that differ before the others.
pub(crate) fn is_hidden(offers: &[Offer], config: &Config) -> bool {
    let Some(first) = offers.first() else {
        return false;
    };
    config.collisions == Collisions::Hide
        && offers.iter().any(|offer| {
            offer.candidate.package != first.candidate.package
                && precedence(offer, config) == precedence(first, config)
        })
}

/// What is put before others by settings, also where contested files are hidden.
fn precedence(offer: &Offer, config: &Config) -> (bool, usize) {
    let rank = config.precedence.rank(offer.relative.as_str());
    (is_classic(offer, config), rank)
}
