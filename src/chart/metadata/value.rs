//! Foreign JSON and YAML as one plain tree, read under limits.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

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
    match json(raw, 0, &limits).map_err(fault)? {
        Value::Map(fields) => Ok(fields),
        _ => Err(Unfit::Malformed("JSON")),
    }
}

/// Reads the first document of a YAML stream, a mapping.
pub(super) fn from_yaml(bytes: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    let limits = limits(keys);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
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

/// One value of JSON. Each level is read of its own, as only the raw text knows how a number was written.
fn json(raw: &RawValue, depth: usize, limits: &Limits<'_>) -> Result<Value, serde_json::Error> {
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
                    fields.insert(key, json(value, depth + 1, limits)?);
                }
            }
            Value::Map(fields)
        }
        Some(b'[') => {
            let raw: Vec<&RawValue> = serde_json::from_str(text)?;
            let items: Result<_, _> = raw
                .into_iter()
                .map(|value| json(value, depth + 1, limits))
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

/// Reads one value of YAML.
#[derive(Clone, Copy)]
struct Yaml<'a> {
    depth: usize,
    limits: &'a Limits<'a>,
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
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth >= MAX_DEPTH {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(Value::Null);
        }
        if !self.limits.take() {
            return Err(serde::de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Yaml<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(go_float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.below())? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(key) = map.next_key_seed(self.below())? {
            let key = match key {
                Value::Text(key) | Value::Number(key) => Some(key),
                Value::Bool(key) => Some(key.to_string()),
                Value::Null | Value::List(_) | Value::Map(_) => None,
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
        Ok(Value::Map(fields))
    }

    /// A value with a tag of its own: the tag is passed over.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn both(text: &str, expected: &[(&str, Value)]) {
        let expected: Fields = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        assert_eq!(
            from_json(text.as_bytes(), &["a", "b"]),
            Ok(expected.clone()),
            "JSON"
        );
        assert_eq!(
            from_yaml(text.as_bytes(), &["a", "b"]),
            Ok(expected),
            "YAML"
        );
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn number(text: &str) -> Value {
        Value::Number(text.to_owned())
    }

    #[test]
    fn json_is_yaml() {
        both("{}", &[]);
        both(r#"{"c": [[[[[[[[1]]]]]]]]}"#, &[]);
        both(
            r#"{"a": null, "b": [true, 1, -2, 0.5, "x\u00e9\n"]}"#,
            &[
                ("a", Value::Null),
                (
                    "b",
                    Value::List(vec![
                        Value::Bool(true),
                        number("1"),
                        number("-2"),
                        number("0.5"),
                        text("xé\n"),
                    ]),
                ),
            ],
        );
        both("\u{feff}{\"a\": \"1\", \"a\": \"2\"}", &[("a", text("2"))]);
    }

    #[test]
    fn numbers_of_json_keep_their_text() {
        for written in ["1.10", "72551e2", "1E+400", "18446744073709551616", "-0"] {
            let json = format!(r#"{{"a": {written}}}"#);
            assert_eq!(
                from_json(json.as_bytes(), &["a"]).unwrap()["a"],
                number(written)
            );
        }
    }

    #[test]
    fn numbers_of_yaml_are_written_as_helm_does() {
        for (written, expected) in [
            ("1.10", "1.1"),
            ("72551e2", "7.2551e+06"),
            ("123456.0", "123456"),
            ("1234567.0", "1.234567e+06"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("20240101.5", "2.0240102e+07"),
            ("20240101", "20240101"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            let yaml = format!("a: {written}");
            assert_eq!(
                from_yaml(yaml.as_bytes(), &["a"]).unwrap()["a"],
                number(expected),
                "{written}"
            );
        }
    }

    #[test]
    fn broken_text_is_mended() {
        for json in [
            b"{\"a\": \"x\xff\"}".as_slice(),
            br#"{"\ud800": 1, "a": "x\ud800"}"#,
        ] {
            let Value::Text(text) = from_json(json, &["a"]).unwrap().remove("a").unwrap() else {
                panic!("no text");
            };
            assert!(text.starts_with("x\u{fffd}"), "{text}");
        }
    }

    #[test]
    fn oddities_of_yaml() {
        let yaml = "---\n# first\na: &x !tag\n  1: yes\n  true: *x2\n---\nb: 2\n";
        assert_eq!(
            from_yaml(yaml.as_bytes(), &["a"]),
            Err(Unfit::Malformed("YAML"))
        );
        let yaml = "---\na: !tag\n  1: &x [v]\n  true: *x\n  ? [k]\n  : v\n...\n---\nb: 2\n";
        let list = Value::List(vec![text("v")]);
        let map = Value::Map([("1".to_owned(), list.clone()), ("true".to_owned(), list)].into());
        assert_eq!(
            from_yaml(yaml.as_bytes(), &["a"]),
            Ok([("a".to_owned(), map)].into())
        );
    }

    #[test]
    fn no_mapping() {
        for bad in ["", "null", "[]", "[1", "\"x\"", "{", "{]", "\0"] {
            assert_eq!(
                from_json(bad.as_bytes(), &["a"]),
                Err(Unfit::Malformed("JSON")),
                "{bad}"
            );
        }
        for bad in [
            "",
            "null",
            "[]",
            "[1",
            "x",
            "a: b: c",
            "\0",
            "a: *a",
            "--- !t {}\n",
        ] {
            let read = from_yaml(bad.as_bytes(), &["a"]);
            if bad == "--- !t {}\n" {
                assert_eq!(read, Ok(Fields::new()));
            } else {
                assert_eq!(read, Err(Unfit::Malformed("YAML")), "{bad}");
            }
        }
    }

    #[test]
    fn deep_is_null_and_many_is_refused() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100), "]".repeat(100));
        let mut value = Value::Null;
        for _ in 1..MAX_DEPTH {
            value = Value::List(vec![value]);
        }
        both(&deep, &[("a", value)]);
        let many = format!("{{\"a\": [{}1]}}", "1,".repeat(MAX_VALUES));
        let refused = Err(Unfit::TooManyValues(MAX_VALUES));
        assert_eq!(from_json(many.as_bytes(), &["a"]), refused);
        assert_eq!(from_yaml(many.as_bytes(), &["a"]), refused);
        assert_eq!(from_json(many.as_bytes(), &["b"]), Ok(Fields::new()));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for nth in 1..9 {
            let below = format!("*a{}", nth - 1);
            let list = vec![below; 9].join(",");
            yaml.push_str(&format!("a{nth}: &a{nth} [{list}]\n"));
        }
        yaml.push_str("a: [*a8, *a8]\n");
        assert!(from_yaml(yaml.as_bytes(), &["a"]).is_ok());
        let wide = format!(
            "w: &w [{}x]\na: [{}*w]\n",
            "x,".repeat(500),
            "*w,".repeat(500)
        );
        assert_eq!(
            from_yaml(wide.as_bytes(), &["a"]),
            Err(Unfit::TooManyValues(MAX_VALUES))
        );
    }
}
