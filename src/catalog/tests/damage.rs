//! Each cell of each table is damaged in turn: no chart may vanish from what is served, the fault is told, and after a
//! while everything is as if nothing had been.

mod unnoticed;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::*;
use crate::catalog::rows::store::Store;
use crate::platform::{Database, Value as Cell};

/// A damage: the statement that does it, and what is to be told of.
#[derive(Debug)]
struct Damage {
    table: String,
    column: String,
    sql: String,
    value: Cell,
}

/// A catalog at rest, made once and copied for each damage.
struct Prepared(World);

impl Prepared {
    /// Two charts, one of them in a space whose index is read; one that moves; an image; a superseded package; and a row of each
    /// table that is empty at rest.
    fn new() -> Self {
        let world = empty();
        fill(&world.registry);
        world.pass();
        world.ask(&ask::ViewsRead {
            views: vec!["team".parse().unwrap()],
        });
        world.rest();
        overwrite(&world.registry);
        world.notify("charts/a", Some("1.1.0"));
        world.rest();
        // A tag list that was cut, a key of KV that is out of use, and a note of a row that is whole again.
        for sql in [
            r#"INSERT INTO listing(repository, page, names, progress) SELECT id, n.column1, '["1.0.0"]', n.column2 FROM repository,
                 (VALUES(0, '{"next":null,"pages":1,"names":1,"bytes":5,"mark":null,"called":0,"recheck":false}'),
                        (1, '{"next":null,"pages":2,"names":2,"bytes":10,"mark":null,"called":0,"recheck":false}')) n
               WHERE name = 'charts/team/b'"#,
            "INSERT INTO retired(key, at) SELECT 'former', max(put_at) + 120000 FROM document",
            "INSERT INTO unreadable(place, key, relative, cell, reason, since, blocks, shard)
               SELECT 'superseded', '7/x-1.0.0.tgz', 'x', 'tag', 'is empty', max(put_at), 0, 7 FROM document",
        ] {
            world.database.execute(sql, &[]).unwrap();
        }
        // Nothing of the tests' own speed is in what follows.
        world.clock.advance(Duration::from_mins(1));
        Self(world)
    }

    fn copy(&self) -> World {
        let mut world = empty();
        fill(&world.registry);
        overwrite(&world.registry);
        let now = self.0.clock.now();
        world.clock.advance(now.since(world.clock.now()));
        world.documents = self.0.documents.copy(world.clock.clone());
        world.database = self.0.database.copy();
        world
    }
}

fn empty() -> World {
    World::with(&[("REVALIDATE_WITHIN", "1h"), ("SYNC_INTERVAL", "20m")])
}

fn fill(registry: &FakeRegistry) {
    let first = registry.push_version("charts/a", "a", "1.0.0");
    registry.tag("charts/a", "latest", &first.manifest);
    registry.push_version("charts/a", "a", "1.1.0");
    registry.push_version("charts/team/b", "b", "1.0.0");
    let image = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2},"layers":[]}"#;
    registry.push_manifest(
        "charts/a",
        "0.1.0",
        "application/vnd.oci.image.manifest.v1+json",
        image,
    );
    let signature = first.manifest.to_string().replace(':', "-") + ".sig";
    registry.tag("charts/a", &signature, &first.manifest);
}

/// Other bytes under the same name: the first ones are superseded.
fn overwrite(registry: &FakeRegistry) {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "a", "version": "1.1.0"});
    let package = b"another package";
    registry.push_chart("charts/a", "1.1.0", &metadata, package, None, &[]);
}

/// The row that is damaged: one whose loss would be felt.
fn row(table: &str, column: &str) -> &'static str {
    match table {
        // The others are marked by the push, before anybody reads how they were marked.
        "document" if column == "dirty" => "key = (SELECT min(key) FROM document)",
        "tag" => {
            "repository = (SELECT id FROM repository WHERE name = 'charts/a') AND name = '1.0.0'"
        }
        "repository" => "name = 'charts/team/b'",
        "manifest" => "state = 'chart' AND name = 'b'",
        "document" => "key = 'index:team'",
        "listing" => "page = 0",
        _ => "1 = 1",
    }
}

