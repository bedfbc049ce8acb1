//! Reads YAML.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};

use super::tree::{Limits, MAX_DEPTH, Node};

/// Reads one value of YAML.
#[derive(Clone, Copy)]
pub(super) struct Yaml<'a> {
    pub(super) depth: usize,
    pub(super) limits: &'a Limits<'a>,
}

impl Yaml<'_> {
    fn below(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl<'de> DeserializeSeed<'de> for Yaml<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        if self.depth >= MAX_DEPTH {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(Node::Null);
        }
        if !self.limits.take() {
            return Err(serde::de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Yaml<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(go_float(value)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Node, E> {
        // Before it is copied: an alias is a few bytes, and can stand for all that is read.
        if !self.limits.take_text(text.len()) {
            return Err(E::custom("too much text"));
        }
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.below())? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(key) = map.next_key_seed(self.below())? {
            let key = match key {
                Node::Text(key) | Node::Number(key) => Some(key),
                Node::Bool(key) => Some(key.to_string()),
                Node::Null | Node::List(_) | Node::Map(_) => None,
            };
            match key {
                Some(key) if self.depth > 0 || self.limits.keys.contains(&key.as_str()) => {
                    fields.insert(key, map.next_value_seed(self.below())?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Node::Map(fields))
    }

    /// A value with a tag of its own: the tag is passed over.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (IgnoredAny, value) = tagged.variant()?;
        value.newtype_variant_seed(self.below())
    }
}

/// A float as Helm writes it where text is wanted, `strconv.FormatFloat(value, 'g', -1, 32)` (sigs.k8s.io/yaml, `convertToJSONableObject`):
/// YAML's own text is gone by then, for Helm as for us. Both read `1.10` as 1.1, so the index agrees with what Helm finds in the
/// package.
fn go_float(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the 32 above")]
    let value = value as f32;
    let scientific = format!("{value:e}");
    let parts = scientific
        .split_once('e')
        .and_then(|(mantissa, exponent)| Some((mantissa, exponent.parse::<i32>().ok()?)));
    match parts {
        Some((mantissa, exponent)) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        Some(_) => value.to_string(),
        None => scientific,
    }
}
