//! A chart made of others: renamed, one in another, with values of its own. The same parts give the same bytes, and there are no
//! cycles, as all that is composed was there before.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::loaded::LoadedChart;
use super::metadata::written;
use super::repack::MAX_MADE;
use super::tarball::Tarball;
use super::unfit::quoted;
use super::{FileName, Unfit};

/// Most charts in what is composed.
const MAX_PARTS: usize = 100;

/// How deep charts may lie in charts: as deep as they are read.
const MAX_DEPTH: usize = super::inspect::MAX_DEPTH;

/// Most packages that one is composed of: each is read from the registry.
const MAX_SOURCES: usize = 16;

/// A chart that is in a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceChart {
    /// The space that it lies in.
    pub(crate) space: String,
    /// Its name.
    pub(crate) chart: String,
    /// Its version.
    pub(crate) version: String,
}

/// How a chart is composed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Composition {
    root: ComposedPart,
    values: Value,
}

/// A chart in a composition, with those in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComposedPart {
    /// Where it is from.
    source: SourceChart,
    /// Whether it is that chart of the registry; else it is the chart of that name in the one it lies in.
    independent: bool,
    /// The charts in it, by the names that they get.
    parts: BTreeMap<String, ComposedPart>,
}

fn refused(why: impl Into<String>) -> Unfit {
    Unfit::Composition(why.into())
}

impl Composition {
    /// Reads `configs`: an object with the `package` of the root, its values as `_config`, and the charts in it under all other keys,
    /// each of the same form.
    pub(crate) fn read(configs: &Value) -> Result<Self, Unfit> {
        let Value::Object(configs) = configs else {
            return Err(refused("configs is no object"));
        };
        let mut left = MAX_PARTS;
        let root = ComposedPart::read("configs", configs, 0, &mut left)?;
        if !root.independent {
            return Err(refused(
                "configs: there is no chart that it could be taken from",
            ));
        }
        let composition = Self {
            values: values_of(configs),
            root,
        };
        if composition.sources().len() > MAX_SOURCES {
            let many = format!("configs: more than {MAX_SOURCES} packages are wanted");
            return Err(refused(many));
        }
        Ok(composition)
    }

    /// The charts of the registry that it is made of.
    pub(crate) fn sources(&self) -> BTreeSet<SourceChart> {
        let mut sources = BTreeSet::new();
        self.root.add_sources(&mut sources);
        sources
    }

    /// The package, of the charts that [`Composition::sources`] names. `name`, `version` and `description` are those of the new chart.
    pub(crate) fn package(
        &self,
        sources: &BTreeMap<SourceChart, LoadedChart>,
        name: &str,
        version: &str,
        description: &str,
    ) -> Result<Vec<u8>, Unfit> {
        let mut chart = self.root.compose("configs", None, sources)?;
        name.clone_into(&mut chart.metadata.name);
        version.clone_into(&mut chart.metadata.version);
        // In one line, as Helm reads it.
        chart.metadata.description = description.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.values != Value::Object(Map::new()) {
            let values = Bytes::from(written(&self.values));
            chart.files.insert("values.yaml".to_owned(), values);
        }
        let mut tarball = Tarball::default();
        write(&mut tarball, name, &chart)?;
        Ok(tarball.finish())
    }
}

