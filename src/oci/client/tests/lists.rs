use std::collections::BTreeSet;

use crate::oci::{Kind, Next};
use crate::testing::LinkStyle;

use super::*;

/// All tags of `acme/nginx`, how many calls that took, and whether the list is complete.
fn all_tags(bench: &Bench) -> (Vec<String>, usize, bool) {
    let client = bench.client();
    let repository = name("acme/nginx");
    let before = bench.registry.calls();
    let (mut names, mut next, mut complete) = (Vec::new(), None::<Next>, true);
    loop {
        let Listing::Page(page) = done(client.tags(&repository, next.as_ref(), None)).unwrap()
        else {
            panic!("no validator was sent")
        };
        names.extend(page.names);
        complete &= page.complete;
        next = page.next;
        if next.is_none() {
            return (names, bench.registry.calls() - before, complete);
        }
        assert!(bench.registry.calls() - before < 50, "an endless list");
    }
}

fn with_tags(count: usize) -> (Bench, Vec<String>) {
    let bench = Bench::new(Credentials::Anonymous);
    let mut tags = BTreeSet::from(["1.0.0".to_owned()]);
    for n in 1..count {
        let version = format!("1.{n}.0+b");
        bench.registry.push_version("acme/nginx", "nginx", &version);
        tags.insert(version.replace('+', "_"));
    }
    (bench, tags.into_iter().collect())
}

#[test]
fn everything_at_once() {
    let (bench, tags) = with_tags(7);
    assert_eq!(all_tags(&bench), (tags, 1, true));
}

#[test]
fn pages_by_every_kind_of_link() {
    for (style, calls) in [
        (LinkStyle::Relative, 4),
        (LinkStyle::Absolute, 4),
        (LinkStyle::WrongPath, 4),
        // One more, which is empty and links to the start.
        (LinkStyle::Unbracketed, 5),
    ] {
        let (bench, tags) = with_tags(7);
        bench.registry.set_page_size(Some(2));
        bench.registry.set_link_style(style);
        assert_eq!(all_tags(&bench), (tags, calls, true), "{style:?}");
    }
}

#[test]
fn links_that_cannot_be_followed_leave_the_list_incomplete() {
    for style in [
        LinkStyle::Foreign,
        LinkStyle::Circular,
        LinkStyle::Malformed,
    ] {
        let (bench, tags) = with_tags(7);
        bench.registry.set_page_size(Some(2));
        bench.registry.set_link_style(style);
        assert_eq!(
            all_tags(&bench),
            (tags[..2].to_vec(), 1, false),
            "{style:?}"
        );
        assert_eq!(bench.registry.calls_to("evil.example"), 0);
    }
}

#[test]
fn repositories() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.push_version("acme/redis", "redis", "1.0.0");
    bench.registry.set_page_size(Some(1));
    let client = bench.client();
    let first = done(client.repositories(None)).unwrap();
    assert_eq!(
        (first.names, first.complete),
        (vec!["acme/nginx".to_owned()], true)
    );
    // A place can be kept, as text.
    let next: Next =
        serde_json::from_str(&serde_json::to_string(&first.next.unwrap()).unwrap()).unwrap();
    let second = done(client.repositories(Some(&next))).unwrap();
    assert_eq!(
        (second.names, second.next),
        (vec!["acme/redis".to_owned()], None)
    );
    assert_eq!(
        bench.sent(),
        [
            "GET /v2/_catalog?n=1000",
            "GET /v2/_catalog?last=acme%2Fnginx&n=1000"
        ]
    );
}

#[test]
fn a_page_that_is_too_large_is_asked_for_smaller_and_then_always() {
    for refusal in [
        Fault::error(400, "PAGINATION_NUMBER_INVALID", ""),
        Fault::error(405, "UNSUPPORTED", ""),
    ] {
        let bench = Bench::new(Credentials::Anonymous);
        bench.registry.inject("n=1000", None, refusal);
        let client = bench.client();
        done(client.repositories(None)).unwrap();
        done(client.tags(&name("acme/nginx"), None, None)).unwrap();
        assert_eq!(
            bench.sent(),
            [
                "GET /v2/_catalog?n=1000",
                "GET /v2/_catalog?n=100",
                "GET /v2/acme/nginx/tags/list?n=100"
            ]
        );
    }
}

