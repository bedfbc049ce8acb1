//! The join of manifests, tags and repositories: which tag serves which file.

use std::ops::ControlFlow;

use crate::catalog::rows::cell::{CellFault, Json};
use crate::catalog::rows::chart_cells::ChartCells;
use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{Cells, KeyPart, TypedRow, UnreadableRow, query_row};
use crate::chart::FileName;
use crate::index::{Candidate, RepositoryPath, Space, View, shard_of};
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

query_row! {
    /// An offer cell by cell, of `manifest m`, `tag t` and `repository r`.
    OfferCells
    of "manifest" {
        digest: Digest = [m.digest],
    }
    of "repository" {
        id: i64 = [r.id],
    }
    of "tag" by id {
        tag: String = [t.name],
    }
    of "manifest" by digest {
        file: FileName = [m.file],
        name: String = [m.name],
        version: String = [m.version],
        version_key: String = [m.version_key],
        package: Digest = [m.package],
        created: Option<String> = [m.created],
        candidate: Json<Candidate> = [m.candidate],
    }
    of "repository" by id {
        relative: RepositoryPath = [r.relative],
        source: String = [r.source],
        repository: String = [r.name],
    }
}

query_row! {
    /// What an index says of `manifest m`; who reads it knows the manifest.
    MetadataCell
    of "manifest" {
        metadata: Result<String, CellFault> = [m.metadata],
    }
}

impl OfferCells {
    /// The offer, if its cells agree, and the time that an index tells.
    fn offer(self) -> Result<(Offer, Option<String>), UnreadableRow> {
        let chart = ChartCells {
            name: &self.name,
            version: &self.version,
            file: &self.file,
            created: self.created.as_deref(),
            version_key: &self.version_key,
        };
        let contradiction = chart.contradiction().or_else(|| {
            (self.package != self.candidate.0.package)
                .then_some(("package", CellFault::Contradiction("the candidate")))
        });
        if let Some((column, why)) = contradiction {
            return Err(of_manifest(&self.digest, column, why));
        }
        let offer = Offer {
            file: self.file,
            name: self.name,
            version: self.version,
            relative: self.relative,
            tag: self.tag,
            manifest: self.digest,
            candidate: Candidate {
                source: self.source,
                repository: self.repository,
                ..self.candidate.0
            },
        };
        Ok((offer, self.created))
    }
}

/// A fault in the row of a manifest.
fn of_manifest(digest: &Digest, column: &'static str, why: CellFault) -> UnreadableRow {
    UnreadableRow {
        table: "manifest",
        key: digest.text(),
        column,
        why,
    }
}

impl TypedRow for Offer {
    fn selected() -> String {
        OfferCells::selected()
    }

    fn read(cells: &mut Cells) -> Result<Self, UnreadableRow> {
        OfferCells::read(cells)?.offer().map(|(offer, _)| offer)
    }
}

impl TypedRow for OfferedVersion {
    fn selected() -> String {
        format!("{}, {}", OfferCells::selected(), MetadataCell::selected())
    }

    fn read(cells: &mut Cells) -> Result<Self, UnreadableRow> {
        let (offer, created) = OfferCells::read(cells)?.offer()?;
        let MetadataCell { metadata } = MetadataCell::read(cells)?;
        let metadata = metadata.map_err(|why| of_manifest(&offer.manifest, "metadata", why))?;
        Ok(Self {
            offer,
            metadata,
            created,
        })
    }
}

impl OfferedVersion {
    /// Whether other things are said of the chart than by another offer.
    pub(crate) fn other_metadata(&self, other: &Self) -> bool {
        self.metadata != other.metadata
    }
}

impl Offer {
    /// Whether another provenance file is given than by another offer, or only by one of them.
    pub(crate) fn other_provenance(&self, other: &Self) -> bool {
        let provenance = |offer: &Self| {
            let blob = offer.candidate.provenance.as_ref();
            blob.map(|blob| blob.digest.clone())
        };
        provenance(self) != provenance(other)
    }
}

