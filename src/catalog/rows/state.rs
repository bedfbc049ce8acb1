//! What there is one of: the running pass, the lease, pauses, the rhythm. Each is one row of JSON in `state`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::catalog::rows::store::Store;
use crate::platform::{DatabaseError, Timestamp};

/// A value of which there is one, kept under a name.
pub(crate) trait Singleton: Serialize + DeserializeOwned + Default {
    /// The name of its row.
    const KEY: &'static str;
}

macro_rules! singletons {
    ($($type:ty => $key:literal),* $(,)?) => { $(impl Singleton for $type { const KEY: &'static str = $key; })* };
}

singletons! {
    Pass => "pass", LastPass => "last-pass", Lease => "lease", Pause => "pause", Rhythm => "rhythm",
    Ring => "ring", Tickets => "tickets", Held => "held", Origin => "origin", Totals => "totals", Calls => "calls",
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
    /// Repositories up to this id have had their turn.
    pub(crate) listed_to: i64,
    /// Repositories up to this id were known when it began: of later ones its enumeration may know nothing.
    pub(crate) known_to: i64,
    /// Tags that move have had their turn up to here.
    pub(crate) moving_at: Position,
    /// Whether the moving tags have all had their turn.
    pub(crate) moving_done: bool,
    /// Version tags still to be revalidated.
    pub(crate) quota: u64,
    /// Versions there were when it began, for the judgement of a mass removal.
    pub(crate) versions_before: u64,
    /// Versions removed since.
    pub(crate) removed: u64,
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

/// A place in the order of tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Row id of the repository.
    pub(crate) repository: i64,
    /// The tag.
    pub(crate) tag: String,
}

/// How far a source's enumeration is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Enumeration {
    /// The source's id.
    pub(crate) source: String,
    /// The next page's address; the first page when `None`.
    pub(crate) next: Option<String>,
    /// Pages read.
    pub(crate) pages: u32,
    /// The address of the last page whose number was a power of two: where it comes again, the list goes round in a circle
    /// (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).
    pub(crate) mark: Option<String>,
    /// Row ids of the repositories seen: one bit each, base64.
    pub(crate) seen: String,
    /// Failures in this pass.
    pub(crate) attempts: u32,
    /// Whether it has ended.
    pub(crate) done: bool,
    /// Why it is not complete, in public words.
    pub(crate) fault: Option<String>,
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
pub(crate) struct Lease {
    /// The incarnation of the object that holds it: another one's lease is a dead one's.
    pub(crate) holder: String,
    /// When it ends.
    pub(crate) until: Timestamp,
}

/// A time in which the registry is left alone, as it asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Why, in public words.
    pub(crate) cause: Option<RegistryFault>,
    /// Pauses in a row, without an answer between.
    pub(crate) count: u32,
}

/// When passes begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rhythm {
    /// The earliest start of the next pass.
    pub(crate) next: Timestamp,
    /// When somebody last read or a registry last called.
    pub(crate) asked: Timestamp,
    /// Passes begun since then: each doubles the interval.
    pub(crate) idle: u32,
    /// A pass was asked for after the running one had begun.
    pub(crate) again: bool,
}

/// Where the rolling revalidation of version tags stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ring {
    /// The tag last taken.
    pub(crate) at: Position,
    /// Up to when tags were taken in due proportion.
    pub(crate) paid_until: Timestamp,
}

/// Requests for a sync: issued ones, and up to which all is published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tickets {
    /// The last one given out.
    pub(crate) issued: u64,
    /// The pass that must have ended before they are done.
    pub(crate) pass: u64,
    /// All up to this one are done.
    pub(crate) settled: u64,
}

/// A removal too large to believe at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    /// The pass that saw it; 0 when nothing is held.
    pub(crate) pass: u64,
    /// When.
    pub(crate) since: Timestamp,
    /// How many versions it would remove.
    pub(crate) versions: u64,
    /// An operator said that it is meant.
    pub(crate) confirmed: bool,
}

/// Which configuration the rows and documents are of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Origin {
    /// [`crate::config::Config::fingerprint`].
    pub(crate) fingerprint: String,
    /// Ids of the sources that were read with credentials.
    pub(crate) private: Vec<String>,
}

/// Counts of the rows, taken when a pass ends, so that a pass need not count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    /// Different chart names.
    pub(crate) charts: u64,
    /// Tags that serve a version.
    pub(crate) versions: u64,
    /// Tags that are versions by their name.
    pub(crate) version_tags: u64,
    /// Repositories.
    pub(crate) repositories: u64,
    /// Tags.
    pub(crate) tags: u64,
    /// Manifests that are skipped.
    pub(crate) skipped: u64,
    /// File names that are contested.
    pub(crate) contested: u64,
    /// Repositories that could not be listed.
    pub(crate) failing: u64,
}

impl Store<'_> {
    /// The one value of this kind; its default when there is none, or none that this Worker can read.
    pub(crate) fn load<S: Singleton>(&self) -> Result<S, DatabaseError> {
        let row = self
            .0
            .first("SELECT value FROM state WHERE key = ?", &[S::KEY.into()])?;
        Ok(row
            .as_ref()
            .and_then(|row| row.text(0))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default())
    }

    /// Keeps the one value of this kind; writes nothing when it is what is there.
    pub(crate) fn save<S: Singleton>(&self, value: &S) -> Result<(), DatabaseError> {
        let text =
            serde_json::to_string(value).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO state(key, value) VALUES(?1, ?2)
             ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            &[S::KEY.into(), text.into()],
        )?;
        Ok(())
    }
}
