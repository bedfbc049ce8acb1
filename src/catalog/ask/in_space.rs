//! The charts that lie directly in a space, and their versions, from the lowest to the highest: the order of the space API.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Ask, Progress, Rows};
use crate::catalog::publish::candidates::{is_classic, is_hidden};
use crate::catalog::publish::publisher::LACKING;
use crate::catalog::rows::offer::Offer;
use crate::chart::{FileName, VersionRange};
use crate::index::{Key, Space, View};
use crate::oci::Digest;
use crate::platform::DatabaseError;

/// Longest answer, in bytes of what the charts say: what the edge reads of one, with room for what is around it.
const LIMIT: usize = 7 << 20;

/// Most items of an answer: each is looked up, and told in some hundred bytes.
const MOST: usize = 10_000;

/// Asks for the charts that lie directly in a space, or their versions: names in the order of their bytes, the versions of
/// each from the lowest to the highest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InSpace {
    /// The space.
    pub space: Space,
    /// Only the chart of this name.
    pub chart: Option<String>,
    /// Only this version.
    pub version: Option<String>,
    /// Only the latest version of each chart: the highest that is no pre-release, the highest where all are.
    pub latest: bool,
    /// Whether it is wanted what the charts say of themselves.
    pub metadata: bool,
    /// Whether what is to be deleted is wanted: also what is contested, and nothing that only a classic repository has.
    pub removable: bool,
    /// How many items are passed over.
    pub start: usize,
    /// How many items are wanted at most.
    pub limit: usize,
}

/// The answer to [`InSpace`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldInSpace {
    /// A page of what is wanted.
    Page(HeldPage),
    /// There is no such space.
    NoSpace,
    /// It would be longer than is answered at once.
    TooLong,
    /// The first pass has not finished.
    NotReady(Progress),
}

/// Some of what lies in a space.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldPage {
    /// How much there is on all pages.
    pub total: usize,
    /// How many more only a classic repository has, where what is to be deleted was asked for.
    pub classic: usize,
    /// What is on this one.
    pub items: Vec<HeldVersion>,
}

/// A version of a chart in a space.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldVersion {
    /// The chart's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The package's file name.
    pub file: FileName,
    /// The package's digest.
    pub package: Digest,
    /// Digest of the manifest that it was read of.
    pub manifest: Digest,
    /// What it says of itself, canonical JSON, where that was asked for.
    pub metadata: Option<Box<RawValue>>,
}

impl InSpace {
    /// Asks how many versions there are, of one chart or of all; of the versions themselves it wants none.
    pub(crate) fn of(space: &Space, chart: Option<&str>) -> Self {
        Self {
            space: space.clone(),
            chart: chart.map(str::to_owned),
            version: None,
            latest: false,
            metadata: false,
            removable: false,
            start: 0,
            limit: 0,
        }
    }
}

impl Ask for InSpace {
    const NAME: &'static str = "in-space";
    type Answer = HeldInSpace;

    fn answer(&self, rows: &Rows<'_>) -> Result<HeldInSpace, DatabaseError> {
        let Rows { store, config, .. } = *rows;
        let state = store.state()?;
        if state.last_pass.number == 0 {
            return Ok(HeldInSpace::NotReady(rows.progress(&state)?));
        }
        let view = View::Folder(self.space.clone());
        if store.lacks(config, &Key::Index(view.clone()))? {
            return Err(DatabaseError(LACKING.to_owned()));
        }
        let mut found = Gathered::new(self, rows);
        if let Some(file) = self.file() {
            for offer in store.offers_of_file(&file)? {
                found.put(offer);
            }
        } else {
            store.each_offer_in(&self.space, self.chart.as_deref(), &mut |offer| {
                found.put(offer);
                ControlFlow::Continue(())
            })?;
        }
        let held = found.finish();
        let exists = held.space_exists || store.space_exists(&self.space)?;
        if !exists {
            return Ok(HeldInSpace::NoSpace);
        }
        let (total, classic) = (held.offers.len(), held.classic);
        let wanted = held.offers.into_iter().skip(self.start).take(self.limit);
        let mut items = Vec::new();
        let mut length = 0_usize;
        for offer in wanted {
            let mut item = HeldVersion {
                name: offer.name,
                version: offer.version,
                file: offer.file,
                package: offer.candidate.package,
                manifest: offer.manifest,
                metadata: None,
            };
            if self.metadata {
                let metadata = store.metadata_of(&item.manifest)?;
                item.metadata = metadata.and_then(|text| RawValue::from_string(text).ok());
                length += item.metadata.as_ref().map_or(0, |text| text.get().len());
            }
            items.push(item);
            if length > LIMIT || items.len() > MOST {
                return Ok(HeldInSpace::TooLong);
            }
        }
        Ok(HeldInSpace::Page(HeldPage {
            total,
            classic,
            items,
        }))
    }
}

