//! The defects of alauda/oci-chartrepo, which did the same work before (read and run at its last commit, of October 2020):
//! one test for each, named after it.

use std::pin::pin;
use std::task::{Context, Waker};

use super::worker::{body, get};
use super::*;
use crate::config::Config;
use crate::oci::Digest;
use crate::testing::{Fault, LinkStyle};

fn versions(world: &World, repository: &str, name: &str, versions: &[&str]) {
    for version in versions {
        world.registry.push_version(repository, name, version);
    }
}

fn info(world: &World) -> Value {
    world.ask(&ask::Info { page: 0 })
}

/// A push over what is there. Gives the package's digest.
fn overwrite(world: &World, repository: &str, name: &str, version: &str, package: &[u8]) -> Digest {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version, "description": "again"});
    world
        .registry
        .push_chart(repository, version, &metadata, package, None, &[])
        .package
}

/// 1: the first tag that was no chart ended the repository.
#[test]
fn a_signature_tag_hides_no_versions() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0", "2.0.0"]);
    let image = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    let signature = format!("sha256-{}.sig", Digest::sha256_of(b"a").hex());
    // Before, between and after the versions, whichever way a list is sorted.
    for tag in ["0.0.1-image", "1.0.0-image", "zzz", signature.as_str()] {
        world.registry.push_manifest(
            "charts/a",
            tag,
            "application/vnd.oci.image.manifest.v1+json",
            image,
        );
    }
    world.pass();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
}

/// 2: two layers counted as no chart.
#[test]
fn a_provenance_layer_hides_no_chart_and_none_after_it() {
    let world = World::new();
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.0.0"});
    world
        .registry
        .push_chart("charts/a", "1.0.0", &metadata, b"tgz", Some(b"signed"), &[]);
    versions(&world, "charts/a", "a", &["2.0.0"]);
    world.pass();
    assert_eq!(world.versions(""), ["a 2.0.0", "a 1.0.0"]);
    assert_eq!(body(&get(&world, "charts/a-1.0.0.tgz.prov")), b"signed");
}

/// 3: what was known of `repository:tag` was known for ever.
#[test]
fn an_overwritten_tag_gets_its_new_digest_and_bytes() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0"]);
    world.pass();
    world.rest();
    let package = overwrite(&world, "charts/a", "a", "1.0.0", b"other bytes");
    world.refresh(Some("a"));
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    let index = world.published(&Key::Index(View::root())).unwrap();
    assert_eq!(index["entries"]["a"][0]["digest"], package.hex());
    assert_eq!(index["entries"]["a"][0]["description"], "again");
    assert_eq!(body(&get(&world, "charts/a-1.0.0.tgz")), b"other bytes");
}

/// 4: a manifest that could not be read was left out without a word.
#[test]
fn a_failed_manifest_leaves_no_silent_gap() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0", "2.0.0", "3.0.0"]);
    world.pass();
    world.rest();
    // What was served stays, though nothing of it can be read any more.
    world
        .registry
        .inject("/manifests/", None, Fault::status(500));
    world.refresh(Some("a"));
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    assert_eq!(world.versions(""), ["a 3.0.0", "a 2.0.0", "a 1.0.0"]);
    // A new one that cannot be read is reported, and comes when it can.
    world.registry.heal();
    world
        .registry
        .inject("/manifests/4.0.0", None, Fault::status(500));
    versions(&world, "charts/a", "a", &["4.0.0"]);
    world.clock.advance(Duration::from_mins(10));
    world.pass();
    let failing = &info(&world)["failing_tags"][0];
    assert_eq!(failing["tag"], "4.0.0");
    assert_eq!(
        failing["error"],
        "registry.example: reading a manifest: answered 500"
    );
    world.registry.heal();
    world.clock.advance(Duration::from_hours(1));
    world.rest();
    world.pass();
    assert_eq!(world.versions("").len(), 4);
}

