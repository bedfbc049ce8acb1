// Cron works by itself: also where no alarm rings and nobody reads.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, each, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { loseAlarm } from "./rows.mjs";
import { Scope } from "./scope.mjs";
import { sleep, until } from "./wait.mjs";

const scope = new Scope();
let upstream;

before(async () => {
  const registry = await streaming(scope);
  const charts = Array.from({ length: 12 }, (_, n) => chart("many", `1.${n}.0`));
  await each(charts, 6, (made) => push(registry, "x/many", made));
  upstream = await Proxy.before(scope, registry.host);
});
after(() => scope.end());

test("a tick runs a whole pass where the budget allows it", async () => {
  const here = new Scope();
  try {
    const worker = await start(here, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 1_000 });
    assert.deepEqual(await worker.tick(), { outcome: "ok", noRetry: false });
    // It has been published when the tick ends: nobody read, and the alarm was set for the case of its death only.
    assert.ok((await worker.keys()).some((key) => key.endsWith("/index/")));
    upstream.take();
    assert.equal((await worker.send("/index.yaml")).json.entries.many.length, 12);
    assert.deepEqual(upstream.take(), []);
  } finally {
    await here.end();
  }
});

test("a pass whose alarm is lost is taken up by a tick", async () => {
  const persist = scope.folder();
  const settings = { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 10 };
  upstream.latency = 30;
  const one = new Scope();
  try {
    const worker = await start(one, settings, { persist });
    await worker.send("/");
    await until("a slice is made", () => upstream.requests.length >= 12, { every: 2 });
  } finally {
    await one.end();
  }
  loseAlarm(persist);
  const other = new Scope();
  try {
    const worker = await start(other, settings, { persist });
    upstream.take();
    await sleep(500);
    assert.deepEqual(upstream.take(), [], "no alarm rings");
    await worker.tick();
    assert.ok(upstream.requests.length >= 5, "the tick itself works");
    await until("the pass ends", async () => (await worker.keys()).some((key) => key.endsWith("/index/")));
  } finally {
    await other.end();
    upstream.latency = 0;
  }
});

test("a tick with nothing to do asks the registry nothing", async () => {
  const here = new Scope();
  try {
    const worker = await start(here, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 1_000 });
    await worker.tick();
    upstream.take();
    await worker.tick();
    await worker.tick();
    assert.deepEqual(upstream.take(), []);
  } finally {
    await here.end();
  }
});
