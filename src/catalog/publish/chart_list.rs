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

    /// Adds a version of a chart, the first or another one of this name.
    pub(crate) fn add(&mut self, is_first: bool, name: &str, entry: &str) {
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

/// The charts of a view that are too many to be listed at once: name and length of each, in their order.
#[derive(Debug, Default)]
pub(crate) struct LongList(Vec<(String, usize)>);

impl LongList {
    /// The names of a page, if what is listed under them is not too long.
    pub(crate) fn page(&self, offset: usize, limit: usize) -> Option<impl Iterator<Item = &str>> {
        let page = || self.0.iter().skip(offset).take(limit);
        let length: usize = page().map(|(_, length)| length).sum();
        (length <= LIMIT).then(|| page().map(|(name, _)| name.as_str()))
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn length(&self) -> usize {
        let each = |(name, _): &(String, usize)| name.len() + size_of::<(String, usize)>();
        self.0.iter().map(each).sum()
    }

    fn add(&mut self, is_first: bool, name: &str, entry: &str) {
        if is_first {
            self.0.push((name.to_owned(), 0));
        }
        if let Some((_, length)) = self.0.last_mut() {
            *length += entry.len();
        }
    }
}

impl Store<'_> {
    /// Lists the charts of a view, in the order of their names: all versions of each, the newest first; only the chart `name`, if it
    /// is given. `None` where that is too long.
    pub(crate) fn chart_list(
        &self,
        config: &Config,
        view: &View,
        name: Option<&str>,
    ) -> Result<Option<ChartList>, DatabaseError> {
        let mut list = ChartList::default();
        self.each_entry(config, view, name, |is_first, name, entry| {
            list.add(is_first, name, entry);
            if list.length() > LIMIT {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok((list.length() <= LIMIT).then_some(list))
    }

    /// Lists some charts of a view. `None` where that is too long.
    pub(crate) fn charts_named<'n>(
        &self,
        config: &Config,
        view: &View,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<Option<ChartList>, DatabaseError> {
        let mut list = ChartList::default();
        for name in names {
            self.each_entry(config, view, Some(name), |is_first, name, entry| {
                list.add(is_first, name, entry);
                ControlFlow::Continue(())
            })?;
            if list.length() > LIMIT {
                return Ok(None);
            }
        }
        Ok(Some(list))
    }

    /// The names of a view's charts and what each takes.
    pub(crate) fn long_list(
        &self,
        config: &Config,
        view: &View,
    ) -> Result<LongList, DatabaseError> {
        let mut list = LongList::default();
        self.each_entry(config, view, None, |is_first, name, entry| {
            list.add(is_first, name, entry);
            ControlFlow::Continue(())
        })?;
        Ok(list)
    }

    /// Hands on what stands in an index of each version, with its chart's name and whether it is the first of that.
    fn each_entry(
        &self,
        config: &Config,
        view: &View,
        name: Option<&str>,
        mut take: impl FnMut(bool, &str, &str) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let winners = self.winners(config, view, name)?;
        let base = config.links_of(view);
        let mut met: Option<String> = None;
        self.each_served(config, view, name, &winners, &mut |version| {
            let name = version.offer.name.as_str();
            let Some(entry) = version.entry(&base).to_json() else {
                return ControlFlow::Continue(());
            };
            let is_first = met.as_deref() != Some(name);
            if is_first {
                met = Some(name.to_owned());
            }
            take(is_first, name, &entry)
        })?;
        Ok(())
    }
}
