//! When rows want to be worked on: the earliest time of each kind of work.

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::next::named;
use crate::catalog::rows::store::{LATEST, Store};
use crate::catalog::rows::typed_row::query_row;
use crate::platform::{DatabaseError, Timestamp};

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

query_row! {
    /// [`Earliest`] as it is asked for. A time that cannot be read has come: its row is read then, and mended.
    EarliestCells
    of "deadline" {
        reading: bool = [
            "EXISTS(SELECT 1 FROM repository WHERE due > 0) OR EXISTS(SELECT 1 FROM tag WHERE due > 0)
               OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL)"
        ],
        removal: Result<Option<Timestamp>, CellFault> = [
            "(SELECT min(CASE WHEN typeof(at) = 'integer' THEN at ELSE 0 END)
                FROM (SELECT until AS at FROM superseded UNION ALL SELECT at FROM retired))"
        ],
        put: Result<Option<Timestamp>, CellFault> = [
            "(SELECT min(CASE WHEN retry_at <= ? THEN retry_at ELSE 0 END) FROM document WHERE dirty > 0)"
        ],
    }
}

impl Store<'_> {
    /// When rows want to be worked on.
    pub(crate) fn earliest(&self, now: Timestamp) -> Result<Earliest, DatabaseError> {
        let cells: EarliestCells = self.select_one("", &[now.after(LATEST).into()])?;
        Ok(Earliest {
            reading: cells.reading,
            removal: cells.removal.unwrap_or(Some(Timestamp(0))),
            put: cells.put.unwrap_or(Some(Timestamp(0))),
        })
    }

    /// Whether rows of a source wait to be read that were not tried yet: new ones, and those that were called for.
    pub(crate) fn called_for(&self, source: &str) -> Result<bool, DatabaseError> {
        let sql = format!(
            "SELECT 1 WHERE EXISTS(SELECT 1 FROM repository WHERE due > 0 AND retry_at IS NULL AND source = ?1)
               OR EXISTS(SELECT 1 FROM tag WHERE due > 0 AND retry_at IS NULL
                 AND EXISTS(SELECT 1 FROM repository r WHERE r.id = tag.repository AND r.source = ?1))
               OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL AND retry_at IS NULL AND {})",
            named("manifest.digest")
        );
        self.any(&sql, &[source.into()])
    }

    /// Whether rows wait to be read now, outside of a pass's own order.
    pub(crate) fn called(&self, now: Timestamp) -> Result<bool, DatabaseError> {
        self.any(
            "SELECT 1 WHERE EXISTS(SELECT 1 FROM repository WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))
               OR EXISTS(SELECT 1 FROM tag WHERE due > 0 AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))
               OR EXISTS(SELECT 1 FROM manifest WHERE plan IS NOT NULL AND (retry_at IS NULL OR retry_at <= ?1 OR retry_at > ?2))",
            &[now.into(), now.after(LATEST).into()],
        )
    }
}
