// A pass goes over a registry while charts are pushed to it: every index that is served holds, link by link.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, each, hex, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const FIRST = 40;
const LATER = 60;
let registry;
let worker;

/** Two versions of each of many charts in some spaces; every third is pushed again with other bytes. */
function charts(from, count) {
  return Array.from({ length: count }, (_, n) => {
    const number = from + n;
    const made = chart(`chart-${number % 17}`, `1.${number}.0`, { ballast: number % 50 });
    return { made, repository: `x/space-${number % 3}/${made.name}` };
  });
}

before(async () => {
  registry = await streaming(scope);
  await each(charts(0, FIRST), 6, ({ made, repository }) => push(registry, repository, made));
  const upstream = await Proxy.before(scope, registry.host);
  upstream.latency = 10;
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 20 });
});
after(() => scope.end());

test("pushes while passes run are all served in the end, and nothing wrong meanwhile", async () => {
  const later = charts(FIRST, LATER);
  const again = later.filter((_, n) => n % 3 === 0).map(({ made, repository }) => ({
    repository,
    made: chart(made.name, made.version, { ballast: 77 }),
  }));
  // First, or a quick machine has pushed everything before anything could be read.
  await worker.index();
  let pushing = true;
  const pushes = (async () => {
    await each([...later, ...again], 2, ({ made, repository }) => push(registry, repository, made));
    pushing = false;
  })();
  let [read, followed] = [0, 0];
  const reads = (async () => {
    do {
      const refreshing = worker.refresh();
      const { json } = await worker.index();
      read += 1;
      const entries = Object.values(json.entries).flat();
      assert.ok(entries.length >= FIRST, `${entries.length}`);
      for (const entry of entries.filter((_, n) => n % 7 === read % 7)) {
        const answer = await worker.send(`/${entry.urls[0]}`);
        assert.equal(answer.status, 200, entry.urls[0]);
        assert.equal(hex(answer.body), entry.digest);
        followed += 1;
      }
      await refreshing;
    } while (pushing);
  })();
  await Promise.all([pushes, reads]);
  assert.ok(read > 0 && followed > 0, `${read} indexes, ${followed} links`);

  for (const space of [0, 1, 2]) await worker.refresh(`/space-${space}`);
  await worker.refresh();
  const expected = new Map();
  for (const { made } of [...charts(0, FIRST), ...later]) expected.set(`${made.name} ${made.version}`, undefined);
  for (const { made } of again) expected.set(`${made.name} ${made.version}`, made.digest);
  const entries = Object.values((await worker.index()).json.entries).flat();
  assert.deepEqual(entries.map(({ name, version }) => `${name} ${version}`).sort(), [...expected.keys()].sort());
  for (const { name, version, digest } of entries) {
    const overwritten = expected.get(`${name} ${version}`);
    if (overwritten) assert.equal(digest, overwritten, `${name} ${version} is the one that was pushed last`);
  }
});
