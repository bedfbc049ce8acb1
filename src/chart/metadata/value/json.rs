//! Reads JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::tree::{Limits, MAX_DEPTH, Node};

/// One value of JSON. Each level is read of its own, as only the raw text knows how a number was written.
pub(super) fn read(
    raw: &RawValue,
    depth: usize,
    limits: &Limits<'_>,
) -> Result<Node, serde_json::Error> {
    let text = raw.get();
    if depth >= MAX_DEPTH {
        return Ok(Node::Null);
    }
    if !limits.take() {
        return Err(serde::de::Error::custom("too many values"));
    }
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let raw: BTreeMap<LossyText, &RawValue> = serde_json::from_str(text)?;
            let mut fields = BTreeMap::new();
            for (LossyText(key), value) in raw {
                if depth > 0 || limits.keys.contains(&key.as_str()) {
                    fields.insert(key, read(value, depth + 1, limits)?);
                }
            }
            Node::Map(fields)
        }
        Some(b'[') => {
            let raw: Vec<&RawValue> = serde_json::from_str(text)?;
            let items: Result<_, _> = raw
                .into_iter()
                .map(|value| read(value, depth + 1, limits))
                .collect();
            Node::List(items?)
        }
        Some(b'"') => Node::Text(serde_json::from_str::<LossyText>(text)?.0),
        Some(b't') => Node::Bool(true),
        Some(b'f') => Node::Bool(false),
        Some(b'n') | None => Node::Null,
        Some(_) => Node::Number(text.to_owned()),
    })
}

/// Text whose escapes may name halves of surrogate pairs.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LossyText(String);

impl<'de> Deserialize<'de> for LossyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lossy;
        impl Visitor<'_> for Lossy {
            type Value = LossyText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<LossyText, E> {
                Ok(LossyText(String::from_utf8_lossy(bytes).into_owned()))
            }

            fn visit_str<E>(self, text: &str) -> Result<LossyText, E> {
                Ok(LossyText(text.to_owned()))
            }
        }
        deserializer.deserialize_bytes(Lossy)
    }
}
