use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE, RETRY_AFTER};

use super::*;
use crate::catalog::{Fault as CatalogFault, Progress};
use crate::index::{Blob as Lies, Entry, Writer};
use crate::serve::tests::{
    PRIVATE, PUBLIC, READER, Say, World, bytes, candidate, error, show, status,
};
use crate::testing::{Auth, Blobs, Fault};

const FILE: &str = "nginx-1.0.0.tgz";
const PACKAGE: &[u8] = b"the package of nginx 1.0.0";
const PROVENANCE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const REPOSITORY: &str = "charts/team-a/nginx";
const ALIAS: &str = "/charts/nginx-1.0.0.tgz";

fn link(package: &[u8]) -> String {
    format!(
        "/charts/{}/{FILE}",
        Digest::sha256_of(package).hex().split_at(16).0
    )
}

/// A candidate whose blobs lie in the registry.
fn pushed(world: &World, repository: &str, package: &[u8], signed: bool) -> Candidate {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "nginx", "version": "1.0.0"});
    let provenance = signed.then_some(PROVENANCE);
    let pushed =
        world
            .registry
            .push_chart(repository, "1.0.0", &metadata, package, provenance, &[]);
    let mut candidate = candidate(repository, &pushed, package);
    candidate.provenance = pushed.provenance.map(|digest| Lies {
        digest,
        size: PROVENANCE.len() as u64,
    });
    candidate
}

/// A world with one signed chart in the shard.
fn one(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    world.publish_file(FILE, &[candidate]);
    world
}

/// Registry calls, KV gets, questions.
fn calls(world: &World) -> (usize, usize, usize) {
    (
        world.registry.calls(),
        world.documents.gets(),
        world.asked().len(),
    )
}

#[test]
fn a_warm_download_is_one_call_and_one_get() {
    let world = one(&[]);
    world.registry.set_blobs(Blobs::Redirect(307));
    insta::assert_snapshot!(show(&world.get(&link(PACKAGE))), @"
        302
        cache-control: private, no-store
        location: https://blobs.example/charts/team-a/nginx/sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a?sig=a%2bb%2F%3D&X-Amz-Expires=1200
        x-content-type-options: nosniff
    ");
    assert_eq!(calls(&world), (1, 1, 0));
}

#[test]
fn with_a_known_token_it_is_one_call_too() {
    let world = World::new(
        &[
            PRIVATE,
            &[("REGISTRY_USERNAME", "u"), ("REGISTRY_PASSWORD", "p")],
        ]
        .concat(),
    );
    world.registry.set_auth(Auth::basic("u", "p"));
    world.registry.set_blobs(Blobs::Redirect(302));
    world.publish_file(FILE, &[pushed(&world, REPOSITORY, PACKAGE, true)]);
    for attempt in 1..=3 {
        world.registry.clear_log();
        let answer = world.get_with(ALIAS, &[READER]);
        assert_eq!(status(&answer), 302);
        // The client's password is for us, and goes nowhere else.
        for call in world.registry.log() {
            assert_ne!(call.authorization.as_deref(), Some(READER.1));
        }
        if attempt > 1 {
            assert_eq!(world.registry.calls(), 1);
        }
    }
}

#[test]
fn a_registry_that_sends_bytes_is_streamed() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.get(&link(PACKAGE))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, max-age=3600, immutable, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        x-content-type-options: nosniff

        stream: the package of nginx 1.0.0
    "#);
    assert_eq!(calls(&world), (1, 1, 0));
    insta::assert_snapshot!(show(&world.get(ALIAS)), @r#"
        200
        accept-ranges: bytes
        cache-control: public, no-cache, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        x-content-type-options: nosniff

        stream: the package of nginx 1.0.0
    "#);
}

#[test]
fn head_and_304_ask_no_registry() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.head(&link(PACKAGE))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, max-age=3600, immutable, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        x-content-type-options: nosniff
    "#);
    assert_eq!(calls(&world), (0, 1, 0));
    let etag = format!("W/\"{}\"", Digest::sha256_of(PACKAGE));
    insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(IF_NONE_MATCH, &etag)])), @r#"
        304
        cache-control: public, no-cache, no-transform
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        x-content-type-options: nosniff
    "#);
    assert_eq!(calls(&world), (0, 2, 0));
}

