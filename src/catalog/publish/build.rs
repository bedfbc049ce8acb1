//! Makes documents from rows: one row and one buffer at a time.

use std::ops::ControlFlow;

use crate::catalog::publish::candidates::Winners;
use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::offer::{Offer, OfferedVersion};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::UnreadableRow;
use crate::catalog::rows::unreadable::Blockade;
use crate::config::Config;
use crate::index::{DOCUMENT_LIMIT, Entry, Key, Refused, Shard, View, Writer, Written, shard_of};
use crate::oci::Digest;
use crate::platform::DatabaseError;

/// What came of making an index.
pub(crate) enum Made {
    /// The document.
    Index(Written),
    /// It would be larger than KV takes.
    TooLarge,
    /// Nothing lies in the view.
    Nothing,
    /// It would lack what a row held that cannot be read and is read again.
    Lacking,
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
        if exists {
            return Ok(true);
        }
        // What cannot be read may lie in it: then it is not made, and nobody is told that there is none.
        self.note_pathless()?;
        self.note_lost(view)?;
        self.lacks(config, &Key::Index(view.clone()))
    }

    /// Whether a document would lack what rows held that cannot be read.
    pub(crate) fn lacks(&self, config: &Config, key: &Key) -> Result<bool, DatabaseError> {
        let lacks = |blockade: &Blockade| match key {
            Key::Index(view) => blockade
                .relative
                .as_deref()
                .is_none_or(|relative| view.covers(relative, config.index_scope)),
            Key::Files(shard) => blockade.shard.is_none_or(|lacking| lacking == *shard),
        };
        Ok(self.blockades()?.iter().any(lacks))
    }

    /// Makes the index of a view.
    pub(crate) fn index(&self, config: &Config, view: &View) -> Result<Made, DatabaseError> {
        let key = Key::Index(view.clone());
        if self.lacks(config, &key)? {
            return Ok(Made::Lacking);
        }
        // What no row of the index would show is looked for first, what cannot be read is met on the way.
        self.note_lost(view)?;
        let made = self.write_index(config, view)?;
        if self.lacks(config, &key)? {
            return Ok(Made::Lacking);
        }
        Ok(made)
    }

    fn write_index(&self, config: &Config, view: &View) -> Result<Made, DatabaseError> {
        let winners = self.winners(config, view)?;
        let mut writer = Writer::new(config.index_format, DOCUMENT_LIMIT);
        let mut pending: Option<OfferedVersion> = None;
        let mut refused = None;
        let mut unreadable = Vec::new();
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
                refused = push(&mut writer, config, &mut kept, &done).err();
                if refused == Some(Refused::Metadata) {
                    unreadable.push(done.offer.manifest);
                    refused = None;
                }
            }
            if refused.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if let Some(done) = pending.take().filter(|_| refused.is_none()) {
            any = true;
            refused = push(&mut writer, config, &mut kept, &done).err();
            if refused == Some(Refused::Metadata) {
                unreadable.push(done.offer.manifest);
            }
        }
        let unreadable: Vec<_> = unreadable.iter().map(unreadable_metadata).collect();
        self.note_unreadable(&unreadable)?;
        if matches!(refused, Some(Refused::TooLarge(_))) {
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
                table.add(file.as_str(), offer.candidate);
            }
        }
        for (file, candidate) in self.superseded(shard, None)? {
            table.add(file.as_str(), candidate);
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
) -> Result<(), Refused> {
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
        file: version.offer.file.as_str(),
        metadata: &version.metadata,
        created: version.created.as_deref(),
        digest: version.offer.candidate.package.hex(),
    })
}

/// Metadata that are not those of their chart.
fn unreadable_metadata(manifest: &Digest) -> UnreadableRow {
    UnreadableRow {
        table: "manifest",
        key: manifest.to_string(),
        column: "metadata",
        why: CellFault::Contradiction("the chart"),
    }
}

/// Whether a view serves this offer's file by this offer.
fn serves(winners: &Winners, offer: &Offer) -> bool {
    match winners.get(offer.file.as_str()) {
        None => true,
        Some(None) => false,
        Some(Some(winner)) => {
            winner.name == offer.name
                && winner.version == offer.version
                && winner.candidate.package == offer.candidate.package
        }
    }
}
