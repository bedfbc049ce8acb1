//! One version in an index.

use serde_json::{Map, Value};

use super::text;

/// What an index says of a version. Depends on nothing but manifest, config and package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The chart's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// `<name>-<version>.tgz`.
    pub file: &'a str,
    /// Canonical metadata ([`crate::chart::Metadata::to_json`]), a JSON object.
    pub metadata: &'a str,
    /// When it was made, RFC 3339 in UTC.
    pub created: Option<&'a str>,
    /// What links begin with, a slash at its end: empty, so that they are relative to the index, or an absolute address.
    pub base: &'a str,
    /// The package's digest, bare hex: Helm 4.0 to 4.1.1 fail where the algorithm stands before it.
    pub digest: &'a str,
    /// Where it lies, if that is in another repository: absolute addresses.
    pub elsewhere: Option<&'a [String]>,
}

/// How much an index says of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All its metadata.
    Full,
    /// What clients choose, install and resolve by, without what describes the chart to people ([`DESCRIPTIVE`]).
    Essential,
}

/// The keys that describe a chart to people. No client needs them to find, choose, verify or install a version.
const DESCRIPTIVE: [&str; 7] = [
    "annotations",
    "description",
    "home",
    "icon",
    "keywords",
    "maintainers",
    "sources",
];

/// How many hex digits of the package's digest stand in a link: 64 bits tell the packages of a file name apart.
pub const LINK_DIGITS: usize = 16;

/// Hex digits of a SHA-256, the only digest Helm 4 takes.
const SHA256: usize = 64;

impl Entry<'_> {
    /// The link; without a base relative to the index and without a leading slash: Helm resolves it under the repository's own
    /// path.
    pub fn url(&self) -> String {
        let digest = self.digest.get(..LINK_DIGITS).unwrap_or(self.digest);
        format!("{}charts/{digest}/{}", self.base, self.file)
    }

    /// The entry as JSON, as it stands in an index; `None` where the metadata are not those of this version of this chart.
    pub fn to_json(self) -> Option<String> {
        let value = self.to_value(Detail::Full)?;
        let mut text = Vec::new();
        text::write(&mut text, &value).ok()?;
        String::from_utf8(text).ok()
    }

    /// All keys of the entry, in byte order; `None` where the metadata are not those of this version of this chart.
    pub(super) fn to_value(self, detail: Detail) -> Option<Value> {
        let mut map: Map<String, Value> = serde_json::from_str(self.metadata).ok()?;
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        if text("name") != Some(self.name)
            || text("version") != Some(self.version)
            || text("apiVersion").is_none()
        {
            return None;
        }
        if detail == Detail::Essential {
            map.retain(|key, _| !DESCRIPTIVE.contains(&key.as_str()));
        }
        map.values_mut().for_each(drop_nulls);
        map.retain(|_, value| !value.is_null());
        let sha256 = Some(self.digest).filter(|digest| digest.len() == SHA256);
        for (key, value) in [
            ("name", Some(self.name)),
            ("version", Some(self.version)),
            ("created", self.created),
            ("digest", sha256),
        ] {
            match value {
                Some(value) => map.insert(key.to_owned(), value.into()),
                None => map.remove(key),
            };
        }
        let urls = self
            .elsewhere
            .map_or_else(|| vec![self.url()], <[String]>::to_vec);
        map.insert("urls".to_owned(), urls.into());
        Some(Value::Object(map))
    }
}

/// Takes nulls out of lists: old Helms panic on them. Canonical metadata has none, but a damaged row must not break the index.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(drop_nulls);
        }
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[track_caller]
    fn read(metadata: &str, created: Option<&str>, digest: &str) -> Option<Value> {
        Entry {
            name: "nginx",
            version: "1.0.0+b.1",
            file: "nginx-1.0.0+b.1.tgz",
            base: "",
            metadata,
            created,
            digest,
            elsewhere: None,
        }
        .to_value(Detail::Full)
    }

    #[track_caller]
    fn entry(metadata: &str, created: Option<&str>, digest: &str) -> Value {
        read(metadata, created, digest).unwrap()
    }

    /// CVE-2021-32690 (Helm): links are relative, so that a password for the repository goes nowhere else.
    #[test]
    fn metadata_with_what_the_index_adds() {
        let metadata = r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0+b.1"}"#;
        assert_eq!(
            entry(metadata, Some("2025-11-21T00:00:00Z"), DIGEST),
            json!({
                "apiVersion": "v2", "name": "nginx", "version": "1.0.0+b.1", "created": "2025-11-21T00:00:00Z",
                "digest": DIGEST, "urls": ["charts/0123456789abcdef/nginx-1.0.0+b.1.tgz"],
            })
        );
    }

    /// CVE-2022-23525, CVE-2024-26147 (Helm): nulls in an index panic in clients.
    /// CVE-2022-23525 and CVE-2024-26147: Helm panics where an index has null or lacks a name.
    #[test]
    fn nothing_of_a_row_spoils_the_index() {
        let bare = json!({
            "apiVersion": "v2", "name": "nginx", "version": "1.0.0+b.1", "digest": DIGEST,
            "urls": ["charts/0123456789abcdef/nginx-1.0.0+b.1.tgz"],
        });
        for more in [
            r#""created":"yesterday","digest":7,"urls":null"#,
            r#""icon":null"#,
        ] {
            let metadata =
                format!(r#"{{"apiVersion":"v2","name":"nginx","version":"1.0.0+b.1",{more}}}"#);
            assert_eq!(entry(&metadata, None, DIGEST), bare, "{metadata}");
        }
        let nulls = entry(
            r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0+b.1","maintainers":[null,{"name":"a","email":null},[null]]}"#,
            None,
            DIGEST,
        );
        assert_eq!(nulls["maintainers"], json!([{"name": "a"}, []]));
    }

    #[test]
    fn what_are_not_the_metadata_of_this_version_make_no_entry() {
        for metadata in [
            "",
            "null",
            "[]",
            "{",
            "{}",
            r#"{"name":"nginx","version":"1.0.0+b.1"}"#,
            r#"{"apiVersion":"v2","version":"1.0.0+b.1"}"#,
            r#"{"apiVersion":"v2","name":"nginx"}"#,
            r#"{"apiVersion":"v2","name":"../../x","version":"1.0.0+b.1"}"#,
            r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0"}"#,
        ] {
            assert_eq!(read(metadata, None, DIGEST), None, "{metadata}");
        }
    }

    #[test]
    fn a_sha512_is_only_in_the_link() {
        let long = DIGEST.repeat(2);
        let metadata = r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0+b.1"}"#;
        let value = entry(metadata, None, &long);
        assert_eq!(value.get("digest"), None);
        assert_eq!(
            value["urls"][0],
            "charts/0123456789abcdef/nginx-1.0.0+b.1.tgz"
        );
    }
}
