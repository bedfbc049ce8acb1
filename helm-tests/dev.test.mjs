// scripts/dev as a newcomer runs it: wrangler dev with local KV and Durable Objects, a registry and sample charts.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";

import { Program } from "../wasm-tests/processes.mjs";
import { fetchUrl } from "../wasm-tests/http.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";
import { PATIENCE, sleep, until } from "../wasm-tests/wait.mjs";
import { HELMS, Helm } from "./helm.mjs";

const scope = new Scope();
after(() => scope.end());

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

test("scripts/dev serves the sample charts, hands settings over, and ends with all that it started", async () => {
  const port = await freePort();
  const state = scope.folder();
  // What a shell would eat, and what wrangler's file would take for something else.
  const ADMIN_TOKEN = "a$HOME`\"#\\ token";
  const env = { ...process.env, PORT: String(port), STATE_DIR: state, ADMIN_TOKEN, REGISTRY_STORAGE: "nonsense" };
  const dev = new Program("bash", [join(ROOT, "scripts", "dev")], env, { gently: true });
  scope.defer(() => dev.end());
  await dev.says(new RegExp(`^ready http://127\\.0\\.0\\.1:${port}$`, "m"), 3 * PATIENCE);
  assert.equal(statSync(join(state, "settings")).mode & 0o777, 0o600);

  const helm = new Helm(scope, HELMS[1]);
  await helm.run("repo", "add", "acme", `http://127.0.0.1:${port}`);
  const { json: found } = await helm.run("search", "repo", "acme/hello", "--versions", "-o", "json");
  assert.deepEqual(found.map(({ version }) => version), ["0.2.0+build.7", "0.1.0"]);
  const { out } = await helm.run("template", "hi", "acme/hello");
  assert.match(out, /greeting: "Hello, world"/);
  const info = await fetchUrl(`http://127.0.0.1:${port}/info`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  assert.equal(info.status, 200);
  assert.equal(info.json.counts.versions, 4);

  const registry = Number(readFileSync(join(state, "registry-port"), "utf8"));
  assert.ok(registry > 0 && registry !== 5000);
  // Whoever is impatient asks again, while what was started is being ended.
  const ended = dev.end();
  for (const pause of [20, 50, 100]) {
    await sleep(pause);
    dev.signal("SIGTERM");
  }
  await ended;
  for (const listened of [port, registry]) {
    const url = `http://127.0.0.1:${listened}/`;
    await until(`${url} is closed`, () => fetchUrl(url).then(() => false, () => true));
  }
  assert.equal(existsSync(join(state, "settings")), false, "secrets do not stay");
});
