//! Shares: the index of who may read some spaces only.

use std::collections::BTreeSet;

use http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderName, Response};
use proptest::prelude::*;

use super::worker::{body, get_with};
use super::*;
use crate::index::View;
use crate::platform::Clock as _;
use crate::serve::Body;

/// A repository, the chart in it and a version.
type Push = (&'static str, &'static str, &'static str);

const REPOSITORIES: [&str; 6] = [
    "a",
    "public/a",
    "team-a/a",
    "team-a/sub/b",
    "team-b/a",
    "team-b/sub/a",
];
const SPACES: [&str; 7] = [
    "",
    "public",
    "team-a",
    "team-a/sub",
    "team-b",
    "team-b/sub",
    "nowhere",
];

/// The reader, by its token.
const READER: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-reader");
/// Another one, who may read something else.
const OTHER: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-other");
/// Who asks past caches.
const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");
/// What the file for Artifact Hub is made of.
const HUB: (&str, &str) = (
    "ARTIFACTHUB_REPOSITORY_ID",
    "c0ffee00-0000-4000-8000-000000000000",
);
/// An account that may read nothing.
const NOBODY: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-somebody-else");

fn filled_with(settings: &[(&str, &str)], pushes: &[Push]) -> World {
    let world = World::with(settings);
    for (repository, chart, version) in pushes {
        let metadata = serde_json::json!({"apiVersion": "v2", "name": chart, "version": version, "description": repository});
        let package = format!("{chart} {version} of {repository}");
        let repository = format!("charts/{repository}");
        let bytes = package.as_bytes();
        world.registry.push_chart(
            &repository,
            version,
            &metadata,
            bytes,
            Some(repository.as_bytes()),
            &[],
        );
    }
    world.pass();
    world.rest();
    world
}

/// A catalog of which one account may read what these patterns name.
fn shared(patterns: &str, pushes: &[Push]) -> World {
    shared_by_two(patterns, "nowhere", pushes)
}

/// The same, of which another account may read what `others` name.
fn shared_by_two(patterns: &str, others: &str, pushes: &[Push]) -> World {
    let accounts = format!(
        "reader: {{ token: the-token-of-the-reader, read: '{patterns}' }}\nother: {{ token: the-token-of-the-other, read: '{others}' }}\nnobody: {{ token: the-token-of-somebody-else, metrics: true }}"
    );
    filled_with(&[("ACCOUNTS", &accounts), HUB], pushes)
}

fn in_space(space: &str, file: &str) -> String {
    let slash = if space.is_empty() { "" } else { "/" };
    format!("{space}{slash}{file}")
}

fn index_of(space: &str) -> String {
    in_space(space, "index.yaml")
}

fn told(response: &Response<Body<Bytes>>) -> String {
    let status = response.status().as_u16();
    format!("{status} {}", String::from_utf8_lossy(body(response)))
}

fn links(index: &[u8]) -> Vec<String> {
    let index: Value = serde_json::from_slice(index).unwrap();
    let charts = index["entries"].as_object().unwrap().values();
    let entries = charts.flat_map(|versions| versions.as_array().unwrap());
    entries
        .map(|entry| entry["urls"][0].as_str().unwrap().to_owned())
        .collect()
}

fn header<'r>(response: &'r Response<Body<Bytes>>, name: &HeaderName) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

const PUSHES: [Push; 5] = [
    ("a", "a", "1.0.0"),
    ("team-a/a", "a", "1.0.0"),
    ("team-a/a", "a", "2.0.0"),
    ("team-b/a", "a", "1.0.0"),
    ("team-b/sub/a", "a", "3.0.0"),
];

#[test]
fn a_share_is_published_after_its_first_read_and_made_anew_by_changes_it_shows() {
    let world = shared("team-b/**", &PUSHES);
    let share: View = "?team-b/**".parse().unwrap();
    let key = Key::Index(share.clone()).name(world.config.fingerprint());
    assert!(world.documents.stored(&key).is_none());
    let first = get_with(&world, "index.yaml", &[READER]);
    assert_eq!(
        header(&first, &CACHE_CONTROL),
        "private, no-cache, no-transform"
    );
    assert_eq!(header(&first, &VARY), "authorization");
    world.clock.advance(Duration::from_secs(2));
    world.rest();
    assert_eq!(world.versions("?team-b/**"), ["a 3.0.0", "a 1.0.0"]);
    let (published, _) = world.documents.stored(&key).unwrap();
    assert_eq!(published, body(&first));
    // What it does not show leaves it as it is; what it shows makes it anew.
    for (repository, anew) in [("charts/team-a/new", false), ("charts/team-b/new", true)] {
        let (_, before) = world.documents.stored(&key).unwrap();
        world.registry.push_version(repository, "new", "1.0.0");
        world.clock.advance(Duration::from_mins(6));
        world.pass();
        world.rest();
        let (_, after) = world.documents.stored(&key).unwrap();
        assert_eq!(after.updated > before.updated, anew, "{repository}");
    }
    assert_eq!(
        world.versions("?team-b/**"),
        ["a 3.0.0", "a 1.0.0", "new 1.0.0"]
    );
}

