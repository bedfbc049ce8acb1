// Passes go over a registry while charts are pushed to it: every index that is served holds, link by link.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, each, hex, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep } from "./wait.mjs";

const scope = new Scope();
/** Charts that are there before the first pass. */
const FIRST = 40;
/** Indexes that are read and followed while pushes go on. */
const ROUNDS = 3;
/** Charts that are pushed meanwhile, at most. */
const MOST = 300;
/** Digests of what was pushed last, by name and version. */
const pushed = new Map();
let registry;
let worker;

/** Pushes the nth chart, in one of some repositories and spaces; each time with other bytes. */
async function pushNth(n) {
  const made = chart(`chart-${n % 17}`, `1.${n}.0`, { ballast: 1 + (n % 50) });
  await push(registry, `x/space-${n % 3}/${made.name}`, made);
  pushed.set(`${made.name} ${made.version}`, made.digest);
}

before(async () => {
  registry = await streaming(scope);
  await each(Array.from({ length: FIRST }).keys(), 6, pushNth);
  const upstream = await Proxy.before(scope, registry.host);
  upstream.latency = 10;
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 20 });
});
after(() => scope.end());

test("pushes while passes run are all served in the end, and nothing wrong meanwhile", async () => {
  let reading = true;
  const pushes = (async () => {
    for (let n = FIRST; reading && n < MOST; n += 1) {
      await pushNth(n);
      // Every third push replaces a version that may have been read already.
      if (n % 3 === 0) await pushNth(n - FIRST / 2);
      await sleep(20);
    }
  })();
  const reads = (async () => {
    try {
      await worker.index();
      for (let round = 0; round < ROUNDS; round += 1) {
        const [index] = await Promise.all([worker.index(), worker.refresh()]);
        const entries = Object.values(index.json.entries).flat();
        assert.ok(entries.length >= FIRST, `${entries.length} versions`);
        for (const entry of entries.filter((_, n) => n % ROUNDS === round)) {
          const answer = await worker.send(`/${entry.urls[0]}`);
          assert.equal(answer.status, 200, entry.urls[0]);
          assert.equal(hex(answer.body), entry.digest);
        }
      }
    } finally {
      reading = false;
    }
  })();
  await Promise.all([pushes, reads]);
  assert.ok(pushed.size > FIRST + ROUNDS, `${pushed.size} versions were pushed`);

  // New versions are found by a pass; what was overwritten is, where it is named.
  await worker.refresh();
  for (const space of [0, 1, 2]) await worker.refresh(`/space-${space}`);
  const { json } = await worker.index();
  const served = Object.values(json.entries).flat().map(({ name, version, digest }) => [`${name} ${version}`, digest]);
  assert.deepEqual(new Map(served.sort()), new Map([...pushed].sort()));
});
