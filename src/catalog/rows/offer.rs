//! The join of manifests, tags and repositories: which tag serves which file.

use std::ops::ControlFlow;

use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::store::Store;
use crate::index::{Candidate, View};
use crate::platform::{DatabaseError, Row, Value};

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

/// An offer with what an index says of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OfferedVersion {
    /// Who offers what.
    pub(crate) offer: Offer,
    /// Canonical metadata, JSON.
    pub(crate) metadata: String,
    /// RFC 3339.
    pub(crate) created: Option<String>,
}

/// Columns of `manifest m`, `tag t` and `repository r` that make an [`Offer`].
const COLUMNS: &str =
    "m.file, m.name, m.version, r.relative, t.name, m.digest, m.candidate, r.source, r.name";

impl Offer {
    /// From a row that begins with [`COLUMNS`].
    fn of(row: &Row) -> Option<Self> {
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
}

impl Store<'_> {
    /// The offers of one file, in no order.
    pub(crate) fn offers_of_file(
        &self,
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
        Ok(rows.iter().filter_map(Offer::of).collect())
    }

    /// Hands over the offers of a whole shard, one after the other, in no order.
    pub(crate) fn each_offer_of_shard(
        &self,
        shard: u8,
        visit: &mut dyn FnMut(Offer),
    ) -> Result<(), DatabaseError> {
        self.0.each(
            &format!(
                "SELECT {COLUMNS} FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ?"
            ),
            &[i64::from(shard).into()],
            &mut |row| {
                if let Some(offer) = Offer::of(&row) {
                    visit(offer);
                }
                ControlFlow::Continue(())
            },
        )
    }

    /// Hands over the versions offered at or below a view's folder until `visit` breaks, in the order of an index: by name,
    /// the newest first. Those of one name and version come one after the other. Whether the scope of the view covers them
    /// is the caller's to judge.
    pub(crate) fn each_version(
        &self,
        view: &View,
        visit: &mut dyn FnMut(OfferedVersion) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
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
                let Some(offer) = Offer::of(&row) else {
                    return ControlFlow::Continue(());
                };
                visit(OfferedVersion {
                    offer,
                    metadata: row.text(9).unwrap_or("{}").to_owned(),
                    created: row.text(10).map(str::to_owned),
                })
            },
        )
    }

    /// Hands over the names, relative to the prefix, of the repositories at or below a view's folder that offer a chart,
    /// until `visit` breaks.
    pub(crate) fn each_offering_repository(
        &self,
        view: &View,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let (below, parameters) = range(view);
        self.0.each(
            &format!(
                "SELECT r.relative FROM repository r WHERE {below} AND EXISTS(
                   SELECT 1 FROM tag t JOIN manifest m ON m.digest = t.manifest WHERE t.repository = r.id AND m.state = 'chart')"
            ),
            &parameters,
            &mut |row| row.text(0).map_or(ControlFlow::Continue(()), &mut *visit),
        )
    }

    /// File names that are offered with more than one package, each with its shard. Few, in a healthy registry.
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
