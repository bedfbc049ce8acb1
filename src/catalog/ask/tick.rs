//! Cron ticks.

use serde::{Deserialize, Serialize};

use super::{Ask, Rows};
use crate::platform::DatabaseError;

/// Has the catalog work if its alarm does not. The object works before it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick;

impl Ask for Tick {
    const NAME: &'static str = "tick";
    type Answer = ();

    fn answer(&self, _rows: &Rows<'_>) -> Result<(), DatabaseError> {
        Ok(())
    }
}
