// Registries that fail in random ways, one for each seed, while charts are pushed, overwritten and deleted and readers read:
// no wrong bytes are served, no chart is lost, no request waits past its bound, and in the end the index is what a Worker
// that has only just begun makes of the registry, byte for byte.
//
//   FAULTS=1000   how many scenarios; a few by default
//   SEED=123      the first one's seed

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Random, Temper } from "./faulty.mjs";
import { AS_ADMIN, startAll } from "./harness.mjs";
import { chart, each, hex, push, remove } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep } from "./wait.mjs";

const SCENARIOS = Number(process.env.FAULTS ?? 20);
const SEED = Number(process.env.SEED ?? 1);

/** Scenarios that share a registry and a process, and run side by side: each is mostly waiting. */
const TOGETHER = 10;

/** Who waits for a first index gets an answer after 20 seconds, for a package after 30; and the machine may be busy. */
const BOUND = 45_000;

/** How long a registry that has come to its senses may take to be read again. */
const HEALING = 120_000;

for (let first = 0; first < SCENARIOS; first += TOGETHER) {
  const seeds = Array.from({ length: Math.min(TOGETHER, SCENARIOS - first) }, (_, n) => SEED + first + n);
  describe(`seeds ${seeds[0]} to ${seeds.at(-1)}`, { concurrency: TOGETHER }, () => {
    // The scenarios wait for each other's beginning: one process serves them all.
    const begun = begin(seeds);
    let left = seeds.length;
    for (const [n, seed] of seeds.entries()) {
      test(`seed ${seed}`, { timeout: 400_000 }, async (t) => {
        const { scope, scenarios } = await begun();
        try {
          t.diagnostic(`${scenarios[n]}`);
          await scenarios[n].play();
        } finally {
          left -= 1;
          if (left === 0) await scope.end();
        }
      });
    }
  });
}

/** Starts what the seeds share, at the first call. */
function begin(seeds) {
  let all;
  return () => (all ??= start());

  async function start() {
    const scope = new Scope();
    const registry = await streaming(scope);
    const scenarios = seeds.map((seed) => new Scenario(seed, registry));
    for (const scenario of scenarios) await scenario.prepare(scope);
    const workers = await startAll(scope, scenarios.flatMap((scenario) => [scenario.settings, scenario.undisturbed]));
    scenarios.forEach((scenario, n) => scenario.meets(workers[2 * n], workers[2 * n + 1]));
    return { scope, scenarios };
  }
}

/** One registry with its faults, and all that happens to it. */
class Scenario {
  #random;
  #temper;
  #registry;
  #prefix;
  #upstream;
  #worker;
  #fresh;
  #repositories;
  #settings;
  /** Every package that was ever pushed, by its digest. */
  #packages = new Map();
  /** What lies in the registry now: `repository name version` to what a deletion needs. */
  #pushed = new Map();
  /** `name version` of all that was deleted or is about to be. */
  #deleted = new Set();
  /** `name version` of all that an index has ever shown. */
  #shown = new Set();
  #index;
  #pushes = 0;
  #over = false;

  constructor(seed, registry) {
    this.#random = new Random(seed);
    this.#registry = registry;
    this.#prefix = `s${seed}`;
    this.#temper = new Temper(this.#random);
    this.#repositories = ["web", "team-a/db", "team-a/sub/queue"].slice(0, this.#random.between(1, 3));
    this.#settings = {
      SUBREQUEST_BUDGET: this.#random.pick([10, 45, 1_000]),
      SYNC_INTERVAL: "10s",
      ...(this.#random.chance(0.3) && { REPOSITORIES: this.#repositories.join(",") }),
    };
  }

  toString() {
    return `the registry ${this.#temper}; ${JSON.stringify(this.#settings)}`;
  }

