// A classic repository from which people move: real Helm made its index, a server of files has it, and real Helm reads it
// through the Worker beside a registry.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, start } from "../wasm-tests/harness.mjs";
import { basic } from "../wasm-tests/http.mjs";
import { hex } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { until } from "../wasm-tests/wait.mjs";
import { EXAMPLES, pack, packAll, pullsAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";

const USER = "reader";
const PASSWORD = "cl4ssic";

/** A server of the files of a folder; the index wants a password where one is set. */
class Files {
  /** Every request: path, headers. */
  requests = [];
  password;
  down = false;

  static async of(scope, folder) {
    const files = new Files();
    const server = createServer((request, response) => files.#answer(folder, request, response));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    files.host = `127.0.0.1:${server.address().port}`;
    scope.defer(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return files;
  }

  #answer(folder, { url, headers }, response) {
    this.requests.push({ path: url, headers });
    if (this.down) return response.writeHead(503).end();
    if (this.password && url.endsWith("index.yaml") && headers.authorization !== basic(USER, this.password)) {
      return response.writeHead(401).end();
    }
    let body;
    try {
      body = readFileSync(join(folder, url));
    } catch {
      return response.writeHead(404).end();
    }
    const etag = `"${hex(body)}"`;
    if (headers["if-none-match"] === etag) return response.writeHead(304, { etag }).end();
    return response.writeHead(200, { etag }).end(body);
  }
}

for (const kind of HELMS) describe(`${kind.name}, a classic repository beside a registry`, () => classic(kind));

function classic(kind) {
  const scope = new Scope();
  let helm;
  let folder;
  let files;
  let registry;
  let old;
  let moved;
  let newest;
  let worker;
  let url;

  before(async () => {
    helm = new Helm(scope, kind);
    folder = scope.folder();
    mkdirSync(join(folder, "charts"));
    [files, registry, old] = await Promise.all([Files.of(scope, folder), streaming(scope), packAll(helm)]);
    for (const made of old) cpSync(made.path, join(folder, "charts", made.file));
    await helm.run("repo", "index", join(folder, "charts"));
    // One of the old versions moved to the registry, in other bytes; and a new one lies there only.
    moved = await pack(helm, join(EXAMPLES, "charts/hello/0.1.0"), { space: "moved" });
    newest = await pack(helm, join(EXAMPLES, "charts/hello/0.1.0"), { space: "moved", version: "1.0.0" });
    for (const made of [moved, newest]) await push(helm, `${registry.push}/acme`, { ...made, space: "" });
    worker = await start(scope, { REGISTRY: `http://${registry.host}/acme`, CLASSIC_INDEXES: `["http://${files.host}/charts"]` });
    url = `http://${worker.host}`;
  });
  after(() => scope.end());

  /** What is to be had: of a version that both have, the registry's. */
  const all = () => [...old.filter(({ file }) => file !== moved.file), moved, newest];

  test("every version is listed once, and pulled as it was made", async () => {
    await pullsAll(new Helm(scope, kind), url, all());
  });

  test("the registry's package wins, and old ones come from where they are", async () => {
    const { json } = await worker.send("/index.yaml");
    const entry = json.entries.hello.find(({ version }) => version === moved.version);
    assert.equal(entry.digest, moved.digest);
    const [web] = json.entries.web;
    assert.deepEqual(web.urls, [`http://${files.host}/charts/${old.find(({ name }) => name === "web").file}`]);
    files.requests.length = 0;
    const reader = new Helm(scope, kind);
    await reader.run("repo", "add", "charts", url);
    await reader.run("pull", "charts/hello", "--version", moved.version);
    assert.deepEqual(files.requests, []);
    await reader.run("pull", "charts/web");
    assert.equal(files.requests.length, 1);
    assert.match(files.requests[0].headers["user-agent"], /^Helm\//);
  });

  test("its charts are rendered, installed and depended on", async () => {
    const reader = new Helm(scope, kind);
    await reader.run("repo", "add", "charts", url);
    const { out } = await reader.run("template", "hi", "charts/web", "--set", "replicas=5");
    assert.match(out, /replicas: 5/);
    if (kind.name === "Helm 4") {
      const { out: installed } = await reader.run("install", "hi", "charts/web", "--dry-run=client");
      assert.match(installed, /STATUS: pending-install/);
    }
    const shop = join(scope.folder(), "shop");
    cpSync(join(EXAMPLES, "shop"), shop, { recursive: true });
    const file = join(shop, "Chart.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("https://charts.acme.example", url));
    await reader.run("dependency", "update", shop);
    const labels = old.find(({ name }) => name === "labels");
    assert.equal(hex(readFileSync(join(shop, "charts", labels.file))), labels.digest);
  });

  test("an index that cannot be read loses nothing, and one that changed is read", async () => {
    files.down = true;
    await worker.send("/refresh?wait=20", { method: "POST", headers: AS_ADMIN, limit: 60_000 });
    const faults = async () => (await worker.info()).failing.filter(({ repository }) => repository === "index.yaml");
    await until("the fault is told", async () => (await faults()).length === 1);
    const { json } = await worker.send("/index.yaml");
    assert.equal(json.entries.web.length, 1);
    files.down = false;
    const web = await pack(helm, join(EXAMPLES, "charts/team-a/web/1.4.2"), { space: "later", version: "1.5.0" });
    cpSync(web.path, join(folder, "charts", web.file));
    await helm.run("repo", "index", join(folder, "charts"));
    await worker.refresh();
    await pullsAll(new Helm(scope, kind), url, [...all(), web]);
  });

  test("mounted, and with a password for its index", async () => {
    files.password = PASSWORD;
    files.requests.length = 0;
    const table = { url: `http://${files.host}/charts`, mount: "old", username_secret: "OLD_USER", password_secret: "OLD_PASSWORD" };
    const own = await start(scope, {
      REGISTRY: `http://${registry.host}/acme`,
      CLASSIC_INDEXES: JSON.stringify([table]),
      OLD_USER: USER,
      OLD_PASSWORD: PASSWORD,
      AUTH_ANONYMOUS_GET: "true",
    });
    const reader = new Helm(scope, kind);
    await reader.run("repo", "add", "old", `http://${own.host}/old`);
    const { json: found } = await reader.run("search", "repo", "old/web", "-o", "json");
    assert.equal(found[0].version, "1.5.0");
    await reader.run("pull", "old/web");
    for (const { path, headers } of files.requests) {
      assert.equal(headers.authorization, path.endsWith("index.yaml") ? basic(USER, PASSWORD) : undefined, path);
    }
    await own.end();
  });
}
