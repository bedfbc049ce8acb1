// What the operator sees: counts, what was left out and why, and the same for Prometheus.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, push, pushImage } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
let worker;

before(async () => {
  const registry = await streaming(scope);
  await push(registry, "x/nginx", chart("nginx", "1.0.0"));
  await push(registry, "x/nginx", chart("nginx", "1.1.0"));
  await push(registry, "x/team-a/nginx", chart("nginx", "1.0.0", { ballast: 9 }));
  await push(registry, "x/odd", chart("../up", "1.0.0"), { tag: "1.0.0" });
  await push(registry, "x/odd", chart("odd", "not-semver"), { tag: "2.0.0" });
  await pushImage(registry, "x/image", "1.0.0");
  worker = await start(scope, { REGISTRY: `http://${registry.host}/x` });
  await worker.published();
});
after(() => scope.end());

test("what is no chart hurts no other chart", async () => {
  const { entries } = (await worker.send("/index.yaml")).json;
  assert.deepEqual(Object.keys(entries), ["nginx"]);
  assert.deepEqual(entries.nginx.map(({ version }) => version), ["1.1.0", "1.0.0"]);
});

test("the state is told with the version at the top", async () => {
  const answer = await worker.send("/info", { headers: AS_ADMIN });
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.match(answer.text, /^\{"version":"\d+\.\d+\.\d+"/);
  const info = answer.json;
  assert.equal(info.ready, true);
  assert.equal(info.counts.charts, 1);
  // What two repositories offer under one name counts once.
  assert.equal(info.counts.versions, 2);
  assert.equal(info.counts.repositories, 4);
  assert.equal(info.counts.skipped, 3);
  assert.equal(info.last_pass.faults, 0);
  assert.ok(info.last_pass.complete);
  assert.deepEqual(info.skipped.map(({ repository, tag }) => `${repository}:${tag}`), ["x/image:1.0.0", "x/odd:1.0.0", "x/odd:2.0.0"]);
  for (const { reason } of info.skipped) assert.ok(reason.length > 5 && reason.length < 200, reason);
  assert.deepEqual(info.shadowed.map(({ file, repository, by }) => [file, repository, by]), [
    ["nginx-1.0.0.tgz", "x/team-a/nginx", "x/nginx"],
  ]);
  assert.ok(info.documents.some(({ document, length }) => document === "index:" && length > 0));
});

test("further pages are empty, and what is no page is refused", async () => {
  const second = await worker.info(1);
  assert.deepEqual([second.skipped, second.shadowed], [[], []]);
  for (const page of ["-1", "x", "99999999999"]) {
    assert.equal((await worker.send(`/info?page=${page}`, { headers: AS_ADMIN })).status, 400, page);
  }
});

test("what is shadowed at the root is served in its own space", async () => {
  const space = await worker.index("/team-a/index.yaml");
  const [entry] = space.json.entries.nginx;
  const root = (await worker.send("/index.yaml")).json.entries.nginx.find(({ version }) => version === "1.0.0");
  assert.notEqual(entry.digest, root.digest);
  const [own, other] = [await worker.send(`/team-a/${entry.urls[0]}`), await worker.send(`/${root.urls[0]}`)];
  assert.equal(own.headers.etag, `"sha256:${entry.digest}"`);
  assert.equal(other.headers.etag, `"sha256:${root.digest}"`);
});

test("metrics are Prometheus text", async () => {
  const answer = await worker.send("/metrics", { headers: AS_ADMIN });
  assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const values = new Map();
  for (const line of answer.text.trimEnd().split("\n")) {
    if (/^# (HELP|TYPE) portolan_[a-z_]+ \S/.test(line)) continue;
    const [, name, value] = /^(portolan_[a-z_]+(?:\{(?:[a-z_]+="[^"\\\n]*",?)+\})?) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line) ?? [];
    assert.ok(name, `no line of the format: ${line}`);
    assert.ok(!values.has(name), `twice: ${name}`);
    values.set(name, Number(value));
  }
  assert.equal(values.get("portolan_ready"), 1);
  assert.equal(values.get("portolan_versions"), 2);
  assert.equal(values.get("portolan_charts"), 1);
  assert.ok(values.get("portolan_last_pass_timestamp_seconds") > 1.7e9);
});

test("one line of the log tells of the pass", () => {
  const lines = worker.logs.map(({ message }) => JSON.parse(message)).filter(({ event }) => event === "pass");
  assert.equal(lines.length, 1);
  assert.equal(lines[0].number, 1);
  assert.equal(lines[0].faults, 0);
});
