//! The index of a view, made from rows.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Ask, Progress, Rows};
use crate::catalog::publish::build::IndexBuild;
use crate::catalog::publish::publisher::LACKING;
use crate::config::Config;
use crate::index::{DOCUMENT_LIMIT, Key, View, Writer};
use crate::platform::{DatabaseError, Document, DocumentMetadata, Timestamp};

/// Asks for the index of a view, which KV does not have or which must be newer than what KV has. Counts as a read of the
/// view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Which index.
    pub view: View,
    /// Whether it was not looked for in KV: then it is not missing there, and need not be put again.
    pub fresh: bool,
}

/// The answer to [`Index`]; `B` is the body of a document, read or unread.
#[derive(Debug)]
pub enum Indexed<B> {
    /// The index.
    Document(Document<B>),
    /// Why there is none.
    Without(NoIndex),
}

/// The index of a space that was created and holds no chart.
fn empty(config: &Config, now: Timestamp) -> Document<Bytes> {
    let written = Writer::new(config.index_format, DOCUMENT_LIMIT).finish();
    let metadata = DocumentMetadata {
        length: written.bytes.len() as u64,
        etag: written.etag,
        updated: now,
    };
    let body = Bytes::from(written.bytes);
    Document { body, metadata }
}

/// Why there is no index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoIndex {
    /// There is no such space, in a catalog that is complete.
    Missing,
    /// The first pass has not finished.
    NotReady(Progress),
}

impl Ask for Index {
    const NAME: &'static str = "index";
    type Answer = Indexed<Bytes>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Self::Answer, DatabaseError> {
        let (store, config, now) = (rows.store, rows.config, rows.now);
        let without = |reason| Ok(Indexed::Without(reason));
        store.asked(config, now)?;
        let state = store.state()?;
        if state.last_pass.number == 0 {
            return without(NoIndex::NotReady(rows.progress(&state)?));
        }
        if !self.view.below().is_root() && !store.view_exists(config, &self.view)? {
            if self.view.shows_folder() && store.space_is_created(self.view.below())? {
                return Ok(Indexed::Document(empty(config, now)));
            }
            return without(NoIndex::Missing);
        }
        store.view_read(&self.view, now)?;
        if !self.fresh {
            store.document_missed(&Key::Index(self.view.clone()), now)?;
        }
        if let Some(kept) = rows.recent.index(&self.view, config.fingerprint(), now) {
            return Ok(Indexed::Document(kept));
        }
        // One that there was no room to keep is not made for each who asks past KV: KV's is good enough.
        if self.fresh && rows.recent.was_just_made(&self.view, now) {
            return without(NoIndex::NotReady(Progress::default()));
        }
        match store.index(config, &self.view)? {
            IndexBuild::Index { written, .. } => {
                let metadata = DocumentMetadata {
                    length: written.bytes.len() as u64,
                    etag: written.etag,
                    updated: now,
                };
                let body = Bytes::from(written.bytes);
                let document = Document { body, metadata };
                rows.recent
                    .keep_index(self.view.clone(), config.fingerprint(), &document);
                Ok(Indexed::Document(document))
            }
            // The edge gives what was published last, or says that it cannot.
            IndexBuild::Lacking => Err(DatabaseError(LACKING.to_owned())),
            IndexBuild::Nothing => without(NoIndex::Missing),
        }
    }
}
