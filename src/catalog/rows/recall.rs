//! What the documents of another Worker tell, where tables were made anew: its repositories, what each of them offered, and
//! what links of clients still lead to. It counts as read until the registry has been read again.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::manifest::{Chart, Contents};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::Due;
use crate::chart::FileName;
use crate::index::{Candidate, Space, View, shard_of};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Timestamp};

/// Repositories read at a time.
const PAGE: i64 = 500;

/// How far the documents of another Worker were gone through.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Recall {
    /// Whether they are still to be gone through.
    pub(crate) wanted: bool,
    /// The next shard; after the last one come the root's index and, as far as that does not tell all, those of other folders.
    pub(crate) next: u16,
    /// The folder whose index came last.
    pub(crate) folder: Space,
    /// Whether an index has what the rows do not know.
    pub(crate) has_more: bool,
    /// Until when packages are kept that were current there. All have the same time, which tells them from others.
    pub(crate) until: Timestamp,
    /// How often in a row KV did not answer.
    pub(crate) failures: u32,
    /// Not before this.
    pub(crate) retry_at: Timestamp,
    /// Whether the rows have every file that was current, so that an index of them lacks nothing.
    pub(crate) all_files: bool,
    /// Whether they have every offer of each, too.
    pub(crate) all_offers: bool,
}

/// How much was current, or was found in indexes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecalledCounts {
    /// Files.
    pub(crate) files: u64,
    /// Offers of them.
    pub(crate) offers: u64,
}

impl Recall {
    /// How many shards there are.
    pub(crate) const SHARDS: u16 = 256;

    /// Whether all documents were gone through.
    pub(crate) fn is_done(&self) -> bool {
        self.next > Self::SHARDS
    }
}

impl Store<'_> {
    /// Keeps what another Worker's shard says of an offer: one of its current ones until `until`.
    pub(crate) fn recall_offer(
        &self,
        file: &FileName,
        candidate: &Candidate,
        until: Timestamp,
    ) -> Result<(), DatabaseError> {
        let until = candidate.until.unwrap_or(until);
        self.keep_superseded(file, candidate, None, until)
    }

    /// The offers of a file that were current there.
    pub(crate) fn recalled_offers(
        &self,
        file: &FileName,
        until: Timestamp,
    ) -> Result<Vec<Candidate>, DatabaseError> {
        let kept = self.superseded(shard_of(file.as_str()), Some(file))?;
        let candidates = kept.into_iter().map(|(_, candidate)| candidate);
        Ok(candidates
            .filter(|candidate| candidate.until == Some(until))
            .collect())
    }

    /// How many files and offers were current there.
    pub(crate) fn count_recalled(&self, until: Timestamp) -> Result<RecalledCounts, DatabaseError> {
        let count = |from: &str| self.count_of(from, &[until.into()]);
        Ok(RecalledCounts {
            files: count("FROM (SELECT DISTINCT file FROM superseded WHERE until = ?)")?,
            offers: count("FROM superseded WHERE until = ?")?,
        })
    }

    /// How much of that tags serve, as indexes told it.
    pub(crate) fn count_recalled_versions(&self) -> Result<RecalledCounts, DatabaseError> {
        let served = "FROM tag t JOIN manifest m ON m.digest = t.manifest WHERE m.reader = 0 AND m.state = 'chart'";
        Ok(RecalledCounts {
            files: self.count_of(&format!("FROM (SELECT DISTINCT m.file {served})"), &[])?,
            offers: self.count_of(served, &[])?,
        })
    }

    /// The first folder after `folder`, in byte order, that a repository lies in or below.
    pub(crate) fn folder_after(&self, folder: &Space) -> Result<Option<Space>, DatabaseError> {
        let mut first: Option<Space> = None;
        let mut after = 0;
        loop {
            let page = self.all_repositories_after(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(first);
            };
            after = last.id;
            for view in page
                .iter()
                .flat_map(|known| View::folders_of(&known.relative))
            {
                let space = view.below().clone();
                let is_after = space.as_str() > folder.as_str();
                if is_after
                    && first
                        .as_ref()
                        .is_none_or(|first| space.as_str() < first.as_str())
                {
                    first = Some(space);
                }
            }
        }
    }

    /// Notes that a repository was listed by another Worker: what its registry does not name is asked for, and not forgotten.
    pub(crate) fn recall_repository(&self, id: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET listed = 1 WHERE id = ? AND listed = 0",
            &[id.into()],
        )?;
        Ok(())
    }

    /// Has a tag serve what another Worker's documents say of a version, until it is read again.
    pub(crate) fn recall_version(
        &self,
        repository: i64,
        tag: &str,
        due: Due,
        chart: Chart,
    ) -> Result<(), DatabaseError> {
        let candidate = &chart.candidate;
        // Nobody knows what manifest it was.
        let text = serde_json::json!([
            "recalled",
            repository,
            tag,
            chart.file.as_str(),
            candidate.package.hex()
        ]);
        let digest = Digest::sha256_of(text.to_string().as_bytes());
        self.add_tags(repository, &[(tag, false)], due)?;
        let known = self.tag(repository, tag)?;
        if known.is_none_or(|known| known.manifest.is_some()) {
            return Ok(());
        }
        self.settle_manifest(&digest, &Contents::Chart(Box::new(chart)))?;
        self.0.execute(
            "UPDATE manifest SET reader = 0 WHERE digest = ?",
            &[digest.to_string().into()],
        )?;
        self.0.execute(
            "UPDATE tag SET manifest = ?3 WHERE repository = ?1 AND name = ?2",
            &[repository.into(), tag.into(), digest.to_string().into()],
        )?;
        Ok(())
    }
}
