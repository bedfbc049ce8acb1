//! What the edge asks of the catalog and what it is told: values that cross to the Durable Object as JSON.

use serde::{Deserialize, Serialize};

use crate::catalog::rows::calls::Calls;
use crate::catalog::rows::registry_fault::RegistryFault;
use crate::chart::FileName;
use crate::index::{Candidate, View};
use crate::platform::{Metadata, Timestamp};

/// A question to the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Question {
    /// The index of a view, which KV does not have (or which must be fresh). Answered by [`Reply::Document`],
    /// [`Answer::Missing`] or [`Answer::NotReady`]. Counts as a read of the view.
    Index {
        /// Which index.
        view: View,
        /// Whether it was not looked for in KV: then it is not missing there, and need not be put again.
        #[serde(default)]
        fresh: bool,
    },
    /// The candidates for a file name, which its shard in KV does not have. Answered by [`Answer::File`],
    /// [`Answer::Missing`] or [`Answer::NotReady`].
    Find {
        /// The file name.
        file: FileName,
    },
    /// Somebody reads: views read since the last word, so that the interval between passes stays short. Answered by
    /// [`Answer::Status`].
    Read {
        /// The views that were read, from KV.
        views: Vec<View>,
    },
    /// Cron: work if the alarm does not. Answered by [`Answer::Status`].
    Tick,
    /// Counts and progress. Answered by [`Answer::Status`].
    Status,
    /// Everything an operator wants to see. Answered by [`Answer::Info`].
    Info {
        /// Page of the lists of skipped and shadowed charts, from 0.
        page: u32,
    },
    /// Start a sync now, of everything or of what lies at or below `path`. Answered by [`Answer::Accepted`], or
    /// [`Answer::Missing`] when nothing configured can lie at that path.
    Refresh {
        /// A repository or a space, relative to the prefix.
        path: Option<String>,
        /// Confirms a held mass removal.
        confirm: bool,
    },
    /// Has the sync with this ticket been published? Answered by [`Answer::Accepted`] again, or by [`Answer::Missing`]
    /// when it has shown that the registry has nothing at the path.
    Await {
        /// From [`Answer::Accepted`].
        ticket: u64,
        /// The path that was to be synced.
        path: Option<String>,
    },
    /// A registry says that these changed. Only a hint of what to look at. Answered by [`Answer::Accepted`].
    Changed {
        /// Full repository names as the registry knows them, each with the tag if one was named.
        names: Vec<(String, Option<String>)>,
    },
}

impl Question {
    /// What is said instead of an answer if the asker's settings are not those of the catalog, as happens while a
    /// deployment spreads: rows of other settings may be of a registry that not everyone may read. `asker` and `own` are
    /// what [`Config::fingerprint`](crate::config::Config::fingerprint) gives; an asker that sends none is an older one.
    pub fn refusal(&self, asker: Option<&str>, own: &str) -> Option<Answer> {
        if asker == Some(own) {
            return None;
        }
        Some(match self {
            // Whoever reads waits, and asks again.
            Self::Index { .. } | Self::Find { .. } => Answer::NotReady {
                progress: Progress::default(),
            },
            Self::Read { .. }
            | Self::Tick
            | Self::Status
            | Self::Info { .. }
            | Self::Refresh { .. }
            | Self::Await { .. }
            | Self::Changed { .. } => Answer::Failed {
                reason: "another configuration runs".to_owned(),
            },
        })
    }
}

/// What the catalog answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// There is no such space or file, in a catalog that is complete.
    Missing,
    /// The first pass has not finished.
    NotReady {
        /// How far it is.
        progress: Progress,
    },
    /// Who offers a file, in collision order, superseded packages last.
    File {
        /// Never empty.
        candidates: Vec<Candidate>,
    },
    /// Counts and progress.
    Status {
        /// The state now.
        status: Status,
    },
    /// Everything an operator wants to see, ready to be sent as JSON.
    Info {
        /// A JSON object.
        info: serde_json::Value,
    },
    /// The sync was noted.
    Accepted {
        /// Names this request for [`Question::Await`].
        ticket: u64,
        /// Whether the sync is published.
        done: bool,
        /// The entity tag of the root's index then; `None` where that is too large to be published.
        etag: Option<String>,
        /// Why a repository of what was to be synced could not be listed, once all others are published. For operators.
        fault: Option<String>,
        /// Why a tag of them could not be read, likewise: the others are served.
        unread: Option<String>,
    },
    /// The index would be larger than a document may be; the last good one, if any, is what KV has.
    TooLarge {
        /// The largest document, in bytes.
        limit: u64,
    },
    /// The catalog itself failed: rows cannot be read or written.
    Failed {
        /// For the log only.
        reason: String,
    },
}

