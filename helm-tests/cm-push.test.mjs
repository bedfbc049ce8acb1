// What pipelines run against ChartMuseum: the plugin `helm cm-push`, and curl as ChartMuseum's README has it.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { send } from "../wasm-tests/http.mjs";
import { hex } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { cmPush } from "../wasm-tests/tools.mjs";
import { pack, packAll } from "./charts.mjs";
import { HELMS, Helm, Outcome } from "./helm.mjs";
import { makeKey } from "./keys.mjs";

const ADMIN_TOKEN = "t0ken";
const authorization = `Bearer ${ADMIN_TOKEN}`;
const BEARER = { HELM_REPO_ACCESS_TOKEN: ADMIN_TOKEN };
const BASIC = { HELM_REPO_USERNAME: "any", HELM_REPO_PASSWORD: ADMIN_TOKEN };

/** A folder of plugins with cm-push in it, as `helm plugin install` leaves it. */
function plugins(scope, kind) {
  const folder = scope.folder();
  const plugin = join(folder, "helm-push");
  cpSync(cmPush(), plugin, { recursive: true });
  if (kind === HELMS[1]) {
    // Helm 4 takes a plugin that names downloaders for one of those alone.
    const file = join(plugin, "plugin.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/downloaders:\n(?:[- ].*\n)+/, ""));
  }
  return folder;
}

for (const kind of HELMS) {
  describe(`cm-push in ${kind.name}`, () => pushing(kind));
}

function pushing(kind) {
  const scope = new Scope();
  let folder;
  let registry;
  let worker;
  let web;
  let other;
  let url;

  /** Helm with the plugin, homes of its own and what it knows of credentials. */
  const helmWith = (login) => new Helm(scope, kind, { HELM_PLUGINS: folder, ...login });

  before(async () => {
    folder = plugins(scope, kind);
    const packager = new Helm(scope, kind);
    registry = await streaming(scope);
    const packages = await packAll(packager);
    [web, other] = packages;
    worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ADMIN_TOKEN, AUTH_ANONYMOUS_GET: "true" });
    url = `http://${worker.host}`;
    await send(worker.host, "/index.yaml");
  });
  after(() => scope.end());

  const held = (path) => send(worker.host, path, { headers: { authorization, "cache-control": "no-cache" } });
  const versions = async (path) => {
    const { json, text } = await held(path);
    assert.ok(json, text);
    return Object.values(json).flat().map(({ name, version }) => `${name} ${version}`).sort();
  };
  const is = (made) => `${made.name} ${made.version}`;

  test("stores what a repository of the name does not have, and tells what it has", async () => {
    const helm = helmWith(BEARER);
    await helm.run("repo", "add", "charts", url);
    const pushed = await helm.run("cm-push", web.path, "charts");
    assert.match(pushed.out, /Done\./);
    // The plugin packs anew what it is given, packages too.
    const entry = await held(`/api/charts/${web.name}/${web.version}`);
    const served = await held(`/charts/${web.file}`);
    assert.equal(hex(served.body), entry.json.digest);
    const again = await helm.fails("cm-push", web.path, "charts");
    assert.match(again.err, /409.*file already exists/);
    const forced = await helm.run("cm-push", "--force", web.path, "charts");
    assert.match(forced.out, /Done\./);
  });

  test("replaces a version by force", async () => {
    const helm = helmWith(BEARER);
    const one = join(helm.home, "one");
    await helm.run("create", one);
    await helm.run("cm-push", one, url);
    const before = await held("/charts/one-0.1.0.tgz");
    writeFileSync(join(one, "values.yaml"), "changed: true\n");
    await helm.fails("cm-push", one, url);
    assert.equal(hex((await held("/charts/one-0.1.0.tgz")).body), hex(before.body));
    await helm.run("cm-push", "--force", one, url);
    assert.notEqual(hex((await held("/charts/one-0.1.0.tgz")).body), hex(before.body));
    const values = await held("/api/charts/one/0.1.0/values");
    assert.equal(values.text, "changed: true\n");
    // Another version of a folder, which the plugin packages.
    await helm.run("cm-push", "--version", "0.2.0+b.1", one, url);
    assert.equal((await held("/api/charts/one/0.2.0+b.1")).json.version, "0.2.0+b.1");
  });

  test("takes every way of saying who pushes", async () => {
    const flags = ["--access-token", ADMIN_TOKEN];
    for (const [space, login, ...parameters] of [
      ["bearer", BEARER],
      ["basic", BASIC],
      ["token", {}, ...flags],
      ["flags", {}, "--username", "any", "--password", ADMIN_TOKEN],
    ]) {
      await helmWith(login).run("cm-push", ...parameters, web.path, `${url}/${space}`);
      assert.deepEqual(await versions(`/api/${space}/charts`), [is(web)], space);
    }
    // Those that a repository was added with.
    const helm = helmWith({});
    await helm.run("repo", "add", "own", `${url}/own`, "--username", "any", "--password", ADMIN_TOKEN);
    await helm.run("cm-push", web.path, "own");
    assert.deepEqual(await versions("/api/own/charts"), [is(web)]);
    for (const login of [{}, { HELM_REPO_ACCESS_TOKEN: "wrong" }, { HELM_REPO_USERNAME: "any", HELM_REPO_PASSWORD: "wrong" }]) {
      const refused = await helmWith(login).fails("cm-push", other.path, url);
      assert.match(`${refused}`, /40[13]/);
    }
    assert.ok(!(await versions("/api/charts")).includes(is(other)));
  });

  test("takes a context path", async () => {
    const helm = helmWith(BEARER);
    await helm.run("cm-push", "--context-path", "/", web.path, `${url}/first`);
    await helm.run("cm-push", "--context-path", "/second", web.path, `${url}/second`);
    await helm.run("cm-push", "--context-path", "/third", web.path, `${url}/third/below`);
    for (const space of ["first", "second", "third/below"]) {
      assert.deepEqual(await versions(`/api/${space}/charts`), [is(web)], space);
    }
  });

  test("what curl brings, with its provenance, is verified by Helm", async () => {
    const helm = new Helm(scope, kind);
    const key = await makeKey(scope);
    const source = join(helm.home, "proven");
    await helm.run("create", source);
    const made = await pack(helm, source, { key, version: "1.0.0" });
    const curl = (...parameters) => Outcome.of("curl", ["--silent", "--show-error", "-H", `Authorization: ${authorization}`, ...parameters]);
    // As ChartMuseum's README has it.
    const both = await curl("-F", `chart=@${made.path}`, "-F", `prov=@${made.path}.prov`, `${url}/api/both/charts`);
    assert.equal(both.out, '{"saved":true}');
    const raw = await curl("--data-binary", `@${made.path}`, `${url}/api/raw/charts`);
    assert.equal(raw.out, '{"saved":true}');
    const proved = await curl("--data-binary", `@${made.path}.prov`, `${url}/api/raw/prov`);
    assert.equal(proved.out, '{"saved":true}');
    for (const space of ["raw", "both"]) {
      await held(`/${space}/index.yaml`);
      await helm.run("repo", "add", space, `${url}/${space}`);
      mkdirSync(join(helm.home, space));
      await helm.run("pull", `${space}/proven`, "--verify", "--keyring", key.public, "-d", join(helm.home, space));
      assert.equal(hex(readFileSync(join(helm.home, space, made.file))), made.digest);
    }
    const deleted = await curl("-X", "DELETE", `${url}/api/raw/charts/proven/1.0.0`);
    assert.equal(deleted.out, '{"deleted":true}');
    assert.equal((await held("/api/raw/charts/proven/1.0.0")).status, 404);
  });
}
