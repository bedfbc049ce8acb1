// A hundred writers at one time, by both interfaces, before a real registry: everybody is told the truth, and what is served in the
// end is what the registry holds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { form, send } from "./http.mjs";
import { chart, hex } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const FRESH = { ...AS_ADMIN, "cache-control": "no-cache" };
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CHARTS = 10;
const WRITERS = 100;
/** Longer than a hundred writes take on a busy machine. */
const LONG = 240_000;

let registry;
let worker;

before(async () => {
  registry = await streaming(scope);
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts` });
  await worker.send("/", { headers: AS_ADMIN });
});
after(() => scope.end());

/** The nth writer's chart: ten of each name, each of other bytes. */
const numbered = (nth, round) => chart(`c${nth % CHARTS}`, "1.0.0", { metadata: { description: `${round} ${nth}` } });

const ask = (method, path, { body, type } = {}) =>
  worker.send(path, { method, headers: { ...AS_ADMIN, ...(type && { "content-type": type }) }, body, limit: LONG });

/** Half of the ten writers of each chart store by ChartMuseum's API, half by that of spaces. */
const isMuseum = (nth) => Math.floor(nth / CHARTS) % 2 === 0;

const store = (nth, made) =>
  isMuseum(nth)
    ? ask("POST", "/api/team/charts", { body: made.package })
    : ask("POST", "/api/v1/spaces/team/charts", form({ chartfile: made.package }));

const replace = (nth, made) =>
  isMuseum(nth)
    ? ask("POST", "/api/team/charts?force", { body: made.package })
    : ask("PUT", `/api/v1/spaces/team/charts/${made.name}/versions/1.0.0`, form({ chartfile: made.package }));

const remove = (nth) =>
  isMuseum(nth)
    ? ask("DELETE", `/api/team/charts/c${nth % CHARTS}/1.0.0`)
    : ask("DELETE", `/api/v1/spaces/team/charts/c${nth % CHARTS}/versions/1.0.0`);

/** What the registry holds: digests of packages by name. */
async function held() {
  const packages = new Map();
  for (let nth = 0; nth < CHARTS; nth += 1) {
    const there = await send(registry.host, `/v2/charts/team/c${nth}/manifests/1.0.0`, { headers: { accept: MANIFEST } });
    if (there.status === 200) packages.set(`c${nth}`, there.json.layers[0].digest.slice("sha256:".length));
    else assert.equal(there.status, 404);
  }
  return packages;
}

/** What is served, past caches, by the index; each link gives those bytes. */
async function served() {
  const answer = await worker.send("/team/index.yaml", { headers: FRESH });
  if (answer.status === 404) return new Map();
  const entries = Object.values(answer.json.entries).flat();
  for (const { name, digest } of entries) {
    const got = await worker.send(`/team/charts/${name}-1.0.0.tgz`, { headers: FRESH });
    assert.equal(hex(got.body), digest, name);
  }
  return new Map(entries.map(({ name, digest }) => [name, digest]).sort());
}

const writers = (round, write) =>
  Promise.all(
    Array.from({ length: WRITERS }, async (_, nth) => {
      const made = numbered(nth, round);
      const { status, text, headers } = await write(nth, made);
      if (status === 423) assert.equal(headers["retry-after"], "5");
      return { nth, made, status, text };
    }),
  );

const of = (answers, name) => answers.filter(({ made }) => made.name === name);
const told = (answers) => answers.map(({ nth, status, text }) => `${nth}: ${status} ${text}`).join("\n");

test("of those who store one version one is told 201, and the registry has theirs", async () => {
  const answers = await writers("stored", store);
  const inside = await held();
  assert.equal(inside.size, CHARTS);
  for (const [name, digest] of inside) {
    const won = of(answers, name).filter(({ status }) => status === 201);
    assert.equal(won.length, 1, told(of(answers, name)));
    assert.equal(digest, won[0].made.digest, name);
    for (const { status, text } of of(answers, name)) assert.ok([201, 409, 423].includes(status), `${status} ${text}`);
  }
  assert.deepEqual(await served(), inside);
});

test("of those who replace it one that was told so is served", async () => {
  const answers = await writers("replaced", replace);
  const inside = await held();
  for (const [name, digest] of inside) {
    const done = of(answers, name).filter(({ status }) => status === 200 || status === 201);
    assert.ok(done.some(({ made }) => made.digest === digest), `${digest}\n${told(of(answers, name))}`);
    for (const { status, text } of of(answers, name)) assert.ok([200, 201, 423].includes(status), `${status} ${text}`);
  }
  assert.deepEqual(await served(), inside);
});

test("with some who delete it, what is served is what the registry holds", async () => {
  // Of the ten of each chart four delete it; of those one or none is the last.
  const deletes = (nth) => Math.floor(nth / CHARTS) % 5 < 2;
  const before_ = await held();
  const answers = await writers("mixed", (nth, made) => (deletes(nth) ? remove(nth) : replace(nth, made)));
  const inside = await held();
  for (const name of before_.keys()) {
    const own = of(answers, name);
    for (const { nth, status, text } of own) {
      // 409: its tag moved between the look at it and the deletion.
      const expected = deletes(nth) ? [200, 204, 404, 409, 423] : [200, 201, 404, 423];
      assert.ok(expected.includes(status), `${nth}: ${status} ${text}`);
    }
    const deleted = own.filter(({ nth, status }) => deletes(nth) && (status === 200 || status === 204));
    const stored = own.filter(({ nth, status }) => !deletes(nth) && (status === 200 || status === 201));
    if (inside.has(name)) {
      const whose = stored.map(({ made }) => made.digest);
      assert.ok([before_.get(name), ...whose].includes(inside.get(name)), told(own));
      assert.ok(deleted.length === 0 || whose.includes(inside.get(name)), `it was deleted\n${told(own)}`);
    } else {
      assert.ok(deleted.length > 0, `nobody deleted it\n${told(own)}`);
    }
  }
  assert.deepEqual(await served(), inside);
});
