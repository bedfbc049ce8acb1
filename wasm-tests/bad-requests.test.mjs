// What cannot be answered: it is told in JSON, and never reaches the registry.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep } from "./wait.mjs";

const scope = new Scope();
const made = chart("known", "1.0.0");
let upstream;
let worker;

before(async () => {
  const registry = await streaming(scope);
  await push(registry, "charts/team-a/known", made);
  await push(registry, "charts/charts/known", chart("known", "2.0.0"));
  await push(registry, "private/hidden", chart("hidden", "1.0.0"));
  upstream = await Proxy.before(scope, registry.host);
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/charts` });
  await worker.published();
});
after(() => scope.end());

/** Asks for each path; the answers are `status` with `error` and no call of the registry. */
async function refused(paths, error) {
  upstream.take();
  for (const path of paths) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await worker.send(path, { method });
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.equal(answer.headers["cache-control"], "no-store");
      if (method === "GET") assert.deepEqual(answer.json, { error }, path);
    }
  }
  assert.deepEqual(upstream.take(), []);
}

test("unknown charts and versions", async () => {
  await refused(
    [
      "/charts/nothing-1.0.0.tgz",
      "/charts/known-9.9.9.tgz",
      "/charts/known-1.0.0.tgz.prov",
      "/charts/hidden-1.0.0.tgz",
      `/charts/0123456789abcdef/${made.file}`,
      "/team-b/charts/known-1.0.0.tgz",
      "/team-a/charts/known-2.0.0.tgz",
    ],
    "there is no such file in this repository",
  );
});

test("the catalog is spared strangers who guess names, and files that are there go on", async () => {
  // More than twenty questions a second: some are put off, none reaches the registry, and what is published is served.
  await sleep(1_000);
  upstream.take();
  const guesses = Array.from({ length: 60 }, (_, guess) => worker.send(`/charts/guess-${guess}.0.0.tgz`));
  const statuses = (await Promise.all(guesses)).map(({ status, headers }) => {
    if (status === 503) assert.equal(headers["retry-after"], "1");
    return status;
  });
  assert.ok(statuses.every((status) => status === 404 || status === 503), `${statuses}`);
  assert.ok(statuses.includes(404) && statuses.includes(503), `${statuses}`);
  assert.deepEqual(upstream.take(), []);
  assert.equal((await worker.send(`/${made.link}`)).status, 200);
  await sleep(1_000);
});

test("unknown spaces", async () => {
  await refused(
    ["/team-b/index.yaml", "/team-a/known/index.yaml", "/Team/index.yaml", "/-x/index.yaml", `/${"a".repeat(300)}/index.yaml`],
    "there are no charts below this path",
  );
});

test("a space's own address answers as / does, and a slash at the end of a path changes nothing", async () => {
  upstream.take();
  for (const path of ["/team-a", "/team-a/", "/charts", "/charts/"]) {
    const answer = await worker.send(path);
    assert.equal(answer.status, 200, path);
    assert.ok(answer.text.includes(`http://${worker.host}${path.replace(/\/$/, "")}`), answer.text);
  }
  assert.equal((await worker.send("/index.yaml/")).text, (await worker.send("/index.yaml")).text);
  assert.deepEqual(upstream.take(), []);
});

test("paths that are none", async () => {
  await refused(
    [
      "/nothing",
      "/nothing/",
      "//index.yaml",
      "/team-a//index.yaml",
      "/team-a%2Findex.yaml",
      "/team-a%2findex.yaml",
      "/a%2Fb/index.yaml",
      "/a%5Cb/index.yaml",
      "/%252e%252e/index.yaml",
      "/a%00/index.yaml",
      "/charts/a%2Fb-1.tgz",
      "/charts/..%2F..%2Fv2%2F_catalog.tgz",
      "/charts/%ff-1.tgz",
      "/charts/.tgz",
      "/v2/",
      "/v2/_catalog",
      "/v2/private/hidden/tags/list",
      "/favicon.ico",
    ],
    "there is nothing at this path",
  );
  const others = await worker.send("/api/v1/charts");
  assert.equal(others.status, 404);
  assert.deepEqual(others.json, { message: "there is nothing at this path", reason: "ReasonInternal" }, "in the words of that API");
});

test("names that are too long, or of what no name is made", async () => {
  await refused(
    [`/charts/${"a".repeat(252)}.tgz`, `/charts/${"a".repeat(5_000)}-1.tgz`, "/charts/a%20b-1.tgz", "/charts/%C3%A4-1.tgz"],
    "there is no such file in this repository",
  );
});

test("dots never climb out of a folder", async () => {
  upstream.take();
  // The runtime resolves these before the Worker sees them; whatever comes of it, it is of this repository or 404.
  for (const path of [
    "/../index.yaml",
    "/team-a/../index.yaml",
    "/%2e%2e/index.yaml",
    "/team-a/%2E%2E/%2E%2E/index.yaml",
    "/./index.yaml",
    "/charts/../../v2/_catalog",
    "/charts/%2e%2e/%2e%2e/v2/private/hidden/manifests/1.0.0",
  ]) {
    const answer = await worker.send(path);
    assert.ok([200, 404].includes(answer.status), `${path} ${answer.status}`);
    if (answer.status === 200) assert.deepEqual(Object.keys(answer.json.entries), ["known"], path);
  }
  assert.deepEqual(upstream.take(), []);
});

test("a space may be called charts", async () => {
  const index = (await worker.index("/charts/index.yaml")).json;
  assert.deepEqual(index.entries.known.map(({ version }) => version), ["2.0.0"]);
  const answer = await worker.send(`/charts/${index.entries.known[0].urls[0]}`);
  assert.equal(answer.status, 200);
});

test("known paths with other methods say which they take", async () => {
  upstream.take();
  const read = ["/", "/index.yaml", "/team-a/index.yaml", `/${made.link}`, "/health", "/info", "/metrics"];
  for (const path of read) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
      const answer = await worker.send(path, { method });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.allow, "GET, HEAD");
      assert.deepEqual(answer.json, { error: "only GET, HEAD here" });
    }
  }
  for (const path of ["/refresh", "/refresh/team-a", "/webhook/github"]) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await worker.send(path, { method });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.allow, "POST");
    }
  }
  assert.equal((await worker.send("/nothing", { method: "PUT" })).status, 404);
  assert.deepEqual(upstream.take(), []);
});

test("a query changes nothing", async () => {
  const plain = await worker.send("/index.yaml");
  const asked = await worker.send("/index.yaml?x=%zz&y=../..");
  assert.equal(asked.text, plain.text);
});
