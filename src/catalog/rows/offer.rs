//! The join of manifests, tags and repositories: which tag serves which file.

use std::ops::ControlFlow;
use std::vec::IntoIter;

use crate::catalog::rows::cell::{CellFault, FromCell as _, Json};
use crate::catalog::rows::chart_cells::ChartCells;
use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{KeyPart, UnreadableRow, next_cell};
use crate::chart::FileName;
use crate::config::IndexScope;
use crate::index::{Candidate, RepositoryPath, View, shard_of};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Value};

/// A tag that serves a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    /// The package's file name.
    pub(crate) file: FileName,
    /// The chart's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Name of the repository below its source's prefix.
    pub(crate) relative: RepositoryPath,
    /// The tag.
    pub(crate) tag: String,
    /// The manifest's digest.
    pub(crate) manifest: Digest,
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

/// Columns of `manifest m`, `tag t` and `repository r` that make an [`Offer`]: first the keys of the three.
const COLUMNS: &str = "m.digest, r.id, t.name, m.file, m.name, m.version, m.version_key, m.package, m.created, m.candidate, \
     r.relative, r.source, r.name";

impl Offer {
    /// From a row that begins with [`COLUMNS`], with what an index says of it besides: the time.
    fn read(cells: &mut IntoIter<Value>) -> Result<(Self, Option<String>), UnreadableRow> {
        let manifest: Digest = next_cell(cells, ("manifest", "digest"), &String::new)?;
        let digest = || manifest.text();
        let id: i64 = next_cell(cells, ("repository", "id"), &String::new)?;
        let tag: String = next_cell(cells, ("tag", "name"), &|| id.text())?;
        let file: FileName = next_cell(cells, ("manifest", "file"), &digest)?;
        let name: String = next_cell(cells, ("manifest", "name"), &digest)?;
        let version: String = next_cell(cells, ("manifest", "version"), &digest)?;
        let version_key: String = next_cell(cells, ("manifest", "version_key"), &digest)?;
        let package: Digest = next_cell(cells, ("manifest", "package"), &digest)?;
        let created: Option<String> = next_cell(cells, ("manifest", "created"), &digest)?;
        let candidate: Json<Candidate> = next_cell(cells, ("manifest", "candidate"), &digest)?;
        let chart = ChartCells {
            name: &name,
            version: &version,
            file: &file,
            created: created.as_deref(),
            version_key: &version_key,
        };
        let contradiction = chart.contradiction().or_else(|| {
            (package != candidate.0.package)
                .then_some(("package", CellFault::Contradiction("the candidate")))
        });
        if let Some((column, why)) = contradiction {
            return Err(UnreadableRow {
                table: "manifest",
                key: digest(),
                column,
                why,
            });
        }
        let row = || id.text();
        let relative = next_cell(cells, ("repository", "relative"), &row)?;
        let source = next_cell(cells, ("repository", "source"), &row)?;
        let repository = next_cell(cells, ("repository", "name"), &row)?;
        let offer = Self {
            file,
            name,
            version,
            relative,
            tag,
            manifest,
            candidate: Candidate {
                source,
                repository,
                ..candidate.0
            },
        };
        Ok((offer, created))
    }
}

impl OfferedVersion {
    /// From a row of [`COLUMNS`] and the metadata.
    fn read(cells: &mut IntoIter<Value>) -> Result<Self, UnreadableRow> {
        let (offer, created) = Offer::read(cells)?;
        let metadata = next_cell(cells, ("manifest", "metadata"), &|| offer.manifest.text())?;
        Ok(Self {
            offer,
            metadata,
            created,
        })
    }

    /// Whether other things are said of the chart than by another offer.
    pub(crate) fn other_metadata(&self, other: &Self) -> bool {
        self.metadata != other.metadata
    }

    /// Whether another provenance file is given than by another offer, or only by one of them.
    pub(crate) fn other_provenance(&self, other: &Self) -> bool {
        let provenance = |version: &Self| {
            let blob = version.offer.candidate.provenance.as_ref();
            blob.map(|blob| blob.digest.clone())
        };
        provenance(self) != provenance(other)
    }
}

