// Two registries under one Worker, read by real Helm: merged at the root, or one of them mounted in a space. Then one of them
// is stopped, throttled and slow in turn, and nobody loses a chart or waits for it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, startAll } from "../wasm-tests/harness.mjs";
import { hex } from "../wasm-tests/push.mjs";
import { Proxy } from "../wasm-tests/proxy.mjs";
import { PASSWORD, USER, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { distribution } from "../wasm-tests/tools.mjs";
import { until } from "../wasm-tests/wait.mjs";
import { EXAMPLES, pack, packAll, pullsAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";

/** What happens to the second registry: what becomes of each of its answers, and whether its packages can still be had. */
const TROUBLE = {
  stopped: { rule: "reset", downloads: false },
  throttled: { rule: { status: 429, headers: { "retry-after": "600" } }, downloads: false },
  slow: { rule: { delay: 2_000 }, downloads: true },
};

for (const kind of HELMS) describe(`${kind.name}, two registries`, () => two(kind));

function two(kind) {
  const scope = new Scope();
  let helm;
  let first;
  let second;
  let upstream;
  let packages;
  let own;
  let merged;
  let mounted;

  before(async () => {
    helm = new Helm(scope, kind);
    // Of two versions of the same software, one of them with a password.
    [first, second, packages] = await Promise.all([
      streaming(scope),
      streaming(scope, { htpasswd: true, program: distribution() }),
      packAll(helm),
    ]);
    upstream = await Proxy.before(scope, second.host);
    await helm.run("registry", "login", second.push, "--plain-http", "--username", USER, "--password", PASSWORD);
    for (const made of packages) await push(helm, `${first.push}/acme`, made);
    own = await pack(helm, join(EXAMPLES, "charts/hello/0.1.0"), { space: "own", version: "3.0.0" });
    await push(helm, `${second.push}/other`, { ...own, space: "" });
    const login = { username_secret: "SECOND_USER", password_secret: "SECOND_PASSWORD" };
    const sources = (more) =>
      JSON.stringify([{ registry: `http://${first.host}/acme` }, { registry: `http://${upstream.host}/other`, ...login, ...more }]);
    const settings = { SECOND_USER: USER, SECOND_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" };
    [merged, mounted] = await startAll(scope, [
      { ...settings, SOURCES: sources({}) },
      { ...settings, SOURCES: sources({ mount: "partners" }) },
    ]);
  });
  after(() => scope.end());

  const both = () => [...packages, own];

  test("merged they are one repository", async () => {
    await pullsAll(new Helm(scope, kind), `http://${merged.host}`, both());
  });

  test("mounted one of them is a repository of its own, and the root has both", async () => {
    await pullsAll(new Helm(scope, kind), `http://${mounted.host}`, both());
    await pullsAll(new Helm(scope, kind), `http://${mounted.host}/partners`, [own]);
  });

  test("the password goes to its own registry", async () => {
    assert.ok(upstream.requests.some(({ headers }) => headers.authorization));
    // The other one would take any password and none, so a witness stands before it.
    const witness = await Proxy.before(scope, first.host);
    const worker = await startTwo(witness);
    await worker.index();
    assert.notEqual(witness.requests.length, 0);
    assert.ok(witness.requests.every(({ headers }) => headers.authorization === undefined));
    await worker.end();
  });

  let minor = 5;
  for (const [what, { rule, downloads }] of Object.entries(TROUBLE)) {
    test(`one of them ${what}: the other one's new charts arrive, and none is lost`, async () => {
      const next = await pack(helm, join(EXAMPLES, "charts/hello/0.1.0"), { version: `0.${minor++}.0` });
      await push(helm, `${first.push}/acme`, next);
      upstream.rule = () => rule;
      try {
        for (const worker of [merged, mounted]) {
          const asked = await worker.send("/refresh/hello", { method: "POST", headers: AS_ADMIN });
          assert.equal(asked.status, 202, asked.text);
          const has = ({ entries }) => entries.hello.some(({ version }) => version === next.version);
          await until(`${next.version} is served`, async () => has((await worker.send("/index.yaml")).json));
          const reader = new Helm(scope, kind);
          await reader.run("repo", "add", "charts", `http://${worker.host}`);
          const { json: found } = await reader.run("search", "repo", "charts/hello", "--versions", "-o", "json");
          const versions = found.map(({ version }) => version);
          assert.ok(versions.includes(next.version) && versions.includes(own.version), `${versions}`);
          await reader.run("pull", "charts/hello", "--version", next.version);
          assert.equal(hex(readFileSync(join(reader.home, next.file))), next.digest);
          const pulls = () => reader[downloads ? "run" : "fails"]("pull", "charts/hello", "--version", own.version);
          const { err } = await pulls();
          if (downloads) assert.equal(hex(readFileSync(join(reader.home, own.file))), own.digest);
          else assert.match(err, /50[23]/);
        }
      } finally {
        upstream.rule = () => undefined;
      }
      packages.push(next);
    });
  }

  test("when it is well again, what was pushed to it meanwhile arrives", async () => {
    const later = await pack(helm, join(EXAMPLES, "charts/hello/0.1.0"), { space: "own", version: "3.1.0" });
    await push(helm, `${second.push}/other`, { ...later, space: "" });
    for (const [worker, path] of [[merged, ""], [mounted, "/partners"]]) {
      await worker.refresh(path);
      await pullsAll(new Helm(scope, kind), `http://${worker.host}${path}`, path ? [own, later] : [...both(), later]);
    }
  });

  /** A Worker for the same two registries, the first behind a witness. */
  async function startTwo(witness) {
    const login = { username_secret: "SECOND_USER", password_secret: "SECOND_PASSWORD" };
    const sources = [{ registry: `http://${witness.host}/acme` }, { registry: `http://${upstream.host}/other`, ...login }];
    const settings = { SOURCES: JSON.stringify(sources), SECOND_USER: USER, SECOND_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" };
    const [worker] = await startAll(scope, [settings]);
    return worker;
  }
}
