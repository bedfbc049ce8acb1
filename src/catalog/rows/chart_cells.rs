//! Whether the cells of a chart's row agree with each other.

use serde_json::Map;

use crate::catalog::rows::cell::CellFault;
use crate::chart::FileName;

/// The cells of a chart that must agree with each other, looked at without a copy: an index of 100,000 versions asks for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChartCells<'c> {
    /// The chart's name.
    pub(crate) name: &'c str,
    /// Its version.
    pub(crate) version: &'c str,
    /// The package's file name.
    pub(crate) file: &'c FileName,
    /// When it was made.
    pub(crate) created: Option<&'c str>,
    /// The version's sort key.
    pub(crate) version_key: &'c str,
}

impl ChartCells<'_> {
    /// The column that does not fit the others, if one does not.
    pub(crate) fn contradiction(&self) -> Option<(&'static str, CellFault)> {
        if !self.file.is_of(self.name, self.version) {
            return Some(("file", CellFault::Contradiction("name and version")));
        }
        // A sort key ends with the version itself.
        let key = self.version_key.strip_suffix(self.version);
        if !key.is_some_and(|key| key.ends_with(' ')) {
            return Some(("version_key", CellFault::Contradiction("the version")));
        }
        if !self.created.is_none_or(is_time) {
            return Some(("created", CellFault::Text("no time of RFC 3339".to_owned())));
        }
        None
    }

    /// Whether these are a chart's metadata, and this chart's.
    pub(crate) fn fits(&self, metadata: &Map<String, serde_json::Value>) -> bool {
        let text = |key: &str| metadata.get(key).and_then(serde_json::Value::as_str);
        text("name") == Some(self.name)
            && text("version") == Some(self.version)
            && text("apiVersion").is_some()
    }
}

/// Whether a text has the shape in which times are written: `2025-11-21T00:00:00Z`.
fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00Z";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            shape => byte == *shape,
        })
}
