//! Contests: a file that is offered with different packages, or one package of which different things are said.

use std::collections::BTreeSet;

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::offer::{FOLDER, place_of};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{UnreadableRow, query_row};
use crate::chart::FileName;
use crate::config::IndexScope;
use crate::index::shard_of;
use crate::oci::Digest;
use crate::platform::{DatabaseError, Value};

query_row! {
    /// A file that several manifests offer, with one of these: by its row's number, which the index of files has.
    ContestedFile
    of "manifest" {
        row: i64 = ["min(m.rowid)"],
        file: Result<FileName, CellFault> = [m.file],
    }
}

query_row! {
    /// Which manifest a row is of.
    DigestCell
    of "manifest" {
        digest: String = [m.digest],
    }
}

impl Store<'_> {
    /// File names that are offered with more than one package. Few, in a healthy registry.
    pub(crate) fn contested_packages(&self) -> Result<Vec<FileName>, DatabaseError> {
        self.files_where(
            "FROM manifest m WHERE state = 'chart' GROUP BY shard, file HAVING min(package) <> max(package)",
            &[],
        )
    }

    /// Those of them that are files of one chart. Only its versions are read.
    pub(crate) fn contested_packages_of(&self, name: &str) -> Result<Vec<FileName>, DatabaseError> {
        self.files_where(
            "FROM (SELECT DISTINCT shard, file FROM manifest WHERE state = 'chart' AND name = ?) s
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
            "FROM (SELECT shard, file FROM manifest WHERE state = 'chart' GROUP BY shard, file HAVING count(*) > 1) s
               CROSS JOIN manifest m ON m.shard = s.shard AND m.file = s.file AND m.state = 'chart'
               CROSS JOIN tag t ON t.manifest = m.digest CROSS JOIN repository r ON r.id = t.repository
             GROUP BY m.shard, m.file, {folder}
             HAVING min(m.package) <> max(m.package) OR min(m.metadata) <> max(m.metadata)
               OR count(DISTINCT CASE WHEN json_valid(m.candidate)
                                 THEN coalesce(json_extract(m.candidate, '$.provenance.digest'), '') ELSE '' END) > 1"
        ), &[])
    }

    /// The file names of manifests, each once.
    fn files_where(
        &self,
        from: &str,
        parameters: &[Value],
    ) -> Result<Vec<FileName>, DatabaseError> {
        let rows: Vec<ContestedFile> = self.select(from, parameters)?;
        // A file may be contested in several folders; it is told once.
        let mut files = Vec::new();
        let mut unreadable = Vec::new();
        for row in rows {
            match row.file {
                Ok(file) => files.push(file),
                Err(why) => {
                    let of: Vec<DigestCell> =
                        self.select("FROM manifest m WHERE rowid = ?", &[row.row.into()])?;
                    unreadable.extend(of.into_iter().map(|of| UnreadableRow {
                        table: "manifest",
                        key: of.digest,
                        column: "file",
                        why: why.clone(),
                    }));
                }
            }
        }
        self.note_unreadable(&unreadable)?;
        files.sort_by_cached_key(|file| (shard_of(file.as_str()), file.clone()));
        files.dedup();
        Ok(files)
    }

    /// The digests of a file's manifests with the same package as this one, of which other things are said. Nothing of what is said is
    /// read.
    pub(crate) fn other_metadata(
        &self,
        file: &FileName,
        manifest: &Digest,
    ) -> Result<BTreeSet<String>, DatabaseError> {
        let [shard, name] = place_of(file);
        let digests: Vec<DigestCell> = self.select(
            "FROM manifest f JOIN manifest m ON m.shard = ?1 AND m.file = ?2 AND m.package = f.package
             WHERE f.digest = ?3 AND m.state = 'chart' AND m.metadata <> f.metadata",
            &[shard, name, manifest.to_string().into()],
        )?;
        Ok(digests.into_iter().map(|of| of.digest).collect())
    }
}