/// A hundred accounts of equal rights have one share, and what is beyond the limit is answered by the catalog.
#[test]
fn shares_are_few() {
    let world = shared("team-b/**", &PUSHES);
    for place in 0..150 {
        let view = format!("?team-b/**,x{place}");
        assert_eq!(world.answered(&view), ["a 3.0.0", "a 1.0.0"], "{view}");
    }
    let info = world.ask(&ask::Info { page: 0 });
    assert_eq!(
        info["shares"],
        serde_json::json!({ "published": 100, "limit": 100 })
    );
}

/// Of shares of folders, of which a stranger may find any number, only half as many are kept: the others' readers have room.
#[test]
fn shares_of_folders_leave_room_for_those_of_the_root() {
    let world = shared("team-b/**", &PUSHES);
    let published = |views: std::ops::Range<usize>, folder: &str, expected: [&str; 2]| {
        for place in views {
            let view = format!("{folder}?team-b/**,x{place}");
            assert_eq!(world.answered(&view), expected, "{view}");
        }
        world.ask(&ask::Info { page: 0 })["shares"]["published"].clone()
    };
    let of_folder = ["a 3.0.0", "a 1.0.0"];
    assert_eq!(published(0..60, "team-b", of_folder), 50);
    assert_eq!(published(0..10, "", of_folder), 60);
}

/// The bytes of two shares may be equal; their entity tags are not, nor is one that of a folder.
#[test]
fn no_share_has_the_entity_tag_of_another() {
    let world = shared("team-b/**", &PUSHES);
    let tag = |view: &str| match world.index(view) {
        Indexed::Document(document) => document.metadata.etag,
        Indexed::Without(reason) => panic!("{view}: {reason:?}"),
    };
    let tags = [
        "?team-b/**",
        "?team-b,team-b/sub",
        "team-b",
        "team-b?**/sub,team-b",
        "",
    ]
    .map(tag);
    let different: BTreeSet<&String> = tags.iter().collect();
    assert_eq!(different.len(), tags.len());
    // A reader who knows the tag of everything is not told that this is it.
    let answer = get_with(&world, "index.yaml", &[READER, (IF_NONE_MATCH, &tags[4])]);
    assert_eq!(answer.status().as_u16(), 200);
    let answer = get_with(&world, "index.yaml", &[READER, (IF_NONE_MATCH, &tags[0])]);
    assert_eq!(answer.status().as_u16(), 304);
    let fresh = [
        READER,
        (CACHE_CONTROL, "no-cache"),
        (IF_NONE_MATCH, &tags[0]),
    ];
    assert_eq!(
        get_with(&world, "index.yaml", &fresh).status().as_u16(),
        304
    );
}

/// Of a file that several repositories offer, each reader gets the first among those that they may see, with its provenance.
#[test]
fn a_file_comes_from_a_repository_that_the_reader_may_see() {
    for (patterns, expected) in [
        ("**", "a 1.0.0 of a"),
        ("team-b/**", "a 1.0.0 of team-b/a"),
        ("team-*/**", "a 1.0.0 of team-a/a"),
    ] {
        let world = shared(patterns, &PUSHES);
        let answer = get_with(&world, "charts/a-1.0.0.tgz", &[READER]);
        assert_eq!(told(&answer), format!("200 {expected}"), "{patterns}");
        let (_, repository) = expected.split_once(" of ").unwrap();
        let answer = get_with(&world, "charts/a-1.0.0.tgz.prov", &[READER]);
        assert_eq!(
            told(&answer),
            format!("200 charts/{repository}"),
            "{patterns}"
        );
    }
}

