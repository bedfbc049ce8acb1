//! Cells that are read on the way to something else: keys, counts, times, what stands for a row. None is passed over in silence.

use super::*;

/// Damages a catalog at rest and lets it go on. Gives what is wrong then: no chart may be lacking at any moment, the fault is
/// told at `/info` and in the log, and in the end nothing waits for it.
fn go_wrong(prepared: &Prepared, sql: &str, (table, column): (&str, &str)) -> Option<String> {
    let world = prepared.copy();
    world.database.execute(sql, &[]).unwrap();
    let line = format!("of table {table} could not be read: {column}");
    let (mut seen, mut logged, mut quiet) = (false, false, false);
    let wrong = go_on(&world, |step| {
        let told = told(&world);
        seen |= told.contains(&(table.to_owned(), column.to_owned()));
        logged |= step.is_some_and(|step| step.faults.iter().any(|fault| fault.contains(&line)));
        quiet = told.is_empty();
        if let Some(lack) = lacking(&world) {
            return ControlFlow::Break(Some(lack));
        }
        if seen && logged && quiet && published(&world) {
            ControlFlow::Break(None)
        } else {
            ControlFlow::Continue(())
        }
    });
    wrong.or_else(|| {
        let lacks = format!("told: {seen}, logged: {logged}, mended: {quiet}");
        (!(seen && logged && quiet)).then_some(lacks)
    })
}

#[test]
fn no_cell_is_passed_over_in_silence() {
    let prepared = Prepared::new();
    let cases = [
        (
            "INSERT INTO retired(key, at) VALUES('old', 'never')",
            ("retired", "at"),
        ),
        (
            "INSERT INTO retired(key, at) VALUES(x'ff', 0)",
            ("retired", "key"),
        ),
        (
            "UPDATE state SET key = x'ff' WHERE key = 'pass'",
            ("state", "key"),
        ),
        (
            "UPDATE state SET key = x'ff' WHERE key = 'totals'",
            ("state", "key"),
        ),
        (
            "UPDATE state SET value = json_set(value, '$.enumerations', json_array(json_object('seen', '?'))) WHERE key = 'pass'",
            ("state", "value"),
        ),
        (
            "INSERT INTO state(key, value) VALUES('shed:index:', '?')",
            ("state", "value"),
        ),
        (
            "UPDATE listing SET repository = x'ff' WHERE page = 0",
            ("listing", "page"),
        ),
        ("DELETE FROM listing WHERE page = 0", ("listing", "page")),
        ("UPDATE superseded SET shard = -1", ("superseded", "shard")),
        (
            "UPDATE document SET length = 'long' WHERE key = 'index:team'",
            ("document", "length"),
        ),
        (
            "UPDATE repository SET source = x'ff' WHERE name = 'charts/team/b'",
            ("repository", "source"),
        ),
        (
            "UPDATE tag SET name = x'ff' WHERE name = 'latest'",
            ("tag", "name"),
        ),
        (
            "UPDATE superseded SET until = 'never'",
            ("superseded", "until"),
        ),
        ("UPDATE superseded SET file = x'ff'", ("superseded", "file")),
        (
            "UPDATE superseded SET package = 'none'",
            ("superseded", "package"),
        ),
        (
            "UPDATE manifest SET file = 'none' WHERE name = 'b'",
            ("manifest", "file"),
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(sql, cell)| {
            let wrong = go_wrong(&prepared, sql, *cell)?;
            Some(format!("{sql}: {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tables whose version cannot be read are made anew, as those of a newer Worker are; what is published stays.
#[test]
fn a_version_of_the_tables_that_cannot_be_read_is_told() {
    let prepared = Prepared::new();
    let world = prepared.copy();
    let published = world.documents.all();
    world
        .database
        .execute("UPDATE schema SET version = 'none'", &[])
        .unwrap();
    let told = told(&world);
    assert_eq!(told, [("schema".to_owned(), "version".to_owned())]);
    assert_eq!(world.documents.all(), published);
    world.pass();
    world.rest();
    assert!(super::published(&world));
}

/// Where the rows and the shard in KV are both damaged, what only they had is lost, and that is told, too.
#[test]
fn a_published_shard_that_cannot_be_read_is_told() {
    let prepared = Prepared::new();
    let world = prepared.copy();
    let shard = crate::index::Key::Files(crate::index::shard_of("a-1.1.0.tgz"));
    let key = shard.name(world.config.fingerprint());
    world.documents.seed(&key, "{", "\"damaged\"");
    world
        .database
        .execute("UPDATE superseded SET candidate = '{'", &[])
        .unwrap();
    let (mut seen, mut mended) = (false, false);
    let wrong = go_on(&world, |_| {
        let told = told(&world);
        seen |= told.contains(&("document".to_owned(), "published".to_owned()));
        mended = told.is_empty();
        match lacking(&world) {
            Some(lack) => ControlFlow::Break(Some(lack)),
            None if seen && mended => ControlFlow::Break(None),
            None => ControlFlow::Continue(()),
        }
    });
    assert_eq!((wrong, seen, mended), (None, true, true));
}
