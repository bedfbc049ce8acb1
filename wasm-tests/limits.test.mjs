// Limits by Cloudflare's binding, as the commented block in wrangler.toml sets it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ADMIN, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { ROOT, require } from "./tools.mjs";

const scope = new Scope();

/** What wrangler makes of the block when its `#` are taken away. */
function bindings() {
  const settings = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const [block] = /^# \[\[ratelimits\]\]\n(?:# .*\n)+/m.exec(settings);
  const path = join(scope.folder(), "wrangler.toml");
  writeFileSync(path, settings.replace(block, block.replace(/^# /gm, "")));
  const { ratelimits } = require("wrangler").unstable_readConfig({ config: path });
  return Object.fromEntries(ratelimits.map(({ name, ...limit }) => [name, limit]));
}

const ratelimits = bindings();
const { limit } = ratelimits.LIMITS.simple;
const ACCOUNTS = JSON.stringify({
  ada: { password: "the-password-of-ada", read: true },
  bob: { password: "the-password-of-bob", token: "the-token-of-bob", read: true },
});
const ada = { authorization: basic("ada", "the-password-of-ada") };
let worker;

before(async () => {
  const registry = await streaming(scope);
  await push(registry, "charts/web", chart("web", "1.0.0", { ballast: 10 }));
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ACCOUNTS }, { ratelimits });
  await worker.refresh();
});
after(() => scope.end());

const get = (headers, path = "/index.yaml") => worker.send(path, { headers });
const status = async (...of) => (await get(...of)).status;

/** Sends a request until it is too much; the answers before. The minute may end meanwhile, and the count begin anew. */
async function exhausted(headers, path = () => "/index.yaml") {
  const before = [];
  for (let n = 0; n < 4 * limit; n += 1) {
    const answer = await get(headers, path(n));
    if (answer.status === 429) {
      assert.equal(answer.headers["retry-after"], "60");
      assert.match(answer.json.error, /^too many requests: /);
      assert.equal(answer.headers["cache-control"], "no-store");
      return before;
    }
    before.push(answer.status);
  }
  return assert.fail(`${4 * limit} requests were answered`);
}

test("guesses of a password end with 429, for this user only", async () => {
  const told = await exhausted({ authorization: basic("ada", "wrong") });
  assert.ok(told.length >= limit, `${told.length} answers`);
  assert.deepEqual([...new Set(told)], [401]);
  assert.equal(await status(ada), 429);
  for (const other of [
    basic("bob", "the-password-of-bob"),
    basic("ada", "the-token-of-bob"),
    "Bearer the-token-of-bob",
    `Bearer ${ADMIN}`,
  ]) {
    assert.equal(await status({ authorization: other }), 200, other);
  }
  assert.equal(await status({}), 401);
});

test("asking for what is not there ends with 429, what is there is had", async () => {
  const bob = { authorization: "Bearer the-token-of-bob" };
  const told = await exhausted(bob, (n) => `/nothing-${n}/index.yaml`);
  assert.ok(told.length >= limit, `${told.length} answers`);
  assert.deepEqual([...new Set(told)].filter((one) => one !== 503), [404]);
  assert.equal(await status(bob), 200);
});

test("asking past caches ends with 429", async () => {
  const headers = { authorization: `Bearer ${ADMIN}`, "cache-control": "no-cache" };
  const told = await exhausted(headers);
  assert.ok(told.filter((one) => one === 200).length > 0, `${told}`);
  assert.equal(await status({ authorization: `Bearer ${ADMIN}` }), 200);
});
