//! A chart in memory, with the charts in it, as Helm's loader makes it of a package (`pkg/chart/loader/load.go`).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::archive::{Archive, MAX_UNPACKED, OneRoot};
use super::inspect::{MAX_DEPTH, MAX_KEPT};
use super::metadata::HelmMetadata;
use super::unfit::quoted;
use super::values::{ValuesLeft, values};
use super::{FileName, Inspected, Unfit};

/// Most charts that one is made of: the largest public ones have some thirty.
const MAX_CHARTS: usize = 200;

/// A chart with all its files.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadedChart {
    /// What it says of itself.
    pub(crate) metadata: HelmMetadata,
    /// Its own files by their paths below its folder, those of the charts in it left out.
    pub(crate) files: BTreeMap<String, Bytes>,
    /// The charts in it, by their names.
    pub(crate) charts: Vec<LoadedChart>,
}

/// The files of a package or of a folder in it, by their paths.
type PackedFiles = Vec<(String, Vec<u8>)>;

/// What may still be kept, of one package or of several together.
pub(crate) struct LoadLimits {
    unpacked: u64,
    kept: u64,
    charts: usize,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self {
            unpacked: MAX_UNPACKED,
            kept: MAX_KEPT,
            charts: MAX_CHARTS,
        }
    }
}

impl LoadedChart {
    /// Loads a package that holds some megabytes at most.
    pub(crate) fn load(tgz: &[u8]) -> Result<Self, Unfit> {
        Self::load_within(tgz, &mut LoadLimits::default())
    }

    /// Loads a package beside others.
    pub(crate) fn load_within(tgz: &[u8], left: &mut LoadLimits) -> Result<Self, Unfit> {
        // It judges what all metadata cost to parse.
        Inspected::of(tgz)?;
        let files = unpack(tgz, left)?;
        Self::of(files, 0, left)
    }

    /// How many bytes its files and those of the charts in it have.
    pub(crate) fn size(&self) -> u64 {
        let files: usize = self.files.values().map(Bytes::len).sum();
        files as u64 + self.charts.iter().map(Self::size).sum::<u64>()
    }

    /// What its `values.yaml` says.
    pub(super) fn values(&self, left: &ValuesLeft) -> Result<Map<String, Value>, Unfit> {
        let yaml = self.files.get("values.yaml");
        values(yaml.map(AsRef::as_ref).unwrap_or_default(), left)
    }

    /// What it and the charts in it say of themselves: theirs as `dependencies`, the charts that it declares to depend on as
    /// `requirements`.
    pub(crate) fn described(&self) -> Value {
        let mut described = self.metadata.described();
        if !self.charts.is_empty() {
            let charts: Vec<Value> = self.charts.iter().map(Self::described).collect();
            described.insert("dependencies".to_owned(), charts.into());
        }
        described.into()
    }

    fn of(packed: PackedFiles, depth: usize, left: &mut LoadLimits) -> Result<Self, Unfit> {
        if depth > MAX_DEPTH {
            return Err(Unfit::TooDeep(MAX_DEPTH));
        }
        left.charts = left
            .charts
            .checked_sub(1)
            .ok_or(Unfit::TooManyCharts(MAX_CHARTS))?;
        let mut files = BTreeMap::new();
        let mut folders: BTreeMap<String, PackedFiles> = BTreeMap::new();
        let mut packages = Vec::new();
        for (path, bytes) in packed {
            let Some(below) = path.strip_prefix("charts/") else {
                if files.contains_key(&path) {
                    return Err(Unfit::Twice(quoted(&path)));
                }
                files.insert(path, Bytes::from(bytes));
                continue;
            };
            // As Helm's loader has it: see `Place` in `inspect`.
            let (name, rest) = below.split_once('/').unwrap_or((below, ""));
            if name.starts_with(['_', '.']) || is_provenance(below) {
                continue;
            }
            if name.ends_with(FileName::EXTENSION) {
                packages.push((path, bytes));
            } else if !rest.is_empty() {
                let folder = folders.entry(name.to_owned()).or_default();
                folder.push((rest.to_owned(), bytes));
            }
        }
        let metadata = files.get("Chart.yaml").ok_or(Unfit::NoChartYaml)?;
        let requirements = files.get("requirements.yaml");
        let metadata = HelmMetadata::read(metadata, requirements.map(AsRef::as_ref))?;
        let mut charts = Vec::new();
        let below = depth + 1;
        for (folder, files) in folders {
            let chart = Self::of(files, below, left);
            charts.push(chart.map_err(|unfit| in_chart(&folder, unfit))?);
        }
        for (path, bytes) in packages {
            let chart = unpack(&bytes, left).and_then(|files| Self::of(files, below, left));
            charts.push(chart.map_err(|unfit| in_chart(&path, unfit))?);
        }
        charts.sort_by(|one, other| one.metadata.name.cmp(&other.metadata.name));
        Ok(Self {
            metadata,
            files,
            charts,
        })
    }
}

