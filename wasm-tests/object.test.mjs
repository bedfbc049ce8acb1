// The platform fails: the catalog's object dies, is evicted or refuses, KV refuses, alarms fail or never come. Readers are
// served throughout, and nothing is lost.
//
//   ALARM_FAILURES=7   how often an alarm fails before it goes on. The platform gives up after the seventh, two minutes
//                      later; the default is quick

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, each, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep, until } from "./wait.mjs";

const scope = new Scope();
const REPOSITORIES = ["x/one", "x/two", "x/three"];
const VERSIONS = 4;
const FAILURES = Number(process.env.ALARM_FAILURES ?? 2);

/** The platform tries a failed alarm again so often, after 2, 4, 8 … seconds. */
const RETRIES = 6;

/** An object that nobody asks anything is evicted after ten seconds. */
const EVICTED_AFTER = 14_000;

let registry;

before(async () => {
  registry = await streaming(scope);
  await pushAll(0);
});
after(() => scope.end());

/** Pushes `VERSIONS` versions to each repository, with this major number. */
async function pushAll(major) {
  const charts = REPOSITORIES.flatMap((repository) =>
    Array.from({ length: VERSIONS }, (_, minor) => [repository, chart(repository.slice(2), `${major}.${minor}.0`)]),
  );
  await each(charts, 6, ([repository, made]) => push(registry, repository, made));
}

/** All names, versions and digests of an index. */
function entries(index) {
  return Object.values(index.json.entries).flat().map(({ name, version, digest }) => `${name} ${version} ${digest}`);
}

/** Reads all the time until it is ended: every answer is an index that has all that the first one had. */
function reading(worker) {
  let reads = 0;
  let ended = false;
  const all = (async () => {
    let had;
    while (!ended) {
      const index = await worker.send("/index.yaml");
      assert.equal(index.status, 200, index.text);
      const has = new Set(entries(index));
      had ??= has;
      assert.deepEqual([...had].filter((entry) => !has.has(entry)), [], "no chart is lost");
      reads += 1;
      await sleep(20);
    }
  })();
  all.catch(() => {});
  return {
    async end() {
      ended = true;
      await all;
      assert.ok(reads > 0);
    },
  };
}

/** What a Worker that has only just begun makes of the registry. */
async function fresh(here, host) {
  const other = await start(here, { REGISTRY: `http://${host}/x`, SUBREQUEST_BUDGET: 1_000 });
  return other.published();
}

describe("the object dies", () => {
  const PHASES = {
    "while it asks for the repositories": ({ path }) => path.includes("/_catalog"),
    "while it reads a tag list": ({ path }) => path.includes("/tags/list"),
    "while it reads a manifest": ({ path }) => path.includes("/manifests/"),
    "while it reads a config": ({ path }) => path.includes("/blobs/"),
    "while it publishes files": ({ key }) => key.includes("/files/"),
    "while it publishes an index": ({ key }) => key.includes("/index/"),
  };
  const here = new Scope();
  let worker;
  let readers;
  let major = 0;
  /** Says whether the object dies now. */
  let trap = () => false;
  /** Its death, when it was caught. */
  let killed;

  before(async () => {
    const spring = (event) => {
      if (!trap({ path: "", key: "", ...event })) return;
      trap = () => false;
      killed = worker.kill();
    };
    const upstream = await Proxy.before(here, registry.host);
    upstream.latency = 5;
    upstream.rule = ({ path }) => spring({ path });
    const kv = async (what, key) => {
      if (what === "put") spring({ key: decodeURIComponent(key) });
      await killed;
    };
    worker = await start(here, { REGISTRY: `http://${upstream.host}/x`, SUBREQUEST_BUDGET: 10 }, { kv, object: () => {} });
    await worker.published();
    readers = reading(worker);
  });
  after(() => here.end());

  for (const [name, matches] of Object.entries(PHASES)) {
    test(name, async () => {
      const lives = await worker.lives();
      major += 1;
      await pushAll(major);
      killed = undefined;
      trap = matches;
      await worker.send("/refresh", { method: "POST", headers: AS_ADMIN });
      await until("the object dies", () => killed !== undefined);
      await killed;
      await worker.refresh();
      assert.ok((await worker.lives()) > lives);
      assert.equal(entries(await worker.send("/index.yaml")).length, REPOSITORIES.length * VERSIONS * (major + 1));
    });
  }

  test("readers were served all the time, and all of it is what a new Worker reads", async () => {
    await readers.end();
    assert.equal((await worker.send("/index.yaml")).text, (await fresh(here, registry.host)).text);
  });
});

