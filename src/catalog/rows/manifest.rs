//! The rows of manifests: what was read of each digest, once and for all.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::store::Store;
use crate::chart::FileName;
use crate::index::{Blob, Candidate, shard_of};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Row, Timestamp};

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

/// A manifest as the sync sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// Whether it was ever read to its end: then what was found then serves while it is read anew.
    pub(crate) read: bool,
    /// Whether something of it is still to be read.
    pub(crate) pending: bool,
    /// Whether an older reader read it.
    pub(crate) outdated: bool,
    /// Failures in a row.
    pub(crate) attempts: i64,
    /// Its file name, if it is a chart.
    pub(crate) file: Option<String>,
}

impl Store<'_> {
    /// What is known of a digest.
    pub(crate) fn manifest(&self, digest: &str) -> Result<Option<Known>, DatabaseError> {
        let row = self.0.first(
            "SELECT state, plan IS NOT NULL, reader, attempts, file FROM manifest WHERE digest = ?",
            &[digest.into()],
        )?;
        Ok(row.and_then(|row| {
            Some(Known {
                read: row.text(0)? != "new",
                pending: row.integer(1)? != 0,
                outdated: row.integer(2)? < READER,
                attempts: row.integer(3)?,
                file: row.text(4).map(str::to_owned),
            })
        }))
    }

    /// Manifests of which something is to be read now, with a repository that has them.
    pub(crate) fn pending_manifests(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(String, Plan)>, DatabaseError> {
        let rows = self.0.query(
            "SELECT digest, plan FROM manifest WHERE plan IS NOT NULL AND (retry_at IS NULL OR retry_at <= ?) ORDER BY digest LIMIT ?",
            &[now.into(), limit.into()],
        )?;
        let plan = |row: &Row| {
            Some((
                row.text(0)?.to_owned(),
                serde_json::from_str(row.text(1)?).ok()?,
            ))
        };
        Ok(rows.iter().filter_map(plan).collect())
    }

    /// Notes what is still to be read of a manifest; what was found of it before stays.
    pub(crate) fn plan_manifest(&self, digest: &str, plan: &Plan) -> Result<(), DatabaseError> {
        let text = serde_json::to_string(plan).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO manifest(digest, reader, state, plan) VALUES(?1, ?2, 'new', ?3)
             ON CONFLICT(digest) DO UPDATE SET plan = excluded.plan, error = NULL, attempts = 0, retry_at = NULL",
            &[digest.into(), READER.into(), text.into()],
        )?;
        Ok(())
    }

    /// Notes what a manifest turned out to be.
    pub(crate) fn settle_manifest(
        &self,
        digest: &str,
        contents: &Contents,
    ) -> Result<(), DatabaseError> {
        match contents {
            Contents::Skipped(reason) => self.0.execute(
                "INSERT INTO manifest(digest, reader, state, reason) VALUES(?1, ?2, 'skipped', ?3)
                 ON CONFLICT(digest) DO UPDATE SET reader = excluded.reader, state = 'skipped', reason = excluded.reason,
                   plan = NULL, error = NULL, attempts = 0, retry_at = NULL, name = NULL, version = NULL, version_key = NULL,
                   file = NULL, shard = NULL, package = NULL, candidate = NULL, created = NULL, metadata = NULL",
                &[digest.into(), READER.into(), reason.as_str().into()],
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
                        digest.into(),
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
        digest: &str,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE manifest SET error = ?2, attempts = attempts + 1, retry_at = ?3 WHERE digest = ?1",
            &[digest.into(), error.into(), retry_at.into()],
        )?;
        Ok(())
    }

    /// The file name and the way to the bytes of a manifest that is a chart.
    pub(crate) fn chart_file(
        &self,
        digest: &str,
    ) -> Result<Option<(String, Candidate)>, DatabaseError> {
        let row = self.0.first(
            "SELECT file, candidate FROM manifest WHERE digest = ? AND state = 'chart'",
            &[digest.into()],
        )?;
        Ok(row.and_then(|row| {
            Some((
                row.text(0)?.to_owned(),
                serde_json::from_str(row.text(1)?).ok()?,
            ))
        }))
    }

    /// Takes a manifest's row away if no tag names it any more.
    pub(crate) fn drop_orphan(&self, digest: &str) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM manifest WHERE digest = ?1 AND NOT EXISTS(SELECT 1 FROM tag WHERE manifest = ?1)
               AND NOT EXISTS(SELECT 1 FROM tag WHERE next = ?1)",
            &[digest.into()],
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
        let row = self
            .0
            .first("SELECT 1 FROM manifest WHERE state <> 'new' LIMIT 1", &[])?;
        Ok(row.is_some())
    }
}