/// distribution 3 that is set to fifty (`catalog: maxentries`).
#[test]
fn a_registry_that_refuses_small_pages_too_gives_what_it_likes() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.push_version("acme/redis", "redis", "1.0.0");
    bench.registry.set_page_size(Some(1));
    bench.registry.set_largest_n(Some(50));
    let client = bench.client();
    let first = done(client.repositories(None)).unwrap();
    let second = done(client.repositories(first.next.as_ref())).unwrap();
    assert_eq!(
        [first.names, second.names].concat(),
        ["acme/nginx", "acme/redis"]
    );
    assert!(second.complete && second.next.is_none());
    assert_eq!(
        bench.sent()[..3],
        [
            "GET /v2/_catalog?n=1000",
            "GET /v2/_catalog?n=100",
            "GET /v2/_catalog"
        ]
    );
    // What is refused without a number too is refused.
    let refusal = Fault::error(400, "UNSUPPORTED", "");
    bench.registry.inject("_catalog", None, refusal);
    let error = done(bench.client().repositories(None)).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert_eq!(bench.registry.calls(), 3);
}

#[test]
fn a_registry_without_a_catalog() {
    for (status, kind) in [
        (404, Kind::NotFound),
        (405, Kind::Unsupported),
        (401, Kind::Denied(401)),
    ] {
        let bench = Bench::new(Credentials::Anonymous);
        bench
            .registry
            .inject("_catalog", None, Fault::status(status));
        assert_eq!(
            done(bench.client().repositories(None)).unwrap_err().kind(),
            kind
        );
    }
}

#[test]
fn an_unchanged_list_is_recognised() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_tag_list_etags(true);
    let client = bench.client();
    let repository = name("acme/nginx");
    let Listing::Page(page) = done(client.tags(&repository, None, None)).unwrap() else {
        panic!("a page")
    };
    let etag = page.etag.unwrap();
    assert_eq!(
        done(client.tags(&repository, None, Some(&etag))).unwrap(),
        Listing::Unchanged
    );
    bench.registry.push_version("acme/nginx", "nginx", "2.0.0");
    let Listing::Page(page) = done(client.tags(&repository, None, Some(&etag))).unwrap() else {
        panic!("a page")
    };
    assert_eq!(page.names, ["1.0.0", "2.0.0"]);
    // A 304 that nobody asked for is no answer.
    bench.registry.inject("tags/list", None, Fault::status(304));
    assert_eq!(
        done(client.tags(&repository, None, None))
            .unwrap_err()
            .kind(),
        Kind::Garbage
    );
}

