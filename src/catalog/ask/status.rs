//! Counts and progress, for monitoring and for `/`.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Ask, Progress, Rows};
use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::source_state::SourceState;
use crate::catalog::rows::state::State;
use crate::catalog::sync::schedule::interval;
use crate::platform::{DatabaseError, Timestamp};
use crate::source::Source;

/// Asks for counts and progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskStatus;

/// The answer to [`AskStatus`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether a first pass has finished, so that misses are answers.
    pub ready: bool,
    /// Progress of the pass that runs, or of the first one.
    pub progress: Progress,
    /// Charts (different names).
    pub charts: u64,
    /// Versions.
    pub versions: u64,
    /// When the last complete pass ended.
    pub last_pass: Option<Timestamp>,
    /// When the next slice or pass is due.
    pub next: Option<Timestamp>,
    /// Figures for monitoring.
    pub figures: Box<Figures>,
}

/// Figures for monitoring. What there may be many of is counted when a pass ends; documents and rows that could not be read are
/// counted when somebody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Manifests that are no charts, or charts that cannot be served.
    pub skipped: u64,
    /// File names that are offered with different packages.
    pub contested: u64,
    /// Repositories whose tags could not be listed.
    pub failing_repositories: u64,
    /// Calls of the last pass.
    pub calls: u64,
    /// Faults of the last pass.
    pub faults: u64,
    /// Length of the last pass in milliseconds.
    pub milliseconds: u64,
    /// Whether the last pass enumerated every source completely.
    pub complete: bool,
    /// Passes that ended without a fault, since the catalog was made.
    pub clean_passes: u64,
    /// Passes that ended with faults.
    pub faulty_passes: u64,
    /// Calls made since the catalog was made, by what came of them.
    pub calls_by_outcome: Calls,
    /// Whether a pass runs.
    pub running: bool,
    /// Until when the registry is left alone, if it is.
    pub paused_until: Option<Timestamp>,
    /// Versions whose removal waits for a second sight.
    pub held_versions: u64,
    /// Documents that are published.
    pub documents: u64,
    /// Their length in bytes.
    pub document_bytes: u64,
    /// Length of the root's index in bytes.
    pub root_bytes: u64,
    /// When the root's index was last put.
    pub root_put_at: Option<Timestamp>,
    /// Documents that are to be put.
    pub dirty_documents: u64,
    /// Rows that could not be read and are not whole again.
    pub unreadable_rows: u64,
    /// How each source is, in the order of the configuration.
    pub sources: Vec<SourceHealth>,
}

/// How a source is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// Its id, `ghcr.io/acme/charts`.
    pub source: String,
    /// Since when it is denied; what is known of it is served on.
    pub denied_since: Option<Timestamp>,
    /// Since when it answers calls with 429 or 503, or not in time.
    pub busy_since: Option<Timestamp>,
    /// When it was last read: enumerated, where it is, and tags of it listed.
    pub read: Option<Timestamp>,
    /// Whether it was not read for three intervals.
    pub overdue: bool,
    /// How many calls it said it still takes, if it did.
    pub calls_left: Option<u64>,
    /// When all of it will be read about, if it takes so few calls that they are spread.
    pub all_read_by: Option<Timestamp>,
}

/// So many passes without a source, or so many of the longest intervals without a pass, make it overdue.
const OVERDUE: u32 = 3;

impl Ask for AskStatus {
    const NAME: &'static str = "status";
    type Answer = Status;

    fn answer(&self, rows: &Rows<'_>) -> Result<Status, DatabaseError> {
        let state = rows.store.state()?;
        let State {
            last_pass: last,
            totals,
            ..
        } = &state;
        Ok(Status {
            ready: last.number > 0,
            progress: rows.progress(&state)?,
            charts: totals.charts,
            versions: totals.versions,
            last_pass: (last.number > 0).then_some(last.ended),
            next: Some(rows.store.deadline_in(&state, rows.now)?),
            figures: Box::new(rows.figures(&state)?),
        })
    }
}

/// When a source of which so much is unread will be read about; `None` where nothing waits for a rate limit.
pub(super) fn all_read_by(
    known: &SourceState,
    unread: Option<&u64>,
    now: Timestamp,
) -> Option<Timestamp> {
    let (told, _) = known.rate_limit?;
    let spread = told.spread_over(unread.copied().unwrap_or(0))?;
    Some(now.after(spread))
}

impl Rows<'_> {
    /// How each source is.
    fn source_healths(&self, state: &State) -> Result<Vec<SourceHealth>, DatabaseError> {
        let limited = state
            .sources
            .values()
            .any(|known| known.rate_limit.is_some());
        let to_read = if limited {
            let count = || self.store.count_unread_by_source();
            self.recent.unread(self.now, count)?
        } else {
            Rc::default()
        };
        let longest = interval(self.config, u32::MAX).saturating_mul(OVERDUE);
        let health = |source: &Source| {
            let known = state.source(&source.id);
            let unread = |read| self.now.since(read) >= longest;
            SourceHealth {
                source: source.id.clone(),
                denied_since: known.denied_since,
                busy_since: known.busy_since,
                read: known.read,
                overdue: known.unread >= OVERDUE || known.read.is_some_and(unread),
                calls_left: known.rate_limit.map(|(told, _)| told.remaining),
                all_read_by: all_read_by(&known, to_read.get(&source.id), self.now),
            }
        };
        Ok(self.config.sources.iter().map(health).collect())
    }

    /// Figures for monitoring.
    fn figures(&self, state: &State) -> Result<Figures, DatabaseError> {
        let Self { store, now, .. } = *self;
        let State {
            totals,
            last_pass: last,
            ..
        } = state;
        let root = store.root_document()?;
        let documents = store.count_documents()?;
        Ok(Figures {
            skipped: totals.skipped,
            contested: totals.contested,
            failing_repositories: totals.failing,
            calls: last.calls,
            faults: last.faults,
            milliseconds: u64::try_from(last.ended.since(last.started).as_millis())
                .unwrap_or(u64::MAX),
            complete: last.complete,
            clean_passes: last.clean,
            faulty_passes: last.faulty,
            calls_by_outcome: state.calls,
            running: state.pass.running(),
            paused_until: state.paused(now).map(|pause| pause.until),
            held_versions: state
                .sources
                .values()
                .map(|source| source.held.versions)
                .sum(),
            documents: documents.put,
            document_bytes: documents.bytes,
            root_bytes: root.as_ref().and_then(|root| root.length).unwrap_or(0),
            root_put_at: root.and_then(|root| root.put_at),
            dirty_documents: documents.dirty,
            unreadable_rows: documents.unreadable_rows,
            sources: self.source_healths(state)?,
        })
    }
}
