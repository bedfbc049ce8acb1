//! Foreign values as what a field holds: coerced where the meaning is plain, left out where not.

use super::value::Node;

/// Text in one line, as Helm writes it, spaces around it included: at most `limit` bytes, cut where longer. `None` when nothing
/// is left.
pub(super) fn line(value: Option<Node>, limit: usize) -> Option<String> {
    let text = one_line(&scalar(value?)?);
    Some(shortened(text, limit)).filter(|text| !text.is_empty())
}

/// Text in one line that means nothing when cut (a URL, a constraint): left out when longer than `limit` bytes.
pub(super) fn whole(value: Option<Node>, limit: usize) -> Option<String> {
    let text = one_line(&scalar(value?)?);
    (!text.is_empty() && text.len() <= limit).then_some(text)
}

/// An element of a list of texts, by [`line`] or [`whole`]: in a list Helm keeps what is empty, and takes null for it.
pub(super) fn element(
    value: Node,
    read: fn(Option<Node>, usize) -> Option<String>,
    limit: usize,
) -> Option<String> {
    match &value {
        Node::Null => Some(String::new()),
        Node::Text(text) if one_line(text).is_empty() => Some(String::new()),
        _ => read(Some(value), limit),
    }
}

/// Text as it is; Helm takes null for none. Left out when longer than `limit` bytes: the text of an annotation is often YAML. Two characters no YAML can
/// hold (YAML 1.2 §5.1).
pub(super) fn verbatim(value: Node, limit: usize) -> Option<String> {
    let mut text = match value {
        Node::Null => String::new(),
        value => scalar(value)?,
    };
    text.retain(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    (text.len() <= limit).then_some(text)
}

/// A switch; texts that YAML 1.1 takes for true count as such.
pub(super) fn switch(value: Option<Node>) -> bool {
    match value {
        Some(Node::Bool(value)) => value,
        Some(Node::Text(text)) => {
            ["true", "yes", "on"].contains(&text.trim().to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

/// What `item` makes of each element, at most `limit` of them. What is no list is its only element.
pub(super) fn list<T>(
    value: Option<Node>,
    limit: usize,
    item: impl FnMut(Node) -> Option<T>,
) -> Vec<T> {
    let items = match value {
        Some(Node::List(items)) => items,
        Some(Node::Null) | None => Vec::new(),
        Some(Node::Text(text)) if one_line(&text).is_empty() => Vec::new(),
        Some(value) => vec![value],
    };
    items.into_iter().filter_map(item).take(limit).collect()
}

fn scalar(value: Node) -> Option<String> {
    match value {
        Node::Text(text) | Node::Number(text) => Some(text),
        Node::Bool(value) => Some(value.to_string()),
        Node::Null | Node::List(_) | Node::Map(_) => None,
    }
}

/// Whitespace becomes a space and what is not printable goes, as in Helm (`pkg/chart/metadata.go`, `sanitizeString`).
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| is_printable(*c))
        .collect()
}

/// Go's `unicode.IsPrint`. Gone are control characters, marks that turn the direction of text, by which one name looks like
/// another, and what has no meaning. The standard library's table of the same is behind the escapes of text, which spare
/// combining marks anywhere but at the beginning.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let behind_a_letter: String = ['a', c].iter().collect();
    behind_a_letter.escape_debug().nth(1) != Some('\\')
}

/// `text`, or the start of it that has at most `limit` bytes and does not end in a space.
pub(super) fn shortened(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.truncate(text.trim_end().len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    fn number(text: &str) -> Node {
        Node::Number(text.to_owned())
    }

    /// CVE-2021-21303 in Helm: metadata that was printed as it came.
    #[test]
    fn one_line_of_text() {
        for (value, expected) in [
            (
                Some(text(" a\tb\r\nc\u{2028}d\u{85}e\u{a0}f ")),
                Some(" a b  c d e f "),
            ),
            (
                Some(text("\u{0}a\u{7f}\u{9b}\u{202e}\u{feff}\u{ffff}b")),
                Some("ab"),
            ),
            // Go takes a zero width joiner for unprintable, and so the family falls apart.
            (
                Some(text("🚀 नमस्ते e\u{301} 👨‍👩‍👧")),
                Some("🚀 नमस्ते e\u{301} 👨👩👧"),
            ),
            (Some(text("a\u{ad}b\u{e000}c\u{378}")), Some("abc")),
            (Some(text(" ")), Some(" ")),
            (Some(text("äääää")), Some("äää")),
            (Some(text("äää ä")), Some("äää")),
            (Some(text("\u{1b}\u{0}")), None),
            (Some(number("1.10")), Some("1.10")),
            (Some(Node::Bool(true)), Some("true")),
            (Some(Node::Null), None),
            (Some(Node::List(vec![Node::Bool(true)])), None),
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
            whole(Some(text("https://a.example\n")), 18).as_deref(),
            Some("https://a.example ")
        );
        assert_eq!(whole(Some(text("https://a.example/")), 17), None);
    }

    #[test]
    fn an_annotation_is_what_it_is() {
        let value = text("- a:\r\n\t\"b\u{1b}\u{202e}\"\u{ffff}\n ");
        let expected = "- a:\r\n\t\"b\u{1b}\u{202e}\"\n ";
        assert_eq!(verbatim(value.clone(), 99).as_deref(), Some(expected));
        assert_eq!(verbatim(value, 9), None);
        assert_eq!(verbatim(text(""), 9).as_deref(), Some(""));
        assert_eq!(verbatim(Node::Null, 9).as_deref(), Some(""));
        assert_eq!(verbatim(Node::List(Vec::new()), 9), None);
    }

    #[test]
    fn lists_keep_what_is_empty() {
        let items = [
            Node::Null,
            text(""),
            text("\u{0}"),
            text("a"),
            text("abc"),
            Node::List(Vec::new()),
        ];
        let read = |how| {
            list(Some(Node::List(items.to_vec())), 9, |item| {
                element(item, how, 2)
            })
        };
        assert_eq!(read(line), ["", "", "", "a", "ab"]);
        assert_eq!(read(whole), ["", "", "", "a"]);
    }

    #[test]
    fn switches() {
        for (value, expected) in [
            (Some(Node::Bool(true)), true),
            (Some(text("True")), true),
            (Some(text("yes")), true),
            (Some(text("false")), false),
            (Some(number("1")), false),
            (Some(Node::Null), false),
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
            read(Some(Node::List(vec![
                Node::Null,
                Node::Text("a".to_owned()),
                Node::Number("1".to_owned()),
                Node::Text("c".to_owned()),
            ]))),
            ["a", "1"]
        );
        assert!(read(None).is_empty() && read(Some(Node::Null)).is_empty());
    }
}
