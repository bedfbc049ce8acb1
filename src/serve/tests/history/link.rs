//! What a client remembers of an index.

/// A version in an index, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) space: &'static str,
    pub(super) path: String,
    pub(super) digest: String,
    pub(super) name: String,
    pub(super) version: String,
}

impl Link {
    pub(super) fn file(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// Below the space's own URL, as Helm resolves it.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}/{path}", folder(self.space))
    }
}

pub(super) fn folder(space: &str) -> String {
    match space {
        "" => String::new(),
        space => format!("/{space}"),
    }
}

/// All links of an index as it was read.
pub(super) fn links(space: &'static str, index: &[u8]) -> Vec<Link> {
    let index: serde_json::Value = serde_json::from_slice(index).unwrap();
    let entries = index["entries"].as_object().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let links: Vec<Link> = entries
        .values()
        .flat_map(|versions| versions.as_array().unwrap())
        .map(|entry| Link {
            space,
            path: text(&entry["urls"][0]),
            digest: text(&entry["digest"]),
            name: text(&entry["name"]),
            version: text(&entry["version"]),
        })
        .collect();
    for link in &links {
        let (prefix, _) = link.digest.split_at(16);
        let file = format!("{}-{}.tgz", link.name, link.version);
        assert_eq!(link.path, format!("charts/{prefix}/{file}"));
    }
    links
}
