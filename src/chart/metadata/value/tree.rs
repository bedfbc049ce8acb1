//! A value, and the limits under which one is read.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::chart::Unfit;

/// Most values below the keys that are read: a chart of hundreds of dependencies has some thousand. Bounds what YAML aliases
/// can multiply.
pub(super) const MAX_VALUES: usize = 20_000;

/// Most bytes of text and keys that are read of one YAML: what stands in it once is at most a quarter of this; the rest is aliases.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting that is read: metadata, dependencies, dependency, import-values, pair, text. What is deeper is null.
pub(super) const MAX_DEPTH: usize = 6;

/// A value as it stands in JSON or YAML. Numbers keep their text, as `1.10` must not become `1.1`.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// The last value counts where a key stands twice, as in Go.
    Map(BTreeMap<String, Node>),
}

/// What is left of a reader's limits.
pub(super) struct Limits<'a> {
    pub(super) keys: &'a [&'a str],
    values: Cell<usize>,
    text: Cell<usize>,
}

impl<'a> Limits<'a> {
    /// All that a reader of these keys may read.
    pub(super) fn of(keys: &'a [&'a str]) -> Self {
        Self {
            keys,
            values: Cell::new(MAX_VALUES),
            text: Cell::new(MAX_TEXT),
        }
    }

    /// Whether one more value may be read.
    pub(super) fn take(&self) -> bool {
        let left = self.values.get();
        self.values.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether so much more text may be read. If not, nothing more may be.
    pub(super) fn take_text(&self, length: usize) -> bool {
        let left = self.text.get().checked_sub(length);
        self.text.set(left.unwrap_or(0));
        if left.is_none() {
            self.values.set(0);
        }
        left.is_some()
    }

    pub(super) fn fault(&self, format: &'static str) -> Unfit {
        if self.values.get() == 0 {
            Unfit::TooManyValues(MAX_VALUES)
        } else {
            Unfit::Malformed(format)
        }
    }
}