test("a KV that refuses everything: the catalog answers, and puts what is missing when it can", async () => {
  const here = new Scope();
  try {
    let refuses = false;
    const kv = () => (refuses ? "fail" : undefined);
    const worker = await start(here, { REGISTRY: `http://${registry.host}/x` }, { kv });
    const before = await worker.published();
    refuses = true;
    const readers = reading(worker);
    const made = chart("late", "1.0.0");
    await push(registry, "x/late", made);
    await worker.send("/refresh", { method: "POST", headers: AS_ADMIN });
    await until("the catalog serves it", async () => "late" in (await worker.send("/index.yaml")).json.entries);
    const file = await worker.send(`/${made.link}`);
    assert.equal(file.status, 200);
    assert.ok(file.body.equals(made.package));
    refuses = false;
    await worker.refresh();
    await readers.end();
    assert.notEqual((await worker.send("/index.yaml")).headers.etag, before.headers.etag);
    const kept = await (await worker.documents()).get((await worker.keys()).find((key) => key.endsWith("/index/")));
    assert.ok("late" in JSON.parse(kept).entries, "it lies in KV");
  } finally {
    await here.end();
  }
});

test("a catalog that refuses: what is published is served, and the rest is 503", async () => {
  const here = new Scope();
  try {
    let refuses = false;
    const object = () => (refuses ? "fail" : undefined);
    const made = chart("one", "0.0.0");
    const worker = await start(here, { REGISTRY: `http://${registry.host}/x` }, { object });
    const before = await worker.published();
    refuses = true;
    const index = await worker.send("/index.yaml");
    assert.equal(index.text, before.text);
    const [entry] = index.json.entries.one.filter(({ version }) => version === made.version);
    assert.equal((await worker.send(`/${entry.urls[0]}`)).status, 200);
    assert.equal((await worker.send("/health")).status, 200);
    assert.equal((await worker.send("/")).status, 200);
    for (const [path, options] of [["/team/index.yaml"], ["/charts/none-1.0.0.tgz"], ["/refresh", { method: "POST", headers: AS_ADMIN }]]) {
      const answer = await worker.send(path, options);
      assert.equal(answer.status, 503, path);
      assert.match(answer.headers["retry-after"], /^[1-9]\d*$/, path);
    }
    refuses = false;
    assert.equal((await worker.send("/team/index.yaml")).status, 404);
  } finally {
    await here.end();
  }
});

test(`an alarm that fails ${FAILURES} times`, { timeout: 300_000 }, async () => {
  const here = new Scope();
  try {
    const alarms = [];
    const object = (what) => {
      if (what !== "alarm") return undefined;
      alarms.push(Date.now());
      return alarms.length <= FAILURES ? "fail" : undefined;
    };
    const worker = await start(here, { REGISTRY: `http://${registry.host}/x`, SUBREQUEST_BUDGET: 1_000 }, { object });
    await worker.send("/");
    await until("all alarms have failed", () => alarms.length >= FAILURES, { limit: 200_000 });
    if (FAILURES > RETRIES) {
      // The platform has given up. The tick works itself, and from then on alarms ring again.
      await sleep(10_000);
      assert.equal(alarms.length, RETRIES + 1);
      assert.deepEqual(await worker.keys(), []);
      await worker.tick();
    }
    const index = await worker.published();
    assert.equal(index.text, (await fresh(here, registry.host)).text);
  } finally {
    await here.end();
  }
});

test("an object that is evicted comes back with all it knew, and is woken by its alarm", async () => {
  const here = new Scope();
  try {
    const upstream = await Proxy.before(here, registry.host);
    const alarms = [];
    const object = (what) => void (what === "alarm" && alarms.push(Date.now()));
    const settings = { REGISTRY: `http://${upstream.host}/x`, SYNC_INTERVAL: "20s", SUBREQUEST_BUDGET: 1_000 };
    const worker = await start(here, settings, { object });
    const before = await worker.published();
    const lives = await worker.lives();
    await until("it is at rest", async () => {
      const rung = alarms.length;
      await sleep(1_000);
      return alarms.length === rung;
    });
    const rung = alarms.length;
    upstream.take();
    await sleep(EVICTED_AFTER);
    await until("its alarm rings", () => alarms.length > rung);
    assert.equal(await worker.lives(), lives + 1, "it was evicted meanwhile");
    await worker.refresh();
    // What it knew: nothing is read again but lists, and a few tags that are confirmed.
    const read = upstream.take().filter(({ method, path }) => method === "GET" && /\/(manifests|blobs)\//.test(path));
    assert.deepEqual(read, []);
    assert.equal((await worker.send("/index.yaml")).text, before.text);
  } finally {
    await here.end();
  }
});
