//! What an operator sees: `/info`, and the counts that `/metrics` is made of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::ask::question::{Figures, Progress};
use crate::catalog::publish::candidates::Offer;
use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::state::{Held, LastPass, Pass, Pause, Phase, Rhythm, Totals};
use crate::catalog::rows::store::Store;
use crate::catalog::sync::engine::Engine;
use crate::config::{Collisions, IndexScope};
use crate::platform::{Clock, DatabaseError, Documents, Fetch, Timestamp};

/// Rows of each list a page.
const PAGE: i64 = 100;

impl Store<'_> {
    /// Counts the rows.
    pub(crate) fn count(&self) -> Result<Totals, DatabaseError> {
        Ok(Totals {
            charts: self.number("SELECT count(DISTINCT name) FROM manifest WHERE state = 'chart'")?,
            versions: self.number(
                "SELECT count(*) FROM tag t JOIN manifest m ON m.digest = t.manifest WHERE m.state = 'chart'",
            )?,
            version_tags: self.number("SELECT count(*) FROM tag WHERE moving = 0")?,
            repositories: self.number("SELECT count(*) FROM repository")?,
            tags: self.number("SELECT count(*) FROM tag")?,
            skipped: self.number("SELECT count(*) FROM manifest WHERE state = 'skipped'")?,
            contested: self.contested()?.len() as u64,
            failing: self.number("SELECT count(*) FROM repository WHERE error IS NOT NULL")?,
        })
    }

    pub(crate) fn number(&self, sql: &str) -> Result<u64, DatabaseError> {
        let number = self
            .0
            .first(sql, &[])?
            .and_then(|row| row.integer(0))
            .unwrap_or(0);
        Ok(u64::try_from(number).unwrap_or(0))
    }

    /// How far the first pass is, counted.
    pub(crate) fn counted_progress(&self) -> Result<Progress, DatabaseError> {
        Ok(Progress {
            repositories: self.number("SELECT count(*) FROM repository")?,
            listed: self.number("SELECT count(*) FROM repository WHERE listed > 0")?,
            tags: self.number("SELECT count(*) FROM tag")?,
            read: self.number("SELECT count(*) FROM tag WHERE manifest IS NOT NULL")?,
            fault: None,
        })
    }

    /// Figures for monitoring.
    pub(crate) fn figures(&self, now: Timestamp) -> Result<Figures, DatabaseError> {
        let totals: Totals = self.load()?;
        let last: LastPass = self.load()?;
        let pause: Pause = self.load()?;
        let root = self.0.first(
            "SELECT length, put_at FROM document WHERE key = 'index:'",
            &[],
        )?;
        let number = |value: Option<i64>| {
            value
                .and_then(|value| u64::try_from(value).ok())
                .unwrap_or(0)
        };
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
            documents: self.number("SELECT count(*) FROM document WHERE etag IS NOT NULL")?,
            document_bytes: self.number("SELECT coalesce(sum(length), 0) FROM document")?,
            root_bytes: number(root.as_ref().and_then(|row| row.integer(0))),
            root_put_at: root.and_then(|row| row.integer(1)).map(Timestamp),
            dirty_documents: self.number("SELECT count(*) FROM document WHERE dirty > 0")?,
        })
    }

    /// A page of repositories with tags that are passed over by their names, and how many for which reason.
    fn passed_over(&self, page: u32) -> Result<Vec<Value>, DatabaseError> {
        let rows = self.0.query(
            "SELECT name, passed_over FROM repository WHERE passed_over IS NOT NULL ORDER BY id LIMIT ? OFFSET ?",
            &[PAGE.into(), (i64::from(page) * PAGE).into()],
        )?;
        let object = |row: &crate::platform::Row| {
            let tags: Value = serde_json::from_str(row.text(1)?).ok()?;
            Some(json!({ "repository": row.text(0)?, "tags": tags }))
        };
        Ok(rows.iter().filter_map(object).collect())
    }

    /// A page of rows as JSON objects with these keys.
    fn objects(&self, sql: &str, keys: &[&str], page: u32) -> Result<Value, DatabaseError> {
        use crate::platform::Value as Cell;
        let offset = i64::from(page) * PAGE;
        let rows = self.0.query(
            &format!("{sql} LIMIT ? OFFSET ?"),
            &[PAGE.into(), offset.into()],
        )?;
        let object = |row: &crate::platform::Row| {
            let cells = row.0.iter().map(|cell| match cell {
                Cell::Integer(number) => json!(number),
                Cell::Text(text) => json!(text),
                Cell::Null | Cell::Blob(_) => Value::Null,
            });
            keys.iter()
                .map(|key| (*key).to_owned())
                .zip(cells)
                .filter(|(_, cell)| !cell.is_null())
                .collect::<Value>()
        };
        Ok(rows.iter().map(object).collect())
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
        let shadowed = self.shadowed(store, page)?;
        Ok(json!({
            "ready": last.number > 0,
            "sources": self.config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(),
            "counts": {
                "charts": totals.charts,
                "versions": totals.versions,
                "repositories": store.number("SELECT count(*) FROM repository")?,
                "tags": store.number("SELECT count(*) FROM tag")?,
                "skipped": store.number("SELECT count(*) FROM manifest WHERE state = 'skipped'")?,
                "failing_repositories": store.number("SELECT count(*) FROM repository WHERE error IS NOT NULL")?,
                "failing_tags": store.number("SELECT count(*) FROM tag WHERE error IS NOT NULL")?,
                "unread_tags": store.number("SELECT count(*) FROM tag WHERE manifest IS NULL")?,
                "superseded": store.number("SELECT count(*) FROM superseded")?,
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
            "unreachable": store.objects(
                // Their first segments belong to the OCI gateway and the API to come.
                "SELECT name FROM repository WHERE (relative >= 'v2/' AND relative < 'v20')
                   OR (relative >= 'api/v1/' AND relative < 'api/v10') ORDER BY id",
                &["repository"], page,
            )?,
            "failing": store.objects(
                "SELECT name, error, attempts, retry_at, denied_since FROM repository WHERE error IS NOT NULL ORDER BY id",
                &["repository", "error", "attempts", "retry_at", "denied_since"], page,
            )?,
            "failing_tags": store.objects(
                "SELECT r.name, t.name, t.error, t.attempts, t.retry_at FROM tag t JOIN repository r ON r.id = t.repository
                 WHERE t.due > 0 AND t.error IS NOT NULL ORDER BY t.repository, t.name",
                &["repository", "tag", "error", "attempts", "retry_at"], page,
            )?,
            "failing_manifests": store.objects(
                "SELECT digest, error, attempts, retry_at FROM manifest WHERE plan IS NOT NULL AND error IS NOT NULL ORDER BY digest",
                &["digest", "error", "attempts", "retry_at"], page,
            )?,
            "skipped": store.objects(
                "SELECT r.name, t.name, m.reason FROM manifest m JOIN tag t ON t.manifest = m.digest
                 JOIN repository r ON r.id = t.repository WHERE m.state = 'skipped' ORDER BY r.name, t.name",
                &["repository", "tag", "reason"], page,
            )?,
            "passed_over": store.passed_over(page)?,
            "shadowed": shadowed,
            "documents": store.objects(
                "SELECT key, etag, length, put_at, dirty, error FROM document ORDER BY key DESC",
                &["document", "etag", "length", "put_at", "dirty", "error"], page,
            )?,
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
