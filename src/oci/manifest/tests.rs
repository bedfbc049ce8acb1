use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::oci::manifest::Platform;

const OCI_IMAGE: &str = IMAGE_TYPES[0];
const DOCKER_IMAGE: &str = IMAGE_TYPES[1];
const OCI_INDEX: &str = INDEX_TYPES[0];
const DOCKER_LIST: &str = INDEX_TYPES[1];

fn descriptor(media_type: &str) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256_of(b"{}"), "size": 2})
}

fn image() -> Value {
    json!({"schemaVersion": 2, "config": descriptor("c"), "layers": [descriptor("a"), descriptor("b")]})
}

fn index() -> Value {
    json!({"schemaVersion": 2, "manifests": [descriptor(OCI_IMAGE)]})
}

fn with(mut document: Value, key: &str, value: Value) -> Value {
    document[key] = value;
    document
}

#[track_caller]
fn parse(document: &Value, content_type: Option<&str>) -> Manifest {
    Manifest::parse(document.to_string().as_bytes(), content_type).unwrap()
}

#[track_caller]
fn refuses(document: &Value, content_type: Option<&str>, message: &str) {
    let error = Manifest::parse(document.to_string().as_bytes(), content_type).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("not a manifest: {message}"),
        "{document} {content_type:?}"
    );
}

