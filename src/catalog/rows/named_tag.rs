//! Tags that somebody named: a notification, before any list shows them. They are read before others.

use crate::catalog::rows::store::Store;
use crate::catalog::rows::tag::Due;
use crate::platform::DatabaseError;

/// So many tags of a repository may be named that no list has shown: whoever invents names fills no rows with them. Those beyond
/// are read when their turn comes.
const MOST_NAMED: i64 = 100;

impl Store<'_> {
    /// Notes a tag that somebody named: it is read before others, a new one as soon as its repository's list shows it.
    pub(crate) fn name_tag(
        &self,
        repository: i64,
        name: &str,
        moving: bool,
    ) -> Result<(), DatabaseError> {
        self.call_tag(repository, name, Due::ReadFirst)?;
        self.0.execute(
            "INSERT INTO tag(repository, name, moving, gone)
             SELECT ?1, ?2, ?3, 3 WHERE (SELECT count(*) FROM tag WHERE repository = ?1 AND gone > 0 AND gone = 3) < ?4
             ON CONFLICT DO NOTHING",
            &[repository.into(), name.into(), moving.into(), MOST_NAMED.into()],
        )?;
        Ok(())
    }

    /// Notes that a list shows a tag that was named before: it is due.
    pub(crate) fn named_tag_listed(
        &self,
        repository: i64,
        name: &str,
    ) -> Result<(), DatabaseError> {
        self.0.execute(
            "UPDATE tag SET gone = 0, due = 3 WHERE repository = ? AND name = ? AND gone = 3",
            &[repository.into(), name.into()],
        )?;
        Ok(())
    }

    /// Forgets the tags of a repository that were named and that its list does not show.
    pub(crate) fn forget_named(&self, repository: i64) -> Result<(), DatabaseError> {
        self.0.execute(
            "DELETE FROM tag WHERE repository = ? AND gone > 0 AND gone = 3",
            &[repository.into()],
        )?;
        Ok(())
    }

    /// Whether a repository has tags that are to be read before others.
    pub(crate) fn any_tag_first(&self, repository: i64) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 FROM tag WHERE due > 0 AND due = 3 AND repository = ? AND retry_at IS NULL LIMIT 1",
            &[repository.into()],
        )
    }
}
