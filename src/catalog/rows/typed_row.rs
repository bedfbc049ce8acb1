//! Rows that keep their types: what a query asks for stands together with the names and types of what it gives, so that no
//! cell is read by its place. [`typed_row`] declares a row of a table, [`query_row`] what a query gives beside: counts, joins.

use std::vec::IntoIter;

use crate::catalog::rows::cell::{CellFault, FromCell};
use crate::chart::FileName;
use crate::oci::Digest;
use crate::platform::Value;

/// The cells of a row, in the order in which they were asked for.
pub(crate) type Cells = IntoIter<Value>;

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

/// What a query gives.
pub(crate) trait TypedRow: Sized {
    /// What is asked for, in SQL.
    fn selected() -> String;

    /// Reads what was [selected](TypedRow::selected).
    fn read(cells: &mut Cells) -> Result<Self, UnreadableRow>;
}

/// A row of a table, or as much of it as is wanted.
pub(crate) trait TableRow: TypedRow {
    /// The table.
    const TABLE: &'static str;
}

/// Reads the next cell of a row.
pub(crate) fn next_cell<T: FromCell>(
    cells: &mut Cells,
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

impl KeyPart for u8 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl KeyPart for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn text(&self) -> String {
        self.as_ref().map(T::text).unwrap_or_default()
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

/// Declares a row: its key first, then its other columns, then those that are only looked at, whose fields are not kept. Who wants
/// nothing but the key declares a [`query_row`].
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

        impl crate::catalog::rows::typed_row::TableRow for $name {
            const TABLE: &'static str = $table;
        }

        impl crate::catalog::rows::typed_row::TypedRow for $name {
            fn selected() -> String {
                [$(stringify!($key),)+ $(stringify!($field),)* $(stringify!($checked),)*].join(", ")
            }

            fn read(
                cells: &mut crate::catalog::rows::typed_row::Cells,
            ) -> Result<Self, crate::catalog::rows::typed_row::UnreadableRow> {
                $(let $key: $key_type = crate::catalog::rows::typed_row::next_cell(cells, ($table, stringify!($key)), &String::new)?;)+
                let key = || crate::catalog::rows::typed_row::key_text(&[$(&$key),+]);
                $(let $field: $type = crate::catalog::rows::typed_row::next_cell(cells, ($table, stringify!($field)), &key)?;)*
                $(let _: $checked_type = crate::catalog::rows::typed_row::next_cell(cells, ($table, stringify!($checked)), &key)?;)*
                Ok(Self { $($key,)+ $($field,)* })
            }
        }
    };
}
pub(crate) use typed_row;

/// Declares what a query gives: each cell with its name, its type, and what is asked for: a column, or an expression. Cells
/// are grouped by the table that a fault in them is told of; `by` names the cells, read before, that are its row's key there.
macro_rules! query_row {
    (
        $(#[$meta:meta])*
        $name:ident
        $(
            of $table:literal $(by $($key:ident),+)? {
                $($(#[$meta_of:meta])* $field:ident: $type:ty = [$($sql:tt)+],)+
            }
        )+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name {
            $($($(#[$meta_of])* pub(crate) $field: $type,)+)+
        }

        impl crate::catalog::rows::typed_row::TypedRow for $name {
            fn selected() -> String {
                [$($(crate::catalog::rows::typed_row::sql_of!($($sql)+),)+)+].join(", ")
            }

            fn read(
                cells: &mut crate::catalog::rows::typed_row::Cells,
            ) -> Result<Self, crate::catalog::rows::typed_row::UnreadableRow> {
                $(
                    let key = || crate::catalog::rows::typed_row::key_text(&[$($(&$key),+)?]);
                    $(
                        let column = ($table, crate::catalog::rows::typed_row::column_of!($field, $($sql)+));
                        let $field: $type = crate::catalog::rows::typed_row::next_cell(cells, column, &key)?;
                    )+
                )+
                Ok(Self { $($($field,)+)+ })
            }
        }
    };
}
pub(crate) use query_row;

/// The SQL of a cell: `t.name`, or the text of an expression.
macro_rules! sql_of {
    ($column:ident) => {
        stringify!($column)
    };
    ($table:ident . $column:ident) => {
        concat!(stringify!($table), ".", stringify!($column))
    };
    ($expression:expr) => {
        $expression
    };
}
pub(crate) use sql_of;

/// The column that a fault in a cell is told of: an expression's goes by the field's name.
macro_rules! column_of {
    ($field:ident, $column:ident) => {
        stringify!($column)
    };
    ($field:ident, $table:ident . $column:ident) => {
        stringify!($column)
    };
    ($field:ident, $expression:expr) => {
        stringify!($field)
    };
}
pub(crate) use column_of;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_key_that_is_not_there_is_empty() {
        assert_eq!(key_text(&[&Some(7_i64), &None::<String>, &9_u8]), "7//9");
    }
}