/// 5: the index listed one team's chart and the download gave the other's.
#[test]
fn one_file_of_two_repositories_is_the_same_one_in_index_and_download() {
    for (first, second) in [
        ("charts/team-a/redis", "charts/team-b/redis"),
        ("charts/team-b/redis", "charts/team-a/redis"),
    ] {
        let world = World::new();
        overwrite(&world, first, "redis", "1.0.0", first.as_bytes());
        overwrite(&world, second, "redis", "1.0.0", second.as_bytes());
        world.pass();
        for (space, owner) in [
            ("", "charts/team-a/redis"),
            ("team-a/", "charts/team-a/redis"),
            ("team-b/", "charts/team-b/redis"),
        ] {
            let index: Value =
                serde_json::from_slice(body(&get(&world, &format!("{space}index.yaml")))).unwrap();
            let entry = &index["entries"]["redis"][0];
            let expected = Digest::sha256_of(owner.as_bytes());
            assert_eq!(entry["digest"], expected.hex(), "{space}");
            let by_link = get(
                &world,
                &format!("{space}{}", entry["urls"][0].as_str().unwrap()),
            );
            let by_name = get(&world, &format!("{space}charts/redis-1.0.0.tgz"));
            for downloaded in [by_link, by_name] {
                assert_eq!(downloaded.status(), 200);
                assert_eq!(body(&downloaded), owner.as_bytes(), "{space}");
            }
        }
        let shadowed = &info(&world)["shadowed"];
        assert_eq!(shadowed[0]["repository"], "charts/team-b/redis");
    }
}

/// 6: an unknown chart was asked of the registry with an empty name, and answered 500.
#[test]
fn an_unknown_chart_is_404_without_a_call() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0"]);
    world.pass();
    world.rest();
    world.registry.clear_log();
    for path in [
        "charts/b-1.0.0.tgz",
        "charts/a-9.9.9.tgz",
        "charts/0123456789abcdef/a-1.0.0.tgz",
        "charts/a-1.0.0.tgz.prov",
        "team/charts/a-1.0.0.tgz",
    ] {
        assert_eq!(get(&world, path).status(), 404, "{path}");
    }
    assert_eq!(world.registry.calls(), 0);
}

/// 7: a download before the first index failed, and a failed first crawl ended the process.
#[test]
fn a_download_before_any_index_works_and_a_failed_start_mends_itself() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0"]);
    world.registry.inject(
        "_catalog",
        Some(1),
        Fault::status(429).header("retry-after", "1"),
    );
    world
        .registry
        .inject("tags/list", Some(1), Fault::Transport);
    world.step();
    for _ in 0..10 {
        world.wait_for_alarm();
        world.step();
    }
    // Nobody has asked for an index.
    let response = get(&world, "charts/a-1.0.0.tgz");
    assert_eq!(response.status(), 200);
    assert_eq!(body(&response), b"the package of a 1.0.0");
    // Nor is anything lost with what is kept in memory, as there is nothing.
    world.documents.clear();
    assert_eq!(get(&world, "charts/a-1.0.0.tgz").status(), 200);
}

/// 8: readers met a map that was being written.
#[test]
fn readers_in_the_middle_of_a_sync_see_whole_answers() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    world.registry.set_latency(Duration::from_millis(20));
    versions(&world, "charts/a", "a", &["1.0.0", "1.1.0"]);
    world.pass();
    world.rest();
    for round in 2..5_u8 {
        for version in ["1.0.0", "1.1.0"] {
            overwrite(&world, "charts/a", "a", version, &[round; 9]);
        }
        versions(&world, "charts/a", "a", &[&format!("{round}.0.0")]);
        world.refresh(None);
        world.clock.advance(Duration::from_secs(2));
        let engine = world.engine();
        let mut step = pin!(engine.step());
        let mut context = Context::from_waker(Waker::noop());
        let mut looks = 0;
        while step.as_mut().poll(&mut context).is_pending() {
            looks += 1;
            let index: Value = match world.index("") {
                Indexed::Document(document) => serde_json::from_slice(&document.body).unwrap(),
                Indexed::Without(reason) => panic!("{reason:?}"),
            };
            let entries = index["entries"]["a"].as_array().unwrap();
            assert!(entries.len() >= usize::from(round), "none is ever missing");
            for entry in entries {
                let file = format!("a-{}.tgz", entry["version"].as_str().unwrap());
                let Found::Candidates(candidates) = world.ask(&ask::Find {
                    file: file.parse().unwrap(),
                    missed: true,
                }) else {
                    panic!("listed and not found")
                };
                assert!(
                    candidates
                        .iter()
                        .any(|candidate| entry["digest"] == candidate.package.hex())
                );
            }
            world.clock.advance(Duration::from_millis(10));
        }
        assert!(looks > 3, "{looks} looks in the middle");
        world.rest();
    }
}

