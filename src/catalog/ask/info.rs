//! Everything an operator wants to see: `/info`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::status::all_read_by;
use super::{Ask, Rows};
use crate::catalog::rows::share::SHARES;
use crate::catalog::rows::source_state::SourceState;
use crate::catalog::rows::state::{Phase, State};
use crate::platform::{DatabaseError, Timestamp};

/// Asks for everything an operator wants to see. Answered with a JSON object that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Page of each of its lists, from 0.
    pub page: u32,
}

impl Ask for Info {
    const NAME: &'static str = "info";
    type Answer = Value;

    fn answer(&self, rows: &Rows<'_>) -> Result<Value, DatabaseError> {
        let Rows {
            store, config, now, ..
        } = *rows;
        let page = self.page;
        let totals = store.count(config.index_scope, config.collisions)?;
        let state = store.state()?;
        let State {
            last_pass: last,
            pass,
            rhythm,
            ..
        } = &state;
        let held = state.sources.values().map(|source| &source.held);
        let held = held
            .filter(|held| held.pass != 0)
            .max_by_key(|held| held.versions);
        let time = |time: Timestamp| time.to_string();
        let progress = rows.counted_progress()?;
        let trouble = store.count_trouble()?;
        let contested = store.contested(config.index_scope)?;
        let unread = store.count_unread_by_source()?;
        let shadowed = rows.shadowed(&contested, page)?;
        Ok(json!({
            "ready": last.number > 0,
            "sources": config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(),
            "by_source": config.sources.iter().map(|source| of_source(&state, &source.id, now)).collect::<Vec<_>>(),
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
                "contested": contested.len(),
            },
            "last_pass": (last.ended != Timestamp::default()).then(|| json!({
                "started": time(last.started), "ended": time(last.ended),
                "milliseconds": u64::try_from(last.ended.since(last.started).as_millis()).unwrap_or(u64::MAX),
                "calls": last.calls, "faults": last.faults, "complete": last.complete, "fault": last.fault,
            })),
            "passes": { "clean": last.clean, "faulty": last.faulty },
            "calls": state.calls,
            "running_pass": pass.running().then(|| json!({
                "number": pass.number, "started": time(pass.started), "calls": pass.calls, "faults": pass.faults,
                "progress": progress, "publishing": pass.phase == Phase::Publishing,
            })),
            "enumeration": pass.enumerations.iter().map(|source| json!({
                "source": source.source, "pages": source.pages, "done": source.done, "fault": source.fault,
                "unservable": (source.unservable > 0).then(|| json!({
                    "repositories": source.unservable, "first": source.first_unservable,
                    "reason": "no name of a repository, or a path of more than 255 bytes",
                })),
            })).collect::<Vec<_>>(),
            "pause": state.paused(now).map(|pause| json!({ "until": time(pause.until), "cause": pause.cause })),
            "rate_limits": config.sources.iter().filter_map(|source| {
                let known = state.source(&source.id);
                let (told, seen) = known.rate_limit?;
                Some(json!({
                    "source": source.id, "remaining": told.remaining, "limit": told.limit,
                    "window_seconds": told.window, "seen": time(seen),
                    "all_read_by": all_read_by(&known, unread.get(&source.id), now).map(time),
                }))
            }).collect::<Vec<_>>(),
            "held_removal": held.map(|held| json!({
                "versions": held.versions, "since": time(held.since), "confirm_with": "POST /refresh?confirm",
            })),
            "next": time(store.deadline_in(&state, now)?),
            "next_pass": time(rhythm.next),
            "page": page,
            "unreachable": store.unreachable_repositories(page)?,
            "failing": store.failing_repositories(page)?,
            "failing_tags": store.failing_tags(page)?,
            "failing_manifests": store.failing_manifests(page)?,
            "skipped": store.skipped_tags(page)?,
            "unreadable": store.unreadable_rows(page)?,
            "passed_over": store.passed_over(page)?,
            "shadowed": shadowed,
            "shed": store.shed_indexes()?,
            "shares": { "published": store.shares()?, "limit": SHARES },
            "warnings": config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "documents": store.published_documents(page)?,
        }))
    }
}

/// How a source is: whether it is left alone, how fast it is asked, when it was read.
fn of_source(state: &State, id: &str, now: Timestamp) -> Value {
    let SourceState {
        pause,
        pace,
        read,
        denied_since,
        busy_since,
        ..
    } = state.source(id);
    let time = |time: Timestamp| time.to_string();
    json!({
        "source": id,
        "pause": (pause.until > now).then(|| json!({
            "since": time(pause.since), "until": time(pause.until), "asked": pause.asked, "cause": pause.cause,
        })),
        "pace": { "side_by_side": pace.slots(), "milliseconds_between_calls": pace.gap },
        "read": read.map(time),
        "denied_since": denied_since.map(time),
        "busy_since": busy_since.map(time),
    })
}
