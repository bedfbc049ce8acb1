//! Reads JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::tree::{Limits, MAX_DEPTH, Value};

/// One value of JSON. Each level is read of its own, as only the raw text knows how a number was written.
pub(super) fn read(
    raw: &RawValue,
    depth: usize,
    limits: &Limits<'_>,
) -> Result<Value, serde_json::Error> {
    let text = raw.get();
    if depth >= MAX_DEPTH {
        return Ok(Value::Null);
    }
    if !limits.take() {
        return Err(serde::de::Error::custom("too many values"));
    }
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let raw: BTreeMap<Text, &RawValue> = serde_json::from_str(text)?;
            let mut fields = BTreeMap::new();
            for (Text(key), value) in raw {
                if depth > 0 || limits.keys.contains(&key.as_str()) {
                    fields.insert(key, read(value, depth + 1, limits)?);
                }
            }
            Value::Map(fields)
        }
        Some(b'[') => {
            let raw: Vec<&RawValue> = serde_json::from_str(text)?;
            let items: Result<_, _> = raw
                .into_iter()
                .map(|value| read(value, depth + 1, limits))
                .collect();
            Value::List(items?)
        }
        Some(b'"') => Value::Text(serde_json::from_str::<Text>(text)?.0),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') | None => Value::Null,
        Some(_) => Value::Number(text.to_owned()),
    })
}

/// Text whose escapes may name halves of surrogate pairs.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lossy;
        impl Visitor<'_> for Lossy {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
        }
        deserializer.deserialize_bytes(Lossy)
    }
}
