//! Foreign values as what a field holds: coerced where the meaning is plain, left out where not.

use super::value::Value;

/// Text in one line, as Helm would print it: at most `limit` bytes, cut where longer. `None` when nothing is left.
pub(super) fn line(value: Option<Value>, limit: usize) -> Option<String> {
    let text = one_line(&scalar(value?)?);
    Some(cut(text.trim(), limit).trim_end().to_owned()).filter(|text| !text.is_empty())
}

/// Text in one line that means nothing when cut (a URL, a constraint): left out when longer than `limit` bytes.
pub(super) fn whole(value: Option<Value>, limit: usize) -> Option<String> {
    let text = one_line(&scalar(value?)?);
    let text = text.trim();
    (!text.is_empty() && text.len() <= limit).then(|| text.to_owned())
}

/// Text in lines: tabs and line feeds stay. Left out when longer than `limit` bytes: the text of an annotation is often YAML.
pub(super) fn lines(value: Value, limit: usize) -> Option<String> {
    let text: String = scalar(value)?
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || is_printable(*c))
        .collect();
    (text.len() <= limit).then_some(text)
}

/// A switch; texts that YAML 1.1 takes for true count as such.
pub(super) fn switch(value: Option<Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => value,
        Some(Value::Text(text)) => {
            ["true", "yes", "on"].contains(&text.trim().to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

/// What `item` makes of each element, at most `limit` of them. What is no list is its only element.
pub(super) fn list<T>(
    value: Option<Value>,
    limit: usize,
    item: impl FnMut(Value) -> Option<T>,
) -> Vec<T> {
    let items = match value {
        Some(Value::List(items)) => items,
        Some(value) => vec![value],
        None => Vec::new(),
    };
    items.into_iter().filter_map(item).take(limit).collect()
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Whitespace becomes a space and what is not printable goes, as in Helm (`pkg/chart/metadata.go`, `sanitizeString`).
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| is_printable(*c))
        .collect()
}

/// Not for display are control characters; marks that turn the direction of text, by which one name looks like another; and
/// what go-yaml and libyaml refuse in a document (YAML 1.2 §5.1).
fn is_printable(c: char) -> bool {
    !(c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fffe}'..='\u{ffff}'
        ))
}

/// The longest start of `text` that has at most `limit` bytes.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn number(text: &str) -> Value {
        Value::Number(text.to_owned())
    }

    #[test]
    fn one_line_of_text() {
        for (value, expected) in [
            (
                Some(text(" a\tb\r\nc\u{2028}d\u{85}e\u{a0}f ")),
                Some("a b  c d e f"),
            ),
            (
                Some(text("\u{0}a\u{7f}\u{9b}\u{202e}\u{feff}\u{ffff}b")),
                Some("ab"),
            ),
            (Some(text("🚀 नमस्ते 👨‍👩‍👧")), Some("🚀 नमस्ते 👨‍👩‍👧")),
            (Some(text("äääää")), Some("äää")),
            (Some(text("äää ä")), Some("äää")),
            (Some(text("\n\u{0}")), None),
            (Some(number("1.10")), Some("1.10")),
            (Some(Value::Bool(true)), Some("true")),
            (Some(Value::Null), None),
            (Some(Value::List(vec![Value::Bool(true)])), None),
            (None, None),
        ] {
            let limit = if value == Some(text("äääää")) || value == Some(text("äää ä")) {
                7
            } else {
                100
            };
            assert_eq!(line(value.clone(), limit).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn whole_or_not_at_all() {
        assert_eq!(
            whole(Some(text(" https://a.example\n")), 17).as_deref(),
            Some("https://a.example")
        );
        assert_eq!(whole(Some(text("https://a.example/")), 17), None);
    }

    #[test]
    fn lines_stay_lines() {
        let value = Value::Text("- a:\r\n\t\"b\u{1b}\"\u{2029}\n".to_owned());
        assert_eq!(lines(value.clone(), 99).as_deref(), Some("- a:\n\t\"b\"\n"));
        assert_eq!(lines(value, 9), None);
        assert_eq!(lines(Value::Text(String::new()), 9).as_deref(), Some(""));
        assert_eq!(lines(Value::Null, 9), None);
    }

    #[test]
    fn switches() {
        for (value, expected) in [
            (Some(Value::Bool(true)), true),
            (Some(text("True")), true),
            (Some(text("yes")), true),
            (Some(text("false")), false),
            (Some(number("1")), false),
            (Some(Value::Null), false),
            (None, false),
        ] {
            assert_eq!(switch(value.clone()), expected, "{value:?}");
        }
    }

    #[test]
    fn one_is_a_list_of_one() {
        let read = |value| list(value, 2, |item| line(Some(item), 9));
        assert_eq!(read(Some(text("a"))), ["a"]);
        assert_eq!(
            read(Some(Value::List(vec![
                Value::Null,
                Value::Text("a".to_owned()),
                Value::Number("1".to_owned()),
                Value::Text("c".to_owned()),
            ]))),
            ["a", "1"]
        );
        assert!(read(None).is_empty() && read(Some(Value::Null)).is_empty());
    }
}
