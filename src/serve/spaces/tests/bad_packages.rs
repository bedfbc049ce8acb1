//! What is refused of packages: its status, one sentence, and nothing sent to the registry.

use tar::EntryType;

use super::bad_input::{DOORS, is_refused, stocked};
use super::*;
use crate::testing::{package, package_with};

const CHART: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.0.0\n";

#[test]
#[expect(clippy::too_many_lines, reason = "one table of all of it")]
fn what_is_no_package_of_a_chart() {
    let museum = stocked();
    let text = std::str::from_utf8(CHART).unwrap();
    let named = |name: &str| {
        package(&[(
            "c/Chart.yaml",
            format!("name: {name}\nversion: 1.0.0\n").as_bytes(),
        )])
    };
    let versioned = |version: &str| {
        package(&[(
            "c/Chart.yaml",
            format!("name: web\nversion: {version}\n").as_bytes(),
        )])
    };
    let zeros = vec![0; 4 << 20];
    let files: Vec<String> = (0..30).map(|nth| format!("c/{nth}")).collect();
    let mut bomb: Vec<(&str, &[u8])> = vec![("c/Chart.yaml", CHART)];
    bomb.extend(files.iter().map(|name| (name.as_str(), zeros.as_slice())));
    let with_values =
        |values: &[u8]| package(&[("c/Chart.yaml", CHART), ("c/values.yaml", values)]);
    for (what, bytes, expected) in [
        ("nothing", Vec::new(), "not an intact gzip"),
        ("text", b"hello".to_vec(), "not an intact gzip"),
        ("JSON", b"{}".to_vec(), "not an intact gzip"),
        (
            "half",
            chart("web", "1.0.0", "").slice(..60).to_vec(),
            "not an intact gzip",
        ),
        (
            "no chart",
            package(&[("c/README.md", b"x")]),
            "holds no Chart.yaml",
        ),
        (
            "two charts",
            package(&[("a/Chart.yaml", CHART), ("b/Chart.yaml", CHART)]),
            "more than one root directory",
        ),
        (
            "a slash in the name",
            named("a/b"),
            "name \"a/b\" is not allowed",
        ),
        (
            "dots for a name",
            named("'..'"),
            "name \"..\" is not allowed",
        ),
        (
            "no version",
            package(&[("c/Chart.yaml", b"name: web\n")]),
            "has no version",
        ),
        (
            "a version that is none",
            versioned("one"),
            "is not a semantic version",
        ),
        ("a bomb", package(&bomb), "unpacks to more than"),
        (
            "a symbolic link",
            package_with(text, EntryType::Symlink, "c/x"),
            "neither a file nor a directory",
        ),
        (
            "a hard link",
            package_with(text, EntryType::Link, "c/x"),
            "neither a file nor a directory",
        ),
        (
            "..",
            package(&[("c/Chart.yaml", CHART), ("c/../../x", b"x")]),
            "leads out of the chart",
        ),
        (
            "an absolute path",
            package(&[("c/Chart.yaml", CHART), ("/etc/passwd", b"x")]),
            "absolute path",
        ),
        (
            "a list for values",
            with_values(b"[1]"),
            "values are no mapping",
        ),
        (
            "text for values",
            with_values(b"text"),
            "values are no mapping",
        ),
        (
            "garbage for values",
            with_values(b"a: ["),
            "values are not YAML",
        ),
    ] {
        for (method, path) in DOORS {
            let answer = museum.put_chart(method, path, &bytes);
            is_refused(
                &museum,
                &format!("{method} {what}"),
                &answer,
                (400, expected),
            );
        }
    }
    for (method, path) in DOORS {
        let answer = museum.put_chart(method, path, &vec![0; 700_000]);
        is_refused(&museum, method, &answer, (413, "larger than 600000 bytes"));
    }
    let upper = museum.put_chart("POST", "/spaces/team/charts", &named("Web"));
    is_refused(
        &museum,
        "upper case",
        &upper,
        (400, "no repository of a registry can be called"),
    );
    assert_eq!(museum.world.registry.calls(), 0);
}
