//! Wildcards: what `*`, `**` and `?` in a setting match.

/// Whether a pattern matches a text, where `any` elements of the pattern stand for any number of elements and the others for
/// one each, judged by `one`. Steps back to the last `any` only, so it takes at most pattern × text steps.
///
/// Our own: one function for bytes and for segments is smaller than `globset`, which brings two automata for regular
/// expressions, and `wildmatch` knows no segments, so that `**` would still be left to do.
pub(crate) fn matches<P, T>(
    pattern: &[P],
    text: &[T],
    any: impl Fn(&P) -> bool,
    one: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut in_text) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(element) = text.get(in_text) {
        match pattern.get(at) {
            Some(wild) if any(wild) => {
                at += 1;
                back = Some((at, in_text));
            }
            Some(single) if one(single, element) => {
                at += 1;
                in_text += 1;
            }
            _ => {
                let Some((after, start)) = back else {
                    return false;
                };
                at = after;
                in_text = start + 1;
                back = Some((after, in_text));
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(any)
}

/// Whether a text matches a pattern of `*` (any bytes) and, if so wished, `?` (one byte).
pub(crate) fn glob(pattern: &str, text: &str, question_mark: bool) -> bool {
    matches(
        pattern.as_bytes(),
        text.as_bytes(),
        |byte| *byte == b'*',
        |wanted, byte| (question_mark && *wanted == b'?') || wanted == byte,
    )
}

/// `**`: any number of segments.
pub(crate) const ANY_SEGMENTS: &str = "**";
