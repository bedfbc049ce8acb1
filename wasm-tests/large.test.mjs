// A large catalog in workerd, against a real registry: time, calls, size and memory are told in the output.
//
//   LARGE=100x100   repositories × versions, with the free plan's budget and with a large one; the default is smaller

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, each, hex, push, remove } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const [REPOSITORIES, VERSIONS] = (process.env.LARGE ?? "20x100").split("x").map(Number);
const TAGS = REPOSITORIES * VERSIONS;
const SPACES = 5;
const BUDGETS = process.env.LARGE ? [45, 1_000] : [45];

/** Lists of repositories and of tags: a thousand a page, or all at once (distribution 2.8). */
const LISTS = Math.ceil(REPOSITORIES / 1_000) + REPOSITORIES * Math.ceil(VERSIONS / 1_000);

/**
 * The whole process, SQLite's cache and what was freed but not given back included: a hint. The Worker's own memory, at
 * 10,000 versions, was 17 MiB of wasm, and up to 60 MB of JavaScript's heap that the next collection freed.
 */
const MEMORY = 600 * 2 ** 20;

/** Generous: the machine may be busy. */
const LIMIT = 60_000 + TAGS * 60;

let registry;
const samples = [];

before(async () => {
  registry = await streaming(scope);
  const begun = Date.now();
  const numbers = Array.from({ length: TAGS }, (_, n) => n);
  await each(numbers, 12, async (n) => {
    const made = chart(`chart-${Math.floor(n / VERSIONS)}`, `${n % 7}.${n % VERSIONS}.0`, { metadata: METADATA });
    await push(registry, repositoryOf(n), made);
    if (n % Math.ceil(TAGS / 20) === 0) samples.push(made);
  });
  console.log(`pushed ${TAGS} versions in ${seconds(Date.now() - begun)}`);
});
after(() => scope.end());

/** Where the nth version lies. */
function repositoryOf(n) {
  const repository = Math.floor(n / VERSIONS);
  return `x/team-${repository % SPACES}/chart-${repository}`;
}

/** What a real chart says of itself, about. */
const METADATA = {
  appVersion: "1.27.3",
  home: "https://charts.example/a-chart-of-ours",
  icon: "https://charts.example/icons/a-chart-of-ours.svg",
  keywords: ["http", "web", "proxy", "ingress"],
  kubeVersion: ">=1.25.0-0",
  maintainers: [{ name: "Somebody", email: "somebody@charts.example" }],
  sources: ["https://git.example/charts/a-chart-of-ours"],
  annotations: { category: "Infrastructure", licenses: "Apache-2.0" },
  dependencies: [{ name: "common", version: "2.x.x", repository: "https://charts.example/", tags: ["common"] }],
};

for (const budget of BUDGETS) {
  test(`${TAGS} versions in ${REPOSITORIES} repositories, ${budget} calls a slice`, { timeout: 2 * LIMIT }, async () => {
    const here = new Scope();
    try {
      const upstream = await Proxy.before(here, registry.host);
      const worker = await start(here, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: budget });
      const begun = Date.now();
      await worker.send("/");
      await until("the index lies in KV", async () => (await worker.keys()).some((key) => key.endsWith("/index/")), {
        limit: LIMIT,
      });
      const synced = Date.now() - begun;
      const calls = upstream.take();
      const lists = calls.filter(isList).length;
      assert.ok(lists > REPOSITORIES && lists <= LISTS, `${lists} lists`);
      assert.equal(calls.length - lists, 2 * TAGS, "a manifest and a config a tag");
      assert.ok(upstream.peak <= 6, `${upstream.peak} calls at a time`);

      const read = Date.now();
      const index = await worker.send("/index.yaml");
      const reading = Date.now() - read;
      const entries = Object.values(index.json.entries).flat();
      assert.equal(entries.length, TAGS);
      assert.equal(Number(index.headers["content-length"]), index.body.length);
      const space = await worker.index("/team-0/index.yaml");
      assert.equal(Object.values(space.json.entries).flat().length, Math.ceil(REPOSITORIES / SPACES) * VERSIONS);
      for (const made of samples) {
        const answer = await worker.send(`/${made.link}`);
        assert.equal(answer.status, 200, made.link);
        assert.equal(hex(answer.body), made.digest);
      }

      upstream.take();
      const again = Date.now();
      const refreshed = await worker.refresh();
      const unchanged = Date.now() - again;
      assert.equal(refreshed.headers.etag, index.headers.etag);
      const confirmed = upstream.count(({ method }) => method === "HEAD");
      assert.equal(upstream.requests.length - confirmed, lists);
      assert.ok(confirmed < 10 + TAGS / 100, `${confirmed} tags confirmed`);

      const pass = upstream.take().length;
      const late = await push(registry, repositoryOf(0), chart("chart-0", "99.0.0"));
      const pushed = Date.now();
      await worker.refresh("/team-0/chart-0");
      const published = Date.now() - pushed;
      assert.equal((await worker.send("/index.yaml")).json.entries["chart-0"][0].version, "99.0.0");
      await remove(registry, late);

      const { now, peak } = worker.memory();
      console.log(
        [
          `first pass ${seconds(synced)}, ${calls.length} calls, ${Math.round((calls.length * 1000) / synced)} a second`,
          `index ${(index.body.length / 2 ** 20).toFixed(2)} MiB, read in ${reading} ms`,
          `unchanged pass ${seconds(unchanged)}, ${pass} calls`,
          `one push published in ${seconds(published)}`,
          `workerd ${megabytes(now)}, at most ${megabytes(peak)}`,
        ].join("\n"),
      );
      assert.ok(peak < MEMORY, `workerd took ${megabytes(peak)}`);
    } finally {
      await here.end();
    }
  });
}

const isList = ({ path }) => /\/(_catalog|tags\/list)(\?|$)/.test(path);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
