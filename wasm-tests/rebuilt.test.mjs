// Charts in two layers, whose package exists nowhere until it is asked for: it is made while it is sent.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { start } from "./harness.mjs";
import { leave } from "./http.mjs";
import { hex, pushTwoLayers } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const MIB = 1024 * 1024;
const scope = new Scope();
const small = { "values.yaml": "of: old\n", "templates/configmap.yaml": "kind: ConfigMap\n" };
const files = (count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`files/${n}`, Buffer.alloc(4 * MIB, randomBytes(5_000))]));
/** Nearly the 20 MiB that a rebuilt package may have. Helm takes files of up to 5. */
const large = files(4);
/** Compressed, it is smaller than the other's package. */
const bomb = files(6);
let worker;

before(async () => {
  const registry = await streaming(scope);
  for (const [name, files] of Object.entries({ small, large, bomb })) {
    await pushTwoLayers(registry, `x/${name}`, { name, version: "1.0.0", meta: { description: "In two layers" }, files });
  }
  worker = await start(scope, { REGISTRY: `http://${registry.host}/x` });
});
after(() => scope.end());

/** The link and the digest in the index. */
async function entry(name) {
  const [{ urls, digest }] = (await worker.index()).json.entries[name];
  return { path: `/${urls[0]}`, digest };
}

/** Paths in a tar and the digests of what they hold. */
function untar(bytes) {
  const files = [];
  let at = 0;
  while (bytes[at] !== 0) {
    const path = bytes.toString("utf8", at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString("ascii", at + 124, at + 135), 8);
    files.push([path, hex(bytes.subarray(at + 512, at + 512 + size))]);
    at += 512 + 512 * Math.ceil(size / 512);
  }
  return files;
}

for (const [name, files] of Object.entries({ small, large })) {
  test(`the package of a ${name} chart is made as the index says, and its length is told beforehand`, async () => {
    const { path, digest } = await entry(name);
    const head = await worker.send(path, { method: "HEAD" });
    const answer = await worker.send(path);
    assert.equal(answer.status, 200);
    assert.equal(hex(answer.body), digest);
    assert.equal(answer.headers["content-length"], String(answer.body.length));
    assert.equal(head.headers["content-length"], String(answer.body.length));
    const chart = '{"apiVersion":"v1","name":"' + name + '","version":"1.0.0","description":"In two layers"}\n';
    const expected = Object.entries({ "Chart.yaml": chart, ...files }).map(([path, text]) => [`${name}/${path}`, hex(text)]);
    assert.deepEqual(untar(gunzipSync(answer.body)), expected);
  });
}

test("what would be rebuilt to more than 20 MiB is left out, and told", async () => {
  assert.deepEqual(Object.keys((await worker.index()).json.entries), ["large", "small"]);
  const { skipped } = await worker.info();
  assert.deepEqual(skipped.map(({ repository }) => repository), ["x/bomb"]);
  assert.equal(skipped[0].reason, `package would be rebuilt to more than ${20 * MIB} bytes for each download`);
});

test("a large one is not held as a whole, however many ask for it", async (t) => {
  const { path, digest } = await entry("large");
  const answers = await Promise.all([1, 2, 3].map(() => worker.send(path, { limit: 60_000 })));
  for (const answer of answers) assert.equal(hex(answer.body), digest);
  t.diagnostic(`${Math.round(worker.memory().peak / MIB)} MiB of memory at most`);
});

test("a client that leaves in the middle does no harm", async () => {
  const { path, digest } = await entry("large");
  for (let n = 0; n < 3; n += 1) assert.equal(await leave(worker.host, path), 200);
  assert.equal(hex((await worker.send(path)).body), digest);
});
