// The index: what a client and a cache see of it, from the first read on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const alpine = chart("alpine", "1.10.0");
const older = chart("alpine", "1.9.0");
const nginx = chart("nginx", "2.0.0+build.5", { metadata: { appVersion: "1.27", keywords: ["web", "yes"] } });
let registry;
let upstream;
let worker;

before(async () => {
  registry = await streaming(scope);
  await push(registry, "acme/charts/alpine", alpine, { created: "2026-02-03T04:05:06Z" });
  await push(registry, "acme/charts/alpine", older);
  await push(registry, "acme/charts/team-a/nginx", nginx);
  await push(registry, "acme/other/hidden", chart("hidden", "1.0.0"));
  upstream = await Proxy.before(scope, registry.host);
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/acme/charts` });
});
after(() => scope.end());

test("the first read waits for the first pass", async () => {
  const index = (await worker.index()).json;
  assert.deepEqual(Object.keys(index.entries), ["alpine", "nginx"]);
  assert.deepEqual(index.entries.alpine, [
    {
      apiVersion: "v2",
      created: "2026-02-03T04:05:06Z",
      description: "The chart alpine",
      digest: alpine.digest,
      name: "alpine",
      urls: [alpine.link],
      version: "1.10.0",
    },
    {
      apiVersion: "v2",
      created: "2026-01-02T03:04:05Z",
      description: "The chart alpine",
      digest: older.digest,
      name: "alpine",
      urls: [older.link],
      version: "1.9.0",
    },
  ]);
  assert.equal(index.entries.nginx[0].version, "2.0.0+build.5");
  assert.deepEqual(index.entries.nginx[0].keywords, ["web", "yes"]);
  assert.equal(index.generated, "2026-02-03T04:05:06Z");
});

test("the answer has a length on the wire, an entity tag and words for caches", async () => {
  const answer = await worker.published("/index.yaml");
  assert.equal(answer.status, 200);
  assert.equal(Number(answer.headers["content-length"]), answer.body.length);
  assert.equal(answer.headers["transfer-encoding"], undefined);
  assert.match(answer.headers.etag, /^"[0-9a-f]{32}"$/);
  assert.equal(answer.headers["content-type"], "application/x-yaml");
  assert.equal(answer.headers["cache-control"], "public, no-cache, no-transform");
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
});

test("HEAD says the same without a body", async () => {
  const get = await worker.published("/index.yaml");
  const head = await worker.send("/index.yaml", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  for (const name of ["content-length", "etag", "content-type", "cache-control"]) {
    assert.equal(head.headers[name], get.headers[name], name);
  }
});

test("who has it already gets 304", async () => {
  const { headers } = await worker.published("/index.yaml");
  for (const given of [headers.etag, `W/${headers.etag}`, `"x", ${headers.etag}`, "*"]) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await worker.send("/index.yaml", { method, headers: { "if-none-match": given } });
      assert.equal(answer.status, 304, given);
      assert.equal(answer.body.length, 0);
      assert.equal(answer.headers.etag, headers.etag);
      assert.equal(answer.headers["cache-control"], headers["cache-control"]);
    }
  }
  const other = await worker.send("/index.yaml", { headers: { "if-none-match": '"x", W/"y"' } });
  assert.equal(other.status, 200);
});

test("what is served is what lies in KV, byte for byte", async () => {
  const answer = await worker.published("/index.yaml");
  const kv = await worker.documents();
  const key = (await worker.keys()).find((name) => /^v1\/[0-9a-f]{16}\/index\/$/.test(name));
  const { value, metadata } = await kv.getWithMetadata(key);
  assert.equal(value, answer.text);
  assert.equal(metadata.etag, answer.headers.etag);
  assert.equal(metadata.length, answer.body.length);
  // Another text put there is served as it is: nothing is parsed, and the catalog is not asked.
  try {
    await kv.put(key, "ünread", { metadata: { etag: '"marked"', length: 7, updated: metadata.updated } });
    const marked = await worker.send("/index.yaml");
    assert.equal(marked.text, "ünread");
    assert.equal(marked.headers.etag, '"marked"');
    assert.equal(marked.headers["content-length"], "7");
  } finally {
    await kv.put(key, value, { metadata });
  }
});

test("every folder is a repository", async () => {
  const answer = await worker.index("/team-a/index.yaml");
  const entries = answer.json.entries;
  assert.deepEqual(Object.keys(entries), ["nginx"]);
  // Links are relative to the folder's own index.
  assert.deepEqual(entries.nginx[0].urls, [nginx.link]);
  const again = await worker.published("/team-a/index.yaml");
  assert.equal(again.text, answer.text);
  assert.equal(again.headers.etag, answer.headers.etag);
});

test("reading asks the registry nothing", async () => {
  await worker.published("/index.yaml");
  await worker.published("/team-a/index.yaml");
  upstream.take();
  for (const path of ["/index.yaml", "/team-a/index.yaml"]) {
    for (const method of ["GET", "HEAD"]) {
      assert.equal((await worker.send(path, { method })).status, 200);
      assert.equal((await worker.send(path, { method, headers: { "if-none-match": "*" } })).status, 304);
    }
  }
  assert.deepEqual(upstream.take(), []);
});
