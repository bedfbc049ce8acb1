//! Writes an index, entry by entry.

use super::{Entry, text, yaml};
use crate::config::IndexFormat;
use crate::oci::Digest;
use serde_json::Value;

/// The largest document: KV's limit of 25 MiB a value.
pub const DOCUMENT_LIMIT: usize = 25 << 20;

/// The index would be larger than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index is larger than {0} bytes")]
pub struct TooLarge(pub usize);

/// A finished index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its entity tag.
    pub etag: String,
}

/// An index on its way. Entries arrive sorted by name, newest first.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    format: IndexFormat,
    limit: usize,
    chart: Option<String>,
    newest: Option<String>,
}

/// Room for what closes a document: brackets and `generated`.
const CLOSING: usize = 64;

impl Writer {
    /// An empty index of at most `limit` bytes.
    pub fn new(format: IndexFormat, limit: usize) -> Self {
        let out = match format {
            IndexFormat::Json => b"{\"apiVersion\":\"v1\",\"entries\":{".to_vec(),
            IndexFormat::Yaml => b"\"apiVersion\": \"v1\"\n\"entries\":".to_vec(),
        };
        Self {
            out,
            format,
            limit,
            chart: None,
            newest: None,
        }
    }

    /// Adds a version.
    pub fn push(&mut self, entry: &Entry<'_>) -> Result<(), TooLarge> {
        let first = self.chart.as_deref() != Some(entry.name);
        let value = Value::Object(entry.to_map());
        match self.format {
            IndexFormat::Json => {
                if first {
                    self.out.extend_from_slice(if self.chart.is_some() {
                        b"\n],\n"
                    } else {
                        b"\n"
                    });
                    text::write_text(&mut self.out, entry.name);
                    self.out.extend_from_slice(b":[\n");
                } else {
                    self.out.extend_from_slice(b",\n");
                }
                text::write(&mut self.out, &value);
            }
            IndexFormat::Yaml => {
                if first {
                    self.out.extend_from_slice(b"\n  ");
                    text::write_text(&mut self.out, entry.name);
                    self.out.push(b':');
                }
                self.out.extend_from_slice(b"\n    -");
                yaml::item_of(&mut self.out, &value, 6);
            }
        }
        if first {
            self.chart = Some(entry.name.to_owned());
        }
        // Both are RFC 3339 in UTC, whose byte order is time's.
        if let Some(created) = entry.created.filter(|created| {
            self.newest
                .as_deref()
                .is_none_or(|newest| newest < *created)
        }) {
            self.newest = Some(created.to_owned());
        }
        if self.out.len() + CLOSING > self.limit {
            Err(TooLarge(self.limit))
        } else {
            Ok(())
        }
    }

    /// Closes the index. `generated` is the newest `created`: the same registry gives the same bytes.
    pub fn finish(mut self) -> Written {
        match self.format {
            IndexFormat::Json => {
                self.out.extend_from_slice(if self.chart.is_some() {
                    b"\n]\n}"
                } else {
                    b"}"
                });
                if let Some(newest) = &self.newest {
                    self.out.extend_from_slice(b",\"generated\":");
                    text::write_text(&mut self.out, newest);
                }
                self.out.extend_from_slice(b"}\n");
            }
            IndexFormat::Yaml => {
                self.out.extend_from_slice(if self.chart.is_some() {
                    b"\n"
                } else {
                    b" {}\n"
                });
                if let Some(newest) = &self.newest {
                    self.out.extend_from_slice(b"\"generated\": ");
                    text::write_text(&mut self.out, newest);
                    self.out.push(b'\n');
                }
            }
        }
        let etag = etag(&self.out);
        Written {
            bytes: self.out,
            etag,
        }
    }
}

/// The strong entity tag of a document's bytes, quotes included.
pub fn etag(bytes: &[u8]) -> String {
    let digest = Digest::sha256_of(bytes);
    format!("\"{}\"", digest.hex().get(..32).unwrap_or_default())
}
