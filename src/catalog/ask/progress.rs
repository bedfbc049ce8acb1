//! How far the first pass is.

use serde::{Deserialize, Serialize};

use super::Rows;
use crate::catalog::rows::counts::ReadingCounts;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::state::State;
use crate::platform::{DatabaseError, Timestamp};

/// How far the first pass is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Repositories rows.
    pub repositories: u64,
    /// Of these, those whose tag list was read.
    pub listed: u64,
    /// Tags rows.
    pub tags: u64,
    /// Of these, those that were read.
    pub read: u64,
    /// Why nothing moves, if so: the registry's host and the kind of fault, fit for anyone.
    pub fault: Option<RegistryFault>,
}

impl Rows<'_> {
    /// How far the first pass is: counted now and then, as long as it lasts. Later the counts are those of the last pass: a question
    /// that many ask must not cost rows that grow with the catalog.
    pub(crate) fn progress(&self, state: &State) -> Result<Progress, DatabaseError> {
        let Self { store, now, .. } = *self;
        let State {
            pass,
            last_pass: last,
            totals,
            ..
        } = state;
        let progress = if last.number > 0 {
            Progress {
                repositories: totals.repositories,
                listed: totals.repositories,
                tags: totals.tags,
                read: totals.tags,
                fault: None,
            }
        } else {
            Progress::from(self.recent.counts(now, || store.count_reading())?)
        };
        // A first pass that could read nothing tells why, and so does the next one as long as it has nothing either; one
        // that goes on in spite of a fault is no cause for alarm.
        let again = last.ended != Timestamp::default() && progress.read == 0;
        let stuck = last.number == 0 && (!pass.running() || progress.listed == 0 || again);
        let paused = state.paused(now).and_then(|pause| pause.cause.as_ref());
        let met = pass.fault.as_ref().or(last.fault.as_ref());
        let fault = match paused.or(met.filter(|_| stuck)) {
            Some(fault) => Some(RegistryFault {
                retry_at: Some(match fault.retry_at {
                    Some(retry_at) => retry_at,
                    None => store.deadline_in(state, now)?,
                }),
                ..fault.clone()
            }),
            None => None,
        };
        Ok(Progress { fault, ..progress })
    }

    /// How far the first pass is, counted now.
    pub(crate) fn counted_progress(&self) -> Result<Progress, DatabaseError> {
        Ok(self.store.count_reading()?.into())
    }
}

impl From<ReadingCounts> for Progress {
    fn from(counts: ReadingCounts) -> Self {
        Self {
            repositories: counts.repositories,
            listed: counts.listed,
            tags: counts.tags,
            read: counts.read,
            fault: None,
        }
    }
}
