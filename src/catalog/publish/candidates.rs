//! Who offers a file, and in which order: the same in an index and for a download.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::catalog::rows::offer::Offer;
use crate::catalog::rows::store::Store;
use crate::chart::{FileName, tag_to_version};
use crate::config::{Collisions, Config};
use crate::index::View;
use crate::platform::DatabaseError;

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
                is_classic(offer, config),
                config.precedence.rank(offer.relative.as_str()),
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

    /// The offers of a whole shard, by file and then in collision order.
    pub(crate) fn shard_offers(
        &self,
        config: &Config,
        shard: u8,
    ) -> Result<BTreeMap<FileName, Vec<Offer>>, DatabaseError> {
        let mut files: BTreeMap<FileName, Vec<Offer>> = BTreeMap::new();
        self.each_offer_of_shard(shard, &mut |offer| {
            files.entry(offer.file.clone()).or_default().push(offer);
        })?;
        for offers in files.values_mut() {
            offers.sort_by(|a, b| a.order(b, config));
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

/// Whether it comes from a classic repository, which serves what no registry does.
fn is_classic(offer: &Offer, config: &Config) -> bool {
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
