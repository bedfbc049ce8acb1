// KV is a copy: whatever it has lost, or remembers not to have, the catalog answers, and puts it again in time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, push } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { rows } from "./rows.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const made = chart("nginx", "1.0.0", { provenance: true });
const settings = {};
let persist;

before(async () => {
  const registry = await streaming(scope);
  await push(registry, "charts/team-a/nginx", made);
  settings.REGISTRY = `http://${registry.host}/charts`;
  persist = scope.folder();
});
after(() => scope.end());

async function clear(worker) {
  const kv = await worker.documents();
  for (const key of await worker.keys()) await kv.delete(key);
  assert.deepEqual(await worker.keys(), []);
}

/** What is served, as a client sees it; `date` aside. */
async function served(worker) {
  const answers = [];
  for (const [path, options] of [
    ["/index.yaml"],
    ["/index.yaml", { method: "HEAD" }],
    ["/index.yaml", { headers: { "if-none-match": "*" } }],
    ["/team-a/index.yaml"],
    [`/${made.link}`],
    [`/${made.link}`, { method: "HEAD" }],
    [`/charts/${made.file}`],
    [`/${made.link}.prov`],
    ["/team-b/index.yaml"],
    ["/charts/nothing-1.0.0.tgz"],
  ]) {
    const { status, headers, text } = await worker.send(path, options);
    delete headers.date;
    answers.push({ path, status, headers, text });
  }
  return answers;
}

test("everything is served the same from KV and from the catalog", async () => {
  const here = new Scope();
  try {
    const worker = await start(here, settings, { persist });
    await worker.published();
    await worker.published("/team-a/index.yaml");
    const before = await served(worker);
    assert.deepEqual(before.map(({ status }) => status), [200, 200, 304, 200, 200, 200, 200, 200, 404, 404]);
    await clear(worker);
    assert.deepEqual(await served(worker), before);
    // A miss soon after a put tells nothing, as KV remembers misses: it is not put again yet.
    assert.deepEqual(await worker.keys(), []);
  } finally {
    await here.end();
  }
});

test("what was lost long ago is put again when it is missed", async () => {
  rows(persist, (database) => database.exec("UPDATE document SET put_at = put_at - 600000"));
  const here = new Scope();
  try {
    const worker = await start(here, settings, { persist });
    assert.deepEqual(await worker.keys(), []);
    await served(worker);
    const kinds = () => worker.keys().then((keys) => keys.map((key) => key.split("/").slice(2).join("/")).sort());
    await until("all is in KV again", async () => (await kinds()).length === 3);
    const [shard, root, space] = await kinds();
    assert.match(shard, /^files\/[0-9a-f]{2}$/);
    assert.equal(root, "index/");
    assert.equal(decodeURIComponent(space), "index/team-a");
  } finally {
    await here.end();
  }
});

test("a KV that remembers misses and serves what is old is no outage, and gives no wrong bytes", async () => {
  const here = new Scope();
  try {
    const registry = await streaming(here);
    const versions = Array.from({ length: 3 }, (_, n) => chart("redis", "1.0.0", { ballast: n + 1 }));
    // Every answer of KV, "nothing" included, holds for a few reads, whatever is put meanwhile: by counts, as a clock
    // would make the test depend on how busy the machine is.
    const worker = await start(here, { REGISTRY: `http://${registry.host}/x` }, { kv: CACHING });
    const seen = new Set();
    let stale = 0;
    for (const version of versions) {
      await push(registry, "x/redis", version);
      await worker.refresh("/redis");
      for (let read = 0; read < 2 * KEPT_READS; read += 1) {
        const index = await worker.send("/index.yaml");
        assert.equal(index.status, 200);
        const [entry] = index.json.entries.redis;
        seen.add(entry.digest);
        stale += Number(entry.digest !== version.digest);
        const linked = await worker.send(`/${entry.urls[0]}`);
        const expected = versions.find(({ digest }) => digest === entry.digest);
        assert.equal(linked.status, 200);
        assert.ok(linked.body.equals(expected.package), "the bytes that the index says");
      }
      const [entry] = (await worker.send("/index.yaml")).json.entries.redis;
      assert.equal(entry.digest, version.digest, "what KV remembers has run out");
    }
    assert.equal(seen.size, versions.length);
    assert.ok(stale > 0, "KV was stale at times");
  } finally {
    await here.end();
  }
});

/** Reads that an answer of KV holds for. Odd, so that a version never meets a fresh answer each time. */
const KEPT_READS = 5;

/** Stands before KV and keeps what it said, as KV's own caches do. Its class has the name that is looked for. */
const CACHING = `
  class KvNamespace {
    constructor(store) {
      this.store = store;
      this.kept = new Map();
    }
    async getWithMetadata(key) {
      let kept = this.kept.get(key);
      if (!kept || kept.left === 0) {
        const { value, metadata } = await this.store.getWithMetadata(key, "arrayBuffer");
        kept = { value, metadata, left: ${KEPT_READS} };
        this.kept.set(key, kept);
      }
      kept.left -= 1;
      const { value, metadata } = kept;
      return { value: value && new Response(value).body, metadata, cacheStatus: null };
    }
    get(key, options) { return this.store.get(key, options); }
    put(key, value, options) { return this.store.put(key, value, options); }
    delete(key) { return this.store.delete(key); }
    list(options) { return this.store.list(options); }
  }
  export default (env) => new KvNamespace(env.STORE);
`;
