//! Foreign JSON and YAML as one plain tree, read under limits.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

mod cost;
mod json;
#[cfg(test)]
mod tests;
mod yaml;

use self::yaml::Yaml;
use super::super::Unfit;

/// Most values below the keys that are read: a chart of hundreds of dependencies has some thousand. Bounds what YAML aliases
/// can multiply.
const MAX_VALUES: usize = 20_000;

/// Deepest nesting that is read: metadata, dependencies, dependency, import-values, pair, text. What is deeper is null.
const MAX_DEPTH: usize = 6;

/// A value. Numbers keep their text, as `1.10` must not become `1.1`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Value>),
    /// The last value counts where a key stands twice, as in Go.
    Map(BTreeMap<String, Value>),
}

/// What is left of a reader's limits.
struct Limits<'a> {
    keys: &'a [&'a str],
    values: Cell<usize>,
}

impl Limits<'_> {
    /// Whether one more value may be read.
    fn take(&self) -> bool {
        let left = self.values.get();
        self.values.set(left.saturating_sub(1));
        left > 0
    }

    fn fault(&self, format: &'static str) -> Unfit {
        if self.values.get() == 0 {
            Unfit::TooManyValues(MAX_VALUES)
        } else {
            Unfit::Malformed(format)
        }
    }
}

/// The outermost mapping, `keys` of it.
pub(super) type Fields = BTreeMap<String, Value>;

/// Reads a JSON object. Bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD, as Go has it.
pub(super) fn from_json(bytes: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    let limits = limits(keys);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let fault = |_| limits.fault("JSON");
    let raw: &RawValue = serde_json::from_str(text).map_err(fault)?;
    match json::read(raw, 0, &limits).map_err(fault)? {
        Value::Map(fields) => Ok(fields),
        _ => Err(Unfit::Malformed("JSON")),
    }
}

/// Reads the first document of a YAML stream, a mapping.
pub(super) fn from_yaml(bytes: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    let limits = limits(keys);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    cost::judge(text)?;
    let document = serde_yaml::Deserializer::from_str(text)
        .next()
        .ok_or(Unfit::Malformed("YAML"))?;
    match (Yaml {
        depth: 0,
        limits: &limits,
    })
    .deserialize(document)
    {
        Ok(Value::Map(fields)) => Ok(fields),
        Ok(_) => Err(Unfit::Malformed("YAML")),
        Err(_) => Err(limits.fault("YAML")),
    }
}

fn limits<'a>(keys: &'a [&'a str]) -> Limits<'a> {
    Limits {
        keys,
        values: Cell::new(MAX_VALUES),
    }
}
