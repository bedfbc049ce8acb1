-- Tables of version 7 with rows as the code of commit 799fbfd wrote them. Never changed: there are objects that have such rows.
CREATE TABLE document(
  key TEXT PRIMARY KEY, dirty INTEGER NOT NULL DEFAULT 1, etag TEXT, length INTEGER, put_at INTEGER,
  read_at INTEGER, retry_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, error TEXT) WITHOUT ROWID;
CREATE TABLE listing(
  repository INTEGER NOT NULL, page INTEGER NOT NULL, names TEXT NOT NULL, progress TEXT NOT NULL,
  PRIMARY KEY(repository, page)) WITHOUT ROWID;
CREATE TABLE manifest(
  digest TEXT PRIMARY KEY, reader INTEGER NOT NULL, state TEXT NOT NULL,
  plan TEXT, error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
  reason TEXT, name TEXT, version TEXT, version_key TEXT, file TEXT, shard INTEGER,
  package TEXT, candidate TEXT, created TEXT, metadata TEXT);
CREATE TABLE repository(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL, name TEXT NOT NULL, relative TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 0, etag TEXT, hash TEXT,
  due INTEGER NOT NULL DEFAULT 0, recheck INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0, unseen INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, denied_since INTEGER, missing_since INTEGER,
  confirmed INTEGER NOT NULL DEFAULT 0, passed_over TEXT,
  UNIQUE(source, name));
