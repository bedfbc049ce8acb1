//! How a wrong value is shown in a message.

/// How much of a wrong value is shown, in characters: enough to know it again in a log.
const SHOWN: usize = 64;

/// A wrong value in quotes, its odd characters escaped, cut where it is long.
pub(crate) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", value.get(..end).unwrap_or_default()),
        None => format!("{value:?}"),
    }
}
