//! Puts dirty documents to KV: shards first, so that what an index links to is there before it, then indexes; and removes
//! what is no longer published.

use std::collections::HashSet;
use std::time::Duration;

use crate::catalog::publish::build::IndexBuild;
use crate::catalog::rows::backoff::Backoff;
use crate::catalog::rows::cell::CellFault;
use crate::catalog::rows::document::Published;
use crate::catalog::rows::shed::Shed;
use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::{KeyPart as _, UnreadableRow};
use crate::config::{Config, IndexScope};
use crate::index::{DOCUMENT_LIMIT, Key, Shard, etag};
use crate::platform::{Clock, DatabaseError, DocumentMetadata, Documents, Timestamp};

/// KV takes one write a second and key.
const BETWEEN_PUTS: Duration = Duration::from_secs(1);
/// An index that nobody has read for so long is no longer published; the catalog answers for it.
const UNREAD: Duration = Duration::from_hours(720);
/// How long a document that KV refused waits: a moment of trouble delays no index, and an outage of hours costs few puts.
const REFUSED: Backoff = Backoff {
    first: Duration::from_secs(2),
    longest: Duration::from_mins(10),
};
/// What KV has is looked at again after an interval, and after this at the latest.
const LAST_LOOK: Duration = Duration::from_hours(1);
/// Why a document is not put that would lack what an unreadable row held. The last good one stays.
pub(crate) const LACKING: &str = "a row that belongs in it cannot be read and is read again";
/// Why a document is not put that these rows never put, while something could not be read: what is there has more.
pub(crate) const FULLER: &str = "what is published has files that have not been read again";
/// Rows of dirty documents looked at a time.
const PAGE: i64 = 32;

/// Publishes within the budget of KV operations.
pub(crate) struct Publisher<'a, D, C> {
    /// The rows.
    pub(crate) store: Store<'a>,
    /// Where documents go.
    pub(crate) documents: &'a D,
    /// What is configured.
    pub(crate) config: &'a Config,
    /// The time.
    pub(crate) clock: &'a C,
    /// KV operations left in this invocation.
    pub(crate) operations: u32,
    /// Whether something known could not be read, once that was looked up.
    pub(crate) unread: Option<bool>,
    /// Whether the index of a folder was made that tells nothing of the contests in others.
    pub(crate) folder_made: bool,
}

/// How publishing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progressed {
    /// Nothing is dirty but what waits for its time.
    Done,
    /// The budget is used up.
    Cut,
}

