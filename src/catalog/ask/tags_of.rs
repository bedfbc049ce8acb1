//! Which tags serve a version of a chart.

use serde::{Deserialize, Serialize};

use super::{Ask, Rows};
use crate::catalog::publish::publisher::LACKING;
use crate::chart::FileName;
use crate::index::{Key, Space, shard_of};
use crate::oci::Digest;
use crate::platform::DatabaseError;

/// Asks which tags of repositories directly in a space serve a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagsOf {
    /// The file name.
    pub file: FileName,
    /// The space.
    pub space: Space,
}

/// A tag that serves a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingTag {
    /// Id of the source.
    pub source: String,
    /// Full name of the repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// Digest of the manifest that it names.
    pub manifest: Digest,
}

impl Ask for TagsOf {
    const NAME: &'static str = "tags-of";
    type Answer = Vec<ServingTag>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Self::Answer, DatabaseError> {
        let Rows { store, config, .. } = *rows;
        let file = self.file.as_str();
        let mut tags: Vec<ServingTag> = store
            .offers_of_file(&self.file)?
            .into_iter()
            .filter(|offer| offer.relative.space() == self.space)
            .map(|offer| ServingTag {
                source: offer.candidate.source,
                repository: offer.candidate.repository,
                tag: offer.tag,
                manifest: offer.manifest,
            })
            .collect();
        if tags.is_empty() && store.lacks(config, &Key::Files(shard_of(file)))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        tags.sort_by(|one, other| {
            (&one.source, &one.repository, &one.tag).cmp(&(
                &other.source,
                &other.repository,
                &other.tag,
            ))
        });
        Ok(tags)
    }
}
