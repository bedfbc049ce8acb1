//! Reads single files out of a package, for those who look into a chart.

use serde_json::Value;

use super::Unfit;
use super::archive::{Archive, ArchivedFile, MAX_UNPACKED};
use super::metadata::json_of_yaml;

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
        match json_of_yaml(values)? {
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

    /// A package of zeros has a thousandth of their length: neither what is given nor what is passed over may be without end.
    #[test]
    fn neither_templates_nor_packages_are_read_without_end() {
        let zeros = vec![0; 2 << 20];
        let most = package(&[
            ("a/templates/a.yaml", zeros.as_slice()),
            ("a/templates/b.yaml", &zeros),
        ]);
        assert!(ChartContents::of(&most).is_ok());
        let more = package(&[
            ("a/templates/a.yaml", zeros.as_slice()),
            ("a/templates/b.yaml", &zeros),
            ("a/templates/c.yaml", b"c"),
        ]);
        let too_large = Unfit::UnpackedTooLarge(MAX_TEMPLATES as u64);
        assert_eq!(ChartContents::of(&more), Err(too_large));
        let file = vec![0; 5 << 20];
        let bomb = package(&[("a/zeros", file.as_slice()); 21]);
        assert!(bomb.len() < 200_000);
        let too_large = Unfit::UnpackedTooLarge(MAX_UNPACKED);
        assert_eq!(ChartContents::of(&bomb), Err(too_large));
    }

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

    fn parsed(values: &str) -> Result<Value, Unfit> {
        let values = Some(values.as_bytes().to_vec());
        let contents = ChartContents {
            values,
            ..ChartContents::default()
        };
        contents.parsed_values()
    }

    #[test]
    fn values_of_any_shape() {
        let yaml = "---\n1: {yes: 1.5, ~: !tag x}\na: &x [1, -2, null, .inf, 18446744073709551616]\nb: *x\nd: {e: {f: {g: {h: {i: 1}}}}}\n---\nz: 1\n";
        let list = json!([1, -2, null, null, "18446744073709551616"]);
        assert_eq!(
            parsed(yaml),
            Ok(json!({
                "1": {"yes": 1.5, "~": "x"}, "a": list, "b": list,
                "d": {"e": {"f": {"g": {"h": {"i": 1}}}}},
            }))
        );
        for bad in ["a: [", "? [k]\n: v\n", "a: *a"] {
            assert_eq!(parsed(bad), Err(Unfit::Malformed("YAML")), "{bad}");
        }
    }

    /// Ten kilobytes that stand for millions of values, or for gigabytes of text.
    #[test]
    fn a_bomb_of_aliases_in_values_is_refused() {
        let refused = Err(Unfit::TooManyValues(20_000));
        let (words, aliases) = ("x,".repeat(1_800), "*w,".repeat(1_800));
        let wide = format!("w: &w [{words}x]\na: [{aliases}*w]\n");
        assert!(wide.len() < 10 << 10);
        assert_eq!(parsed(&wide), refused);
        let text = "x".repeat(128 << 10);
        let aliases = |number| "*w,".repeat(number);
        let long = format!("w: &w {text}\na: [{}*w]\n", aliases(15_000));
        assert_eq!(parsed(&long), refused);
        assert!(parsed(&format!("w: &w {text}\na: [{}*w]\n", aliases(5))).is_ok());
        let keys = "? *w\n: 1\n".replace('\n', "\n  ").repeat(2_000);
        assert_eq!(
            parsed(&format!(
                "w: &w {}\na:\n- {}\n",
                "x".repeat(900),
                keys.trim_end()
            )),
            refused
        );
    }
}
