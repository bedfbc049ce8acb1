//! Writes an index, entry by entry.

use std::io::{self, Write};

use serde_json::Value;

use super::{Detail, Entry, text, yaml};
use crate::oci::Digest;

/// The largest document: KV's limit of 25 MiB a value.
pub const DOCUMENT_LIMIT: usize = 25 << 20;

/// The format of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexFormat {
    /// JSON text, which is YAML too.
    #[default]
    Json,
    /// Block YAML.
    Yaml,
}

/// Why an index does not take a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The index would be larger than it may be, in bytes.
    #[error("the index is larger than {0} bytes")]
    TooLarge(usize),
    /// The version's metadata are no metadata of its chart.
    #[error("the metadata are not those of the chart")]
    Metadata,
}

/// A finished index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its entity tag, quotes included.
    pub etag: String,
}

/// An index that is being written.
///
/// Entries come grouped by chart, newest first. What is written stays as it is, so a chart that came back later would be a
/// duplicate key.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    format: IndexFormat,
    limit: usize,
    /// The name of the entry written last.
    chart: Option<String>,
    /// The newest `created` so far.
    newest: Option<String>,
}

impl Writer {
    /// Begins an index of at most `limit` bytes. Where not even an empty index fits, nothing is ever written.
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

    /// Adds a version. One that does not fit changes nothing: what came before can still be finished.
    pub fn push(&mut self, entry: &Entry<'_>, detail: Detail) -> Result<(), Refused> {
        let value = entry.to_value(detail).ok_or(Refused::Metadata)?;
        // Both are RFC 3339 in UTC and whole seconds, whose byte order is time's.
        let newest = entry.created.max(self.newest.as_deref());
        let closing = closing(self.format, false, newest);
        let length = self.out.len();
        let mut out = Bounded {
            out: &mut self.out,
            limit: self.limit.saturating_sub(closing.len()),
        };
        let before = self.chart.as_deref();
        if item(&mut out, self.format, before, entry.name, &value).is_err() {
            self.out.truncate(length);
            return Err(Refused::TooLarge(self.limit));
        }
        if newest != self.newest.as_deref() {
            self.newest = newest.map(str::to_owned);
        }
        if self.chart.as_deref() != Some(entry.name) {
            self.chart = Some(entry.name.to_owned());
        }
        Ok(())
    }

    /// Closes the index. `generated` is the newest `created`: the same registry gives the same bytes.
    pub fn finish(mut self) -> Written {
        let closing = closing(self.format, self.chart.is_none(), self.newest.as_deref());
        // Exactly: doubling could exceed the limit.
        self.out.reserve_exact(closing.len());
        self.out.extend_from_slice(&closing);
        let etag = etag(&self.out);
        Written {
            bytes: self.out,
            etag,
        }
    }
}

/// How many bytes a version takes in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// What its chart takes besides, once.
    pub chart: usize,
    /// With all its metadata.
    pub full: usize,
    /// Without what describes it to people.
    pub essential: usize,
}

impl Length {
    /// Measures a version; `None` where its metadata are not those of its chart.
    pub fn of(entry: &Entry<'_>, format: IndexFormat) -> Option<Self> {
        let length = |before: &str, value: &Value| {
            let mut out = Counted(0);
            // Counting does not fail.
            let _ = item(&mut out, format, Some(before), entry.name, value);
            out.0
        };
        let following = |value: &Value| length(entry.name, value);
        // No chart is called like that.
        let first = length("", &Value::Null);
        Some(Self {
            chart: first.saturating_sub(following(&Value::Null)),
            full: following(&entry.to_value(Detail::Full)?),
            essential: following(&entry.to_value(Detail::Essential)?),
        })
    }

    /// What an index takes besides its charts and versions, `newest` being the newest `created`. The sum of all exceeds what
    /// [`Writer`] writes by a few bytes at most, and is never less.
    pub fn of_frame(format: IndexFormat, newest: Option<&str>) -> usize {
        Writer::new(format, 0).out.len() + closing(format, false, newest).len()
    }
}

/// Writes a version, behind the chart `before`.
fn item<W: Write>(
    out: &mut W,
    format: IndexFormat,
    before: Option<&str>,
    name: &str,
    value: &Value,
) -> io::Result<()> {
    match format {
        IndexFormat::Json => json(out, before, name, value),
        IndexFormat::Yaml => block(out, before, name, value),
    }
}

/// Writes a version in a line of its own, behind the chart `before`.
fn json<W: Write>(out: &mut W, before: Option<&str>, name: &str, value: &Value) -> io::Result<()> {
    if before == Some(name) {
        out.write_all(b",\n")?;
    } else {
        out.write_all(if before.is_some() { b"\n],\n" } else { b"\n" })?;
        text::write_text(&mut *out, name)?;
        out.write_all(b":[\n")?;
    }
    text::write(out, value)
}

/// Writes a version as an item of its chart's list.
fn block<W: Write>(out: &mut W, before: Option<&str>, name: &str, value: &Value) -> io::Result<()> {
    if before != Some(name) {
        out.write_all(b"\n  ")?;
        text::write_text(&mut *out, name)?;
        out.write_all(b":")?;
    }
    out.write_all(b"\n    -")?;
    yaml::item(out, value, 6)
}

/// The text that ends a document.
fn closing(format: IndexFormat, empty: bool, newest: Option<&str>) -> Vec<u8> {
    let (entries, key, end): (_, _, &[u8]) = match (format, empty) {
        (IndexFormat::Json, true) => ("}", ",\"generated\":", b"}\n"),
        (IndexFormat::Json, false) => ("\n]\n}", ",\"generated\":", b"}\n"),
        (IndexFormat::Yaml, true) => (" {}", "\n\"generated\": ", b"\n"),
        (IndexFormat::Yaml, false) => ("", "\n\"generated\": ", b"\n"),
    };
    let mut out = entries.as_bytes().to_vec();
    if let Some(newest) = newest {
        out.extend_from_slice(key.as_bytes());
        // Writing to memory does not fail.
        let _ = text::write_text(&mut out, newest);
    }
    out.extend_from_slice(end);
    out
}

/// A buffer that neither holds nor allocates more than its limit.
struct Bounded<'b> {
    out: &'b mut Vec<u8>,
    limit: usize,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.out.len().saturating_add(bytes.len());
        if needed > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if needed > self.out.capacity() {
            let wanted = self
                .out
                .capacity()
                .saturating_mul(2)
                .clamp(needed, self.limit);
            self.out.reserve_exact(wanted - self.out.len());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts bytes and keeps none.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The strong entity tag of a document's bytes, quotes included.
pub fn etag(bytes: &[u8]) -> String {
    /// 128 bits tell documents apart.
    const DIGITS: usize = 32;
    format!("\"{}\"", Digest::sha256_of(bytes).prefix(DIGITS))
}

#[cfg(test)]
mod tests;
