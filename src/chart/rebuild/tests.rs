use std::io::Read;

use futures::FutureExt as _;

use crate::oci::Digest;

use super::super::archive::tests::{entry, file, tgz};
use super::super::package as reader;
use super::*;

/// The metadata layer of oras-helm-demo's example.
const META: &[u8] = br#"{"home":"https://hub.helm.sh","description":"This is my chart... that is all","keywords":["mychart","itismine"],"icon":"https://hub.helm.sh/assets/images/placeholder.png","apiVersion":"v1","appVersion":"1.1.0"}"#;

/// What it says once it has its name again.
const CHART: &str = concat!(
    r#"{"apiVersion":"v1","name":"mychart","version":"2.7.0","appVersion":"1.1.0","description":"This is my chart... that is all","#,
    r#""keywords":["mychart","itismine"],"home":"https://hub.helm.sh","icon":"https://hub.helm.sh/assets/images/placeholder.png"}"#
);

/// The content layer as Helm 2.12.2 saves a chart that is called "-".
fn content() -> Vec<u8> {
    tgz(&[
        file("-/Chart.yaml", b"name: '-'\nversion: '-'\n"),
        file("-/values.yaml", b"replicas: 1\n"),
        file("-/templates/deployment.yaml", b"kind: Deployment\n"),
        file("-/.helmignore", b"*.tmp\n"),
        file("-/requirements.yaml", b"dependencies:\n- name: sub\n"),
        file("-/charts/sub/Chart.yaml", b"name: sub\nversion: 0.1.0\n"),
        file("-/charts/sub/templates/service.yaml", b"kind: Service\n"),
    ])
}

/// The package in pieces, as it is sent.
fn pieces(parts: &Parts) -> Result<Vec<Vec<u8>>, Unfit> {
    let mut pieces = Vec::new();
    let take = async |piece| {
        pieces.push(piece);
        ControlFlow::Continue(())
    };
    parts.make(take).now_or_never().unwrap()?;
    Ok(pieces)
}

fn parts(meta: &[u8], content: &[u8], name: &str, version: &str) -> Parts {
    Parts {
        meta: Bytes::copy_from_slice(meta),
        content: Bytes::copy_from_slice(content),
        name: name.to_owned(),
        version: version.to_owned(),
    }
}

/// The whole package; what is said of it beforehand is true.
fn package(meta: &[u8], content: &[u8], name: &str, version: &str) -> Result<Vec<u8>, Unfit> {
    let parts = parts(meta, content, name, version);
    let made = parts.examine().now_or_never().unwrap();
    let package = pieces(&parts).map(|pieces| pieces.concat());
    match (&made, &package) {
        (Ok(made), Ok(package)) => {
            assert_eq!(made.digest, Digest::sha256_of(package));
            assert_eq!(made.size, package.len() as u64);
            assert_eq!(made.metadata, reader::metadata(package).unwrap());
        }
        (made, package) => assert_eq!(made.as_ref().err(), package.as_ref().err()),
    }
    package
}

fn metadata(meta: &[u8], name: &str, version: &str) -> Result<Metadata, Unfit> {
    parts(meta, b"", name, version).metadata()
}

fn files(tgz: &[u8]) -> Vec<(String, String)> {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(tgz)
        .read_to_end(&mut tar)
        .unwrap();
    tar::Archive::new(&tar[..])
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), content)
        })
        .collect()
}

#[test]
fn the_demo_is_the_demo() {
    assert_eq!(META.len(), 210);
    let digest = Digest::sha256_of(META);
    assert!(
        digest.hex().starts_with("c356ec641a69") && digest.hex().ends_with("e13b7"),
        "{digest}"
    );
}

#[test]
fn a_full_chart() {
    let package = package(META, &content(), "mychart", "2.7.0").unwrap();
    let expected = [
        ("mychart/Chart.yaml", &*format!("{CHART}\n")),
        ("mychart/values.yaml", "replicas: 1\n"),
        ("mychart/templates/deployment.yaml", "kind: Deployment\n"),
        ("mychart/.helmignore", "*.tmp\n"),
        ("mychart/requirements.yaml", "dependencies:\n- name: sub\n"),
        (
            "mychart/charts/sub/Chart.yaml",
            "name: sub\nversion: 0.1.0\n",
        ),
        (
            "mychart/charts/sub/templates/service.yaml",
            "kind: Service\n",
        ),
    ]
    .map(|(path, content)| (path.to_owned(), content.to_owned()));
    assert_eq!(files(&package), expected);
    assert_eq!(metadata(META, "mychart", "2.7.0").unwrap().to_json(), CHART);
    // It is a package like any other.
    let read = reader::metadata(&package).unwrap().to_json();
    let depending = format!(
        "{},\"dependencies\":[{{\"name\":\"sub\"}}]}}",
        CHART.strip_suffix('}').unwrap()
    );
    let by_field: Metadata = serde_json::from_str(&depending).unwrap();
    assert_eq!(read, by_field.to_json());
}

/// Pinned: another digest is another file to every client that keeps an index, so whoever changes it must mean to.
#[test]
fn the_same_bytes_for_ever() {
    let package = package(META, &content(), "mychart", "2.7.0").unwrap();
    assert_eq!(
        Digest::sha256_of(&package).to_string(),
        "sha256:13dcb11125b14c630752336e67fa76a46acefe69d574ea69c948e282c9110b35"
    );
    // More than one block of deflate and one piece.
    let files: Vec<_> = (0_u8..5)
        .map(|n| file(&format!("-/files/{n}"), &vec![n; 100_001]))
        .collect();
    let package = super::tests::package(META, &tgz(&files), "mychart", "2.7.0").unwrap();
    assert_eq!(
        Digest::sha256_of(&package).to_string(),
        "sha256:e3ef5228f79b4d48125ba8f828af60dd212dcf9bd94115c4020c4d8ad64f3ecd"
    );
}