/// Damages of every column by what it holds, but for keys that others name a row by: `unnoticed` damages those one by one.
fn damages(world: &World) -> Vec<Damage> {
    let columns = world
        .database
        .query(
            "SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p
             WHERE m.type = 'table' AND m.name NOT IN ('schema', 'sqlite_sequence')
               AND (p.pk = 0 OR m.name IN ('retired', 'unreadable') OR (m.name, p.name) IN (VALUES('listing', 'page'), ('superseded', 'shard')))
             ORDER BY m.name, p.name",
            &[],
        )
        .unwrap();
    let mut damages = Vec::new();
    for cells in columns {
        let [table, column, kind] = [0, 1, 2].map(|place| cells.text(place).unwrap());
        let place = row(&table, &column);
        let found = world
            .database
            .query(&format!("SELECT {column} FROM {table} WHERE {place}"), &[])
            .unwrap();
        assert!(!found.is_empty(), "no row of {table} is damaged");
        let mut damage = |value: Cell| {
            damages.push(Damage {
                sql: format!("UPDATE {table} SET {column} = ? WHERE {place}"),
                table: table.clone(),
                column: column.clone(),
                value,
            });
        };
        damage(Cell::Blob(vec![0xff]));
        if kind == "INTEGER" {
            // A time that lies in the past is overwritten by the next reader.
            if column != "read_at" {
                damage(Cell::Real(1.5));
            }
        }
        let words = [
            "manifest.state",
            "manifest.file",
            "manifest.package",
            "tag.manifest",
        ];
        if words.contains(&format!("{table}.{column}").as_str()) {
            damage(Cell::Text("garbage".to_owned()));
        }
        if column == "relative" && table == "repository" {
            damage(Cell::Text("no path".to_owned()));
        }
        let text = found.first().and_then(|row| row.text(0));
        let json = text.and_then(|text| serde_json::from_str(&text).ok());
        if matches!(json, Some(Value::Object(_) | Value::Array(_))) {
            damage(Cell::Text("{".to_owned()));
            damage(Cell::Text("[7]".to_owned()));
        }
        if let Some(Value::Object(map)) = json {
            // Values of the state table have defaults for their fields, so that other versions can read them.
            let told = |(key, value): &(&String, &Value)| {
                table != "state" && *key != "until" && !value.is_null()
            };
            for (key, _) in map.iter().filter(told) {
                let mut map = map.clone();
                map.remove(key);
                damage(Cell::Text(Value::Object(map).to_string()));
            }
        }
    }
    // The key that others name it by.
    damages.push(Damage {
        table: "tag".to_owned(),
        column: "manifest".to_owned(),
        sql: format!(
            "UPDATE manifest SET digest = ? WHERE {}",
            row("manifest", "digest")
        ),
        value: Cell::Text("garbage".to_owned()),
    });
    damages
}

/// The charts of all of them.
const CHARTS: [&str; 3] = ["a 1.0.0", "a 1.1.0", "b 1.0.0"];

fn complete(lines: &[String], charts: &[&str]) -> bool {
    charts
        .iter()
        .all(|chart| lines.iter().any(|line| line == chart))
}

/// Whether the published indexes have all charts.
fn published(world: &World) -> bool {
    complete(&world.versions(""), &CHARTS) && complete(&world.versions("team"), &["b 1.0.0"])
}

/// Whether the catalog knows both packages of the version that was overwritten: the one that is served, and the one that links
/// still lead to.
fn linked(world: &World) -> bool {
    let file = "a-1.1.0.tgz".parse().unwrap();
    match world.engine().answer(&ask::Find { file, missed: true }) {
        Ok(Found::Candidates(candidates)) => candidates.len() == 2,
        _ => false,
    }
}

/// What is wrong with what the catalog answers now.
fn lacking(world: &World) -> Option<String> {
    for (view, charts) in [("", &CHARTS[..]), ("team", &["b 1.0.0"])] {
        let view = view.parse().unwrap();
        match world.engine().answer(&ask::Index { view, fresh: true }) {
            Ok(Indexed::Document(document)) => {
                let lines = lines(&serde_json::from_slice(&document.body).unwrap());
                if !complete(&lines, charts) {
                    return Some(format!("an answered index lacks a chart: {lines:?}"));
                }
            }
            Ok(Indexed::Without(NoIndex::NotReady(_))) | Err(_) => {}
            Ok(Indexed::Without(reason)) => return Some(format!("no index: {reason:?}")),
        }
    }
    for file in ["a-1.0.0.tgz", "a-1.1.0.tgz", "b-1.0.0.tgz"] {
        let file = file.parse().unwrap();
        if let Ok(Found::Missing) = world.engine().answer(&ask::Find { file, missed: true }) {
            return Some("a download is answered by 404".to_owned());
        }
    }
    None
}