CREATE TABLE retired(key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE schema(version INTEGER NOT NULL);
CREATE TABLE state(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE superseded(
  shard INTEGER NOT NULL, file TEXT NOT NULL, source TEXT NOT NULL, repository TEXT NOT NULL, package TEXT NOT NULL,
  candidate TEXT NOT NULL, until INTEGER NOT NULL, tag TEXT,
  PRIMARY KEY(shard, file, source, repository, package)) WITHOUT ROWID;
CREATE TABLE tag(
  repository INTEGER NOT NULL, name TEXT NOT NULL, moving INTEGER NOT NULL,
  manifest TEXT, next TEXT, due INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL DEFAULT 0, called INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, gone_in INTEGER,
  error TEXT, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
  PRIMARY KEY(repository, name)) WITHOUT ROWID;
CREATE TABLE unreadable(
  place TEXT NOT NULL, key TEXT NOT NULL, relative TEXT NOT NULL, cell TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER,
  blocks INTEGER NOT NULL, shard INTEGER, PRIMARY KEY(place, key, relative)) WITHOUT ROWID;
CREATE INDEX document_dirty ON document(key) WHERE dirty > 0;
CREATE INDEX manifest_chart ON manifest(name, version_key DESC) WHERE state = 'chart';
CREATE INDEX manifest_file ON manifest(shard, file, package) WHERE state = 'chart';
CREATE INDEX manifest_odd ON manifest(digest) WHERE state NOT IN ('new', 'chart', 'skipped', 'unreadable')
    OR (state = 'chart' AND (typeof(shard) <> 'integer' OR shard NOT BETWEEN 0 AND 255));
CREATE INDEX manifest_plan ON manifest(digest) WHERE plan IS NOT NULL;
CREATE INDEX manifest_skipped ON manifest(digest) WHERE state = 'skipped';
CREATE INDEX repository_due ON repository(id) WHERE due > 0;
CREATE INDEX repository_failing ON repository(id) WHERE error IS NOT NULL;
CREATE INDEX repository_relative ON repository(relative);
CREATE INDEX repository_unseen ON repository(id) WHERE unseen IS NOT NULL;
CREATE INDEX superseded_tag ON superseded(source, repository, tag, until) WHERE tag IS NOT NULL;
CREATE INDEX superseded_until ON superseded(until);
CREATE INDEX tag_due ON tag(due DESC, rank, repository, name) WHERE due > 0;
CREATE INDEX tag_gone ON tag(repository, name) WHERE gone > 0;
CREATE INDEX tag_manifest ON tag(manifest) WHERE manifest IS NOT NULL;
CREATE INDEX tag_moving ON tag(repository, name) WHERE moving > 0;
CREATE INDEX tag_next ON tag(next) WHERE next IS NOT NULL;
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:1e', 0, '"4538e8cf22ef1ec86b74a69fc3597491"', 439, 1763683200000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:79', 0, '"aac04c5b2b3ab85746739573af0b3407"', 364, 1763683500000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:7e', 0, '"90a5cefdf2df69fd5efcae9ef2861a44"', 180, 1763683200000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:8f', 0, '"735ceb494a6c518a67f1bed06514d3b6"', 182, 1763683200000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:b9', 0, '"8c13cea13ffd74324978737440e79883"', 440, 1763683200000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('files:e9', 0, '"9433f53d8f8e97cb9484aca94963c29f"', 180, 1763683200000, NULL, NULL, 0, NULL);
INSERT INTO document(key, dirty, etag, length, put_at, read_at, retry_at, attempts, error) VALUES('index:', 0, '"1a005bfe2ee4bd43cd6fe692ad29fa6d"', 1716, 1763683500000, NULL, NULL, 0, NULL);
INSERT INTO listing(repository, page, names, progress) VALUES(7, 0, '["1.0.0","1.1.0"]', '{"next":"last=1.1.0&n=1000","pages":1,"names":2,"bytes":10,"mark":"last=1.1.0&n=1000","called":0,"recheck":false}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:9276e9c685f5ae941ecce5d1b595f30154aa4859244f4a6c62768305d2dee579', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'a', '1.1.0+build.1', '011011010~ 1.1.0+build.1', 'a-1.1.0+build.1.tgz', 126, 'sha256:27d93198f01c845379f7581bdf37a089e2787ca8dfefb02f479bcd610b2f697c', '{"source":"","repository":"","package":"sha256:27d93198f01c845379f7581bdf37a089e2787ca8dfefb02f479bcd610b2f697c","size":13}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"a","version":"1.1.0+build.1"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:644ba61b3496bb59c0fa9626cb70a48a60bae1781e124a067c6cb94cead99bbc', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'a', '1.0.0', '011010010~ 1.0.0', 'a-1.0.0.tgz', 30, 'sha256:393a1acef8e8dca8baac0ad59b7dd7e865047905ffbc88d7fc171a139d586cd9', '{"source":"","repository":"","package":"sha256:393a1acef8e8dca8baac0ad59b7dd7e865047905ffbc88d7fc171a139d586cd9","size":12,"provenance":{"digest":"sha256:4a3cdfae6f291c8f544daea5b72905cf9e74c1ed427d831ad0d7ca00c73c794d","size":6}}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"a","version":"1.0.0","appVersion":"1.2","description":"Text with \"quotes\" and ''others'', ü and a line.","keywords":["one","two"],"maintainers":[{"name":"Ann","email":"ann@example.com"}],"dependencies":[{"name":"sub","version":"0.1.0","repository":"https://charts.example"}],"annotations":{"category":"Test"},"kubeVersion":">=1.20.0-0"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:fa03da6fdcb7e62b58822e84e13f801519b23d2b367648b24a0b158893eb4326', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'a', '1.0.0', '011010010~ 1.0.0', 'a-1.0.0.tgz', 30, 'sha256:026b28360d7d981c01a15a3c6178eaf7045abbbf1d69175df9b605da413d2a36', '{"source":"","repository":"","package":"sha256:026b28360d7d981c01a15a3c6178eaf7045abbbf1d69175df9b605da413d2a36","size":18}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"a","version":"1.0.0"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:5398b8282f0e52902ce64ccc52162d29b2c6ea2461b73cea039e55bbbba0ccc4', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'inner', '3.0.0', '013010010~ 3.0.0', 'inner-3.0.0.tgz', 233, 'sha256:c42348e2c9a5c727bd130627c93073d184161eae8ae7b783c83660df7a46351f', '{"source":"","repository":"","package":"sha256:c42348e2c9a5c727bd130627c93073d184161eae8ae7b783c83660df7a46351f","size":16}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"inner","version":"3.0.0"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:31cdeeea26e3969f95a1ddee1e7f71bb732c8db1f94a2a40d04c61cccb59b215', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'b', '2.0.0-rc.1', '012010010-1rc!00011! 2.0.0-rc.1', 'b-2.0.0-rc.1.tgz', 143, 'sha256:cb867f176b210162a02eec0b0ebefa8818794ed75ba4b8de93aa1e29e9adf865', '{"source":"","repository":"","package":"sha256:cb867f176b210162a02eec0b0ebefa8818794ed75ba4b8de93aa1e29e9adf865","size":12}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"b","version":"2.0.0-rc.1"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:d7ba03ec7baa6b33c4615d8831e1893c948c99fcb256477b68753827b7884e6e', 2, 'skipped', NULL, NULL, 0, NULL, 'artifact of type "application/vnd.oci.image.config.v1+json"', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:82b62cb07ad3c1bf2e584612848635b3033d73f1a3f00690ed041e4f603ace5a', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'two', '0.3.0', '010013010~ 0.3.0', 'two-0.3.0.tgz', 185, 'sha256:125c49a9794f926ee8cc2b6a7fce7a026691f3fc3f8db16f7b011d08d1d404ff', '{"source":"","repository":"","package":"sha256:125c49a9794f926ee8cc2b6a7fce7a026691f3fc3f8db16f7b011d08d1d404ff","size":4119,"origin":{"rebuilt":{"meta":{"digest":"sha256:5a1e1e995160be1e5957bf4f084ffbd124541a4b759d4446a236f62887130179","size":49},"content":{"digest":"sha256:2bb2e0d2e83046bf99f2f1984b5c618293a2db3e68207b435b75489d8b13afcb","size":204},"name":"two","version":"0.3.0"}}}', NULL, '{"apiVersion":"v1","name":"two","version":"0.3.0","description":"In two layers"}');
INSERT INTO manifest(digest, reader, state, plan, error, attempts, retry_at, reason, name, version, version_key, file, shard, package, candidate, created, metadata) VALUES('sha256:de7b983a1ecaf202bef2aa264fccf9b44e4bc31a5535b360cb8208f2b857ec4d', 2, 'chart', NULL, NULL, 0, NULL, NULL, 'moving', '1.0.0', '011010010~ 1.0.0', 'moving-1.0.0.tgz', 121, 'sha256:83acd5a2c965d77bc77b5de9fb9f5f2028832e67acaf6ec1d3da5ad39fd728be', '{"source":"","repository":"","package":"sha256:83acd5a2c965d77bc77b5de9fb9f5f2028832e67acaf6ec1d3da5ad39fd728be","size":24}', '2025-10-01T12:00:00Z', '{"apiVersion":"v2","name":"moving","version":"1.0.0"}');
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(1, 'registry.example/charts', 'charts/a', 'a', 1, NULL, '61f8d44c8372f2e578277046d10f73b1', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, '{"cosign signature":1}');
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(2, 'registry.example/charts', 'charts/index', 'index', 1, NULL, '2985be8b28d3ade858e8d8fb4bc22f56', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL);
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(3, 'registry.example/charts', 'charts/moving', 'moving', 1, NULL, '715760eedeabb0ca7b5758d4536e78c4', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL);
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(4, 'registry.example/charts', 'charts/team/a', 'team/a', 1, NULL, '59854984853104df5c353e2f681a15fc', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL);
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(5, 'registry.example/charts', 'charts/team/b', 'team/b', 1, NULL, 'cc77be1db99dd04e4023dc951e3acd37', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL);
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(6, 'registry.example/charts', 'charts/two', 'two', 1, NULL, '715760eedeabb0ca7b5758d4536e78c4', 0, 0, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL);
INSERT INTO repository(id, source, name, relative, listed, etag, hash, due, recheck, called, unseen, error, attempts, retry_at, denied_since, missing_since, confirmed, passed_over) VALUES(7, 'registry.example/charts', 'charts/long', 'long', 0, NULL, NULL, 1, 0, 0, NULL, 'registry.example: listing tags: answered 500', 1, 1763684101156, NULL, NULL, 0, NULL);
INSERT INTO schema(version) VALUES(7);
INSERT INTO state(key, value) VALUES('calls', '{"success":55,"redirect":0,"unauthorized":0,"forbidden":0,"not_found":0,"throttled":0,"refused":0,"server_error":1,"no_answer":0}');
INSERT INTO state(key, value) VALUES('last-pass', '{"number":3,"started":1763684100000,"ended":1763684100000,"calls":18,"faults":1,"fault":{"host":"registry.example","kind":"answered 500","retry_at":null},"complete":true,"clean":2,"faulty":1}');
INSERT INTO state(key, value) VALUES('lease', '{"holder":"","until":0,"seen":1763684100000}');
INSERT INTO state(key, value) VALUES('origin', '{"fingerprint":"d69563700844e27d","private":[]}');
INSERT INTO state(key, value) VALUES('pass', '{"number":3,"phase":"Ended","started":1763684100000,"enumerations":[{"source":"registry.example/charts","next":null,"pages":4,"empty":0,"mark":null,"seen":"/g","attempts":0,"known_to":6,"listed_to":7,"moving_at":{"repository":6,"tag":"latest"},"moving_turn":{"repository":6,"taken":1},"moving_done":true,"quota":0,"finished":true,"concluded":true,"versions_before":8,"removed":0,"answered":true,"denials":0,"busy":0,"refused":false,"done":true,"fault":null,"unservable":0,"first_unservable":null}],"moving_read":[],"awaited":[],"hurry":false,"changed":false,"calls":18,"faults":1,"fault":{"host":"registry.example","kind":"answered 500","retry_at":null}}');
INSERT INTO state(key, value) VALUES('rhythm', '{"next":1763685300000,"asked":1763683200000,"idle":3,"again":false}');
INSERT INTO state(key, value) VALUES('source:registry.example/charts', '{"pause":{"since":0,"until":0,"cause":null,"asked":false},"pace":{"side_by_side":6000,"gap":0,"slowed":0,"failures":0,"refusals":0,"openings":0,"opened":0,"aside":0,"given_up":0},"rate_limit":null,"unlisted_until":0,"settings":"d8f37c34","held":{"pass":0,"since":0,"versions":0,"confirmed":false},"versions":8,"read":1763684100000,"unread":0,"denied_since":null,"busy_since":null,"version_tags":6,"ring":{"at":{"repository":1,"tag":"1.0.0"},"paid_until":1763684100000}}');
INSERT INTO state(key, value) VALUES('totals', '{"charts":5,"versions":6,"version_tags":6,"repositories":7,"tags":9,"skipped":1,"contested":1,"failing":1}');
INSERT INTO superseded(shard, file, source, repository, package, candidate, until, tag) VALUES(121, 'moving-1.0.0.tgz', 'registry.example/charts', 'charts/moving', 'sha256:2886d48371d4de68e48d59e355c2950cc9bac5e886ad33f68dc381123793d379', '{"source":"registry.example/charts","repository":"charts/moving","package":"sha256:2886d48371d4de68e48d59e355c2950cc9bac5e886ad33f68dc381123793d379","size":23,"until":1766275500000}', 1766275500000, 'latest');
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(1, '0.1.0', 0, 'sha256:d7ba03ec7baa6b33c4615d8831e1893c948c99fcb256477b68753827b7884e6e', NULL, 0, 2, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(1, '1.0.0', 0, 'sha256:644ba61b3496bb59c0fa9626cb70a48a60bae1781e124a067c6cb94cead99bbc', NULL, 0, 1, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(1, '1.1.0_build.1', 0, 'sha256:9276e9c685f5ae941ecce5d1b595f30154aa4859244f4a6c62768305d2dee579', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(1, 'latest', 1, 'sha256:644ba61b3496bb59c0fa9626cb70a48a60bae1781e124a067c6cb94cead99bbc', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(2, '3.0.0', 0, 'sha256:5398b8282f0e52902ce64ccc52162d29b2c6ea2461b73cea039e55bbbba0ccc4', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(3, 'latest', 1, 'sha256:de7b983a1ecaf202bef2aa264fccf9b44e4bc31a5535b360cb8208f2b857ec4d', NULL, 0, 0, 1, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(4, '1.0.0', 0, 'sha256:fa03da6fdcb7e62b58822e84e13f801519b23d2b367648b24a0b158893eb4326', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(5, '2.0.0-rc.1', 0, 'sha256:31cdeeea26e3969f95a1ddee1e7f71bb732c8db1f94a2a40d04c61cccb59b215', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
INSERT INTO tag(repository, name, moving, manifest, next, due, rank, called, gone, gone_in, error, attempts, retry_at) VALUES(6, 'latest', 1, 'sha256:82b62cb07ad3c1bf2e584612848635b3033d73f1a3f00690ed041e4f603ace5a', NULL, 0, 0, 0, 0, NULL, NULL, 0, NULL);
