//! Metadata exactly as Helm reads it of a package and writes it into a config blob: nothing cut, nothing left out that Helm
//! keeps, and refused what Helm refuses (`pkg/chart/metadata.go`, `pkg/chart/dependency.go`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::coerce::one_line;
use super::value::{self, Fields, Node};
use super::written;
use super::{KEYS, MAX_YAML, kind, name, version};
use crate::chart::Unfit;
use crate::chart::go_json::go_json;
use crate::chart::unfit::quoted;

/// A chart's metadata as Helm has it in memory, its fields in Helm's order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HelmMetadata {
    /// The chart's name: one segment of a path.
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) home: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<String>,
    /// The chart's version, one that [`crate::chart::Version`] takes.
    pub(crate) version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) maintainers: Vec<Person>,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon: String,
    api_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    condition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tags: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    app_version: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    kube_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<HelmDependency>,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

/// A chart that this one depends on.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HelmDependency {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    repository: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enabled: bool,
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    import_values: Vec<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    alias: String,
}

impl HelmDependency {
    /// A dependency on a chart that lies in the package.
    fn on(chart: &HelmMetadata) -> Self {
        Self {
            name: chart.name.clone(),
            version: chart.version.clone(),
            repository: String::new(),
            condition: String::new(),
            tags: Vec::new(),
            enabled: false,
            import_values: Vec::new(),
            alias: String::new(),
        }
    }
}

impl HelmMetadata {
    /// Reads a `Chart.yaml`, and the `requirements.yaml` beside it, whose dependencies Helm takes whatever the chart's
    /// `apiVersion` is (`pkg/chart/loader/load.go`, `LoadFiles`).
    pub(crate) fn read(chart: &[u8], requirements: Option<&[u8]>) -> Result<Self, Unfit> {
        let mut fields = fields(chart, &KEYS)?;
        if let Some(requirements) = requirements {
            fields.extend(self::fields(requirements, &["dependencies"])?);
        }
        Self::of(fields)
    }

    /// The config blob that Helm pushes with the package.
    pub(crate) fn config(&self) -> Vec<u8> {
        go_json(self)
    }

    /// What another JSON object says of the same chart: all of it is taken from there, but for the charts that it depends on, which
    /// stay, and for the version of the format where that is left out.
    pub(crate) fn replaced(&self, json: &[u8]) -> Result<Self, Unfit> {
        if json.len() > MAX_YAML {
            return Err(Unfit::MetadataTooLarge(MAX_YAML));
        }
        let mut fields = value::from_json(json, &KEYS)?;
        fields.remove("dependencies");
        let format = Node::Text(self.api_version.clone());
        fields.entry("apiVersion".to_owned()).or_insert(format);
        let dependencies = self.dependencies.clone();
        Ok(Self {
            dependencies,
            ..Self::of(fields)?
        })
    }

    /// Makes it depend on these charts, by name and version, and on no others.
    pub(crate) fn depend_on<'c>(&mut self, charts: impl Iterator<Item = &'c Self>) {
        self.dependencies = charts.map(HelmDependency::on).collect();
    }

    /// A JSON object of it, in which what it depends on is called `requirements`.
    pub(crate) fn described(&self) -> serde_json::Map<String, Value> {
        let Ok(Value::Object(mut described)) = serde_json::to_value(self) else {
            return serde_json::Map::new();
        };
        if let Some(dependencies) = described.remove("dependencies") {
            described.insert("requirements".to_owned(), dependencies);
        }
        described
    }

    /// The files that say it: `Chart.yaml`, and `requirements.yaml` where charts of this format keep what they depend on there
    /// (`apiVersion: v1`) and they depend on something. JSON, which is YAML.
    pub(crate) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        const REQUIREMENTS: &str = "requirements.yaml";
        if self.api_version != "v1" || self.dependencies.is_empty() {
            return vec![("Chart.yaml", written(self))];
        }
        let requirements = serde_json::json!({ "dependencies": self.dependencies });
        let alone = Self {
            dependencies: Vec::new(),
            ..self.clone()
        };
        vec![
            ("Chart.yaml", written(&alone)),
            (REQUIREMENTS, written(&requirements)),
        ]
    }

    fn of(mut fields: Fields) -> Result<Self, Unfit> {
        let mut take = |key: &str| fields.remove(key).unwrap_or(Node::Null);
        let mut api_version = text(take("apiVersion"), "apiVersion")?;
        if api_version.is_empty() {
            // As Helm does: version 2 wrote charts without.
            "v1".clone_into(&mut api_version);
        }
        Ok(Self {
            name: name(Some(take("name")))?,
            version: version(Some(take("version")))?,
            kind: kind(Some(take("type")))?.unwrap_or_default(),
            api_version,
            home: clean(take("home"), "home")?,
            sources: texts(take("sources"), "sources")?,
            description: clean(take("description"), "description")?,
            keywords: texts(take("keywords"), "keywords")?,
            maintainers: list(take("maintainers"), "maintainers", maintainer)?,
            icon: clean(take("icon"), "icon")?,
            condition: clean(take("condition"), "condition")?,
            tags: clean(take("tags"), "tags")?,
            app_version: clean(take("appVersion"), "appVersion")?,
            deprecated: switch(&take("deprecated"), "deprecated")?,
            annotations: annotations(take("annotations"))?,
            kube_version: clean(take("kubeVersion"), "kubeVersion")?,
            dependencies: dependencies(take("dependencies"))?,
        })
    }
}

