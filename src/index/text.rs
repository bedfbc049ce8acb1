//! JSON that every reader of YAML reads alike: UTF-8 with no escapes but `\"`, `\\`, `\n`, `\t` and `\uXXXX`, and the latter only
//! for what some reader refuses raw or folds. Never a surrogate pair, never `\/`: Helm up to 3.12 and Argo CD (go-yaml v2) refuse the
//! whole document for one.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// Compact JSON with escapes of the safe subset only.
struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // serde_json escapes C0, quote and backslash itself, and leaves these to us. Most text has none of them.
        if !fragment.bytes().any(may_begin_unsafe) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, c)| unsafe_raw(*c)) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            // All of them are below U+10000: one escape, no pair.
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = from.get(found.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Quote => writer.write_all(b"\\\""),
            CharEscape::ReverseSolidus => writer.write_all(b"\\\\"),
            CharEscape::Solidus => writer.write_all(b"/"),
            CharEscape::LineFeed => writer.write_all(b"\\n"),
            CharEscape::Tab => writer.write_all(b"\\t"),
            CharEscape::Backspace => writer.write_all(b"\\u0008"),
            CharEscape::FormFeed => writer.write_all(b"\\u000c"),
            CharEscape::CarriageReturn => writer.write_all(b"\\u000d"),
            CharEscape::AsciiControl(byte) => write!(writer, "\\u{byte:04x}"),
        }
    }
}

/// Whether YAML readers refuse or fold a character that JSON allows raw: DEL, C1, the two line separators, the BOM, and the two
/// that YAML does not count as printable (YAML 1.2 §5.1; go-yaml and libyaml refuse the whole document).
fn unsafe_raw(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// Whether the UTF-8 of an [`unsafe_raw`] character begins with this byte.
fn may_begin_unsafe(byte: u8) -> bool {
    matches!(byte, 0x7f | 0xc2 | 0xe2 | 0xef)
}

/// Writes a value as compact JSON of the safe subset. Fails only as `out` does.
pub(super) fn write<W: Write>(out: W, value: &Value) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, Safe))?)
}

/// Writes a text as a quoted JSON string of the safe subset. Fails only as `out` does.
pub(super) fn write_text<W: Write>(out: W, text: &str) -> io::Result<()> {
    Ok(text.serialize(&mut Serializer::with_formatter(out, Safe))?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes() {
        for (text, json) in [
            ("plain", r#""plain""#),
            ("a\"b\\c/d", r#""a\"b\\c/d""#),
            ("\n\t\r\u{8}\u{c}", r#""\n\t\u000d\u0008\u000c""#),
            ("\0\u{1f}\u{1b}", r#""\u0000\u001f\u001b""#),
            (
                "~\u{7f}\u{80}\u{85}\u{9f}\u{a0}",
                "\"~\\u007f\\u0080\\u0085\\u009f\u{a0}\"",
            ),
            (
                "\u{2027}\u{2028}\u{2029}\u{202a}",
                "\"\u{2027}\\u2028\\u2029\u{202a}\"",
            ),
            (
                "\u{fefe}\u{feff}x\u{fffd}\u{fffe}\u{ffff}",
                "\"\u{fefe}\\ufeffx\u{fffd}\\ufffe\\uffff\"",
            ),
            (
                "🚀 Ünïcödé \u{1ffff}\u{10ffff}",
                "\"🚀 Ünïcödé \u{1ffff}\u{10ffff}\"",
            ),
            ("", r#""""#),
        ] {
            assert_eq!(written(text), json);
        }
    }

    /// CVE-2021-21303 (Helm): a text of a chart must not become syntax of the index.
    #[test]
    fn every_character_comes_back() {
        let all: String = ('\0'..=char::MAX).collect();
        let json = written(&all);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
        assert_eq!(serde_yaml::from_str::<String>(&json).unwrap(), all);
    }

    #[test]
    fn the_quick_look_misses_nothing() {
        for c in ('\0'..=char::MAX).filter(|c| unsafe_raw(*c)) {
            assert!(may_begin_unsafe(c.to_string().as_bytes()[0]), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(text in any::<String>()) {
            let json = written(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
            prop_assert_eq!(serde_yaml::from_str::<String>(&json).unwrap(), text);
        }
    }
}
