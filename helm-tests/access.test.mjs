// Passwords: the Worker's before a registry that wants one or a token, and the reader's before the Worker.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { PASSWORD, USER, redirecting, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { packAll, pullsAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";
import { makeKey } from "./keys.mjs";
import { TokenServer } from "./token-server.mjs";

const PREFIX = "acme/charts";

/** Who may push to the registry that asks for tokens. */
const PUSHER = { password: "pu$h me", actions: ["pull", "push"] };

/** Who reads the Worker. */
const READER = { user: "ada", password: "lovelace:1/5+" };

for (const kind of HELMS) {
  describe(`${kind.name}, a registry with passwords`, () => passwords(kind));
  describe(`${kind.name}, a registry with a token server`, () => tokens(kind));
  describe(`${kind.name}, a Worker with a password`, () => reader(kind));
}

function passwords(kind) {
  const scope = new Scope();
  let helm;
  let registry;
  let packages;

  before(async () => {
    helm = new Helm(scope, kind);
    [registry, packages] = await Promise.all([streaming(scope, { htpasswd: true }), packAll(helm)]);
    await helm.run("registry", "login", registry.push, "--plain-http", "--username", USER, "--password", PASSWORD);
    for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
  });
  after(() => scope.end());

  const settings = () => ({ REGISTRY: `http://${registry.host}/${PREFIX}`, AUTH_ANONYMOUS_GET: "true" });

  test("REGISTRY_USERNAME and REGISTRY_PASSWORD open it for everyone", async () => {
    const worker = await start(scope, { ...settings(), REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD });
    await pullsAll(new Helm(scope, kind), `http://${worker.host}`, packages);
    await worker.end();
  });

  test("DOCKER_AUTH_CONFIG is what helm registry login wrote, as text or base64", async () => {
    const [place] = Object.keys(JSON.parse(helm.logins).auths);
    assert.equal(place, registry.host);
    for (const config of [helm.logins, Buffer.from(helm.logins).toString("base64")]) {
      const worker = await start(scope, { ...settings(), DOCKER_AUTH_CONFIG: config });
      await pullsAll(new Helm(scope, kind), `http://${worker.host}`, packages);
      await worker.end();
    }
  });

  test("a wrong password gives an error that does not blame the reader", async () => {
    const worker = await start(scope, { ...settings(), REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: `${PASSWORD}?` });
    const { err } = await new Helm(scope, kind).fails("repo", "add", "acme", `http://${worker.host}`);
    assert.match(err, /failed to fetch http:.*\/index\.yaml *: 502 Bad Gateway/);
    await worker.end();
  });

  test("without AUTH_ANONYMOUS_GET or a reader nothing is served", async () => {
    const { REGISTRY } = settings();
    const worker = await start(scope, { REGISTRY, REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD });
    const { err } = await new Helm(scope, kind).fails("repo", "add", "acme", `http://${worker.host}`);
    assert.match(err, /failed to fetch http:.*\/index\.yaml *: 500 Internal Server Error/);
    await worker.end();
  });
}

function tokens(kind) {
  const scope = new Scope();
  const users = { [USER]: { password: PASSWORD, actions: ["pull", "*"] }, pusher: PUSHER };
  let helm;
  let server;
  let registry;
  let packages;

  before(async () => {
    helm = new Helm(scope, kind);
    server = await TokenServer.start(scope, users);
    [registry, packages] = await Promise.all([streaming(scope, { token: server.settings }), packAll(helm)]);
    await helm.run("registry", "login", registry.push, "--plain-http", "--username", "pusher", "--password", PUSHER.password);
    for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
    server.requests.length = 0;
  });
  after(() => scope.end());

  test("the Worker fetches the tokens that readers need", async () => {
    const bindings = { REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" };
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/${PREFIX}`, ...bindings });
    await pullsAll(new Helm(scope, kind), `http://${worker.host}`, packages);
    const asked = server.requests.splice(0);
    assert.deepEqual(new Set(asked.map(({ user }) => user)), new Set([USER]));
    const scopes = new Set(asked.flatMap((request) => request.scopes));
    assert.deepEqual(
      [...scopes].sort(),
      ["registry:catalog:*", ...["hello", "labels", "team-a/web"].map((name) => `repository:${PREFIX}/${name}:pull`)],
    );
    await worker.end();
  });

  test("who may not see the catalog names the repositories", async () => {
    const bindings = { REGISTRY_USERNAME: "pusher", REGISTRY_PASSWORD: PUSHER.password, AUTH_ANONYMOUS_GET: "true" };
    const place = `http://${registry.host}/${PREFIX}`;
    const worker = await start(scope, { REGISTRY: place, REPOSITORIES: "hello,labels,team-a/web", ...bindings });
    await pullsAll(new Helm(scope, kind), `http://${worker.host}`, packages);
    assert.ok(!server.requests.some(({ scopes }) => scopes.includes("registry:catalog:*")));
    await worker.end();
  });
}

function reader(kind) {
  const scope = new Scope();
  let registry;
  let packages;
  let key;
  let worker;
  let url;

  before(async () => {
    const helm = new Helm(scope, kind);
    key = await makeKey(scope);
    [registry, packages] = await Promise.all([redirecting(scope, { htpasswd: true }), packAll(helm, key)]);
    for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
    worker = await start(scope, {
      REGISTRY: `http://${registry.host}/${PREFIX}`,
      REGISTRY_USERNAME: USER,
      REGISTRY_PASSWORD: PASSWORD,
      BASIC_AUTH_USER: READER.user,
      BASIC_AUTH_PASS: READER.password,
    });
    // Packages come from 127.0.0.1. Go's HTTP client sends a password along to another port of the same host name, but
    // not to another name.
    url = `http://localhost:${worker.host.split(":")[1]}`;
  });
  after(() => scope.end());

  const login = ["--username", READER.user, "--password", READER.password];

  test("who knows it reads all, and the host of the packages never learns it", async () => {
    const helm = new Helm(scope, kind);
    registry.blobs.take();
    await pullsAll(helm, url, packages, ...login);
    await helm.run("pull", "acme/hello", "--version", "0.1.0", "--verify", "--keyring", key.public);
    const { out } = await helm.run("template", "hi", "acme/hello");
    assert.match(out, /greeting: "Hello, world"/);
    // Without --verify: Helm 4 fetches the provenance for an installation without the password.
    if (kind.name === "Helm 4") await helm.run("install", "hi", "acme/hello", "--dry-run=client");
    await helm.run("pull", "web", "--repo", `${url}/team-a`, ...login);
    const seen = registry.blobs.take().filter(({ headers }) => headers["user-agent"].startsWith("Helm/"));
    assert.ok(seen.length >= packages.length, `${seen.length} requests`);
    for (const { path, headers, status } of seen) {
      assert.equal(headers.authorization, undefined);
      assert.equal(status, 200, path);
    }
  });

  test("a wrong password, a wrong user and none are refused alike", async () => {
    for (const wrong of [["--username", READER.user, "--password", "wrong"], ["--username", "bob", "--password", READER.password], []]) {
      const helm = new Helm(scope, kind);
      const { err } = await helm.fails("repo", "add", "acme", url, ...wrong);
      assert.match(err, /failed to fetch http:.*\/index\.yaml *: 401 Unauthorized/);
      const pulled = await helm.fails("pull", "hello", "--repo", url, ...wrong);
      assert.match(pulled.err, /401 Unauthorized/);
    }
  });
}
