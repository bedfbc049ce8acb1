//! What went wrong in other registries, tried here. `SECURITY.md` lists all of them.

use http::HeaderName;
use http::header::{HOST, LOCATION, REFERER};
use serde_json::json;

use super::{PRIVATE, READER, Say, World, question, status};
use crate::catalog::ask;
use crate::testing::{Object, request};

const HOOK: (HeaderName, &str) = (http::header::AUTHORIZATION, "Bearer hook");

/// CVE-2019-16097 (Harbor took fields that were not for the caller to set), CVE-2020-13788 and CVE-2026-0600 (Harbor and Nexus
/// called URLs that a caller named): of a notification a repository and a tag are read, and no host that it names is called.
#[test]
fn no_url_of_a_notification_is_followed() {
    let world = World::of(PRIVATE);
    world.say([Say::answer(&ask::refresh::Accepted {
        ticket: ask::Ticket::default(),
        done: false,
        etag: None,
        fault: None,
        unread: None,
    })]);
    let body = json!({
        "has_admin_role": true, "registry": "https://evil.example", "callback": "http://169.254.169.254/",
        "events": [{
            "action": "push", "url": "https://evil.example",
            "request": { "host": "evil.example" },
            "target": { "repository": "charts/a", "tag": "1.0.0", "url": "http://169.254.169.254/v2/charts/a/manifests/x" },
        }],
    });
    let handled = world.send("POST", "/webhook/distribution", &[HOOK], &body.to_string());
    assert_eq!(status(&handled.response), 202);
    let names = vec![("charts/a".to_owned(), Some("1.0.0".to_owned()))];
    assert_eq!(
        world.asked(),
        [question(&ask::Changed::Notified {
            names,
            host: None,
            delivery: None
        })]
    );
    assert_eq!(world.registry.calls(), 0);
}

/// CVE-2024-22244 (Harbor), CVE-2026-14646 (Nexus): whatever a request says, no answer but a download redirects, and that to where the registry says.
#[test]
fn no_request_chooses_where_it_is_redirected() {
    let world = World::of(PRIVATE);
    world.publish_index("", "index");
    world.say([Say::Missing]);
    let hostile = [
        (HOST, "evil.example"),
        (REFERER, "https://evil.example/"),
        READER,
    ];
    for path in [
        "/",
        "/index.yaml",
        "//evil.example/index.yaml",
        "/index.yaml?redirect_url=https://evil.example",
        "/?redirect_url=https://evil.example&return_to=//evil.example",
        "/https://evil.example/index.yaml",
        "/charts/no-1.0.0.tgz?url=https://evil.example",
        "/team-a",
        "/team-a/",
    ] {
        for method in ["GET", "HEAD", "POST"] {
            let answer = world.send(method, path, &hostile, "").response;
            assert!(!answer.headers().contains_key(LOCATION), "{method} {path}");
            assert!(!answer.status().is_redirection(), "{method} {path}");
        }
    }
}

/// CVE-2020-15157 (containerd sent the registry's password to the URLs that a manifest gives for a layer): they are called by nobody, neither when
/// the chart is read nor when it is downloaded.
#[test]
fn no_url_of_a_manifest_is_called() {
    let world = World::of(&[PRIVATE, &[("STREAM_VERIFY", "true")]].concat());
    let layer = |media_type: &str, bytes: String| {
        let size = bytes.len();
        let digest = world.registry.push_blob(bytes);
        json!({
            "mediaType": media_type, "digest": digest, "size": size,
            "urls": ["https://evil.example/blob", "http://169.254.169.254/blob"],
        })
    };
    let metadata = json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    let config = "application/vnd.cncf.helm.config.v1+json";
    let content = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let manifest = json!({
        "schemaVersion": 2,
        "config": layer(config, metadata.to_string()),
        "layers": [layer(content, "the package".to_owned())],
    });
    let image = "application/vnd.oci.image.manifest.v1+json";
    world
        .registry
        .push_manifest("charts/a", "1.0.0", image, manifest.to_string());
    world.pass();
    world.rest();
    let object = Object::new(&world);
    let request = request("GET", "/charts/a-1.0.0.tgz", &[READER], "");
    let handled = world.serve(&world.registry, &object, &world.memory, request);
    assert_eq!(status(&handled.response), 200);
    let log = world.registry.log();
    assert!(log.iter().any(|call| call.url.contains("/blobs/")));
    for call in log {
        let host = call.url.split('/').nth(2);
        assert_eq!(host, Some("registry.example"), "{}", call.url);
    }
}