#[test]
fn what_registries_put_into_lists() {
    for (body, expected) in [
        (
            r#"{"name":"acme/nginx","tags":["a","b"]}"#,
            Some(vec!["a", "b"]),
        ),
        // distribution after the last manifest was deleted.
        (r#"{"name":"acme/nginx","tags":null}"#, Some(vec![])),
        (r#"{"name":"acme/nginx"}"#, Some(vec![])),
        (r#"{"tags":[]}"#, Some(vec![])),
        // Nexus (skopeo#2409).
        (r#"{"tags":[null,"a",null]}"#, Some(vec!["a"])),
        (r#"{"tags":["a",7,{"b":"c"},["d"],true,1e999]}"#, None),
        (r#"{"tags":["a",7,{"b":"c"},["d"],true]}"#, Some(vec!["a"])),
        // Artifact Registry.
        (
            r#"{"child":[],"manifest":{"sha256:00":{"tag":["a"]}},"name":"x","tags":["a"]}"#,
            Some(vec!["a"]),
        ),
        // What is no list is no empty list either: charts would vanish.
        ("{}", None),
        (r#"{"errors":[{"code":"UNKNOWN"}]}"#, None),
        (r#"{"repositories":["a"]}"#, None),
        (r#"{"tags":{}}"#, None),
        (r#"{"tags":"a"}"#, None),
        (r#"{"tags":["a""#, None),
        ("<html>sign in</html>", None),
        ("", None),
        // Compressed, and nobody asked for that.
        ("\u{1f}\u{8b}\u{8}\u{0}", None),
    ] {
        let bench = Bench::new(Credentials::Anonymous);
        bench
            .registry
            .inject("tags/list", None, Fault::status(200).body(body));
        let listing = done(bench.client().tags(&name("acme/nginx"), None, None));
        match (listing, expected) {
            (Ok(Listing::Page(page)), Some(names)) => assert_eq!(page.names, names, "{body}"),
            (Err(error), None) => assert_eq!(
                error.to_string(),
                "registry.example: listing tags: gave an answer that cannot be parsed",
                "{body}"
            ),
            (other, _) => panic!("{body}: {other:?}"),
        }
    }
}

/// As CVE-2023-2253 in distribution, from the other side: no room is made for more than a list may hold.
#[test]
fn lists_have_limits() {
    let long = format!(r#"{{"tags":["{}"]}}"#, "a".repeat(8 * 1024 * 1024));
    let many = format!(r#"{{"tags":[{}"a"]}}"#, r#""a","#.repeat(200_000));
    for body in [long, many] {
        let bench = Bench::new(Credentials::Anonymous);
        bench
            .registry
            .inject("tags/list", None, Fault::status(200).body(body));
        let error = done(bench.client().tags(&name("acme/nginx"), None, None)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "registry.example: listing tags: gave an answer that is too large"
        );
    }
}

#[test]
fn a_pause_that_is_asked_for() {
    let bench = Bench::new(Credentials::Anonymous);
    let throttled = Fault::error(429, "TOOMANYREQUESTS", "").header("retry-after", "30");
    bench.registry.inject("tags/list", None, throttled);
    let error = done(bench.client().tags(&name("acme/nginx"), None, None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: listing tags: answered 429 (TOOMANYREQUESTS)"
    );
    assert_eq!(error.kind(), Kind::Throttled);
    assert_eq!(
        error.retry_after(START),
        Some(START.after(std::time::Duration::from_secs(30)))
    );
    // Nothing is retried here.
    assert_eq!(bench.registry.calls(), 1);
}

#[test]
fn an_error_body_may_be_anything() {
    for body in [
        vec![b'x'; 64 * 1024 + 1],
        b"\xff\xfe".to_vec(),
        b"<html>".to_vec(),
        Vec::new(),
    ] {
        let bench = Bench::new(Credentials::Anonymous);
        bench
            .registry
            .inject("tags/list", None, Fault::status(500).body(body));
        let error = done(bench.client().tags(&name("acme/nginx"), None, None)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "registry.example: listing tags: answered 500"
        );
    }
}

#[test]
fn what_is_deleted() {
    let clock = crate::testing::VirtualClock::at(START);
    let registry = FakeRegistry::new(&clock);
    registry.push_version("acme/nginx", "nginx", "1.0.0");
    let (tokens, credentials) = (Tokens::default(), Credentials::Anonymous);
    let terms = Terms::default();
    let client = Client::new(
        &registry,
        registry.registry(),
        &credentials,
        &terms,
        &tokens,
        &clock,
    );
    let repository = name("acme/nginx");
    registry.delete_tag("acme/nginx", "1.0.0");
    let Listing::Page(page) = done(client.tags(&repository, None, None)).unwrap() else {
        panic!("a page")
    };
    assert_eq!((page.names.len(), page.complete), (0, true));
    registry.delete_repository("acme/nginx");
    assert_eq!(
        done(client.tags(&repository, None, None))
            .unwrap_err()
            .kind(),
        Kind::NotFound
    );
    assert_eq!(done(client.repositories(None)).unwrap().names.len(), 0);
}

/// registry.k8s.io redirects all but blobs; the next page is asked of itself again.
#[test]
fn redirected_lists_are_followed_without_credentials() {
    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::basic("acme", "hunter2"));
    for (page, location) in [("?n=1000", "first"), ("?last=b", "second")] {
        let redirect = Fault::status(307).header(
            "location",
            &format!("https://blobs.example/mirror/{location}"),
        );
        bench.registry.inject(
            &format!("registry.example/v2/acme/nginx/tags/list{page}"),
            None,
            redirect,
        );
    }
    let next = "</mirror/x?last=b&n=1000>; rel=\"next\"";
    let first = Fault::status(200)
        .body(r#"{"tags":["a","b"]}"#)
        .header("link", next);
    bench
        .registry
        .inject("blobs.example/mirror/first", None, first);
    let second = Fault::status(200).body(r#"{"tags":["c"]}"#);
    bench
        .registry
        .inject("blobs.example/mirror/second", None, second);
    let (tags, _, complete) = all_tags(&bench);
    assert_eq!((tags.join(" "), complete), ("a b c".to_owned(), true));
    for call in bench.registry.log() {
        let credentials = call.authorization.is_some();
        assert!(
            !credentials || !call.url.contains("blobs.example"),
            "{call:?}"
        );
    }
}
