use super::*;

/// Each version as its chart and `<name> <version>`.
#[track_caller]
fn read(text: &str) -> Vec<String> {
    let items = items(text).expect("an index");
    let line = |item: &IndexItem<'_>| match item.parse() {
        Ok(listed) => format!(
            "{}: {} {}",
            item.chart,
            listed.metadata.name(),
            listed.metadata.version()
        ),
        Err(unfit) => format!("{}: {unfit}", item.chart),
    };
    items.iter().map(line).collect()
}

/// As `helm repo index` writes it, by way of `sigs.k8s.io/yaml`.
const HELM: &str = r#"apiVersion: v1
entries:
  nginx:
  - annotations:
      artifacthub.io/changes: |
        - kind: added
          description: more

        - kind: fixed
    apiVersion: v2
    created: "2025-11-20T09:00:00.5+01:00"
    description: "a long text: that goes on
      in the next line"
    digest: sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef
    name: nginx
    urls:
    - https://acme.github.io/charts/nginx-1.1.0.tgz
    - nginx-1.1.0.tgz
    version: 1.1.0
  - apiVersion: v2
    name: nginx
    urls:
    - nginx-1.0.0.tgz
    version: 1.0.0
  redis:
  - apiVersion: v1
    dependencies:
    - name: common
      repository: https://other.example
      version: 1.x.x
    name: redis
    version: "2.0"
generated: "2025-11-20T09:00:00Z"
"#;

#[test]
fn as_helm_writes_it() {
    assert_eq!(
        read(HELM),
        [
            "nginx: nginx 1.1.0",
            "nginx: nginx 1.0.0",
            "redis: redis 2.0"
        ]
    );
    let items = items(HELM).unwrap();
    let listed = items[0].parse().unwrap();
    assert_eq!(
        listed.digest.as_deref(),
        Some("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
    );
    assert_eq!(listed.created.as_deref(), Some("2025-11-20T08:00:00Z"));
    assert_eq!(
        listed.urls,
        [
            "https://acme.github.io/charts/nginx-1.1.0.tgz",
            "nginx-1.1.0.tgz"
        ]
    );
    let json = listed.metadata.to_json();
    assert!(json.contains("- kind: fixed"), "{json}");
    assert!(json.contains("that goes on in the next line"), "{json}");
}

#[test]
fn in_other_widths_and_orders() {
    // go-yaml 3, line ends of Windows, comments, a key behind.
    let wide = "# of ours\r\ngenerated: now\r\nentries:\r\n    # charts\r\n    \"nginx\":\r\n        - name: nginx\r\n          version: 1.0.0\r\n        # between\r\n        - version: 2.0.0\r\n          name: nginx\r\n    empty: []\r\napiVersion: v1\r\n";
    assert_eq!(read(wide), ["nginx: nginx 1.0.0", "nginx: nginx 2.0.0"]);
    let dash_alone = "entries:\n  nginx:\n    -\n      name: nginx\n      version: 1.0.0\n";
    assert_eq!(read(dash_alone), ["nginx: nginx 1.0.0"]);
    for empty in [
        "entries: {}\n",
        "apiVersion: v1\nentries:\ngenerated: x\n",
        "{\"entries\": {}}",
        "{\"entries\": {\"a\": null, \"b\": []}}",
    ] {
        assert_eq!(read(empty), Vec::<String>::new(), "{empty}");
    }
}

#[test]
fn in_json() {
    let json = r#"{"apiVersion": "v1", "entries": {"nginx": [{"name": "nginx", "version": "1.0.0", "urls": ["a"]}]}}"#;
    assert_eq!(read(json), ["nginx: nginx 1.0.0"]);
}

#[test]
fn what_is_no_index() {
    for text in [
        "",
        "<!doctype html>\n<html>\n",
        "404: Not Found",
        "{",
        "[]",
        "{\"entries\": []}",
        "{\"errors\": [{\"code\": \"DENIED\"}]}",
        "apiVersion: v1\n",
        "entries: [a]\n",
        "entries: &a {}\nentries: {}\n",
        "entries:\n  nginx: {name: nginx}\n",
        "entries:\n- name: nginx\n  version: 1.0.0\n",
        "entries:\n  - name: nginx\n",
        "entries:\n\tnginx:\n",
        "entries:\n  nginx:\n    name: nginx\n",
    ] {
        assert!(items(text).is_none(), "{text:?}");
    }
}

/// Aliases that multiply, nesting without an end, a version of megabytes: each costs its own version, and nothing else.
#[test]
fn what_is_made_to_cost_is_passed_over() {
    let brackets = "[".repeat(100_000);
    let long = "x".repeat(300 << 10);
    let bomb = (1..9)
        .map(|n| format!("    a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(50)))
        .collect::<Vec<_>>()
        .concat();
    let text = format!(
        "entries:\n  a:\n  - name: a\n    version: 1.0.0\n    keywords: {brackets}\n  - name: a\n    description: {long}\n    version: 1.1.0\n  - a0: &a0 [x]\n{bomb}    name: a\n    version: 1.2.0\n    keywords: *a8\n  - name: a\n    version: 2.0.0\n"
    );
    let read = read(&text);
    assert_eq!(read.len(), 4);
    assert_eq!(read[3], "a: a 2.0.0");
    assert!(
        read[..3]
            .iter()
            .all(|line| line != "a: a 1.0.0" && line != "a: a 1.1.0"),
        "{read:?}"
    );
}
