//! Which package a link means.

use super::*;
use crate::index::{Detail, Entry, Writer};
use http::header::ETAG;

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
    world.say([Say::answer(&Found::Candidates(candidates))]);
    for path in [ALIAS, &link(PACKAGE), "/team-a/charts/nginx-1.0.0.tgz"] {
        assert_eq!(status(&world.get(path)), 404, "{path}");
        assert_eq!(status(&world.head(path)), 404, "{path}");
    }
    assert_eq!(world.registry.calls(), 0);
}

#[test]
fn a_folder_serves_what_lies_in_it() {
    let team_b = b"of team b".as_slice();
    let world = World::of(PUBLIC);
    let candidates = [
        pushed(&world, "charts/team-a/nginx", PACKAGE, false),
        pushed(&world, "charts/team-b/nginx", team_b, false),
    ];
    world.publish_file(FILE, &candidates);
    let candidates = candidates.to_vec();
    world.say([Say::answer(&Found::Candidates(candidates))]);
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
    world.say([Say::Missing]);
    assert_eq!(status(&world.get(ALIAS)), 404);
    assert_eq!(bytes(&world.get("/team-a/charts/nginx-1.0.0.tgz")), PACKAGE);
}

#[test]
fn a_superseded_package_lives_by_its_digest_until_its_time() {
    let world = World::of(PUBLIC);
    let mut old = pushed(&world, REPOSITORY, b"old", false);
    old.until = Some(world.clock.now().after(Duration::from_hours(1)));
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, false), old];
    world.publish_file(FILE, &candidates);
    world.say([Say::answer(&Found::Candidates(candidates))]);
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
    let both = vec![a.clone(), b.clone()];
    world.publish_file(FILE, &both);
    let candidates = both.clone();
    world.say([Say::answer(&Found::Candidates(candidates))]);
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
    world.say([Say::answer(&Found::Candidates(candidates))]);
    assert_eq!(status(&world.get(ALIAS)), 404);
    assert_eq!((world.registry.calls(), world.asked().len()), (0, 1));
}

#[test]
fn the_operators_word_decides_a_contest_that_would_be_hidden() {
    let world = World::with(&[("COLLISIONS", "hide"), ("PRECEDENCE", "team-b/**")]);
    let a = pushed(&world, "charts/team-a/nginx", PACKAGE, false);
    let b = pushed(&world, "charts/team-b/nginx", b"other", false);
    let c = pushed(&world, "charts/team-c/nginx", b"third", false);
    world.publish_file(FILE, &[b.clone(), a.clone(), c.clone()]);
    assert_eq!(bytes(&world.get(ALIAS)), b"other");
    // Of those it does not name, none.
    world.publish_file(FILE, &[a.clone(), c.clone()]);
    world.say([Say::answer(&Found::Candidates(vec![a, c]))]);
    assert_eq!(status(&world.get(ALIAS)), 404);
}

/// The winner of a contest appears in the index at once; the shard that a far city has may be from before.
#[test]
fn an_older_shard_that_shows_a_contest_is_not_the_last_word() {
    let world = World::with(&[("COLLISIONS", "hide")]);
    let a = pushed(&world, "charts/team-a/nginx", PACKAGE, false);
    let b = pushed(&world, "charts/team-b/nginx", b"other", false);
    world.publish_file(FILE, &[a.clone(), b]);
    let candidates = vec![a];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    assert_eq!(bytes(&world.get(&link(PACKAGE))), PACKAGE);
}

/// Two KV keys are never of one moment. Whatever mixture of old and new a client meets, the link of its
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
                    world.say([Say::answer(&Found::Candidates(candidates))]);
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
        base: "",
        name: "nginx",
        version: "1.0.0",
        file: FILE,
        metadata: r#"{"apiVersion":"v2","name":"nginx","version":"1.0.0"}"#,
        created: None,
        digest: digest.hex(),
        elsewhere: None,
    };
    writer.push(&entry, Detail::Full).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&writer.finish().bytes).unwrap();
    let entry = &index["entries"]["nginx"][0];
    (
        format!("/{}", entry["urls"][0].as_str().unwrap()),
        entry["digest"].as_str().unwrap().to_owned(),
    )
}
