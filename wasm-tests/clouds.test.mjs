// A service account of Google's: what the runtime's WebCrypto signs is judged by Node's crypto, and lets the Worker in.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Answer, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { ROOT } from "./tools.mjs";

const FILE = readFileSync(join(ROOT, "tests/fixtures/service-account.json"), "utf8");
const HOST = "europe-docker.pkg.dev";
const TOKEN = "ya29.access";

const scope = new Scope();
const nginx = chart("nginx", "1.0.0");
/** What was asked of whom: `host`, `authorization`. */
const asked = [];
const assertions = [];
let registry;
let worker;

/** Google, as far as it is asked: who gives tokens, who lists, and a registry that wants the token. */
async function google(request) {
  const { hostname, pathname, search } = new URL(request.url);
  const authorization = request.headers.get("authorization");
  asked.push({ hostname, authorization });
  const json = (status, body, headers) => new Answer(JSON.stringify(body), { status, headers });
  switch (hostname) {
    case "oauth2.googleapis.com": {
      const form = new URLSearchParams(await request.text());
      assertions.push(form.get("assertion"));
      return json(200, { access_token: TOKEN, expires_in: 3599, token_type: "Bearer" });
    }
    case "artifactregistry.googleapis.com": {
      const repository = "projects/acme-project/locations/europe/repositories/charts";
      assert.equal(pathname, `/v1/${repository}/packages`);
      return json(200, { packages: [{ name: `${repository}/packages/team-a%2Fnginx` }] });
    }
    case HOST: {
      const login = { "www-authenticate": 'Basic realm="x"' };
      if (authorization !== basic("oauth2accesstoken", TOKEN)) return json(401, { errors: [] }, login);
      const answer = await fetch(`http://${registry.host}${pathname}${search}`, {
        method: request.method,
        headers: { accept: request.headers.get("accept") ?? "*/*" },
      });
      const headers = Object.fromEntries(answer.headers);
      return new Answer(request.method === "HEAD" ? null : await answer.arrayBuffer(), { status: answer.status, headers });
    }
    default:
      return json(500, { unexpected: hostname });
  }
}

before(async () => {
  registry = await streaming(scope);
  await push(registry, "acme-project/charts/team-a/nginx", nginx);
  const settings = { REGISTRY: `${HOST}/acme-project/charts`, GOOGLE_CREDENTIALS: FILE, AUTH_ANONYMOUS_GET: "true" };
  worker = await start(scope, settings, { outbound: google });
});
after(() => scope.end());

test("a service account finds, reads and downloads charts", async () => {
  const { text } = await worker.index("/team-a/index.yaml");
  assert.match(text, /nginx-1\.0\.0\.tgz/);
  const answer = await worker.send(`/team-a/charts/${nginx.file ?? "nginx-1.0.0.tgz"}`);
  assert.equal(answer.status, 200);
});

test("its assertion is signed with its key, and says who asks whom until when", () => {
  assert.notEqual(assertions.length, 0);
  const { private_key: pem, client_email: email, private_key_id: kid } = JSON.parse(FILE);
  for (const assertion of assertions) {
    const [head, claims, signature] = assertion.split(".");
    const signed = Buffer.from(`${head}.${claims}`);
    assert.ok(verify("RSA-SHA256", signed, createPublicKey(pem), Buffer.from(signature, "base64url")));
    const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
    assert.deepEqual(read(head), { alg: "RS256", kid, typ: "JWT" });
    const { iss, aud, iat, exp } = read(claims);
    assert.deepEqual([iss, aud, exp - iat], [email, "https://oauth2.googleapis.com/token", 3600]);
    assert.ok(Math.abs(iat - Date.now() / 1000) < 600);
  }
});

test("nobody else is asked, and the token goes to Google's registry and its API only", () => {
  const hosts = new Set(asked.map(({ hostname }) => hostname));
  assert.deepEqual([...hosts].sort(), ["artifactregistry.googleapis.com", HOST, "oauth2.googleapis.com"]);
  for (const { hostname, authorization } of asked) {
    if (hostname === "oauth2.googleapis.com") assert.equal(authorization, null);
  }
});