query_row! {
    /// A repository that offers a chart.
    OfferingRepository
    of "repository" {
        id: i64 = [r.id],
    }
    of "repository" by id {
        relative: RepositoryPath = [r.relative],
    }
}

/// The folder of `repository r`, in SQL: what stands before the last slash. `rtrim` takes off all characters that are no slash.
pub(crate) const FOLDER: &str = "rtrim(r.relative, replace(r.relative, '/', ''))";

impl Store<'_> {
    /// The offers of one file, in no order. Those that cannot be read are left out and noted.
    pub(crate) fn offers_of_file(&self, file: &FileName) -> Result<Vec<Offer>, DatabaseError> {
        let mut offers = Vec::new();
        self.each_selected(
            "FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ? AND m.file = ?",
            &place_of(file),
            &mut |offer| {
                offers.push(offer);
                ControlFlow::Continue(())
            },
        )?;
        Ok(offers)
    }

    /// What an index says of a manifest that a tag names, canonical JSON; `None` where it is no chart or cannot be read, which is noted.
    pub(crate) fn metadata_of(&self, manifest: &Digest) -> Result<Option<String>, DatabaseError> {
        let mut found = None;
        self.each_selected(
            "FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.digest = ?",
            &[manifest.to_string().into()],
            &mut |version: OfferedVersion| {
                found = Some(version.metadata);
                ControlFlow::Break(())
            },
        )?;
        Ok(found)
    }

    /// Hands over the offers of a whole shard, one after the other, in no order. Those that cannot be read are left out and noted.
    pub(crate) fn each_offer_of_shard(
        &self,
        shard: u8,
        visit: &mut dyn FnMut(Offer),
    ) -> Result<(), DatabaseError> {
        self.each_selected(
            "FROM manifest m JOIN tag t ON t.manifest = m.digest JOIN repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND m.shard = ?",
            &[i64::from(shard).into()],
            &mut |offer| {
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
        self.each_selected(
            &format!(
                "FROM manifest m {join} tag t ON t.manifest = m.digest
                 {join} repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND {below} {named} ORDER BY m.name, m.version_key DESC"
            ),
            &parameters,
            visit,
        )
    }

    /// Hands over the offers of repositories directly in a space, by the name of the chart, the highest version first. Of one chart only, if
    /// `name` is given. Those that cannot be read are left out and noted.
    pub(crate) fn each_offer_in(
        &self,
        space: &Space,
        name: Option<&str>,
        visit: &mut dyn FnMut(Offer) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let (below, mut parameters) = range(&View::Folder(space.clone()));
        // One chart is found by its name, all that is in a space from the side of its repositories.
        let (join, named) = match name {
            Some(_) => ("CROSS JOIN", "AND m.name = ?"),
            None => ("JOIN", ""),
        };
        parameters.push(format!("{space}/").into());
        parameters.extend(name.map(Into::into));
        self.each_selected(
            &format!(
                "FROM manifest m {join} tag t ON t.manifest = m.digest
                 {join} repository r ON r.id = t.repository
                 WHERE m.state = 'chart' AND {below} AND {FOLDER} = ? {named} ORDER BY m.name, m.version_key DESC"
            ),
            &parameters,
            visit,
        )
    }

    /// Hands over the names, relative to the prefix, of the repositories at or below a view's folder that offer a chart,
    /// until `visit` breaks.
    pub(crate) fn each_offering_repository(
        &self,
        view: &View,
        visit: &mut dyn FnMut(&RepositoryPath) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let (below, parameters) = range(view);
        self.each_selected(
            &format!(
                "FROM repository r WHERE {below} AND EXISTS(
                   SELECT 1 FROM tag t JOIN manifest m ON m.digest = t.manifest
                   WHERE t.repository = r.id AND m.state IN ('chart', 'unreadable'))"
            ),
            &parameters,
            // One that cannot be read lies in no folder, and is noted; an index is not made without it.
            &mut |repository: OfferingRepository| visit(&repository.relative),
        )
    }
}

/// The shard and the name of a file.
pub(super) fn place_of(file: &FileName) -> [Value; 2] {
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
