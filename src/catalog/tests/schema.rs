//! Tables of other Workers: older ones are migrated, newer ones are dropped.

use super::*;
use crate::platform::{Database, Value as Cell};

/// Tables as older Workers made them, from version 1 on.
const OLDER: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The rows of `from` in tables made by `sql`, as far as those have the columns.
fn as_of(from: &FakeDatabase, sql: &str) -> FakeDatabase {
    let to = FakeDatabase::new();
    to.execute(sql, &[]).unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('schema', 'sqlite_sequence')";
    for table in to.query(tables, &[]).unwrap() {
        let table = table.text(0).unwrap();
        let columns = to
            .query("SELECT name FROM pragma_table_info(?)", &[table.into()])
            .unwrap();
        let known = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?";
        let columns: Vec<&str> = columns
            .iter()
            .map(|row| row.text(0).unwrap())
            .filter(|name| {
                let known = from.query(known, &[table.into(), (*name).into()]);
                !known.unwrap().is_empty()
            })
            .collect();
        let names = columns.join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let rows = from
            .query(&format!("SELECT {names} FROM {table}"), &[])
            .unwrap();
        for row in rows {
            let insert = format!("INSERT INTO {table}({names}) VALUES({places})");
            to.execute(&insert, &row.0).unwrap();
        }
    }
    to
}

/// A catalog with two charts and a signature, at rest.
fn world() -> World {
    let world = World::new();
    let signed = world.registry.push_version("charts/a", "a", "1.0.0");
    let signature = signed.manifest.to_string().replace(':', "-") + ".sig";
    world.registry.push_version("charts/a", "a", "1.1.0");
    world.registry.tag("charts/a", &signature, &signed.manifest);
    world.pass();
    world.rest();
    world
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
        .map(|row| row.0)
        .collect()
}

#[test]
fn tables_of_every_older_version_are_migrated_and_their_rows_kept() {
    for (place, sql) in OLDER.iter().enumerate() {
        let mut world = world();
        let database = as_of(&world.database, sql);
        let newest = std::mem::replace(&mut world.database, database);
        world.incarnation = "newer".to_owned();
        world.registry.clear_log();
        world.documents.clear();
        // The first question is answered of the rows at once.
        assert_eq!(
            world.answered(""),
            ["a 1.1.0", "a 1.0.0"],
            "version {}",
            place + 1
        );
        world.pass();
        assert_eq!(
            world.registry.calls_to("/blobs/"),
            0,
            "nothing is read again"
        );
        assert_eq!(
            names(&world.database),
            names(&newest),
            "version {}",
            place + 1
        );
        assert_eq!(
            passed_over(&world),
            passed_over(&World {
                database: newest,
                ..world
            })
        );
    }
}

fn passed_over(world: &World) -> Value {
    let info = world.ask(&ask::Info { page: 0 });
    info["passed_over"].clone()
}

#[test]
fn tables_that_cannot_be_migrated_are_made_anew() {
    let mut world = world();
    let database = as_of(&world.database, OLDER[0]);
    // Somebody was here by hand: the column that the migration adds is there already.
    database
        .execute("ALTER TABLE repository ADD COLUMN passed_over TEXT", &[])
        .unwrap();
    world.database = database;
    world.incarnation = "newer".to_owned();
    world.pass();
    assert_eq!(world.versions(""), ["a 1.1.0", "a 1.0.0"]);
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
