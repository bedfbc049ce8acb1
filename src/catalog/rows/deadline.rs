//! When rows want to be worked on: the earliest time of each kind of work.

use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Timestamp};

impl Store<'_> {
    /// When the first row wants to be read from a registry. A row without a time of its own wants it now.
    pub(crate) fn earliest_reading(&self) -> Result<Option<Timestamp>, DatabaseError> {
        self.earliest_of(&[
            "SELECT min(coalesce(retry_at, 0)) FROM repository WHERE due > 0",
            "SELECT min(coalesce(retry_at, 0)) FROM tag WHERE due > 0",
            "SELECT min(coalesce(retry_at, 0)) FROM manifest WHERE plan IS NOT NULL",
        ])
    }

    /// When the first superseded package or retired key has been kept long enough.
    pub(crate) fn earliest_removal(&self) -> Result<Option<Timestamp>, DatabaseError> {
        self.earliest_of(&[
            "SELECT min(until) FROM superseded",
            "SELECT min(at) FROM retired",
        ])
    }

    /// When the first dirty document may be put.
    pub(crate) fn earliest_put(&self) -> Result<Option<Timestamp>, DatabaseError> {
        self.earliest_of(&["SELECT min(coalesce(retry_at, 0)) FROM document WHERE dirty > 0"])
    }

    fn earliest_of(&self, statements: &[&str]) -> Result<Option<Timestamp>, DatabaseError> {
        let mut earliest: Option<Timestamp> = None;
        for sql in statements {
            let row = self.0.first(sql, &[])?;
            if let Some(time) = row.and_then(|row| row.integer(0)).map(Timestamp) {
                earliest = Some(earliest.map_or(time, |earliest| earliest.min(time)));
            }
        }
        Ok(earliest)
    }

    /// Whether rows wait to be read now, outside of a pass's own order.
    pub(crate) fn called(&self, now: Timestamp) -> Result<bool, DatabaseError> {
        for sql in [
            "SELECT 1 FROM repository WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?) LIMIT 1",
            "SELECT 1 FROM tag WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?) LIMIT 1",
            "SELECT 1 FROM manifest WHERE plan IS NOT NULL AND (retry_at IS NULL OR retry_at <= ?) LIMIT 1",
        ] {
            if self.0.first(sql, &[now.into()])?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
