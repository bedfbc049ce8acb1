// Charts that are stored through the built Worker: on slow lines, with a Worker that dies in the middle, at registries that want
// a login or delete nothing.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";

import { TokenServer } from "../helm-tests/token-server.mjs";
import { AS_ADMIN, start } from "./harness.mjs";
import { send } from "./http.mjs";
import { Proxy } from "./proxy.mjs";
import { chart, hex, put } from "./push.mjs";
import { PASSWORD, USER, streaming } from "./registries.mjs";
import { rows } from "./rows.mjs";
import { Scope } from "./scope.mjs";
import { distribution, registry as registryProgram } from "./tools.mjs";
import { sleep, until } from "./wait.mjs";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const FRESH = { ...AS_ADMIN, "cache-control": "no-cache" };
/** Longer than a client may be silent, and than it takes until somebody sees that. */
const LONG = 120_000;
/** How long the lock of a writer that died lasts at most, in milliseconds. */
const LEASE = 30_000;

const post = (worker, made, query = "", path = "/api/charts") =>
  worker.send(`${path}${query}`, { method: "POST", headers: AS_ADMIN, body: made.package, limit: LONG });
const served = (worker, made, path = "/charts/") => worker.send(`${path}${made.file}`, { headers: FRESH });

async function stored(worker, made, query) {
  const answer = await post(worker, made, query);
  assert.equal(`${answer.status} ${answer.text}`, '201 {"saved":true}');
  assert.equal(hex((await served(worker, made)).body), made.digest);
}

/** Sends the pieces of a body one after the other, `pause` milliseconds apart, and then its end if it has one. */
function dribble(worker, pieces, { pause = 0, ends = true } = {}) {
  const [hostname, port] = worker.host.split(":");
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: "/api/charts", method: "POST", headers: AS_ADMIN, agent: false, signal: AbortSignal.timeout(LONG) };
    const sent = request(options, (message) => {
      let text = "";
      message.setEncoding("utf8").on("data", (part) => (text += part));
      message.on("error", reject).on("end", () => resolve(`${message.statusCode} ${text}`));
    });
    sent.on("error", reject);
    void (async () => {
      for (const piece of pieces) {
        sent.write(piece);
        await sleep(pause);
      }
      if (ends) sent.end();
    })();
  });
}

/** So many parts of some bytes. */
function parts(bytes, count) {
  const length = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, nth) => bytes.subarray(nth * length, (nth + 1) * length));
}

describe("stored through the Worker", { concurrency: false }, () => {
  const scope = new Scope();
  let registry;
  let upstream;
  before(async () => {
    registry = await streaming(scope);
    upstream = await Proxy.before(scope, registry.host);
  });
  after(() => scope.end());

  test("a slow line that goes on is waited for, one that stops is told so", async () => {
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/slow` });
    await worker.send("/");
    const made = chart("slow", "1.0.0", { ballast: 2 << 20 });
    const stopped = parts(chart("stopped", "1.0.0", { ballast: 100_000 }).package, 2).slice(0, 1);
    const [slow, silent] = await Promise.all([
      // Some fifty seconds, and forty kilobytes in each.
      dribble(worker, parts(made.package, 50), { pause: 1_000 }),
      dribble(worker, stopped, { ends: false }),
    ]);
    assert.equal(slow, '201 {"saved":true}');
    assert.equal(hex((await served(worker, made)).body), made.digest);
    assert.equal(silent, '408 {"error":"the body stopped for half a minute, or came slower than 16 KiB a second"}');
    assert.equal((await worker.send("/api/charts/stopped", { headers: AS_ADMIN })).status, 404);
  });

  test("a Worker that dies at any step leaves the old version, and the repeat finishes", async () => {
    const persist = scope.folder();
    const settings = { REGISTRY: `http://${upstream.host}/killed` };
    const old = chart("web", "1.0.0", { metadata: { description: "old" } });
    {
      const here = new Scope();
      const worker = await start(here, settings, { persist });
      await stored(worker, old);
      await here.end();
    }
    const steps = [
      ({ method, path }) => method === "HEAD" && path.includes("/blobs/"),
      ({ method, path }) => method === "PUT" && path.includes("/blobs/uploads/"),
      ({ method, path }) => method === "PUT" && path.includes("/manifests/"),
    ];
    let there = old;
    for (const [nth, step] of steps.entries()) {
      const made = chart("web", "1.0.0", { metadata: { description: `new ${nth}` } });
      const here = new Scope();
      const dying = await start(here, settings, { persist });
      await dying.index("/index.yaml", { headers: AS_ADMIN });
      let reached = false;
      upstream.rule = (request) => {
        if (!step(request)) return undefined;
        reached = true;
        return "hang";
      };
      const lost = post(dying, made, "?force").catch(() => "lost");
      await until("the step is reached", () => reached, { every: 5 });
      await here.end();
      await lost;
      upstream.rule = () => undefined;

      const again = new Scope();
      // Its lock ends by itself, within half a minute: it passes.
      const locked = rows(persist, (database) => {
        const { value } = database.prepare("SELECT value FROM state WHERE key = 'writes'").get();
        const writes = JSON.parse(value);
        const count = writes.held.length;
        for (const lock of writes.held) {
          assert.ok(lock.until <= Date.now() + LEASE, `step ${nth}: ${lock.until - Date.now()} ms are left`);
          lock.until = 1_000;
        }
        database.prepare("UPDATE state SET value = ? WHERE key = 'writes'").run(JSON.stringify(writes));
        return count;
      });
      assert.equal(locked, 1, `step ${nth}`);
      const worker = await start(again, settings, { persist });
      await worker.index("/index.yaml", { headers: AS_ADMIN });
      const before = await served(worker, there);
      assert.equal(hex(before.body), there.digest, `step ${nth}: the old version`);
      await stored(worker, made, "?force");
      await again.end();
      there = made;
    }
  });
});

