use proptest::prelude::*;

use super::*;

#[track_caller]
fn names(sender: Sender, body: &str, expected: &[(&str, Option<&str>)]) {
    let read: BTreeSet<Named> = read(sender, body.as_bytes())
        .unwrap()
        .into_values()
        .flatten()
        .collect();
    let read: Vec<(&str, Option<&str>)> = read
        .iter()
        .map(|(name, tag)| (name.as_str(), tag.as_deref()))
        .collect();
    assert_eq!(read, expected);
}

/// What a push of one chart sends, by <https://distribution.github.io/distribution/about/notifications/>: its blobs, pushed
/// or mounted, then its manifest, which alone has a tag.
#[test]
fn distribution() {
    let event = |action: &str, target: &str| {
        format!(
            r#"{{
                "id": "asdf-asdf-asdf-asdf-0", "timestamp": "2006-01-02T15:04:05Z", "action": "{action}", "target": {target},
                "request": {{"id": "asdfasdf", "addr": "client.local", "host": "registrycluster.local", "method": "PUT", "useragent": "test/0.1"}},
                "actor": {{"name": "test-actor"}}, "source": {{"addr": "hostname.local:port"}}
            }}"#
        )
    };
    let blob = r#"{
        "mediaType": "application/octet-stream", "digest": "sha256:c3b3692957d439ac1928219a83fac91e7bf96c153725526874673ae1f2023f8d",
        "size": 2, "length": 2, "repository": "library/test", "url": "https://example.com/v2/library/test/blobs/sha256:c3b3"
    }"#;
    let manifest = r#"{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf", "size": 708, "length": 708,
        "repository": "library/test", "url": "https://example.com/v2/library/test/manifests/sha256:fea8", "tag": "1.0.0"
    }"#;
    let pushed = [
        event("push", blob),
        event("mount", blob),
        event("pull", manifest),
    ]
    .join(",");
    names(
        Sender::Distribution,
        &format!(r#"{{"events": [{pushed}]}}"#),
        &[],
    );
    let whole = format!(r#"{{"events": [{pushed}, {}]}}"#, event("push", manifest));
    names(
        Sender::Distribution,
        &whole,
        &[("library/test", Some("1.0.0"))],
    );
    // Of what is deleted, a manifest's digest, a tag, or the repository alone is told ("notifications/bridge.go" of 3.0).
    let digest = r#"{"digest": "sha256:d89e1bee20d9cb344674e213b581f14fbd8e70274ecf9d10c514bab78a307845", "repository": "library/test"}"#;
    let deleted = [
        event("delete", digest),
        event(
            "delete",
            r#"{"repository": "library/test", "tag": "2.0.0"}"#,
        ),
        event("delete", r#"{"repository": "library/gone"}"#),
        event("delete", "{}"),
        r#"{"action": "delete"}"#.to_owned(),
    ]
    .join(",");
    names(
        Sender::Distribution,
        &format!(r#"{{"events": [{deleted}]}}"#),
        &[
            ("library/gone", None),
            ("library/test", None),
            ("library/test", Some("2.0.0")),
        ],
    );
    names(Sender::Distribution, r#"{"events": []}"#, &[]);
}

/// <https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/>, "Payload Format".
#[test]
fn harbor() {
    let default = |kind: &str| {
        format!(
            r#"{{
                "type": "{kind}", "occur_at": 1680501893, "operator": "harbor-jobservice",
                "event_data": {{
                    "resources": [{{
                        "digest": "sha256:954b378c375d852eb3c63ab88978f640b4348b01c1b3456a024a81536dafbbf4",
                        "tag": "1.2.3", "resource_url": "harbor.example/charts/nginx:1.2.3"
                    }}],
                    "repository": {{
                        "date_created": 1680501430, "name": "nginx", "namespace": "charts",
                        "repo_full_name": "charts/nginx", "repo_type": "private"
                    }}
                }}
            }}"#
        )
    };
    names(
        Sender::Harbor,
        &default("PUSH_ARTIFACT"),
        &[("charts/nginx", Some("1.2.3"))],
    );
    names(
        Sender::Harbor,
        &default("DELETE_ARTIFACT"),
        &[("charts/nginx", Some("1.2.3"))],
    );
    names(Sender::Harbor, &default("PULL_ARTIFACT"), &[]);
    names(Sender::Harbor, &default("SCANNING_COMPLETED"), &[]);
    names(
        Sender::Harbor,
        r#"{
            "specversion": "1.0", "id": "66a8a2b3", "requestid": "4fa42d5c", "source": "/projects/1/webhook/policies/1",
            "type": "harbor.artifact.pushed", "datacontenttype": "application/json", "time": "2023-04-03T06:04:53Z",
            "data": {
                "resources": [{"digest": "sha256:95", "tag": "", "resource_url": "harbor.example/charts/nginx"}],
                "repository": {"name": "nginx", "namespace": "charts", "repo_full_name": "charts/nginx", "repo_type": "private"}
            },
            "operator": "admin"
        }"#,
        &[("charts/nginx", None)],
    );
    names(
        Sender::Harbor,
        r#"{"type": "PUSH_ARTIFACT", "event_data": {"repository": {"repo_full_name": "a/b"}}}"#,
        &[("a/b", None)],
    );
    names(
        Sender::Harbor,
        r#"{"type": "PUSH_ARTIFACT", "event_data": {}}"#,
        &[],
    );
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#package> and `#registry_package`, with what its examples
/// (`package/published.*.payload.json` of <https://github.com/octokit/webhooks>) have: a namespace that may go on with the
/// source's repository, a version that may be null, an empty tag.
#[test]
fn github() {
    let event = |key: &str, kind: &str| {
        format!(
            r#"{{
                "action": "published",
                "{key}": {{
                    "id": 1234, "name": "charts/nginx", "namespace": "Acme/web", "ecosystem": "CONTAINER", "package_type": "{kind}",
                    "owner": {{"login": "Acme", "type": "Organization"}},
                    "package_version": {{
                        "id": 5678, "version": "sha256:15bb8d7c", "name": "sha256:15bb8d7c",
                        "container_metadata": {{
                            "tag": {{"name": "1.2.3_build.5", "digest": "sha256:15bb8d7c"}},
                            "labels": {{}}, "manifest": {{}}
                        }},
                        "package_url": "ghcr.io/acme/charts/nginx:1.2.3_build.5"
                    }},
                    "registry": {{"url": "https://ghcr.io/acme"}}
                }},
                "organization": {{"login": "Acme"}}, "sender": {{"login": "octocat"}}
            }}"#
        )
    };
    let expected = [("acme/charts/nginx", Some("1.2.3_build.5"))];
    names(Sender::GitHub, &event("package", "CONTAINER"), &expected);
    names(
        Sender::GitHub,
        &event("registry_package", "container"),
        &expected,
    );
    names(Sender::GitHub, &event("package", "npm"), &[]);
    names(
        Sender::GitHub,
        r#"{"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {}}"#,
        &[],
    );
    names(
        Sender::GitHub,
        r#"{"package": {"name": "nginx", "namespace": "acme", "package_version": {"container_metadata": {"tag": {"name": ""}}}}}"#,
        &[("acme/nginx", None)],
    );
    names(
        Sender::GitHub,
        r#"{"action": "published", "package": {"name": "nginx", "owner": {"login": "Acme"}, "package_type": "CONTAINER", "package_version": null}}"#,
        &[("acme/nginx", None)],
    );
    names(Sender::GitHub, r#"{"package": {"name": "nginx"}}"#, &[]);
}

#[test]
fn what_is_no_notification_is_refused() {
    let refused = Err(Error::BadRequest(
        "the body is no notification of this kind",
    ));
    for sender in [Sender::Distribution, Sender::Harbor, Sender::GitHub] {
        for body in ["", "{", "7", "null", "\u{0}", "payload=%7B%7D"] {
            assert_eq!(read(sender, body.as_bytes()), refused, "{sender:?} {body}");
        }
    }
    assert_eq!(read(Sender::Distribution, b"{}"), refused);
    assert_eq!(read(Sender::Distribution, br#"{"events": 1}"#), refused);
    assert_eq!(
        read(Sender::Harbor, br#"{"type": "PUSH_ARTIFACT"}"#),
        refused
    );
    assert_eq!(
        read(Sender::GitHub, br#"{"package": {"name": 1}}"#),
        refused
    );
}

#[test]
fn a_flood_of_names_is_cut() {
    let events: Vec<String> = (0..NAMES + 5)
        .map(|n| format!(r#"{{"action":"delete","target":{{"repository":"a/{n}"}}}}"#))
        .collect();
    let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
    let read = read(Sender::Distribution, body.as_bytes()).unwrap();
    assert_eq!(read.values().map(BTreeSet::len).sum::<usize>(), NAMES);
}

/// Of several registries only the one that sent it is asked.
#[test]
fn each_tells_which_registry_it_is_of() {
    for (sender, body, host) in [
        (
            Sender::Distribution,
            r#"{"events": [{"action": "push", "target": {"repository": "a/b", "tag": "1"}, "request": {"host": "registry.example:5000"}}]}"#,
            Some("registry.example:5000"),
        ),
        (
            Sender::Distribution,
            r#"{"events": [{"action": "push", "target": {"repository": "a/b", "tag": "1"}}]}"#,
            None,
        ),
        (
            Sender::Harbor,
            r#"{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "1", "resource_url": "harbor.example/a/b:1"}], "repository": {"repo_full_name": "a/b"}}}"#,
            Some("harbor.example"),
        ),
        (
            Sender::Harbor,
            r#"{"type": "PUSH_ARTIFACT", "event_data": {"repository": {"repo_full_name": "a/b"}}}"#,
            None,
        ),
        (
            Sender::GitHub,
            r#"{"package": {"name": "b", "namespace": "a"}}"#,
            Some("ghcr.io"),
        ),
    ] {
        let read = read(sender, body.as_bytes()).unwrap();
        let hosts: Vec<Option<&str>> = read.keys().map(Option::as_deref).collect();
        assert_eq!(hosts, [host], "{body}");
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        for sender in [Sender::Distribution, Sender::Harbor, Sender::GitHub] {
            let _ = read(sender, &body);
        }
    }
}

/// The name of a delivery is not signed: one that was overheard could be sent again and again under others.
#[test]
fn a_delivery_is_known_by_its_signature() {
    let mut headers = HeaderMap::new();
    headers.insert("x-github-delivery", "72d3162e-cc78".parse().unwrap());
    assert_eq!(delivery(&headers), None);
    for shown in ["sha256=00ab", "sha256=00AB"] {
        headers.insert("X-Hub-Signature-256", shown.parse().unwrap());
        assert_eq!(delivery(&headers).as_deref(), Some("00ab"));
    }
}