#[test]
fn what_is_missing_or_wrong_in_the_metadata() {
    let chart = metadata(b"{}", "a", "1.0.0+b").unwrap();
    assert_eq!(
        chart.to_json(),
        r#"{"apiVersion":"v1","name":"a","version":"1.0.0+b"}"#
    );
    let chart = metadata(br#"{"name":"-","version":"-","keywords":"x"}"#, "a", "v1").unwrap();
    assert_eq!(
        chart.to_json(),
        r#"{"apiVersion":"v1","name":"a","version":"v1","keywords":["x"]}"#
    );
    for (meta, name, version, reason) in [
        ("{}", "-", "1.0.0", "name \"-\" is not allowed"),
        ("{}", "../x", "1.0.0", "name \"../x\" is not allowed"),
        ("{}", "", "1.0.0", "metadata has no name"),
        ("{}", "a", "-", "version \"-\" is not a semantic version"),
        ("{}", "a", "", "metadata has no version"),
        ("[]", "a", "1.0.0", "metadata is not a JSON mapping"),
    ] {
        let refused = package(meta.as_bytes(), &content(), name, version);
        assert_eq!(refused.unwrap_err().to_string(), reason);
        assert_eq!(
            metadata(meta.as_bytes(), name, version)
                .unwrap_err()
                .to_string(),
            reason
        );
    }
}

#[test]
fn hostile_content_is_refused() {
    let link = |kind| vec![entry("-/values.yaml", kind, 0, b"")];
    let many: Vec<_> = (0..10_000).map(|n| file(&format!("-/{n}"), b"")).collect();
    for (entries, reason) in [
        (
            vec![file("/etc/passwd", b"")],
            "archive holds the absolute path \"/etc/passwd\"",
        ),
        (
            vec![file("-/../../x", b"")],
            "archive holds the path \"-/../../x\", which leads out of the chart",
        ),
        (
            link(b'1'),
            "archive holds \"-/values.yaml\", which is neither a file nor a directory",
        ),
        (
            link(b'2'),
            "archive holds \"-/values.yaml\", which is neither a file nor a directory",
        ),
        (many, "archive has more than 5000 entries"),
        (
            vec![entry("-/a", b'0', 1 << 60, b"")],
            "archive holds a file larger than 5242880 bytes",
        ),
        (
            vec![file("-/zeros", &vec![0; 5 << 20]); 4],
            "package would be rebuilt to more than 20971520 bytes for each download",
        ),
    ] {
        assert_eq!(
            package(META, &tgz(&entries), "a", "1.0.0")
                .unwrap_err()
                .to_string(),
            reason
        );
    }
    let content = content();
    for length in 0..content.len() - 30 {
        assert_eq!(
            package(META, &content[..length], "a", "1.0.0"),
            Err(Unfit::NotAnArchive),
            "{length}"
        );
    }
    assert!(package(META, b"", "a", "1.0.0").is_err());
}

#[test]
fn long_paths_stay_whole() {
    let deep = format!("-/{}x.yaml", "templates/".repeat(9));
    let name = "n".repeat(200);
    let package = package(META, &tgz(&[file(&deep, b"x")]), &name, "1.0.0").unwrap();
    let paths: Vec<_> = files(&package).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            format!("{name}/Chart.yaml"),
            format!("{name}{}", deep.strip_prefix('-').unwrap())
        ]
    );
}

/// A Worker has 128 MB: of the largest package, one file is held at a time.
#[test]
fn a_large_chart_comes_in_small_pieces() {
    let content = tgz(&vec![file("-/files/zeros", &vec![0; 5 << 20]); 3]);
    let parts = parts(META, &content, "a", "1.0.0");
    let pieces = pieces(&parts).unwrap();
    let longest = pieces.iter().map(Vec::len).max().unwrap();
    assert!(longest < (5 << 20) + (1 << 17), "{longest}");
    assert!(pieces.len() >= 3);
    let whole: usize = pieces.iter().map(Vec::len).sum();
    assert!(whole > 3 * (5 << 20));
    // Who has enough is asked no more.
    let mut taken = 0;
    let take = async |_| {
        taken += 1;
        ControlFlow::Break(())
    };
    parts.make(take).now_or_never().unwrap().unwrap();
    assert_eq!(taken, 1);
}

/// A few bytes in the registry must not be many for each download: neither unpacked, nor by a long name before each path.
#[test]
fn a_rebuilt_package_has_a_limit_of_its_own() {
    let mut files = vec![file("-/files/zeros", &vec![0; 5 << 20]); 3];
    files.resize(4_990, file("-/x", b""));
    let content = tgz(&files);
    assert!(content.len() < 200 << 10);
    assert!(package(META, &content, "a", "1.0.0").is_ok());
    assert_eq!(
        package(META, &content, &"n".repeat(200), "1.0.0"),
        Err(Unfit::RebuiltTooLarge(MAX_REBUILT))
    );
}

/// What is left out of the package is unpacked all the same.
#[test]
fn content_has_a_limit_whatever_of_it_is_used() {
    let zeros = vec![0; 5 << 20];
    let unused = |times| tgz(&vec![file("-/Chart.yaml", &zeros); times]);
    assert!(package(META, &unused(3), "a", "1.0.0").is_ok());
    assert_eq!(
        package(META, &unused(5), "a", "1.0.0"),
        Err(Unfit::RebuiltTooLarge(MAX_REBUILT))
    );
}
