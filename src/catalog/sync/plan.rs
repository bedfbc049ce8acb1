//! Which job comes next. What was begun comes first, then what was called for, then what the pass has yet to go through:
//! so there is work for every connection from the first to the last, and few rows lie open.

use crate::catalog::rows::manifest::PendingManifest;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::state::{MovingTurn, Phase, Position};
use crate::catalog::rows::tag::{Due, Tag};
use crate::catalog::sync::job::Job;
use crate::catalog::sync::slice::{Key, Slice};
use crate::platform::{Clock, DatabaseError, Timestamp};

/// How many of a repository's tags that are no versions (`latest`) are asked about in a pass.
const MOVING_SHARE: u64 = 20;
/// Rows asked for to find one that is not under way: more than there are jobs side by side.
const LOOK: i64 = 8;

impl<C: Clock> Slice<'_, C> {
    /// The next job, or `None`: nothing is left to begin now.
    pub(crate) fn next_job(&mut self, now: Timestamp) -> Result<Option<Job>, DatabaseError> {
        if let Some(job) = self.next_contents(now)? {
            return Ok(Some(job));
        }
        for tag in self.store.due_tags(now, LOOK)? {
            if self.idle(&Key::Tag(tag.repository, tag.name.clone()))
                && let Some(job) = self.tag_job(tag)?
            {
                return Ok(Some(job));
            }
        }
        for repository in self.store.due_repositories(now, LOOK)? {
            if self.idle(&Key::Repository(repository.id)) {
                return self.list_job(repository, false).map(Some);
            }
        }
        if self.pass.phase == Phase::Reading {
            self.next_in_turn(now)
        } else {
            Ok(None)
        }
    }

    fn idle(&self, key: &Key) -> bool {
        !self.under_way.contains(key)
    }

    fn next_contents(&self, now: Timestamp) -> Result<Option<Job>, DatabaseError> {
        for PendingManifest {
            digest,
            plan,
            attempts,
        } in self.store.pending_manifests(now, LOOK)?
        {
            if !self.idle(&Key::Manifest(digest.clone()))
                || self.claimed.borrow().contains_key(&digest)
            {
                continue;
            }
            // Any repository with a tag for it should have it; what one refuses, the next is asked for.
            let tags = self.store.tags_of_manifest(&digest)?;
            let mut repositories: Vec<i64> = tags.iter().map(|tag| tag.repository).collect();
            repositories.sort_unstable();
            repositories.dedup();
            let turn = usize::try_from(attempts).unwrap_or(0) % repositories.len().max(1);
            match repositories
                .get(turn)
                .map(|repository| self.store.repository(*repository))
                .transpose()?
                .flatten()
            {
                Some(repository) => {
                    return Ok(Some(Job::Contents {
                        digest,
                        plan: plan.0,
                        repository,
                    }));
                }
                None => self.store.drop_orphan(&digest)?,
            }
        }
        Ok(None)
    }

    fn tag_job(&self, tag: Tag) -> Result<Option<Job>, DatabaseError> {
        let Some(repository) = self.store.repository(tag.repository)? else {
            self.store.remove_tag(&tag)?;
            return Ok(None);
        };
        Ok(Some(match tag.due {
            Due::Resolve | Due::Nothing if tag.manifest.is_some() => {
                Job::Resolve { tag, repository }
            }
            Due::Resolve | Due::Nothing | Due::Read => Job::Read { tag, repository },
        }))
    }

    /// Whether a tag that moves is to be left for another pass, as its repository has more of them than its share: they are taken
    /// in turn, a share a pass. Then the place in their order is moved on.
    fn moving_turn_is_over(&mut self, tag: &Tag) -> Result<bool, DatabaseError> {
        let id = tag.repository;
        if self.pass.moving_turn.repository != id {
            self.pass.moving_turn = MovingTurn {
                repository: id,
                taken: 0,
            };
            let all = self.store.count_moving(id)?;
            if all > MOVING_SHARE {
                let skipped = self.pass.number.saturating_mul(MOVING_SHARE) % all;
                if let Some(last) = self.store.moving_tag_at(id, skipped)? {
                    self.pass.moving_at = last;
                    return Ok(true);
                }
            }
        }
        self.pass.moving_turn.taken += 1;
        let over = self.pass.moving_turn.taken > MOVING_SHARE;
        if over {
            self.pass.moving_at = Position {
                repository: id.saturating_add(1),
                tag: String::new(),
            };
        }
        Ok(over)
    }

    /// Whether what a tag names was learned a moment ago and is now being read: asking for the name again would tell nothing.
    fn is_being_read(&self, tag: &Tag) -> Result<bool, DatabaseError> {
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
    fn next_in_turn(&mut self, now: Timestamp) -> Result<Option<Job>, DatabaseError> {
        for (source, enumeration) in self.pass.enumerations.iter().enumerate() {
            if !enumeration.done && self.idle(&Key::Source(source)) {
                let page = enumeration
                    .next
                    .as_deref()
                    .and_then(|next| next.parse().ok());
                return Ok(Some(Job::Enumerate { source, page }));
            }
        }
        while let Some(repository) = self
            .store
            .repositories_after(self.pass.listed_to, now, 1)?
            .pop()
        {
            self.pass.listed_to = repository.id;
            if self.idle(&Key::Repository(repository.id)) {
                return self.list_job(repository, true).map(Some);
            }
        }
        while !self.pass.moving_done {
            match self.store.moving_tags_after(&self.pass.moving_at, 1)?.pop() {
                Some(tag) => {
                    if self.moving_turn_is_over(&tag)? {
                        continue;
                    }
                    self.pass.moving_at = tag.position();
                    if !self.pass.moving_read.contains(&tag.position())
                        && self.idle(&Key::Tag(tag.repository, tag.name.clone()))
                        && !self.is_being_read(&tag)?
                        && let Some(job) = self.tag_job(tag)?
                    {
                        return Ok(Some(job));
                    }
                }
                // More may come from lists under way; the last look is the one after them.
                None if self.under_way.is_empty() => self.pass.moving_done = true,
                None => break,
            }
        }
        while self.pass.quota > 0 {
            self.pass.quota -= 1;
            let mut next = self.store.version_tags_after(&self.ring.at, 1)?.pop();
            if next.is_none() {
                self.ring.at = Position::default();
                next = self.store.version_tags_after(&self.ring.at, 1)?.pop();
            }
            let Some(tag) = next else {
                self.pass.quota = 0;
                break;
            };
            self.ring.at = tag.position();
            if self.idle(&Key::Tag(tag.repository, tag.name.clone()))
                && let Some(job) = self.tag_job(tag)?
            {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }
}
