//! A setting's JSON or YAML as it was written: with every key of a mapping, also one that stands twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value. What it holds may be a secret, so it has no `Debug`.
pub(super) enum SettingNode {
    Nothing,
    Switch(bool),
    Number,
    Text(String),
    List(Vec<SettingNode>),
    /// In the order in which it was written.
    Map(Vec<(String, SettingNode)>),
}

impl SettingNode {
    /// Reads a setting. What is wrong is told by its place: the text of a parser's own message may hold a secret.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            return serde_json::from_str(text)
                .map_err(|error| format!("is not JSON from line {} on", error.line()));
        }
        serde_yaml::from_str(text).map_err(|error| match error.location() {
            Some(place) => format!("is neither JSON nor YAML from line {} on", place.line()),
            None => "is neither JSON nor YAML".to_owned(),
        })
    }
}

impl<'de> Deserialize<'de> for SettingNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = SettingNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<SettingNode, E> {
        Ok(SettingNode::Nothing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<SettingNode, E> {
        Ok(SettingNode::Switch(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SettingNode, E> {
        Ok(SettingNode::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SettingNode, E> {
        Ok(SettingNode::Number)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<SettingNode, E> {
        Ok(SettingNode::Number)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<SettingNode, E> {
        Ok(SettingNode::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SettingNode, E> {
        Ok(SettingNode::Number)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<SettingNode, E> {
        Ok(SettingNode::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SettingNode, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(SettingNode::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<SettingNode, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(SettingNode::Map(map))
    }
}
