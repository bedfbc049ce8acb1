//! Packages that no tag serves any more: clients keep indexes for days, so links to them hold on for a while.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::rows::cell::{CellFault, Json};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{
    TableRow as _, UnreadableRow, key_text, query_row, typed_row,
};
use crate::chart::FileName;
use crate::index::{Candidate, Key, Shard, shard_of};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Timestamp};

/// How long a superseded package stays reachable by its digest, as long as the registry has it.
pub(crate) const KEPT: Duration = Duration::from_hours(720);

/// How many packages that one tag served are kept, the newest: a tag that is overwritten every five minutes would leave 8,640
/// of them otherwise. Clients that hold an index for hours find theirs among ten.
const KEPT_OF_A_TAG: i64 = 10;

typed_row! {
    /// A superseded package.
    Superseded of "superseded"
    key {
        /// The shard of the file table that it stands in.
        shard: i64,
        /// Its file name.
        file: FileName,
        /// Id of its source.
        source: String,
        /// Full name of its repository.
        repository: String,
        /// Its digest.
        package: Digest,
    }
    columns {
        /// How its bytes are had; what cannot be read is restored (`restore_superseded`).
        candidate: Result<Json<Candidate>, CellFault>,
    }
    checked {
        until: Timestamp,
        tag: Option<String>,
    }
}

typed_row! {
    /// Until when a superseded package is kept.
    KeptUntil of "superseded"
    key {
        /// The shard that it stands in.
        shard: u8,
    }
    columns {
        /// Until then.
        until: Timestamp,
    }
    checked {}
}

query_row! {
    /// The file of a superseded package.
    SupersededFile
    of "superseded" {
        /// Its name; what cannot be read is judged where it is wanted.
        file: Result<FileName, CellFault> = [s.file],
    }
}

/// What a shard is none: the condition on a row.
const SHARDLESS: &str = "(typeof(shard) <> 'integer' OR shard NOT BETWEEN 0 AND 255)";

/// Packages whose shard is none, found by the index: text and bytes sort after every number.
const OUT_OF_RANGE: &str = "FROM superseded s WHERE s.shard < 0 OR s.shard > 255";

/// Those with a fraction between two shards.
const BETWEEN_SHARDS: &str =
    "FROM (WITH RECURSIVE n(shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM n WHERE shard < 254) SELECT shard FROM n) n
     CROSS JOIN superseded s WHERE s.shard > n.shard AND s.shard < n.shard + 1";

impl Superseded {
    /// What a note of it is called.
    fn key(&self) -> String {
        let Self {
            shard,
            file,
            source,
            repository,
            package,
            ..
        } = self;
        key_text(&[shard, file, source, repository, package])
    }
}

