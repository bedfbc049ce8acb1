//! Single-row state: the running pass, the lease, the rhythm, what is a source's own. Each value is one row of JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::cell::{CellFault, FromCell, Json};
use crate::catalog::rows::counts::{SourceCounts, Totals};
use crate::catalog::rows::deliveries::Deliveries;
use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::new_names::NewNames;
use crate::catalog::rows::position::{Position, Ring};
use crate::catalog::rows::recall::Recall;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::source_state::{Pause, SourceState};
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{UnreadableRow, query_row};
use crate::catalog::rows::write_lock::WriteLocks;
use crate::config::{Collisions, IndexScope};
use crate::oci::Digest;
use crate::platform::{DatabaseError, Timestamp, Value};

/// Row keys of [`SourceState`]s begin so; the source's id follows.
const SOURCE: &str = "source:";

/// All single-row values, as they were when they were loaded.
///
/// Questions of the edge change them between two awaits of a step, so this is never kept over one: [`Store::state`] gives a
/// copy to look at, and [`Store::update`] loads, changes and saves in one synchronous piece.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    /// The pass that runs, or the last one.
    pub(crate) pass: Pass,
    /// The last pass that ended.
    pub(crate) last_pass: LastPass,
    /// Who works.
    pub(crate) lease: Lease,
    /// When passes begin.
    pub(crate) rhythm: Rhythm,
    /// Where the revalidation of version tags stood when there was one ring for all sources; each has its own now.
    pub(crate) ring: Ring,
    /// Requests for a sync.
    pub(crate) tickets: Tickets,
    /// The configuration that the rows are of.
    pub(crate) origin: AppliedConfig,
    /// Counts of the rows.
    pub(crate) totals: Totals,
    /// Calls made since the catalog was made, by what came of them.
    pub(crate) calls: Calls,
    /// Who writes to the registry.
    pub(crate) writes: WriteLocks,
    /// What is to be learned from another Worker's documents.
    pub(crate) recall: Recall,
    /// What is a source's own, by the source's id. A source without an entry has the default.
    pub(crate) sources: BTreeMap<String, SourceState>,
}

query_row! {
    /// A single-row value.
    StateCells
    of "state" {
        /// Which.
        key: Result<String, CellFault> = [key],
        /// JSON; whoever takes it over judges it.
        value: Value = [value],
    }
}

impl State {
    /// What is a source's own.
    pub(crate) fn source(&self, id: &str) -> SourceState {
        self.sources.get(id).cloned().unwrap_or_default()
    }

    /// The same, to be changed.
    pub(crate) fn source_mut(&mut self, id: &str) -> &mut SourceState {
        self.sources.entry(id.to_owned()).or_default()
    }

    /// The pause that lasts longest, of those that have not ended.
    pub(crate) fn paused(&self, now: Timestamp) -> Option<&Pause> {
        self.sources
            .values()
            .map(|source| &source.pause)
            .filter(|pause| pause.until > now)
            .max_by_key(|pause| pause.until)
    }

    /// Notes how many versions of each source are served, and how many version tags it has.
    pub(crate) fn count_versions(&mut self, counted: &BTreeMap<String, SourceCounts>) {
        for (id, source) in &mut self.sources {
            let counts = counted.get(id).copied().unwrap_or_default();
            source.versions = counts.versions;
            source.version_tags = counts.version_tags;
        }
    }

    /// The values by the keys of their rows, as JSON.
    fn rows(&self) -> Result<BTreeMap<String, String>, serde_json::Error> {
        let mut rows = BTreeMap::from([
            ("pass".to_owned(), serde_json::to_string(&self.pass)?),
            (
                "last-pass".to_owned(),
                serde_json::to_string(&self.last_pass)?,
            ),
            ("lease".to_owned(), serde_json::to_string(&self.lease)?),
            ("rhythm".to_owned(), serde_json::to_string(&self.rhythm)?),
            ("ring".to_owned(), serde_json::to_string(&self.ring)?),
            ("tickets".to_owned(), serde_json::to_string(&self.tickets)?),
            ("origin".to_owned(), serde_json::to_string(&self.origin)?),
            ("totals".to_owned(), serde_json::to_string(&self.totals)?),
            ("calls".to_owned(), serde_json::to_string(&self.calls)?),
            ("writes".to_owned(), serde_json::to_string(&self.writes)?),
            ("recall".to_owned(), serde_json::to_string(&self.recall)?),
        ]);
        for (id, source) in &self.sources {
            rows.insert(format!("{SOURCE}{id}"), serde_json::to_string(source)?);
        }
        Ok(rows)
    }

