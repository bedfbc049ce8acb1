//! Who offers a file, and in which order: the same in an index and for a download.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::catalog::rows::store::Store;
use crate::chart::tag_to_version;
use crate::config::{Collisions, Config};
use crate::index::{Candidate, View};
use crate::platform::{DatabaseError, Row};

/// A tag that serves a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    /// `<name>-<version>.tgz`.
    pub(crate) file: String,
    /// The chart's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Name of the repository below its source's prefix.
    pub(crate) relative: String,
    /// The tag.
    pub(crate) tag: String,
    /// The manifest's digest.
    pub(crate) manifest: String,
    /// The way to the bytes, with source and repository.
    pub(crate) candidate: Candidate,
}

/// Columns of `manifest m`, `tag t` and `repository r` that make an [`Offer`].
pub(crate) const COLUMNS: &str =
    "m.file, m.name, m.version, r.relative, t.name, m.digest, m.candidate, r.source, r.name";

impl Offer {
    /// From a row that begins with [`COLUMNS`].
    pub(crate) fn of(row: &Row) -> Option<Self> {
        let candidate: Candidate = serde_json::from_str(row.text(6)?).ok()?;
        Some(Self {
            file: row.text(0)?.to_owned(),
            name: row.text(1)?.to_owned(),
            version: row.text(2)?.to_owned(),
            relative: row.text(3)?.to_owned(),
            tag: row.text(4)?.to_owned(),
            manifest: row.text(5)?.to_owned(),
            candidate: Candidate {
                source: row.text(7)?.to_owned(),
                repository: row.text(8)?.to_owned(),
                ..candidate
            },
        })
    }

    /// The order of candidates: the repository is called as the chart is; the tag is the version exactly; the order of
    /// sources; the shorter repository; its bytes; the tag's bytes.
    pub(crate) fn order(&self, other: &Self, config: &Config) -> Ordering {
        let place = |offer: &Self| {
            config
                .sources
                .iter()
                .position(|source| source.id == offer.candidate.source)
        };
        let rank = |offer: &Self| {
            let own_name = offer.relative.rsplit('/').next() == Some(offer.name.as_str());
            let own_tag = tag_to_version(&offer.tag) == offer.version;
            (
                !own_name,
                !own_tag,
                place(offer).unwrap_or(usize::MAX),
                offer.relative.len(),
            )
        };
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.relative.cmp(&other.relative))
            .then_with(|| self.tag.cmp(&other.tag))
            .then_with(|| self.manifest.cmp(&other.manifest))
    }
}

/// Which offer of each contested file a view serves: `None` where none is to be served.
pub(crate) type Winners = BTreeMap<String, Option<Offer>>;

impl Store<'_> {
    /// The offers of one file, in collision order.
    pub(crate) fn offers(
        &self,
        config: &Config,
        shard: u8,
        file: &str,
    ) -> Result<Vec<Offer>, DatabaseError> {
        let rows = self.0.query(
            &format!(
                "SELECT {COLUMNS} FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ? AND m.file = ?"
            ),
            &[i64::from(shard).into(), file.into()],
        )?;
        let mut offers: Vec<Offer> = rows.iter().filter_map(Offer::of).collect();
        offers.sort_by(|a, b| a.order(b, config));
        Ok(offers)
    }

    /// The offers of a whole shard, by file and then in collision order.
    pub(crate) fn shard_offers(
        &self,
        config: &Config,
        shard: u8,
    ) -> Result<BTreeMap<String, Vec<Offer>>, DatabaseError> {
        let mut files: BTreeMap<String, Vec<Offer>> = BTreeMap::new();
        self.0.each(
            &format!(
                "SELECT {COLUMNS} FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ?"
            ),
            &[i64::from(shard).into()],
            &mut |row| {
                if let Some(offer) = Offer::of(&row) {
                    files.entry(offer.file.clone()).or_default().push(offer);
                }
                ControlFlow::Continue(())
            },
        )?;
        for offers in files.values_mut() {
            offers.sort_by(|a, b| a.order(b, config));
        }
        Ok(files)
    }

    /// File names that are offered with more than one package. Few, in a healthy registry.
    pub(crate) fn contested(&self) -> Result<Vec<(u8, String)>, DatabaseError> {
        let rows = self.0.query(
            "SELECT shard, file FROM manifest WHERE state = 'chart' GROUP BY shard, file HAVING min(package) <> max(package)",
            &[],
        )?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((u8::try_from(row.integer(0)?).ok()?, row.text(1)?.to_owned())))
            .collect())
    }

    /// Who serves each contested file in a view.
    pub(crate) fn winners(&self, config: &Config, view: &View) -> Result<Winners, DatabaseError> {
        let mut winners = Winners::new();
        for (shard, file) in self.contested()? {
            let mut offers = self.offers(config, shard, &file)?;
            offers.retain(|offer| view.covers(&offer.relative, config.index_scope));
            let Some(first) = offers.first().cloned() else {
                continue;
            };
            let contested = offers
                .iter()
                .any(|offer| offer.candidate.package != first.candidate.package);
            let winner = (!contested || config.collisions == Collisions::First).then_some(first);
            winners.insert(file, winner);
        }
        Ok(winners)
    }
}
