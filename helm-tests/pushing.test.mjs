// Charts that were stored through the Worker are what real Helm would have pushed, and real Helm reads them back.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { form, send } from "../wasm-tests/http.mjs";
import { hex, tagOf } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { pack, packAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";
import { makeKey } from "./keys.mjs";

const ADMIN_TOKEN = "t0ken";
const authorization = `Bearer ${ADMIN_TOKEN}`;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** A chart whose metadata is full of what is escaped, converted or left out. */
const ODD = `apiVersion: v2
name: odd
version: 1.0.0-rc.1+build.7
appVersion: 1.10
kubeVersion: ">=1.20 <9 & x"
type: application
deprecated: true
description: "<b>bold</b> & \\"quoted\\" \\\\ back\\nline two\\ttab  Ünïcödé 😀"
home: https://example.com/?a=1&b=2
keywords: [one, 2, "", ~]
sources: ["https://example.com/src?x=<y>", second]
maintainers:
  - { name: Ann, email: ann@example.com }
  - { email: only@example.com }
  - { name: Zoë, url: https://z.example }
annotations:
  artifacthub.io/changes: |
    - kind: added
      description: <thing> & more
  number: 3
  truth: true
  org.opencontainers.image.title: ignored
  org.opencontainers.image.source: mine
condition: x.y
unknown: key
`;

/** The chart's folder, which Helm packages. */
function odd(helm) {
  const folder = join(helm.home, "odd");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "Chart.yaml"), ODD);
  return folder;
}

for (const kind of HELMS) {
  describe(`${kind.name} and what the Worker pushed`, () => pushing(kind));
}

function pushing(kind) {
  const scope = new Scope();
  let helm;
  let key;
  let registry;
  let worker;
  let packages;

  before(async () => {
    helm = new Helm(scope, kind);
    key = await makeKey(scope);
    [registry, packages] = await Promise.all([streaming(scope), packAll(helm, key)]);
    packages.push(await pack(helm, odd(helm), { version: "1.0.0-rc.1+build.7" }));
    // Something has to be there for a first pass.
    await push(helm, `${registry.push}/by-helm`, packages[0]);
    worker = await start(scope, { REGISTRY: `http://${registry.host}/by-worker`, ADMIN_TOKEN });
  });
  after(() => scope.end());

  const post = (path, body, headers = {}) =>
    send(worker.host, path, { method: "POST", headers: { authorization, ...headers }, body });

  const fetched = async (prefix, made) => {
    const repository = [prefix, made.space, made.name].filter(Boolean).join("/");
    const path = `/v2/${repository}/manifests/${tagOf(made.version)}`;
    const manifest = await send(registry.host, path, { headers: { accept: MANIFEST } });
    assert.equal(manifest.status, 200, `${path}: ${manifest.text}`);
    const config = await send(registry.host, `/v2/${repository}/blobs/${manifest.json.config.digest}`);
    const undated = manifest.text.replace(/("org.opencontainers.image.created":")[^"]*/, "$1");
    return { type: manifest.headers["content-type"], manifest: undated, config: config.text };
  };

  test("is byte for byte what Helm pushes, but for the date", async () => {
    for (const made of packages) {
      const provenance = made.name === "hello" && readFileSync(`${made.path}.prov`);
      const path = `/api/${made.space ? `${made.space}/` : ""}charts`;
      const { body, type } = form({ chart: made.bytes, ...(provenance && { prov: provenance }) });
      const answer = provenance ? await post(path, body, { "content-type": type }) : await post(path, made.bytes);
      assert.equal(`${answer.status} ${answer.text}`, '201 {"saved":true}', made.file);
      await push(helm, `${registry.push}/by-helm`, made);
      assert.deepEqual(await fetched("by-worker", made), await fetched("by-helm", made), made.file);
      const again = await post(path, made.bytes);
      assert.equal(`${again.status} ${again.text}`, '409 {"error":"file already exists"}');
    }
  });

  test("is installed and verified by Helm", async () => {
    const url = `http://${worker.host}`;
    // Past KV, which may be a minute behind.
    const index = await send(worker.host, "/index.yaml", { headers: { authorization, "cache-control": "no-cache" } });
    const versions = Object.values(index.json.entries).flat().map(({ name, version }) => `${name} ${version}`);
    assert.deepEqual(versions.sort(), packages.map(({ name, version }) => `${name} ${version}`).sort());
    for (const made of packages) {
      const file = `${url}/${made.space ? `${made.space}/` : ""}charts/${made.file}`;
      const verify = made.name === "hello" ? ["--verify", "--keyring", key.public] : [];
      await helm.run("pull", file, ...verify);
      assert.equal(hex(readFileSync(join(helm.home, made.file))), made.digest);
    }
  });

  test("is deleted, and not served any more", async () => {
    const made = packages.find(({ name }) => name === "odd");
    const path = `/api/charts/odd/${encodeURIComponent(made.version)}`;
    const answer = await send(worker.host, path, { method: "DELETE", headers: { authorization } });
    assert.equal(`${answer.status} ${answer.text}`, '200 {"deleted":true}');
    const gone = await send(registry.host, `/v2/by-worker/odd/manifests/${tagOf(made.version)}`, { headers: { accept: MANIFEST } });
    assert.equal(gone.status, 404);
    assert.equal((await send(worker.host, path, { headers: { authorization } })).status, 404);
    const again = await send(worker.host, path, { method: "DELETE", headers: { authorization } });
    assert.equal(`${again.status} ${again.text}`, '404 {"error":"there is no such version"}');
  });
}
