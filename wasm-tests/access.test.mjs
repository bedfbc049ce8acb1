// Who may read, who may administer, and what is told to those who may not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ADMIN, AS_ADMIN, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { PASSWORD, USER, streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const secret = chart("secret", "1.0.0", { provenance: true });
const reader = { authorization: basic("helm", "p:ä ss") };
const paths = ["/index.yaml", "/team-a/index.yaml", "/nothing/index.yaml", `/${secret.link}`, `/${secret.link}.prov`];
let registry;
let worker;

before(async () => {
  registry = await streaming(scope, { htpasswd: true });
  await push(registry, "charts/team-a/secret", secret);
  worker = await start(scope, {
    REGISTRY: `http://${registry.host}/charts`,
    REGISTRY_USERNAME: USER,
    REGISTRY_PASSWORD: PASSWORD,
    BASIC_AUTH_USER: "helm",
    BASIC_AUTH_PASS: "p:ä ss",
  });
  await worker.index("/index.yaml", { headers: reader });
});
after(() => scope.end());

test("strangers get one and the same answer everywhere", async () => {
  const strangers = [
    undefined,
    basic("helm", "wrong"),
    basic("wrong", "p:ä ss"),
    basic("wrong", "wrong"),
    basic("", ""),
    "Basic",
    "Basic %%%",
    `Bearer ${Buffer.from("helm:p:ä ss").toString("base64")}`,
    "Negotiate x",
  ];
  const answers = new Set();
  for (const path of paths) {
    for (const authorization of strangers) {
      for (const extra of [{}, { "if-none-match": "*" }]) {
        const answer = await worker.send(path, { headers: { ...(authorization && { authorization }), ...extra } });
        assert.equal(answer.status, 401, `${path} ${authorization}`);
        assert.equal(answer.headers["www-authenticate"], 'Basic realm="charts", charset="UTF-8"');
        assert.equal(answer.headers["cache-control"], "no-store");
        answers.add(JSON.stringify([answer.text, Object.keys(answer.headers).sort()]));
      }
    }
  }
  assert.equal(answers.size, 1);
  assert.ok([...answers][0].includes("credentials are missing or wrong"));
});

test("a reader reads, and nothing of it is public", async () => {
  for (const path of ["/index.yaml", "/team-a/index.yaml", `/${secret.link}`, `/charts/${secret.file}`, `/${secret.link}.prov`]) {
    const answer = await worker.send(path, { headers: reader });
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers["cache-control"], /^private, /);
    const same = await worker.send(path, { headers: { ...reader, "if-none-match": answer.headers.etag } });
    assert.equal(same.status, 304, path);
    assert.match(same.headers["cache-control"], /^private, /);
  }
  const { body } = await worker.send(`/${secret.link}`, { headers: reader });
  assert.ok(body.equals(secret.package));
});

test("no answer says public", async () => {
  for (const path of ["/", "/health", "/info", "/metrics", "/x", "/charts/x-1.tgz", ...paths]) {
    for (const headers of [{}, reader, AS_ADMIN]) {
      const answer = await worker.send(path, { headers });
      assert.ok(!answer.headers["cache-control"].includes("public"), path);
    }
  }
});

test("the front page is for anyone, its counts are not", async () => {
  const stranger = await worker.send("/");
  assert.equal(stranger.status, 200);
  assert.match(stranger.text, new RegExp(`\\$ helm repo add \\S+ http://${worker.host} --username`));
  assert.doesNotMatch(stranger.text, /1 version/);
  const known = await worker.send("/", { headers: reader });
  assert.match(known.text, /1 versions? of 1 chart/);
});

test("the administrator's routes want the token", async () => {
  for (const [method, path] of [["GET", "/info"], ["GET", "/metrics"], ["POST", "/refresh"], ["POST", "/refresh/team-a"]]) {
    for (const headers of [{}, { authorization: "Bearer wrong" }]) {
      const answer = await worker.send(path, { method, headers });
      assert.equal(answer.status, 401, path);
      assert.match(answer.headers["www-authenticate"], /Bearer realm="admin"/);
    }
    assert.equal((await worker.send(path, { method, headers: reader })).status, 403, path);
    for (const authorization of [`Bearer ${ADMIN}`, `bearer ${ADMIN}`, basic("anyone", ADMIN)]) {
      const answer = await worker.send(path, { method, headers: { authorization } });
      assert.ok([200, 202].includes(answer.status), `${path} ${answer.status}`);
    }
  }
});

test("without a token its routes are closed; without a secret webhooks are", async () => {
  const here = new Scope();
  try {
    const closed = await start(here, { REGISTRY: `http://${registry.host}/x`, ADMIN_TOKEN: "" });
    for (const [method, path, setting] of [
      ["GET", "/info", "ADMIN_TOKEN"],
      ["GET", "/metrics", "ADMIN_TOKEN"],
      ["POST", "/refresh", "ADMIN_TOKEN"],
      ["POST", "/webhook/harbor", "WEBHOOK_SECRET"],
    ]) {
      const answer = await closed.send(path, { method, headers: { authorization: "Bearer " } });
      assert.equal(answer.status, 403, path);
      assert.deepEqual(answer.json, { error: `closed: ${setting} is not set` });
    }
  } finally {
    await here.end();
  }
});

test("AUTH_ANONYMOUS_GET lets anyone read what only the Worker may read upstream", async () => {
  const here = new Scope();
  try {
    const open = await start(here, {
      REGISTRY: `http://${registry.host}/charts`,
      REGISTRY_USERNAME: USER,
      REGISTRY_PASSWORD: PASSWORD,
      AUTH_ANONYMOUS_GET: "true",
    });
    assert.equal((await open.index()).headers["cache-control"], "public, no-cache, no-transform");
    assert.ok((await open.send(`/${secret.link}`)).body.equals(secret.package));
  } finally {
    await here.end();
  }
});

test("credentials that come by plain http are refused, but from this machine", async () => {
  for (const authorization of [reader.authorization, basic("helm", "wrong"), `Bearer ${ADMIN}`]) {
    const told = (more) => worker.send("/index.yaml", { headers: { authorization, host: "charts.example", ...more } });
    const answer = await told({});
    assert.equal(answer.status, 403);
    assert.match(answer.json.error, /^credentials are not taken over plain http/);
    assert.equal(answer.headers["strict-transport-security"], undefined);
    assert.notEqual((await told({ host: `localhost:${worker.host.split(":")[1]}` })).status, 403);
  }
  const unasked = await worker.send("/index.yaml", { headers: { host: "charts.example" } });
  assert.equal(unasked.status, 403);
  assert.equal(unasked.headers["www-authenticate"], undefined);
  assert.equal((await worker.send("/health", { headers: { host: "charts.example" } })).status, 200);
});
