use super::*;
use crate::testing::{package, package_with};

const CHART: &[u8] = b"apiVersion: v2\nname: a\nversion: 1.0.0\n";

fn judged(files: &[(&str, &[u8])]) -> Result<(String, String), String> {
    match Inspected::of(&package(files)) {
        Ok(Inspected { metadata, .. }) => Ok((metadata.name, metadata.version)),
        Err(unfit) => Err(unfit.to_string()),
    }
}

#[track_caller]
fn refused(files: &[(&str, &[u8])], why: &str) {
    assert_eq!(judged(files), Err(why.to_owned()));
}

#[test]
fn the_folder_need_not_be_called_like_the_chart() {
    let files: [(&str, &[u8]); 3] = [
        ("other/Chart.yaml", CHART),
        ("other/values.yaml", b"a: 1\n"),
        ("other/charts/README.md/Chart.yaml", CHART),
    ];
    assert_eq!(judged(&files), Ok(("a".to_owned(), "1.0.0".to_owned())));
}

#[test]
fn two_charts_in_one_archive_are_none() {
    refused(
        &[("a/Chart.yaml", CHART), ("b/Chart.yaml", CHART)],
        r#"archive has more than one root directory: "a" and "b""#,
    );
    refused(
        &[("a/Chart.yaml", CHART), ("a/./Chart.yaml", CHART)],
        r#"archive holds "Chart.yaml" twice"#,
    );
}

#[test]
fn what_helm_does_not_load_is_refused() {
    let twice = b"apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: x}, {name: y, alias: x}]\n";
    for (chart, why) in [
        (
            b"name: a\nversion: nope\n".as_slice(),
            r#"version "nope" is not a semantic version"#,
        ),
        (b"name: a\n", "metadata has no version"),
        (b"version: 1.0.0\n", "metadata has no name"),
        (
            b"name: a/b\nversion: 1.0.0\n",
            r#"name "a/b" is not allowed"#,
        ),
        (b"[]", "metadata is not a YAML mapping"),
        (
            b"name: a\nversion: 1.0.0\ntype: x\n",
            r#"type "x" is neither application nor library"#,
        ),
        (
            b"name: a\nversion: 1.0.0\nkeywords: x\n",
            "metadata has a field that Helm does not read: keywords",
        ),
        (
            b"name: a\nversion: 1.0.0\nmaintainers: [~]\n",
            "metadata has a field that Helm does not read: maintainers",
        ),
        (
            b"name: a\nversion: 1.0.0\ndeprecated: maybe\n",
            "metadata has a field that Helm does not read: deprecated",
        ),
        (
            b"name: a\nversion: 1.0.0\ndependencies: [{name: x, alias: ../x}]\n",
            "metadata has a field that Helm does not read: an alias in dependencies",
        ),
        (
            twice,
            r#"metadata has more than one dependency with the name or alias "x""#,
        ),
    ] {
        refused(&[("a/Chart.yaml", chart)], why);
    }
    refused(&[("a/values.yaml", b"")], "package holds no Chart.yaml");
    let link = package_with("name: a\nversion: 1.0.0\n", tar::EntryType::Symlink, "c/x");
    assert_eq!(
        Inspected::of(&link).unwrap_err().to_string(),
        r#"archive holds "c/x", which is neither a file nor a directory"#
    );
    assert_eq!(Inspected::of(b"no gzip"), Err(Unfit::NotAnArchive));
}

#[test]
fn subcharts_are_charts_too() {
    let packed = package(&[("b/Chart.yaml", b"name: b\nversion: 1.0.0\n")]);
    let broken = package(&[("b/Chart.yaml", b"name: b\n")]);
    let own = ("a/Chart.yaml", CHART);
    let good: [(&str, &[u8]); 6] = [
        own,
        ("a/charts/b/Chart.yaml", b"name: b\nversion: 1.0.0\n"),
        (
            "a/charts/b/charts/c/Chart.yaml",
            b"name: c\nversion: 1.0.0\n",
        ),
        ("a/charts/b-1.0.0.tgz", &packed),
        ("a/charts/b-1.0.0.tgz.prov", b"signed"),
        ("a/charts/_ignored/x", b""),
    ];
    assert!(judged(&good).is_ok());
    refused(
        &[own, ("a/charts/b/values.yaml", b"")],
        r#"the chart "charts/b/": package holds no Chart.yaml"#,
    );
    refused(
        &[own, ("a/charts/README.md", b"")],
        r#"the chart "charts/README.md": package holds no Chart.yaml"#,
    );
    refused(
        &[own, ("a/charts/b-1.0.0.tgz", &broken)],
        r#"the chart "charts/b-1.0.0.tgz": metadata has no version"#,
    );
}

#[test]
fn packages_in_packages_end_somewhere() {
    let mut inner = package(&[("a/Chart.yaml", CHART)]);
    for _ in 0..MAX_DEPTH {
        inner = package(&[("a/Chart.yaml", CHART), ("a/charts/a-1.tgz", &inner)]);
    }
    assert!(Inspected::of(&inner).is_ok());
    inner = package(&[("a/Chart.yaml", CHART), ("a/charts/a-1.tgz", &inner)]);
    let why = Inspected::of(&inner).unwrap_err().to_string();
    assert!(
        why.ends_with("packages lie in packages more than 8 deep"),
        "{why}"
    );
}

/// Thirty packages of 4 MiB of zeros each: together beyond the limit that each of them keeps.
#[test]
fn bombs_count_together() {
    let zeros = vec![0; 4 << 20];
    let bomb = package(&[
        ("b/Chart.yaml", b"name: b\nversion: 1.0.0\n"),
        ("b/zeros", &zeros),
    ]);
    let names: Vec<String> = (0..30).map(|nth| format!("a/charts/b{nth}.tgz")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("a/Chart.yaml", CHART)];
    files.extend(names.iter().map(|name| (name.as_str(), bomb.as_slice())));
    let why = judged(&files).unwrap_err();
    assert!(
        why.contains("archive unpacks to more than 104857600 bytes"),
        "{why}"
    );
    files.truncate(20);
    assert!(judged(&files).is_ok());
}

/// Each of them is read in a tenth of a second, and a hundred of them are ten.
#[test]
fn what_costs_the_parser_counts_for_all_charts_together() {
    let brackets = |open: usize, length: usize| {
        let list = format!(
            "{}{}\n  {}",
            "[".repeat(open),
            "x,".repeat(length / 2),
            "]".repeat(open)
        );
        format!("apiVersion: v2\nname: a\nversion: 1.0.0\nother: {list}\n").into_bytes()
    };
    let judge = |count: usize, bytes: &[u8]| {
        let paths: Vec<String> = (0..count)
            .map(|n| format!("a/charts/c{n}/Chart.yaml"))
            .collect();
        let mut files = vec![("a/Chart.yaml", CHART)];
        files.extend(paths.iter().map(|path| (path.as_str(), bytes)));
        judged(&files).unwrap_err()
    };
    let refused = "metadata of the charts in it takes too long to read together";
    for (open, length) in [(160, 250 << 10), (1_990, 16 << 10), (0, 250 << 10)] {
        let bytes = brackets(open, length);
        let why = judge(20, &bytes);
        assert!(why.ends_with(refused), "{open} {length}: {why}");
    }
}
