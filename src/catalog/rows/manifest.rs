//! The rows of manifests: what was read of each digest, once and for all.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::catalog::rows::cell::{CellFault, Json, in_cell};
use crate::catalog::rows::chart_cells::ChartCells;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{UnreadableRow, typed_row};
use crate::chart::FileName;
use crate::index::{Blob, Candidate, shard_of};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Timestamp};

/// The version of what reads manifests: rows of an older one are read again by and by. Raise it with every change of
/// `chart` that reads the same bytes otherwise.
pub(crate) const READER: i64 = 2;

/// What is still to be read before a manifest's contents are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "kebab-case")]
pub(crate) enum Plan {
    /// The config blob, which holds the metadata.
    Config {
        /// The config blob.
        config: Blob,
        /// The package blob.
        package: Blob,
        /// The provenance blob.
        provenance: Option<Blob>,
        /// From the manifest's annotation, RFC 3339.
        created: Option<String>,
    },
    /// The package itself: the config blob says nothing.
    Package {
        /// The package blob.
        package: Blob,
        /// The provenance blob.
        provenance: Option<Blob>,
        /// From the manifest's annotation, RFC 3339.
        created: Option<String>,
    },
    /// Both layers of a two-layer chart, which is rebuilt to learn its digest.
    TwoLayers {
        /// The metadata layer.
        meta: Blob,
        /// The content layer.
        content: Blob,
        /// The chart's name, from the annotations.
        name: String,
        /// The chart's version, from the annotations.
        version: String,
        /// From the manifest's annotation, RFC 3339.
        created: Option<String>,
    },
    /// The manifests of an image index, until one of them is a chart.
    Children {
        /// Those not read yet.
        children: Vec<Digest>,
    },
}

/// What a manifest turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Contents {
    /// A chart.
    Chart(Box<Chart>),
    /// Not a chart, or one that cannot be served, and why.
    Skipped(String),
}

/// A chart version, as its manifest, config and package tell it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// The chart's name.
    pub(crate) name: String,
    /// Its version, as written.
    pub(crate) version: String,
    /// Text whose byte order is semver's.
    pub(crate) version_key: String,
    /// The package's file name.
    pub(crate) file: FileName,
    /// How its bytes are had; source and repository are filled in where a tag is known.
    pub(crate) candidate: Candidate,
    /// RFC 3339.
    pub(crate) created: Option<String>,
    /// Canonical metadata, JSON.
    pub(crate) metadata: String,
}

/// What a manifest's row says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ManifestState {
    /// It was never read to its end: its plan says what is still to be read.
    New,
    /// A chart.
    Chart,
    /// Not a chart, or one that cannot be served.
    Skipped,
    /// What it was cannot be read any more: it is read again from the registry, and until then no document is put that
    /// would lack it.
    Unreadable,
}

in_cell!(ManifestState as str { New = "new", Chart = "chart", Skipped = "skipped", Unreadable = "unreadable" });

typed_row! {
    /// A manifest's row.
    ManifestRow of "manifest"
    key {
        /// Its digest.
        digest: Digest,
    }
    columns {
        /// What it turned out to be.
        state: ManifestState,
        /// The version of what read it.
        reader: i64,
        /// What is still to be read.
        plan: Option<Json<Plan>>,
        /// Failures in a row.
        attempts: i64,
        /// Why it is skipped.
        reason: Option<String>,
        /// The chart's name.
        name: Option<String>,
        /// Its version.
        version: Option<String>,
        /// Text whose byte order is semver's.
        version_key: Option<String>,
        /// The package's file name.
        file: Option<FileName>,
        /// The shard of the file table that it stands in.
        shard: Option<u8>,
        /// The package's digest.
        package: Option<Digest>,
        /// How its bytes are had.
        candidate: Option<Json<Candidate>>,
        /// RFC 3339.
        created: Option<String>,
        /// Canonical metadata.
        metadata: Option<Json<Map<String, serde_json::Value>>>,
    }
    checked {
        error: Option<String>,
        retry_at: Option<Timestamp>,
    }
}