#[test]
fn redirect_only_wants_a_registry_that_redirects() {
    let world = one(&[("DOWNLOAD", "redirect")]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "502 the registry registry.example does not redirect downloads: set DOWNLOAD to auto or stream"
    );
    world.registry.set_blobs(Blobs::Redirect(307));
    assert_eq!(status(&world.get_with(ALIAS, &[(RANGE, "bytes=0-1")])), 302);
    assert_eq!(world.registry.log().last().unwrap().range, None);
}

#[test]
fn stream_follows_for_the_client() {
    for blobs in [Blobs::Here, Blobs::Redirect(302), Blobs::Relative(307)] {
        let world = one(&[("DOWNLOAD", "stream")]);
        world.registry.set_blobs(blobs);
        let answer = world.get(&link(PACKAGE));
        assert_eq!(
            (status(&answer), bytes(&answer)),
            (200, PACKAGE),
            "{blobs:?}"
        );
        assert_eq!(answer.headers()[CONTENT_LENGTH], PACKAGE.len().to_string());
    }
}

#[test]
fn a_range_is_passed_where_bytes_are_streamed() {
    for settings in [[("DOWNLOAD", "stream")], [("DOWNLOAD", "auto")]] {
        let world = one(&settings);
        insta::allow_duplicates! {
            insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(RANGE, "bytes=4-10")])), @r#"
                206
                accept-ranges: bytes
                cache-control: no-store
                content-length: 7
                content-range: bytes 4-10/26
                content-type: application/gzip
                etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
                x-content-type-options: nosniff

                stream: package
            "#);
            insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(RANGE, "bytes=999-")])), @"
                416
                accept-ranges: bytes
                cache-control: no-store
                content-range: bytes */26
                content-type: application/gzip
                x-content-type-options: nosniff

                stream:
            ");
        }
        let of_another = [(RANGE, "bytes=4-10"), (IF_RANGE, "\"other\"")];
        assert_eq!(bytes(&world.get_with(ALIAS, &of_another)), PACKAGE);
    }
}

