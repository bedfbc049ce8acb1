// What changes in the registry shows here: after a refresh, after a webhook, and at once to who asks past caches.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, push, remove } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep, until } from "./wait.mjs";

const scope = new Scope();
const HOOK = "secret of the webhook";
const first = chart("nginx", "1.0.0");
let registry;
let upstream;
let worker;

before(async () => {
  registry = await streaming(scope);
  await push(registry, "acme/nginx", first);
  upstream = await Proxy.before(scope, registry.host);
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/acme`, WEBHOOK_SECRET: HOOK });
  await worker.published();
});
beforeEach(() => {
  upstream.take();
});
after(() => scope.end());

/** The requests that reached the registry since the test began, in the order of their paths. */
function calls() {
  return upstream.take().map(({ method, path }) => `${method} ${path.replace(/\?.*|(?<=sha256:).*/, "")}`).sort();
}

async function versions(name) {
  const { entries } = (await worker.send("/index.yaml")).json;
  return (entries[name] ?? []).map(({ version }) => version);
}

function notify(kind, body, headers) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return worker.send(`/webhook/${kind}`, { method: "POST", headers, body: text });
}

const bearer = { authorization: `Bearer ${HOOK}` };
const sign = (text) => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", HOOK).update(text).digest("hex")}`,
});

test("a refresh that waits ends when the change is published, and says its entity tag", async () => {
  await push(registry, "acme/nginx", chart("nginx", "1.1.0"));
  const answer = await worker.refresh();
  assert.equal(answer.json.published, true);
  assert.equal(answer.headers.etag, answer.json.etag);
  const index = await worker.send("/index.yaml");
  assert.equal(index.headers.etag, answer.json.etag);
  assert.deepEqual(await versions("nginx"), ["1.1.0", "1.0.0"]);
  // One enumeration, one list, one share of revalidation, and the two calls that the new version needs.
  assert.deepEqual(calls(), [
    "GET /v2/_catalog",
    "GET /v2/acme/nginx/blobs/sha256:",
    "GET /v2/acme/nginx/manifests/1.1.0",
    "GET /v2/acme/nginx/tags/list",
    "HEAD /v2/acme/nginx/manifests/1.0.0",
  ]);
});

test("a refresh that does not wait is accepted", async () => {
  await push(registry, "acme/nginx", chart("nginx", "1.2.0"));
  const answer = await worker.send("/refresh", { method: "POST", headers: AS_ADMIN });
  assert.equal(answer.status, 202);
  assert.deepEqual(answer.json, { accepted: true });
  await until("the version is served", async () => (await versions("nginx")).includes("1.2.0"));
});

test("an unchanged registry costs its lists and puts nothing", async () => {
  await worker.refresh();
  const kv = await worker.documents();
  const before = await Promise.all((await worker.keys()).map((key) => kv.getWithMetadata(key)));
  upstream.take();
  await worker.refresh();
  assert.deepEqual(calls().filter((call) => call.startsWith("GET")), ["GET /v2/_catalog", "GET /v2/acme/nginx/tags/list"]);
  const after_ = await Promise.all((await worker.keys()).map((key) => kv.getWithMetadata(key)));
  // `updated` in the metadata would tell of a put.
  assert.deepEqual(after_, before);
});

test("a repository that is named costs three calls", async () => {
  await push(registry, "acme/nginx", chart("nginx", "1.3.0"));
  const body = { events: [{ action: "push", target: { repository: "acme/nginx", tag: "1.3.0" } }] };
  assert.equal((await notify("distribution", body, bearer)).status, 202);
  await until("the version is served", async () => (await versions("nginx")).includes("1.3.0"));
  assert.deepEqual(calls(), [
    "GET /v2/acme/nginx/blobs/sha256:",
    "GET /v2/acme/nginx/manifests/1.3.0",
    "GET /v2/acme/nginx/tags/list",
  ]);
});

test("a repository nobody knew is found by its name", async () => {
  await push(registry, "acme/team-a/redis", chart("redis", "7.0.0"));
  await worker.refresh("/team-a/redis");
  assert.deepEqual(await versions("redis"), ["7.0.0"]);
  assert.ok(calls().every((call) => call.includes("/acme/team-a/redis/")));
});

test("an overwritten version is seen when it is named, and its old bytes stay reachable by their link", async () => {
  const old = chart("redis", "7.1.0", { ballast: 10 });
  const new_ = chart("redis", "7.1.0", { ballast: 20 });
  await push(registry, "acme/team-a/redis", old);
  await worker.refresh("/team-a/redis");
  assert.ok((await worker.send(`/${old.link}`)).body.equals(old.package));

  await push(registry, "acme/team-a/redis", new_);
  const body = JSON.stringify({
    type: "PUSH_ARTIFACT",
    event_data: { repository: { repo_full_name: "acme/team-a/redis" }, resources: [{ tag: "7.1.0" }] },
  });
  assert.equal((await notify("harbor", body, { authorization: HOOK })).status, 202);
  await until("the new digest is served", async () => {
    const { entries } = (await worker.send("/index.yaml")).json;
    return entries.redis[0].digest === new_.digest;
  });
  assert.ok((await worker.send(`/${new_.link}`)).body.equals(new_.package));
  assert.ok((await worker.send(`/charts/${new_.file}`)).body.equals(new_.package));
  assert.ok((await worker.send(`/${old.link}`)).body.equals(old.package));
});

