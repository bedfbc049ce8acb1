//! Walks the files of a gzip-compressed tar archive under limits.

use std::io::{self, Read};
use std::iter::Enumerate;

use flate2::read::MultiGzDecoder;
use tar::{Entries, Entry, EntryType, PaxExtensions};

use super::Unfit;
use super::unfit::quoted;

/// Longest compressed archive in bytes. Helm has no limit; a Worker has 128 MB for everything, and charts have kilobytes.
pub const MAX_COMPRESSED: usize = 20 << 20;

/// Most bytes of tar that are read of a package, with those of the packages in it, as Helm loads (`MaxDecompressedChartSize`).
pub(super) const MAX_UNPACKED: u64 = 100 << 20;

/// Largest file in bytes, as Helm loads (`MaxDecompressedFileSize`, since 3.17.3).
pub(super) const MAX_FILE: u64 = 5 << 20;

/// Most entries: the largest public charts have some hundred files, and each entry costs a header of 512 bytes.
pub(super) const MAX_ENTRIES: usize = 5_000;

/// Longest extended header in bytes: it holds a path, and a path has at most 4,096.
const MAX_EXTENDED: u64 = 16 << 10;

/// Longest path in bytes (`PATH_MAX`).
const MAX_PATH: usize = 4_096;

/// A file in an archive.
pub(super) struct ArchivedFile<'a> {
    /// Its path below the root directory of the chart: no `.`, no `..`, no empty segment.
    pub(super) path: &'a str,
    /// The root directory, which Helm's loader strips whatever it is called.
    pub(super) root: &'a str,
    /// When it was last changed, in seconds since 1970; 0 where that cannot be read.
    pub(super) modified: u64,
    /// Its length in bytes, at most [`MAX_FILE`].
    pub(super) size: u64,
    content: &'a mut dyn Read,
}

type Unpacked<'t> = Limited<MultiGzDecoder<&'t [u8]>>;

/// An archive, ready to be walked.
pub(super) struct Archive<'t>(tar::Archive<Unpacked<'t>>);

/// The files of an archive, one after another.
pub(super) struct Files<'a, 't> {
    entries: Enumerate<Entries<'a, Unpacked<'t>>>,
    entry: Option<Entry<'a, Unpacked<'t>>>,
    path: String,
    root: String,
}

/// The one root directory of a package that is looked into: with a second one, two readers could see two charts in it.
#[derive(Default)]
pub(super) struct OneRoot(Option<String>);

impl OneRoot {
    /// Takes the first file's, and refuses a file of another.
    pub(super) fn judge(&mut self, file: &ArchivedFile<'_>) -> Result<(), Unfit> {
        let root = self.0.get_or_insert_with(|| file.root.to_owned());
        if root == file.root {
            return Ok(());
        }
        Err(Unfit::TwoRoots(quoted(root), quoted(file.root)))
    }

    /// What it is called; `None` where there was no file.
    pub(super) fn name(self) -> Option<String> {
        self.0
    }
}

impl ArchivedFile<'_> {
    /// Reads the file to its end, onto the end of `target`.
    pub(super) fn read_to(self, target: &mut Vec<u8>) -> Result<(), Unfit> {
        let read =
            io::copy(&mut self.content.take(self.size), target).map_err(|error| fault(&error))?;
        if read == self.size {
            Ok(())
        } else {
            Err(Unfit::NotAnArchive)
        }
    }
}

impl<'t> Archive<'t> {
    /// Opens a gzip-compressed archive, of which at most `max_unpacked` bytes of tar are read.
    pub(super) fn open(tgz: &'t [u8], max_unpacked: u64) -> Result<Self, Unfit> {
        if tgz.len() > MAX_COMPRESSED {
            return Err(Unfit::PackageTooLarge(MAX_COMPRESSED));
        }
        Ok(Self::unpacking(tgz, max_unpacked, max_unpacked))
    }

    /// The same of any length, of whose `limit` bytes of tar so many are `left`.
    pub(super) fn unpacking(tgz: &'t [u8], left: u64, limit: u64) -> Self {
        Self(tar::Archive::new(Limited {
            // Go reads concatenated gzip members as one stream, and so do we.
            inner: MultiGzDecoder::new(tgz),
            left,
            limit,
        }))
    }

    /// How many bytes of tar could still be read.
    pub(super) fn left(self) -> u64 {
        self.0.into_inner().left
    }

    /// Its files in order. The paths are judged as Helm's loader does, which strips the first segment; links and devices are
    /// refused.
    pub(super) fn files(&mut self) -> Result<Files<'_, 't>, Unfit> {
        // Raw: the library would read extended headers into memory, however long they claim to be.
        let entries = self.0.entries().map_err(|error| fault(&error))?.raw(true);
        Ok(Files {
            entries: entries.enumerate(),
            entry: None,
            path: String::new(),
            root: String::new(),
        })
    }
}

