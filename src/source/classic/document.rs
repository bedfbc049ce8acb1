//! The parts of an index, so that no more than one version is parsed at a time: a YAML parser keeps a hundred times as much in
//! memory as it reads, and the index of a large repository has megabytes.
//!
//! Every tool that writes an index writes JSON, or YAML in blocks with a version an item. There a line that is indented no
//! deeper than the list is never inside of a version (YAML 1.2 §8.2), so lines tell where one ends. What is written in another
//! way is not read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chart::{ListedVersion, Unfit};

/// Most versions of one index: more than any has within its limit of bytes.
const MAX_VERSIONS: usize = 50_000;

/// A version as it stands in the index, unparsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexItem<'t> {
    /// The chart's name that it stands under.
    pub(super) chart: Cow<'t, str>,
    text: ItemText<'t>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ItemText<'t> {
    Json(&'t str),
    /// Whole lines; the dash stands in the first.
    Yaml(&'t str),
}

impl IndexItem<'_> {
    /// Parses it.
    pub(super) fn parse(&self) -> Result<ListedVersion, Unfit> {
        match self.text {
            ItemText::Json(text) => ListedVersion::from_json(text.as_bytes()),
            ItemText::Yaml(text) => ListedVersion::from_yaml(text.replacen('-', " ", 1).as_bytes()),
        }
    }
}

#[derive(Deserialize)]
struct JsonIndex<'t> {
    #[serde(borrow)]
    entries: BTreeMap<Cow<'t, str>, Option<Vec<&'t RawValue>>>,
}

/// The versions of an index; `None` when it is none, or written in a way that is not read.
pub(super) fn items(text: &str) -> Option<Vec<IndexItem<'_>>> {
    let text = text.trim_start_matches('\u{feff}');
    let items = if text.trim_start().starts_with('{') {
        json(text)
    } else {
        yaml(text)
    };
    items.filter(|items| items.len() <= MAX_VERSIONS)
}

fn json(text: &str) -> Option<Vec<IndexItem<'_>>> {
    let index: JsonIndex<'_> = serde_json::from_str(text).ok()?;
    let mut items = Vec::new();
    for (chart, versions) in index.entries {
        for version in versions.unwrap_or_default() {
            items.push(IndexItem {
                chart: chart.clone(),
                text: ItemText::Json(version.get()),
            });
        }
    }
    Some(items)
}

/// Where the lines of an index are.
#[derive(Default)]
struct LineReader<'t> {
    items: Vec<IndexItem<'t>>,
    /// How far the charts' names are indented.
    charts: Option<usize>,
    /// The chart whose versions come.
    chart: Option<&'t str>,
    /// How far their dashes are indented.
    dashes: Option<usize>,
    /// Where the version at hand begins.
    begun: Option<usize>,
}

impl<'t> LineReader<'t> {
    /// Ends the version at hand.
    fn flush(&mut self, text: &'t str, end: usize) {
        if let (Some(begun), Some(chart)) = (self.begun.take(), self.chart)
            && let Some(text) = text.get(begun..end)
        {
            self.items.push(IndexItem {
                chart: Cow::Borrowed(chart),
                text: ItemText::Yaml(text),
            });
        }
    }

    /// Takes a line below `entries`; `None` where it cannot stand there.
    fn take(&mut self, text: &'t str, at: usize, line: &'t str) -> Option<()> {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let within = self.begun.is_some() && self.dashes.is_some_and(|dashes| indent > dashes);
        if content.is_empty() || (content.starts_with('#') && !within) {
            return Some(());
        }
        if content.starts_with('\t') && !within {
            return None;
        }
        let charts = *self.charts.get_or_insert(indent);
        let is_item = content == "-" || content.starts_with("- ");
        if is_item && indent >= charts && self.dashes.is_none_or(|dashes| dashes == indent) {
            self.flush(text, at);
            self.chart?;
            self.dashes = Some(indent);
            self.begun = Some(at);
            return Some(());
        }
        if within {
            return Some(());
        }
        if indent != charts || is_item {
            return None;
        }
        self.flush(text, at);
        let (key, value) = content.split_once(':')?;
        if !matches!(value.trim(), "" | "[]" | "null") {
            return None;
        }
        self.chart = Some(key.trim().trim_matches(['"', '\'']));
        self.dashes = None;
        Some(())
    }
}

fn yaml(text: &str) -> Option<Vec<IndexItem<'_>>> {
    let mut reader = LineReader::default();
    let mut found = false;
    let mut within = false;
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let top = !line.is_empty() && !line.starts_with([' ', '#', '\t', '-']);
        if top {
            if within {
                reader.flush(text, at);
            }
            within = false;
            if let Some((key, value)) = line.split_once(':')
                && key.trim_matches(['"', '\'']) == "entries"
            {
                within = value.trim().is_empty();
                if found || !(within || value.trim() == "{}") {
                    return None;
                }
                found = true;
            }
        } else if within {
            reader.take(text, at, line)?;
        }
        at += whole.len();
    }
    reader.flush(text, at);
    found.then_some(reader.items)
}

#[cfg(test)]
mod tests;
