//! The charts of a view, for an API.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Ask, Progress, Rows};
use crate::catalog::publish::publisher::LACKING;
use crate::catalog::sync::recent::KeptList;
use crate::index::{Key, View};
use crate::platform::DatabaseError;

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
        let page = if let Some(name) = &self.name {
            let list = store.chart_list(config, &self.view, Some(name))?;
            list.map(|list| list.page(self.offset, self.limit))
        } else {
            // One list serves all who ask, whatever page they want.
            match self.kept(rows)? {
                KeptList::List(list) => Some(list.page(self.offset, self.limit)),
                KeptList::Long(list) => match list.page(self.offset, self.limit) {
                    Some(names) => {
                        let list = store.charts_named(config, &self.view, names)?;
                        list.map(|list| list.page(0, usize::MAX))
                    }
                    None => None,
                },
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

impl Charts {
    /// The list of the view's charts, or of their names alone where it is too long; made if it is not known.
    fn kept(&self, rows: &Rows<'_>) -> Result<KeptList, DatabaseError> {
        let (store, config, recent) = (rows.store, rows.config, rows.recent);
        let (fingerprint, now) = (config.fingerprint(), rows.now);
        if let Some(kept) = recent.charts(&self.view, fingerprint, now) {
            return Ok(kept);
        }
        let kept = match store.chart_list(config, &self.view, None)? {
            Some(list) => KeptList::List(Rc::new(list)),
            None => KeptList::Long(Rc::new(store.long_list(config, &self.view)?)),
        };
        recent.keep_charts(self.view.clone(), fingerprint, now, kept.clone());
        Ok(kept)
    }
}