typed_row! {
    /// A manifest of which something is to be read.
    PendingManifest of "manifest"
    key {
        /// Its digest.
        digest: Digest,
    }
    columns {
        /// What is to be read.
        plan: Json<Plan>,
        /// Failures in a row.
        attempts: i64,
    }
    checked {
        retry_at: Option<Timestamp>,
    }
}

/// A manifest as the sync sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// Whether it was ever read to its end: then what was found then serves while it is read anew.
    pub(crate) read: bool,
    /// Whether something of it is still to be read.
    pub(crate) pending: bool,
    /// Whether an older reader read it, or its row cannot be read any more.
    pub(crate) outdated: bool,
    /// Failures in a row.
    pub(crate) attempts: i64,
    /// Its file name, if it is a chart.
    pub(crate) file: Option<FileName>,
}

impl ManifestRow {
    /// What is wrong with cells of a chart that each can be read, but not together.
    fn contradiction(&self) -> Option<(&'static str, CellFault)> {
        match self.state {
            ManifestState::Chart => {}
            ManifestState::Skipped if self.reason.is_none() => {
                return Some(("reason", CellFault::Empty));
            }
            ManifestState::New if self.plan.is_none() => return Some(("plan", CellFault::Empty)),
            ManifestState::New | ManifestState::Skipped | ManifestState::Unreadable => return None,
        }
        let (Some(name), Some(version), Some(file)) = (&self.name, &self.version, &self.file)
        else {
            return Some(("file", CellFault::Contradiction("the state of a chart")));
        };
        let (Some(Json(candidate)), Some(Json(metadata))) = (&self.candidate, &self.metadata)
        else {
            return Some((
                "candidate",
                CellFault::Contradiction("the state of a chart"),
            ));
        };
        let chart = ChartCells {
            name,
            version,
            file,
            created: self.created.as_deref(),
            version_key: self.version_key.as_deref().unwrap_or_default(),
        };
        if self.shard != Some(shard_of(file.as_str())) {
            return Some(("shard", CellFault::Contradiction("the file name")));
        }
        if self.package.as_ref() != Some(&candidate.package) {
            return Some(("package", CellFault::Contradiction("the candidate")));
        }
        chart.contradiction().or_else(|| {
            (!chart.fits(metadata)).then_some(("metadata", CellFault::Contradiction("the chart")))
        })
    }
}

