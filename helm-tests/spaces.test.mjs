// What the API of spaces stored and composed, as real Helm finds, checks and renders it.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Random } from "../wasm-tests/faulty.mjs";
import { AS_ADMIN, start } from "../wasm-tests/harness.mjs";
import { form } from "../wasm-tests/http.mjs";
import { chart, hex } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { until } from "../wasm-tests/wait.mjs";
import { HELMS, Helm } from "./helm.mjs";

/** Requests, and what must come of them. Whoever changes how charts are composed changes the digests. */
const GOLDEN = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "compositions.json"), "utf8"));
/** How many trees of charts are drawn. */
const TREES = 12;
/** Names that charts in others can have; some of them are no text in YAML, or were none in 1.1. */
const NAMES = ["a", "B_2", "x-y", "true", "null", "123", "1e3", "0x1f", "yes", "no", "off", "2026-11-21", "z"];

/** A tree of charts: each of the registry, or one that lies in the chart above it. */
function tree(random, above, depth = 0) {
  const inside = { app: ["db"], db: ["backup"] }[above] ?? [];
  const chart = random.pick([...Object.keys(GOLDEN.sources), ...inside]);
  const independent = !inside.includes(chart);
  const node = { package: { independent, space: "base", chart, version: "1.0.0" } };
  if (random.chance(0.7)) node._config = random.pick([1, "text", "yes: no", null, true, [], {}, { a: { b: ["~", 1.5, "1"] } }, "multi\nline\n"]);
  if (depth < 4) {
    for (let left = random.between(0, 2); left > 0; left -= 1) node[random.pick(NAMES)] = tree(random, chart, depth + 1);
  }
  return node;
}

/** Within this time every index has what was stored. */
const SOON = 90_000;

const scope = new Scope();
let worker;

