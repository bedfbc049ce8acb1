// The newest distribution with each way that it has of letting people in and of handing out packages: real Helm pushes to it,
// and real Helm reads it through the Worker. Debian's older one, which all other tests have, answers in other ways: it knows no
// pages of tags.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { chart, each, push as pushMade } from "../wasm-tests/push.mjs";
import { Proxy } from "../wasm-tests/proxy.mjs";
import { PASSWORD, USER, redirecting, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { distribution } from "../wasm-tests/tools.mjs";
import { packAll, pullsAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";
import { TokenServer } from "./token-server.mjs";

const PREFIX = "acme/charts";

/** What opens it for the Worker, and lets everyone read that. */
const LOGIN = { REGISTRY_USERNAME: USER, REGISTRY_PASSWORD: PASSWORD, AUTH_ANONYMOUS_GET: "true" };

/** Each way: the registry, what the Worker is told of it, and whether packages come from elsewhere. */
const WAYS = {
  "open to everyone": { registryOf: streaming, settings: {} },
  "with passwords": { registryOf: streaming, htpasswd: true, settings: LOGIN },
  "with a token server": { registryOf: streaming, tokens: true, settings: LOGIN },
  "with signed redirects": { registryOf: redirecting, settings: {}, redirects: true },
  "with signed redirects and passwords": { registryOf: redirecting, htpasswd: true, settings: LOGIN, redirects: true },
};

for (const kind of HELMS) {
  describe(`${kind.name}, distribution 3`, () => {
    for (const [how, way] of Object.entries(WAYS)) test(how, () => reads(kind, way));
  });
}

async function reads(kind, { registryOf, htpasswd = false, tokens = false, settings, redirects = false }) {
  const scope = new Scope();
  try {
    const helm = new Helm(scope, kind);
    const users = { [USER]: { password: PASSWORD, actions: ["pull", "push", "*"] } };
    const token = tokens ? (await TokenServer.start(scope, users)).settings : undefined;
    const [registry, packages] = await Promise.all([registryOf(scope, { htpasswd, token, program: distribution() }), packAll(helm)]);
    // A registry that redirects has another one in front of the same storage, for pushes, without a password.
    if (Object.keys(settings).length > 0 && registry.push === registry.host) {
      await helm.run("registry", "login", registry.push, "--plain-http", "--username", USER, "--password", PASSWORD);
    }
    for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
    const worker = await start(scope, { REGISTRY: `http://${registry.host}/${PREFIX}`, ...settings });
    await pullsAll(new Helm(scope, kind), `http://${worker.host}`, packages);
    const { status } = await worker.send(`/charts/${packages[0].file}`);
    assert.equal(status, redirects ? 302 : 200);
    const { running_pass: pass, last_pass: last, ...info } = await worker.info();
    assert.deepEqual([pass ?? last?.faults, info.counts.failing_repositories, info.counts.failing_tags], [0, 0, 0]);
  } finally {
    await scope.end();
  }
}

describe("distribution 3 and long lists", () => {
  const scope = new Scope();
  let registry;
  let upstream;

  before(async () => {
    registry = await streaming(scope, { program: distribution(), page: 50 });
    upstream = await Proxy.before(scope, registry.host);
    const versions = Array.from({ length: 120 }, (_, n) => chart("many", `1.${n}.0`));
    await each(versions, 6, (made) => pushMade(registry, `${PREFIX}/many`, made));
    const others = Array.from({ length: 120 }, (_, n) => chart(`chart-${n}`, "1.0.0"));
    await each(others, 6, (made) => pushMade(registry, `${PREFIX}/${made.name}`, made));
  });
  after(() => scope.end());

  // Where 2.8 gives all tags at once, it gives pages; and it refuses to give more repositories than it is set to.
  test("all pages are read", async () => {
    const worker = await start(scope, { REGISTRY: `http://${upstream.host}/${PREFIX}` });
    const { json } = await worker.index();
    assert.equal(json.entries.many.length, 120);
    assert.equal(Object.keys(json.entries).length, 121);
    const pages = (path) => upstream.count((call) => call.path.startsWith(path) && call.status === 200);
    assert.equal(pages(`/v2/${PREFIX}/many/tags/list`), 3);
    assert.equal(pages("/v2/_catalog"), 3);
  });
});
