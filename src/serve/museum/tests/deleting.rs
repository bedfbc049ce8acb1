//! Deleting versions.

use super::*;
use crate::testing::Fault;

const PATH: &str = "/api/charts/web/1.0.0";

fn museum(settings: &[(&str, &str)]) -> Museum {
    let museum = Museum::new(settings);
    for version in ["1.0.0", "1.1.0"] {
        let web = chart("web", version, "");
        assert_eq!(status(&museum.post("/api/charts", web)), 201);
    }
    museum.world.registry.clear_log();
    museum
}

fn tags(museum: &Museum) -> Vec<String> {
    museum.world.registry.all_tags()["charts/web"].clone()
}

#[test]
fn a_version_is_deleted_and_gone_when_the_answer_comes() {
    let museum = museum(&[]);
    assert!(museum.index().contains("web-1.0.0.tgz"));
    let answer = museum.send("DELETE", PATH, "");
    assert_eq!(status(&answer), 200, "{}", show(&answer));
    assert_eq!(bytes(&answer), br#"{"deleted":true}"#);
    assert_eq!(tags(&museum), ["1.1.0"]);
    assert_eq!(museum.world.registry.calls_to("DELETE "), 1);
    assert!(!museum.index().contains("web-1.0.0.tgz"));
    assert!(museum.index().contains("web-1.1.0.tgz"));
    for (path, what) in [
        (PATH, "there is no such version"),
        ("/api/charts/web/latest", "there is no such version"),
        ("/api/charts/web/9.9.9", "there is no such version"),
        ("/api/charts/none/1.0.0", "there is no such version"),
        // What lies in another space is not deleted from here, though the root's index has it.
        ("/api/team/charts/web/1.1.0", "there is no such version"),
    ] {
        assert_eq!(
            error(&museum.send("DELETE", path, "")),
            format!("404 {what}"),
            "{path}"
        );
    }
    assert_eq!(tags(&museum), ["1.1.0"]);
    // It may come again.
    assert_eq!(
        status(&museum.post("/api/charts", chart("web", "1.0.0", ""))),
        201
    );
}

#[test]
fn by_digest_where_tags_cannot_be_deleted() {
    let museum = museum(&[]);
    let refusal = Fault::error(405, "UNSUPPORTED", "no tags");
    museum.world.registry.inject(
        "DELETE https://registry.example/v2/charts/web/manifests/1.0.0",
        None,
        refusal,
    );
    assert_eq!(status(&museum.send("DELETE", PATH, "")), 200);
    assert_eq!(tags(&museum), ["1.1.0"]);
    assert_eq!(museum.world.registry.calls_to("DELETE "), 2);
    assert_eq!(museum.world.registry.calls_to("/manifests/sha256:"), 1);
}

/// Harbor deletes the manifest with all its tags, by whatever it is asked.
#[test]
fn another_tag_of_the_same_chart_is_named_and_kept() {
    for settings in [
        &[][..],
        &[("DISCOVERY", "harbor"), ("REPOSITORIES", "web")][..],
    ] {
        let museum = museum(settings);
        let manifest = museum.world.registry.tagged("charts/web", "1.0.0").unwrap();
        let digest = crate::oci::Digest::sha256_of(&manifest);
        for tag in ["stable", "1.0"] {
            museum.world.registry.tag("charts/web", tag, &digest);
        }
        let answer = museum.send("DELETE", PATH, "");
        assert_eq!(
            error(&answer),
            "409 other tags name the same chart: 1.0, stable",
            "{settings:?}"
        );
        assert_eq!(museum.world.registry.calls_to("DELETE "), 0);
        assert_eq!(tags(&museum), ["1.0", "1.0.0", "1.1.0", "stable"]);
    }
}

#[test]
fn a_registry_that_deletes_nothing_is_a_501_that_says_what_to_enable() {
    let museum = museum(&[]);
    museum.world.registry.set_mounts_and_deletes(false);
    assert_eq!(
        error(&museum.send("DELETE", PATH, "")),
        "501 the registry registry.example deletes nothing: enable deletion there (distribution: storage.delete.enabled)"
    );
    assert!(museum.index().contains("web-1.0.0.tgz"));
}

#[test]
fn a_tag_that_was_moved_meanwhile_is_left_alone() {
    let museum = museum(&[]);
    let other = museum.world.registry.tagged("charts/web", "1.1.0").unwrap();
    let digest = crate::oci::Digest::sha256_of(&other);
    museum.world.registry.tag("charts/web", "1.0.0", &digest);
    assert_eq!(
        error(&museum.send("DELETE", PATH, "")),
        "409 the tag 1.0.0 was moved meanwhile"
    );
    assert_eq!(museum.world.registry.calls_to("DELETE "), 0);
}

#[test]
fn faults_leave_it_served_and_the_repeat_finishes() {
    for step in [
        "GET https://registry.example/v2/charts/web/manifests/1.0.0",
        "GET https://registry.example/v2/charts/web/tags/list",
        "DELETE https://registry.example/v2/charts/web/manifests/1.0.0",
    ] {
        for (fault, expected) in [
            (Fault::Transport, 502),
            (Fault::Timeout, 502),
            (Fault::status(500), 502),
            (Fault::error(403, "DENIED", "no"), 502),
            (Fault::status(429), 503),
        ] {
            let museum = museum(&[]);
            museum.world.registry.inject(step, None, fault);
            assert_eq!(status(&museum.send("DELETE", PATH, "")), expected, "{step}");
            assert_eq!(tags(&museum).len(), 2);
            museum.world.registry.heal();
            assert!(museum.index().contains("web-1.0.0.tgz"), "{step}");
            assert_eq!(status(&museum.send("DELETE", PATH, "")), 200, "{step}");
            assert!(!museum.index().contains("web-1.0.0.tgz"), "{step}");
        }
    }
}

/// A switch that closes deletion closes every way to it (CVE-2026-41888 in distribution).
#[test]
fn only_who_may_delete() {
    let museum = museum(&[]);
    let answer = museum.send_with("DELETE", PATH, &[], "");
    assert_eq!(error(&answer), "401 credentials are missing or wrong");
    // Who may store is not who may delete.
    let accounts = "pusher: { token: the-token-of-the-pusher, read: true, push: true }";
    let with_pusher = self::museum(&[("ACCOUNTS", accounts)]);
    let pusher = [(
        http::header::AUTHORIZATION,
        "Bearer the-token-of-the-pusher",
    )];
    let answer = with_pusher.send_with("DELETE", PATH, &pusher, "");
    assert_eq!(status(&answer), 403);
    assert_eq!(with_pusher.world.registry.calls(), 0);
    assert_eq!(tags(&with_pusher), ["1.0.0", "1.1.0"]);
    let closed = Museum::new(&[("READ_ONLY", "true")]);
    assert_eq!(
        error(&closed.send("DELETE", PATH, "")),
        "403 closed: READ_ONLY is set"
    );
    assert_eq!(
        museum.world.registry.calls() + closed.world.registry.calls(),
        0
    );
}

/// Where a version was retagged as another, the manifest went with both.
#[test]
fn a_version_that_is_tagged_as_another_is_not_taken_along() {
    let museum = museum(&[]);
    let manifest = museum.world.registry.tagged("charts/web", "1.0.0").unwrap();
    let digest = crate::oci::Digest::sha256_of(&manifest);
    museum.world.registry.tag("charts/web", "2.0.0", &digest);
    museum.world.pass();
    let answer = museum.send("DELETE", PATH, "");
    assert_eq!(error(&answer), "409 other tags name the same chart: 2.0.0");
    assert_eq!(tags(&museum), ["1.0.0", "1.1.0", "2.0.0"]);
}

/// A pipeline that tags each commit: the tag alone goes, where the registry can do that.
#[test]
fn a_repository_with_many_other_tags_gives_up_single_tags_only() {
    for deletes_tags in [true, false] {
        let museum = museum(&[]);
        let registry = &museum.world.registry;
        let other = registry.tagged("charts/web", "1.1.0").unwrap();
        let digest = crate::oci::Digest::sha256_of(&other);
        for nth in 0..30 {
            registry.tag("charts/web", &format!("commit-{nth}"), &digest);
        }
        if !deletes_tags {
            registry.inject(
                "DELETE https://registry.example/v2/charts/web/manifests/1.0.0",
                None,
                Fault::error(405, "UNSUPPORTED", "no tags"),
            );
        }
        let answer = museum.send("DELETE", PATH, "");
        if deletes_tags {
            assert_eq!(status(&answer), 200, "{}", show(&answer));
        } else {
            assert_eq!(
                error(&answer),
                "409 the repository has too many tags to see whether others name the same chart, and the registry deletes no single tag"
            );
        }
        assert_eq!(tags(&museum).contains(&"1.0.0".to_owned()), !deletes_tags);
        assert!(tags(&museum).contains(&"commit-29".to_owned()));
    }
}

/// Several repositories of a space have one version: which of them is meant, nobody said.
#[test]
fn a_version_of_several_repositories_is_not_deleted() {
    let museum = museum(&[]);
    museum
        .world
        .registry
        .push_version("charts/other", "web", "1.0.0");
    museum.world.pass();
    let answer = museum.send("DELETE", PATH, "");
    assert_eq!(
        error(&answer),
        "409 several repositories have this version: charts/web, charts/other"
    );
    assert_eq!(museum.world.registry.calls_to("DELETE "), 0);
}

/// Harbor answers 412 for a tag that its rules keep: the digest would take the tag along.
#[test]
fn a_tag_that_the_registry_keeps_is_not_deleted_by_its_digest() {
    let museum = museum(&[]);
    let refusal = Fault::error(412, "PRECONDITION", "immutable");
    museum.world.registry.inject(
        "DELETE https://registry.example/v2/charts/web/manifests/1.0.0",
        None,
        refusal,
    );
    assert_ne!(status(&museum.send("DELETE", PATH, "")), 200);
    assert_eq!(museum.world.registry.calls_to("DELETE "), 1);
    assert_eq!(tags(&museum), ["1.0.0", "1.1.0"]);
}
