//! Which requests for a sync are done. Each source has its own: who waits for one waits for no other that is slow or down.

use crate::catalog::rows::source_state::SourceState;
use crate::catalog::rows::state::{Pass, State};
use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Timestamp};

impl SourceState {
    /// Whether somebody has a ticket for it that is not done.
    fn has_ticket(&self) -> bool {
        self.settled < self.ticket
    }

    /// Whether a pass was called for of which its turn is not published.
    pub(crate) fn wants_turn(&self) -> bool {
        self.turn_settled < self.turn_wanted
    }
}

impl Store<'_> {
    /// Whether all that somebody waits for is read of a source, and need only be published.
    pub(crate) fn any_ready_for_tickets(&self, state: &State) -> Result<bool, DatabaseError> {
        for (id, source) in &state.sources {
            if source.has_ticket() && !source.wants_turn() && !self.called_for(id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Settles what is read of each source, where all that is dirty has just been published. A turn that had begun before a pass was
/// called for has another one follow.
pub(crate) fn settle(store: Store<'_>, pass: &Pass, now: Timestamp) -> Result<(), DatabaseError> {
    let state = store.state()?;
    let waits = |source: &SourceState| source.has_ticket() || source.wants_turn();
    if !state.sources.values().any(waits) {
        return Ok(());
    }
    let mut read = Vec::new();
    let mut over = Vec::new();
    for (id, source) in &state.sources {
        if source.has_ticket() && !store.called_for(id)? {
            read.push(id.as_str());
        }
        let turn = pass.enumerations.iter().find(|turn| turn.source == *id);
        if let Some(turn) = turn.filter(|turn| source.wants_turn() && turn.concluded) {
            over.push((id.as_str(), turn.begun));
        }
    }
    store.update(|state| {
        for (id, begun) in over {
            let source = state.source_mut(id);
            source.turn_settled = begun.max(source.turn_settled);
            if source.wants_turn() && !pass.running() {
                state.rhythm.next = state.rhythm.next.min(now);
            }
        }
        for id in read {
            let source = state.source_mut(id);
            if source.turn_settled >= source.turn_awaited {
                source.settled = source.ticket;
            }
        }
    })
}