#[test]
fn as_helm_writes_it() {
    let document = with(
        image(),
        "annotations",
        json!({"org.opencontainers.image.title": "nginx", "odd": 7, "null": null}),
    );
    let Manifest::Image(manifest) = parse(&document, Some(OCI_IMAGE)) else {
        panic!("an image")
    };
    assert_eq!(manifest.config.media_type, "c");
    assert_eq!(
        manifest
            .layers
            .iter()
            .map(|layer| layer.media_type.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(
        (
            manifest.layers[0].size,
            manifest.layers[0].digest.verify(b"{}")
        ),
        (2, true)
    );
    let annotations = BTreeMap::from([(
        "org.opencontainers.image.title".to_owned(),
        "nginx".to_owned(),
    )]);
    assert_eq!(manifest.annotations, annotations);
    assert_eq!(manifest.artifact_type, None);
}

#[test]
fn the_shape_decides() {
    let image_types = [
        None,
        Some(OCI_IMAGE),
        Some(DOCKER_IMAGE),
        Some("application/json"),
        Some("text/plain; charset=utf-8"),
        Some(""),
        Some("Application/VND.oci.image.manifest.v1+json; charset=utf-8"),
        Some("application/x-unheard-of"),
    ];
    for content_type in image_types {
        assert!(
            matches!(parse(&image(), content_type), Manifest::Image(_)),
            "{content_type:?}"
        );
    }
    for content_type in [
        None,
        Some(OCI_INDEX),
        Some(DOCKER_LIST),
        Some("application/octet-stream"),
    ] {
        assert!(
            matches!(parse(&index(), content_type), Manifest::Index(_)),
            "{content_type:?}"
        );
    }
    assert!(matches!(
        parse(
            &with(image(), "mediaType", json!(DOCKER_IMAGE)),
            Some(DOCKER_IMAGE)
        ),
        Manifest::Image(_)
    ));
    assert!(matches!(
        parse(&with(image(), "mediaType", json!(OCI_IMAGE)), None),
        Manifest::Image(_)
    ));
}

#[test]
fn lenient_where_nothing_is_at_stake() {
    let nulls = with(
        with(
            with(image(), "layers", json!(null)),
            "annotations",
            json!(null),
        ),
        "manifests",
        json!(null),
    );
    let Manifest::Image(manifest) = parse(&nulls, None) else {
        panic!("an image")
    };
    assert!(manifest.layers.is_empty());
    let bare = json!({"config": {"digest": Digest::sha256_of(b""), "size": 0, "urls": ["https://evil.example"], "x": 1}});
    let Manifest::Image(manifest) = parse(&bare, None) else {
        panic!("an image")
    };
    assert_eq!(manifest.config.media_type, "");
}

#[test]
fn indexes_keep_what_tells_their_children_apart() {
    let children = json!([
        with(
            with(
                descriptor(OCI_IMAGE),
                "platform",
                json!({"os": "unknown", "architecture": "unknown"})
            ),
            "artifactType",
            json!("t")
        ),
        descriptor(OCI_IMAGE),
    ]);
    let Manifest::Index(index) = parse(&with(index(), "manifests", children), None) else {
        panic!("an index")
    };
    let unknown = || "unknown".to_owned();
    assert_eq!(
        index.manifests[0].platform,
        Some(Platform {
            os: unknown(),
            architecture: unknown()
        })
    );
    assert_eq!(index.manifests[0].artifact_type.as_deref(), Some("t"));
    assert_eq!(index.manifests[1].platform, None);
}

/// CVE-2021-41190: a document that one reader takes for an image and the next one for an index.
#[test]
fn two_things_at_once() {
    let both = "both an index and an image";
    refuses(&with(image(), "manifests", json!([])), None, both);
    refuses(&with(index(), "layers", json!([])), Some(OCI_INDEX), both);
    refuses(
        &with(index(), "config", descriptor("c")),
        Some(OCI_INDEX),
        both,
    );
    let types = "its media type is not its content type";
    refuses(
        &with(image(), "mediaType", json!(OCI_IMAGE)),
        Some(DOCKER_IMAGE),
        types,
    );
    refuses(
        &with(image(), "mediaType", json!(OCI_IMAGE)),
        Some(OCI_INDEX),
        types,
    );
    let shape = "its shape is not that of its media type";
    refuses(&image(), Some(OCI_INDEX), shape);
    refuses(&image(), Some(DOCKER_LIST), shape);
    refuses(&index(), Some(OCI_IMAGE), shape);
    refuses(
        &with(index(), "mediaType", json!(DOCKER_IMAGE)),
        None,
        shape,
    );
}

#[test]
fn no_manifests() {
    refuses(&json!({}), None, "neither an index nor an image");
    // Docker schema 1.
    refuses(
        &json!({"schemaVersion": 1, "fsLayers": []}),
        None,
        "neither an index nor an image",
    );
    // The OCI artifact manifest that was withdrawn.
    refuses(&json!({"blobs": []}), None, "neither an index nor an image");
    refuses(&json!({"layers": []}), None, "a malformed image manifest");
    refuses(
        &with(image(), "layers", json!({})),
        None,
        "a malformed image manifest",
    );
    refuses(
        &with(image(), "layers", json!([null])),
        None,
        "a malformed image manifest",
    );
    refuses(
        &with(image(), "config", with(descriptor("c"), "size", json!(-1))),
        None,
        "a malformed image manifest",
    );
    refuses(
        &with(
            image(),
            "config",
            with(descriptor("c"), "digest", json!("sha256:../..")),
        ),
        None,
        "a malformed image manifest",
    );
    refuses(&json!({"manifests": 7}), None, "a malformed index");
    for bytes in [
        "",
        "[]",
        "null",
        "<html>",
        "{",
        r#"{"mediaType":7,"layers":[]}"#,
        r#"{"layers":[],"layers":[]}"#,
    ] {
        let error = Manifest::parse(bytes.as_bytes(), None).unwrap_err();
        assert_eq!(
            error,
            Invalid::Manifest("not a JSON object of its shape"),
            "{bytes}"
        );
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), content_type in "\\PC*") {
        let _ = Manifest::parse(&bytes, Some(&content_type));
    }

    #[test]
    fn never_panics_on_pieces(pieces in proptest::collection::vec("(\"config\"|\"layers\"|\"manifests\"|\"mediaType\"|[{}:,]|\\[|\\]|null|1|\"x\")", 0..30)) {
        let _ = Manifest::parse(pieces.concat().as_bytes(), None);
    }
}