/// The folder of `repository r`, in SQL: what stands before the last slash. `rtrim` takes off all characters that are no slash.
pub(crate) const FOLDER: &str = "rtrim(r.relative, replace(r.relative, '/', ''))";

/// Most unreadable rows that are noted at a time: the rest are met when these are mended.
const NOTED: usize = 200;

impl Store<'_> {
    /// The offers of one file, in no order. Those that cannot be read are left out and noted.
    pub(crate) fn offers_of_file(&self, file: &FileName) -> Result<Vec<Offer>, DatabaseError> {
        let mut offers = Vec::new();
        self.each_typed(
            &format!(
                "SELECT {COLUMNS} FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ? AND m.file = ?"
            ),
            &place_of(file),
            Offer::read,
            &mut |(offer, _)| {
                offers.push(offer);
                ControlFlow::Continue(())
            },
        )?;
        Ok(offers)
    }

    /// The offers of one file with what an index says of them, in no order. Those that cannot be read are left out and noted.
    pub(crate) fn versions_of_file(
        &self,
        file: &FileName,
    ) -> Result<Vec<OfferedVersion>, DatabaseError> {
        let mut versions = Vec::new();
        self.each_typed(
            &format!(
                "SELECT {COLUMNS}, m.metadata FROM manifest m JOIN tag t ON t.manifest = m.digest
                 JOIN repository r ON r.id = t.repository WHERE m.state = 'chart' AND m.shard = ? AND m.file = ?"
            ),
            &place_of(file),
            OfferedVersion::read,
            &mut |version| {
                versions.push(version);
                ControlFlow::Continue(())
            },
        )?;
        Ok(versions)
    }

    /// Hands over the offers of a whole shard, one after the other, in no order. Those that cannot be read are left out and noted.
    pub(crate) fn each_offer_of_shard(
        &self,
        shard: u8,
        visit: &mut dyn FnMut(Offer),
    ) -> Result<(), DatabaseError> {
        self.each_typed(
            &format!(
                "SELECT {COLUMNS} FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ?"
            ),
            &[i64::from(shard).into()],
            Offer::read,
            &mut |(offer, _)| {
                visit(offer);
                ControlFlow::Continue(())
            },
        )
    }

    /// Hands over the versions offered at or below a view's folder until `visit` breaks, in the order of an index: by name,
    /// the newest first. Those of one name and version come one after the other. Whether the scope of the view covers them
    /// is the caller's to judge. Of one chart only, if `name` is given. Those that cannot be read are left out and noted.
    pub(crate) fn each_version(
        &self,
        view: &View,
        name: Option<&str>,
        visit: &mut dyn FnMut(OfferedVersion) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let (below, mut parameters) = range(view);
        // The order of joining is fixed for the root, where it is the order of the index, and for one chart; a space is found
        // from its side.
        let join = if view.below().is_root() || name.is_some() {
            "CROSS JOIN"
        } else {
            "JOIN"
        };
        let named = if name.is_some() { "AND m.name = ?" } else { "" };
        parameters.extend(name.map(Into::into));
        self.each_typed(
            &format!(
                "SELECT {COLUMNS}, m.metadata FROM manifest m {join} tag t ON t.manifest = m.digest
                 {join} repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND {below} {named} ORDER BY m.name, m.version_key DESC"
            ),
            &parameters,
            OfferedVersion::read,
            visit,
        )
    }

    /// Hands over what each row of a query is read as, until `visit` breaks; rows that cannot be read are noted.
    fn each_typed<T>(
        &self,
        sql: &str,
        parameters: &[Value],
        read: fn(&mut IntoIter<Value>) -> Result<T, UnreadableRow>,
        visit: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let mut unreadable = Vec::new();
        self.0.each(
            sql,
            parameters,
            &mut |row| match read(&mut row.0.into_iter()) {
                Ok(value) => visit(value),
                Err(fault) => {
                    unreadable.push(fault);
                    if unreadable.len() < NOTED {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                }
            },
        )?;
        self.note_unreadable(&unreadable)
    }

    /// Hands over the names, relative to the prefix, of the repositories at or below a view's folder that offer a chart,
    /// until `visit` breaks.
    pub(crate) fn each_offering_repository(
        &self,
        view: &View,
        visit: &mut dyn FnMut(&RepositoryPath) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let (below, parameters) = range(view);
        self.0.each(
            &format!(
                "SELECT r.relative FROM repository r WHERE {below} AND EXISTS(
                   SELECT 1 FROM tag t JOIN manifest m ON m.digest = t.manifest
                   WHERE t.repository = r.id AND m.state IN ('chart', 'unreadable'))"
            ),
            &parameters,
            // One that cannot be read lies in no folder; an index is not made without it.
            &mut |row| {
                let path = row.text(0).and_then(|text| text.parse().ok());
                path.map_or(ControlFlow::Continue(()), |path| visit(&path))
            },
        )
    }

    /// File names that are offered with more than one package. Few, in a healthy registry.
    pub(crate) fn contested_packages(&self) -> Result<Vec<FileName>, DatabaseError> {
        self.files_where(
            "SELECT shard, file FROM manifest WHERE state = 'chart' GROUP BY shard, file HAVING min(package) <> max(package)",
            &[],
        )
    }

    /// Those of them that are files of one chart. Only its versions are read.
    pub(crate) fn contested_packages_of(&self, name: &str) -> Result<Vec<FileName>, DatabaseError> {
        self.files_where(
            "SELECT m.shard, m.file FROM (SELECT DISTINCT shard, file FROM manifest WHERE state = 'chart' AND name = ?) s
               CROSS JOIN manifest m ON m.shard = s.shard AND m.file = s.file AND m.state = 'chart'
             GROUP BY m.shard, m.file HAVING min(m.package) <> max(m.package)",
            &[name.into()],
        )
    }

    /// File names that are offered for one index with more than one package, or with one of which different metadata are told or
    /// different provenance files given. Only where a file has several manifests is more read than an index
    /// of the table.
    pub(crate) fn contested(&self, scope: IndexScope) -> Result<Vec<FileName>, DatabaseError> {
        let folder = match scope {
            IndexScope::Subtree => "''",
            IndexScope::Folder => FOLDER,
        };
        self.files_where(&format!(
            "SELECT DISTINCT m.shard, m.file
             FROM (SELECT shard, file FROM manifest WHERE state = 'chart' GROUP BY shard, file HAVING count(*) > 1) s
               CROSS JOIN manifest m ON m.shard = s.shard AND m.file = s.file AND m.state = 'chart'
               CROSS JOIN tag t ON t.manifest = m.digest CROSS JOIN repository r ON r.id = t.repository
             GROUP BY m.shard, m.file, {folder}
             HAVING min(m.package) <> max(m.package) OR min(m.metadata) <> max(m.metadata)
               OR count(DISTINCT CASE WHEN json_valid(m.candidate)
                                 THEN coalesce(json_extract(m.candidate, '$.provenance.digest'), '') ELSE '' END) > 1"
        ), &[])
    }

    /// The file names of a query that gives shards and files. Names that are none are left out: who reads such a row as an offer
    /// notes it.
    fn files_where(&self, sql: &str, parameters: &[Value]) -> Result<Vec<FileName>, DatabaseError> {
        let rows = self.0.query(sql, parameters)?.into_iter();
        let files = rows.filter_map(|row| FileName::from_cell(row.0.into_iter().nth(1)?).ok());
        Ok(files.collect())
    }
}

/// The shard and the name of a file.
fn place_of(file: &FileName) -> [Value; 2] {
    [
        i64::from(shard_of(file.as_str())).into(),
        file.as_str().into(),
    ]
}

/// The condition on `repository r` for what may lie in a view; its scope is judged row by row.
fn range(view: &View) -> (&'static str, Vec<Value>) {
    if view.below().is_root() {
        return ("1 = 1", Vec::new());
    }
    let prefix = format!("{}/", view.below());
    let end = range_end(&prefix);
    (
        "r.relative >= ? AND r.relative < ?",
        vec![prefix.into(), end.into()],
    )
}
