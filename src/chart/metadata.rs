//! What an index says of a chart.
//!
//! | file | holds |
//! |---|---|
//! | `value` | foreign JSON and YAML as one plain tree, read under limits |
//! | `coerce` | such a value as what a field holds |
//! | `limit` | how long each kind of text may be, and how long a list |
//! | `dependency` | the charts that a chart depends on |
//! | `listed` | a version as another repository's index lists it |
//! | `helm` | metadata exactly as Helm reads and writes it |

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

mod coerce;
mod dependency;
mod helm;
mod limit;
mod listed;
#[cfg(test)]
mod tests;
mod value;

use self::coerce::{element, line, list, one_line, switch, verbatim, whole};
use self::dependency::{Dependency, dependencies};
pub(crate) use self::helm::HelmMetadata;
use self::limit::{
    MAX_ANNOTATION, MAX_CONSTRAINT, MAX_DESCRIPTION, MAX_ICON, MAX_ITEMS, MAX_LINE, MAX_NAME,
    MAX_URL, MAX_YAML, SHORT_DESCRIPTION,
};
pub use self::listed::ListedVersion;
use self::value::{Fields, Node};
pub(super) use self::value::{json_of_yaml, looks};
use super::unfit::quoted;
use super::{Unfit, Version};

/// The keys of Helm's metadata (`pkg/chart/metadata.go`); no other may stand in an index, which strict readers refuse whole.
const KEYS: [&str; 17] = [
    "apiVersion",
    "name",
    "version",
    "appVersion",
    "description",
    "type",
    "keywords",
    "home",
    "sources",
    "icon",
    "maintainers",
    "dependencies",
    "annotations",
    "kubeVersion",
    "deprecated",
    "condition",
    "tags",
];

/// A chart's metadata, safe to be put into an index: only Helm's keys, of Helm's types, nothing null or empty, valid by Helm's rules
/// (`Metadata.Validate`), without control characters, at most [`Metadata::MAX_WRITTEN`] bytes of JSON.
///
/// There is no way to one that is not: reading is by [`Metadata::from_json`], [`Metadata::from_yaml`] and serde (JSON only), which do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    api_version: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maintainers: Vec<Maintainer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<Dependency>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kube_version: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Maintainer {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Metadata {
    /// Longest metadata that is read, in bytes: Helm's own are of kilobytes, and a row of the catalog holds 2 MB.
    pub const MAX_READ: usize = 1 << 20;

    /// Longest metadata that is given, in bytes of JSON. A thousandth of an index: no chart may crowd out the others.
    pub const MAX_WRITTEN: usize = 64 << 10;

    /// Reads a config blob: Helm's own, or one that some script made.
    pub fn from_json(json: &[u8]) -> Result<Self, Unfit> {
        Self::of(fields_of_json(json)?)
    }

    /// Reads a `Chart.yaml`.
    pub fn from_yaml(yaml: &[u8]) -> Result<Self, Unfit> {
        if yaml.len() > MAX_YAML {
            return Err(Unfit::MetadataTooLarge(MAX_YAML));
        }
        Self::of(value::from_yaml(yaml, &KEYS)?)
    }

    /// Reads the metadata layer of a two-layer chart, which lacks name and version.
    pub(super) fn from_meta(json: &[u8], name: &str, version: &str) -> Result<Self, Unfit> {
        let mut fields = fields_of_json(json)?;
        for (key, text) in [("name", name), ("version", version)] {
            fields.insert(key.to_owned(), Node::Text(text.to_owned()));
        }
        Self::of(fields)
    }

    /// Takes the dependencies out of a `requirements.yaml`, where charts of `apiVersion: v1` keep them. A malformed one changes nothing.
    pub(super) fn require(&mut self, yaml: &[u8]) {
        if yaml.len() <= MAX_YAML
            && let Ok(mut fields) = value::from_yaml(yaml, &["dependencies"])
            && let Some(value) = fields.remove("dependencies")
        {
            self.dependencies = dependencies(Some(value));
            self.fit();
        }
    }

    fn of(mut fields: Fields) -> Result<Self, Unfit> {
        let mut take = |key: &str| fields.remove(key);
        let mut metadata = Self {
            name: name(take("name"))?,
            version: version(take("version"))?,
            kind: kind(take("type"))?,
            api_version: line(take("apiVersion"), MAX_LINE).unwrap_or_else(|| "v1".to_owned()),
            app_version: line(take("appVersion"), MAX_LINE),
            description: line(take("description"), MAX_DESCRIPTION),
            keywords: list(take("keywords"), MAX_ITEMS, |item| {
                element(item, line, MAX_LINE)
            }),
            home: whole(take("home"), MAX_URL),
            sources: list(take("sources"), MAX_ITEMS, |item| {
                element(item, whole, MAX_URL)
            }),
            icon: whole(take("icon"), MAX_ICON),
            maintainers: list(take("maintainers"), MAX_ITEMS, maintainer),
            dependencies: dependencies(take("dependencies")),
            annotations: annotations(take("annotations")),
            kube_version: whole(take("kubeVersion"), MAX_CONSTRAINT),
            deprecated: switch(take("deprecated")),
            condition: whole(take("condition"), MAX_CONSTRAINT),
            tags: whole(take("tags"), MAX_CONSTRAINT),
        };
        metadata.fit();
        Ok(metadata)
    }

    /// The chart's name: one segment of a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chart's version, one that [`Version`] takes.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version of the chart's format, `v1` or `v2`.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// The one canonical text of it: the same metadata, the same bytes. It is YAML, too.
    pub fn to_json(&self) -> String {
        // Strings, lists and maps with keys of text: there is nothing that JSON could not hold.
        yaml_of(serde_json::to_string(self).unwrap_or_default())
    }

    fn fits(&self) -> bool {
        self.to_json().len() <= Self::MAX_WRITTEN
    }

    /// Cuts until it fits, what describes first. Only `dependencies` means something to Helm, and Helm reads it again in the package.
    fn fit(&mut self) {
        while !self.fits() {
            let longest = self.annotations.iter().max_by_key(|(_, text)| text.len());
            if let Some(key) = longest.map(|(key, _)| key.clone()) {
                self.annotations.remove(&key);
            } else if self.icon.as_ref().is_some_and(|icon| icon.len() > MAX_URL) {
                self.icon = None;
            } else if let Some(text) = self
                .description
                .as_mut()
                .filter(|text| text.len() > SHORT_DESCRIPTION)
            {
                *text = coerce::shortened(std::mem::take(text), SHORT_DESCRIPTION);
            } else if !self.sources.is_empty() {
                self.sources.clear();
            } else if !self.maintainers.is_empty() {
                self.maintainers.clear();
            } else if !self.keywords.is_empty() {
                self.keywords.clear();
            } else {
                self.dependencies.clear();
                return;
            }
        }
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// A value as a file of YAML, in lines: JSON, the same bytes each time.
pub(super) fn written(value: &impl Serialize) -> Vec<u8> {
    // As above.
    let mut yaml = yaml_of(serde_json::to_string_pretty(value).unwrap_or_default());
    yaml.push('\n');
    yaml.into_bytes()
}

/// JSON with everything escaped that YAML does not hold as it is. That stands only inside of strings.
fn yaml_of(json: String) -> String {
    if !json.contains(is_no_yaml) {
        return json;
    }
    json.chars()
        .fold(String::with_capacity(json.len()), |mut text, c| {
            if is_no_yaml(c) {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            } else {
                text.push(c);
            }
            text
        })
}

fn fields_of_json(json: &[u8]) -> Result<Fields, Unfit> {
    if json.len() > Metadata::MAX_READ {
        return Err(Unfit::MetadataTooLarge(Metadata::MAX_READ));
    }
    value::from_json(json, &KEYS)
}

/// Whether a key stays below the 1,024 characters that YAML gives a key (YAML 1.2 §7.4.2), whatever of it is escaped: a longer one
/// would make the whole index unreadable.
fn is_short_key(key: &str) -> bool {
    /// With room for the quotes and what is around it.
    const LONGEST: usize = 1_000;
    /// The length of `\u1234`.
    const ESCAPED: usize = 6;
    let length = |c: char| if c.is_alphanumeric() { 1 } else { ESCAPED };
    key.chars().map(length).sum::<usize>() <= LONGEST
}

/// What JSON may hold as it is, and YAML may not, or folds: DEL, C1, line breaks, the mark of byte order (YAML 1.2 §5.1).
fn is_no_yaml(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
    )
}

