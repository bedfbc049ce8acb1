//! The registry that the frozen tables were read from. Never changed: the tables name its digests.

use crate::oci::Digest;
use crate::testing::FakeRegistry;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.config.v1+json";
const HELM: &str = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const META: &str = "application/vnd.cncf.helm.chart.meta.v1+json";
const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1+tar";

/// A descriptor of `bytes`, which are pushed.
fn blob(registry: &FakeRegistry, media_type: &str, bytes: &[u8], annotations: &str) -> String {
    let digest = registry.push_blob(bytes.to_vec());
    let size = bytes.len();
    format!(
        r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size},"annotations":{{{annotations}}}}}"#
    )
}

/// A manifest, which nothing names yet.
fn manifest(
    registry: &FakeRegistry,
    repository: &str,
    config: &str,
    layers: &[String],
    created: &str,
) -> Digest {
    let layers = layers.join(",");
    let text = format!(
        r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}],"annotations":{{{created}}}}}"#
    );
    registry.push_untagged(repository, MANIFEST, text)
}

/// A chart in its own package, with further metadata and perhaps provenance.
fn chart(
    registry: &FakeRegistry,
    repository: &str,
    [name, version]: [&str; 2],
    package: &str,
    more: &str,
    provenance: Option<&str>,
) -> Digest {
    let config = format!(r#"{{"apiVersion":"v2","name":"{name}","version":"{version}"{more}}}"#);
    let config = blob(registry, HELM, config.as_bytes(), "");
    let mut layers = vec![blob(registry, PACKAGE, package.as_bytes(), "")];
    layers.extend(provenance.map(|text| blob(registry, PROVENANCE, text.as_bytes(), "")));
    let created = r#""org.opencontainers.image.created":"2025-10-01T12:00:00Z""#;
    manifest(registry, repository, &config, &layers, created)
}

/// What is there from the beginning: every kind of row.
pub(super) fn fill(registry: &FakeRegistry) {
    // Stored, with provenance, all kinds of metadata, a signature of it, and a tag that moves.
    let more = r#","appVersion":"1.2","description":"Text with \"quotes\" and 'others', ü and\na line.","kubeVersion":">=1.20.0-0","keywords":["one","two"],"maintainers":[{"name":"Ann","email":"ann@example.com"}],"annotations":{"category":"Test"},"dependencies":[{"name":"sub","version":"0.1.0","repository":"https://charts.example"}]"#;
    let a = ["a", "1.0.0"];
    let signed = chart(
        registry,
        "charts/a",
        a,
        "package of a",
        more,
        Some("signed"),
    );
    registry.tag("charts/a", "1.0.0", &signed);
    registry.tag("charts/a", "latest", &signed);
    let signature = signed.to_string().replace(':', "-") + ".sig";
    registry.tag("charts/a", &signature, &signed);
    let plus = chart(
        registry,
        "charts/a",
        ["a", "1.1.0+build.1"],
        "package of a+",
        "",
        None,
    );
    registry.tag("charts/a", "1.1.0_build.1", &plus);
    // No chart: skipped.
    let config = blob(registry, IMAGE, br#"{"os":"linux"}"#, "");
    let image = manifest(registry, "charts/a", &config, &[], "");
    registry.tag("charts/a", "0.1.0", &image);
    // The same file in another repository, in a space: shadowed.
    let other = chart(registry, "charts/team/a", a, "other package of a", "", None);
    registry.tag("charts/team/a", "1.0.0", &other);
    // In a space alone.
    let alone = chart(
        registry,
        "charts/team/b",
        ["b", "2.0.0-rc.1"],
        "package of b",
        "",
        None,
    );
    registry.tag("charts/team/b", "2.0.0-rc.1", &alone);
    // Metadata and content in layers of their own, as the first tools pushed them.
    let meta = blob(
        registry,
        META,
        br#"{"apiVersion":"v1","description":"In two layers"}"#,
        "",
    );
    let names = r#""chart.name":"two","chart.version":"0.3.0""#;
    let content = blob(registry, CONTENT, include_bytes!("content.tgz"), names);
    let config = blob(registry, IMAGE, b"{}", "");
    let two = manifest(registry, "charts/two", &config, &[meta, content], "");
    registry.tag("charts/two", "latest", &two);
    // A chart beside an image in an index.
    let inner = chart(
        registry,
        "charts/index",
        ["inner", "3.0.0"],
        "package of inner",
        "",
        None,
    );
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{MANIFEST}","digest":"{image}","size":1,"platform":{{"os":"linux","architecture":"amd64"}}}},{{"mediaType":"{MANIFEST}","digest":"{inner}","size":1}}]}}"#
    );
    registry.push_manifest("charts/index", "3.0.0", INDEX, index);
    // A chart under a tag that moves.
    let first = chart(
        registry,
        "charts/moving",
        ["moving", "1.0.0"],
        "first package of moving",
        "",
        None,
    );
    registry.tag("charts/moving", "latest", &first);
}

/// Other bytes under the same file name: the first ones are superseded.
pub(super) fn overwrite(registry: &FakeRegistry) {
    let second = chart(
        registry,
        "charts/moving",
        ["moving", "1.0.0"],
        "second package of moving",
        "",
        None,
    );
    registry.tag("charts/moving", "latest", &second);
}

/// A repository whose tag list has a second page.
pub(super) fn long_list(registry: &FakeRegistry) {
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        let digest = chart(
            registry,
            "charts/long",
            ["long", version],
            version,
            "",
            None,
        );
        registry.tag("charts/long", version, &digest);
    }
    registry.set_page_size(Some(2));
}
