//! Makes documents from rows: one row and one buffer at a time.

use std::ops::ControlFlow;

use crate::catalog::publish::candidates::Winners;
use crate::catalog::rows::offer::{Offer, OfferedVersion};
use crate::catalog::rows::store::Store;
use crate::config::Config;
use crate::index::{DOCUMENT_LIMIT, Entry, Shard, TooLarge, View, Writer, Written, shard_of};
use crate::platform::DatabaseError;

/// What came of making an index.
pub(crate) enum Made {
    /// The document.
    Index(Written),
    /// It would be larger than KV takes.
    TooLarge,
    /// Nothing lies in the view.
    Nothing,
}

impl Store<'_> {
    /// Whether any chart lies in a view.
    pub(crate) fn view_exists(&self, config: &Config, view: &View) -> Result<bool, DatabaseError> {
        let mut exists = false;
        self.each_offering_repository(view, &mut |relative| {
            exists = view.covers(relative, config.index_scope);
            if exists {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(exists)
    }

    /// Makes the index of a view.
    pub(crate) fn index(&self, config: &Config, view: &View) -> Result<Made, DatabaseError> {
        let winners = self.winners(config, view)?;
        let mut writer = Writer::new(config.index_format, DOCUMENT_LIMIT);
        let mut pending: Option<OfferedVersion> = None;
        let mut full = false;
        let mut any = false;
        let mut kept = Kept {
            name: String::new(),
            versions: 0,
        };
        // The offers of one name and version come one after the other.
        self.each_version(view, &mut |next| {
            if !view.covers(&next.offer.relative, config.index_scope)
                || !serves(&winners, &next.offer)
            {
                return ControlFlow::Continue(());
            }
            let same = pending.as_ref().is_some_and(|pending| {
                pending.offer.name == next.offer.name && pending.offer.version == next.offer.version
            });
            if same {
                pending = pending.take().map(|known| {
                    if next.offer.order(&known.offer, config).is_lt() {
                        next
                    } else {
                        known
                    }
                });
                return ControlFlow::Continue(());
            }
            if let Some(done) = pending.replace(next) {
                any = true;
                full = push(&mut writer, config, &mut kept, &done).is_err();
            }
            if full {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if let Some(done) = pending.take().filter(|_| !full) {
            any = true;
            full = push(&mut writer, config, &mut kept, &done).is_err();
        }
        if full {
            return Ok(Made::TooLarge);
        }
        if !any && !view.is_root() {
            return Ok(Made::Nothing);
        }
        Ok(Made::Index(writer.finish()))
    }

    /// Makes a shard of the file table; `None` when it holds nothing.
    pub(crate) fn shard(
        &self,
        config: &Config,
        shard: u8,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        let mut table = Shard::default();
        for (file, offers) in self.shard_offers(config, shard)? {
            for offer in offers {
                table.add(&file, offer.candidate);
            }
        }
        for (file, candidate) in self.superseded(shard, None)? {
            table.add(&file, candidate);
        }
        Ok((!table.is_empty()).then(|| table.to_bytes()))
    }

    /// Who offers a file, in collision order, superseded packages last.
    pub(crate) fn candidates(
        &self,
        config: &Config,
        file: &str,
    ) -> Result<Vec<crate::index::Candidate>, DatabaseError> {
        let shard = shard_of(file);
        let mut table = Shard::default();
        for offer in self.offers(config, shard, file)? {
            table.add(file, offer.candidate);
        }
        for (_, candidate) in self.superseded(shard, Some(file))? {
            table.add(file, candidate);
        }
        Ok(table.find(file).to_vec())
    }
}

/// How many versions of the chart at hand are in the index.
struct Kept {
    name: String,
    versions: u32,
}

fn push(
    writer: &mut Writer,
    config: &Config,
    kept: &mut Kept,
    version: &OfferedVersion,
) -> Result<(), TooLarge> {
    if kept.name != version.offer.name {
        kept.name.clone_from(&version.offer.name);
        kept.versions = 0;
    }
    kept.versions += 1;
    // A chart may lie in several repositories, each with its newest; the newest of all of them is what was asked for.
    if config
        .versions_per_chart
        .is_some_and(|limit| kept.versions > limit.get())
    {
        return Ok(());
    }
    writer.push(&Entry {
        name: &version.offer.name,
        version: &version.offer.version,
        file: &version.offer.file,
        metadata: &version.metadata,
        created: version.created.as_deref(),
        digest: version.offer.candidate.package.hex(),
    })
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
