//! Reads single files out of a package, for those who look into a chart.

use serde_json::Value;

use super::Unfit;
use super::archive::{Archive, ArchivedFile, MAX_UNPACKED};
use super::metadata::judge_yaml;

/// Most bytes of templates, and of `values.yaml`, that are given: they are text of kilobytes.
const MAX_TEMPLATES: usize = 4 << 20;

/// What a chart says in files of its own, those of charts in it left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChartContents {
    /// `values.yaml` as it is.
    pub(crate) values: Option<Vec<u8>>,
    /// The files below `templates/`, by their paths, in the order of the package.
    pub(crate) templates: Vec<(String, Vec<u8>)>,
}

impl ChartContents {
    /// Reads a package to its end.
    pub(crate) fn of(tgz: &[u8]) -> Result<Self, Unfit> {
        let mut contents = Self::default();
        let mut archive = Archive::unpacking(tgz, MAX_UNPACKED, MAX_UNPACKED);
        let mut files = archive.files()?;
        let mut length = 0;
        while let Some(file) = files.next()? {
            if file.path == "values.yaml" {
                contents.values = Some(read(file)?);
            } else if file.path.starts_with("templates/") {
                let path = file.path.to_owned();
                let bytes = read(file)?;
                length += bytes.len();
                if length > MAX_TEMPLATES {
                    return Err(Unfit::UnpackedTooLarge(MAX_TEMPLATES as u64));
                }
                contents.templates.push((path, bytes));
            }
        }
        Ok(contents)
    }

    /// What `values.yaml` says; an empty object where there is none, or nothing in it.
    pub(crate) fn parsed_values(&self) -> Result<Value, Unfit> {
        let values = self.values.as_deref().unwrap_or_default();
        judge_yaml(values)?;
        match serde_yaml::from_slice(values).map_err(|_| Unfit::Malformed("YAML"))? {
            Value::Null => Ok(Value::Object(serde_json::Map::new())),
            values => Ok(values),
        }
    }
}

fn read(file: ArchivedFile<'_>) -> Result<Vec<u8>, Unfit> {
    if file.size > MAX_TEMPLATES as u64 {
        return Err(Unfit::UnpackedTooLarge(MAX_TEMPLATES as u64));
    }
    let mut bytes = Vec::new();
    file.read_to(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::package;

    #[test]
    fn files_of_the_chart_itself() {
        let tgz = package(&[
            ("a/Chart.yaml", b"name: a\nversion: 1.0.0\n"),
            ("a/values.yaml", b"# none\nb: {c: [1, yes]}\n"),
            ("a/templates/x.yaml", b"x"),
            ("a/templates/sub/NOTES.txt", b"y"),
            ("a/charts/b/values.yaml", b"other: 1\n"),
            ("a/charts/b/templates/z.yaml", b"z"),
        ]);
        let contents = ChartContents::of(&tgz).unwrap();
        assert_eq!(
            contents.values.as_deref(),
            Some(b"# none\nb: {c: [1, yes]}\n".as_slice())
        );
        let paths: Vec<&str> = contents
            .templates
            .iter()
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(paths, ["templates/x.yaml", "templates/sub/NOTES.txt"]);
        assert_eq!(
            contents.parsed_values(),
            Ok(json!({"b": {"c": [1, "yes"]}}))
        );
        let bare = ChartContents::of(&package(&[("a/Chart.yaml", b"")])).unwrap();
        assert_eq!(bare, ChartContents::default());
        assert_eq!(bare.parsed_values(), Ok(json!({})));
        let broken = package(&[("a/values.yaml", b"a: [")]);
        let broken = ChartContents::of(&broken).unwrap();
        assert_eq!(broken.parsed_values(), Err(Unfit::Malformed("YAML")));
    }
}
