//! Tables of other Workers: older ones are migrated, newer ones are dropped.

mod registry;

use std::collections::BTreeMap;

use super::*;
use crate::platform::{Database, Row, Value as Cell};
use crate::testing::Fault;

/// Tables of every version before this one, from version 1 on, with their rows as the code of that time wrote them.
const OLDER: [&str; 7] = [
    include_str!("../rows/old/1.sql"),
    include_str!("../rows/old/2.sql"),
    include_str!("../rows/old/3.sql"),
    include_str!("../rows/old/4.sql"),
    include_str!("../rows/old/5.sql"),
    include_str!("../rows/old/6.sql"),
    include_str!("../rows/old/7.sql"),
];

/// The first of them whose manifests no later reader need read again.
const SAME_READER: usize = 3;

/// What the older tables were made of: a catalog at rest but for a tag list of which the second page cannot be read.
fn world() -> World {
    let world = World::new();
    registry::fill(&world.registry);
    world.pass();
    world.rest();
    registry::overwrite(&world.registry);
    world.pass();
    world.rest();
    registry::long_list(&world.registry);
    let fault = Fault::status(500);
    world
        .registry
        .inject("charts/long/tags/list?last", None, fault);
    world.pass();
    world
}

/// The same world with the tables of a version. KV is empty and every document is to be put, so that all that is served is
/// made of the rows.
fn older(version: usize) -> World {
    let mut world = world();
    world.database = FakeDatabase::new();
    world.database.execute(OLDER[version - 1], &[]).unwrap();
    let all = "UPDATE document SET dirty = 1, etag = NULL, length = NULL, put_at = NULL";
    world.database.execute(all, &[]).unwrap();
    world.documents = FakeDocuments::new(world.clock.clone());
    world.incarnation = "newer".to_owned();
    world.registry.clear_log();
    world
}

/// The bytes of the indexes that the catalog answers of its rows.
fn indexes(world: &World) -> Vec<Bytes> {
    let index = |view: &str| match world.index(view) {
        Indexed::Document(document) => document.body,
        Indexed::Without(reason) => panic!("{view:?}: {reason:?}"),
    };
    ["", "team"].map(index).into()
}

/// Reads what could not be read before, and all that is asked for by time.
fn heal(world: &World) {
    world.registry.heal();
    world.ask(&ask::ViewsRead {
        views: vec!["team".parse().unwrap()],
    });
    world.wait(6);
}

fn names(database: &FakeDatabase) -> Vec<Vec<Cell>> {
    database
        .query(
            "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.name <> 'sqlite_sequence'
             ORDER BY m.name, p.name",
            &[],
        )
        .unwrap()
        .into_iter()
        .map(Row::into_cells)
        .collect()
}

#[test]
fn tables_of_every_older_version_serve_what_a_fresh_crawl_gives() {
    let control = world();
    let at_once = indexes(&control);
    let answered = control.answered("");
    assert_eq!(answered.len(), 6, "{answered:?}");
    heal(&control);
    let expected = control.documents.all();
    for version in 1..=OLDER.len() {
        let world = older(version);
        assert_eq!(
            indexes(&world),
            at_once,
            "version {version}: the first question is answered of the rows"
        );
        assert_eq!(world.registry.calls(), 0, "version {version}");
        assert_eq!(
            names(&world.database),
            names(&control.database),
            "version {version}"
        );
        heal(&world);
        let read: Vec<String> = world
            .registry
            .log()
            .into_iter()
            .filter(|call| call.method == "GET" && !call.url.contains("/charts/long/"))
            .filter(|call| call.url.contains("/manifests/") || call.url.contains("/blobs/"))
            .map(|call| call.url)
            .collect();
        if version >= SAME_READER {
            assert_eq!(read, Vec::<String>::new(), "version {version}: known");
        }
        assert_eq!(world.documents.all(), expected, "version {version}");
        assert!(world.answered("").contains(&"long 1.2.0".to_owned()));
    }
}

#[test]
fn tables_of_an_unknown_newer_version_are_made_anew_while_kv_serves() {
    let mut world = world();
    heal(&world);
    // What no index shows is kept as what was superseded until it is read again.
    let kept = |documents: BTreeMap<String, String>| -> BTreeMap<String, String> {
        let pairs = documents.into_iter();
        let pairs = pairs.map(|(name, text)| {
            let (before, after) = text.split_once(",\"until\":").unwrap_or((&text, ""));
            let after = after.trim_start_matches(char::is_numeric);
            (name, format!("{before}{after}"))
        });
        pairs.collect()
    };
    let expected = world.documents.all();
    world
        .database
        .execute(
            "ALTER TABLE manifest RENAME COLUMN candidate TO offer; ALTER TABLE tag RENAME COLUMN manifest TO serves;
             UPDATE schema SET version = version + 1",
            &[],
        )
        .unwrap();
    world.incarnation = "older".to_owned();
    world.registry.inject("/v2/", None, Fault::status(500));
    for _ in 0..20 {
        world.wait_for_alarm();
        world.step();
        assert_eq!(kept(world.documents.all()), kept(expected.clone()));
    }
    world.registry.heal();
    world.wait(2);
    assert_eq!(world.versions("").len(), 9);
    let index = |documents: &BTreeMap<String, String>| {
        let index = Key::Index(View::root()).name(world.config.fingerprint());
        documents.get(&index).cloned()
    };
    assert_eq!(index(&world.documents.all()), index(&expected));
}

#[test]
fn tables_that_cannot_be_migrated_are_made_anew() {
    let world = older(1);
    // Somebody was here by hand: the column that the migration adds is there already.
    world
        .database
        .execute("ALTER TABLE repository ADD COLUMN passed_over TEXT", &[])
        .unwrap();
    heal(&world);
    assert_eq!(world.versions("").len(), 9);
}

fn passed_over(world: &World) -> Value {
    let info = world.ask(&ask::Info { page: 0 });
    info["passed_over"].clone()
}

#[test]
fn what_is_passed_over_by_its_name_is_told_with_the_reason_and_never_read() {
    let world = World::with(&[("TAGS", "*, !*-rc.*"), ("VERSIONS_PER_CHART", "2")]);
    let hex = "ab".repeat(32);
    world
        .registry
        .push_version("charts/plain", "plain", "1.0.0");
    let pushed = world.registry.push_version("charts/a", "a", "1.3.0");
    for tag in ["1.0.0", "1.1.0", "1.2.0", "1.4.0-rc.1", "artifacthub.io"] {
        world.registry.tag("charts/a", tag, &pushed.manifest);
    }
    for suffix in [".sig", ".att", ""] {
        world.registry.tag(
            "charts/a",
            &format!("sha256-{hex}{suffix}"),
            &pushed.manifest,
        );
    }
    world.pass();
    assert_eq!(
        passed_over(&world),
        serde_json::json!([{ "repository": "charts/a", "tags": {
            "Artifact Hub metadata": 1, "beyond VERSIONS_PER_CHART": 2, "cosign attestation": 1, "cosign signature": 1,
            "excluded by TAGS": 1, "referrers index": 1,
        }}])
    );
    assert_eq!(world.registry.calls_to("sha256-"), 0);
}
