//! Makes documents from rows: one row and one buffer at a time.

use std::ops::ControlFlow;

use crate::catalog::publish::candidates::{IN_A_SHARD, Winners};
use crate::catalog::publish::shedding::{Measures, SheddingPlan};
use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::shed::Shed;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::UnreadableRow;
use crate::catalog::rows::unreadable::Blockade;
use crate::chart::FileName;
use crate::config::Config;
use crate::index::{Detail, Key, Length, Refused, Shard, View, Writer, Written, etag, shard_of};
use crate::oci::Digest;
use crate::platform::DatabaseError;

/// What came of making an index.
pub(crate) enum IndexBuild {
    /// The document.
    Index {
        /// What is to be put.
        written: Written,
        /// What it had to shed to keep within its limit.
        shed: Shed,
        /// How many files in it are contested.
        contested: u64,
    },
    /// Nothing lies in the view.
    Nothing,
    /// It would lack what a row held that cannot be read and is read again.
    Lacking,
}

/// What an index shows.
struct Shown {
    /// Whether it shows any version.
    any: bool,
    /// How many files repositories offer as one package with other metadata or another provenance file.
    disagreements: u64,
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
                .as_ref()
                .is_none_or(|relative| view.covers(relative, config.index_scope)),
            Key::Files(shard) => blockade.shard.is_none_or(|lacking| lacking == *shard),
        };
        Ok(self.blockades()?.iter().any(lacks))
    }

    /// Makes the index of a view.
    pub(crate) fn index(&self, config: &Config, view: &View) -> Result<IndexBuild, DatabaseError> {
        let key = Key::Index(view.clone());
        if self.lacks(config, &key)? {
            return Ok(IndexBuild::Lacking);
        }
        // What no row of the index would show is looked for first, what cannot be read is met on the way.
        self.note_lost(view)?;
        let made = self.write_index(config, view)?;
        if self.lacks(config, &key)? {
            return Ok(IndexBuild::Lacking);
        }
        Ok(made)
    }

    fn write_index(&self, config: &Config, view: &View) -> Result<IndexBuild, DatabaseError> {
        let winners = self.winners(config, view, None)?;
        let mut shed = Shed::default();
        let mut written = self.write(config, view, &winners, None)?;
        if written.is_none() {
            // It outgrows its limit. Its buffer is gone; what every version takes is read, and then it is written anew.
            let measures = self.measure(config, view, &winners)?;
            let plan = measures.plan(config.index_format, config.index_limit);
            written = self.write(config, view, &winners, Some(&plan))?;
            shed = plan.shed;
        }
        Ok(match written {
            Some((writer, shown)) if shown.any || view.below().is_root() => IndexBuild::Index {
                written: tagged(writer.finish(), view),
                shed,
                contested: winners.len() as u64 + shown.disagreements,
            },
            Some(_) | None => IndexBuild::Nothing,
        })
    }

    /// Writes an index, and tells what it shows. `None` where it outgrows its limit and nothing says what to shed.
    fn write(
        &self,
        config: &Config,
        view: &View,
        winners: &Winners,
        plan: Option<&SheddingPlan>,
    ) -> Result<Option<(Writer, Shown)>, DatabaseError> {
        let base = config.links_of(view);
        let mut writer = Writer::new(config.index_format, config.index_limit);
        let mut unreadable = Vec::new();
        let mut place = 0;
        let mut outgrown = false;
        let disagreements = self.each_served(config, view, None, winners, &mut |version| {
            let detail = plan.map_or(Some(Detail::Full), |plan| plan.detail(place));
            place += 1;
            let Some(detail) = detail else {
                return ControlFlow::Continue(());
            };
            match writer.push(&version.entry(&base), detail) {
                Err(Refused::Metadata) => unreadable.push(version.offer.manifest),
                Err(Refused::TooLarge(_)) if plan.is_none() => {
                    outgrown = true;
                    return ControlFlow::Break(());
                }
                Ok(()) | Err(Refused::TooLarge(_)) => {}
            }
            ControlFlow::Continue(())
        })?;
        let unreadable: Vec<_> = unreadable.iter().map(unreadable_metadata).collect();
        self.note_unreadable(&unreadable)?;
        let any = place > 0;
        let shown = Shown { any, disagreements };
        Ok((!outgrown).then_some((writer, shown)))
    }

    /// Measures what every version of an index takes.
    fn measure(
        &self,
        config: &Config,
        view: &View,
        winners: &Winners,
    ) -> Result<Measures, DatabaseError> {
        let base = config.links_of(view);
        let mut measures = Measures::default();
        self.each_served(config, view, None, winners, &mut |version| {
            let length = Length::of(&version.entry(&base), config.index_format);
            measures.add(&version.offer, version.created.as_deref(), length);
            ControlFlow::Continue(())
        })?;
        Ok(measures)
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
        // Those of one file and repository come one after the other.
        let mut taken = (String::new(), 0);
        for (file, candidate) in self.superseded(shard, None)? {
            let of = format!("{file} {} {}", candidate.source, candidate.repository);
            taken = if taken.0 == of {
                (of, taken.1 + 1)
            } else {
                (of, 1)
            };
            if taken.1 <= IN_A_SHARD {
                table.add(file.as_str(), candidate);
            }
        }
        Ok((!table.is_empty()).then(|| table.to_bytes()))
    }

    /// Who offers a file, in collision order, superseded packages last.
    pub(crate) fn candidates(
        &self,
        config: &Config,
        file: &FileName,
    ) -> Result<Vec<crate::index::Candidate>, DatabaseError> {
        let mut table = Shard::default();
        for offer in self.offers(config, file)? {
            table.add(file.as_str(), offer.candidate);
        }
        for (_, candidate) in self.superseded(shard_of(file.as_str()), Some(file))? {
            table.add(file.as_str(), candidate);
        }
        Ok(table.find(file.as_str()).to_vec())
    }
}

/// An index with the entity tag of its view: a share's is never that of another, also where the bytes are the same, as it would
/// tell its readers what the other one holds.
fn tagged(written: Written, view: &View) -> Written {
    match view {
        View::Folder(_) => written,
        View::Share { .. } => {
            let etag = etag(format!("{} {view}", written.etag).as_bytes());
            Written { etag, ..written }
        }
    }
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
