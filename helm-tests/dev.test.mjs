// scripts/dev as a newcomer runs it: wrangler dev with local KV and Durable Objects, a registry and sample charts.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";

import { Program } from "../wasm-tests/processes.mjs";
import { fetchUrl } from "../wasm-tests/http.mjs";
import { chart, push } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";
import { PATIENCE, sleep, until } from "../wasm-tests/wait.mjs";
import { HELMS, Helm } from "./helm.mjs";

/** What a sync of four versions may leave in the folder of the Worker's state, in bytes. */
const STATE_LIMIT = 2 * 2 ** 20;

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
  const helm = new Helm(scope, HELMS[1]);
  await helm.run("repo", "add", "acme", `http://127.0.0.1:${port}`);
  const { json: found } = await helm.run("search", "repo", "acme/hello", "--versions", "-o", "json");
  assert.deepEqual(found.map(({ version }) => version), ["0.2.0+build.7", "0.1.0"]);
  const { out } = await helm.run("template", "hi", "acme/hello");
  assert.match(out, /greeting: "Hello, world"/);
  const info = await fetchUrl(`http://127.0.0.1:${port}/info`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  assert.equal(info.status, 200);
  assert.equal(info.json.counts.versions, 4);

  // wrangler keeps traces of all calls unless it is told not to: 100 MB for a first sync of a thousand.
  const kept = readdirSync(join(state, "worker"), { recursive: true }).map(String);
  assert.deepEqual(kept.filter((name) => /observability|trace/i.test(name)), []);
  const size = kept.reduce((sum, name) => sum + statSync(join(state, "worker", name)).size, 0);
  assert.ok(size < STATE_LIMIT, `${size} bytes are kept of a sync of four versions`);

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
  const secret = Buffer.from(ADMIN_TOKEN);
  const files = readdirSync(state, { recursive: true }).map((name) => join(state, String(name)));
  assert.deepEqual(files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(secret)), [], "secrets do not stay");
});

test("no user of the machine can read secrets or stored data while scripts/dev runs", { skip: process.platform !== "linux" }, async () => {
  const port = await freePort();
  const registry = await streaming(scope);
  await push(registry, "charts/hello", chart("hello", "1.0.0"));
  const ADMIN_TOKEN = "a secret that nobody else may read";
  const settings = { PORT: String(port), REGISTRY: `http://${registry.host}/charts`, ADMIN_TOKEN };
  for (const [INSPECT, inspectors] of [["", 0], ["1", 1]]) {
    const env = { ...process.env, ...settings, STATE_DIR: scope.folder(), INSPECT };
    const dev = new Program("bash", [join(ROOT, "scripts", "dev")], env, { gently: true });
    scope.defer(() => dev.end());
    await dev.says(/^ready http/m, 3 * PATIENCE);
    const ports = listeningBelow(dev.pid);
    assert.ok(ports.includes(port), `${ports}`);
    let open = 0;
    for (const listened of ports) {
      for (const path of ["/json", "/json/list", "/json/version", ...EXPLORER]) {
        // What speaks no HTTP, or not to strangers, gives nothing either.
        const { status, text } = await fetchUrl(`http://127.0.0.1:${listened}${path}`).catch(() => ({ text: "" }));
        assert.ok(!text.includes(ADMIN_TOKEN), `${listened}${path}`);
        if (path === "/json/list" && text.includes("webSocketDebuggerUrl")) open += 1;
        if (EXPLORER.includes(path)) assert.notEqual(status, 200, `wrangler's explorer answers at ${listened}${path}`);
      }
    }
    assert.ok(inspectors === 0 ? open === 0 : open > 0, `INSPECT=${INSPECT}: ${open} of ${ports.length} ports give an inspector`);
    await dev.end();
  }
});

/** Where wrangler lets a browser look into KV and Durable Objects. */
const EXPLORER = ["/cdn-cgi/explorer", "/cdn-cgi/explorer/api/workers", "/cdn-cgi/explorer/api/storage/kv/namespaces"];

/** The TCP ports on which a process listens, or one that it started. */
function listeningBelow(pid) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(name), Number(/\) . (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (one) => one === pid || (parents.has(one) && below(parents.get(one)));
  const sockets = new Set();
  for (const one of [...parents.keys()].filter(below)) {
    for (const descriptor of readdirSync(`/proc/${one}/fd`)) {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${one}/fd/${descriptor}`)) ?? [];
        if (inode) sockets.add(inode);
      } catch {
        // It was closed meanwhile.
      }
    }
  }
  const LISTENS = "0A";
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n").slice(1));
  const mine = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === LISTENS && sockets.has(row[9]));
  return [...new Set(mine.map((row) => Number.parseInt(row[1].split(":")[1], 16)))];
}