  get settings() {
    return { ...this.#settings, REGISTRY: `http://${this.#upstream.host}/${this.#prefix}` };
  }

  get undisturbed() {
    return { ...this.#settings, SUBREQUEST_BUDGET: 1_000, REGISTRY: `http://${this.#registry.host}/${this.#prefix}` };
  }

  async prepare(scope) {
    this.#upstream = await Proxy.before(scope, this.#registry.host);
    for (const repository of this.#repositories) {
      for (let minor = this.#random.between(1, 4); minor > 0; minor -= 1) await this.#push(repository, `1.${minor}.0`);
    }
  }

  meets(worker, fresh) {
    this.#worker = worker;
    this.#fresh = fresh;
  }

  async play() {
    this.#upstream.rule = (request) => this.#judge(request);
    // Ends when all is over, or with what a reader found wrong.
    const readers = Promise.all([this.#reads(), this.#downloads()]);
    try {
      await Promise.race([this.#acts(), readers]);
      this.#upstream.rule = () => undefined;
      await Promise.race([this.#heals(), readers]);
    } finally {
      this.#over = true;
      this.#upstream.rule = () => undefined;
      await readers;
    }
  }

  #judge(request) {
    const ruling = this.#temper.judge(request);
    const [, digest] = /sha256:([0-9a-f]{64})$/.exec(request.path) ?? [];
    // What is streamed is not hashed yet: a package's content has to be right, all else is checked.
    return ruling?.corrupt && this.#packages.has(digest) ? undefined : ruling;
  }

  async #acts() {
    for (let left = this.#random.between(3, 7); left > 0; left -= 1) {
      await sleep(this.#random.between(100, 1_000));
      await this.#act();
    }
  }

  /** A registry that is well again is read as it is. */
  async #heals() {
    const deadline = Date.now() + HEALING;
    await this.#fresh.refresh();
    const expected = await this.#fresh.published();
    for (;;) {
      const healed = await this.#worker.send("/refresh?wait=60", { method: "POST", headers: AS_ADMIN, limit: 60_000 + BOUND });
      const index = await this.#worker.send("/index.yaml", { limit: BOUND });
      if (healed.status === 200 && index.text === expected.text) return;
      if (Date.now() > deadline) {
        assert.equal(healed.status, 200, healed.text);
        assert.equal(index.text, expected.text);
      }
      await sleep(1_000);
    }
  }

  /** Something happens to the registry, or to the Worker. */
  async #act() {
    const repository = this.#random.pick(this.#repositories);
    const there = [...this.#pushed.values()].filter((pushed) => pushed.repository === `${this.#prefix}/${repository}`);
    const act = this.#random.pick(["push", "push", "overwrite", "delete", "refresh", "tick"]);
    if (act === "push") await this.#push(repository, `2.${(this.#pushes += 1)}.0`);
    if (act === "overwrite" && there.length > 0) await this.#push(repository, this.#random.pick(there).tag);
    if (act === "delete" && there.length > 1) await this.#delete(this.#random.pick(there));
    if (act === "refresh") {
      const answer = await this.#worker.send("/refresh", { method: "POST", headers: AS_ADMIN, limit: BOUND });
      assert.equal(answer.status, 202, answer.text);
    }
    if (act === "tick") await this.#worker.tick();
  }

  async #push(repository, version) {
    const name = repository.split("/").at(-1);
    const made = chart(name, version, { ballast: this.#random.between(1, 3_000) });
    this.#packages.set(made.digest, made);
    const pushed = await push(this.#registry, `${this.#prefix}/${repository}`, made);
    this.#pushed.set(`${repository} ${version}`, { ...pushed, name });
  }

  async #delete(pushed) {
    this.#deleted.add(`${pushed.name} ${pushed.tag}`);
    for (const [key, other] of this.#pushed) if (other.digest === pushed.digest) this.#pushed.delete(key);
    await remove(this.#registry, pushed);
  }

  /** Reads the index until all is over. */
  async #reads() {
    while (!this.#over) {
      const index = await this.#worker.send("/index.yaml", { limit: BOUND });
      if (index.status === 200) await this.#check(index);
      else assert.ok(!this.#index && [502, 503].includes(index.status), `${index.status} ${index.text}`);
      await sleep(150);
    }
  }

  /**
   * What an index shows was pushed, and what it has once shown is there until it is deleted. Who waited for a first index has
   * it of the catalog, and the next one of KV, where what was read in between comes a moment later: what such an index
   * lacks, the catalog must have.
   */
  async #check(index) {
    this.#index = index.json;
    for (const shown of this.#shows(index)) this.#shown.add(shown);
    if (this.#lost(index).length === 0) return;
    const known = await this.#worker.send("/index.yaml", { headers: { ...AS_ADMIN, "cache-control": "no-cache" }, limit: BOUND });
    assert.equal(known.status, 200, known.text);
    assert.deepEqual(this.#lost(known), [], `${this} lost them`);
  }

  /** What was shown and not deleted, and is not in this index. */
  #lost(index) {
    const shows = new Set(this.#shows(index));
    return [...this.#shown].filter((shown) => !shows.has(shown) && !this.#deleted.has(shown));
  }

  #shows(index) {
    return Object.values(index.json.entries).flat().map(({ name, version, digest, urls }) => {
      const made = this.#packages.get(digest);
      assert.deepEqual([made?.name, made?.version], [name, version], "only what was pushed is shown");
      assert.deepEqual(urls, [made.link]);
      return `${name} ${version}`;
    });
  }

  /** Pulls what the index names until all is over. */
  async #downloads() {
    while (!this.#over) {
      await sleep(200);
      const entry = this.#random.pick(Object.values(this.#index?.entries ?? {}).flat());
      if (!entry) continue;
      let answer;
      try {
        answer = await this.#worker.send(`/${entry.urls[0]}`, { limit: BOUND });
      } catch (broken) {
        // The registry broke off, so the Worker did: the client knows that it has not got all.
        assert.ok(!/Timeout|aborted due/.test(`${broken.cause?.name} ${broken.message}`), broken.message);
        continue;
      }
      if (answer.status === 200) assert.equal(hex(answer.body), entry.digest, `${this} gave wrong bytes`);
      else if (answer.status === 302) {
        // A registry that redirects is believed as far as its own kind of address goes.
        assert.doesNotMatch(answer.headers.location, /^ftp:|169\.254\./, `${this} sends clients where no registry may`);
      } else assert.ok([404, 502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
    }
  }
}
