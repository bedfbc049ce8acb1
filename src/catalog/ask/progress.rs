//! How far the first pass is.

use serde::{Deserialize, Serialize};

use super::Known;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::state::{LastPass, Pass, Pause, Totals};
use crate::platform::DatabaseError;

/// How far the first pass is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Repositories known.
    pub repositories: u64,
    /// Of these, those whose tag list was read.
    pub listed: u64,
    /// Tags known.
    pub tags: u64,
    /// Of these, those that were read.
    pub read: u64,
    /// Why nothing moves, if so: the registry's host and the kind of fault, fit for anyone.
    pub fault: Option<RegistryFault>,
}

impl Known<'_> {
    /// How far the first pass is: counted, as long as it lasts. Later the counts are those of the last pass: a question
    /// that many ask must not cost rows that grow with the catalog.
    pub(crate) fn progress(&self) -> Result<Progress, DatabaseError> {
        let Self { store, now, .. } = *self;
        let pause: Pause = store.load()?;
        let pass: Pass = store.load()?;
        let last: LastPass = store.load()?;
        let progress = if last.number > 0 {
            let totals: Totals = store.load()?;
            Progress {
                repositories: totals.repositories,
                listed: totals.repositories,
                tags: totals.tags,
                read: totals.tags,
                fault: None,
            }
        } else {
            self.counted_progress()?
        };
        // A first pass that could read nothing tells why, and so does the next one as long as it has nothing either; one
        // that goes on in spite of a fault is no cause for alarm.
        let stuck = last.number == 0 && (!pass.running() || progress.listed == 0);
        let fault = pause
            .cause
            .filter(|_| pause.until > now)
            .or(pass.fault.or(last.fault).filter(|_| stuck));
        let fault = match fault {
            Some(fault) => Some(RegistryFault {
                retry_at: Some(fault.retry_at.unwrap_or(store.deadline(now)?)),
                ..fault
            }),
            None => None,
        };
        Ok(Progress { fault, ..progress })
    }

    /// How far the first pass is, counted.
    pub(crate) fn counted_progress(&self) -> Result<Progress, DatabaseError> {
        let counts = self.store.count_reading()?;
        Ok(Progress {
            repositories: counts.repositories,
            listed: counts.listed,
            tags: counts.tags,
            read: counts.read,
            fault: None,
        })
    }
}
