//! What `values.yaml` says, read under limits.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::Unfit;
use super::metadata::{json_of_yaml, written};

/// Most values of all files together, those that aliases and globals repeat counted each time: the largest public charts have
/// some ten thousand.
const MAX_VALUES: usize = 200_000;

/// Most bytes of all files together.
const MAX_LENGTH: usize = 1 << 20;

/// Most bytes of text in them, counted likewise: what a few long ones that aliases and globals repeat would take.
const MAX_TEXT: usize = 4 << 20;

/// How many values may still be read or made.
pub(super) struct ValuesLeft {
    values: Cell<usize>,
    text: Cell<usize>,
    length: Cell<usize>,
}

impl Default for ValuesLeft {
    fn default() -> Self {
        Self {
            values: Cell::new(MAX_VALUES),
            text: Cell::new(MAX_TEXT),
            length: Cell::new(MAX_LENGTH),
        }
    }
}

impl ValuesLeft {
    /// Counts as many values as one holds.
    pub(super) fn take_all(&self, value: &Value) -> Result<(), Unfit> {
        self.take()?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.take_all(item)),
            Value::Object(map) => map.iter().try_for_each(|(key, item)| {
                self.take_text(key)?;
                self.take_all(item)
            }),
            Value::String(text) => self.take_text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    fn take_text(&self, text: &str) -> Result<(), Unfit> {
        let left = self.text.get().checked_sub(text.len());
        self.text.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or(Unfit::MetadataTooLarge(MAX_TEXT))
    }

    fn take(&self) -> Result<(), Unfit> {
        let left = self.values.get().checked_sub(1);
        self.values.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or(Unfit::TooManyValues(MAX_VALUES))
    }

    fn read(&self, length: usize) -> Result<(), Unfit> {
        let left = self.length.get().checked_sub(length);
        self.length.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or(Unfit::MetadataTooLarge(MAX_LENGTH))
    }
}

/// The values of a file; none where it is empty or says null. `<<` merges, as Helm has it. The words of YAML 1.1 (`yes`, `on`)
/// stay text.
pub(super) fn values(yaml: &[u8], left: &ValuesLeft) -> Result<Map<String, Value>, Unfit> {
    left.read(yaml.len())?;
    let read = json_of_yaml(yaml).map_err(|unfit| match unfit {
        Unfit::Malformed(_) => Unfit::Values("are not YAML"),
        other => other,
    })?;
    left.take_all(&read)?;
    match merged(read) {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(map),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Unfit::Values("are no mapping"))
        }
    }
}

/// What is to be `values.yaml`, of values that somebody sends as JSON or YAML: JSON in lines, YAML as it is, with its comments.
pub(crate) fn sent_values(sent: &[u8]) -> Result<Vec<u8>, Unfit> {
    // A reader of YAML would fold what JSON holds as it is.
    match serde_json::from_slice(sent) {
        Ok(Value::Null) => Ok(written(&Map::new())),
        Ok(json @ Value::Object(_)) => Ok(written(&json)),
        Ok(_) => Err(Unfit::Values("are no mapping")),
        Err(_) => {
            let read = values(sent, &ValuesLeft::default())?;
            Ok(if read.is_empty() {
                written(&read)
            } else {
                sent.to_vec()
            })
        }
    }
}

/// A value with the keys that `<<` merges into tables.
fn merged(value: Value) -> Value {
    const MERGE: &str = "<<";
    match value {
        Value::Object(map) => {
            let mut fields: Map<String, Value> = map
                .into_iter()
                .map(|(key, value)| (key, merged(value)))
                .collect();
            match fields.remove(MERGE) {
                Some(Value::Object(more)) => merge(&mut fields, more),
                Some(Value::Array(several)) => {
                    for more in several {
                        if let Value::Object(more) = more {
                            merge(&mut fields, more);
                        }
                    }
                }
                Some(_) | None => {}
            }
            fields.into()
        }
        Value::Array(items) => items.into_iter().map(merged).collect(),
        scalar => scalar,
    }
}

/// Adds the keys that are missing.
fn merge(fields: &mut Map<String, Value>, merged: Map<String, Value>) {
    for (key, value) in merged {
        fields.entry(key).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(yaml: &str) -> Result<Value, Unfit> {
        values(yaml.as_bytes(), &ValuesLeft::default()).map(Value::Object)
    }

    #[test]
    fn text_that_many_charts_repeat_is_counted() {
        let left = ValuesLeft::default();
        let shared = read(&format!("global: {{a: &x {}, b: *x}}", "t".repeat(250_000))).unwrap();
        let some = (0..8).try_for_each(|_| left.take_all(&shared));
        assert_eq!(some, Ok(()));
        assert_eq!(
            left.take_all(&shared),
            Err(Unfit::MetadataTooLarge(MAX_TEXT))
        );
    }

    #[test]
    fn as_helm_reads_them() {
        for (yaml, expected) in [
            ("", json!({})),
            ("# nothing\n", json!({})),
            ("null", json!({})),
            ("{}", json!({})),
            (
                "a: 1\nb: 1.5\nc: [x, null, true]\n",
                json!({"a": 1, "b": 1.5, "c": ["x", null, true]}),
            ),
            (
                "1: a\ntrue: b\n1.5: c\n",
                json!({"1": "a", "true": "b", "1.5": "c"}),
            ),
            (
                "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n",
                json!({"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
            ),
            ("a: !tag text\n", json!({"a": "text"})),
            ("a: 123456789.25\n", json!({"a": 123_456_789.25})),
            ("a: yes\n", json!({"a": "yes"})),
            ("---\na: 1\n", json!({"a": 1})),
            ("\u{feff}a: 1\n", json!({"a": 1})),
        ] {
            assert_eq!(read(yaml), Ok(expected), "{yaml}");
        }
        for yaml in ["[]", "- a", "text", "1"] {
            assert_eq!(read(yaml), Err(Unfit::Values("are no mapping")), "{yaml}");
        }
        for yaml in ["a: [", "a: b: c", "? [a]\n: b"] {
            assert!(read(yaml).is_err(), "{yaml:?}");
        }
    }

    #[test]
    fn json_becomes_lines_and_yaml_stays() {
        for (sent, expected) in [
            (
                r#"{"b":{"a":[1]},"yes":"no"}"#,
                "{\n  \"b\": {\n    \"a\": [\n      1\n    ]\n  },\n  \"yes\": \"no\"\n}\n",
            ),
            ("# why\na: 1\n", "# why\na: 1\n"),
            ("", "{}\n"),
            ("null", "{}\n"),
            ("{}", "{}\n"),
            ("{\"a\":\"\u{85}\"}", "{\n  \"a\": \"\\u0085\"\n}\n"),
        ] {
            let made = sent_values(sent.as_bytes()).map(|made| String::from_utf8(made).unwrap());
            assert_eq!(made.as_deref(), Ok(expected), "{sent}");
        }
        assert!(sent_values(b"[1]").is_err());
    }

    #[test]
    fn no_more_than_can_be_held() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..9 {
            let m = n - 1;
            let ten = vec![format!("*a{m}"); 10].join(",");
            bomb = format!("{bomb}a{n}: &a{n} [{ten}]\n");
        }
        assert!(read(&bomb).is_err());
    }
}
