// Answers that are compressed although nobody asked for it, that say so and are not, and that are without saying so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { AS_ADMIN, start } from "./harness.mjs";
import { send } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const made = chart("nginx", "1.0.0");
let registry;
/** The registry's answers in JSON, by their paths: `{ type, body }`. */
const known = new Map();

before(async () => {
  registry = await streaming(scope);
  await push(registry, "x/nginx", made);
  const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const fetched = async (path) => {
    const { headers, body } = await send(registry.host, path, { headers: accept });
    known.set(path, { type: headers["content-type"], body });
    return body;
  };
  await fetched("/v2/_catalog?n=1000");
  await fetched("/v2/x/nginx/tags/list?n=1000");
  const manifest = JSON.parse(await fetched("/v2/x/nginx/manifests/1.0.0"));
  await fetched(`/v2/x/nginx/blobs/${manifest.config.digest}`);
});
after(() => scope.end());

/** What a registry does to its answers in JSON, or to none. */
const rule = (change) => ({ path, method }) => {
  const answer = method === "GET" && known.get(path);
  return answer ? { status: 200, ...change(answer) } : undefined;
};
const compressed = ({ type, body }) => ({ headers: { "content-type": type, "content-encoding": "gzip" }, body: gzipSync(body) });
const WRONG = {
  "said to be compressed and is not": ({ type, body }) => ({ headers: { "content-type": type, "content-encoding": "gzip" }, body }),
  "compressed without a word of it": ({ type, body }) => ({ headers: { "content-type": type }, body: gzipSync(body) }),
  "compressed in a way that nobody knows": ({ type, body }) => ({ headers: { "content-type": type, "content-encoding": "rot13" }, body: gzipSync(body) }),
};

test("what is compressed, and says so, is read", async () => {
  const upstream = await Proxy.before(scope, registry.host);
  upstream.rule = rule(compressed);
  const worker = await start(scope, { REGISTRY: `http://${upstream.host}/x` });
  const { json } = await worker.index();
  assert.equal(json.entries.nginx[0].digest, made.digest);
  assert.equal(upstream.count(({ path }) => known.has(path)), known.size);
  assert.ok((await worker.send(`/${made.link}`)).body.equals(made.package));
  await worker.end();
});

test("what cannot be read is a fault that is told, and loses nothing", async () => {
  const upstream = await Proxy.before(scope, registry.host);
  const worker = await start(scope, { REGISTRY: `http://${upstream.host}/x` });
  const before = await worker.published();
  for (const [how, change] of Object.entries(WRONG)) {
    upstream.rule = rule(change);
    const asked = await worker.send("/refresh?wait=15", { method: "POST", headers: AS_ADMIN, limit: 60_000 });
    assert.ok([200, 502].includes(asked.status), `${how}: ${asked.status}`);
    const fault = await until(`${how}: it is told`, async () => {
      const { enumeration, failing } = await worker.info();
      return enumeration[0]?.fault ?? failing[0]?.error;
    });
    assert.match(fault, /unusable answer|could not be reached/, how);
    assert.equal((await worker.send("/index.yaml")).text, before.text, how);
    upstream.rule = () => undefined;
    await worker.refresh();
  }
  await worker.end();
});