impl ComposedPart {
    fn read(
        place: &str,
        node: &Map<String, Value>,
        depth: usize,
        left: &mut usize,
    ) -> Result<Self, Unfit> {
        if depth > MAX_DEPTH {
            return Err(refused(format!(
                "charts lie in charts more than {MAX_DEPTH} deep"
            )));
        }
        *left = left
            .checked_sub(1)
            .ok_or_else(|| refused(format!("more than {MAX_PARTS} charts are wanted")))?;
        let Some(Value::Object(package)) = node.get("package") else {
            return Err(refused(format!("{place} has no package")));
        };
        let text = |key: &str| match package.get(key) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(refused(format!("{place}: {key} of its package is no text"))),
        };
        let Some(Value::Bool(independent)) = package.get("independent") else {
            return Err(refused(format!(
                "{place}: independent of its package is neither true nor false"
            )));
        };
        let source = SourceChart {
            space: text("space")?,
            chart: text("chart")?,
            version: text("version")?,
        };
        let mut parts = BTreeMap::new();
        for (key, value) in node {
            if matches!(key.as_str(), "package" | CONFIG) {
                continue;
            }
            let shown = quoted(key);
            let Value::Object(below) = value else {
                return Err(refused(format!("{shown} in {place} is no object")));
            };
            if !is_name(key) {
                return Err(refused(format!(
                    "{shown} in {place} is no name of a chart in another"
                )));
            }
            parts.insert(key.clone(), Self::read(&shown, below, depth + 1, left)?);
        }
        Ok(Self {
            source,
            independent: *independent,
            parts,
        })
    }

    fn add_sources(&self, sources: &mut BTreeSet<SourceChart>) {
        if self.independent {
            sources.insert(self.source.clone());
        }
        for part in self.parts.values() {
            part.add_sources(sources);
        }
    }

    /// The chart, in which exactly the parts lie: those that lay in it before and are not named are left out. Their values are, too,
    /// with the schema that judges them.
    fn compose(
        &self,
        place: &str,
        above: Option<&LoadedChart>,
        sources: &BTreeMap<SourceChart, LoadedChart>,
    ) -> Result<LoadedChart, Unfit> {
        let found = if self.independent {
            sources.get(&self.source)
        } else {
            let charts = above.map(|above| above.charts.iter());
            charts.and_then(|mut charts| charts.find(|one| one.metadata.name == self.source.chart))
        };
        let missing = || Unfit::NoPart(format!("{place}: {}", quoted(&self.source.chart)));
        let source = found.ok_or_else(missing)?;
        let mut charts = Vec::new();
        for (name, part) in &self.parts {
            let mut chart = part.compose(&quoted(name), Some(source), sources)?;
            chart.metadata.name.clone_from(name);
            charts.push(chart);
        }
        let mut metadata = source.metadata.clone();
        metadata.depend_on(charts.iter().map(|chart| &chart.metadata));
        let mut files = source.files.clone();
        files.retain(|path, _| !REPLACED.contains(&path.as_str()));
        Ok(LoadedChart {
            metadata,
            files,
            charts,
        })
    }
}

/// What is not taken over of a chart: what is written anew, what no longer holds, and values with what judges them.
const REPLACED: [&str; 6] = [
    "Chart.yaml",
    "Chart.lock",
    "requirements.yaml",
    "requirements.lock",
    "values.yaml",
    "values.schema.json",
];

/// The key of values.
const CONFIG: &str = "_config";

/// The values of a chart and of the charts in it, each under `_config`, which stays: templates read it.
fn values_of(node: &Map<String, Value>) -> Value {
    let mut values = Map::new();
    for (key, value) in node {
        match (key.as_str(), value) {
            (CONFIG, config) => {
                values.insert(CONFIG.to_owned(), config.clone());
            }
            (key, Value::Object(below)) if key != "package" => {
                let below = values_of(below);
                if below != Value::Object(Map::new()) {
                    values.insert(key.to_owned(), below);
                }
            }
            _ => {}
        }
    }
    values.into()
}

/// Whether a chart in another one can be called so: its name is a folder and a key of values.
fn is_name(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    key.starts_with(|first: char| first.is_ascii_alphanumeric())
        && key.bytes().all(allowed)
        && FileName::of(key, "0").is_ok()
        && key != "global"
}

/// Writes a chart and those in it below a folder: first what it says of itself, then files and charts in the order of their names.
fn write(tarball: &mut Tarball, folder: &str, chart: &LoadedChart) -> Result<(), Unfit> {
    for (name, bytes) in chart.metadata.files() {
        tarball.put(&format!("{folder}/{name}"), &bytes);
    }
    for (path, bytes) in &chart.files {
        tarball.put(&format!("{folder}/{path}"), bytes);
        if tarball.ready() as u64 > MAX_MADE {
            return Err(Unfit::UnpackedTooLarge(MAX_MADE));
        }
    }
    for sub in &chart.charts {
        write(
            tarball,
            &format!("{folder}/charts/{}", sub.metadata.name),
            sub,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
