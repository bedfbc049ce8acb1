//! What each index had to shed to keep within its limit: one row of JSON each in `state`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalog::rows::cell::Json;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{KeyPart, typed_row};
use crate::index::Key;
use crate::platform::DatabaseError;

/// Row keys begin so; the document's follows.
pub(super) const SHED: &str = "shed:";
/// The first key behind all of them.
const AFTER: &str = "shed;";

/// What an index does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shed {
    /// Repositories that lost something.
    pub(crate) repositories: u64,
    /// Versions that are told without what describes them.
    pub(crate) shortened: u64,
    /// Versions that are left out.
    pub(crate) left_out: u64,
    /// The first of those repositories, the one that took most first.
    pub(crate) most: Vec<ShedRepository>,
}

/// What an index does not say of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ShedRepository {
    /// Id of the source.
    pub(crate) source: String,
    /// Full name.
    pub(crate) repository: String,
    /// Its versions that are told without what describes them.
    pub(crate) shortened: u64,
    /// Its versions that are left out.
    pub(crate) left_out: u64,
}

impl Shed {
    /// Adds a repository; the first `named` are told by name.
    pub(crate) fn add(&mut self, repository: ShedRepository, named: usize) {
        self.repositories += 1;
        self.shortened += repository.shortened;
        self.left_out += repository.left_out;
        if self.most.len() < named {
            self.most.push(repository);
        }
    }
}

typed_row! {
    /// What an index sheds.
    ShedRow of "state"
    key {
        /// [`SHED`], and the document.
        key: String,
    }
    columns {
        /// What it is.
        value: Json<Shed>,
    }
    checked {}
}

impl Store<'_> {
    /// Notes what an index sheds as it was made last. Costs no row where that is nothing and was nothing before.
    pub(crate) fn note_shed(&self, document: &Key, shed: &Shed) -> Result<(), DatabaseError> {
        let key = format!("{SHED}{}", document.text());
        if *shed == Shed::default() {
            self.0
                .execute("DELETE FROM state WHERE key = ?", &[key.into()])?;
            return Ok(());
        }
        let value =
            serde_json::to_string(shed).map_err(|error| DatabaseError(error.to_string()))?;
        self.0.execute(
            "INSERT INTO state(key, value) VALUES(?1, ?2)
             ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            &[key.into(), value.into()],
        )?;
        Ok(())
    }

    /// What the published indexes shed, each as a JSON object. One that cannot be read is noted, and its index made anew.
    pub(crate) fn shed_indexes(&self) -> Result<Vec<Value>, DatabaseError> {
        let rows: Vec<ShedRow> = self.rows(
            "WHERE key >= ? AND key < ? ORDER BY key",
            &[SHED.into(), AFTER.into()],
        )?;
        let told = rows.into_iter().map(|row| {
            let Json(shed) = row.value;
            json!({
                "document": row.key.strip_prefix(SHED).unwrap_or(&row.key),
                "repositories": shed.repositories,
                "shortened": shed.shortened,
                "left_out": shed.left_out,
                "most": shed.most,
            })
        });
        Ok(told.collect())
    }
}
