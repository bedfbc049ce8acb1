// Two registries under one Worker in workerd, one of which is out of order before anything was ever read of it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const own = chart("own", "1.0.0");
const other = chart("other", "1.0.0");
let first;
let second;

/** What is the matter with the second registry, and what anyone may be told of it. */
const TROUBLE = {
  stopped: "reset",
  throttled: { status: 429, headers: { "retry-after": "600" } },
  denying: { status: 403 },
  silent: "hang",
};

before(async () => {
  [first, second] = await Promise.all([streaming(scope), streaming(scope)]);
  await push(first, "x/own", own);
  await push(second, "x/other", other);
});
after(() => scope.end());

describe("one of two registries is out of order from the beginning", { concurrency: 4 }, () => {
  for (const [what, rule] of Object.entries(TROUBLE)) {
    test(`it is ${what}: the other one's charts are served, and its own as soon as it is well`, async () => {
      const here = new Scope();
      try {
        const upstream = await Proxy.before(here, second.host);
        upstream.rule = () => rule;
        const sources = [
          { registry: `http://${first.host}/x`, mount: "mine" },
          { registry: `http://${upstream.host}/x`, mount: "theirs" },
        ];
        const worker = await start(here, { SOURCES: JSON.stringify(sources), SYNC_INTERVAL: "10s" });
        const { json } = await worker.index("/mine/index.yaml");
        assert.deepEqual(Object.keys(json.entries), ["own"]);
        assert.ok((await worker.send(`/mine/${own.link}`)).body.equals(own.package));
        const theirs = await worker.send("/theirs/index.yaml", { limit: 60_000 });
        assert.notEqual(theirs.status, 200, "nothing of it was ever read");
        upstream.rule = () => undefined;
        // Of everything: a pause that a registry asked for is not ended by who asks for a folder.
        await worker.send("/refresh", { method: "POST", headers: AS_ADMIN });
        const healed = await worker.index("/theirs/index.yaml");
        assert.deepEqual(Object.keys(healed.json.entries), ["other"]);
        await until("the root has both", async () => Object.keys((await worker.send("/index.yaml")).json.entries).length === 2);
      } finally {
        await here.end();
      }
    });
  }
});
