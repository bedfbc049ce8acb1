// Tokens that others sign, looked at by the runtime's WebCrypto with keys of a server of the issuer's.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { ALGORITHMS, Signer, keysOf } from "./issuer.mjs";
import { chart, push } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const ISSUER = "https://issuer.example";
const AUDIENCE = "https://charts.example";
const signers = ALGORITHMS.map((algorithm) => new Signer(algorithm));
const right = { iss: ISSUER, aud: AUDIENCE, sub: "robot", repository: "acme/a" };
const rules = [{ when: { repository: "acme/a" }, read: "team-a/**", push: "team-a" }];
let registry;
let issuer;
let worker;

before(async () => {
  registry = await streaming(scope);
  for (const team of ["team-a", "team-b"]) await push(registry, `charts/${team}/web`, chart("web", "1.0.0", { ballast: 10 }));
  issuer = await keysOf(scope, signers);
  worker = await start(scope, {
    REGISTRY: `http://${registry.host}/charts`,
    JWT_ISSUERS: JSON.stringify({ ours: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.url, rules } }),
  });
  await worker.refresh();
});
after(() => scope.end());

const status = async (headers, path = "/team-a/index.yaml") => (await worker.send(path, { headers })).status;
const bearer = (token) => ({ authorization: `Bearer ${token}` });

test("each algorithm proves its bearer, in each header that takes a token", async () => {
  for (const signer of signers) {
    const token = signer.token(right);
    const headers = [bearer(token), { authorization: basic("anyone", token) }, { "cf-access-jwt-assertion": token }];
    for (const shown of headers) assert.equal(await status(shown), 200, `${signer.algorithm} ${Object.keys(shown)}`);
    assert.equal(await status(bearer(token), "/team-b/index.yaml"), 404);
    assert.equal(await status(bearer(token), "/info"), 403);
    const index = await worker.send("/index.yaml", { headers: bearer(token) });
    assert.match(index.text, /team-a|web/);
    assert.doesNotMatch(index.text, /team-b/);
    assert.match(index.headers["cache-control"], /^private/);
  }
  assert.equal(issuer.asked, 1);
});

test("a pipeline pushes to its space with the token of its run, and nowhere else", async () => {
  for (const [place, expected] of [["team-a", 201], ["team-b", 404], ["team-a/sub", 403]]) {
    const made = chart("pushed", "1.0.0", { ballast: 10 });
    const headers = { ...bearer(signers[0].token(right)), "content-type": "application/octet-stream" };
    const answer = await worker.send(`/api/${place}/charts`, { method: "POST", headers, body: made.package });
    assert.equal(answer.status, expected, `${place} ${answer.text}`);
  }
  // KV may have it a moment later; who is known may ask past it.
  const headers = { ...bearer(signers[1].token(right)), "cache-control": "no-cache" };
  const { text } = await worker.send("/team-a/index.yaml", { headers });
  assert.match(text, /pushed/);
});

test("what was changed, signed by others, of another time or for others is nobody's", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const signer of signers) {
    const [head, claims, signature] = signer.token(right).split(".");
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = part({ alg: "HS256", kid: signer.id });
    const mac = createHmac("sha256", signer.pem).update(`${hmac}.${claims}`).digest("base64url");
    const changed = Buffer.from(signature, "base64url");
    changed[changed.length >> 1] ^= 1;
    for (const token of [
      new Signer(signer.algorithm, signer.id).token(right),
      `${head}.${claims}.${changed.toString("base64url")}`,
      `${head}.${claims}.`,
      `${head}.${part({ ...right, exp: now + 300, repository: "acme/a", sub: "admin" })}.${signature}`,
      `${part({ alg: "none" })}.${claims}.`,
      `${hmac}.${claims}.${mac}`,
      signer.token(right, { alg: signer.algorithm === "RS256" ? "ES256" : "RS256" }),
      signer.token(right, { cty: "JWT" }),
      signer.token(right, { crit: ["exp"] }),
      signer.token({ ...right, exp: now - 61 }),
      signer.token({ ...right, nbf: now + 120 }),
      signer.token({ ...right, aud: "https://other.example" }),
      signer.token({ ...right, iss: "https://other.example" }),
      signer.token({ ...right, repository: "evil/a" }),
      signer.token({ ...right, more: "x".repeat(8192) }),
    ]) {
      assert.equal(await status(bearer(token)), 401, `${signer.algorithm} ${token.slice(0, 300)}`);
    }
  }
});

test("keys that nobody has do not have the issuer asked again and again", async () => {
  const asked = issuer.asked;
  const stranger = new Signer("EdDSA", "unknown");
  for (let n = 0; n < 40; n += 1) assert.equal(await status(bearer(stranger.token(right, { kid: `k${n}` }))), 401);
  assert.ok(issuer.asked <= asked + 1, `${issuer.asked - asked} times`);
});

test("keys that stand in the settings need no server, as PEM and as JWK", async () => {
  const here = new Scope();
  try {
    const entries = signers.flatMap((signer) => [
      [`${signer.algorithm}-pem`, signer.pem],
      [`${signer.algorithm}-jwk`, JSON.stringify(signer.jwk)],
    ]);
    const issuers = entries.map(([name, key]) => [name, { issuer: ISSUER, audience: name, key, rules }]);
    const fixed = await start(here, {
      REGISTRY: `http://${registry.host}/charts`,
      JWT_ISSUERS: JSON.stringify(Object.fromEntries(issuers)),
    });
    await fixed.refresh();
    for (const signer of signers) {
      for (const form of ["pem", "jwk"]) {
        const aud = `${signer.algorithm}-${form}`;
        for (const [by, expected] of [[signer, 200], [new Signer(signer.algorithm), 401]]) {
          const headers = bearer(by.token({ ...right, aud }));
          assert.equal((await fixed.send("/team-a/index.yaml", { headers })).status, expected, aud);
        }
      }
    }
  } finally {
    await here.end();
  }
});