impl Store<'_> {
    /// Keeps a candidate that `tag` no longer serves under `file`, and lets go of the oldest of that tag beyond
    /// [`KEPT_OF_A_TAG`]. Gives the shards that what is let go of stood in.
    pub(crate) fn supersede(
        &self,
        file: &FileName,
        candidate: &Candidate,
        tag: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, DatabaseError> {
        self.keep_superseded(file, candidate, Some(tag), now.after(KEPT))?;
        let of_tag = [
            candidate.source.as_str().into(),
            candidate.repository.as_str().into(),
            tag.into(),
            KEPT_OF_A_TAG.into(),
        ];
        let rows: Vec<KeptUntil> = self.rows(
            "WHERE source = ?1 AND repository = ?2 AND tag = ?3 ORDER BY until DESC LIMIT -1 OFFSET ?4",
            &of_tag,
        )?;
        // Usually nothing is too old, and a query is no write.
        let Some(newest) = rows.first().map(|row| row.until) else {
            return Ok(Vec::new());
        };
        let [source, repository, tag, _] = of_tag;
        self.0.execute(
            "DELETE FROM superseded WHERE source = ?1 AND repository = ?2 AND tag = ?3 AND until <= ?4",
            &[source, repository, tag, newest.into()],
        )?;
        Ok(rows.into_iter().map(|row| row.shard).collect())
    }

    pub(super) fn keep_superseded(
        &self,
        file: &FileName,
        candidate: &Candidate,
        tag: Option<&str>,
        until: Timestamp,
    ) -> Result<(), DatabaseError> {
        let candidate = Candidate {
            until: Some(until),
            ..candidate.clone()
        };
        let text =
            serde_json::to_string(&candidate).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO superseded(shard, file, source, repository, package, candidate, until, tag) VALUES(?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT(shard, file, source, repository, package) DO UPDATE SET candidate = excluded.candidate, until = excluded.until,
               tag = excluded.tag",
            &[
                i64::from(shard_of(file.as_str())).into(),
                file.as_str().into(),
                candidate.source.as_str().into(),
                candidate.repository.as_str().into(),
                candidate.package.to_string().into(),
                text.into(),
                until.into(),
                tag.into(),
            ],
        )?;
        Ok(())
    }

    /// The kept candidates of a shard, or of one file of it, by file name and then in a fixed order.
    pub(crate) fn superseded(
        &self,
        shard: u8,
        file: Option<&FileName>,
    ) -> Result<Vec<(FileName, Candidate)>, DatabaseError> {
        self.note_shardless(OUT_OF_RANGE)?;
        if file.is_none() {
            // Not for one file, which anybody may ask for: it takes a look at each shard.
            self.note_shardless(BETWEEN_SHARDS)?;
        }
        let rows: Vec<Superseded> = self.rows(
            "WHERE shard = ?1 AND (?2 IS NULL OR file = ?2) ORDER BY file, source, repository, package",
            &[i64::from(shard).into(), file.map(FileName::as_str).into()],
        )?;
        let mut kept = Vec::new();
        let mut unreadable = Vec::new();
        for row in rows {
            match row.candidate {
                Ok(Json(candidate)) => kept.push((row.file, candidate)),
                Err(ref why) => unreadable.push(UnreadableRow {
                    table: Superseded::TABLE,
                    key: row.key(),
                    column: "candidate",
                    why: why.clone(),
                }),
            }
        }
        self.note_unreadable(&unreadable)?;
        Ok(kept)
    }

    /// Notes superseded packages that no query of a shard meets. Costs no row where there is none.
    fn note_shardless(&self, from: &str) -> Result<(), DatabaseError> {
        let rows: Vec<SupersededFile> = self.select(from, &[])?;
        let lost = |row: SupersededFile| UnreadableRow {
            table: Superseded::TABLE,
            key: row.file.map(|file| file.to_string()).unwrap_or_default(),
            column: "shard",
            why: CellFault::Text("none that may be".to_owned()),
        };
        let lost: Vec<UnreadableRow> = rows.into_iter().map(lost).collect();
        self.note_unreadable(&lost)
    }

    /// Gives superseded packages whose shard is none the one that their file tells, which is made anew; without a file, nobody
    /// finds them by a link.
    pub(super) fn restore_shards(&self) -> Result<(), DatabaseError> {
        let rows: Vec<SupersededFile> =
            self.select(&format!("FROM superseded s WHERE {SHARDLESS}"), &[])?;
        for file in rows.into_iter().filter_map(|row| row.file.ok()) {
            let shard = shard_of(file.as_str());
            self.0.execute(
                &format!(
                    "UPDATE OR IGNORE superseded SET shard = ?1 WHERE file = ?2 AND {SHARDLESS}"
                ),
                &[i64::from(shard).into(), file.as_str().into()],
            )?;
            self.mark_document(&Key::Files(shard))?;
        }
        self.0
            .execute(&format!("DELETE FROM superseded WHERE {SHARDLESS}"), &[])?;
        Ok(())
    }

    /// Whether a superseded package of a shard cannot be read.
    pub(crate) fn any_superseded_unreadable(&self, shard: u8) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM unreadable WHERE place = 'superseded' AND shard = ? AND blocks > 0 LIMIT 1",
            &[i64::from(shard).into()],
        )
    }

    /// Restores the superseded packages of a shard that cannot be read from the shard as it was published; what that does
    /// not have either is gone.
    pub(crate) fn restore_superseded(
        &self,
        shard: u8,
        published: &Shard,
    ) -> Result<(), DatabaseError> {
        let rows: Vec<Superseded> = self.rows("WHERE shard = ?", &[i64::from(shard).into()])?;
        for key in rows.into_iter().filter(|row| row.candidate.is_err()) {
            let place =
                "shard = ?1 AND file = ?2 AND source = ?3 AND repository = ?4 AND package = ?5";
            let values = [
                key.shard.into(),
                key.file.as_str().into(),
                key.source.as_str().into(),
                key.repository.as_str().into(),
                key.package.to_string().into(),
            ];
            self.0
                .execute(&format!("DELETE FROM superseded WHERE {place}"), &values)?;
            let known = published.find(key.file.as_str()).iter().find(|known| {
                known.package == key.package
                    && known.source == key.source
                    && known.repository == key.repository
            });
            if let Some(known) = known {
                self.keep_superseded(&key.file, known, None, known.until.unwrap_or_default())?;
            }
        }
        self.0.execute(
            "UPDATE unreadable SET blocks = 0 WHERE place = 'superseded' AND shard = ?",
            &[i64::from(shard).into()],
        )?;
        Ok(())
    }

    /// Takes away what was kept long enough; gives the shards it stood in.
    pub(crate) fn expire_superseded(&self, now: Timestamp) -> Result<Vec<u8>, DatabaseError> {
        let rows: Vec<KeptUntil> = self.rows(
            "WHERE until <= ? OR typeof(until) <> 'integer'",
            &[now.into()],
        )?;
        // What could not be read was given a time, which may have come as well.
        if !rows.is_empty() {
            self.0
                .execute("DELETE FROM superseded WHERE until <= ?", &[now.into()])?;
        }
        let shards: BTreeSet<u8> = rows
            .into_iter()
            .filter(|row| row.until <= now)
            .map(|row| row.shard)
            .collect();
        Ok(shards.into_iter().collect())
    }

    /// Takes away what was kept of a source.
    pub(crate) fn forget_superseded_of(&self, source: &str) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM superseded WHERE source = ?", &[source.into()])?;
        Ok(())
    }

    /// Takes away what was kept of a repository that is no longer configured.
    pub(crate) fn forget_superseded(
        &self,
        source: &str,
        repository: &str,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM superseded WHERE source = ? AND repository = ?",
            &[source.into(), repository.into()],
        )?;
        Ok(())
    }
}
