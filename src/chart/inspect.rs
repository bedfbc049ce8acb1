//! Judges a whole package, as somebody wants to store it: Helm's loader must take it (`pkg/chart/loader`), and nobody must be
//! able to see two charts in it.

use std::collections::BTreeMap;

use super::archive::{Archive, ArchivedFile, MAX_UNPACKED, OneRoot};
use super::metadata::{HelmMetadata, looks};
use super::unfit::quoted;
use super::{FileName, Unfit};

/// How deep packages may lie in packages: charts have a depth of two or three.
pub(super) const MAX_DEPTH: usize = 8;

/// Most bytes that are kept while a package is read: of the packages in it and of metadata. An isolate has 128 MB for everybody.
pub(super) const MAX_KEPT: u64 = 32 << 20;

/// Most bytes of YAML that are parsed for one package: hundreds of charts in it have kilobytes each.
const MAX_PARSED: usize = 4 << 20;

/// Most looks of the parser at open brackets for one package: as many as for some files of the worst kind that is read, half a second.
const MAX_LOOKS: usize = 160 << 20;

/// What is left of the limits that a package and all those in it have together.
struct Left {
    /// Bytes that may be unpacked.
    unpacked: u64,
    /// Bytes that may be kept.
    kept: u64,
    /// Bytes of YAML that may be parsed.
    parsed: usize,
    /// Looks at open brackets.
    looks: usize,
}

impl Left {
    fn keep(&mut self, size: u64) -> Result<(), Unfit> {
        let left = self.kept.checked_sub(size);
        self.kept = left.ok_or(Unfit::UnpackedTooLarge(MAX_KEPT))?;
        Ok(())
    }

    fn parse(&mut self, yaml: &[u8]) -> Result<(), Unfit> {
        let parsed = self.parsed.checked_sub(yaml.len());
        self.parsed = parsed.ok_or(Unfit::MetadataInAll)?;
        let looks = self.looks.checked_sub(looks(yaml));
        self.looks = looks.ok_or(Unfit::MetadataInAll)?;
        Ok(())
    }
}

/// What a package holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inspected {
    /// Its metadata.
    pub(crate) metadata: HelmMetadata,
    /// When the newest file in it was changed, in seconds since 1970: when the package was made, unless it was made to be
    /// reproducible.
    pub(crate) modified: u64,
}

impl Inspected {
    /// Reads a package to its end.
    pub(crate) fn of(tgz: &[u8]) -> Result<Self, Unfit> {
        let mut left = Left {
            unpacked: MAX_UNPACKED,
            kept: MAX_KEPT,
            parsed: MAX_PARSED,
            looks: MAX_LOOKS,
        };
        let inspected = package(tgz, 0, &mut left)?;
        let HelmMetadata { name, version, .. } = &inspected.metadata;
        FileName::of(name, version).map_err(|_| Unfit::Name(quoted(name)))?;
        Ok(inspected)
    }
}

/// The files that make a chart what it is.
#[derive(Default)]
struct ChartFiles {
    metadata: Option<Vec<u8>>,
    requirements: Option<Vec<u8>>,
}

impl ChartFiles {
    fn read(self, left: &mut Left) -> Result<HelmMetadata, Unfit> {
        let metadata = self.metadata.ok_or(Unfit::NoChartYaml)?;
        left.parse(&metadata)?;
        left.parse(self.requirements.as_deref().unwrap_or_default())?;
        HelmMetadata::read(&metadata, self.requirements.as_deref())
    }
}

/// A package at `depth`, and all that lie in it.
fn package(tgz: &[u8], depth: usize, left: &mut Left) -> Result<Inspected, Unfit> {
    if depth > MAX_DEPTH {
        return Err(Unfit::TooDeep(MAX_DEPTH));
    }
    let mut archive = Archive::unpacking(tgz, left.unpacked, MAX_UNPACKED);
    // By the folder of each chart, the package's own first, which is called ``.
    let mut charts = BTreeMap::from([(String::new(), ChartFiles::default())]);
    let mut packed: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut root, mut modified) = (OneRoot::default(), 0);
    let mut files = archive.files()?;
    while let Some(file) = files.next()? {
        root.judge(&file)?;
        modified = modified.max(file.modified);
        let mut keep = |file: ArchivedFile<'_>| {
            left.keep(file.size)?;
            read(file)
        };
        match Place::of(file.path) {
            Place::Ignored => {}
            Place::Packed => packed.push((file.path.to_owned(), keep(file)?)),
            Place::In { folder, rest } => {
                let (folder, rest) = (folder.to_owned(), rest.to_owned());
                let chart = charts.entry(folder).or_default();
                let slot = match rest.as_str() {
                    "Chart.yaml" => &mut chart.metadata,
                    "requirements.yaml" => &mut chart.requirements,
                    _ => continue,
                };
                let path = file.path.to_owned();
                if slot.replace(keep(file)?).is_some() {
                    return Err(Unfit::Twice(quoted(&path)));
                }
            }
        }
    }
    left.unpacked = archive.left();
    let own = charts.remove("").unwrap_or_default().read(left)?;
    let of = |path: &str| {
        let shown = quoted(path);
        move |unfit| Unfit::Subchart(shown, Box::new(unfit))
    };
    for (folder, chart) in charts {
        chart.read(left).map_err(of(&folder))?;
    }
    for (path, bytes) in packed {
        package(&bytes, depth + 1, left).map_err(of(&path))?;
    }
    Ok(Inspected {
        metadata: own,
        modified,
    })
}

/// To which chart of a package a file belongs.
enum Place<'p> {
    /// To the one in this folder, empty for the package's own.
    In { folder: &'p str, rest: &'p str },
    /// It is a packed chart.
    Packed,
    /// To none.
    Ignored,
}

impl<'p> Place<'p> {
    /// As Helm's loader has it: what lies in `charts/` is a chart, but for what begins with `_` or `.` and for provenance.
    fn of(path: &'p str) -> Self {
        const CHARTS: &str = "charts/";
        let (mut folder, mut rest) = ("", path);
        while let Some(below) = rest.strip_prefix(CHARTS) {
            let (name, inside) = below.split_once('/').unwrap_or((below, ""));
            let is_provenance = below
                .rsplit_once('.')
                .is_some_and(|(_, ending)| ending == "prov");
            if name.starts_with(['_', '.']) || is_provenance {
                return Self::Ignored;
            }
            if name.ends_with(FileName::EXTENSION) {
                return Self::Packed;
            }
            folder = path
                .len()
                .checked_sub(inside.len())
                .and_then(|end| path.get(..end))
                .unwrap_or(path);
            rest = inside;
        }
        Self::In { folder, rest }
    }
}

fn read(file: ArchivedFile<'_>) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    file.read_to(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