test("GitHub's notifications are signed", async () => {
  const body = JSON.stringify({
    action: "published",
    package: {
      name: "team-a/mysql",
      namespace: "acme",
      owner: { login: "Acme" },
      package_type: "CONTAINER",
      package_version: { container_metadata: { tag: { name: "9.0.0" } } },
    },
  });
  await push(registry, "acme/team-a/mysql", chart("mysql", "9.0.0"));
  assert.equal((await notify("github", body, bearer)).status, 401);
  assert.equal((await notify("github", body, sign(`${body} `))).status, 401);
  assert.deepEqual(calls(), []);
  assert.equal((await notify("github", body, sign(body))).status, 202);
  await until("the version is served", async () => (await versions("mysql")).includes("9.0.0"));
});

test("notifications that prove nothing or say nothing start nothing", async () => {
  const good = { events: [{ action: "push", target: { repository: "acme/nginx", tag: "1.0.0" } }] };
  const pulled = { events: [{ action: "pull", target: { repository: "acme/nginx", tag: "1.0.0" } }] };
  const elsewhere = { events: [{ action: "push", target: { repository: "other/nginx", tag: "1.0.0" } }] };
  for (const [kind, body, headers, status] of [
    ["distribution", good, {}, 401],
    ["distribution", good, { authorization: "Bearer wrong" }, 401],
    ["harbor", "{", {}, 401],
    ["distribution", "{", bearer, 400],
    ["distribution", "[]", bearer, 400],
    ["harbor", JSON.stringify(good), bearer, 400],
    ["quay", good, bearer, 404],
    ["distribution", "x".repeat(1024 * 1024 + 1), bearer, 413],
    ["distribution", pulled, bearer, 202],
    ["distribution", elsewhere, bearer, 202],
    ["github", JSON.stringify({ zen: "Keep it logically awesome.", hook_id: 1 }), undefined, 202],
  ]) {
    const proven = headers ?? sign(body);
    const answer = await notify(kind, body, proven);
    assert.equal(answer.status, status, `${kind} ${JSON.stringify(body).slice(0, 80)}`);
    if (status >= 400) assert.equal(typeof answer.json.error, "string");
  }
  await sleep(1_000);
  assert.deepEqual(calls(), []);
});

test("a deleted version is gone after a refresh, and so is its repository's space", async () => {
  const gone = await push(registry, "acme/team-b/gone", chart("gone", "1.0.0"));
  await worker.refresh();
  assert.deepEqual(await versions("gone"), ["1.0.0"]);
  await worker.published("/team-b/index.yaml");
  await remove(registry, gone);
  await worker.refresh();
  assert.deepEqual(await versions("gone"), []);
  assert.equal((await worker.send("/charts/gone-1.0.0.tgz")).status, 404);
  await until("the space is gone", async () => (await worker.send("/team-b/index.yaml")).status === 404);
});

test("who is known and asks past caches is answered by the catalog", async () => {
  const fresh = await worker.published();
  const kv = await worker.documents();
  const key = (await worker.keys()).find((name) => name.endsWith("/index/"));
  const { value, metadata } = await kv.getWithMetadata(key);
  await kv.put(key, "stale", { metadata: { ...metadata, etag: '"stale"', length: 5 } });
  try {
    for (const [headers, text] of [
      [{}, "stale"],
      [{ "cache-control": "no-cache" }, "stale"],
      [AS_ADMIN, "stale"],
      [{ ...AS_ADMIN, "cache-control": "no-cache" }, fresh.text],
      [{ ...AS_ADMIN, pragma: "no-cache" }, fresh.text],
      [{ ...AS_ADMIN, "cache-control": "max-age=0" }, fresh.text],
    ]) {
      const answer = await worker.send("/index.yaml", { headers });
      assert.equal(answer.text, text, JSON.stringify(headers));
      assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(text));
      if (text !== "stale") assert.equal(answer.headers.etag, fresh.headers.etag);
    }
  } finally {
    await kv.put(key, value, { metadata });
  }
});

test("a path where nothing can be is not refreshed", async () => {
  const answer = await worker.send("/refresh/Nothing?wait=1", { method: "POST", headers: AS_ADMIN });
  assert.equal(answer.status, 404);
  for (const query of ["wait=soon", "confirm=maybe"]) {
    assert.equal((await worker.send(`/refresh?${query}`, { method: "POST", headers: AS_ADMIN })).status, 400);
  }
});