impl Files<'_, '_> {
    /// The next file, if there is one more.
    pub(super) fn next(&mut self) -> Result<Option<ArchivedFile<'_>>, Unfit> {
        let mut long_path = None;
        for (nth, entry) in self.entries.by_ref() {
            let mut entry = entry.map_err(|error| fault(&error))?;
            if nth >= MAX_ENTRIES {
                return Err(Unfit::TooManyEntries(MAX_ENTRIES));
            }
            let kind = entry.header().entry_type();
            let size = entry.header().entry_size().map_err(|error| fault(&error))?;
            if kind.is_pax_global_extensions() {
                extended(&mut entry, size)?;
                continue;
            }
            if kind.is_pax_local_extensions() {
                long_path = pax_path(&extended(&mut entry, size)?)?.or(long_path);
                continue;
            }
            if kind.is_gnu_longname() {
                let name = extended(&mut entry, size)?;
                long_path = Some(
                    name.split(|byte| *byte == 0)
                        .next()
                        .unwrap_or_default()
                        .to_vec(),
                );
                continue;
            }
            let path = long_path
                .take()
                .unwrap_or_else(|| entry.header().path_bytes().into_owned());
            if kind.is_dir() || (kind.is_file() && path.ends_with(b"/")) {
                continue;
            }
            let shown = quoted(&String::from_utf8_lossy(&path));
            if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
                return Err(Unfit::NotAFile(shown));
            }
            if size > MAX_FILE {
                return Err(Unfit::FileTooLarge(MAX_FILE));
            }
            (self.root, self.path) = below_root(&path, &shown)?;
            let modified = entry.header().mtime().unwrap_or_default();
            return Ok(Some(ArchivedFile {
                path: &self.path,
                root: &self.root,
                modified,
                size,
                content: self.entry.insert(entry),
            }));
        }
        Ok(None)
    }
}

fn extended(entry: &mut impl Read, size: u64) -> Result<Vec<u8>, Unfit> {
    if size > MAX_EXTENDED {
        return Err(Unfit::UnreadablePath);
    }
    let mut bytes = Vec::new();
    entry
        .take(size)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(&error))?;
    Ok(bytes)
}

/// The path in a PAX header (POSIX pax, "Extended Header Records"). One that gives the size anew is refused: it is for files
/// beyond 8 GiB, and two readers must not see two archives in one.
fn pax_path(bytes: &[u8]) -> Result<Option<Vec<u8>>, Unfit> {
    let mut path = None;
    for record in PaxExtensions::new(bytes) {
        let record = record.map_err(|_| Unfit::UnreadablePath)?;
        match record.key_bytes() {
            b"path" => path = Some(record.value_bytes().to_vec()),
            b"size" => return Err(Unfit::UnreadablePath),
            _ => {}
        }
    }
    Ok(path)
}

/// The first segment of a path, and the rest of it, clean (helm: `pkg/chart/loader/archive.go`, `LoadArchiveFiles`).
fn below_root(path: &[u8], shown: &str) -> Result<(String, String), Unfit> {
    let path = std::str::from_utf8(path).map_err(|_| Unfit::UnreadablePath)?;
    if path.len() > MAX_PATH || path.contains(char::is_control) {
        return Err(Unfit::UnreadablePath);
    }
    // Archives made on Windows may part by backslash.
    let delimiter = if path.contains('\\') { '\\' } else { '/' };
    let outside = || Unfit::OutsidePath(shown.to_owned());
    // `./chart/…` is not accepted by Helm's loader as such (the chart's files would lie a directory too deep), nor is it here.
    let (root, rest) = path.split_once(delimiter).ok_or_else(outside)?;
    let rest = rest.replace(delimiter, "/");
    let drive = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && bytes.next() == Some(b':')
            && matches!(bytes.next(), None | Some(b'/'))
    };
    if root.is_empty() || rest.starts_with('/') || drive(root) || drive(&rest) {
        return Err(Unfit::AbsolutePath(shown.to_owned()));
    }
    let mut clean: Vec<&str> = Vec::new();
    for segment in rest.split('/') {
        match segment {
            "" | "." => {}
            ".." => return Err(outside()),
            _ => clean.push(segment),
        }
    }
    if clean.is_empty() || root == ".." {
        return Err(outside());
    }
    Ok((root.to_owned(), clean.join("/")))
}

/// Counts what comes out of the decompressor, and ends with an error where it is too much.
struct Limited<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(u64::try_from(read).unwrap_or(u64::MAX))
            .ok_or_else(|| io::Error::other(Unfit::UnpackedTooLarge(self.limit)))?;
        Ok(read)
    }
}

/// What went wrong below the tar reader: too much, or no archive. The library wraps errors in errors of its own.
fn fault(error: &io::Error) -> Unfit {
    let mut source = error
        .get_ref()
        .map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = source {
        if let Some(unfit) = inner.downcast_ref::<Unfit>() {
            return unfit.clone();
        }
        source = match inner.downcast_ref::<io::Error>() {
            Some(wrapped) => wrapped.get_ref().map(|inner| inner as _),
            None => inner.source(),
        };
    }
    Unfit::NotAnArchive
}

#[cfg(test)]
pub(super) mod tests;
