//! Rows that keep their types: a row's columns and their types stand together, so that no cell is read by its place.

use std::ops::ControlFlow;

use crate::catalog::rows::cell::{CellFault, FromCell};
use crate::catalog::rows::store::Store;
use crate::chart::FileName;
use crate::oci::Digest;
use crate::platform::{DatabaseError, Row, Value};

/// A row with a cell that cannot be read: where it is, and why. Holds none of the cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {key:?} of table {table}: {column} {why}")]
pub(crate) struct UnreadableRow {
    /// The table.
    pub(crate) table: &'static str,
    /// The row's key; the parts of a longer one are parted by slashes.
    pub(crate) key: String,
    /// The column.
    pub(crate) column: &'static str,
    /// What is wrong with the cell.
    pub(crate) why: CellFault,
}

/// A row of a table, or as much of it as is wanted.
pub(crate) trait TypedRow: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns, in the order of the query.
    const COLUMNS: &'static [&'static str];

    /// Reads a row with these columns.
    fn read(row: Row) -> Result<Self, UnreadableRow>;
}

/// Reads the next cell of a row.
pub(crate) fn next_cell<T: FromCell>(
    cells: &mut impl Iterator<Item = Value>,
    (table, column): (&'static str, &'static str),
    key: &dyn Fn() -> String,
) -> Result<T, UnreadableRow> {
    cells
        .next()
        .ok_or(CellFault::Empty)
        .and_then(T::from_cell)
        .map_err(|why| UnreadableRow {
            table,
            key: key(),
            column,
            why,
        })
}

/// A part of a row's key.
pub(crate) trait KeyPart {
    /// As it stands in the row.
    fn text(&self) -> String;
}

impl KeyPart for i64 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl KeyPart for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl KeyPart for FileName {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl KeyPart for Digest {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// The key of a row as text.
pub(crate) fn key_text(parts: &[&dyn KeyPart]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.text()).collect();
    parts.join("/")
}

/// Declares a row: its key first, then its other columns, then those that are only looked at, whose fields are not kept.
macro_rules! typed_row {
    (
        $(#[$meta:meta])*
        $name:ident of $table:literal
        key { $($(#[$key_meta:meta])* $key:ident: $key_type:ty,)+ }
        columns { $($(#[$meta_of:meta])* $field:ident: $type:ty,)* }
        checked { $($checked:ident: $checked_type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name {
            $($(#[$key_meta])* pub(crate) $key: $key_type,)+
            $($(#[$meta_of])* pub(crate) $field: $type,)*
        }

        impl crate::catalog::rows::typed_row::TypedRow for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] =
                &[$(stringify!($key),)+ $(stringify!($field),)* $(stringify!($checked),)*];

            fn read(
                row: crate::platform::Row,
            ) -> Result<Self, crate::catalog::rows::typed_row::UnreadableRow> {
                let mut cells = row.0.into_iter();
                $(let $key: $key_type = crate::catalog::rows::typed_row::next_cell(&mut cells, ($table, stringify!($key)), &String::new)?;)+
                let key = || crate::catalog::rows::typed_row::key_text(&[$(&$key),+]);
                $(let $field: $type = crate::catalog::rows::typed_row::next_cell(&mut cells, ($table, stringify!($field)), &key)?;)*
                $(let _: $checked_type = crate::catalog::rows::typed_row::next_cell(&mut cells, ($table, stringify!($checked)), &key)?;)*
                Ok(Self { $($key,)+ $($field,)* })
            }
        }
    };
}
pub(crate) use typed_row;

impl Store<'_> {
    /// The rows that a query gives; `rest` is what follows the table's name. A row that cannot be read is noted and mended
    /// (see [`crate::catalog::rows::mending`]) before the query is made again.
    pub(crate) fn rows<T: TypedRow>(
        &self,
        rest: &str,
        parameters: &[Value],
    ) -> Result<Vec<T>, DatabaseError> {
        let sql = format!("SELECT {} FROM {} {rest}", T::COLUMNS.join(", "), T::TABLE);
        let (rows, unreadable) = self.read_rows(&sql, parameters)?;
        if unreadable.is_empty() {
            return Ok(rows);
        }
        self.note_unreadable(&unreadable)?;
        // What could not even be mended is left out; it is noted.
        Ok(self.read_rows(&sql, parameters)?.0)
    }

    /// The first row that a query gives; as [`Store::rows`].
    pub(crate) fn row<T: TypedRow>(
        &self,
        rest: &str,
        parameters: &[Value],
    ) -> Result<Option<T>, DatabaseError> {
        Ok(self.rows(rest, parameters)?.into_iter().next())
    }

    fn read_rows<T: TypedRow>(
        &self,
        sql: &str,
        parameters: &[Value],
    ) -> Result<(Vec<T>, Vec<UnreadableRow>), DatabaseError> {
        let mut rows = Vec::new();
        let mut unreadable = Vec::new();
        self.0.each(sql, parameters, &mut |row| {
            match T::read(row) {
                Ok(row) => rows.push(row),
                Err(fault) => unreadable.push(fault),
            }
            ControlFlow::Continue(())
        })?;
        Ok((rows, unreadable))
    }
}
