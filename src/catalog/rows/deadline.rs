//! When rows want to be worked on: the earliest time of each kind of work.

use crate::catalog::rows::store::{LATEST, Store};
use crate::platform::{DatabaseError, Timestamp, Value};

/// The earliest time of each kind of work; `None` where there is none to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Earliest {
    /// Whether any row wants to be read from a registry, at some time.
    pub(crate) reading: bool,
    /// When the first superseded package or retired key has been kept long enough.
    pub(crate) removal: Option<Timestamp>,
    /// When the first dirty document may be put.
    pub(crate) put: Option<Timestamp>,
}

impl Store<'_> {
    /// When rows want to be worked on.
    pub(crate) fn earliest(&self, now: Timestamp) -> Result<Earliest, DatabaseError> {
        let row = self.0.first(
            "SELECT
               EXISTS(SELECT 1 FROM repository WHERE due > 0) OR EXISTS(SELECT 1 FROM tag WHERE due > 0)
                 OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL),
               (SELECT min(at) FROM (
                  SELECT min(until) AS at FROM superseded UNION ALL SELECT min(at) FROM retired)),
               (SELECT min(CASE WHEN retry_at <= ? THEN retry_at ELSE 0 END) FROM document WHERE dirty > 0)",
            &[now.after(LATEST).into()],
        )?;
        let time = |column: usize| match row.as_ref().and_then(|row| row.0.get(column)) {
            None | Some(Value::Null) => None,
            Some(Value::Integer(time)) => Some(Timestamp(*time)),
            // A time that cannot be read has come: its row is read, and mended.
            Some(_) => Some(Timestamp(0)),
        };
        Ok(Earliest {
            reading: time(0) != Some(Timestamp(0)),
            removal: time(1),
            put: time(2),
        })
    }

    /// Whether rows wait to be read that were not tried yet: new ones, and those that were called for.
    pub(crate) fn called_for(&self) -> Result<bool, DatabaseError> {
        let row = self.0.first(
            "SELECT EXISTS(SELECT 1 FROM repository WHERE due > 0 AND retry_at IS NULL)
               OR EXISTS(SELECT 1 FROM tag WHERE due > 0 AND retry_at IS NULL)
               OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL AND retry_at IS NULL)",
            &[],
        )?;
        Ok(row
            .and_then(|row| row.integer(0))
            .is_some_and(|any| any != 0))
    }

    /// Whether rows wait to be read now, outside of a pass's own order.
    pub(crate) fn called(&self, now: Timestamp) -> Result<bool, DatabaseError> {
        let row = self.0.first(
            "SELECT EXISTS(SELECT 1 FROM repository WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))
               OR EXISTS(SELECT 1 FROM tag WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))
               OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))",
            &[now.into(), now.after(LATEST).into()],
        )?;
        Ok(row
            .and_then(|row| row.integer(0))
            .is_some_and(|any| any != 0))
    }
}
