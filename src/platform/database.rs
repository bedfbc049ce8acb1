//! The catalog's rows: the SQLite of a Durable Object.

use std::ops::ControlFlow;

use super::Timestamp;

/// A value in a row. Integers stay below 2^53: a Durable Object passes them as floats.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A whole number below 2^53.
    Integer(i64),
    /// A fraction. No column holds one: a cell that does is damaged, and its row says so.
    Real(f64),
    /// Text, at most 2 MB.
    Text(String),
    /// Bytes, at most 2 MB.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.0)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a result. What its cells mean is known to whoever asked: `catalog/rows` opens it in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these cells, in the order of the selected columns.
    pub fn new(cells: Vec<Value>) -> Self {
        Self(cells)
    }

    /// Its cells, in the order of the selected columns.
    pub fn into_cells(self) -> Vec<Value> {
        self.0
    }
}

/// Why the database refused a statement. The text is SQLite's, without parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database: {0}")]
pub struct DatabaseError(pub String);

/// SQLite as a Durable Object has it: synchronous; statements with no await between them are one atomic write.
/// No `BEGIN`, at most 100 parameters, 100 KB a statement, 2 MB a string or row.
pub trait Database {
    /// Runs one statement (or several without parameters, parted by `;`) and gives the number of rows it wrote.
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError>;

    /// Runs a query and hands over one row after the other until `row` breaks; no more than one row is held.
    /// `row` must not touch the database.
    fn each(
        &self,
        sql: &str,
        parameters: &[Value],
        row: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError>;

    /// Runs a query that gives few rows.
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let mut rows = Vec::new();
        self.each(sql, parameters, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Runs a query of which the first row is wanted.
    fn first(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        let mut first = None;
        self.each(sql, parameters, &mut |row| {
            first = Some(row);
            ControlFlow::Break(())
        })?;
        Ok(first)
    }
}
