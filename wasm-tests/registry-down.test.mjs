// A registry that is down, denies, or sends garbage: what is published goes on, and before that everybody is told why.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, each, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep, until } from "./wait.mjs";

const scope = new Scope();
const made = chart("nginx", "1.0.0");
let registry;

/** What is told of a registry that gives no list, and why it may not. */
const unlisted = (status) =>
  `does not let these credentials list repositories (it answered ${status}); name them in REPOSITORIES, set REGISTRY_USERNAME ` +
  "and REGISTRY_PASSWORD, or set DISCOVERY if this is Harbor, GitLab or Quay";

/** Ways for a registry to fail everything, and what anyone is told of each: of the first sync where that is something else. */
const FAULTS = {
  reset: { rule: "reset", told: "could not be reached" },
  unauthorized: {
    rule: { status: 401, headers: { "www-authenticate": 'Basic realm="SECRET"' }, body: '{"errors":[{"code":"UNAUTHORIZED","message":"SECRET"}]}' },
    told: "denied access (401)",
    first: unlisted(401),
  },
  forbidden: { rule: { status: 403, body: "SECRET" }, told: "denied access (403)", first: unlisted(403) },
  broken: { rule: { status: 500, body: "SECRET" }, told: "answered 500" },
  garbage: { rule: { status: 200, headers: { "content-type": "text/html" }, body: "<html>SECRET</html>" }, told: "gave an unusable answer" },
  redirect: { rule: { status: 307, headers: { location: "http://user:SECRET@blobs.example/x" } }, told: "gave an unusable answer" },
  throttling: { rule: { status: 429, headers: { "retry-after": "100" }, body: "SECRET" }, told: "is limiting requests" },
};

before(async () => {
  registry = await streaming(scope);
  await push(registry, "x/nginx", made);
});
after(() => scope.end());

// Side by side, as each is mostly waiting.
describe("with nothing published yet, anyone is told why", { concurrency: 16 }, () => {
  for (const [name, { rule, told, first = told }] of Object.entries(FAULTS)) {
    test(`a registry with this fault: ${name}`, async () => {
      const here = new Scope();
      try {
        const upstream = await Proxy.before(here, registry.host);
        upstream.rule = () => rule;
        const worker = await start(here, { REGISTRY: `http://${upstream.host}/x` });
        const answer = await worker.send("/index.yaml", { limit: 40_000 });
        assert.ok([502, 503].includes(answer.status), `${answer.status}`);
        assert.deepEqual(answer.json, { error: `the registry ${upstream.host} ${first}` });
        assert.match(answer.headers["retry-after"], /^[1-9]\d*$/);
        assert.equal(answer.headers["cache-control"], "no-store");
        const file = await worker.send(`/charts/${made.file}`);
        assert.ok([502, 503].includes(file.status), `${file.status}`);
        const home = await worker.send("/");
        assert.equal(home.status, 200);
        assert.ok(home.text.includes(`The registry ${upstream.host} ${first}.`), home.text);
        assert.deepEqual((await worker.send("/health")).json, { healthy: true });
        for (const { message } of worker.logs) assert.doesNotMatch(message, /SECRET/);
      } finally {
        await here.end();
      }
    });
  }

  test("who waits is served when the registry comes back in time", async () => {
    const here = new Scope();
    try {
      const upstream = await Proxy.before(here, registry.host);
      upstream.rule = () => "reset";
      const worker = await start(here, { REGISTRY: `http://${upstream.host}/x` });
      const answer = worker.send("/index.yaml", { limit: 40_000 });
      await until("it was tried", () => upstream.requests.length > 0);
      upstream.rule = () => undefined;
      const { status, json } = await answer;
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(json.entries), ["nginx"]);
    } finally {
      await here.end();
    }
  });

  test("a registry that never answers holds nobody longer than the wait for a first document", async () => {
    const here = new Scope();
    try {
      const upstream = await Proxy.before(here, registry.host);
      upstream.rule = () => "hang";
      const worker = await start(here, { REGISTRY: `http://${upstream.host}/x` });
      const begun = Date.now();
      const answer = await worker.send("/index.yaml", { limit: 40_000 });
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.json, { error: "the first sync is still running: it has just begun" });
      assert.match(answer.headers["retry-after"], /^\d+$/);
      const waited = Date.now() - begun;
      assert.ok(waited > 15_000 && waited < 30_000, `${waited} ms`);
    } finally {
      await here.end();
    }
  });
});

