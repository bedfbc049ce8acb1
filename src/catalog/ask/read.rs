//! Views were read: the interval between passes stays short.

use serde::{Deserialize, Serialize};

use super::{Ask, Rows};
use crate::index::View;
use crate::platform::DatabaseError;

/// Tells of the views that were read from KV since the last time, so that the interval between passes stays short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewsRead {
    /// The views.
    pub views: Vec<View>,
}

impl Ask for ViewsRead {
    const NAME: &'static str = "read";
    type Answer = ();

    fn answer(&self, rows: &Rows<'_>) -> Result<(), DatabaseError> {
        rows.store.asked(rows.config, rows.now)?;
        for view in &self.views {
            // Whether there is a row is not asked: what KV has and nobody here knows of is put anew, or removed.
            rows.store.view_read(view, rows.now)?;
        }
        Ok(())
    }
}
