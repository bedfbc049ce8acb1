//! The tables, their version, and the way from an older version to the newest.

use crate::catalog::rows::store::Store;
use crate::catalog::rows::typed_row::query_row;
use crate::platform::{Database, DatabaseError};

// To add a version: change `TABLES`, raise `VERSION`, and append to `MIGRATIONS` the step from the version before.
// Its fixture is made before that, at the last commit of the version that ends: run the history in `world()` of
// `catalog/tests/schema.rs`, print every `sql` of `sqlite_master` and every row (`quote()` of each cell) as INSERT to
// `rows/old/<version>.sql`, and name it in `OLDER` there. JSON in rows has versions too: whoever renames or drops a field of
// it makes a new version of the tables, and a fixture is never edited to suit the code.

/// The schema this Worker writes. An older Worker that meets a newer one makes its tables anew (see [`prepare`]).
const VERSION: i64 = 8;

/// Several statements in one call: no parameters, no strings of foreign origin.
///
/// `repository.hash` is the hash of the tag list as last taken over, so that an unchanged list costs no row.
/// `tag.manifest` is what is served, `tag.next` what was read but whose contents are not known yet.
/// `called` counts calls for a row: what was called for while a job was under way is not done by that job. `recheck` is the last
/// of them that wants all tags of the repository confirmed.
/// `tag.gone`: 1 missing from the list since pass `gone_in`, 2 pushed out by newer versions, 3 named and not listed so far. `repository.unseen`: missing
/// from the enumeration since that pass; `denied_since`, `missing_since`: when its list was first denied, or not found, in a
/// row; `confirmed`: an operator said that its charts may go if it still is; `repository.passed_over`: how many tags of its list were told by their names not to
/// be wanted, a JSON object from reason to count. `tag.due`: 0 no, 1 to be resolved (HEAD), 2 to be read (GET), 3 the same before others. `manifest.plan` is set while something of it is to be read.
/// `tag.rank`: its place, the newest first, among the versions that its list showed for the first time when it showed this one.
/// `superseded.tag`: which tag served it last; unknown of older rows.
/// `space`: spaces that somebody created.
/// `document.dirty`: 0 clean, 1 dirty, 2 being put (a crash leaves it at 2, which counts as dirty).
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS state(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS repository(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL, name TEXT NOT NULL, relative TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 0, etag TEXT, hash TEXT,
  due INTEGER NOT NULL DEFAULT 0, recheck INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0, unseen INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, denied_since INTEGER, missing_since INTEGER,
  confirmed INTEGER NOT NULL DEFAULT 0, passed_over TEXT,
  UNIQUE(source, name));
CREATE INDEX IF NOT EXISTS repository_relative ON repository(relative);
CREATE INDEX IF NOT EXISTS repository_due ON repository(id) WHERE due > 0;
CREATE INDEX IF NOT EXISTS repository_unseen ON repository(id) WHERE unseen IS NOT NULL;
CREATE INDEX IF NOT EXISTS repository_failing ON repository(id) WHERE error IS NOT NULL;
CREATE TABLE IF NOT EXISTS listing(
  repository INTEGER NOT NULL, page INTEGER NOT NULL, names TEXT NOT NULL, progress TEXT NOT NULL,
  PRIMARY KEY(repository, page)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag(
  repository INTEGER NOT NULL, name TEXT NOT NULL, moving INTEGER NOT NULL,
  manifest TEXT, next TEXT, due INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, gone_in INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
  PRIMARY KEY(repository, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tag_manifest ON tag(manifest) WHERE manifest IS NOT NULL;
CREATE INDEX IF NOT EXISTS tag_next ON tag(next) WHERE next IS NOT NULL;
CREATE INDEX IF NOT EXISTS tag_due ON tag(due DESC, rank, repository, name) WHERE due > 0;
CREATE INDEX IF NOT EXISTS tag_gone ON tag(repository, name) WHERE gone > 0;
CREATE INDEX IF NOT EXISTS tag_moving ON tag(repository, name) WHERE moving > 0;
CREATE TABLE IF NOT EXISTS manifest(
  digest TEXT PRIMARY KEY, reader INTEGER NOT NULL, state TEXT NOT NULL,
  plan TEXT, error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
  reason TEXT, name TEXT, version TEXT, version_key TEXT, file TEXT, shard INTEGER,
  package TEXT, candidate TEXT, created TEXT, metadata TEXT);
CREATE INDEX IF NOT EXISTS manifest_plan ON manifest(digest) WHERE plan IS NOT NULL;
CREATE INDEX IF NOT EXISTS manifest_chart ON manifest(name, version_key DESC) WHERE state = 'chart';
CREATE INDEX IF NOT EXISTS manifest_file ON manifest(shard, file, package) WHERE state = 'chart';
CREATE INDEX IF NOT EXISTS manifest_skipped ON manifest(digest) WHERE state = 'skipped';
CREATE TABLE IF NOT EXISTS superseded(
  shard INTEGER NOT NULL, file TEXT NOT NULL, source TEXT NOT NULL, repository TEXT NOT NULL, package TEXT NOT NULL,
  candidate TEXT NOT NULL, until INTEGER NOT NULL, tag TEXT,
  PRIMARY KEY(shard, file, source, repository, package)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS superseded_until ON superseded(until);
CREATE INDEX IF NOT EXISTS superseded_tag ON superseded(source, repository, tag, until) WHERE tag IS NOT NULL;
CREATE TABLE IF NOT EXISTS document(
  key TEXT PRIMARY KEY, dirty INTEGER NOT NULL DEFAULT 1, etag TEXT, length INTEGER, put_at INTEGER,
  read_at INTEGER, retry_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, error TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_dirty ON document(key) WHERE dirty > 0;
CREATE TABLE IF NOT EXISTS retired(key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS manifest_odd ON manifest(digest) WHERE state NOT IN ('new', 'chart', 'skipped', 'unreadable')
    OR (state = 'chart' AND (typeof(shard) <> 'integer' OR shard NOT BETWEEN 0 AND 255));
CREATE TABLE IF NOT EXISTS unreadable(
  place TEXT NOT NULL, key TEXT NOT NULL, relative TEXT NOT NULL, cell TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER,
  blocks INTEGER NOT NULL, shard INTEGER, PRIMARY KEY(place, key, relative)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS space(name TEXT PRIMARY KEY) WITHOUT ROWID;
";

/// From each older version to the next. The first is from version 1 to 2.
const MIGRATIONS: [&str; 7] = [
    "
ALTER TABLE repository ADD COLUMN passed_over TEXT;
UPDATE repository SET hash = NULL, etag = NULL;
DROP INDEX tag_due;
CREATE INDEX tag_due ON tag(due DESC, repository, name) WHERE due > 0;
",
    // Lists that were cut begin again: their limits hold for what they know they have read.
    "
DROP TABLE listing;
CREATE TABLE listing(
  repository INTEGER NOT NULL, page INTEGER NOT NULL, names TEXT NOT NULL, progress TEXT NOT NULL,
  PRIMARY KEY(repository, page)) WITHOUT ROWID;
",
    "
CREATE INDEX manifest_odd ON manifest(digest) WHERE state NOT IN ('new', 'chart', 'skipped', 'unreadable')
    OR (state = 'chart' AND (typeof(shard) <> 'integer' OR shard NOT BETWEEN 0 AND 255));
CREATE TABLE unreadable(
  place TEXT NOT NULL, key TEXT NOT NULL, relative TEXT NOT NULL, cell TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER,
  blocks INTEGER NOT NULL, shard INTEGER, PRIMARY KEY(place, key, relative)) WITHOUT ROWID;
",
    // What was denied or not found for some time was one thing, and is a denial until it is asked for again.
    "
CREATE INDEX repository_unseen ON repository(id) WHERE unseen IS NOT NULL;
ALTER TABLE repository ADD COLUMN missing_since INTEGER;
ALTER TABLE repository ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
",
    // Which tag served what is superseded already, nobody knows: it goes when its time is over.
    "
ALTER TABLE superseded ADD COLUMN tag TEXT;
CREATE INDEX superseded_tag ON superseded(source, repository, tag, until) WHERE tag IS NOT NULL;
",
    // What is still to be read keeps the order that it had.
    "
ALTER TABLE tag ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
DROP INDEX tag_due;
CREATE INDEX tag_due ON tag(due DESC, rank, repository, name) WHERE due > 0;
",
    "CREATE TABLE space(name TEXT PRIMARY KEY) WITHOUT ROWID;",
];

/// What another Worker's rows have put to KV, these do not know: it is learned from, and every shard is made anew, or removed.
/// (An index is, when somebody reads it.)
const FORMER_DOCUMENTS: &str = "
INSERT INTO state(key, value) VALUES('recall', '{\"wanted\":true}');
WITH RECURSIVE shard(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM shard WHERE number < 255)
INSERT INTO document(key) SELECT printf('files:%02x', number) FROM shard";

/// Every table, for a clean start.
const NAMES: [&str; 10] = [
    "state",
    "repository",
    "listing",
    "tag",
    "manifest",
    "superseded",
    "document",
    "retired",
    "unreadable",
    "space",
];

query_row! {
    /// Which version the tables are of.
    SchemaVersion
    of "schema" {
        version: i64 = [version],
    }
}

/// Takes older tables to this version, one step after another. An error where there is no way from `found`.
fn migrate(database: &dyn Database, found: i64) -> Result<(), DatabaseError> {
    let steps = usize::try_from(found)
        .ok()
        .and_then(|found| MIGRATIONS.get(found.checked_sub(1)?..))
        .filter(|steps| !steps.is_empty())
        .ok_or_else(|| DatabaseError(format!("no way from version {found} of the tables")))?;
    for step in steps {
        database.execute(step, &[])?;
    }
    Ok(())
}

/// Makes the tables ready: creates them, migrates older ones, and drops those of a newer Worker, whose shape is unknown, and
/// those whose version cannot be read or whose migration failed: the crawl starts anew while KV goes on serving, so that a rollback of the Worker is safe.
pub(crate) fn prepare(database: &dyn Database) -> Result<(), DatabaseError> {
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema(version INTEGER NOT NULL)",
        &[],
    )?;
    let store = Store(database);
    let (rows, unreadable) = store.read_rows::<SchemaVersion>("FROM schema", &[])?;
    let found = rows.first().map(|row| row.version);
    if found == Some(VERSION) {
        return Ok(());
    }
    if found.is_none_or(|found| migrate(database, found).is_err()) {
        for name in NAMES {
            database.execute(&format!("DROP TABLE IF EXISTS {name}"), &[])?;
        }
        database.execute(TABLES, &[])?;
        if found.is_some() || !unreadable.is_empty() {
            database.execute(FORMER_DOCUMENTS, &[])?;
        }
    }
    database.execute("DELETE FROM schema", &[])?;
    database.execute("INSERT INTO schema(version) VALUES(?)", &[VERSION.into()])?;
    store.note_unreadable(&unreadable)
}
