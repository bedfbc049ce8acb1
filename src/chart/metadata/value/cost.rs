//! What YAML would cost its parser, seen before it is parsed. libyaml's time grows with the square of some things, and a
//! Worker's is short: what is refused here is nothing that a chart needs.

use super::super::super::Unfit;

/// Most brackets open at a time, however short the text.
pub(super) const MAX_BRACKETS: usize = 2_000;

/// At each token the parser looks through all open brackets. Most such looks, at a token a byte: a tenth of a second.
const MAX_LOOKS: usize = 40 << 20;

/// Most lines that begin with `%`: each `%TAG` is compared with all before it, and nobody writes more than one.
const MAX_DIRECTIVES: usize = 8;

/// Refuses a text that would take the parser too long.
pub(super) fn judge(text: &str) -> Result<(), Unfit> {
    let allowed = (MAX_LOOKS / text.len().max(1)).min(MAX_BRACKETS);
    if open_brackets(text) > allowed {
        return Err(Unfit::TooManyBrackets(allowed));
    }
    // Each of these ends a line in YAML 1.1 (§4.2).
    let mut lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    if lines.by_ref().filter(|line| line.starts_with('%')).count() > MAX_DIRECTIVES {
        return Err(Unfit::TooManyDirectives(MAX_DIRECTIVES));
    }
    Ok(())
}

/// How often the parser may look at an open bracket.
pub(super) fn looks(text: &str) -> usize {
    text.len().saturating_mul(open_brackets(text))
}

/// Most brackets that are open at a time, or more.
fn open_brackets(text: &str) -> usize {
    let lines = text.split('\n').map(brackets);
    let (_, open) = lines.fold((0, 0), |(open, most), line| {
        (open + line.left, most.max(open + line.deepest))
    });
    open
}

/// How many brackets a line leaves open, and has open at a time; or more.
struct Brackets {
    left: usize,
    deepest: usize,
}

/// Counts the brackets of a line so that it never counts too few, whatever came before it. One that closes counts only for one
/// of the same line, and not at all where a quote, a comment, a tag or a directive could make text of it.
fn brackets(line: &str) -> Brackets {
    let brackets = line.bytes().filter(|byte| b"[]{}".contains(byte));
    let opens = |byte: &u8| b"[{".contains(byte);
    if line.contains(['"', '\'', '#', '!', '%']) {
        let left = brackets.filter(opens).count();
        return Brackets {
            left,
            deepest: left,
        };
    }
    let mut line = Brackets {
        left: 0,
        deepest: 0,
    };
    for bracket in brackets {
        if opens(&bracket) {
            line.left += 1;
            line.deepest = line.deepest.max(line.left);
        } else {
            line.left = line.left.saturating_sub(1);
        }
    }
    line
}