for (const [version, program] of [["2.8, or what the machine has", registryProgram()], ["3", distribution()]]) {
  describe(`distribution ${version}, written to`, () => written(program));
}

function written(program) {
  const scope = new Scope();
  after(() => scope.end());

  async function cycle(registry, settings, { deletes = true } = {}) {
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ...settings });
    await worker.send("/", { headers: AS_ADMIN });
    const made = chart("web", "1.0.0+b.1");
    await stored(worker, made);
    const again = await post(worker, made);
    assert.equal(`${again.status} ${again.text}`, '409 {"error":"file already exists"}');
    const other = chart("web", "1.0.0+b.1", { metadata: { description: "other" } });
    await stored(worker, other, "?force");
    // The same package in another space: nothing of it is sent twice, as its repository mounts it.
    const mounted = await post(worker, other, "", "/api/team/charts");
    assert.equal(mounted.status, 201, mounted.text);
    assert.equal(hex((await served(worker, other, "/team/charts/")).body), other.digest);
    // Another tag that names the same chart keeps it.
    if (deletes) await keptByAnotherTag(worker, registry, other);
    const deleted = await worker.send("/api/charts/web/1.0.0+b.1", { method: "DELETE", headers: AS_ADMIN });
    if (!deletes) {
      assert.equal(deleted.status, 501, deleted.text);
      assert.equal((await served(worker, other)).status, 200);
      return worker;
    }
    assert.equal(`${deleted.status} ${deleted.text}`, '200 {"deleted":true}');
    const twice = await worker.send("/api/charts/web/1.0.0+b.1", { method: "DELETE", headers: AS_ADMIN });
    assert.equal(twice.status, 404, "what the space below has is not of this one");
    const gone = await send(registry.host, "/v2/charts/web/manifests/1.0.0_b.1", { headers: { accept: MANIFEST, ...registry.login } });
    assert.equal(gone.status, 404);
    await stored(worker, other);
    return worker;
  }

  /** A version whose manifest has another tag, too, is not deleted, and the answer names that tag. */
  async function keptByAnotherTag(worker, registry, made) {
    const path = "/v2/charts/team/web/manifests/";
    const there = await send(registry.host, `${path}1.0.0_b.1`, { headers: { accept: MANIFEST, ...registry.login } });
    await put(registry, `${path}latest`, MANIFEST, there.body);
    for (const api of ["/api/team/charts/web/1.0.0+b.1", "/api/v1/spaces/team/charts/web/versions/1.0.0+b.1"]) {
      const answer = await worker.send(api, { method: "DELETE", headers: AS_ADMIN });
      assert.equal(answer.status, 409, answer.text);
      assert.match(answer.text, /"other tags name the same chart: latest"/);
    }
    assert.equal(hex((await served(worker, made, "/team/charts/")).body), made.digest);
  }

  test("one that mounts sends nothing twice", async () => {
    const registry = await streaming(scope, { program });
    const upstream = await Proxy.before(scope, registry.host);
    const worker = await start(scope, { REGISTRY: `http://${upstream.host}/charts` });
    const made = chart("web", "1.0.0", { ballast: 50_000 });
    await stored(worker, made);
    upstream.take();
    assert.equal((await post(worker, made, "", "/api/team/charts")).status, 201);
    const requests = upstream.take();
    const mounts = requests.filter(({ method, path }) => method === "POST" && path.includes("mount=") && path.includes("from=charts"));
    assert.deepEqual(mounts.map(({ status }) => status), [201]);
    const sent = requests.filter(({ method, path }) => method === "PUT" && path.includes("/blobs/") && path.includes(made.digest));
    assert.equal(sent.length, 0);
  });

  test("one that wants a password", async () => {
    const registry = await streaming(scope, { program, htpasswd: true });
    await cycle(registry, { REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" });
  });

  test("one that wants tokens", async () => {
    const server = await TokenServer.start(scope, { robot: { password: PASSWORD, actions: ["pull", "push", "delete", "*"] } });
    const registry = await streaming(scope, { program, token: server.settings });
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, REGISTRY_USERNAME: "robot", REGISTRY_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" });
    const made = chart("web", "1.0.0");
    await stored(worker, made);
    const deleted = await worker.send("/api/charts/web/1.0.0", { method: "DELETE", headers: AS_ADMIN });
    assert.equal(`${deleted.status} ${deleted.text}`, '200 {"deleted":true}');
  });

  test("one that wants tokens, and gives none for writing", async () => {
    const server = await TokenServer.start(scope, { robot: { password: PASSWORD, actions: ["pull"] } });
    const registry = await streaming(scope, { program, token: server.settings });
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, REGISTRY_USERNAME: "robot", REGISTRY_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true", REPOSITORIES: "web" });
    const answer = await post(worker, chart("web", "1.0.0"));
    assert.equal(answer.status, 502, answer.text);
    assert.match(answer.text, /denied access \(40[13]\)/);
    assert.ok(!answer.text.includes(PASSWORD));
  });

  test("one that deletes nothing", async () => {
    const registry = await streaming(scope, { program, deletes: false });
    await cycle(registry, {}, { deletes: false });
  });
}
