//! The charts of a view as one JSON object, of which pages can be cut.

use std::ops::ControlFlow;

use crate::catalog::rows::store::Store;
use crate::config::Config;
use crate::index::View;
use crate::platform::DatabaseError;

/// Longest list that is made, in bytes: what the edge reads of an answer, with room for what is around it.
const LIMIT: usize = 7 << 20;

/// Charts by their names, each with the list of its versions as they stand in an index.
#[derive(Debug, Default)]
pub(crate) struct ChartList {
    /// Name and versions of one chart after the other, between commas.
    json: String,
    /// Where each chart begins.
    starts: Vec<usize>,
    /// The name of the chart met last.
    met: Option<String>,
    /// How many charts were met.
    charts: usize,
}

impl ChartList {
    /// How long it is, in bytes.
    pub(crate) fn length(&self) -> usize {
        self.json.len()
    }

    /// A JSON object of `limit` charts at most, after as many as are passed over.
    pub(crate) fn page(&self, offset: usize, limit: usize) -> String {
        let start = self.starts.get(offset).copied();
        let end = self.starts.get(offset.saturating_add(limit));
        // Before a chart that follows there is a comma.
        let end = end.map_or(self.json.len(), |next| next.saturating_sub(1));
        let charts = start.and_then(|start| self.json.get(start..end));
        format!("{{{}}}", charts.unwrap_or_default())
    }

    /// How many charts stand before the one of this name. Versions of a chart come one after the other.
    fn place(&mut self, name: &str) -> usize {
        if self.met.as_deref() != Some(name) {
            self.met = Some(name.to_owned());
            self.charts += 1;
        }
        self.charts.saturating_sub(1)
    }

    fn add(&mut self, is_first: bool, name: &str, entry: &str) {
        if is_first {
            if !self.json.is_empty() {
                self.json.push(',');
            }
            self.starts.push(self.json.len());
            let name = serde_json::Value::from(name).to_string();
            self.json.push_str(&name);
            self.json.push_str(":[");
        } else {
            // In the place of the bracket that closed the list.
            self.json.pop();
            self.json.push(',');
        }
        self.json.push_str(entry);
        self.json.push(']');
    }
}

impl Store<'_> {
    /// Lists charts of a view, in the order of their names: all versions of each, the newest first; only the chart `name`, if it is
    /// given; else `limit` charts at most, after as many as are passed over. `None` where that is too long.
    pub(crate) fn chart_list(
        &self,
        config: &Config,
        view: &View,
        name: Option<&str>,
        (offset, limit): (usize, usize),
    ) -> Result<Option<ChartList>, DatabaseError> {
        let winners = self.winners(config, view, name)?;
        let base = config.links_of(view);
        let mut list = ChartList::default();
        let mut written: Option<usize> = None;
        let mut is_cut = false;
        self.each_served(config, view, name, &winners, &mut |version| {
            let name = version.offer.name.as_str();
            let place = list.place(name);
            if place >= offset.saturating_add(limit) {
                return ControlFlow::Break(());
            }
            if place >= offset
                && let Some(text) = version.entry(&base).to_json()
            {
                list.add(written != Some(place), name, &text);
                written = Some(place);
            }
            is_cut = list.length() > LIMIT;
            if is_cut {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok((!is_cut).then_some(list))
    }
}