impl Store<'_> {
    /// The whole row of a digest, each cell of it read. A row that cannot be read is noted, and read again from the registry.
    fn manifest_row(&self, digest: &Digest) -> Result<Option<ManifestRow>, DatabaseError> {
        let place = "WHERE digest = ?";
        let key = [digest.to_string().into()];
        let row: Option<ManifestRow> = self.row(place, &key)?;
        let Some((column, why)) = row.as_ref().and_then(ManifestRow::contradiction) else {
            return Ok(row);
        };
        self.note_unreadable(&[UnreadableRow {
            table: "manifest",
            key: digest.to_string(),
            column,
            why,
        }])?;
        self.row(place, &key)
    }

    /// What is known of a digest.
    pub(crate) fn manifest(&self, digest: &Digest) -> Result<Option<Known>, DatabaseError> {
        Ok(self.manifest_row(digest)?.map(|row| Known {
            read: matches!(row.state, ManifestState::Chart | ManifestState::Skipped),
            pending: row.plan.is_some(),
            outdated: row.reader < READER || row.state == ManifestState::Unreadable,
            attempts: row.attempts,
            file: row.file,
        }))
    }

    /// Notes what is still to be read of a manifest; what was found of it before stays.
    pub(crate) fn plan_manifest(&self, digest: &Digest, plan: &Plan) -> Result<(), DatabaseError> {
        let text = serde_json::to_string(plan).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO manifest(digest, reader, state, plan) VALUES(?1, ?2, 'new', ?3)
             ON CONFLICT(digest) DO UPDATE SET plan = excluded.plan, error = NULL, attempts = 0, retry_at = NULL",
            &[digest.to_string().into(), READER.into(), text.into()],
        )?;
        Ok(())
    }

    /// Notes what a manifest turned out to be.
    pub(crate) fn settle_manifest(
        &self,
        digest: &Digest,
        contents: &Contents,
    ) -> Result<(), DatabaseError> {
        match contents {
            Contents::Skipped(reason) => self.0.execute(
                "INSERT INTO manifest(digest, reader, state, reason) VALUES(?1, ?2, 'skipped', ?3)
                 ON CONFLICT(digest) DO UPDATE SET reader = excluded.reader, state = 'skipped', reason = excluded.reason,
                   plan = NULL, error = NULL, attempts = 0, retry_at = NULL, name = NULL, version = NULL, version_key = NULL,
                   file = NULL, shard = NULL, package = NULL, candidate = NULL, created = NULL, metadata = NULL",
                &[digest.to_string().into(), READER.into(), reason.as_str().into()],
            )?,
            Contents::Chart(chart) => {
                let candidate = serde_json::to_string(&chart.candidate).map_err(|error| DatabaseError(error.to_string()))?;
                self.0.execute(
                    "INSERT INTO manifest(digest, reader, state, name, version, version_key, file, shard, package, candidate, created, metadata)
                     VALUES(?1, ?2, 'chart', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                     ON CONFLICT(digest) DO UPDATE SET reader = excluded.reader, state = 'chart', reason = NULL, plan = NULL,
                       error = NULL, attempts = 0, retry_at = NULL, name = excluded.name, version = excluded.version,
                       version_key = excluded.version_key, file = excluded.file, shard = excluded.shard,
                       package = excluded.package, candidate = excluded.candidate, created = excluded.created, metadata = excluded.metadata",
                    &[
                        digest.to_string().into(),
                        READER.into(),
                        chart.name.as_str().into(),
                        chart.version.as_str().into(),
                        chart.version_key.as_str().into(),
                        chart.file.as_str().into(),
                        i64::from(shard_of(chart.file.as_str())).into(),
                        chart.candidate.package.to_string().into(),
                        candidate.into(),
                        chart.created.as_deref().into(),
                        chart.metadata.as_str().into(),
                    ],
                )?
            }
        };
        Ok(())
    }

    /// Notes that a part of a manifest could not be read.
    pub(crate) fn manifest_failed(
        &self,
        digest: &Digest,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE manifest SET error = ?2, attempts = attempts + 1, retry_at = ?3 WHERE digest = ?1",
            &[digest.to_string().into(), error.into(), retry_at.into()],
        )?;
        Ok(())
    }

    /// Notes that a part of a manifest, if it is still to be read, is not to be asked for before `retry_at`.
    pub(crate) fn manifest_waits(
        &self,
        digest: &Digest,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE manifest SET error = ?2, retry_at = ?3 WHERE digest = ?1 AND plan IS NOT NULL",
            &[digest.to_string().into(), error.into(), retry_at.into()],
        )?;
        Ok(())
    }

    /// The file name and the way to the bytes of a manifest that is a chart.
    pub(crate) fn chart_file(
        &self,
        digest: &Digest,
    ) -> Result<Option<(FileName, Candidate)>, DatabaseError> {
        let row = self.manifest_row(digest)?;
        Ok(row
            .filter(|row| row.state == ManifestState::Chart)
            .and_then(|row| Some((row.file?, row.candidate?.0))))
    }

    /// Takes a manifest's row away if no tag names it any more.
    pub(crate) fn drop_orphan(&self, digest: &Digest) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM manifest WHERE digest = ?1 AND NOT EXISTS(SELECT 1 FROM tag WHERE manifest = ?1)
               AND NOT EXISTS(SELECT 1 FROM tag WHERE next = ?1)",
            &[digest.to_string().into()],
        )?;
        Ok(())
    }

    /// Takes the rows of all manifests away that no tag names any more.
    pub(crate) fn drop_orphans(&self) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM manifest WHERE NOT EXISTS(SELECT 1 FROM tag WHERE tag.manifest = manifest.digest)
               AND NOT EXISTS(SELECT 1 FROM tag WHERE tag.next = manifest.digest)",
            &[],
        )?;
        Ok(())
    }

    /// Whether any manifest was read to its end.
    pub(crate) fn any_manifest_read(&self) -> Result<bool, DatabaseError> {
        self.any("SELECT 1 FROM manifest WHERE state <> 'new' LIMIT 1", &[])
    }
}
