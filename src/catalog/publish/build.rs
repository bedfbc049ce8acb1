//! Makes documents from rows: one row and one buffer at a time.

use std::ops::ControlFlow;

use crate::catalog::publish::candidates::{COLUMNS, Offer, Winners};
use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::store::Store;
use crate::config::Config;
use crate::index::{DOCUMENT_LIMIT, Entry, Shard, TooLarge, View, Writer, Written, shard_of};
use crate::platform::{DatabaseError, Value};

/// What came of making an index.
pub(crate) enum Made {
    /// The document.
    Index(Written),
    /// It would be larger than KV takes.
    TooLarge,
    /// Nothing lies in the view.
    Nothing,
}

/// A version on its way into the index: the offers of one name and version come one after the other.
struct Pending {
    offer: Offer,
    metadata: String,
    created: Option<String>,
}

impl Store<'_> {
    /// Whether any chart lies in a view.
    pub(crate) fn view_exists(&self, config: &Config, view: &View) -> Result<bool, DatabaseError> {
        let (below, parameters) = range(view);
        let mut exists = false;
        self.0.each(
            &format!(
                "SELECT r.relative FROM repository r WHERE {below} AND EXISTS(
                   SELECT 1 FROM tag t JOIN manifest m ON m.digest = t.manifest WHERE t.repository = r.id AND m.state = 'chart')"
            ),
            &parameters,
            &mut |row| {
                exists = row.text(0).is_some_and(|relative| view.covers(relative, config.index_scope));
                if exists { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        )?;
        Ok(exists)
    }

    /// Makes the index of a view.
    pub(crate) fn index(&self, config: &Config, view: &View) -> Result<Made, DatabaseError> {
        let winners = self.winners(config, view)?;
        let mut writer = Writer::new(config.index_format, DOCUMENT_LIMIT);
        let mut pending: Option<Pending> = None;
        let mut full = false;
        let mut any = false;
        let mut kept = Kept {
            name: String::new(),
            versions: 0,
        };
        let (below, parameters) = range(view);
        // The order of joining is fixed for the root, where it is the order of the index; a space is found from its side.
        let join = if view.is_root() { "CROSS JOIN" } else { "JOIN" };
        self.0.each(
            &format!(
                "SELECT {COLUMNS}, m.metadata, m.created FROM manifest m {join} tag t ON t.manifest = m.digest
                 {join} repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND {below} ORDER BY m.name, m.version_key DESC"
            ),
            &parameters,
            &mut |row| {
                let Some(offer) = Offer::of(&row) else { return ControlFlow::Continue(()) };
                if !view.covers(&offer.relative, config.index_scope) || !serves(&winners, &offer) {
                    return ControlFlow::Continue(());
                }
                let next = Pending {
                    offer,
                    metadata: row.text(9).unwrap_or("{}").to_owned(),
                    created: row.text(10).map(str::to_owned),
                };
                let same = pending.as_ref().is_some_and(|pending| {
                    pending.offer.name == next.offer.name && pending.offer.version == next.offer.version
                });
                if same {
                    pending = pending.take().map(|now| if next.offer.order(&now.offer, config).is_lt() { next } else { now });
                    return ControlFlow::Continue(());
                }
                if let Some(done) = pending.replace(next) {
                    any = true;
                    full = push(&mut writer, config, &mut kept, &done).is_err();
                }
                if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        )?;
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
    version: &Pending,
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

/// The condition on `repository r` for what may lie in a view; its scope is judged row by row.
fn range(view: &View) -> (&'static str, Vec<Value>) {
    if view.is_root() {
        return ("1 = 1", Vec::new());
    }
    let prefix = format!("{}/", view.as_str());
    let end = range_end(&prefix);
    (
        "r.relative >= ? AND r.relative < ?",
        vec![prefix.into(), end.into()],
    )
}
