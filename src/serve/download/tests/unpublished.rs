//! What KV does not have: the catalog is asked, within limits.

use super::*;

#[test]
fn what_the_shard_does_not_have_the_catalog_is_asked_for() {
    let world = World::of(PUBLIC);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    let candidates = vec![candidate];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    let file = FILE.parse().unwrap();
    assert_eq!(world.asked(), [question(&ask::Find { file, missed: true })]);
    // The shard may be older than the link: then KV did not lack it.
    world.publish_file("other-1.0.0.tgz", &[]);
    assert_eq!(bytes(&world.get(&link(PACKAGE))), PACKAGE);
}

#[test]
fn what_nobody_has_is_remembered_for_a_moment() {
    let world = World::of(PUBLIC);
    world.say([Say::Missing]);
    for path in [ALIAS, "/a/charts/nginx-1.0.0.tgz", &link(PACKAGE), ALIAS] {
        assert_eq!(
            error(&world.get(path)),
            "404 there is no such file in this repository"
        );
    }
    assert_eq!((world.asked().len(), world.registry.calls()), (1, 0));
    world.clock.advance(Duration::from_secs(1));
    world.get(ALIAS);
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn a_digest_nobody_has_is_remembered_without_the_file() {
    let world = one(&[]);
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, true)];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    for _ in 0..3 {
        assert_eq!(status(&world.get(&link(b"unknown"))), 404);
    }
    assert_eq!(world.asked().len(), 1);
    assert_eq!(status(&world.get(&link(PACKAGE))), 200);
}

#[test]
fn strangers_cannot_keep_the_catalog_busy() {
    let world = World::of(PUBLIC);
    world.say([Say::Missing]);
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
        "503 too many requests at once: come again in a moment"
    );
}

#[test]
fn before_the_first_pass_a_file_is_not_missing() {
    let world = World::of(PUBLIC);
    let mut progress = Progress {
        repositories: 3,
        ..Progress::default()
    };
    world.say([Say::NotReady(progress.clone())]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "503 the first sync is still running: 0 of at least 3 repositories"
    );
    progress.fault = Some(CatalogFault {
        host: "registry.example".into(),
        kind: "did not answer in time".into(),
        retry_at: None,
    });
    world.say([Say::NotReady(progress)]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "502 the registry registry.example did not answer in time"
    );
    world.say([Say::broken()]);
    assert_eq!(error(&world.get(ALIAS)), "503 the catalog did not answer");
}

#[test]
fn kv_out_of_order_is_no_outage() {
    let world = one(&[]);
    world.documents.fail_gets(1);
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, true)];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
    // Nor is a shard that is none.
    let fingerprint = world.config.fingerprint();
    let key = Key::Files(shard_of(FILE)).name(fingerprint);
    world.documents.seed(&key, "garbage", "x");
    assert_eq!(bytes(&world.get(ALIAS)), PACKAGE);
}

/// A thousand spellings of a link with a wrong digest were a thousand questions.
#[test]
fn a_link_that_gives_nothing_is_remembered_however_it_is_spelt() {
    let world = one(&[]);
    let candidates = vec![pushed(&world, REPOSITORY, PACKAGE, true)];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    for name in [
        FILE,
        "ngin%78-1.0.0.tgz",
        "%6eginx-1.0.0.tgz",
        "nginx-1.0.%30.tgz",
    ] {
        let path = format!("/charts/0000000000000000/{name}");
        assert_eq!(status(&world.get(&path)), 404, "{path}");
    }
    assert_eq!(world.asked().len(), 1);
}

/// A shard that has grown beyond what is read at once: the catalog is asked for the one file.
#[test]
fn a_shard_that_is_too_long_is_not_read() {
    let world = World::of(PUBLIC);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    let candidates = vec![candidate.clone()];
    world.say([Say::answer(&Found::Candidates(candidates))]);
    world.publish_file(FILE, &[candidate]);
    let key = Key::Files(shard_of(FILE)).name(world.config.fingerprint());
    let mut long = world.documents.stored(&key).unwrap().0.to_vec();
    long.resize(9 * 1024 * 1024, b' ');
    world.documents.seed(&key, long, "shard");
    assert_eq!(bytes(&world.get(&link(PACKAGE))), PACKAGE);
    let file = FILE.parse().unwrap();
    // KV did not lack it.
    let missed = false;
    assert_eq!(world.asked(), [question(&ask::Find { file, missed })]);
}
