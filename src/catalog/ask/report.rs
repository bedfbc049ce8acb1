//! What an operator sees: `/info`, and the counts that `/metrics` is made of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::ask::question::{Figures, Progress};
use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::offer::Offer;
use crate::catalog::rows::report::PAGE;
use crate::catalog::rows::state::{Held, LastPass, Pass, Pause, Phase, Rhythm, Totals};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::engine::Engine;
use crate::config::{Collisions, IndexScope};
use crate::index::{Key, View};
use crate::platform::{Clock, DatabaseError, Documents, Fetch, Timestamp};

impl Store<'_> {
    /// How far the first pass is, counted.
    pub(crate) fn counted_progress(&self) -> Result<Progress, DatabaseError> {
        let counts = self.count_reading()?;
        Ok(Progress {
            repositories: counts.repositories,
            listed: counts.listed,
            tags: counts.tags,
            read: counts.read,
            fault: None,
        })
    }

    /// Figures for monitoring.
    pub(crate) fn figures(&self, now: Timestamp) -> Result<Figures, DatabaseError> {
        let totals: Totals = self.load()?;
        let last: LastPass = self.load()?;
        let pause: Pause = self.load()?;
        let (root_bytes, root_put_at) = self.document_size(&Key::Index(View::root()))?;
        let documents = self.count_documents()?;
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
            calls_by_outcome: self.load()?,
            running: self.load::<Pass>()?.running(),
            paused_until: Some(pause.until).filter(|until| *until > now),
            held_versions: self.load::<Held>()?.versions,
            documents: documents.put,
            document_bytes: documents.bytes,
            root_bytes: root_bytes
                .and_then(|bytes| u64::try_from(bytes).ok())
                .unwrap_or(0),
            root_put_at,
            dirty_documents: documents.dirty,
        })
    }
}

impl<F: Fetch, D: Documents, C: Clock> Engine<'_, F, D, C> {
    /// Everything an operator wants to see; lists are paged.
    pub(crate) fn info(&self, store: Store<'_>, page: u32) -> Result<Value, DatabaseError> {
        let now = self.clock.now();
        let totals = store.count()?;
        let last: LastPass = store.load()?;
        let pass: Pass = store.load()?;
        let pause: Pause = store.load()?;
        let rhythm: Rhythm = store.load()?;
        let held: Held = store.load()?;
        let time = |time: Timestamp| time.to_string();
        let progress = store.counted_progress()?;
        let trouble = store.count_trouble()?;
        let shadowed = self.shadowed(store, page)?;
        Ok(json!({
            "ready": last.number > 0,
            "sources": self.config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(),
            "counts": {
                "charts": totals.charts,
                "versions": totals.versions,
                "repositories": progress.repositories,
                "tags": progress.tags,
                "skipped": trouble.skipped,
                "failing_repositories": trouble.failing_repositories,
                "failing_tags": trouble.failing_tags,
                "unread_tags": trouble.unread_tags,
                "superseded": trouble.superseded,
                "contested": store.contested()?.len(),
            },
            "last_pass": (last.ended != Timestamp::default()).then(|| json!({
                "started": time(last.started), "ended": time(last.ended),
                "milliseconds": u64::try_from(last.ended.since(last.started).as_millis()).unwrap_or(u64::MAX),
                "calls": last.calls, "faults": last.faults, "complete": last.complete, "fault": last.fault,
            })),
            "passes": { "clean": last.clean, "faulty": last.faulty },
            "calls": store.load::<Calls>()?,
            "running_pass": pass.running().then(|| json!({
                "number": pass.number, "started": time(pass.started), "calls": pass.calls, "faults": pass.faults,
                "progress": progress, "publishing": pass.phase == Phase::Publishing,
            })),
            "enumeration": pass.enumerations.iter().map(|source| json!({
                "source": source.source, "pages": source.pages, "done": source.done, "fault": source.fault,
            })).collect::<Vec<_>>(),
            "pause": (pause.until > now).then(|| json!({ "until": time(pause.until), "cause": pause.cause })),
            "held_removal": (held.pass != 0).then(|| json!({
                "versions": held.versions, "since": time(held.since), "confirm_with": "POST /refresh?confirm",
            })),
            "next": time(store.deadline(now)?),
            "next_pass": time(rhythm.next),
            "page": page,
            "unreachable": store.unreachable_repositories(page)?,
            "failing": store.failing_repositories(page)?,
            "failing_tags": store.failing_tags(page)?,
            "failing_manifests": store.failing_manifests(page)?,
            "skipped": store.skipped_tags(page)?,
            "passed_over": store.passed_over(page)?,
            "shadowed": shadowed,
            "documents": store.published_documents(page)?,
        }))
    }

    /// A page of contested files, each with who serves it and who is shadowed: at the root, or, where a folder's index has only what
    /// lies directly in it, in each folder.
    fn shadowed(&self, store: Store<'_>, page: u32) -> Result<Vec<Value>, DatabaseError> {
        let skip = usize::try_from(i64::from(page) * PAGE).unwrap_or(usize::MAX);
        let most = usize::try_from(PAGE).unwrap_or(0);
        let mut shadowed = Vec::new();
        for (shard, file) in store.contested()?.into_iter().skip(skip).take(most) {
            let mut places: BTreeMap<String, Vec<Offer>> = BTreeMap::new();
            for offer in store.offers(self.config, shard, &file)? {
                let folder = offer
                    .relative
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder);
                let place = match self.config.index_scope {
                    IndexScope::Subtree => "",
                    IndexScope::Folder => folder,
                };
                places.entry(place.to_owned()).or_default().push(offer);
            }
            for offers in places.values() {
                let Some(first) = offers.first() else {
                    continue;
                };
                let beaten = |offer: &&Offer| offer.candidate.package != first.candidate.package;
                // Where a contest hides all, nobody has won it.
                let hidden = self.config.collisions == Collisions::Hide
                    && offers.iter().any(|offer| beaten(&offer));
                for offer in offers.iter().filter(|offer| hidden || beaten(offer)) {
                    shadowed.push(json!({
                        "file": file,
                        "repository": offer.candidate.repository,
                        "tag": offer.tag,
                        "by": (!hidden).then_some(first.candidate.repository.as_str()),
                    }));
                }
            }
        }
        Ok(shadowed)
    }
}
