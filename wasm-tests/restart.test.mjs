// The Worker is killed in the middle of a pass, again and again: it goes on where it was.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, each, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { passUntilAlarm } from "./rows.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const REPOSITORIES = 5;
const VERSIONS = 12;
const TAGS = REPOSITORIES * VERSIONS;
/** An enumeration, a list a repository, a manifest and a config a tag. */
const CALLS = 1 + REPOSITORIES + 2 * TAGS;
/** The least that may be set: some thirteen slices. */
const BUDGET = 10;
let registry;
let upstream;

before(async () => {
  registry = await streaming(scope);
  const charts = [];
  for (let repository = 0; repository < REPOSITORIES; repository += 1) {
    for (let version = 0; version < VERSIONS; version += 1) charts.push(chart(`chart-${repository}`, `1.${version}.0`));
  }
  await each(charts, 8, (made) => push(registry, `x/${made.name}`, made));
  upstream = await Proxy.before(scope, registry.host);
  upstream.latency = 15;
});
after(() => scope.end());

test("a restart between slices loses nothing and repeats at most a slice", async () => {
  const persist = scope.folder();
  const settings = { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: BUDGET };
  // What brings the object back to life: a request, a tick of cron, or the alarm it set for the case of its death.
  const request = (worker) => worker.send("/");
  const tick = (worker) => void worker.tick().catch(() => {});
  const alarm = () => {};
  const lives = [
    { until: 2, wake: request },
    { until: 25, wake: tick },
    { until: 50, wake: alarm },
    { until: 75, wake: request },
    { until: 100, wake: alarm },
  ];
  const counts = [];
  for (const { until: at, wake } of lives) {
    const here = new Scope();
    try {
      if (wake === alarm) passUntilAlarm(persist);
      const worker = await start(here, settings, { persist });
      await wake(worker);
      await until(`${at} calls are made`, () => upstream.requests.length >= at, { every: 2 });
      assert.equal((await worker.keys()).length, 0, "nothing is published before the first pass has ended");
    } finally {
      await here.end();
    }
    counts.push(upstream.requests.length);
  }
  assert.ok(counts.at(-1) < CALLS, `it was killed in the middle: ${counts}`);

  passUntilAlarm(persist);
  const worker = await start(scope, settings, { persist });
  await until("the index lies in KV", async () => (await worker.keys()).some((key) => key.endsWith("/index/")));
  const made = upstream.take();
  assert.ok(made.length <= CALLS + lives.length * BUDGET, `${made.length} calls, ${CALLS} needed`);
  const paths = new Set(made.map(({ method, path }) => `${method} ${path}`));
  assert.equal(paths.size, CALLS);
  assert.ok(upstream.peak <= 6, `${upstream.peak} calls at a time`);

  // What came of it is what an undisturbed crawl gives, byte for byte.
  const other = await start(scope, { REGISTRY: `http://${registry.host}/x`, SUBREQUEST_BUDGET: 1_000 });
  const [disturbed, undisturbed] = [await worker.published(), await other.published()];
  assert.equal(disturbed.headers.etag, undisturbed.headers.etag);
  assert.equal(disturbed.text, undisturbed.text);
  assert.equal(Object.values(disturbed.json.entries).flat().length, TAGS);
  const { last_pass: last } = await worker.info();
  assert.equal(last.faults, 0);
});

test("what was published is there after a restart, and the registry is not asked", async () => {
  const persist = scope.folder();
  const settings = { REGISTRY: `http://${registry.host}/x`, SUBREQUEST_BUDGET: 1_000 };
  const one = new Scope();
  let before;
  try {
    before = await (await start(one, settings, { persist })).published();
  } finally {
    await one.end();
  }
  const counted = await Proxy.before(scope, registry.host);
  const worker = await start(scope, settings, { persist });
  const again = await worker.send("/index.yaml");
  assert.equal(again.text, before.text);
  assert.equal((await worker.send("/index.yaml", { headers: { "if-none-match": before.headers.etag } })).status, 304);
  assert.deepEqual(counted.take(), []);
});