/// One segment of a path, of letters that mean nothing in paths, URLs and shells. Narrower than Helm's rule (a base name), as
/// Helm up to 3.12 has none and lists `../../x` (CVE-2024-25620).
fn name(value: Option<Node>) -> Result<String, Unfit> {
    let text = line(value, usize::MAX).ok_or(Unfit::NoName)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if text.len() <= MAX_NAME
        && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && text.bytes().all(allowed)
    {
        Ok(text)
    } else {
        Err(Unfit::Name(quoted(&text)))
    }
}

/// Not mended, as Helm does not: only the text itself can be a version.
fn version(value: Option<Node>) -> Result<String, Unfit> {
    match value {
        Some(Node::Text(text) | Node::Number(text)) if !text.is_empty() => {
            Version::parse(&text).map(|_| text)
        }
        _ => Err(Unfit::NoVersion),
    }
}

fn kind(value: Option<Node>) -> Result<Option<String>, Unfit> {
    match value {
        Some(Node::Text(text) | Node::Number(text)) => match one_line(&text).as_str() {
            "" => Ok(None),
            kind @ ("application" | "library") => Ok(Some(kind.to_owned())),
            other => Err(Unfit::Type(quoted(other))),
        },
        _ => Ok(None),
    }
}

/// A person; text alone is a name. One without any is kept, as Helm does, null is not: old Helms panic at it.
fn maintainer(value: Node) -> Option<Maintainer> {
    match value {
        Node::Map(mut fields) => Some(Maintainer {
            name: line(fields.remove("name"), MAX_LINE),
            email: line(fields.remove("email"), MAX_LINE),
            url: whole(fields.remove("url"), MAX_URL),
        }),
        text => Some(Maintainer {
            name: Some(line(Some(text), MAX_LINE)?),
            email: None,
            url: None,
        }),
    }
}

fn annotations(value: Option<Node>) -> BTreeMap<String, String> {
    let Some(Node::Map(fields)) = value else {
        return BTreeMap::new();
    };
    fields
        .into_iter()
        .filter_map(|(key, value)| {
            let key = verbatim(Node::Text(key), MAX_LINE).filter(|key| is_short_key(key))?;
            Some((key, verbatim(value, MAX_ANNOTATION)?))
        })
        .take(MAX_ITEMS)
        .collect()
}
