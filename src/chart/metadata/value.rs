//! Foreign JSON and YAML as one plain tree, read under limits.
//!
//! | file | holds |
//! |---|---|
//! | `tree` | a value, and the limits under which one is read |
//! | `json` | reads JSON |
//! | `yaml` | reads YAML |
//! | `json_of_yaml` | reads YAML of any shape as JSON, as Helm does with `values.yaml` |
//! | `cost` | what YAML would cost its parser, seen before it is parsed |

use std::collections::BTreeMap;

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

mod cost;
mod json;
mod json_of_yaml;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub(super) use self::tree::Node;

use self::json_of_yaml::JsonOfYaml;
use self::tree::Limits;
use self::yaml::Yaml;
use super::super::Unfit;

/// The outermost mapping, `keys` of it.
pub(super) type Fields = BTreeMap<String, Node>;

/// Reads a JSON object. Bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD, as Go has it.
pub(super) fn from_json(bytes: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    let limits = Limits::of(keys);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let fault = |_| limits.fault("JSON");
    let raw: &RawValue = serde_json::from_str(text).map_err(fault)?;
    match json::read(raw, 0, &limits).map_err(fault)? {
        Node::Map(fields) => Ok(fields),
        _ => Err(Unfit::Malformed("JSON")),
    }
}

/// Reads the first document of a YAML stream, a mapping.
pub(super) fn from_yaml(bytes: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    let limits = Limits::of(keys);
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
        Ok(Node::Map(fields)) => Ok(fields),
        Ok(_) => Err(Unfit::Malformed("YAML")),
        Err(_) => Err(limits.fault("YAML")),
    }
}

/// Reads the first document of a YAML stream, of any shape, as JSON.
pub(in super::super) fn json_of_yaml(bytes: &[u8]) -> Result<serde_json::Value, Unfit> {
    if bytes.len() > super::MAX_YAML {
        return Err(Unfit::MetadataTooLarge(super::MAX_YAML));
    }
    let limits = Limits::of(&[]);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    cost::judge(text)?;
    let Some(document) = serde_yaml::Deserializer::from_str(text).next() else {
        return Ok(serde_json::Value::Null);
    };
    let reader = JsonOfYaml { limits: &limits };
    reader
        .deserialize(document)
        .map_err(|_| limits.fault("YAML"))
}

/// What YAML would cost its parser, in looks at open brackets: of several files, the sum counts.
pub(in super::super) fn looks(yaml: &[u8]) -> usize {
    cost::looks(&String::from_utf8_lossy(yaml))
}
