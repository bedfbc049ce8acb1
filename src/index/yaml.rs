//! Block YAML. Keys and strings are JSON strings: plain ones would be read as `yes`, `1:30` or a date by YAML 1.1
//! (facts/workers.md §8).

use serde_json::Value;

use super::text;

/// Appends a value as block YAML. `indent` is that of the line it stands in; a scalar or empty collection goes on in that
/// line, anything else begins a new one.
pub(super) fn write(out: &mut Vec<u8>, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push(b'\n');
                out.resize(out.len() + indent, b' ');
                pair(out, key, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push(b'\n');
                out.resize(out.len() + indent, b' ');
                out.extend_from_slice(b"-");
                item_of(out, item, indent + 2);
            }
        }
        scalar => {
            out.push(b' ');
            text::write(out, scalar);
        }
    }
}

/// Appends an item behind its dash: the first key of a map stands in the same line.
pub(super) fn item_of(out: &mut Vec<u8>, item: &Value, indent: usize) {
    match item {
        Value::Object(map) if !map.is_empty() => {
            for (place, (key, value)) in map.iter().enumerate() {
                if place == 0 {
                    out.push(b' ');
                } else {
                    out.push(b'\n');
                    out.resize(out.len() + indent, b' ');
                }
                pair(out, key, value, indent);
            }
        }
        other => write(out, other, indent),
    }
}

fn pair(out: &mut Vec<u8>, key: &str, value: &Value, indent: usize) {
    text::write_text(out, key);
    out.push(b':');
    write(out, value, indent + 2);
}
