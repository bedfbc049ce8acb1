//! Who offers a file.

use serde::{Deserialize, Serialize};

use super::{Ask, Progress, Rows};
use crate::catalog::publish::publisher::LACKING;
use crate::chart::FileName;
use crate::index::{Candidate, Key, shard_of};
use crate::platform::DatabaseError;

/// Asks for the candidates for a file name, of which its shard in KV says nothing that helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// The file name.
    pub file: FileName,
    /// Whether KV lacked the shard, or had one that cannot be read: then it is put again. A link with a digest that nobody
    /// has leads here too, as often as a client likes, and is no reason for a put.
    pub missed: bool,
}

/// The answer to [`Find`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// Who offers the file, in collision order, superseded packages last. Never empty.
    Candidates(Vec<Candidate>),
    /// There is no such file, in a catalog that is complete.
    Missing,
    /// The first pass has not finished.
    NotReady(Progress),
}

impl Ask for Find {
    const NAME: &'static str = "find";
    type Answer = Found;

    fn answer(&self, rows: &Rows<'_>) -> Result<Found, DatabaseError> {
        let Rows {
            store, config, now, ..
        } = *rows;
        let candidates = store.candidates(config, &self.file)?;
        if !candidates.is_empty() {
            if self.missed {
                store.document_missed(&Key::Files(shard_of(self.file.as_str())), now)?;
            }
            return Ok(Found::Candidates(candidates));
        }
        if store.lacks(config, &Key::Files(shard_of(self.file.as_str())))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        if store.state()?.last_pass.number > 0 {
            return Ok(Found::Missing);
        }
        Ok(Found::NotReady(rows.progress(&store.state()?)?))
    }
}
