use std::time::Duration;

use http::header::{CONTENT_LENGTH, IF_NONE_MATCH};

use super::*;
use crate::catalog::ask;
use crate::serve::tests::{READER, Say, World, bytes, error, question, show, status};
use crate::testing::Fault;

const ID: &str = "0b5b6a7c-1111-2222-3333-444455556666";
const FILE: &str = "repositoryID: 7f\nowners:\n  - name: Acme\n";

/// Pushes the file as `oras push …:artifacthub.io` does.
fn push(world: &World, repository: &str, media_type: &str, file: &str) {
    let config = world.registry.push_blob("");
    let layer = world.registry.push_blob(file.to_owned());
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.cncf.artifacthub.config.v1+yaml", "digest": config, "size": 0},
        "layers": [{"mediaType": media_type, "digest": layer, "size": file.len()}],
    });
    let image = "application/vnd.oci.image.manifest.v1+json";
    let manifest = manifest.to_string();
    world
        .registry
        .push_manifest(repository, TAG, image, manifest);
}

/// Registry calls, KV gets, questions.
fn calls(world: &World) -> (usize, usize, usize) {
    let asked = world.asked().len();
    (world.registry.calls(), world.documents.gets(), asked)
}

#[test]
fn the_setting_says_it_for_every_space() {
    let world = World::with(&[("ARTIFACTHUB_REPOSITORY_ID", ID)]);
    insta::assert_snapshot!(show(&world.get("/artifacthub-repo.yml")), @r#"
        200
        cache-control: public, no-cache, no-transform
        content-length: 51
        content-type: application/x-yaml
        etag: "64181a1d699f1458b68c6abaf929d8d8"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        repositoryID: 0b5b6a7c-1111-2222-3333-444455556666
    "#);
    assert_eq!(calls(&world), (0, 0, 0));
    world.publish_index("team", "index");
    let answer = world.get("/team/artifacthub-repo.yml");
    let text = format!("repositoryID: {ID}\n");
    assert_eq!(bytes(&answer), text.as_bytes());
    assert_eq!(calls(&world), (0, 1, 0));
    let etag = answer.headers()[ETAG].to_str().unwrap();
    let again = world.get_with("/team/artifacthub-repo.yml", &[(IF_NONE_MATCH, etag)]);
    assert_eq!((status(&again), bytes(&again)), (304, b"".as_slice()));
    let head = world.head("/team/artifacthub-repo.yml");
    assert_eq!(head.headers(), answer.headers());
    assert_eq!(world.documents.cancels(), 3);
    assert_eq!(status(&world.post("/artifacthub-repo.yml", &[])), 405);
}

#[test]
fn a_space_that_is_not_has_none() {
    for settings in [vec![], vec![("ARTIFACTHUB_REPOSITORY_ID", ID)]] {
        let world = World::with(&settings);
        push(&world, "charts/no", LAYER, FILE);
        world.say([Say::Missing]);
        for _ in 0..2 {
            assert_eq!(
                error(&world.get("/no/artifacthub-repo.yml")),
                "404 there are no charts below this path"
            );
        }
        // Remembered, and shared with the index.
        assert_eq!(status(&world.get("/no/index.yaml")), 404);
        let view = "no".parse().unwrap();
        assert_eq!(
            world.asked(),
            [question(&ask::Index { view, fresh: false })]
        );
        assert_eq!(world.registry.calls(), 0);
    }
}

#[test]
fn a_space_that_kv_does_not_have_is_asked_for() {
    let world = World::with(&[("ARTIFACTHUB_REPOSITORY_ID", ID)]);
    world.say([Say::Document("from rows")]);
    assert_eq!(status(&world.get("/team/artifacthub-repo.yml")), 200);
    assert_eq!(world.documents.cancels(), 1);
}

#[test]
fn a_tag_of_the_space_s_own_repository_holds_it() {
    let world = World::with(&[]);
    world.publish_index("team", "index");
    push(&world, "charts/team", LAYER, FILE);
    push(&world, "charts", LAYER, "repositoryID: root\n");
    let answer = world.get("/team/artifacthub-repo.yml");
    assert_eq!((status(&answer), bytes(&answer)), (200, FILE.as_bytes()));
    assert_eq!(calls(&world), (2, 1, 0));
    let root = world.get("/artifacthub-repo.yml");
    assert_eq!(bytes(&root), b"repositoryID: root\n");
    // Kept for a minute, whatever is asked of it and however its path is spelt.
    world.registry.clear_log();
    let head = world.head("/team/artifacthub-repo.yml");
    assert_eq!(head.headers(), answer.headers());
    assert_eq!(head.headers()[CONTENT_LENGTH], FILE.len().to_string());
    let etag = answer.headers()[ETAG].to_str().unwrap();
    let again = world.get_with("/team/artifacthub-repo.yml", &[(IF_NONE_MATCH, etag)]);
    assert_eq!(status(&again), 304);
    let spelt = world.get("/te%61m/artifacthub-repo.yml?x=1");
    assert_eq!(bytes(&spelt), FILE.as_bytes());
    assert_eq!(world.registry.calls(), 0);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(
        bytes(&world.get("/team/artifacthub-repo.yml")),
        FILE.as_bytes()
    );
    assert_eq!(world.registry.calls(), 2);
}

/// A thousand spellings of a path were a thousand calls.
#[test]
fn a_file_that_is_not_there_is_remembered_however_its_path_is_spelt() {
    let world = World::with(&[]);
    let name = "artifacthub-repo.yml";
    for at in 0..name.len() {
        let (before, after) = name.split_at(at);
        let (letter, after) = after.split_at(1);
        let spelt = format!("/{before}%{:02x}{after}?{at}", letter.as_bytes()[0]);
        assert_eq!(status(&world.get(&spelt)), 404, "{spelt}");
    }
    assert_eq!(calls(&world), (1, 0, 0));
}

#[test]
fn what_is_none_is_remembered() {
    let long = "#".repeat(LIMIT + 1);
    let none: [&dyn Fn(&World); 4] = [
        &|_| {},
        &|world| push(world, "charts/team", "application/octet-stream", FILE),
        &|world| push(world, "charts/team", LAYER, &long),
        &|world| {
            push(world, "charts/team", LAYER, FILE);
            world
                .registry
                .inject("/manifests/", None, Fault::status(403));
        },
    ];
    for prepare in none {
        let world = World::with(&[]);
        world.publish_index("team", "index");
        prepare(&world);
        for _ in 0..2 {
            assert_eq!(
                error(&world.get("/team/artifacthub-repo.yml")),
                "404 there is no such file in this repository"
            );
        }
        assert_eq!(world.registry.calls(), 1);
    }
}

/// Whoever may read the index of a space learns nothing of a repository that is not to be served.
#[test]
fn a_repository_that_is_not_served_is_not_asked() {
    for (repositories, calls_made) in [("team/*", 0), ("other, team/*", 0), ("team, team/*", 2)] {
        let world = World::with(&[("REPOSITORIES", repositories)]);
        world.publish_index("team", "index");
        push(&world, "charts/team", LAYER, FILE);
        let answer = world.get("/team/artifacthub-repo.yml");
        let expected = if calls_made == 0 { 404 } else { 200 };
        assert_eq!(status(&answer), expected, "{repositories}");
        assert_eq!(world.registry.calls(), calls_made, "{repositories}");
    }
}

#[test]
fn a_registry_without_prefix_has_no_repository_for_the_root() {
    let world = World::with(&[("REGISTRY", "registry.example")]);
    assert_eq!(status(&world.get("/artifacthub-repo.yml")), 404);
    assert_eq!(calls(&world), (0, 0, 0));
}

#[test]
fn faults_of_the_registry_are_its_own() {
    for what in ["/manifests/", "/blobs/"] {
        let world = World::with(&[]);
        push(&world, "charts", LAYER, FILE);
        world.registry.inject(what, Some(1), Fault::status(500));
        // Told again for some seconds without asking again.
        for _ in 0..3 {
            assert_eq!(
                error(&world.get("/artifacthub-repo.yml")),
                "502 the registry registry.example answered 500"
            );
        }
        world.clock.advance(Duration::from_secs(10));
        assert_eq!(status(&world.get("/artifacthub-repo.yml")), 200);
    }
}

#[test]
fn it_is_for_readers() {
    let world = World::with(&[
        ("BASIC_AUTH_USER", "helm"),
        ("BASIC_AUTH_PASS", "secret"),
        ("ARTIFACTHUB_REPOSITORY_ID", ID),
    ]);
    assert_eq!(status(&world.get("/artifacthub-repo.yml")), 401);
    let answer = world.get_with("/artifacthub-repo.yml", &[READER]);
    assert_eq!(status(&answer), 200);
    let policy = answer.headers()["cache-control"].to_str().unwrap();
    assert!(policy.starts_with("private"), "{policy}");
}

/// Each space of a circle of them was a call, as only a few were remembered and none was counted.
#[test]
fn spaces_in_a_circle_are_asked_for_once_and_not_more_than_twenty_a_second() {
    let world = World::with(&[]);
    world.say([Say::Document("index")]);
    for n in 0..65 {
        world.publish_index(&format!("s{n}"), "index");
    }
    let circle = || {
        let spaces = (0..65).map(|n| world.get(&format!("/s{n}/artifacthub-repo.yml")));
        spaces.filter(|answer| status(answer) == 503).count()
    };
    assert_eq!(circle(), 45);
    for left in [25, 5, 0, 0, 0] {
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(circle(), left);
    }
    assert_eq!(world.registry.calls(), 65);
}