test("what is published goes on, whatever the registry does", async () => {
  const here = new Scope();
  try {
    const upstream = await Proxy.before(here, registry.host);
    const worker = await start(here, { REGISTRY: `http://${upstream.host}/x` });
    const before = await worker.published();
    for (const { rule, told } of Object.values(FAULTS)) {
      upstream.rule = () => rule;
      const index = await worker.send("/index.yaml");
      assert.equal(index.status, 200);
      assert.equal(index.text, before.text);
      const same = await worker.send("/index.yaml", { headers: { "if-none-match": before.headers.etag } });
      assert.equal(same.status, 304);
      assert.equal((await worker.send(`/${made.link}`, { method: "HEAD" })).status, 200);

      const file = await worker.send(`/${made.link}`);
      assert.ok([502, 503].includes(file.status), `${told}: ${file.status}`);
      const wanted = told === "is limiting requests" ? "asks to slow down" : told;
      assert.deepEqual(file.json, { error: `the registry ${upstream.host} ${wanted}` });
      assert.equal(file.headers["cache-control"], "no-store");
    }
    upstream.rule = () => undefined;
    assert.ok((await worker.send(`/${made.link}`)).body.equals(made.package));
  } finally {
    await here.end();
  }
});

test("passes that fail remove nothing and are reported", async () => {
  const here = new Scope();
  try {
    const upstream = await Proxy.before(here, registry.host);
    const worker = await start(here, { REGISTRY: `http://${upstream.host}/x` });
    const before = await worker.published();
    upstream.rule = () => FAULTS.unauthorized.rule;
    await worker.send("/refresh", { method: "POST", headers: AS_ADMIN });
    const info = await until("a pass has failed", async () => {
      const seen = await worker.info();
      return seen.last_pass.faults > 0 && seen;
    });
    assert.equal(info.counts.versions, 1);
    assert.deepEqual(info.last_pass.fault, { host: upstream.host, kind: "denied access (401)", retry_at: null });
    const after_ = await worker.send("/index.yaml");
    assert.equal(after_.text, before.text);
    upstream.rule = () => undefined;
    await push(registry, "x/nginx", chart("nginx", "1.1.0"));
    await worker.refresh();
    assert.equal((await worker.send("/index.yaml")).json.entries.nginx.length, before.json.entries.nginx.length + 1);
  } finally {
    await here.end();
  }
});

test("429 pauses the pass as long as the registry asks, over a restart too", async () => {
  // Longer than what is brief (`BRIEF` in the catalog): that holds only the call that it answers.
  const SECONDS = 6;
  /** Milliseconds in which calls may still come that were made before. */
  const UNDER_WAY = 400;
  const many = Array.from({ length: 20 }, (_, n) => chart("many", `1.${n}.0`));
  await each(many, 6, (version) => push(registry, "y/many", version));
  const persist = scope.folder();
  const upstream = await Proxy.before(scope, registry.host);
  upstream.latency = 5;
  const refusals = [];
  upstream.rule = ({ path, at }) => {
    const manifests = upstream.count((call) => call.path.includes("/manifests/"));
    // The fifth manifest, and the twelfth.
    if (!path.includes("/manifests/") || manifests !== [5, 12][refusals.length]) return undefined;
    refusals.push(at);
    return { status: 429, headers: { "retry-after": `${SECONDS}` } };
  };
  const settings = { REGISTRY: `http://${upstream.host}/y` };

  const one = new Scope();
  try {
    const worker = await start(one, settings, { persist });
    await worker.send("/");
    await until("the registry asks for patience", () => refusals.length === 1);
    const pause = await until("the catalog heeds it", async () => (await worker.info()).pause);
    assert.deepEqual([pause.cause.host, pause.cause.kind], [upstream.host, "is limiting requests"]);
    await until("the registry asks again", () => refusals.length === 2);
    await sleep(UNDER_WAY);
  } finally {
    await one.end();
  }
  const worker = await start(scope, settings, { persist });
  const index = await worker.index();
  assert.ok(index.json.entries.many.length >= many.length - refusals.length);
  for (const refused of refusals) {
    const heeded = ({ at }) => at <= refused + UNDER_WAY || at >= refused + SECONDS * 1_000;
    assert.ok(upstream.requests.every(heeded), `${refusals} ${upstream.requests.map(({ at }) => at)}`);
    assert.ok(upstream.requests.some(({ at }) => at >= refused + SECONDS * 1_000));
  }
});