/// 9: certificates were not verified (here the platform does, and there is no setting), and credentials went over plain HTTP first.
#[test]
fn credentials_never_go_over_plain_http() {
    let world = World::with(&[
        ("REGISTRY_USERNAME", "robot"),
        ("REGISTRY_PASSWORD", "secret"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    world.registry.set_auth(crate::testing::Auth::Basic {
        username: "robot".to_owned(),
        password: "secret".to_owned(),
    });
    versions(&world, "charts/a", "a", &["1.0.0"]);
    world.pass();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    let log = world.registry.log();
    assert!(
        log.iter()
            .all(|call| call.url.starts_with("https://registry.example/"))
    );
    assert!(log.iter().any(|call| call.authorization.is_some()));
    let plain =
        |name: &str| (name == "REGISTRY").then(|| "http://registry.example/charts".to_owned());
    let problems = Config::from_lookup(plain).unwrap_err().to_string();
    assert!(problems.contains("ALLOW_INSECURE_REGISTRY"), "{problems}");
}

/// 10: a relative `Link` on a list of tags ended it.
#[test]
fn a_relative_link_on_a_tag_list_is_followed() {
    for style in [
        LinkStyle::Relative,
        LinkStyle::Absolute,
        LinkStyle::Unbracketed,
        LinkStyle::WrongPath,
    ] {
        let world = World::new();
        world.registry.set_page_size(Some(2));
        world.registry.set_link_style(style);
        versions(
            &world,
            "charts/a",
            "a",
            &["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"],
        );
        for name in ["b", "c", "d"] {
            versions(&world, &format!("charts/{name}"), name, &["1.0.0"]);
        }
        let pass = world.pass();
        assert_eq!((pass.faults, pass.versions), (0, 8), "{style:?}");
    }
}

/// 11: entries came unsorted and `generated` was now, so the bytes changed with each request.
#[test]
fn bytes_change_only_when_the_registry_does() {
    let world = World::new();
    let annotations = [("org.opencontainers.image.created", "2024-01-01T00:00:00Z")];
    for (name, version) in [
        ("b", "1.0.0"),
        ("a", "1.9.0"),
        ("a", "1.10.0"),
        ("a", "1.10.0-rc.1"),
    ] {
        let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version});
        world.registry.push_chart(
            &format!("charts/{name}"),
            version,
            &metadata,
            version.as_bytes(),
            None,
            &annotations,
        );
    }
    world.pass();
    let first = get(&world, "index.yaml");
    assert_eq!(
        world.versions(""),
        ["a 1.10.0", "a 1.10.0-rc.1", "a 1.9.0", "b 1.0.0"]
    );
    let index: Value = serde_json::from_slice(body(&first)).unwrap();
    assert_eq!(index["generated"], "2024-01-01T00:00:00Z");
    world.documents.reset_counters();
    for _ in 0..20 {
        world.clock.advance(Duration::from_hours(2));
        world.pass();
        world.rest();
        let again = get(&world, "index.yaml");
        assert_eq!(body(&again), body(&first));
        assert_eq!(again.headers()["etag"], first.headers()["etag"]);
    }
    assert_eq!(world.documents.puts(), 0);
}

/// 12: any repository whose tags could not be listed failed the whole index.
#[test]
fn one_bad_repository_fails_nobody_else() {
    for fault in [
        Fault::status(500),
        Fault::status(418),
        Fault::status(403),
        Fault::status(200).body("<html>"),
        Fault::Timeout,
    ] {
        let world = World::new();
        for name in ["a", "b", "c"] {
            versions(&world, &format!("charts/{name}"), name, &["1.0.0"]);
        }
        world.registry.inject("charts/b/tags", None, fault.clone());
        for _ in 0..20 {
            world.wait_for_alarm();
            world.step();
        }
        assert_eq!(world.versions(""), ["a 1.0.0", "c 1.0.0"], "{fault:?}");
        assert_eq!(info(&world)["failing"][0]["repository"], "charts/b");
    }
}

/// Seen when it was run: one config blob that was no JSON made every index a 500.
#[test]
fn one_config_that_is_no_json_fails_nobody_else() {
    let world = World::new();
    versions(&world, "charts/a", "a", &["1.0.0"]);
    let pushed = world.registry.push_version("charts/b", "b", "1.0.0");
    world.registry.inject(
        &pushed.config.to_string(),
        None,
        Fault::status(200).body("<html>"),
    );
    for _ in 0..20 {
        world.wait_for_alarm();
        world.step();
    }
    assert_eq!(world.versions(""), ["a 1.0.0"]);
    assert_eq!(get(&world, "index.yaml").status(), 200);
}
