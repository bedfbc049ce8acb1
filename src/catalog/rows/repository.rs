//! The rows of repositories.

use std::collections::BTreeMap;

use crate::catalog::rows::cell::Json;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{query_row, typed_row};
use crate::index::RepositoryPath;
use crate::platform::{DatabaseError, Timestamp};

typed_row! {
    /// A repository as the sync sees it.
    Repository of "repository"
    key {
        /// Row id.
        id: i64,
    }
    columns {
        /// Id of its source.
        source: String,
        /// Full name, as the registry knows it.
        name: String,
        /// Name below the source's prefix.
        relative: RepositoryPath,
        /// Whether its tag list was ever read.
        listed: bool,
        /// Validator of its tag list, where the registry gives one.
        etag: Option<String>,
        /// Hash of the tag list as taken over.
        hash: Option<String>,
        /// The last call for it that wants all its tags confirmed once it is listed; 0 for none.
        recheck: i64,
        /// Why its list could not be read the last time.
        error: Option<String>,
        /// How often in a row.
        attempts: i64,
        /// Since when it is denied.
        denied_since: Option<Timestamp>,
        /// Since when the registry says that it has no such repository, without another answer between.
        missing_since: Option<Timestamp>,
        /// Whether an operator said that its charts may go if it is still denied or missing when it is asked for.
        confirmed: bool,
        /// How often it was called for.
        called: i64,
        /// The first of the passes in a row whose complete enumerations did not name it.
        unseen: Option<i64>,
    }
    checked {
        due: bool,
        retry_at: Option<Timestamp>,
        passed_over: Option<Json<BTreeMap<String, u64>>>,
    }
}

/// Since when a registry does not give a repository, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Absence {
    /// It denies it.
    pub(crate) denied_since: Option<Timestamp>,
    /// It says that it has no such repository.
    pub(crate) missing_since: Option<Timestamp>,
}

/// The end of the range of texts that begin with `prefix`: the range is `>= prefix` and `< this`. Prefixes are searched
/// by range because LIKE is bounded to 50 bytes in a Durable Object.
pub(crate) fn range_end(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    // A prefix here ends with `/` or a character of a repository name: ASCII below DEL, whose successor is one byte too.
    if let Some(last) = end.pop() {
        end.push(char::from_u32(u32::from(last) + 1).unwrap_or(char::MAX));
    }
    end
}

query_row! {
    /// The repository that was added last.
    LastRepository
    of "repository" {
        id: i64 = ["coalesce(max(id), 0)"],
    }
}

