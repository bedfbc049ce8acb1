//! The charts of a view, for an API.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Ask, Progress, Rows};
use crate::catalog::publish::publisher::LACKING;
use crate::catalog::sync::recent::KeptList;
use crate::index::{Key, View};
use crate::platform::DatabaseError;

/// Charts that are passed over, and charts that are wanted, where all are.
const ALL: (usize, usize) = (0, usize::MAX);

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
        let (store, config) = (rows.store, rows.config);
        let state = store.state()?;
        if state.last_pass.number == 0 {
            return Ok(Charted::NotReady(rows.progress(&state)?));
        }
        if store.lacks(config, &Key::Index(self.view.clone()))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        let wanted = (self.offset, self.limit);
        let page = if self.name.is_some() {
            let list = store.chart_list(config, &self.view, self.name.as_deref(), ALL)?;
            list.map(|list| list.page(self.offset, self.limit))
        } else {
            // One list serves all who ask, whatever page they want.
            let (fingerprint, now) = (config.fingerprint(), rows.now);
            let kept = if let Some(kept) = rows.recent.charts(&self.view, fingerprint, now) {
                kept
            } else {
                let list = store.chart_list(config, &self.view, None, ALL)?;
                let kept = list.map_or(KeptList::TooLong, |list| KeptList::List(Rc::new(list)));
                let recent = rows.recent;
                recent.keep_charts(self.view.clone(), fingerprint, now, kept.clone());
                kept
            };
            match kept {
                KeptList::List(list) => Some(list.page(self.offset, self.limit)),
                KeptList::TooLong if wanted == ALL => None,
                KeptList::TooLong => {
                    let list = store.chart_list(config, &self.view, None, wanted)?;
                    list.map(|list| list.page(0, self.limit))
                }
            }
        };
        let Some(page) = page else {
            return Ok(Charted::TooLong);
        };
        RawValue::from_string(page)
            .map(Charted::Entries)
            .map_err(|error| DatabaseError(error.to_string()))
    }
}