/// How far the first pass is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Repositories known.
    pub repositories: u64,
    /// Of these, those whose tag list was read.
    pub listed: u64,
    /// Tags known.
    pub tags: u64,
    /// Of these, those that were read.
    pub read: u64,
    /// Why nothing moves, if so: the registry's host and the kind of fault, fit for anyone.
    pub fault: Option<RegistryFault>,
}

/// Counts of the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether a first pass has finished, so that misses are answers.
    pub ready: bool,
    /// Progress of the pass that runs, or of the first one.
    pub progress: Progress,
    /// Charts (different names).
    pub charts: u64,
    /// Versions.
    pub versions: u64,
    /// When the last complete pass ended.
    pub last_pass: Option<Timestamp>,
    /// When the next slice or pass is due.
    pub next: Option<Timestamp>,
    /// Figures for monitoring, as of the last pass.
    pub figures: Box<Figures>,
}

/// Figures for monitoring. Cheap to give: counted when a pass ends, not when somebody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Manifests that are no charts, or charts that cannot be served.
    pub skipped: u64,
    /// File names that are offered with different packages.
    pub contested: u64,
    /// Repositories whose tags could not be listed.
    pub failing_repositories: u64,
    /// Calls of the last pass.
    pub calls: u64,
    /// Faults of the last pass.
    pub faults: u64,
    /// Length of the last pass in milliseconds.
    pub milliseconds: u64,
    /// Whether the last pass enumerated every source completely.
    pub complete: bool,
    /// Passes that ended without a fault, since the catalog was made.
    pub clean_passes: u64,
    /// Passes that ended with faults.
    pub faulty_passes: u64,
    /// Calls made since the catalog was made, by what came of them.
    pub calls_by_outcome: Calls,
    /// Whether a pass runs.
    pub running: bool,
    /// Until when the registry is left alone, if it is.
    pub paused_until: Option<Timestamp>,
    /// Versions whose removal waits for a second sight.
    pub held_versions: u64,
    /// Documents that are published.
    pub documents: u64,
    /// Their length in bytes.
    pub document_bytes: u64,
    /// Length of the root's index in bytes.
    pub root_bytes: u64,
    /// When the root's index was last put.
    pub root_put_at: Option<Timestamp>,
    /// Documents that are to be put.
    pub dirty_documents: u64,
}

/// An answer with or without a document.
#[derive(Debug)]
pub enum Reply<B> {
    /// A document, its body unread.
    Document {
        /// The bytes.
        body: B,
        /// Its entity tag, length and time.
        metadata: Metadata,
    },
    /// Anything else.
    Answer(Answer),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_another_configuration_are_never_given_while_a_deployment_spreads() {
        let not_ready = Answer::NotReady {
            progress: Progress::default(),
        };
        let failed = Answer::Failed {
            reason: "another configuration runs".into(),
        };
        let path = Some("team".to_owned());
        let cases = [
            (
                Question::Index {
                    view: View::root(),
                    fresh: true,
                },
                &not_ready,
            ),
            (
                Question::Find {
                    file: "web-1.0.0.tgz".parse().unwrap(),
                },
                &not_ready,
            ),
            (Question::Read { views: vec![] }, &failed),
            (Question::Tick, &failed),
            (Question::Status, &failed),
            (Question::Info { page: 0 }, &failed),
            (
                Question::Refresh {
                    path: path.clone(),
                    confirm: false,
                },
                &failed,
            ),
            (Question::Await { ticket: 1, path }, &failed),
            (Question::Changed { names: vec![] }, &failed),
        ];
        for (question, refusal) in cases {
            let own = "0123456789abcdef";
            assert_eq!(question.refusal(Some(own), own), None, "{question:?}");
            for asker in [Some("fedcba9876543210"), Some(""), None] {
                assert_eq!(
                    question.refusal(asker, own).as_ref(),
                    Some(refusal),
                    "{question:?} of {asker:?}"
                );
            }
        }
    }
}
