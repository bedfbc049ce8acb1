//! Spaces that somebody created: they are there before the first chart and behind the last.

use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::repository::range_end;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::query_row;
use crate::index::Space;
use crate::platform::DatabaseError;

/// So many spaces may be created: whoever invents names fills no rows without end with them.
const MOST_CREATED: i64 = 10_000;

/// So many of them may have one first segment: who may write below a name uses up a tenth.
const MOST_BELOW: i64 = 1_000;

query_row! {
    /// The name of a space that was created.
    CreatedSpace
    of "space" {
        name: Result<String, CellFault> = [name],
    }
}

impl Store<'_> {
    /// Notes that a space was created; `false` where there are too many.
    pub(crate) fn create_space(&self, space: &Space) -> Result<bool, DatabaseError> {
        let name = space.as_str();
        let first = name.split('/').next().unwrap_or(name);
        let below = format!("{first}/");
        let end = range_end(&below);
        self.0.execute(
            "INSERT INTO space(name) SELECT ?1 WHERE (SELECT count(*) FROM space) < ?2
               AND (SELECT count(*) FROM space WHERE name = ?3 OR (name >= ?4 AND name < ?5)) < ?6
             ON CONFLICT DO NOTHING",
            &[
                name.into(),
                MOST_CREATED.into(),
                first.into(),
                below.into(),
                end.into(),
                MOST_BELOW.into(),
            ],
        )?;
        self.space_is_created(space)
    }

    /// Whether a space was created.
    pub(crate) fn space_is_created(&self, space: &Space) -> Result<bool, DatabaseError> {
        let name = [space.as_str().into()];
        let row = self.0.first("SELECT 1 FROM space WHERE name = ?", &name)?;
        Ok(row.is_some())
    }

    /// Forgets that a space was created.
    pub(crate) fn forget_space(&self, space: &Space) -> Result<(), DatabaseError> {
        let name = [space.as_str().into()];
        self.0.execute("DELETE FROM space WHERE name = ?", &name)?;
        Ok(())
    }

    /// The spaces that were created. A name that none can have is left out.
    pub(crate) fn created_spaces(&self) -> Result<Vec<Space>, DatabaseError> {
        let rows: Vec<CreatedSpace> = self.select("FROM space", &[])?;
        let names = rows.into_iter().filter_map(|row| row.name.ok());
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }
}