fn is_provenance(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == "prov")
}

fn in_chart(path: &str, unfit: Unfit) -> Unfit {
    Unfit::Subchart(quoted(path), Box::new(unfit))
}

/// All files of a package, below its one root.
fn unpack(tgz: &[u8], left: &mut LoadLimits) -> Result<PackedFiles, Unfit> {
    let mut archive = Archive::unpacking(tgz, left.unpacked, MAX_UNPACKED);
    let mut files = archive.files()?;
    let (mut root, mut unpacked) = (OneRoot::default(), Vec::new());
    while let Some(file) = files.next()? {
        root.judge(&file)?;
        left.kept = left
            .kept
            .checked_sub(file.size)
            .ok_or(Unfit::UnpackedTooLarge(MAX_KEPT))?;
        let path = file.path.to_owned();
        let mut bytes = Vec::new();
        file.read_to(&mut bytes)?;
        unpacked.push((path, bytes));
    }
    left.unpacked = archive.left();
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::package;

    fn yaml(name: &str) -> Vec<u8> {
        format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n").into_bytes()
    }

    #[test]
    fn charts_lie_in_folders_and_packages() {
        let inner = package(&[("x/Chart.yaml", &yaml("inner")), ("x/values.yaml", b"a: 1")]);
        let tgz = package(&[
            ("r/Chart.yaml", b"name: r\nversion: 1.0.0\ntype: application\ndependencies: [{name: b, version: 1.x, repository: ''}]"),
            ("r/charts/z.tgz", &inner),
            ("r/charts/b/Chart.yaml", &yaml("b")),
            ("r/charts/b/charts/c/Chart.yaml", &yaml("c")),
            ("r/charts/b/templates/x.yaml", b"x"),
            ("r/charts/_ignored/Chart.yaml", b"garbage"),
            ("r/charts/z.tgz.prov", b"text"),
        ]);
        let chart = LoadedChart::load(&tgz).unwrap();
        assert_eq!(
            chart.described(),
            json!({
                "apiVersion": "v1", "name": "r", "version": "1.0.0", "type": "application",
                "requirements": [{"name": "b", "version": "1.x", "repository": ""}],
                "dependencies": [
                    {"apiVersion": "v2", "name": "b", "version": "1.0.0",
                     "dependencies": [{"apiVersion": "v2", "name": "c", "version": "1.0.0"}]},
                    {"apiVersion": "v2", "name": "inner", "version": "1.0.0"},
                ],
            })
        );
        let paths: Vec<&String> = chart.charts[0].files.keys().collect();
        assert_eq!(paths, ["Chart.yaml", "templates/x.yaml"]);
    }

    #[test]
    fn limits() {
        let many: Vec<String> = (0..MAX_CHARTS)
            .map(|n| format!("r/charts/c{n}/Chart.yaml"))
            .collect();
        let root = yaml("r");
        let mut files: Vec<(&str, &[u8])> = vec![("r/Chart.yaml", &root)];
        files.extend(many.iter().map(|path| (path.as_str(), root.as_slice())));
        let refused = LoadedChart::load(&package(&files));
        assert!(
            format!("{refused:?}").contains("TooManyCharts"),
            "{refused:?}"
        );
        let deep = format!("r/{}Chart.yaml", "charts/a/".repeat(9));
        let tall: Vec<String> = (0..10)
            .map(|n| format!("r/{}Chart.yaml", "charts/a/".repeat(n)))
            .collect();
        let mut files: Vec<(&str, &[u8])> = vec![(&deep, &root)];
        files.extend(
            tall.iter()
                .take(9)
                .map(|path| (path.as_str(), root.as_slice())),
        );
        let refused = LoadedChart::load(&package(&files));
        assert!(format!("{refused:?}").contains("TooDeep"), "{refused:?}");
    }
}
