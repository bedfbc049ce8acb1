-- The tables as the second version made them. Never changed: there are objects that have them.
CREATE TABLE IF NOT EXISTS state(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS repository(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL, name TEXT NOT NULL, relative TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 0, etag TEXT, hash TEXT,
  due INTEGER NOT NULL DEFAULT 0, recheck INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0, unseen INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, denied_since INTEGER, passed_over TEXT,
  UNIQUE(source, name));
CREATE INDEX IF NOT EXISTS repository_relative ON repository(relative);
CREATE INDEX IF NOT EXISTS repository_due ON repository(id) WHERE due > 0;
CREATE INDEX IF NOT EXISTS repository_failing ON repository(id) WHERE error IS NOT NULL;
CREATE TABLE IF NOT EXISTS listing(
  repository INTEGER NOT NULL, page INTEGER NOT NULL, names TEXT NOT NULL, next TEXT,
  PRIMARY KEY(repository, page)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag(
  repository INTEGER NOT NULL, name TEXT NOT NULL, moving INTEGER NOT NULL,
  manifest TEXT, next TEXT, due INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, gone_in INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
  PRIMARY KEY(repository, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tag_manifest ON tag(manifest) WHERE manifest IS NOT NULL;
CREATE INDEX IF NOT EXISTS tag_next ON tag(next) WHERE next IS NOT NULL;
CREATE INDEX IF NOT EXISTS tag_due ON tag(due DESC, repository, name) WHERE due > 0;
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
  candidate TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(shard, file, source, repository, package)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS superseded_until ON superseded(until);
CREATE TABLE IF NOT EXISTS document(
  key TEXT PRIMARY KEY, dirty INTEGER NOT NULL DEFAULT 1, etag TEXT, length INTEGER, put_at INTEGER,
  read_at INTEGER, retry_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, error TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_dirty ON document(key) WHERE dirty > 0;
CREATE TABLE IF NOT EXISTS retired(key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE schema(version INTEGER NOT NULL);
INSERT INTO schema(version) VALUES(2);