impl Store<'_> {
    /// The repository with this row id.
    pub(crate) fn repository(&self, id: i64) -> Result<Option<Repository>, DatabaseError> {
        self.row("WHERE id = ?", &[id.into()])
    }

    /// The repository of this name.
    pub(crate) fn repository_named(
        &self,
        source: &str,
        name: &str,
    ) -> Result<Option<Repository>, DatabaseError> {
        self.row(
            "WHERE source = ? AND name = ?",
            &[source.into(), name.into()],
        )
    }

    /// A page of all repositories, by row id.
    pub(crate) fn all_repositories_after(
        &self,
        id: i64,
        limit: i64,
    ) -> Result<Vec<Repository>, DatabaseError> {
        self.rows(
            "WHERE id > ? ORDER BY id LIMIT ?",
            &[id.into(), limit.into()],
        )
    }

    /// The repositories at or below a path relative to the prefix.
    pub(crate) fn repositories_below(&self, path: &str) -> Result<Vec<Repository>, DatabaseError> {
        if path.is_empty() {
            return self.rows("ORDER BY id", &[]);
        }
        let prefix = format!("{path}/");
        let end = range_end(&prefix);
        self.rows(
            "WHERE relative = ? OR (relative >= ? AND relative < ?) ORDER BY id",
            &[path.into(), prefix.into(), end.into()],
        )
    }

    /// The highest row id given out.
    pub(crate) fn last_repository(&self) -> Result<i64, DatabaseError> {
        Ok(self
            .select_one::<LastRepository>("FROM repository", &[])?
            .id)
    }

    /// Adds a repository if it is new. Gives its row id.
    pub(crate) fn add_repository(
        &self,
        source: &str,
        name: &str,
        relative: &RepositoryPath,
    ) -> Result<i64, DatabaseError> {
        if let Some(known) = self.repository_named(source, name)? {
            return Ok(known.id);
        }
        self.0.execute(
            "INSERT INTO repository(source, name, relative) VALUES(?, ?, ?)",
            &[source.into(), name.into(), relative.as_str().into()],
        )?;
        Ok(self
            .repository_named(source, name)?
            .map_or(0, |known| known.id))
    }

    /// Has a repository listed at once; with `recheck`, all its tags confirmed too. A pending retry is waived.
    pub(crate) fn call_repository(&self, id: i64, recheck: bool) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET due = 1, retry_at = NULL, called = called + 1,
               recheck = CASE WHEN ?2 THEN called + 1 ELSE recheck END WHERE id = ?1",
            &[id.into(), recheck.into()],
        )?;
        Ok(())
    }

    /// Has a repository's list go on in the next slice: no call for it, so nothing that is to be read once more.
    pub(crate) fn resume_repository(&self, id: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET due = 1, retry_at = NULL WHERE id = ?",
            &[id.into()],
        )?;
        Ok(())
    }

    /// Notes that a repository's tag list was taken over, if that changes anything about the row, and why it is incomplete,
    /// if it is. What was called for since the list began stays called for.
    pub(crate) fn repository_listed(
        &self,
        repository: &Repository,
        hash: &str,
        etag: Option<&str>,
        incomplete: Option<&str>,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET listed = 1, hash = ?2, etag = ?3, error = ?5, attempts = 0, retry_at = NULL, denied_since = NULL, missing_since = NULL, confirmed = 0,
               due = CASE WHEN called = ?4 THEN 0 ELSE due END, recheck = CASE WHEN recheck <= ?4 THEN 0 ELSE recheck END
             WHERE id = ?1 AND (listed = 0 OR hash IS NOT ?2 OR etag IS NOT ?3 OR due > 0 OR recheck > 0 OR error IS NOT ?5 OR confirmed > 0)",
            &[repository.id.into(), hash.into(), etag.into(), repository.called.into(), incomplete.into()],
        )?;
        Ok(())
    }

    /// Keeps how many of a repository's tags are told by their names not to be wanted, by the reason.
    pub(crate) fn repository_passed_over(
        &self,
        id: i64,
        reasons: &BTreeMap<&'static str, u64>,
    ) -> Result<(), DatabaseError> {
        let text = (!reasons.is_empty())
            .then(|| serde_json::to_string(reasons))
            .transpose()
            .map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "UPDATE repository SET passed_over = ?2 WHERE id = ?1 AND passed_over IS NOT ?2",
            &[id.into(), text.into()],
        )?;
        Ok(())
    }

    /// Notes since which pass a repository is missing from its source's enumeration, or that it is not.
    pub(crate) fn repository_unseen(
        &self,
        id: i64,
        pass: Option<i64>,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET unseen = ?2 WHERE id = ?1 AND unseen IS NOT ?2",
            &[id.into(), pass.into()],
        )?;
        Ok(())
    }

    /// Notes that a repository could not be listed. The row stays as it is where nothing about the fault is new.
    pub(crate) fn repository_failed(
        &self,
        repository: &Repository,
        error: &str,
        retry_at: Option<Timestamp>,
        absence: Absence,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET due = CASE WHEN ?3 IS NULL AND called = ?5 THEN 0 ELSE 1 END, error = ?2, attempts = attempts + 1,
               retry_at = ?3, denied_since = ?4, missing_since = ?6
             WHERE id = ?1 AND (due > 0 OR ?3 IS NOT NULL OR error IS NOT ?2 OR denied_since IS NOT ?4 OR missing_since IS NOT ?6)",
            &[
                repository.id.into(),
                error.into(),
                retry_at.into(),
                absence.denied_since.into(),
                repository.called.into(),
                absence.missing_since.into(),
            ],
        )?;
        Ok(())
    }

    /// Takes a repository's row and what is kept of a cut list away; its tags must be gone.
    pub(crate) fn remove_repository(&self, id: i64) -> Result<(), DatabaseError> {
        self.forget_listing(id)?;
        self.0
            .execute("DELETE FROM repository WHERE id = ?", &[id.into()])?;
        Ok(())
    }

    /// Takes a repository's row and those of its tags away, with no evidence: it is no longer configured.
    pub(crate) fn forget_repository(&self, id: i64) -> Result<(), DatabaseError> {
        self.0
            .execute("DELETE FROM tag WHERE repository = ?", &[id.into()])?;
        self.remove_repository(id)
    }

    /// Gives what is known of a source another id.
    pub(crate) fn rename_source(&self, from: &str, to: &str) -> Result<(), DatabaseError> {
        for sql in [
            "UPDATE OR IGNORE repository SET source = ?2 WHERE source = ?1",
            "UPDATE OR IGNORE superseded SET source = ?2 WHERE source = ?1",
        ] {
            self.0.execute(sql, &[from.into(), to.into()])?;
        }
        Ok(())
    }

    /// Makes a repository's list differ from what was taken over: its tags are not there any more.
    pub(crate) fn forget_hash(&self, id: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE repository SET hash = NULL, etag = NULL WHERE id = ? AND hash IS NOT NULL",
            &[id.into()],
        )?;
        Ok(())
    }

    /// Makes every list differ from what was taken over, so that the next pass goes through all of them again.
    pub(crate) fn forget_hashes(&self) -> Result<(), DatabaseError> {
        self.0
            .execute("UPDATE repository SET hash = NULL, etag = NULL", &[])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::range_end;

    #[test]
    fn a_range_holds_what_begins_with_its_prefix() {
        let end = range_end("team-a/");
        assert_eq!(end, "team-a0");
        for inside in ["team-a/", "team-a/x", "team-a/~"] {
            assert!(inside >= "team-a/" && inside < end.as_str(), "{inside}");
        }
        assert!("team-a0" >= end.as_str() && "team-a.b/x" < "team-a/");
    }
}
