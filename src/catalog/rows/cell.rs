//! Cells that keep their types: how each type is read out of a cell, and what is wrong with one that cannot be.

use serde::de::DeserializeOwned;

use crate::chart::FileName;
use crate::index::RepositoryPath;
use crate::oci::Digest;
use crate::platform::{Timestamp, Value};

/// Longest reason in bytes: it stands in `/info`, and some of it may be foreign text.
const REASON: usize = 200;

/// Why a cell cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CellFault {
    /// NULL, or no such column.
    #[error("is empty")]
    Empty,
    /// A value of another type than the column's.
    #[error("holds {0} instead of {1}")]
    Type(&'static str, &'static str),
    /// A number that means nothing.
    #[error("holds {0}, which means nothing")]
    Number(i64),
    /// Text that is not what it should be.
    #[error("is {0}")]
    Text(String),
    /// JSON that cannot be decoded.
    #[error("is not the JSON it should be: {0}")]
    Json(String),
    /// A value that another cell of the row contradicts.
    #[error("does not fit {0}")]
    Contradiction(&'static str),
}

/// A value that a cell holds.
pub(crate) trait FromCell: Sized {
    /// Reads it, taking over what the cell holds.
    fn from_cell(cell: Value) -> Result<Self, CellFault>;
}

fn type_of(cell: &Value) -> &'static str {
    match cell {
        Value::Null => "nothing",
        Value::Integer(_) => "a number",
        Value::Real(_) => "a fraction",
        Value::Text(_) => "text",
        Value::Blob(_) => "bytes",
    }
}

fn other_type(cell: &Value, wanted: &'static str) -> CellFault {
    match cell {
        Value::Null => CellFault::Empty,
        cell => CellFault::Type(type_of(cell), wanted),
    }
}

/// At most [`REASON`] bytes of a reason.
pub(crate) fn shortened(mut reason: String) -> String {
    if reason.len() > REASON {
        let end = (0..=REASON)
            .rev()
            .find(|end| reason.is_char_boundary(*end))
            .unwrap_or(0);
        reason.truncate(end);
    }
    reason
}

/// Reads JSON.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, CellFault> {
    serde_json::from_str(text).map_err(|error| CellFault::Json(shortened(error.to_string())))
}

/// A cell as it is.
impl FromCell for Value {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        Ok(cell)
    }
}

impl FromCell for String {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        match cell {
            Value::Text(text) => Ok(text),
            cell => Err(other_type(&cell, "text")),
        }
    }
}

impl FromCell for i64 {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        match cell {
            Value::Integer(number) => Ok(number),
            cell => Err(other_type(&cell, "a number")),
        }
    }
}

impl FromCell for u64 {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        let number = i64::from_cell(cell)?;
        Self::try_from(number).map_err(|_| CellFault::Number(number))
    }
}

impl FromCell for u8 {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        let number = i64::from_cell(cell)?;
        Self::try_from(number).map_err(|_| CellFault::Number(number))
    }
}

impl FromCell for bool {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        match i64::from_cell(cell)? {
            0 => Ok(false),
            1 => Ok(true),
            number => Err(CellFault::Number(number)),
        }
    }
}

impl FromCell for Timestamp {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        i64::from_cell(cell).map(Self)
    }
}

impl FromCell for Digest {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        let text = String::from_cell(cell)?;
        text.parse()
            .map_err(|error: crate::oci::Invalid| CellFault::Text(error.to_string()))
    }
}

impl FromCell for FileName {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        let text = String::from_cell(cell)?;
        text.try_into()
            .map_err(|error: crate::chart::NotAFileName| CellFault::Text(format!("no {error}")))
    }
}

impl FromCell for RepositoryPath {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        let text = String::from_cell(cell)?;
        text.parse()
            .map_err(|error: crate::oci::Invalid| CellFault::Text(error.to_string()))
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        match cell {
            Value::Null => Ok(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// A cell whose fault whoever reads the row judges.
impl<T: FromCell> FromCell for Result<T, CellFault> {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        Ok(T::from_cell(cell))
    }
}

/// JSON in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromCell for Json<T> {
    fn from_cell(cell: Value) -> Result<Self, CellFault> {
        from_json(&String::from_cell(cell)?).map(Self)
    }
}

/// Has an enum stand in a cell as a number or as a word: `in_cell!(Due as i64 { Resolve = 1, Read = 2 })`.
macro_rules! in_cell {
    ($type:ident as i64 { $($variant:ident = $number:literal),* $(,)? }) => {
        impl $type {
            /// The number it stands as in a cell.
            pub(crate) fn number(self) -> i64 {
                match self { $(Self::$variant => $number),* }
            }
        }
        impl crate::catalog::rows::cell::FromCell for $type {
            fn from_cell(cell: crate::platform::Value) -> Result<Self, crate::catalog::rows::cell::CellFault> {
                match i64::from_cell(cell)? {
                    $($number => Ok(Self::$variant),)*
                    number => Err(crate::catalog::rows::cell::CellFault::Number(number)),
                }
            }
        }
        impl From<$type> for crate::platform::Value {
            fn from(value: $type) -> Self {
                Self::Integer(value.number())
            }
        }
    };
    ($type:ident as str { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// The word it stands as in a cell.
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
        impl crate::catalog::rows::cell::FromCell for $type {
            fn from_cell(cell: crate::platform::Value) -> Result<Self, crate::catalog::rows::cell::CellFault> {
                match String::from_cell(cell)?.as_str() {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(crate::catalog::rows::cell::CellFault::Text("none of the words it may be".to_owned())),
                }
            }
        }
        impl From<$type> for crate::platform::Value {
            fn from(value: $type) -> Self {
                value.word().into()
            }
        }
    };
}
pub(crate) use in_cell;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_another_type_is_told_with_what_it_holds() {
        for (cell, told) in [
            (Value::Null, "is empty"),
            (Value::Integer(7), "holds a number instead of text"),
            (Value::Real(0.5), "holds a fraction instead of text"),
            (Value::Blob(vec![0]), "holds bytes instead of text"),
        ] {
            assert_eq!(String::from_cell(cell).unwrap_err().to_string(), told);
        }
        let text = i64::from_cell(Value::Text("seven".to_owned())).unwrap_err();
        assert_eq!(text.to_string(), "holds text instead of a number");
    }
}
