use super::super::archive::tests::{entry, file, tgz};
use super::*;

#[track_caller]
fn read(entries: &[Vec<u8>]) -> String {
    metadata(&tgz(entries)).unwrap().to_json()
}

#[test]
fn a_v2_chart_is_known_by_its_chart_yaml() {
    let chart = b"apiVersion: v2\nname: nginx\nversion: 1.2.3+b.1\ndependencies:\n- name: common\n";
    let expected = r#"{"apiVersion":"v2","name":"nginx","version":"1.2.3+b.1","dependencies":[{"name":"common","repository":""}]}"#;
    let ignored = file("nginx/requirements.yaml", b"dependencies: [{name: other}]");
    assert_eq!(
        read(&[ignored.clone(), file("nginx/Chart.yaml", chart)]),
        expected
    );
    // Nothing after it is read: not even a bomb hurts.
    let bomb = file("nginx/zeros", &vec![0; 6 << 20]);
    assert_eq!(
        read(&[file("any/Chart.yaml", chart), ignored, bomb]),
        expected
    );
}

#[test]
fn a_v1_chart_keeps_dependencies_apart() {
    let chart = file(
        "a/Chart.yaml",
        b"name: a\nversion: 0.1.0\ndependencies: [{name: x}]\n",
    );
    let requirements = file(
        "a/requirements.yaml",
        b"dependencies:\n- name: b\n  version: 1\n  alias: c\n",
    );
    let other = file("a/values.yaml", b"x: 1\n");
    let expected = concat!(
        r#"{"apiVersion":"v1","name":"a","version":"0.1.0","#,
        r#""dependencies":[{"name":"b","version":"1","repository":"","alias":"c"}]}"#
    );
    assert_eq!(
        read(&[chart.clone(), other.clone(), requirements.clone()]),
        expected
    );
    assert_eq!(
        read(&[requirements, other.clone(), chart.clone()]),
        expected
    );
    let without = r#"{"apiVersion":"v1","name":"a","version":"0.1.0","dependencies":[{"name":"x","repository":""}]}"#;
    assert_eq!(read(&[chart.clone(), other]), without);
    for malformed in [b"".as_slice(), b"]", b"x: 1"] {
        assert_eq!(
            read(&[chart.clone(), file("a/requirements.yaml", malformed)]),
            without
        );
    }
}

#[test]
fn only_the_chart_of_the_root_counts() {
    let sub = file("a/charts/b/Chart.yaml", b"name: b\nversion: 9.9.9\n");
    assert_eq!(
        metadata(&tgz(std::slice::from_ref(&sub))),
        Err(Unfit::NoChartYaml)
    );
    let deep = file("./a/Chart.yaml", b"name: b\nversion: 9.9.9\n");
    assert_eq!(metadata(&tgz(&[deep])), Err(Unfit::NoChartYaml));
    assert_eq!(metadata(&tgz(&[])), Err(Unfit::NoChartYaml));
    let chart = file("a/Chart.yaml", b"apiVersion: v2\nname: a\nversion: 1.0.0\n");
    assert_eq!(
        read(&[sub, chart]),
        r#"{"apiVersion":"v2","name":"a","version":"1.0.0"}"#
    );
}

/// CVE-2025-32386 in Helm: a small package that unpacks to gigabytes.
#[test]
fn hostile_packages_are_refused() {
    let chart = file("a/Chart.yaml", b"apiVersion: v2\nname: a\nversion: 1.0.0\n");
    for (entries, reason) in [
        (
            vec![entry("a/Chart.yaml", b'2', 0, b"")],
            "archive holds \"a/Chart.yaml\", which is neither a file nor a directory",
        ),
        (
            vec![file("/etc/passwd", b""), chart.clone()],
            "archive holds the absolute path \"/etc/passwd\"",
        ),
        (
            vec![file("a/../../x", b""), chart.clone()],
            "archive holds the path \"a/../../x\", which leads out of the chart",
        ),
        (
            vec![file("a/Chart.yaml", &vec![b' '; 2 << 20])],
            "metadata is larger than 262144 bytes",
        ),
        (
            vec![entry("a/Chart.yaml", b'0', 1 << 33, b"")],
            "archive holds a file larger than 5242880 bytes",
        ),
        (
            vec![file("a/Chart.yaml", b"a: b: c")],
            "metadata is not a YAML mapping",
        ),
        (
            vec![file("a/Chart.yaml", b"name: ../x\nversion: 1.0.0")],
            "name \"../x\" is not allowed",
        ),
        (
            vec![file("a/x", b""); 10_000],
            "archive has more than 5000 entries",
        ),
    ] {
        assert_eq!(metadata(&tgz(&entries)).unwrap_err().to_string(), reason);
    }
    let many = vec![file("a/zeros", &vec![0; 5 << 20]); 21];
    let bomb = tgz(&many);
    assert!(bomb.len() < 200_000);
    assert_eq!(metadata(&bomb), Err(Unfit::UnpackedTooLarge(MAX_UNPACKED)));
    let packed = tgz(&[chart]);
    assert_eq!(
        metadata(&packed[..packed.len() / 2]),
        Err(Unfit::NotAnArchive)
    );
}
