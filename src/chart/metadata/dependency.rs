//! Dependencies of a chart, as an index tells of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::coerce::{element, line, list, switch, whole};
use super::limit::{MAX_CONSTRAINT, MAX_LINE, MAX_NAME, MAX_URL};
use super::value::Node;

/// Most dependencies: umbrella charts have dozens.
const MAX_DEPENDENCIES: usize = 512;

/// Most entries of a dependency's lists.
const MAX_ITEMS: usize = 64;

/// Most keys of an import: two mean something.
const MAX_PATHS: usize = 8;

/// A dependency (helm: `pkg/chart/dependency.go`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Dependency {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Helm writes it always, also where it is empty: the dependency lies in `charts/`.
    repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enabled: bool,
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    import_values: Vec<Import>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
}

/// Which values of a dependency its parent takes over: the two forms that Helm documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Import {
    /// The name of an export.
    Export(String),
    /// `child` and `parent`; Helm keeps whatever else is there.
    Paths(BTreeMap<String, String>),
}

/// The dependencies, those without a name left out, and of those that share one (or an alias) all but the first: Helm 3.14.0 to 3.14.2
/// refuse such a chart.
pub(super) fn dependencies(value: Option<Node>) -> Vec<Dependency> {
    let mut seen = BTreeSet::new();
    list(value, MAX_DEPENDENCIES, |item| {
        let dependency = dependency(item)?;
        let known_as = dependency.alias.as_ref().unwrap_or(&dependency.name);
        seen.insert(known_as.clone()).then_some(dependency)
    })
}

fn dependency(value: Node) -> Option<Dependency> {
    let Node::Map(mut fields) = value else {
        return None;
    };
    Some(Dependency {
        name: whole(fields.remove("name"), MAX_NAME)?,
        version: whole(fields.remove("version"), MAX_CONSTRAINT),
        repository: whole(fields.remove("repository"), MAX_URL).unwrap_or_default(),
        condition: whole(fields.remove("condition"), MAX_CONSTRAINT),
        tags: list(fields.remove("tags"), MAX_ITEMS, |tag| {
            element(tag, line, MAX_LINE)
        }),
        enabled: switch(fields.remove("enabled")),
        import_values: list(fields.remove("import-values"), MAX_ITEMS, import),
        alias: whole(fields.remove("alias"), MAX_NAME).filter(|alias| is_alias(alias)),
    })
}

fn import(value: Node) -> Option<Import> {
    match value {
        Node::Map(paths) => {
            let paths = paths.into_iter().take(MAX_PATHS).filter_map(|(key, path)| {
                let key = whole(Some(Node::Text(key)), MAX_LINE)?;
                Some((key, element(path, whole, MAX_CONSTRAINT)?))
            });
            Some(Import::Paths(paths.collect()))
        }
        scalar => whole(Some(scalar), MAX_CONSTRAINT).map(Import::Export),
    }
}

/// Helm's rule (`pkg/chart/chart.go`, `aliasNameFormat`): a chart with another alias is refused, since CVE-2020-15184.
fn is_alias(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
