// Accounts: each kind of credential, by which real Helm reads what its account may read, and nothing else.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { Signer, keysOf } from "../wasm-tests/issuer.mjs";
import { redirecting } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { packAll, pullsAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";

const PREFIX = "acme/charts";
const AUDIENCE = "https://charts.example";
const hashed = (secret) => `sha256:${createHash("sha256").update(secret).digest("hex")}`;

const ACCOUNTS = JSON.stringify({
  anonymous: { read: "team-a/**" },
  ada: { password: "a password, äöü:1/5+", read: true },
  rotating: { password: ["the-password-of-before", hashed("the-password-of-today")], read: true },
  hashed: { password: hashed("the-password-nobody-wrote-down"), read: true },
  robot: { token: ["the-token-of-before", hashed("the-token-of-today")], read: true },
  ended: { password: "the-password-of-who-left", until: "2020-01-01", read: true },
  root: { password: "the-password-of-root", read: "/" },
});

const signers = ["ES256", "EdDSA"].map((algorithm) => new Signer(algorithm));
const scope = new Scope();
let registry;
let packages;
let worker;
let url;

before(async () => {
  const helm = new Helm(scope, HELMS[0]);
  const issuer = await keysOf(scope, signers);
  [registry, packages] = await Promise.all([redirecting(scope), packAll(helm)]);
  for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
  const [written] = signers;
  worker = await start(scope, {
    REGISTRY: `http://${registry.host}/${PREFIX}`,
    ACCOUNTS,
    JWT_ISSUERS: JSON.stringify({
      asked: { issuer: "https://asked.example", audience: AUDIENCE, jwks: issuer.url, scope: true },
      written: { issuer: "https://written.example", audience: AUDIENCE, key: written.pem, access: true },
      ci: {
        issuer: "https://ci.example",
        audience: AUDIENCE,
        key: written.pem,
        rules: [{ when: { repository: "acme/charts", ref: "refs/heads/main" }, read: true }],
      },
    }),
  });
  await worker.refresh();
  // Packages come from 127.0.0.1. Go's HTTP client sends a password along to another port of the same host name, but
  // not to another name.
  url = `http://localhost:${worker.host.split(":")[1]}`;
});
after(() => scope.end());

const login = (user, password) => ["--username", user, "--password", password];
const jwt = (signer, iss, claims) => signer.token({ iss: `https://${iss}.example`, aud: AUDIENCE, sub: "run", ...claims });
const access = (name) => [{ type: "artifact-repository", name, actions: ["pull"] }];
const ofTheRoot = () => packages.filter(({ space }) => space === "");
const ofTeamA = () => packages.filter(({ space }) => space === "team-a");

/** Each credential that opens something, and what it opens; anyone may read what is team A's. */
const RIGHT = {
  "a password": [() => login("ada", "a password, äöü:1/5+"), () => packages],
  "the password of before, while rotating": [() => login("rotating", "the-password-of-before"), () => packages],
  "the password of today, while rotating": [() => login("rotating", "the-password-of-today"), () => packages],
  "a password of which only the hash is known": [() => login("hashed", "the-password-nobody-wrote-down"), () => packages],
  "a token as password of its own user": [() => login("robot", "the-token-of-before"), () => packages],
  "a token of which only the hash is known, of any user": [() => login("anyone", "the-token-of-today"), () => packages],
  "a JWT with a scope, ES256, by a key that is asked for": [() => login("ci", jwt(signers[0], "asked", { scope: "read" })), () => packages],
  "a JWT with a scope, EdDSA, by a key that is asked for": [() => login("ci", jwt(signers[1], "asked", { scope: "read" })), () => packages],
  "a JWT with ChartMuseum's claim": [() => login("ci", jwt(signers[0], "written", { access: access("repo") })), () => packages],
  "a JWT of a pipeline": [
    () => login("ci", jwt(signers[0], "ci", { repository: "acme/charts", ref: "refs/heads/main" })),
    () => packages,
  ],
  "a JWT of a part": [() => login("ci", jwt(signers[1], "asked", { scope: "read:team-a" })), ofTeamA],
  "a password of the root alone": [() => login("root", "the-password-of-root"), () => packages],
  nothing: [() => [], ofTeamA],
};

/** Each that opens nothing more than nothing does: a reader who is told less would lose charts without a word. */
const WRONG = {
  "another password": () => login("ada", "the-password-of-today"),
  "another user": () => login("robot", "the-password-of-today"),
  "the hash itself": () => login("hashed", hashed("the-password-nobody-wrote-down").slice(7)),
  "one that has ended": () => login("ended", "the-password-of-who-left"),
  "a JWT that has ended": () => login("ci", jwt(signers[0], "asked", { scope: "read", exp: 1_600_000_000 })),
  "a JWT of another signer": () => login("ci", jwt(new Signer("ES256"), "asked", { scope: "read" })),
  "a JWT of another branch": () => login("ci", jwt(signers[0], "ci", { repository: "acme/charts", ref: "refs/heads/x" })),
};

for (const kind of HELMS) {
  describe(kind.name, () => {
    for (const [name, [credentials, readable]] of Object.entries(RIGHT)) {
      test(`${name} opens what it may, and no other host learns it`, async () => {
        const helm = new Helm(scope, kind);
        const mine = readable();
        registry.blobs.take();
        await pullsAll(helm, url, mine, ...credentials());
        const seen = registry.blobs.take().filter(({ headers }) => headers["user-agent"].startsWith("Helm/"));
        assert.ok(seen.length >= mine.length, `${seen.length} requests`);
        for (const { headers, status } of seen) {
          assert.equal(headers.authorization, undefined);
          assert.equal(status, 200);
        }
        for (const hidden of packages.filter((made) => !mine.includes(made))) {
          const { err } = await helm.fails("pull", `acme/${hidden.name}`, "--version", hidden.version);
          assert.match(err, /not found|no chart name found/);
          const direct = `${url}/charts/${hidden.file}`;
          const refused = await helm.fails("pull", direct, ...credentials());
          assert.match(refused.err, /40[14]/);
        }
      });
    }

    for (const [name, credentials] of Object.entries(WRONG)) {
      test(`${name} opens nothing`, async () => {
        const { err } = await new Helm(scope, kind).fails("pull", "hello", "--repo", url, ...credentials());
        assert.match(err, /not found|401|404/);
        const there = ofTheRoot()[0];
        const refused = await new Helm(scope, kind).fails("pull", `${url}/charts/${there.file}`, ...credentials());
        assert.match(refused.err, /40[14]/);
      });
    }
  });
}
