//! What an index that outgrows its limit sheds, so that no repository takes the room of the others: first what describes the
//! charts of the repository that takes most, then its oldest versions.
//!
//! It depends on nothing but what the index shows: the same registry sheds the same.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::catalog::rows::offer::Offer;
use crate::catalog::rows::shed::{Shed, ShedRepository};
use crate::index::{Detail, IndexFormat, Length};

/// Repositories that `/info` names for each index: the first that lost something, which took most.
const NAMED: usize = 20;

/// The measures of an index: some 40 bytes a version, in place of its text.
#[derive(Default)]
pub(crate) struct Measures {
    /// By source and name, so that the order of ties is not that of discovery.
    repositories: BTreeMap<(String, String), MeasuredRepository>,
    /// What each chart takes besides its versions, once.
    charts: Vec<usize>,
    /// The name of the last of them.
    chart: String,
    /// How many versions were added, whether measured or not.
    versions: usize,
    newest: Option<String>,
}

#[derive(Default)]
struct MeasuredRepository {
    versions: Vec<MeasuredVersion>,
    /// The first folder it lies in; one that lies in none stands for itself.
    folder: String,
}

/// A version in an index.
struct MeasuredVersion {
    /// Its place in the order of the index.
    place: usize,
    /// Its chart's place in [`Measures::charts`].
    chart: usize,
    /// How many newer versions of its chart are of the same repository.
    newer: usize,
    full: usize,
    essential: usize,
}

/// What becomes of each version, in the order of the index; what is beyond the list is told in full.
pub(crate) struct SheddingPlan {
    /// How much is said of each version; nothing of one that is left out.
    details: Vec<Option<Detail>>,
    /// What is told of it.
    pub(crate) shed: Shed,
}

impl SheddingPlan {
    /// How much is said of the version at this place of the index; `None` when it is left out.
    pub(crate) fn detail(&self, place: usize) -> Option<Detail> {
        self.details
            .get(place)
            .copied()
            .unwrap_or(Some(Detail::Full))
    }
}

impl Measures {
    /// Adds the next version in the order of the index. One without a length, as its metadata cannot be read, only takes its place.
    pub(crate) fn add(&mut self, offer: &Offer, created: Option<&str>, length: Option<Length>) {
        let place = self.versions;
        self.versions += 1;
        let Some(length) = length else {
            return;
        };
        if created > self.newest.as_deref() {
            self.newest = created.map(str::to_owned);
        }
        if self.charts.is_empty() || self.chart != offer.name {
            self.chart.clone_from(&offer.name);
            self.charts.push(length.chart);
        }
        let chart = self.charts.len() - 1;
        let candidate = &offer.candidate;
        let key = (candidate.source.clone(), candidate.repository.clone());
        let MeasuredRepository { versions, folder } = self.repositories.entry(key).or_default();
        if folder.is_empty() {
            let path = offer.relative.as_str();
            let first = path.split_once('/').map_or(path, |(first, _)| first);
            first.clone_into(folder);
        }
        let newer = versions
            .last()
            .filter(|last| last.chart == chart)
            .map_or(0, |last| last.newer + 1);
        // Whoever begins a chart takes what the chart takes.
        let begins = if newer == 0 { length.chart } else { 0 };
        versions.push(MeasuredVersion {
            place,
            chart,
            newer,
            full: length.full + begins,
            essential: length.essential + begins,
        });
    }

    /// What is to be shed for the index to have at most `limit` bytes.
    pub(crate) fn plan(self, format: IndexFormat, limit: usize) -> SheddingPlan {
        // A chart of several repositories is counted for each of them: a little more than is written, never less.
        let mut total = Length::of_frame(format, self.newest.as_deref());
        let mut details = vec![Some(Detail::Full); self.versions];
        let mut repositories: Vec<_> = self
            .repositories
            .into_iter()
            .map(|(name, repository)| Shedding::new(name, repository))
            .collect();
        let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
        for (place, repository) in repositories.iter().enumerate() {
            total += repository.bytes;
            let folder = folders.entry(repository.folder.clone()).or_default();
            folder.bytes += repository.bytes;
            folder.largest.push((repository.bytes, Reverse(place)));
        }
        let mut folders: Vec<Folder> = folders.into_values().collect();
        let sizes = folders.iter().map(|folder| folder.bytes).enumerate();
        let mut largest: BinaryHeap<_> = sizes.map(|(at, bytes)| (bytes, Reverse(at))).collect();
        let mut order = Vec::new();
        while total > limit {
            let Some((_, Reverse(at))) = largest.pop() else {
                break;
            };
            let Some(folder) = folders.get_mut(at) else {
                break;
            };
            let Some((before, Reverse(place))) = folder.largest.pop() else {
                continue;
            };
            let Some(repository) = repositories.get_mut(place) else {
                break;
            };
            if repository.detail == Detail::Full {
                order.push(place);
            }
            repository.shed(&mut details);
            total = total.saturating_sub(before - repository.bytes);
            folder.bytes = folder.bytes.saturating_sub(before - repository.bytes);
            if !repository.versions.is_empty() {
                folder.largest.push((repository.bytes, Reverse(place)));
            }
            largest.push((folder.bytes, Reverse(at)));
        }
        let mut shed = Shed::default();
        for place in order {
            if let Some(repository) = repositories.get(place) {
                shed.add(repository.told(&details), NAMED);
            }
        }
        SheddingPlan { details, shed }
    }
}

/// A folder whose repositories may shed.
#[derive(Default)]
struct Folder {
    /// What its repositories take.
    bytes: usize,
    /// They, by what they take.
    largest: BinaryHeap<(usize, Reverse<usize>)>,
}

/// A repository that may shed.
struct Shedding {
    folder: String,
    source: String,
    repository: String,
    /// What is left of it, the oldest last: that with most newer ones of its chart.
    versions: Vec<MeasuredVersion>,
    detail: Detail,
    /// What it takes.
    bytes: usize,
    left_out: u64,
}

impl Shedding {
    fn new((source, repository): (String, String), measured: MeasuredRepository) -> Self {
        let MeasuredRepository {
            mut versions,
            folder,
        } = measured;
        versions.sort_by_key(|version| (version.newer, version.place));
        Self {
            folder,
            source,
            repository,
            detail: Detail::Full,
            bytes: versions.iter().map(|version| version.full).sum(),
            versions,
            left_out: 0,
        }
    }

    /// Sheds what describes its charts, or else its oldest version.
    fn shed(&mut self, details: &mut [Option<Detail>]) {
        if self.detail == Detail::Full {
            self.detail = Detail::Essential;
            self.bytes = 0;
            for version in &self.versions {
                self.bytes += version.essential;
                // One that says nothing more in full is not shortened.
                if version.essential < version.full
                    && let Some(detail) = details.get_mut(version.place)
                {
                    *detail = Some(Detail::Essential);
                }
            }
        } else if let Some(oldest) = self.versions.pop() {
            self.bytes -= oldest.essential;
            self.left_out += 1;
            if let Some(detail) = details.get_mut(oldest.place) {
                *detail = None;
            }
        }
    }

    fn told(&self, details: &[Option<Detail>]) -> ShedRepository {
        let shortened = self
            .versions
            .iter()
            .filter(|version| details.get(version.place) == Some(&Some(Detail::Essential)))
            .count();
        ShedRepository {
            source: self.source.clone(),
            repository: self.repository.clone(),
            shortened: shortened as u64,
            left_out: self.left_out,
        }
    }
}