impl<D: Documents, C: Clock> Publisher<'_, D, C> {
    /// Puts what is dirty. `beat` is called before each put, to keep the lease.
    pub(crate) async fn run(
        &mut self,
        beat: &dyn Fn() -> Result<(), DatabaseError>,
    ) -> Result<Progressed, DatabaseError> {
        let progressed = self.put_dirty(beat).await?;
        if self.folder_made {
            let contested = self.store.contested(self.config.index_scope)?.len();
            self.store.note_contested(contested as u64)?;
        }
        Ok(progressed)
    }

    async fn put_dirty(
        &mut self,
        beat: &dyn Fn() -> Result<(), DatabaseError>,
    ) -> Result<Progressed, DatabaseError> {
        let fingerprint = self.config.fingerprint();
        self.store.drop_whole_notes()?;
        if self.store.blockades()?.is_empty() {
            // What waited for rows that could not be read need wait no more.
            self.store.release_documents(LACKING)?;
        }
        if self.store.any_document_waits(FULLER)? && !self.unread()? {
            self.store.release_documents(FULLER)?;
        }
        loop {
            let page = self.store.dirty_documents(self.clock.now(), PAGE)?;
            if page.is_empty() {
                return self.remove_retired(beat).await;
            }
            for document in page {
                if self.operations == 0 {
                    return Ok(Progressed::Cut);
                }
                beat()?;
                if let Key::Files(shard) = document.key {
                    self.restore_superseded(shard, fingerprint).await?;
                }
                self.publish(&document, fingerprint).await?;
            }
        }
    }

    async fn publish(
        &mut self,
        document: &Published,
        fingerprint: &str,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let key = &document.key;
        if let Some(allowed) = document
            .put_at
            // One that lies ahead was set by a clock that was put back since.
            .filter(|put_at| *put_at <= now)
            .map(|put_at| put_at.after(BETWEEN_PUTS))
            .filter(|allowed| *allowed > now)
        {
            return self.store.document_waits(key, allowed);
        }
        let unproven = self.is_unproven(document)?;
        let Some((bytes, tag)) = self.make(document, now)? else {
            return Ok(());
        };
        if document.etag.as_deref() == Some(tag.as_str()) {
            self.store.document_taken(key)?;
            return self.store.document_put(key, None);
        }
        self.store.document_leaves(key)?;
        let name = key.name(fingerprint);
        self.store.unretire(&name)?;
        if unproven && let Some(again) = self.fuller(document, &name, &bytes).await? {
            return self.store.document_failed(key, FULLER, again);
        }
        let length = bytes.len() as u64;
        let metadata = DocumentMetadata {
            etag: tag,
            length,
            updated: now,
        };
        self.operations = self.operations.saturating_sub(1);
        match self.documents.put(&name, &bytes, &metadata).await {
            Ok(()) => self
                .store
                .document_put(key, Some((&metadata.etag, length, now))),
            Err(error) => self.store.document_failed(
                key,
                &error.to_string(),
                retry_at(self.clock.now(), document.attempts),
            ),
        }
    }

    /// Whether what KV has may have more than the rows know, as these rows never put it and something could not be read.
    fn is_unproven(&mut self, document: &Published) -> Result<bool, DatabaseError> {
        if document.length.is_some() {
            return Ok(false);
        }
        let recall = self.store.state()?.recall;
        let recalled = match &document.key {
            Key::Files(_) => recall.is_done(),
            Key::Index(view) if view.is_root() => recall.all_files,
            Key::Index(_) => recall.all_offers,
        };
        Ok(!recalled && self.unread()?)
    }

    /// Whether something known could not be read: looked up once a run, and only where a document was never put.
    fn unread(&mut self) -> Result<bool, DatabaseError> {
        if let Some(unread) = self.unread {
            return Ok(unread);
        }
        let unread = anything_unread(self.store, self.config)?;
        self.unread = Some(unread);
        Ok(unread)
    }

    /// When a document is to be looked at again because KV has one with files that this one lacks, as after a rollback of
    /// the Worker, which makes the rows anew; `None` when it may be put.
    async fn fuller(
        &mut self,
        document: &Published,
        name: &str,
        bytes: &[u8],
    ) -> Result<Option<Timestamp>, DatabaseError> {
        self.operations = self.operations.saturating_sub(1);
        let published = match self.documents.get(name).await {
            Ok(None) => return Ok(None),
            Ok(Some(published)) => self.documents.read(published.body, DOCUMENT_LIMIT).await,
            Err(error) => Err(error),
        };
        let now = self.clock.now();
        match published {
            Ok(published) if files(&published).is_subset(&files(bytes)) => {
                // No operation is left for the put: it comes with the next invocation.
                Ok((self.operations == 0).then_some(now))
            }
            Ok(_) => Ok(Some(now.after(self.config.sync_interval.min(LAST_LOOK)))),
            Err(_) => Ok(Some(retry_at(now, document.attempts))),
        }
    }

    /// The bytes and entity tag of a document; `None` when it is not to be put, and its row says so.
    fn make(
        &mut self,
        document: &Published,
        now: Timestamp,
    ) -> Result<Option<(Vec<u8>, String)>, DatabaseError> {
        let lacking = || {
            let at = retry_at(now, document.attempts);
            self.store.document_failed(&document.key, LACKING, at)
        };
        match &document.key {
            Key::Files(shard) => match self.store.shard(self.config, *shard)? {
                _ if self.store.lacks(self.config, &document.key)? => lacking().map(|()| None),
                Some(bytes) => {
                    let tag = etag(&bytes);
                    Ok(Some((bytes, tag)))
                }
                None => self.withdraw(document, now).map(|()| None),
            },
            Key::Index(view) => {
                let unread = document
                    .read_at
                    .is_none_or(|read| now.since(read) >= UNREAD);
                if !view.is_root() && unread {
                    return self.withdraw(document, now).map(|()| None);
                }
                match self.store.index(self.config, view)? {
                    IndexBuild::Index {
                        written,
                        shed,
                        contested,
                    } => {
                        self.store.note_shed(&document.key, &shed)?;
                        match self.config.index_scope {
                            // Every change comes by the root, and was counted while it was made.
                            IndexScope::Subtree if view.is_root() => {
                                self.store.note_contested(contested)?;
                            }
                            IndexScope::Subtree => {}
                            IndexScope::Folder => self.folder_made = true,
                        }
                        Ok(Some((written.bytes, written.etag)))
                    }
                    IndexBuild::Nothing => self.withdraw(document, now).map(|()| None),
                    IndexBuild::Lacking => lacking().map(|()| None),
                }
            }
        }
    }

    /// Restores superseded packages of a shard whose rows cannot be read from the shard that was put last: no tag tells of them.
    async fn restore_superseded(&self, shard: u8, fingerprint: &str) -> Result<(), DatabaseError> {
        if !self.store.any_superseded_unreadable(shard)? {
            return Ok(());
        }
        let key = Key::Files(shard).name(fingerprint);
        // While KV does not answer, the shard that was put last is the one that has them.
        let Ok(document) = self.documents.get(&key).await else {
            return Ok(());
        };
        let published = match document {
            None => Shard::default(),
            Some(document) => match self.documents.read(document.body, DOCUMENT_LIMIT).await {
                Ok(bytes) => {
                    if let Ok(shard) = Shard::parse(&bytes) {
                        shard
                    } else {
                        self.store.note_unreadable(&[unreadable_shard(shard)])?;
                        Shard::default()
                    }
                }
                Err(_) => return Ok(()),
            },
        };
        self.store.restore_superseded(shard, &published)
    }

    /// Takes a document out of publication: its row goes, and its key at the next opportunity.
    fn withdraw(&mut self, document: &Published, now: Timestamp) -> Result<(), DatabaseError> {
        if self.is_unproven(document)? {
            let again = now.after(self.config.sync_interval.min(LAST_LOOK));
            return self.store.document_failed(&document.key, FULLER, again);
        }
        // Whether it was ever put is not asked: an object that died while it put does not know.
        self.store
            .retire_key(&document.key.name(self.config.fingerprint()), now)?;
        self.store.note_shed(&document.key, &Shed::default())?;
        self.store.remove_document(&document.key)
    }

    /// Deletes the keys that went out of use and whose time has come.
    pub(crate) async fn remove_retired(
        &mut self,
        beat: &dyn Fn() -> Result<(), DatabaseError>,
    ) -> Result<Progressed, DatabaseError> {
        loop {
            let now = self.clock.now();
            let keys = self.store.retired(now, PAGE)?;
            if keys.is_empty() {
                return Ok(Progressed::Done);
            }
            for key in keys {
                if self.operations == 0 {
                    return Ok(Progressed::Cut);
                }
                beat()?;
                self.operations -= 1;
                match self.documents.delete(&key).await {
                    Ok(()) => self.store.unretire(&key)?,
                    Err(_) => self
                        .store
                        .retire_key(&key, self.clock.now().after(REFUSED.longest))?,
                }
            }
        }
    }
}

/// Whether something known could not be read, so that what the rows lack may be there all the same.
pub(crate) fn anything_unread(store: Store<'_>, config: &Config) -> Result<bool, DatabaseError> {
    let state = store.state()?;
    let mut sources = config.sources.iter();
    Ok(sources.any(|source| state.source(&source.id).read.is_none()) || store.any_row_unread()?)
}

/// A shard in KV that is not what was put there: what only it had is lost.
fn unreadable_shard(shard: u8) -> UnreadableRow {
    UnreadableRow {
        table: "document",
        key: Key::Files(shard).text(),
        column: "published",
        why: CellFault::Text("not the shard that was put".to_owned()),
    }
}

/// The quoted texts of a document that name packages: the links of an index in either format, the files of a shard.
fn files(document: &[u8]) -> HashSet<&[u8]> {
    let texts = document.split(|byte| *byte == b'"');
    texts.filter(|text| text.ends_with(b".tgz")).collect()
}

fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    now.after(REFUSED.wait(u64::try_from(attempts).unwrap_or(0)))
}