    /// Takes a row over; one that this Worker does not know changes nothing.
    fn take(&mut self, key: &str, value: Value) -> Result<(), CellFault> {
        fn read<T: DeserializeOwned>(value: Value, to: &mut T) -> Result<(), CellFault> {
            *to = Json::from_cell(value)?.0;
            Ok(())
        }
        match key {
            "pass" => read(value, &mut self.pass),
            "last-pass" => read(value, &mut self.last_pass),
            "lease" => read(value, &mut self.lease),
            "rhythm" => read(value, &mut self.rhythm),
            "ring" => read(value, &mut self.ring),
            "tickets" => read(value, &mut self.tickets),
            "origin" => read(value, &mut self.origin),
            "totals" => read(value, &mut self.totals),
            "calls" => read(value, &mut self.calls),
            "writes" => read(value, &mut self.writes),
            "recall" => read(value, &mut self.recall),
            key => match key.strip_prefix(SOURCE) {
                Some(id) => read(value, self.source_mut(id)),
                None => Ok(()),
            },
        }
    }
}

/// The pass that runs, if `running`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pass {
    /// Counted from 1 on.
    pub(crate) number: u64,
    /// What is being done.
    pub(crate) phase: Phase,
    /// When it began.
    pub(crate) started: Timestamp,
    /// How far each source's enumeration is, in the order of the configuration.
    pub(crate) enumerations: Vec<Enumeration>,
    /// Moving tags that were read for the first time in this pass, some of them if they are many.
    pub(crate) moving_read: Vec<Position>,
    /// Manifests of tags that somebody named, whose contents are still to be read.
    pub(crate) awaited: Vec<Digest>,
    /// Whether what somebody named was read and is not published.
    pub(crate) hurry: bool,
    /// Whether what is served has changed since.
    pub(crate) changed: bool,
    /// Calls made so far.
    pub(crate) calls: u64,
    /// Faults met so far.
    pub(crate) faults: u64,
    /// The last fault met, in public words.
    pub(crate) fault: Option<RegistryFault>,
}

/// What a pass does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing: it has ended.
    #[default]
    Ended,
    /// It reads.
    Reading,
    /// All is read; what is dirty is being published.
    Publishing,
}

impl Pass {
    /// Whether it has not ended.
    pub(crate) fn running(&self) -> bool {
        self.phase != Phase::Ended
    }
}

/// The last pass that ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastPass {
    /// Its number; 0 before the first has ended, and then a miss is no answer yet.
    pub(crate) number: u64,
    /// When it began.
    pub(crate) started: Timestamp,
    /// When it ended.
    pub(crate) ended: Timestamp,
    /// Calls it made.
    pub(crate) calls: u64,
    /// Faults it met.
    pub(crate) faults: u64,
    /// The last fault it met.
    pub(crate) fault: Option<RegistryFault>,
    /// Whether every source was enumerated completely.
    pub(crate) complete: bool,
    /// Passes that ended with and without faults, since the catalog was made.
    pub(crate) clean: u64,
    /// See `clean`.
    pub(crate) faulty: u64,
}

/// Who works, and until when nobody else may.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lease {
    /// The incarnation of the object that holds it: another one's lease is a dead one's.
    pub(crate) holder: String,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// The time when it was last taken, prolonged or given back: a clock that shows less was put back.
    pub(crate) seen: Timestamp,
}

impl Lease {
    /// How long nobody else may work without a sign of life: longer than one call and its timeout may take.
    pub(crate) const LENGTH: Duration = Duration::from_secs(90);

    /// One that `incarnation` has from `now` on.
    pub(crate) fn taken(incarnation: &str, now: Timestamp) -> Self {
        Self {
            holder: incarnation.to_owned(),
            until: now.after(Self::LENGTH),
            seen: now,
        }
    }

    /// One that nobody has.
    pub(crate) fn given_back(now: Timestamp) -> Self {
        Self {
            seen: now,
            ..Self::default()
        }
    }

    /// When it ends, if `incarnation` holds it.
    pub(crate) fn end(&self, incarnation: &str, now: Timestamp) -> Option<Timestamp> {
        (self.holder == incarnation && self.until > now).then_some(self.until)
    }
}

