//! The charts of a view, for an API.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Ask, Progress, Rows};
use crate::catalog::publish::publisher::LACKING;
use crate::index::{Key, View};
use crate::platform::DatabaseError;

/// Longest answer, in bytes: what the edge reads of one, with room for what is around it.
const LIMIT: usize = 7 << 20;

/// Asks what charts a view holds, all versions of each, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charts {
    /// The view.
    pub view: View,
    /// Only the chart of this name.
    pub name: Option<String>,
    /// How many charts, in the order of their names, are passed over.
    pub offset: usize,
    /// How many charts are wanted at most.
    pub limit: usize,
}

/// The answer to [`Charts`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charted {
    /// A JSON object: each chart's name and the list of its versions, as they stand in an index.
    Entries(Box<RawValue>),
    /// It would be longer than is answered at once.
    TooLong,
    /// The first pass has not finished.
    NotReady(Progress),
}

impl Ask for Charts {
    const NAME: &'static str = "charts";
    type Answer = Charted;

    fn answer(&self, rows: &Rows<'_>) -> Result<Charted, DatabaseError> {
        let Rows { store, config, .. } = *rows;
        let state = store.state()?;
        if state.last_pass.number == 0 {
            return Ok(Charted::NotReady(rows.progress(&state)?));
        }
        if store.lacks(config, &Key::Index(self.view.clone()))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        let winners = store.winners(config, &self.view)?;
        let base = config.links_of(&self.view);
        let mut entries = Entries::default();
        let mut is_cut = false;
        store.each_served(config, &self.view, &winners, &mut |version| {
            let name = version.offer.name.as_str();
            if self.name.as_deref().is_some_and(|wanted| wanted != name) {
                return ControlFlow::Continue(());
            }
            let place = entries.place(name);
            if place >= self.offset.saturating_add(self.limit) {
                return ControlFlow::Break(());
            }
            if place >= self.offset
                && let Some(text) = version.entry(&base).to_json()
            {
                entries.add(name, &text);
            }
            is_cut = entries.json.len() > LIMIT;
            if is_cut {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if is_cut {
            return Ok(Charted::TooLong);
        }
        RawValue::from_string(entries.finish())
            .map(Charted::Entries)
            .map_err(|error| DatabaseError(error.to_string()))
    }
}

/// The object that is being written.
#[derive(Default)]
struct Entries {
    json: String,
    /// The name of the chart met last.
    met: Option<String>,
    /// How many charts were met.
    charts: usize,
    /// The name of the chart written last.
    written: Option<String>,
}

impl Entries {
    /// How many charts stand before the one of this name. Versions of a chart come one after the other.
    fn place(&mut self, name: &str) -> usize {
        if self.met.as_deref() != Some(name) {
            self.met = Some(name.to_owned());
            self.charts += 1;
        }
        self.charts.saturating_sub(1)
    }

    fn add(&mut self, name: &str, entry: &str) {
        if self.written.as_deref() == Some(name) {
            self.json.push(',');
        } else {
            let begun = if self.written.is_none() { "{" } else { "]," };
            self.json.push_str(begun);
            self.json
                .push_str(&serde_json::Value::from(name).to_string());
            self.json.push_str(":[");
            self.written = Some(name.to_owned());
        }
        self.json.push_str(entry);
    }

    fn finish(mut self) -> String {
        let end = if self.written.is_none() { "{}" } else { "]}" };
        self.json.push_str(end);
        self.json
    }
}
