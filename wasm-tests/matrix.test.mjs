// The access matrix: the table that the unit tests write (src/serve/tests/matrix.rs), walked in workerd.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ADMIN, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { Signer } from "./issuer.mjs";
import { chart, push } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { ROOT } from "./tools.mjs";
import { sleep } from "./wait.mjs";

const TESTS = join(ROOT, "src/serve/tests");
const [, , table] = readFileSync(
  join(TESTS, "snapshots/portolan__serve__tests__matrix__who_gets_what_of_each_route.snap"),
  "utf8",
).split(/^---$/m);
const [, ACCOUNTS] = /const ACCOUNTS: &str = r#"(.*?)"#;/s.exec(readFileSync(join(TESTS, "matrix.rs"), "utf8"));
const [head, ...rows] = table.split("\n").filter((line) => line.trim() !== "");
const columns = head.trim().split(/\s+/);

const signer = new Signer("ES256");
const issuer = (name) => ({ issuer: `https://${name}.example`, audience: "charts", key: signer.pem, [name]: true });
const JWT_ISSUERS = JSON.stringify({
  access: issuer("access"),
  scope: issuer("scope"),
  github: {
    issuer: "https://token.actions.githubusercontent.com",
    audience: "charts",
    key: signer.pem,
    rules: [{ when: { repository: "acme/a" }, read: "team-a/**", push: "team-a/**", delete: "team-a/**", refresh: "team-a/**" }],
  },
});
const jwt = (repository, more = {}) =>
  signer.token({ iss: "https://token.actions.githubusercontent.com", aud: "charts", repository, ...more });
/** A token that has rights by ChartMuseum's claim, or by its scope, and by nothing else. */
const claiming = (name) =>
  signer.token({
    iss: `https://${name}.example`,
    aud: "charts",
    repository: "acme/a",
    access: [{ type: "artifact-repository", name: "team-a", actions: ["pull", "push"] }],
    scope: "read:team-b/** refresh:team-b/** metrics",
  });
const HELM = "the-password-of-helm";
const SENDER = "the-word-of-the-sender";
const token = (text) => [`Bearer ${text}`, basic("anyone", text)];

/** What each column shows. */
const PROOFS = {
  stranger: [
    undefined,
    "Bearer the-token-of-nobody",
    "Bearer the-token-that-has-ended",
    basic("reader-a", "wrong"),
    `Bearer ${jwt("evil/a")}`,
    `Bearer ${jwt("acme/a", { exp: 1_600_000_000 })}`,
  ],
  "reader-a": [
    basic("reader-a", "the-password-of-reader-a"),
    basic("reader-a", "second-password-of-reader-a"),
    ...token("the-token-of-reader-a"),
  ],
  "pipeline-a": [...token("the-token-of-pipeline-a"), ...token(jwt("acme/a"))],
  "pusher-a": token("the-token-of-pusher-a"),
  "access-a": token(claiming("access")),
  "scope-b": token(claiming("scope")),
  prometheus: token("the-token-of-prometheus"),
  helm: [basic("helm", HELM)],
  admin: token(ADMIN),
  sender: token(SENDER),
};

const scope = new Scope();
const digests = {};
let worker;

before(async () => {
  const registry = await streaming(scope);
  for (const repository of ["a", "team-a/a", "team-b/a", "public/a"]) {
    const made = chart("a", "1.0.0", { ballast: 10, provenance: true });
    await push(registry, `charts/${repository}`, made);
    digests[repository.replace(/\/?a$/, "")] = made.digest.slice(0, 16);
  }
  worker = await start(scope, {
    REGISTRY: `http://${registry.host}/charts`,
    BASIC_AUTH_USER: "helm",
    BASIC_AUTH_PASS: HELM,
    WEBHOOK_SECRET: SENDER,
    ARTIFACTHUB_REPOSITORY_ID: "c0ffee00-0000-4000-8000-000000000000",
    ACCOUNTS,
    JWT_ISSUERS,
  });
  await worker.refresh();
});
after(() => scope.end());

/** Sends a request; again where an isolate answers that it is asked too much at once, as this test does. */
async function status(method, path, authorization) {
  const headers = authorization ? { authorization } : {};
  const body = ["POST", "DELETE"].includes(method) ? "no package" : undefined;
  for (;;) {
    const answer = await worker.send(path, { method, headers, body });
    if (answer.status !== 503) return answer.status;
    await sleep(200);
  }
}

test("each route tells each account what the table says, however the account is proven", { timeout: 600_000 }, async () => {
  assert.deepEqual(columns, Object.keys(PROOFS));
  assert.ok(rows.length > 80, `${rows.length} rows`);
  const wrong = [];
  for (const row of rows) {
    const [method, shown, ...cells] = row.trim().split(/\s+/);
    const space = /^\/(.*?)\/?charts\/\{digest\}/.exec(shown)?.[1] ?? "";
    const path = shown.replace("{digest}", digests[space] ?? "0123456789abcdef");
    for (const [at, name] of columns.entries()) {
      const expected = Number.parseInt(cells[at], 10);
      for (const proof of PROOFS[name]) {
        const methods = method === "GET" && proof === PROOFS[name][0] ? ["GET", "HEAD"] : [method];
        for (const one of methods) {
          const told = await status(one, path, proof);
          if (told !== expected) wrong.push(`${one} ${path} ${name} ${proof}: ${told}, not ${expected}`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
});

// The runtime reads URLs before the Worker does: it resolves dots, and takes a backslash for a slash.
test("no spelling of a hidden path opens it, as the runtime reads paths", { timeout: 600_000 }, async () => {
  const slashes = ["/", "//", "/./", "/%2e/", "/%2E/", "\\", "%2f", "%2F", "%5c", "%5C", "%252f", "%c0%af", "/;/", "/x/../", "/x/%2e%2e/"];
  const starts = ["", "/", "/.", "/public/..", "/public/%2e%2e", "/public/.%2E", "/team-a/..", "/public/..;", "/public\\..", "/%2e%2e", "/api/v1/.."];
  const ends = ["", "/", "/.", "?x", "%3fx", "%00", ";", "%20", "#", "%23", "/%2e", ".", "%0a"];
  const names = ["team-b", "team%2Db", "%74eam-b", "TEAM-B", "Team-b", "team-b%00", "team-b;", "%2574eam-b"];
  const files = ["index.yaml", "charts/a-1.0.0.tgz", `charts/${digests["team-b"]}/a-1.0.0.tgz`, "charts/a-1.0.0.tgz.prov", "%69ndex.yaml", "INDEX.YAML"];
  const spellings = new Set();
  for (const [at, name] of names.entries()) {
    for (const file of files) {
      for (const slash of slashes) spellings.add(`/${name}${slash}${file}`);
      for (const start of starts) spellings.add(`${start}/${name}/${file}${ends[at % ends.length]}`);
      for (const end of ends) spellings.add(`/${name}/${file}${end}`);
    }
  }
  assert.ok(spellings.size > 1000, `${spellings.size} spellings`);
  const opened = [];
  let plain = 0;
  for (const path of spellings) {
    for (const proof of [undefined, PROOFS["reader-a"][0]]) {
      const told = await status("GET", path, proof);
      if (![400, 401, 403, 404, 405].includes(told)) opened.push(`${path} ${proof}: ${told}`);
    }
    if ((await status("GET", path, PROOFS["scope-b"][0])) === 200) plain += 1;
  }
  assert.deepEqual(opened, []);
  // Some are the plain one's, or this shows nothing.
  assert.ok(plain > 50, `${plain} opened it for who may`);
});
