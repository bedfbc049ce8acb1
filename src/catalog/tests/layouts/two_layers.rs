//! V1 to V3: metadata and content in layers of their own, rebuilt to one package.

use super::*;
use crate::chart::rebuild::Parts;

/// V1 to V3 differ in media types, names of annotations, titles and the placeholder for `Chart.yaml`.
pub(super) struct TwoLayers {
    config: &'static str,
    meta: &'static str,
    content: &'static str,
    annotations: &'static str,
    titles: [&'static str; 2],
    placeholder: &'static [u8],
}

pub(super) const DEMO: TwoLayers = TwoLayers {
    config: IMAGE_CONFIG,
    meta: "application/vnd.cncf.helm.chart.meta.v1+json",
    content: "application/vnd.cncf.helm.chart.content.v1+tar",
    annotations: "chart",
    titles: ["meta.json", "content.tgz"],
    placeholder: b"name: '-'\nversion: '-'\n",
};

const ALPHA_1: TwoLayers = TwoLayers {
    annotations: "sh.helm.chart",
    titles: ["chart-meta.json", "chart-content.tgz"],
    placeholder: b"apiVersion: v1\nname: '-'\nversion: 0.1.0\n",
    ..DEMO
};

const ALPHA_2: TwoLayers = TwoLayers {
    config: HELM_CONFIG,
    meta: "application/vnd.cncf.helm.chart.meta.layer.v1+json",
    content: "application/vnd.cncf.helm.chart.content.layer.v1+tar",
    ..ALPHA_1
};

impl TwoLayers {
    const META: &[u8] = br#"{"home":"https://hub.helm.sh","description":"This is my chart... that is all","keywords":["mychart","itismine"],"icon":"https://hub.helm.sh/assets/images/placeholder.png","apiVersion":"v1","appVersion":"1.1.0"}"#;

    fn content(&self) -> Vec<u8> {
        package(&[
            ("-/Chart.yaml", self.placeholder),
            ("-/values.yaml", b"replicas: 1\n"),
            ("-/templates/deployment.yaml", b"kind: Deployment\n"),
            (
                "-/requirements.yaml",
                b"dependencies:\n- name: sub\n  version: 0.1.0\n  repository: ''\n",
            ),
            (
                "-/charts/sub/Chart.yaml",
                b"apiVersion: v1\nname: sub\nversion: 0.1.0\n",
            ),
        ])
    }

    /// As the tool pushed it, or (`swapped`) with its layers in the other order.
    pub(super) fn push(
        &self,
        world: &World,
        repository: &str,
        tag: &str,
        version: &str,
        swapped: bool,
    ) {
        let title = "org.opencontainers.image.title";
        let (name_key, version_key) = (
            format!("{}.name", self.annotations),
            format!("{}.version", self.annotations),
        );
        let meta = annotated(
            blob(world, self.meta, Self::META),
            &[(title, self.titles[0])],
        );
        let content = annotated(
            blob(world, self.content, &self.content()),
            &[
                (title, self.titles[1]),
                (&name_key, "mychart"),
                (&version_key, version),
            ],
        );
        let layers = if swapped {
            [content, meta]
        } else {
            [meta, content]
        };
        push(
            world,
            repository,
            tag,
            &manifest(&blob(world, self.config, b"{}"), &layers),
        );
    }
}

#[test]
fn v1_to_v3_two_layers_are_rebuilt() {
    for layout in [DEMO, ALPHA_1, ALPHA_2] {
        for swapped in [false, true] {
            let world = World::new();
            layout.push(&world, "charts/demo", "latest", "2.7.0", swapped);
            world.pass();
            let content = layout.content();
            let rebuilt = crate::testing::rebuilt(&Parts {
                meta: bytes::Bytes::from_static(TwoLayers::META),
                content: content.clone().into(),
                name: "mychart".to_owned(),
                version: "2.7.0".to_owned(),
            });
            let metadata = json!({
                "apiVersion": "v1", "name": "mychart", "version": "2.7.0", "appVersion": "1.1.0",
                "description": "This is my chart... that is all", "keywords": ["mychart", "itismine"],
                "home": "https://hub.helm.sh", "icon": "https://hub.helm.sh/assets/images/placeholder.png",
                "dependencies": [{"name": "sub", "version": "0.1.0", "repository": ""}],
            });
            let file = "mychart-2.7.0.tgz";
            assert_eq!(entry(&world, "mychart"), listed(metadata, file, &rebuilt));
            let origin = Origin::Rebuilt {
                meta: Blob {
                    digest: Digest::sha256_of(TwoLayers::META),
                    size: 210,
                },
                content: Blob {
                    digest: Digest::sha256_of(&content),
                    size: content.len() as u64,
                },
                name: "mychart".to_owned(),
                version: "2.7.0".to_owned(),
            };
            assert_eq!(
                offer(&world, file),
                Candidate {
                    origin,
                    ..stored("charts/demo", &rebuilt, None)
                }
            );
            assert_eq!(
                world.registry.calls_to("GET "),
                1 + 1 + 3,
                "two lists, manifest, two layers"
            );
            assert_eq!(passed_over(&world), [""; 0]);
        }
    }
}

#[test]
fn two_layers_that_make_no_chart_are_passed_over() {
    let world = World::new();
    DEMO.push(&world, "charts/demo", "1", "latest", false);
    let broken = package(&[("-/../../x", b"")]);
    let annotations = [("chart.name", "mychart"), ("chart.version", "1.0.0")];
    let meta = blob(&world, DEMO.meta, b"{}");
    let config = blob(&world, IMAGE_CONFIG, b"{}");
    for (tag, content) in [("2", broken.as_slice()), ("3", b"no archive")] {
        let content = annotated(blob(&world, DEMO.content, content), &annotations);
        push(
            &world,
            "charts/demo",
            tag,
            &manifest(&config, &[meta.clone(), content]),
        );
    }
    let unnamed = blob(&world, DEMO.content, &DEMO.content());
    push(
        &world,
        "charts/demo",
        "4",
        &manifest(&config, &[meta.clone(), unnamed.clone()]),
    );
    push(&world, "charts/demo", "5", &manifest(&config, &[meta]));
    push(&world, "charts/demo", "6", &manifest(&config, &[unnamed]));
    DEMO.push(&world, "charts/demo", "7", "7.0.0", false);
    world.pass();
    assert_eq!(world.versions(""), ["mychart 7.0.0"]);
    assert_eq!(
        passed_over(&world),
        [
            "charts/demo 1: version \"latest\" is not a semantic version",
            "charts/demo 2: archive holds the path \"-/../../x\", which leads out of the chart",
            "charts/demo 3: package is not an intact gzip-compressed tar archive",
            "charts/demo 4: two-layer chart without its name and version",
            "charts/demo 5: chart metadata without its content",
            "charts/demo 6: chart content without its metadata",
        ]
    );
}
