//! Which job comes next. Of each source: what was begun and what was called for, then what is new, then what the pass has yet
//! to go through, and last what failed before. So no connection is without work, little is half read at a
//! time, and what fails again and again delays nothing else.

use crate::catalog::rows::backoff::spread;
use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::manifest::PendingManifest;
use crate::catalog::rows::next::Turn;
use crate::catalog::rows::position::{MovingTurn, Position, Ring};
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::{Due, TagRow};
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::{JobKey, SIDE_BY_SIDE, Slice};
use crate::platform::{Clock, DatabaseError, Timestamp};

/// How many of a repository's tags that are no versions (`latest`) are asked about in a pass.
pub(crate) const MOVING_SHARE: u64 = 20;
/// So many tags that wait are asked about before the pass goes on in its own order: a repository with thousands of new ones delays no
/// other's list.
const TAGS_A_TURN: u32 = 4;
/// Rows asked for to find one that is not under way: more than there are jobs side by side.
const LOOK: usize = 8;
/// Failures in a row after which it is looked elsewhere first: in lists that have not had their turn rather than in tags.
const WARY: u32 = 3;

impl<C: Clock> Slice<'_, C> {
    /// The next job and the place of its source, or `None`: nothing is left to begin now.
    pub(crate) fn next_job(
        &mut self,
        now: Timestamp,
    ) -> Result<Option<(usize, Job)>, DatabaseError> {
        // Each other source can have one connection at any time, however slow this one is.
        let most = SIDE_BY_SIDE
            .saturating_sub(self.sources.len().saturating_sub(1))
            .max(1);
        let mut places: Vec<usize> = (0..self.sources.len()).collect();
        places.sort_by_key(|place| {
            let source = self.sources.get(*place);
            source.map(|source| (source.pace.aside > now, source.under_way))
        });
        for place in places {
            let Some(source) = self.sources.get(place) else {
                continue;
            };
            let slots = if source.few_left {
                1
            } else {
                source.pace.slots().min(most)
            };
            let aside = source.pace.aside > now && self.others_work(place);
            if source.paused_until.get() > now || source.under_way >= slots || aside {
                continue;
            }
            if let Some(job) = self.next_of(place, now)? {
                return Ok(Some((place, job)));
            }
            let idle = self
                .sources
                .get(place)
                .is_some_and(|source| source.under_way == 0);
            if idle && let Some(turn) = self.pass.enumerations.get_mut(place) {
                turn.finished = true;
            }
        }
        Ok(None)
    }

    /// The next job of a source.
    fn next_of(&mut self, place: usize, now: Timestamp) -> Result<Option<Job>, DatabaseError> {
        if let Some(job) = self.next_named(place)? {
            return Ok(Some(job));
        }
        // Where manifests are counted and lists are not, all lists come first: which versions are the newest, they tell.
        let lists_first = self
            .sources
            .get(place)
            .is_some_and(|source| source.pace.failures >= WARY || source.counts_calls);
        // A pass may have ended without a source, whose turn goes on.
        let turns = &self.pass.enumerations;
        let reading = turns.get(place).is_some_and(|turn| !turn.finished);
        let source = self.sources.get_mut(place);
        let many = source.is_some_and(|source| {
            let many = source.tags_taken >= TAGS_A_TURN;
            if many {
                source.tags_taken = 0;
            }
            many
        });
        if (lists_first || many)
            && reading
            && let Some(job) = self.next_in_turn(place, now)?
        {
            return Ok(Some(job));
        }
        if let Some(job) = self.next_waiting(place, Turn::New, now)? {
            let is_tag = matches!(job, Job::Resolve { .. } | Job::Read { .. });
            if let Some(source) = self.sources.get_mut(place) {
                source.tags_taken = source.tags_taken.saturating_add(u32::from(is_tag));
            }
            return Ok(Some(job));
        }
        if !lists_first
            && reading
            && let Some(job) = self.next_in_turn(place, now)?
        {
            return Ok(Some(job));
        }
        self.next_waiting(place, Turn::Again(now), now)
    }

    /// A tag of a source that somebody named. Repositories take turns, so that a bulk of named tags of one of them delays no other.
    fn next_named(&mut self, place: usize) -> Result<Option<Job>, DatabaseError> {
        let Some(source) = self.sources.get(place) else {
            return Ok(None);
        };
        let tags = self.store.first_tags(&source.id, source.named_at, LOOK)?;
        for tag in tags {
            let repository = tag.repository;
            if let Some(job) = self.job_of(tag)? {
                if let Some(source) = self.sources.get_mut(place) {
                    source.named_at = repository;
                }
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// A row of a source that is to be read outside of the pass's own order.
    fn next_waiting(
        &self,
        place: usize,
        turn: Turn,
        now: Timestamp,
    ) -> Result<Option<Job>, DatabaseError> {
        let Some(source) = self.sources.get(place) else {
            return Ok(None);
        };
        let limit = i64::try_from(LOOK).unwrap_or(i64::MAX);
        for manifest in self.store.next_manifests(&source.id, turn, limit)? {
            if let Some(job) = self.contents_job(place, manifest, now)? {
                return Ok(Some(job));
            }
        }
        for repository in self.store.next_repositories(&source.id, turn, limit)? {
            if self.idle(&JobKey::Repository(repository.id)) {
                return self.list_job(repository, false).map(Some);
            }
        }
        let after = if source.pace.failures < WARY {
            source.failed_at
        } else {
            // Repositories that fail may stand side by side: it goes on anywhere.
            let salt = format!("{}-{}", source.pace.failures, source.pace.openings);
            let last = u64::try_from(self.store.last_repository()?).unwrap_or(0);
            i64::try_from(spread(&salt) % (last + 1)).unwrap_or(0)
        };
        for tag in self.store.next_tags(&source.id, turn, after, LOOK)? {
            if let Some(job) = self.job_of(tag)? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    fn idle(&self, key: &JobKey) -> bool {
        !self.under_way.contains_key(key)
    }

    fn contents_job(
        &self,
        place: usize,
        manifest: PendingManifest,
        now: Timestamp,
    ) -> Result<Option<Job>, DatabaseError> {
        let PendingManifest {
            digest,
            plan,
            attempts,
        } = manifest;
        let Some(source) = self.sources.get(place).map(|source| &source.id) else {
            return Ok(None);
        };
        if !self.idle(&JobKey::Manifest(source.clone(), digest.clone()))
            || self.claimed.borrow().contains_key(&(place, digest.clone()))
        {
            return Ok(None);
        }
        // Any repository with a tag for it should have it, of whatever source; what one refuses, the next is asked for.
        let open = |id: &str| {
            let mut sources = self.sources.iter();
            sources.any(|known| known.id == id && known.paused_until.get() <= now)
        };
        let tags = self.store.tags_of_manifest(&digest)?;
        let mut ids: Vec<i64> = tags.iter().map(|tag| tag.repository).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut repositories = Vec::new();
        for id in ids {
            let repository = self.store.repository(id)?;
            // What none has refused, each source may ask its own for.
            let may = |known: &Repository| {
                known.source == *source || (attempts > 0 && open(&known.source))
            };
            repositories.extend(repository.filter(may));
        }
        let turn = usize::try_from(attempts).unwrap_or(0) % repositories.len().max(1);
        let repository = repositories.into_iter().nth(turn);
        Ok(repository
            .filter(|repository| repository.source == *source)
            .map(|repository| Job::Contents {
                digest,
                plan: plan.0,
                repository,
            }))
    }

    fn job_of(&self, tag: TagRow) -> Result<Option<Job>, DatabaseError> {
        if !self.idle(&JobKey::Tag(tag.repository, tag.name.clone())) {
            return Ok(None);
        }
        self.tag_job(tag)
    }

    fn tag_job(&self, tag: TagRow) -> Result<Option<Job>, DatabaseError> {
        let Some(repository) = self.store.repository(tag.repository)? else {
            self.store.remove_tag(&tag)?;
            return Ok(None);
        };
        let source = self.config.source(&repository.source);
        if source.is_some_and(|source| source.classic.is_some()) {
            // Its versions are not asked for one by one: what is to be read again is the index.
            if !self.idle(&JobKey::Repository(repository.id)) {
                return Ok(None);
            }
            self.store.forget_hash(repository.id)?;
            let repository = Repository {
                hash: None,
                ..repository
            };
            return self.list_job(repository, false).map(Some);
        }
        Ok(Some(match tag.due {
            Due::Resolve | Due::Nothing if tag.manifest.is_some() => {
                Job::Resolve { tag, repository }
            }
            Due::Resolve | Due::Nothing | Due::Read | Due::ReadFirst => {
                Job::Read { tag, repository }
            }
        }))
    }

    /// Whether a tag that moves is to be left for another pass, as its repository has more of them than its share: they are taken
    /// in turn, a share a pass. Then the place in their order is moved on.
    fn moving_turn_is_over(
        &self,
        turn: &mut Enumeration,
        tag: &TagRow,
    ) -> Result<bool, DatabaseError> {
        let id = tag.repository;
        if turn.moving_turn.repository != id {
            turn.moving_turn = MovingTurn {
                repository: id,
                taken: 0,
            };
            let all = self.store.count_moving(id)?;
            if all > MOVING_SHARE {
                let skipped = self.pass.number.saturating_mul(MOVING_SHARE) % all;
                if let Some(last) = self.store.moving_tag_at(id, skipped)? {
                    turn.moving_at = last;
                    return Ok(true);
                }
            }
        }
        turn.moving_turn.taken += 1;
        let over = turn.moving_turn.taken > MOVING_SHARE;
        if over {
            turn.moving_at = Position {
                repository: id.saturating_add(1),
                tag: String::new(),
            };
        }
        Ok(over)
    }

    /// Whether what a tag names was learned a moment ago and is now being read: asking for the name again would tell nothing.
    fn is_being_read(&self, tag: &TagRow) -> Result<bool, DatabaseError> {
        let Some(next) = &tag.next else {
            return Ok(false);
        };
        let known = self.store.manifest(next)?;
        Ok(known.is_some_and(|known| known.pending && known.attempts == 0))
    }

    fn list_job(&self, repository: Repository, in_turn: bool) -> Result<Job, DatabaseError> {
        let begun = self.store.listing(repository.id)?;
        Ok(Job::List {
            repository,
            begun,
            in_turn,
        })
    }

    /// What every pass goes through: the enumeration, each repository's list, tags that move, and a share of the others.
    fn next_in_turn(&mut self, place: usize, now: Timestamp) -> Result<Option<Job>, DatabaseError> {
        let (Some(source), Some(turn)) =
            (self.sources.get(place), self.pass.enumerations.get(place))
        else {
            return Ok(None);
        };
        let id = source.id.clone();
        let (mut turn, mut ring) = (turn.clone(), source.ring.clone());
        let job = self.turn(place, &id, &mut turn, &mut ring, now)?;
        if let Some(source) = self.sources.get_mut(place) {
            source.ring = ring;
        }
        if let Some(known) = self.pass.enumerations.get_mut(place) {
            *known = turn;
        }
        Ok(job)
    }

    fn turn(
        &self,
        place: usize,
        source: &str,
        turn: &mut Enumeration,
        ring: &mut Ring,
        now: Timestamp,
    ) -> Result<Option<Job>, DatabaseError> {
        if !turn.done && self.idle(&JobKey::Source(place)) {
            let page = turn.next.as_deref().and_then(|next| next.parse().ok());
            return Ok(Some(Job::Enumerate {
                source: place,
                page,
            }));
        }
        while let Some(repository) = self.store.repository_after(source, turn.listed_to, now)? {
            turn.listed_to = repository.id;
            if self.idle(&JobKey::Repository(repository.id)) {
                return self.list_job(repository, true).map(Some);
            }
        }
        while !turn.moving_done {
            match self.store.moving_tag_after(source, &turn.moving_at)? {
                Some(tag) => {
                    if self.moving_turn_is_over(turn, &tag)? {
                        continue;
                    }
                    turn.moving_at = tag.position();
                    if !self.pass.moving_read.contains(&tag.position())
                        && !self.is_being_read(&tag)?
                        && let Some(job) = self.job_of(tag)?
                    {
                        return Ok(Some(job));
                    }
                }
                // More may come from lists under way; the last look is the one after them.
                None if self.under_way.is_empty() => turn.moving_done = true,
                None => break,
            }
        }
        // Lists under way may show what is new, which goes before what is served already.
        let lists = self.sources.get(place).map_or(0, |source| source.lists);
        while turn.quota > 0 && lists == 0 {
            turn.quota -= 1;
            let mut next = self.store.version_tag_after(source, &ring.at)?;
            if next.is_none() {
                ring.at = Position::default();
                next = self.store.version_tag_after(source, &ring.at)?;
            }
            let Some(tag) = next else {
                turn.quota = 0;
                break;
            };
            ring.at = tag.position();
            if let Some(job) = self.job_of(tag)? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }
}
