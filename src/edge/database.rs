//! The catalog's rows: SQLite of the Durable Object.

use std::ops::ControlFlow;

use worker::{SqlStorage, SqlStorageValue};

use crate::platform::{Database, DatabaseError, Row, Value};

/// The database of a Durable Object.
#[derive(Debug)]
pub(super) struct Sql(pub(super) SqlStorage);

impl Database for Sql {
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        let cursor = self.0.exec(sql, bound(parameters)).map_err(failed)?;
        // Counts rows of indexes, too: what is billed.
        Ok(u64::try_from(cursor.rows_written()).unwrap_or(u64::MAX))
    }

    /// By `raw`, the one way to rows whose imports cannot throw past us.
    fn each(
        &self,
        sql: &str,
        parameters: &[Value],
        row: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let cursor = self.0.exec(sql, bound(parameters)).map_err(failed)?;
        for cells in cursor.raw() {
            let cells = cells.map_err(failed)?.into_iter().map(value).collect();
            if row(Row::new(cells)).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn bound(parameters: &[Value]) -> Vec<SqlStorageValue> {
    let bind = |parameter: &Value| match parameter {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::Integer(*number),
        Value::Real(number) => SqlStorageValue::Float(*number),
        Value::Text(text) => SqlStorageValue::String(text.clone()),
        Value::Blob(bytes) => SqlStorageValue::Blob(bytes.clone()),
    };
    parameters.iter().map(bind).collect()
}

fn value(cell: SqlStorageValue) -> Value {
    match cell {
        SqlStorageValue::Null => Value::Null,
        SqlStorageValue::Boolean(truth) => Value::Integer(i64::from(truth)),
        SqlStorageValue::Integer(number) => Value::Integer(number),
        SqlStorageValue::String(text) => Value::Text(text),
        SqlStorageValue::Blob(bytes) => Value::Blob(bytes),
        SqlStorageValue::Float(number) => Value::Real(number),
    }
}

/// The message only: `Debug` holds a stack with paths of files.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn failed(error: worker::Error) -> DatabaseError {
    DatabaseError(error.to_string())
}