fn fields(yaml: &[u8], keys: &[&str]) -> Result<Fields, Unfit> {
    if yaml.len() > MAX_YAML {
        return Err(Unfit::MetadataTooLarge(MAX_YAML));
    }
    value::from_yaml(yaml, keys)
}

/// Text; numbers and switches stand for their text, as Helm's reader of YAML has it.
fn text(value: Node, field: &'static str) -> Result<String, Unfit> {
    match value {
        Node::Text(text) | Node::Number(text) => Ok(text),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Null => Ok(String::new()),
        Node::List(_) | Node::Map(_) => Err(Unfit::Field(field)),
    }
}

/// Text in one line.
fn clean(value: Node, field: &'static str) -> Result<String, Unfit> {
    text(value, field).map(|text| one_line(&text))
}

/// A switch. Helm reads YAML 1.1, where these words are ones.
fn switch(value: &Node, field: &'static str) -> Result<bool, Unfit> {
    match value {
        Node::Bool(value) => Ok(*value),
        Node::Null => Ok(false),
        Node::Text(word) if matches!(word.to_ascii_lowercase().as_str(), "yes" | "on" | "y") => {
            Ok(true)
        }
        Node::Text(word) if matches!(word.to_ascii_lowercase().as_str(), "no" | "off" | "n") => {
            Ok(false)
        }
        _ => Err(Unfit::Field(field)),
    }
}

fn list<T>(
    value: Node,
    field: &'static str,
    item: impl Fn(Node) -> Result<T, Unfit>,
) -> Result<Vec<T>, Unfit> {
    match value {
        Node::Null => Ok(Vec::new()),
        Node::List(items) => items.into_iter().map(item).collect(),
        _ => Err(Unfit::Field(field)),
    }
}

fn texts(value: Node, field: &'static str) -> Result<Vec<String>, Unfit> {
    list(value, field, |item| clean(item, field))
}

fn maintainer(value: Node) -> Result<Person, Unfit> {
    let Node::Map(mut fields) = value else {
        return Err(Unfit::Field("maintainers"));
    };
    let mut field = |key: &str| clean(fields.remove(key).unwrap_or(Node::Null), "maintainers");
    Ok(Person {
        name: field("name")?,
        email: field("email")?,
        url: field("url")?,
    })
}

fn annotations(value: Node) -> Result<BTreeMap<String, String>, Unfit> {
    match value {
        Node::Null => Ok(BTreeMap::new()),
        Node::Map(fields) => fields
            .into_iter()
            .map(|(key, value)| Ok((key, text(value, "annotations")?)))
            .collect(),
        _ => Err(Unfit::Field("annotations")),
    }
}

fn dependencies(value: Node) -> Result<Vec<HelmDependency>, Unfit> {
    let dependencies = list(value, "dependencies", dependency)?;
    let mut seen = BTreeSet::new();
    for dependency in &dependencies {
        let known_as = match dependency.alias.as_str() {
            "" => &dependency.name,
            alias => alias,
        };
        if !seen.insert(known_as) {
            return Err(Unfit::TwoDependencies(quoted(known_as)));
        }
    }
    Ok(dependencies)
}

fn dependency(value: Node) -> Result<HelmDependency, Unfit> {
    const FIELD: &str = "dependencies";
    let Node::Map(mut fields) = value else {
        return Err(Unfit::Field(FIELD));
    };
    let mut take = |key: &str| fields.remove(key).unwrap_or(Node::Null);
    let alias = text(take("alias"), FIELD)?;
    // Helm's rule since CVE-2020-15184.
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !alias.bytes().all(sound) {
        return Err(Unfit::Field("an alias in dependencies"));
    }
    Ok(HelmDependency {
        name: clean(take("name"), FIELD)?,
        version: clean(take("version"), FIELD)?,
        repository: clean(take("repository"), FIELD)?,
        condition: clean(take("condition"), FIELD)?,
        tags: texts(take("tags"), FIELD)?,
        enabled: switch(&take("enabled"), FIELD)?,
        import_values: list(take("import-values"), FIELD, |value| Ok(json(value)))?,
        alias,
    })
}

/// A value whose shape Helm leaves open.
fn json(value: Node) -> Value {
    match value {
        Node::Null => Value::Null,
        Node::Bool(value) => value.into(),
        Node::Number(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Node::Text(text) => text.into(),
        Node::List(items) => items.into_iter().map(json).collect(),
        Node::Map(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, json(value)))
            .collect(),
    }
}
