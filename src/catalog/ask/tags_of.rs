//! Which tags serve a version of a chart.

use serde::{Deserialize, Serialize};

use super::{Ask, Rows, TagPlace};
use crate::catalog::publish::publisher::LACKING;
use crate::catalog::rows::offer::Offer;
use crate::chart::FileName;
use crate::config::Config;
use crate::index::{Key, Space, shard_of};
use crate::oci::{Digest, Name};
use crate::platform::DatabaseError;

/// Asks which tags of repositories directly in a space serve a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagsOf {
    /// The file name.
    pub file: FileName,
    /// The space.
    pub space: Space,
    /// A tag that is to serve it with other bytes, if one is.
    pub newcomer: Option<TagPlace>,
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
    /// Digest of the package.
    pub package: Digest,
    /// Name of the chart: of `foo-1-2.0.0.tgz` both `foo` and `foo-1` may be.
    pub name: String,
    /// Whether the newcomer would be served in its place. Without one it would not.
    pub yields: bool,
}

impl Ask for TagsOf {
    const NAME: &'static str = "tags-of";
    /// In collision order.
    type Answer = Vec<ServingTag>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Self::Answer, DatabaseError> {
        let Rows { store, config, .. } = *rows;
        let mut offers = store.offers(config, &self.file)?;
        offers.retain(|offer| offer.relative.space() == self.space);
        if offers.is_empty() && store.lacks(config, &Key::Files(shard_of(self.file.as_str())))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        let tag = |offer: Offer| ServingTag {
            yields: self.newcomer.as_ref().is_some_and(|newcomer| {
                offered_at(newcomer, &offer, config)
                    .is_some_and(|newcomer| offer.yields_to(&newcomer, config))
            }),
            source: offer.candidate.source,
            repository: offer.candidate.repository,
            tag: offer.tag,
            manifest: offer.manifest,
            package: offer.candidate.package,
            name: offer.name,
        };
        Ok(offers.into_iter().map(tag).collect())
    }
}

/// The chart of an offer as it would be offered at another place.
fn offered_at(place: &TagPlace, offer: &Offer, config: &Config) -> Option<Offer> {
    let source = config.source(&place.source)?;
    let name = place.repository.parse::<Name>().ok()?;
    let mut moved = offer.clone();
    moved.relative = source.relative(&name)?;
    moved.tag.clone_from(&place.tag);
    moved.candidate.source.clone_from(&place.source);
    moved.candidate.repository.clone_from(&place.repository);
    Some(moved)
}