#[test]
fn a_signed_chart_has_its_provenance() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.get(&format!("{}.prov", link(PACKAGE)))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, no-cache, no-transform
        content-length: 34
        content-type: application/pgp-signature
        etag: "sha256:d9df5a9a6c32d986f712e4086d825004add0de3b777133275c71925cce8750c0"
        x-content-type-options: nosniff

        stream: -----BEGIN PGP SIGNED MESSAGE-----
    "#);
    assert_eq!(
        bytes(&world.get("/team-a/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
    let head = world.head("/charts/nginx-1.0.0.tgz.prov");
    assert_eq!(head.headers()[CONTENT_LENGTH], PROVENANCE.len().to_string());
}

#[test]
fn an_unsigned_chart_has_none_and_nobody_is_asked() {
    let world = World::new(PUBLIC);
    world.publish_file(FILE, &[pushed(&world, REPOSITORY, PACKAGE, false)]);
    let answer = world.get("/charts/nginx-1.0.0.tgz.prov");
    assert_eq!(
        error(&answer),
        "404 there is no such file in this repository"
    );
    assert_eq!(calls(&world), (0, 1, 0));
}

#[test]
fn a_provenance_is_of_these_bytes_or_none() {
    let world = World::new(PUBLIC);
    let unsigned = pushed(&world, "charts/a/nginx", PACKAGE, false);
    let other = pushed(&world, "charts/b/nginx", b"others", true);
    world.publish_file(FILE, &[unsigned.clone(), other.clone()]);
    assert_eq!(status(&world.get("/charts/nginx-1.0.0.tgz.prov")), 404);
    assert_eq!(
        bytes(&world.get("/b/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
    // Another repository may hold the signature of the same bytes.
    let twin = pushed(&world, "charts/c/nginx", PACKAGE, true);
    world.publish_file(FILE, &[unsigned, other, twin]);
    assert_eq!(
        bytes(&world.get("/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
    assert_eq!(status(&world.get("/a/charts/nginx-1.0.0.tgz.prov")), 404);
}

#[test]
fn what_the_shard_does_not_have_the_catalog_is_asked_for() {
    let world = World::new(PUBLIC);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    let candidates = vec![candidate];
    world.say([Say::Answer(Answer::File { candidates })]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    let file = FILE.to_owned();
    assert_eq!(world.asked(), [Question::Find { file }]);
    // The shard may be older than the link.
    world.publish_file("other-1.0.0.tgz", &[]);
    assert_eq!(bytes(&world.get(&link(PACKAGE))), PACKAGE);
}

#[test]
fn what_nobody_has_is_remembered_for_half_a_minute() {
    let world = World::new(PUBLIC);
    world.say([Say::Answer(Answer::Missing)]);
    for path in [ALIAS, "/a/charts/nginx-1.0.0.tgz", &link(PACKAGE), ALIAS] {
        assert_eq!(
            error(&world.get(path)),
            "404 there is no such file in this repository"
        );
    }
    assert_eq!((world.asked().len(), world.registry.calls()), (1, 0));
    world.clock.advance(Duration::from_secs(30));
    world.get(ALIAS);
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn a_digest_nobody_has_is_remembered_without_the_file() {
    let world = one(&[]);
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, true)];
    world.say([Say::Answer(Answer::File { candidates })]);
    for _ in 0..3 {
        assert_eq!(status(&world.get(&link(b"unknown"))), 404);
    }
    assert_eq!(world.asked().len(), 1);
    assert_eq!(status(&world.get(&link(PACKAGE))), 200);
}

#[test]
fn strangers_cannot_keep_the_catalog_busy() {
    let world = World::new(PUBLIC);
    world.say([Say::Answer(Answer::Missing)]);
    let answers: Vec<u16> = (0..25)
        .map(|n| status(&world.get(&format!("/charts/x-{n}.tgz"))))
        .collect();
    assert_eq!(
        (&answers[..20], &answers[20..]),
        ([404; 20].as_slice(), [503; 5].as_slice())
    );
    assert_eq!(world.asked().len(), 20);
    assert_eq!(
        error(&world.get("/charts/y-1.tgz")),
        "503 too many requests for what is not published yet"
    );
}

#[test]
fn before_the_first_pass_a_file_is_not_missing() {
    let world = World::new(PUBLIC);
    let mut progress = Progress {
        repositories: 3,
        ..Progress::default()
    };
    world.say([Say::Answer(Answer::NotReady {
        progress: progress.clone(),
    })]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "503 the first sync is still running: 0 of about 3 repositories"
    );
    progress.fault = Some(CatalogFault {
        host: "registry.example".into(),
        kind: "did not answer in time".into(),
        retry_at: None,
    });
    world.say([Say::Answer(Answer::NotReady { progress })]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "502 the registry registry.example did not answer in time"
    );
    world.say([Say::Broken]);
    assert_eq!(error(&world.get(ALIAS)), "503 the catalog did not answer");
}

#[test]
fn kv_out_of_order_is_no_outage() {
    let world = one(&[]);
    world.documents.fail_gets(1);
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, true)];
    world.say([Say::Answer(Answer::File { candidates })]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    // Nor is a shard that is none.
    let fingerprint = world.config.as_ref().unwrap().fingerprint();
    let key = Key::Files(shard_of(FILE)).name(&fingerprint);
    world.documents.seed(&key, "garbage", "x");
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
}

/// Downloads follow the settings of now, not those of when the shard was written.
#[test]
fn what_is_no_longer_configured_is_not_there() {
    let world = World::with(&[("REPOSITORIES", "team-b/*")]);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    world.publish_file(FILE, std::slice::from_ref(&candidate));
    let mut foreign = candidate.clone();
    foreign.source = "other.example/charts".to_owned();
    let mut outside = candidate.clone();
    outside.repository = "elsewhere/nginx".to_owned();
    let candidates = vec![candidate, foreign, outside];
    world.say([Say::Answer(Answer::File { candidates })]);
    for path in [ALIAS, &link(PACKAGE), "/team-a/charts/nginx-1.0.0.tgz"] {
        assert_eq!(status(&world.get(path)), 404, "{path}");
        assert_eq!(status(&world.head(path)), 404, "{path}");
    }
    assert_eq!(world.registry.calls(), 0);
}

#[test]
fn a_folder_serves_what_lies_in_it() {
    let team_b = b"of team b".as_slice();
    let world = World::new(PUBLIC);
    let candidates = [
        pushed(&world, "charts/team-a/nginx", PACKAGE, false),
        pushed(&world, "charts/team-b/nginx", team_b, false),
    ];
    world.publish_file(FILE, &candidates);
    let candidates = candidates.to_vec();
    world.say([Say::Answer(Answer::File { candidates })]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    assert_eq!(bytes(&world.get("/team-a/charts/nginx-1.0.0.tgz")), PACKAGE);
    assert_eq!(bytes(&world.get("/team-b/charts/nginx-1.0.0.tgz")), team_b);
    assert_eq!(bytes(&world.get(&link(team_b))), team_b);
    assert_eq!(status(&world.get(&format!("/team-a{}", link(team_b)))), 404);
    assert_eq!(status(&world.get("/team/charts/nginx-1.0.0.tgz")), 404);
}

#[test]
fn with_folder_scope_the_root_has_only_its_own() {
    let world = World::with(&[("INDEX_SCOPE", "folder")]);
    world.publish_file(FILE, &[pushed(&world, REPOSITORY, PACKAGE, false)]);
    world.say([Say::Answer(Answer::Missing)]);
    assert_eq!(status(&world.get(ALIAS)), 404);
    assert_eq!(bytes(&world.get("/team-a/charts/nginx-1.0.0.tgz")), PACKAGE);
}

#[test]
fn a_superseded_package_lives_by_its_digest_until_its_time() {
    let world = World::new(PUBLIC);
    let mut old = pushed(&world, REPOSITORY, b"old", false);
    old.until = Some(world.clock.now().after(Duration::from_hours(1)));
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, false), old];
    world.publish_file(FILE, &candidates);
    world.say([Say::Answer(Answer::File { candidates })]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    assert_eq!(bytes(&world.get(&link(b"old"))), b"old");
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(status(&world.get(&link(b"old"))), 404);
}

#[test]
fn a_contested_file_can_be_hidden() {
    let settings = [("COLLISIONS", "hide")];
    let world = World::with(&settings);
    let a = pushed(&world, "charts/team-a/nginx", PACKAGE, false);
    let b = pushed(&world, "charts/team-b/nginx", b"other", false);
    let twin = pushed(&world, "charts/team-c/nginx", PACKAGE, false);
    world.publish_file(FILE, &[a.clone(), b.clone()]);
    for path in [ALIAS, &link(PACKAGE), &link(b"other")] {
        assert_eq!(status(&world.get(path)), 404, "{path}");
    }
    // Whoever is alone in a folder is served there, and the same bytes twice are no contest.
    assert_eq!(
        bytes(&world.get("/team-b/charts/nginx-1.0.0.tgz")),
        b"other"
    );
    world.publish_file(FILE, &[a.clone(), twin]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    // Nor is a superseded package.
    let old = Candidate {
        until: Some(world.clock.now().after(Duration::from_hours(1))),
        ..b.clone()
    };
    world.publish_file(FILE, &[a.clone(), old]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    // What the catalog finds is judged in the same way.
    let world = World::with(&settings);
    let candidates = vec![a, b];
    world.say([Say::Answer(Answer::File { candidates })]);
    assert_eq!(status(&world.get(ALIAS)), 404);
    assert_eq!((world.registry.calls(), world.asked().len()), (0, 1));
}

/// Design §2: two KV keys are never read as one state. Whatever mixture of old and new a client meets, the link of its
/// index gives the bytes whose digest its index says, or 404.
#[test]
fn an_older_shard_beside_a_newer_index_and_the_other_way_round() {
    let versions: [&[u8]; 2] = [b"first push", b"second push"];
    let mut served = 0;
    for blobs in [Blobs::Here, Blobs::Redirect(307)] {
        for index_of in versions {
            for shard in [None, Some(0), Some(1), Some(2)] {
                for found in [0, 1, 2] {
                    let world = World::with(&[("DOWNLOAD", "stream")]);
                    world.registry.set_blobs(blobs);
                    let first = pushed(&world, REPOSITORY, versions[0], true);
                    let second = pushed(&world, REPOSITORY, versions[1], true);
                    let mut kept = first.clone();
                    kept.until = Some(world.clock.now().after(Duration::from_hours(24 * 30)));
                    // Before the second push, after it, and after it was forgotten.
                    let states = [vec![first], vec![second.clone(), kept], vec![second]];
                    if let Some(state) = shard {
                        world.publish_file(FILE, &states[state]);
                    }
                    let candidates = states[found].clone();
                    world.say([Say::Answer(Answer::File { candidates })]);
                    let (url, digest) = entry(index_of);
                    let answer = world.get(&url);
                    match status(&answer) {
                        200 => {
                            assert_eq!(Digest::sha256_of(bytes(&answer)).hex(), digest);
                            served += 1;
                        }
                        other => assert_eq!(other, 404),
                    }
                    let head = world.head(&url);
                    assert_eq!(status(&head), status(&answer));
                    if status(&head) == 200 {
                        assert_eq!(head.headers()[ETAG], format!("\"sha256:{digest}\""));
                    }
                }
            }
        }
    }
    // 2 × 2 × 4 × 3 mixtures, of which those without the package anywhere are 404.
    assert_eq!(served, 2 * (10 + 10));
}

/// Link and digest as an index says them.
fn entry(package: &[u8]) -> (String, String) {
    let digest = Digest::sha256_of(package);
    let mut writer = Writer::new(crate::config::IndexFormat::Json, 10_000);
    let entry = Entry {
        name: "nginx",
        version: "1.0.0",
        file: FILE,
        metadata: r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0"}"#,
        created: None,
        digest: digest.hex(),
    };
    writer.push(&entry).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&writer.finish().bytes).unwrap();
    let entry = &index["entries"]["nginx"][0];
    (
        format!("/{}", entry["urls"][0].as_str().unwrap()),
        entry["digest"].as_str().unwrap().to_owned(),
    )
}

const META: &[u8] = br#"{"apiVersion":"v1","description":"two layers"}"#;

/// The content layer of a chart pushed by the first `helm chart push`: everything below `-`.
fn content() -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (path, text) in [
        ("-/Chart.yaml", "name: '-'\n"),
        ("-/values.yaml", "replicas: 1\n"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A candidate that is rebuilt, of the package that comes of it.
fn two_layers(world: &World) -> (Candidate, Vec<u8>) {
    let lies = |bytes: &[u8]| Lies {
        digest: world.registry.push_blob(bytes.to_vec()),
        size: bytes.len() as u64,
    };
    let package = chart::rebuild::package(META, &content(), "nginx", "1.0.0").unwrap();
    // The repository must exist for its blobs to be had.
    let mut candidate = pushed(world, REPOSITORY, PACKAGE, false);
    candidate.package = Digest::sha256_of(&package);
    candidate.size = package.len() as u64;
    candidate.origin = Origin::Rebuilt {
        meta: lies(META),
        content: lies(&content()),
        name: "nginx".to_owned(),
        version: "1.0.0".to_owned(),
    };
    (candidate, package)
}

#[test]
fn a_chart_in_two_layers_is_rebuilt() {
    for download in ["auto", "redirect", "stream"] {
        let world = World::with(&[("DOWNLOAD", download)]);
        let (candidate, package) = two_layers(&world);
        world.publish_file(FILE, &[candidate]);
        let answer = world.get(&link(&package));
        assert_eq!((status(&answer), bytes(&answer)), (200, package.as_slice()));
        assert_eq!(answer.headers()[CONTENT_LENGTH], package.len().to_string());
        assert_eq!(answer.headers()[ACCEPT_RANGES], "none");
        assert_eq!(calls(&world), (2, 1, 0));
        let head = world.head(&link(&package));
        assert_eq!(head.headers(), answer.headers());
        assert_eq!(calls(&world), (2, 2, 0));
    }
}

#[test]
fn what_is_rebuilt_to_other_bytes_is_not_sent() {
    let world = World::new(PUBLIC);
    let (mut candidate, _) = two_layers(&world);
    candidate.package = Digest::sha256_of(b"as an older Worker made it");
    world.publish_file(FILE, &[candidate]);
    let handled = world.send("GET", ALIAS, &[], "");
    assert_eq!(error(&handled.response), "500 something went wrong here");
    assert_eq!(
        handled.fault.as_deref(),
        Some("nginx 1.0.0 was rebuilt with another digest than was published")
    );
}

/// What a client sees of a registry's fault, and what the log does.
#[track_caller]
fn faulty(fault: Fault, told: &str, logged: Option<&str>) {
    let world = one(&[]);
    world.registry.inject("GET", None, fault);
    let handled = world.send("GET", ALIAS, &[], "");
    assert_eq!(error(&handled.response), told);
    assert_eq!(handled.fault.as_deref(), logged);
    assert_eq!(handled.response.headers()["cache-control"], "no-store");
}

#[test]
fn faults_of_the_registry_are_told_by_their_kind() {
    faulty(
        Fault::error(401, "UNAUTHORIZED", "SECRET"),
        "502 the registry registry.example denied access (401)",
        Some("registry.example: reading a blob: answered 401 (UNAUTHORIZED)"),
    );
    faulty(
        Fault::status(403),
        "502 the registry registry.example denied access (403)",
        Some("registry.example: reading a blob: answered 403"),
    );
    faulty(
        Fault::error(404, "BLOB_UNKNOWN", "SECRET"),
        "502 the registry registry.example does not have it",
        Some("registry.example: reading a blob: answered 404 (BLOB_UNKNOWN)"),
    );
    faulty(
        Fault::Timeout,
        "502 the registry registry.example did not answer in time",
        Some("registry.example: reading a blob: no answer in time"),
    );
    faulty(
        Fault::status(500).body("SECRET"),
        "502 the registry registry.example answered 500",
        Some("registry.example: reading a blob: answered 500"),
    );
    faulty(
        Fault::status(200).header("content-length", "3").body("abc"),
        "502 the registry registry.example gave an unusable answer",
        Some("registry.example: a blob of another length than its manifest says"),
    );
    faulty(
        Fault::status(307).header("location", "http://169.254.169.254/SECRET"),
        "502 the registry registry.example gave an unusable answer",
        Some(
            "registry.example: following a redirect: redirects to an address that is not followed",
        ),
    );
}

#[test]
fn throttling_is_handed_on() {
    for (header, seconds) in [(None, "30"), (Some("7"), "7"), (Some("99999"), "3600")] {
        let world = one(&[]);
        let mut fault = Fault::status(429);
        if let Some(value) = header {
            fault = fault.header("retry-after", value);
        }
        world.registry.inject("GET", None, fault);
        let answer = world.get(ALIAS);
        assert_eq!(
            error(&answer),
            "503 the registry registry.example asks to slow down"
        );
        assert_eq!(answer.headers()[RETRY_AFTER], seconds);
    }
}

#[test]
fn a_superseded_package_that_the_registry_let_go_is_gone() {
    let world = World::new(PUBLIC);
    let mut old = pushed(&world, REPOSITORY, b"old", false);
    old.until = Some(world.clock.now().after(Duration::from_hours(1)));
    world.publish_file(FILE, &[old]);
    world.registry.inject("GET", None, Fault::status(404));
    let handled = world.send("GET", &link(b"old"), &[], "");
    assert_eq!(
        error(&handled.response),
        "404 the registry no longer has this superseded package"
    );
    assert_eq!(handled.fault, None);
}

#[test]
fn of_a_registry_s_headers_only_lengths_cross() {
    let world = one(&[]);
    let fault = Fault::status(200)
        .header("content-length", "26")
        .header("x-ms-request-id", "leak")
        .header("set-cookie", "leak")
        .header("etag", "leak")
        .header("cache-control", "public, max-age=31536000")
        .body(PACKAGE);
    world.registry.inject("GET", None, fault);
    let answer = world.get(ALIAS);
    assert_eq!(status(&answer), 200);
    assert!(!show(&answer).contains("leak"), "{}", show(&answer));
    assert_eq!(
        answer.headers()["cache-control"],
        "public, no-cache, no-transform"
    );
}

#[test]
fn a_header_of_any_bytes_panics_nothing() {
    let (parts, ()) = Response::new(()).into_parts();
    let mut content = Response::from_parts(parts, Bytes::from(PACKAGE));
    for name in [
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_ENCODING,
        HeaderName::from_static("x"),
    ] {
        let value = http::HeaderValue::from_bytes(b"\xe9\xff").unwrap();
        content.headers_mut().insert(name, value);
    }
    let blob = Blob {
        digest: Digest::sha256_of(PACKAGE),
        size: PACKAGE.len() as u64,
    };
    let file = File {
        view: crate::index::View::root(),
        digest: None,
        name: FILE.to_owned(),
        part: Part::Package,
    };
    assert!(Ready::new(&file, &blob).stream(content).is_ok());
}