async function ask(method, path, sent = {}) {
  const { body, type } = sent.parts ? form(sent.parts) : { body: JSON.stringify(sent.json), type: "application/json" };
  const answer = await worker.send(`/api/v1${path}`, { method, body, headers: { ...AS_ADMIN, "content-type": type }, limit: 120_000 });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

/** Waits until the index that everybody gets has these packages. */
const published = (space, digests) =>
  until(`${space} has it`, async () => {
    const { json } = await worker.send(`/${space}/index.yaml`);
    const there = new Set(Object.values(json.entries).flat().map(({ digest }) => digest));
    return digests.every((digest) => there.has(digest));
  }, { limit: SOON });

before(async () => {
  const registry = await streaming(scope);
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts` });
  await worker.send("/");
  for (const [name, files] of Object.entries(GOLDEN.sources)) {
    await ask("POST", "/spaces/base/charts", { parts: { chartfile: chart(name, "1.0.0", { files }).package } });
  }
  await ask("POST", "/spaces?space=made");
  const digests = [];
  for (const { save, configs } of GOLDEN.compositions) {
    const { json } = await ask("POST", "/spaces/made/charts", { json: { save, configs } });
    const made = await worker.send(json.link);
    digests.push(hex(made.body));
  }
  await published("made", digests);
});
after(() => scope.end());

for (const kind of HELMS) {
  describe(`${kind.name} and the API of spaces`, () => reading(kind));
}

function reading(kind) {
  let helm;

  before(async () => {
    helm = new Helm(scope, kind);
    await helm.run("repo", "add", "made", `http://${worker.host}/made`);
  });

  for (const { what, save, renders, digest } of GOLDEN.compositions) {
    test(`${what} is what it was, and is found, checked and rendered`, async () => {
      const { json: found } = await helm.run("search", "repo", `made/${save.chart}`, "--version", save.version, "-o", "json");
      assert.deepEqual(found.map(({ name, version, description }) => ({ name, version, description })), [
        { name: `made/${save.chart}`, version: save.version, description: save.description ?? "" },
      ]);
      await helm.run("pull", `made/${save.chart}`, "--version", save.version);
      const file = join(helm.home, `${save.chart}-${save.version}.tgz`);
      assert.equal(hex(readFileSync(file)), digest, "the golden digest");
      const linted = await helm.run("lint", "--strict", file);
      assert.match(linted.out, /0 chart\(s\) failed/);
      const { out } = await helm.run("template", "release", `made/${save.chart}`, "--version", save.version);
      const said = [...out.matchAll(/^says: (".*")$/gm)].map(([, text]) => JSON.parse(text));
      assert.deepEqual(said.sort(), renders);
      // As a folder it is a chart, too, whose dependencies are there.
      await helm.run("pull", `made/${save.chart}`, "--version", save.version, "--untar", "--untardir", join(helm.home, "folders"));
      const { out: listed } = await helm.run("dependency", "list", join(helm.home, "folders", save.chart));
      assert.doesNotMatch(listed, /missing|wrong version|misnamed|corrupt/);
    });
  }

  test("trees of charts that were drawn are packages that it loads", async () => {
    const random = new Random(13);
    const space = `drawn-${kind.name.at(-1)}`;
    await ask("POST", `/spaces?space=${space}`);
    const files = [];
    for (let nth = 0; nth < TREES; nth += 1) {
      const save = { chart: `drawn-${nth}`, version: `1.0.${nth}`, description: random.pick(["", "- a: b", "# none", "'\"{}"]) };
      const { json } = await ask("POST", `/spaces/${space}/charts`, { json: { save, configs: tree(random) } });
      const file = join(helm.home, `${save.chart}.tgz`);
      writeFileSync(file, (await worker.send(json.link)).body);
      files.push(file);
    }
    const { out } = await helm.run("lint", "--strict", ...files);
    assert.match(out, new RegExp(`^${TREES} chart\\(s\\) linted, 0 chart\\(s\\) failed`, "m"));
    for (const file of files) await helm.run("template", "release", file);
  });

  test("metadata and values that were replaced are those that Helm shows", async () => {
    const space = `replaced-${kind.name.at(-1)}`;
    const at = `/spaces/${space}/charts/app/versions/1.0.0`;
    await ask("POST", `/spaces/${space}/charts`, { parts: { chartfile: chart("app", "1.0.0", { files: GOLDEN.sources.app }).package } });
    const metadata = { apiVersion: "v2", name: "app", version: "1.0.0", description: "Said anew", appVersion: "7", icon: "https://example.com/new.svg" };
    await ask("PUT", `${at}/manifests/metadata`, { json: metadata });
    await ask("PUT", `${at}/manifests/values`, { json: { replicas: 3, _config: { a: 1 }, db: { _config: "b" } } });
    const { body } = await worker.send(`/api/v1${at}`, { headers: AS_ADMIN });
    await published(space, [hex(body)]);
    await helm.run("repo", "add", space, `http://${worker.host}/${space}`);
    const { json: found } = await helm.run("search", "repo", `${space}/app`, "-o", "json");
    assert.deepEqual(found, [{ name: `${space}/app`, version: "1.0.0", app_version: "7", description: "Said anew" }]);
    const { out: shown } = await helm.run("show", "values", `${space}/app`);
    assert.match(shown, /replicas: 3|"replicas": 3/);
    const { out } = await helm.run("template", "release", `${space}/app`);
    const said = [...out.matchAll(/^says: (".*")$/gm)].map(([, text]) => JSON.parse(text));
    assert.deepEqual(said.sort(), ['app 1.0.0: {"a":1}', "backup 0.2.0: null", 'db 3.1.0: "b"']);
    await helm.run("lint", "--strict", await pulled(helm, `${space}/app`, "app-1.0.0.tgz"));
  });

  test("a space that is empty is a repository", async () => {
    const space = `empty-${kind.name.at(-1)}`;
    await ask("POST", `/spaces?space=${space}`);
    await helm.run("repo", "add", space, `http://${worker.host}/${space}`);
    const { json: found } = await helm.run("search", "repo", `${space}/`, "-o", "json");
    assert.deepEqual(found ?? [], []);
  });
}

async function pulled(helm, name, file) {
  const into = join(helm.home, "again");
  mkdirSync(into);
  await helm.run("pull", name, "-d", into);
  return join(into, file);
}
