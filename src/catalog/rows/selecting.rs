//! How rows are read: the only place that opens a row of the database. Each cell goes through its type; a row with one that
//! cannot be read is noted and mended (see [`mending`](crate::catalog::rows::mending)) before the query is made again.

use std::ops::ControlFlow;

use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{TableRow, TypedRow, UnreadableRow, query_row};
use crate::platform::{DatabaseError, Row, Value};

/// Most unreadable rows that are noted at a time: the rest are met when these are mended.
const NOTED: usize = 200;

query_row! {
    /// How many rows there are.
    RowCount
    of "count" {
        rows: u64 = ["count(*)"],
    }
}

impl Store<'_> {
    /// The rows of a table; `rest` is what follows its name.
    pub(crate) fn rows<T: TableRow>(
        &self,
        rest: &str,
        parameters: &[Value],
    ) -> Result<Vec<T>, DatabaseError> {
        self.select(&format!("FROM {} {rest}", T::TABLE), parameters)
    }

    /// The first row of a table that a query gives; as [`Store::rows`].
    pub(crate) fn row<T: TableRow>(
        &self,
        rest: &str,
        parameters: &[Value],
    ) -> Result<Option<T>, DatabaseError> {
        Ok(self.rows(rest, parameters)?.into_iter().next())
    }

    /// What a query gives; `from` is what follows what it asks for.
    pub(crate) fn select<T: TypedRow>(
        &self,
        from: &str,
        parameters: &[Value],
    ) -> Result<Vec<T>, DatabaseError> {
        let (rows, unreadable) = self.read_rows(from, parameters)?;
        if unreadable.is_empty() {
            return Ok(rows);
        }
        self.note_unreadable(&unreadable)?;
        // What could not even be mended is left out; it is noted.
        Ok(self.read_rows(from, parameters)?.0)
    }

    /// What a query gives that always gives one row, such as a count.
    pub(crate) fn select_one<T: TypedRow>(
        &self,
        from: &str,
        parameters: &[Value],
    ) -> Result<T, DatabaseError> {
        let found = self.select(from, parameters)?.into_iter().next();
        found.ok_or_else(|| DatabaseError(format!("a query gave nothing: {}", T::selected())))
    }

    /// How many rows a query gives; `from` is what follows `SELECT count(*)`.
    pub(crate) fn count_of(&self, from: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        Ok(self.select_one::<RowCount>(from, parameters)?.rows)
    }

    /// Whether a query gives any row.
    pub(crate) fn any(&self, query: &str, parameters: &[Value]) -> Result<bool, DatabaseError> {
        Ok(self.0.first(query, parameters)?.is_some())
    }

    /// Hands over what a query gives, one row after the other, until `visit` breaks. Rows that cannot be read are left out and
    /// noted.
    pub(crate) fn each_selected<T: TypedRow>(
        &self,
        from: &str,
        parameters: &[Value],
        visit: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let unreadable = self.visit_rows(from, parameters, NOTED, visit)?;
        self.note_unreadable(&unreadable)
    }

    /// The cells of rows by these names, each with what is asked for: for whoever shows them as they are.
    pub(crate) fn named_cells<'n>(
        &self,
        names: &[(&'n str, &str)],
        from: &str,
        parameters: &[Value],
    ) -> Result<Vec<Vec<(&'n str, Value)>>, DatabaseError> {
        let asked: Vec<&str> = names.iter().map(|(_, asked)| *asked).collect();
        let rows = self
            .0
            .query(&format!("SELECT {} {from}", asked.join(", ")), parameters)?;
        let with_names = |row: Row| {
            let names = names.iter().map(|(name, _)| *name);
            names.zip(row.into_cells()).collect()
        };
        Ok(rows.into_iter().map(with_names).collect())
    }

    /// What a query gives, and what of it cannot be read, of which nothing is noted.
    pub(super) fn read_rows<T: TypedRow>(
        &self,
        from: &str,
        parameters: &[Value],
    ) -> Result<(Vec<T>, Vec<UnreadableRow>), DatabaseError> {
        let mut rows = Vec::new();
        let unreadable = self.visit_rows(from, parameters, usize::MAX, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok((rows, unreadable))
    }

    /// Hands over rows until `visit` breaks or so many cannot be read; gives those.
    fn visit_rows<T: TypedRow>(
        &self,
        from: &str,
        parameters: &[Value],
        most: usize,
        visit: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<Vec<UnreadableRow>, DatabaseError> {
        let mut unreadable = Vec::new();
        let query = format!("SELECT {} {from}", T::selected());
        self.0.each(
            &query,
            parameters,
            &mut |row| match T::read(&mut row.into_cells().into_iter()) {
                Ok(row) => visit(row),
                Err(fault) => {
                    unreadable.push(fault);
                    if unreadable.len() < most {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                }
            },
        )?;
        Ok(unreadable)
    }
}
