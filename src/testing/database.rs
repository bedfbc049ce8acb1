//! SQLite in memory with the limits that a Durable Object's has.

use std::cell::Cell;
use std::ops::ControlFlow;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, StatementStatus, params_from_iter};

use crate::platform::{Database, DatabaseError, Row, Value};

/// The rows of a catalog, natively.
pub(crate) struct FakeDatabase {
    connection: Connection,
    written: Cell<u64>,
    statements: Cell<u64>,
    effort: Cell<u64>,
}

impl FakeDatabase {
    /// An empty database.
    pub(crate) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
            (Limit::SQLITE_LIMIT_COLUMN, 100),
        ] {
            connection.set_limit(limit, value).unwrap();
        }
        // Parsing statements would be most of a test's time. All of them are kept, and none is planned anew for other
        // parameters, so that a plan that is good for some of them only shows.
        connection.set_prepared_statement_cache_capacity(500);
        let stable = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable, true).unwrap();
        Self {
            connection,
            written: Cell::new(0),
            statements: Cell::new(0),
            effort: Cell::new(0),
        }
    }

    /// Another database with the same rows.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::new();
        let backup = Backup::new(&self.connection, &mut copy.connection).unwrap();
        assert_eq!(backup.step(-1).unwrap(), StepResult::Done);
        drop(backup);
        copy
    }

    /// Statements run so far.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// What queries have cost so far, in steps of SQLite's virtual machine: some for each row that is looked at, also for
    /// those that are only counted.
    pub(crate) fn effort(&self) -> u64 {
        self.effort.get()
    }

    /// Rows written so far, as SQLite counts changes.
    pub(crate) fn written(&self) -> u64 {
        self.written.get()
    }
}

fn error(error: &rusqlite::Error) -> DatabaseError {
    DatabaseError(error.to_string())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ToSqlOutput::Borrowed;
        Ok(Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => {
                // A Durable Object passes numbers as floats: what that would blur must not get here.
                assert!(number.unsigned_abs() < 1 << 53, "{number} is beyond 2^53");
                ValueRef::Integer(*number)
            }
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Database for FakeDatabase {
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        assert!(
            !sql.to_ascii_uppercase().starts_with("BEGIN"),
            "a Durable Object refuses BEGIN"
        );
        self.statements.set(self.statements.get() + 1);
        let before = self.connection.total_changes();
        // Several statements in one call cannot be prepared.
        if sql.trim_end().trim_end_matches(';').contains(';') {
            assert!(parameters.is_empty());
            self.connection
                .execute_batch(sql)
                .map_err(|fault| error(&fault))?;
        } else {
            let mut statement = self
                .connection
                .prepare_cached(sql)
                .map_err(|fault| error(&fault))?;
            statement
                .execute(params_from_iter(parameters))
                .map_err(|fault| error(&fault))?;
        }
        let rows = self.connection.total_changes() - before;
        self.written.set(self.written.get() + rows);
        Ok(rows)
    }

    fn each(
        &self,
        sql: &str,
        parameters: &[Value],
        row: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        self.statements.set(self.statements.get() + 1);
        let mut statement = self
            .connection
            .prepare_cached(sql)
            .map_err(|fault| error(&fault))?;
        let columns = statement.column_count();
        let mut rows = statement
            .query(params_from_iter(parameters))
            .map_err(|fault| error(&fault))?;
        while let Some(found) = rows.next().map_err(|fault| error(&fault))? {
            let cells = (0..columns).map(|column| {
                Ok(match found.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                })
            });
            let cells = cells
                .collect::<rusqlite::Result<_>>()
                .map_err(|fault| error(&fault))?;
            if row(Row::new(cells)).is_break() {
                break;
            }
        }
        drop(rows);
        let steps = statement.reset_status(StatementStatus::VmStep);
        self.effort
            .set(self.effort.get() + u64::try_from(steps).unwrap());
        Ok(())
    }
}

/// For tests that look at rows themselves.
impl Row {
    /// The whole number in a column, counted from 0.
    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        match self.clone().into_cells().get(column) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The text in a column, counted from 0.
    pub(crate) fn text(&self, column: usize) -> Option<String> {
        match self.clone().into_cells().get(column) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }
}
