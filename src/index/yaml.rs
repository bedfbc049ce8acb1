//! Block YAML. Keys and strings are JSON strings: plain ones would be read as `yes`, `1:30` or a date by YAML 1.1.

use std::io::{self, Write};

use serde_json::Value;

use super::text;

/// Writes a value as block YAML. `indent` is the indentation of its own lines. A scalar or an empty collection continues the
/// current line, anything else begins a new one.
fn write<W: Write>(out: &mut W, value: &Value, indent: usize) -> io::Result<()> {
    match value {
        Value::Object(map) if !map.is_empty() => map.iter().try_for_each(|(key, value)| {
            line(out, indent)?;
            pair(out, key, value, indent)
        }),
        Value::Array(items) if !items.is_empty() => items.iter().try_for_each(|value| {
            line(out, indent)?;
            out.write_all(b"-")?;
            item(out, value, indent + 2)
        }),
        scalar => {
            out.write_all(b" ")?;
            text::write(out, scalar)
        }
    }
}

/// Writes an item after its dash; the first key of a map stands on the same line.
pub(super) fn item<W: Write>(out: &mut W, value: &Value, indent: usize) -> io::Result<()> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (place, (key, value)) in map.iter().enumerate() {
                if place == 0 {
                    out.write_all(b" ")?;
                } else {
                    line(out, indent)?;
                }
                pair(out, key, value, indent)?;
            }
            Ok(())
        }
        other => write(out, other, indent),
    }
}

fn pair<W: Write>(out: &mut W, key: &str, value: &Value, indent: usize) -> io::Result<()> {
    text::write_text(&mut *out, key)?;
    out.write_all(b":")?;
    write(out, value, indent + 2)
}

fn line<W: Write>(out: &mut W, indent: usize) -> io::Result<()> {
    write!(out, "\n{:indent$}", "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes() {
        let value = json!({
            "date": "2025-11-21", "empty list": [], "empty map": {}, "flag": true, "yes": "no", "1:30": "0x1F",
            "list": ["a", {"b": "c", "d": ["e"]}, ["f", ["g"]], []],
        });
        let mut out = b"-".to_vec();
        item(&mut out, &value, 2).unwrap();
        let text = String::from_utf8(out).unwrap();
        insta::assert_snapshot!(text, @r#"
        - "1:30": "0x1F"
          "date": "2025-11-21"
          "empty list": []
          "empty map": {}
          "flag": true
          "list":
            - "a"
            - "b": "c"
              "d":
                - "e"
            -
              - "f"
              -
                - "g"
            - []
          "yes": "no"
        "#);
        let read: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read, json!([value]));
    }
}