impl InSpace {
    /// The file of the one version that is asked for.
    fn file(&self) -> Option<FileName> {
        FileName::of(self.chart.as_deref()?, self.version.as_deref()?).ok()
    }

    /// Whether a chart and a version of it are among what is asked for.
    fn wants(&self, offer: &Offer) -> bool {
        let is =
            |wanted: &Option<String>, text: &str| wanted.as_deref().is_none_or(|it| it == text);
        is(&self.chart, &offer.name) && is(&self.version, &offer.version)
    }
}

/// What was found so far, of offers that come by name, the highest version first.
struct Gathered<'q> {
    question: &'q InSpace,
    rows: &'q Rows<'q>,
    stable: VersionRange,
    space_exists: bool,
    /// How many versions only a classic repository has.
    classic: usize,
    /// The offers of the version met last.
    same: Vec<Offer>,
    /// The versions of the chart met last, the highest first.
    chart: Vec<Offer>,
    /// What is wanted of the charts before it, in ascending order.
    offers: Vec<Offer>,
}

impl<'q> Gathered<'q> {
    fn new(question: &'q InSpace, rows: &'q Rows<'q>) -> Self {
        Self {
            question,
            rows,
            stable: VersionRange::stable(),
            space_exists: false,
            classic: 0,
            same: Vec::new(),
            chart: Vec::new(),
            offers: Vec::new(),
        }
    }

    fn put(&mut self, offer: Offer) {
        if offer.relative.space() != self.question.space {
            return;
        }
        self.space_exists = true;
        if !self.question.wants(&offer) {
            return;
        }
        let differs =
            |other: &Offer| (&other.name, &other.version) != (&offer.name, &offer.version);
        if self.same.first().is_some_and(differs) {
            self.end_version();
        }
        if self
            .chart
            .first()
            .is_some_and(|other| other.name != offer.name)
        {
            self.end_chart();
        }
        self.same.push(offer);
    }

    /// Of several offers of a version the first serves it, or none.
    fn end_version(&mut self) {
        let config = self.rows.config;
        let mut same = std::mem::take(&mut self.same);
        same.sort_by(|one, other| one.order(other, config));
        if self.question.removable {
            // A registry goes before a classic repository.
            let only_classic = same.first().is_some_and(|first| is_classic(first, config));
            self.classic += usize::from(only_classic);
            if !only_classic {
                self.chart.extend(same.into_iter().next());
            }
        } else if !is_hidden(&same, config) {
            self.chart.extend(same.into_iter().next());
        }
    }

    fn end_chart(&mut self) {
        let versions = std::mem::take(&mut self.chart);
        if self.question.latest {
            let is_stable = |offer: &&Offer| self.stable.holds(&offer.version);
            let latest = versions.iter().find(is_stable).or(versions.first());
            self.offers.extend(latest.cloned());
        } else {
            self.offers.extend(versions.into_iter().rev());
        }
    }

    fn finish(mut self) -> Self {
        self.end_version();
        self.end_chart();
        self
    }
}