fn told(world: &World) -> Vec<(String, String)> {
    let info = world.ask(&ask::Info { page: 0 });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    info["unreadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(&row["table"]), text(&row["column"])))
        .collect()
}

/// A push elsewhere, so that documents are made anew, and passes until `look` has seen enough, for four hours at most.
fn go_on(
    world: &World,
    mut look: impl FnMut(Option<&Step>) -> ControlFlow<Option<String>>,
) -> Option<String> {
    world.registry.push_version("charts/team/c", "c", "1.0.0");
    world.notify("charts/team/c", Some("1.0.0"));
    let end = world.clock.now().after(Duration::from_hours(4));
    if let ControlFlow::Break(seen) = look(None) {
        return seen;
    }
    // Far more steps than any damage takes: an alarm that never rests is a fault too.
    for _ in 0..1_000 {
        world.wait_for_alarm();
        if world.clock.now() >= end {
            return None;
        }
        let step = run(&world.clock, world.engine().step());
        if let Some(broken) = step.broken {
            return Some(format!("a step broke off: {broken}"));
        }
        if let ControlFlow::Break(seen) = look(Some(&step)) {
            return seen;
        }
    }
    Some("the catalog never rests".to_owned())
}

fn wrong(
    prepared: &Prepared,
    damage: &Damage,
    expected: &BTreeMap<String, String>,
) -> Option<String> {
    let world = prepared.copy();
    world
        .database
        .execute(&damage.sql, std::slice::from_ref(&damage.value))
        .unwrap();
    let line = format!("of table {} could not be read", damage.table);
    let (mut seen, mut logged, mut mended, mut same) = (false, false, false, false);
    let mut puts = None;
    let wrong = go_on(&world, |step| {
        let told = told(&world);
        seen |= told.contains(&(damage.table.clone(), damage.column.clone()));
        logged |= step.is_some_and(|step| step.faults.iter().any(|fault| fault.contains(&line)));
        mended = told.is_empty();
        if let Some(lack) = lacking(&world) {
            return ControlFlow::Break(Some(lack));
        }
        // Documents change by puts only.
        if puts.replace(world.documents.puts()) != Some(world.documents.puts()) {
            if !published(&world) {
                return ControlFlow::Break(Some("a published index lacks a chart".to_owned()));
            }
            same = world.documents.all() == *expected;
        }
        if seen && logged && mended && same && linked(&world) {
            ControlFlow::Break(None)
        } else {
            ControlFlow::Continue(())
        }
    });
    wrong.or_else(|| {
        let found = [
            (seen, "/info tells of no fault"),
            (logged, "no line in the log"),
            (mended, "it is not mended"),
            (same, "the documents are not what they were"),
            (linked(&world), "a link leads nowhere"),
        ];
        let (_, missing) = found.into_iter().find(|(is, _)| !is)?;
        Some(format!("{missing}; told: {:?}", told(&world)))
    })
}

#[test]
fn no_damaged_cell_makes_a_chart_vanish() {
    let prepared = Prepared::new();
    assert_eq!(lacking(&prepared.0), None);
    let control = prepared.copy();
    let undamaged = go_on(&control, |_| match lacking(&control) {
        Some(lack) => ControlFlow::Break(Some(lack)),
        None => ControlFlow::Continue(()),
    });
    assert_eq!(undamaged, None);
    assert!(published(&control));
    let expected = control.documents.all();
    let damages = damages(&prepared.0);
    assert!(damages.len() > 60, "{}", damages.len());
    let faults: Vec<String> = damages
        .iter()
        .filter_map(|damage| {
            let wrong = wrong(&prepared, damage, &expected)?;
            Some(format!(
                "{}.{} = {:?}: {wrong}",
                damage.table, damage.column, damage.value
            ))
        })
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        damages.len(),
        faults.join("\n")
    );
}

#[test]
fn a_note_of_a_tag_that_nobody_can_tell_blocks_until_a_pass_began_after_it() {
    let world = filled(&[], 1);
    let store = Store(&world.database);
    let started = store.state().unwrap().last_pass.started;
    let sql = "INSERT INTO unreadable(place, key, relative, cell, reason, since, blocks) VALUES('tag', '', '', 'name', 'is empty', ?, 1)";
    let later = started.after(Duration::from_secs(1));
    world.database.execute(sql, &[later.into()]).unwrap();
    store.drop_whole_notes().unwrap();
    assert_eq!(store.blockades().unwrap().len(), 1);
    let sql = "UPDATE unreadable SET since = 1";
    world.database.execute(sql, &[]).unwrap();
    store.drop_whole_notes().unwrap();
    assert_eq!(store.blockades().unwrap(), []);
}