/// When passes begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rhythm {
    /// The earliest start of the next pass.
    pub(crate) next: Timestamp,
    /// Passes begun since somebody last read or a registry last called: each doubles the interval.
    pub(crate) idle: u32,
    /// A pass was asked for after the running one had begun.
    pub(crate) again: bool,
}

/// Requests for a sync. Up to which of them all is published, each source knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tickets {
    /// The last one given out.
    pub(crate) issued: u64,
    /// Repositories that nobody knew and notifications named.
    pub(crate) new_names: NewNames,
    /// The notifications that were honoured last, the newest at the end: one that is sent again is not taken for a new one.
    pub(crate) deliveries: Deliveries,
}

/// Which configuration the rows and documents are of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AppliedConfig {
    /// [`crate::config::Config::fingerprint`].
    pub(crate) fingerprint: String,
    /// Ids of the sources that were read with credentials.
    pub(crate) private: Vec<String>,
}

impl Store<'_> {
    /// All single-row values, with one statement. One that cannot be read is noted, and something stands in for it: for most
    /// of them their default.
    pub(crate) fn state(&self) -> Result<State, DatabaseError> {
        let mut state = State::default();
        let mut unreadable = Vec::new();
        let fault = |key, column, why| UnreadableRow {
            table: "state",
            key,
            column,
            why,
        };
        let rows: Vec<StateCells> = self.select("FROM state", &[])?;
        for StateCells { key, value } in rows {
            match key.map(|key| (state.take(&key, value), key)) {
                Ok((Ok(()), _)) => {}
                Ok((Err(why), key)) => unreadable.push(fault(key, "value", why)),
                Err(why) => unreadable.push(fault(String::new(), "key", why)),
            }
        }
        if !unreadable.is_empty() {
            self.stand_in(&mut state, &unreadable)?;
        }
        Ok(state)
    }

    /// Notes what cannot be read, and keeps what stands in for it.
    fn stand_in(
        &self,
        state: &mut State,
        unreadable: &[UnreadableRow],
    ) -> Result<(), DatabaseError> {
        self.note_unreadable(unreadable)?;
        // A row that does not tell which value it was may have been any that is not there.
        let nameless = unreadable.iter().any(|row| row.key.is_empty());
        let lost = |key: &str, absent: bool| {
            nameless && absent || unreadable.iter().any(|row| row.key == key)
        };
        // One that has ended, after which the count goes on: evidence carries the number of the pass that saw it.
        if lost("pass", state.pass.number == 0) {
            state.pass.number = state.last_pass.number.saturating_add(1);
        }
        // A mass removal is measured against these. What indexes show of them, the next pass counts by the settings.
        if lost("totals", state.totals == Totals::default()) {
            state.totals = self.count(IndexScope::Subtree, Collisions::First)?;
        }
        if nameless || unreadable.iter().any(|row| row.key.starts_with(SOURCE)) {
            state.count_versions(&self.count_by_source()?);
        }
        let rows = state
            .rows()
            .map_err(|error| DatabaseError(error.to_string()))?;
        for (key, value) in rows {
            let damaged = unreadable.iter().any(|row| row.key == key);
            if damaged || nameless {
                self.0.execute(
                    "INSERT INTO state(key, value) VALUES(?1, ?2)
                     ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                    &[key.into(), value.into()],
                )?;
            }
        }
        Ok(())
    }

    /// Changes single-row values: loads them, has `change` change them, and writes those that differ. Nothing else can run
    /// between: so nobody's change is lost, whatever was looked at before an await.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut State) -> T,
    ) -> Result<T, DatabaseError> {
        let mut state = self.state()?;
        let json = |error: serde_json::Error| DatabaseError(error.to_string());
        let mut before = state.rows().map_err(json)?;
        let result = change(&mut state);
        for (key, value) in state.rows().map_err(json)? {
            if before.remove(&key).as_ref() != Some(&value) {
                self.0.execute(
                    "INSERT INTO state(key, value) VALUES(?1, ?2)
                     ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                    &[key.into(), value.into()],
                )?;
            }
        }
        // What is left are sources that were taken away.
        for key in before.into_keys() {
            self.0
                .execute("DELETE FROM state WHERE key = ?", &[key.into()])?;
        }
        Ok(result)
    }
}