fn pushes() -> impl Strategy<Value = Vec<Push>> {
    let push = (
        prop::sample::select(&REPOSITORIES),
        prop::sample::select(&["a", "b"]),
        prop::sample::select(&["1.0.0", "2.0.0"]),
    );
    prop::collection::vec(push, 0..12).prop_map(|pushes| {
        let unique: BTreeSet<Push> = pushes.into_iter().collect();
        // A tag holds one chart.
        let mut tags = BTreeSet::new();
        unique
            .into_iter()
            .filter(|(repository, _, version)| tags.insert((*repository, *version)))
            .collect()
    })
}

fn patterns() -> impl Strategy<Value = String> {
    let one = prop::sample::select(&[
        "/",
        "public",
        "team-a",
        "team-a/**",
        "team-b/*",
        "team-*/**",
        "**/sub",
        "*/sub",
        "team-b",
        "**",
        "nowhere",
    ]);
    prop::collection::vec(one, 1..4).prop_map(|all| all.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What an account sees is what anyone sees of a registry that holds nothing else; each link works for it and for nobody
    /// who lacks the right.
    #[test]
    fn an_account_sees_a_registry_that_holds_only_what_it_may_read(pushes in pushes(), patterns in patterns(), others in patterns()) {
        let world = shared_by_two(&patterns, &others, &pushes);
        let spaces: crate::index::Spaces = patterns.parse().unwrap();
        let others: crate::index::Spaces = others.parse().unwrap();
        let readable = |push: &&Push| {
            let path: crate::index::RepositoryPath = push.0.parse().unwrap();
            spaces.hold(&path.space())
        };
        let mine: Vec<Push> = pushes.iter().filter(readable).copied().collect();
        let alone = filled_with(&[HUB], &mine);
        for space in SPACES {
            let hub = in_space(space, "artifacthub-repo.yml");
            let seen = get_with(&world, &hub, &[READER]);
            if spaces.reach(&space.parse().unwrap()) {
                prop_assert_eq!(told(&seen), told(&get_with(&alone, &hub, &[])), "{}", hub);
            } else {
                prop_assert_eq!(seen.status().as_u16(), 404, "{}", hub);
            }
            let path = index_of(space);
            let (seen, expected) = (get_with(&world, &path, &[READER]), get_with(&alone, &path, &[]));
            if spaces.reach(&space.parse().unwrap()) {
                prop_assert_eq!(told(&seen), told(&expected), "/{}", space);
            } else {
                prop_assert_eq!(seen.status().as_u16(), 404);
            }
            prop_assert_eq!(get_with(&world, &path, &[NOBODY]).status().as_u16(), 404);
            prop_assert_eq!(get_with(&world, &path, &[]).status().as_u16(), 401);
            if seen.status() != 200 {
                continue;
            }
            prop_assert_eq!(told(&get_with(&world, &path, &[READER, FRESH])), told(&seen), "/{}, no-cache", space);
            let known = (IF_NONE_MATCH, header(&seen, &ETAG));
            for headers in [vec![READER, known.clone()], vec![READER, FRESH, known]] {
                prop_assert_eq!(get_with(&world, &path, &headers).status().as_u16(), 304);
            }
            for link in links(body(&seen)) {
                for path in [in_space(space, &link), in_space(space, &format!("{link}.prov"))] {
                    let file = get_with(&world, &path, &[READER]);
                    prop_assert_eq!(told(&file), told(&get_with(&alone, &path, &[])), "{}", path);
                    prop_assert_eq!(file.status().as_u16(), 200);
                    prop_assert_eq!(get_with(&world, &path, &[NOBODY]).status().as_u16(), 404);
                    prop_assert_eq!(get_with(&world, &path, &[]).status().as_u16(), 401);
                    // Package and provenance both end with the path of their repository.
                    let text = told(&file);
                    let repository = text.rsplit(' ').next().unwrap();
                    let repository = repository.strip_prefix("charts/").unwrap_or(repository);
                    let repository: crate::index::RepositoryPath = repository.parse().unwrap();
                    let expected = if others.hold(&repository.space()) { 200 } else { 404 };
                    let theirs = get_with(&world, &path, &[OTHER]);
                    prop_assert_eq!(theirs.status().as_u16(), expected, "{} for another", path);
                }
            }
        }
        // Links of everything, each asked for at the root: only those of what may be read work.
        let everything = filled_with(&[], &pushes);
        for link in links(body(&get_with(&everything, "index.yaml", &[]))) {
            let file = get_with(&world, &link, &[READER]);
            let expected = get_with(&alone, &link, &[]);
            prop_assert_eq!(file.status(), expected.status(), "{}", link);
        }
    }
}
