// Passwords: of the registry, by way of a token server, and of the Worker itself.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { PASSWORD, USER, redirecting, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { Helm, digestOf, pushSamples } from "./helm.mjs";
import { tokenServer } from "./token-server.mjs";

const LOGIN = { user: USER, password: PASSWORD };
const CREDENTIALS = { REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD };

async function pullsAll(helm, pushed) {
  for (const { name, version, digest } of pushed) {
    assert.equal(digestOf(await helm.pull(`acme/${name}`, version)), digest, `${name} ${version}`);
  }
}

for (const major of [3, 4]) {
  describe(`Helm ${major}`, () => {
    const scope = new Scope();
    after(() => scope.end());

    test("a registry with a password, a Worker without one", async () => {
      const registry = await streaming(scope, { htpasswd: true });
      const helm = new Helm(scope, major);
      const pushed = await pushSamples(helm, registry, "charts", { login: LOGIN });
      const worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ...CREDENTIALS, AUTH_ANONYMOUS_GET: "true" });
      await worker.index();
      await helm.run("repo", "add", "acme", `http://${worker.host}`);
      await pullsAll(helm, pushed);
    });

    test("a registry with a token server", async () => {
      const tokens = await tokenServer(scope, USER, PASSWORD);
      const registry = await streaming(scope, { token: tokens.settings });
      const helm = new Helm(scope, major);
      const pushed = await pushSamples(helm, registry, "charts", { login: LOGIN });
      tokens.requests.length = 0;
      const worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ...CREDENTIALS, AUTH_ANONYMOUS_GET: "true" });
      await worker.index();
      await helm.run("repo", "add", "acme", `http://${worker.host}`);
      await pullsAll(helm, pushed);
      const scopes = new Set(tokens.requests.flatMap(({ scopes: asked }) => asked));
      assert.ok(scopes.has("registry:catalog:*"), [...scopes].join(", "));
      assert.ok(scopes.has("repository:charts/team-a/web:pull"), [...scopes].join(", "));
      assert.ok(tokens.requests.every(({ known }) => known), "no request without the password");
    });
  });
}

describe("a Worker with a password, before a registry that redirects", () => {
  const scope = new Scope();
  let registry;
  let worker;
  let pushed;
  /** Another name than the target of the redirect has: Go's client compares names without ports (and so would keep the
   * password for another port of 127.0.0.1). */
  let url;

  before(async () => {
    registry = await redirecting(scope);
    pushed = await pushSamples(new Helm(scope, 4), registry, "charts");
    const reader = { BASIC_AUTH_USER: "helm", BASIC_AUTH_PASS: "pass/+ word%" };
    worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ...reader });
    await worker.index("/index.yaml", { headers: { authorization: `Basic ${btoa("helm:pass/+ word%")}` } });
    url = `http://localhost:${worker.host.split(":")[1]}`;
  });
  after(() => scope.end());

  for (const major of [3, 4]) {
    test(`Helm ${major} without it, and with a wrong one, is refused`, async () => {
      const helm = new Helm(scope, major);
      assert.match(await helm.fails("repo", "add", "acme", url), /401/);
      assert.match(await helm.fails("repo", "add", "acme", url, "--username", "helm", "--password", "word"), /401/);
    });

    test(`Helm ${major} with it pulls everything, and shows it to nobody else`, async () => {
      const helm = new Helm(scope, major);
      await helm.run("repo", "add", "acme", url, "--username", "helm", "--password", "pass/+ word%");
      registry.blobs.take();
      await pullsAll(helm, pushed);
      const seen = registry.blobs.take().filter(({ headers }) => headers["user-agent"].startsWith("Helm/"));
      assert.equal(seen.length, pushed.length, "each package came from the target of a redirect");
      for (const { headers } of seen) assert.equal(headers.authorization, undefined);
    });
  }
});
