// Wrong settings: everything says so by name, and nothing of a private registry shows on the way to right ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { PASSWORD, USER, streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const made = chart("private", "1.0.0");
const routes = [
  ["GET", "/index.yaml"],
  ["HEAD", "/index.yaml"],
  ["GET", `/${made.link}`],
  ["GET", "/health"],
  ["GET", "/info"],
  ["GET", "/metrics"],
  ["POST", "/refresh"],
  ["POST", "/webhook/github"],
];
let upstream;

before(async () => {
  const registry = await streaming(scope, { htpasswd: true });
  await push(registry, "charts/private", made);
  upstream = await Proxy.before(scope, registry.host);
});
after(() => scope.end());

test("every route names the settings, and never their values", async () => {
  const here = new Scope();
  try {
    const worker = await start(here, {
      REGISTRY: "http://registry.example/x",
      SYNC_INTERVAL: "5 parsecs",
      BASIC_AUTH_USER: "somebody",
      DOWNLOAD: "maybe",
    });
    const names = ["REGISTRY", "BASIC_AUTH_PASS", "DOWNLOAD", "SYNC_INTERVAL"];
    for (const [method, path] of routes) {
      const answer = await worker.send(path, { method, headers: AS_ADMIN });
      assert.equal(answer.status, 500, path);
      assert.equal(answer.headers["cache-control"], "no-store");
      if (method === "HEAD") continue;
      for (const name of names) assert.ok(answer.json.error.includes(name), `${path}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /parsecs|somebody|maybe|registry\.example/);
    }
    const home = await worker.send("/");
    assert.equal(home.status, 200);
    for (const name of names) assert.ok(home.text.includes(name));
    assert.doesNotMatch(home.text, /parsecs|somebody|maybe/);
    const logged = worker.logs.map(({ message }) => message).join("\n");
    assert.match(logged, /SYNC_INTERVAL: .*5 parsecs.* is not a duration/);
    await worker.tick();
  } finally {
    await here.end();
  }
});

test("settings of any type of wrangler's are read", async () => {
  const here = new Scope();
  try {
    const worker = await start(here, {
      REGISTRY: `http://${upstream.host}/charts`,
      REPOSITORIES: ["private", "team-*/**"],
      SUBREQUEST_BUDGET: 20,
      ALLOW_INSECURE_REGISTRY: true,
      VERSIONS_PER_CHART: 3,
    });
    assert.deepEqual((await worker.send("/health")).json, { healthy: true });
  } finally {
    await here.end();
  }
});

test("secrets may come one by one in any order: nobody reads without credentials", async () => {
  const secrets = {
    REGISTRY_USERNAME: USER,
    REGISTRY_PASSWORD: PASSWORD,
    BASIC_AUTH_USER: "helm",
    BASIC_AUTH_PASS: "of-nobody-else",
  };
  const names = Object.keys(secrets);
  for (let chosen = 0; chosen < 1 << names.length; chosen += 1) {
    const here = new Scope();
    const set = names.filter((_, place) => chosen & (1 << place));
    try {
      const settings = Object.fromEntries(set.map((name) => [name, secrets[name]]));
      const worker = await start(here, { REGISTRY: `http://${upstream.host}/charts`, ...settings });
      for (const path of ["/index.yaml", `/${made.link}`, `/charts/${made.file}`]) {
        const { status } = await worker.send(path);
        assert.notEqual(status, 200, `${path} with ${set}`);
      }
      if (set.length === names.length) {
        const index = await worker.index("/index.yaml", { headers: { authorization: basic("helm", secrets.BASIC_AUTH_PASS) } });
        assert.deepEqual(Object.keys(index.json.entries), ["private"]);
      }
    } finally {
      await here.end();
    }
  }
});
