// Many clients at once, before the first sync and after it, and costly requests of strangers, readers and operators beside
// them: no reader meets an error, the registry is read once, and what all of it costs has a bound.
//
//   LOAD=60   seconds that each part takes; a few by default, with fewer clients

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Agent } from "node:http";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, each, hex, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep } from "./wait.mjs";

const scope = new Scope();
const SECONDS = Number(process.env.LOAD ?? 3);
const CLIENTS = process.env.LOAD ? 200 : 50;
/** So many of each costly request run side by side. */
const COSTLY = process.env.LOAD ? 50 : 10;

const REPOSITORIES = 10;
const VERSIONS = 10;
const TAGS = REPOSITORIES * VERSIONS;
/** An enumeration, a list a repository, a manifest and a config a tag. */
const FIRST_SYNC = 1 + REPOSITORIES + 2 * TAGS;

/** Questions to the catalog within a second of the clock. An isolate has three allowances of 20: for strangers, for those it knows,
 * and for those who ask past caches (`src/serve/allowance.rs`). Two are drawn on here: behind a password a stranger sees the
 * front page only, which takes from none. */
const QUESTIONS_A_SECOND = 2 * 20;

/** So many names that nobody knows are looked for in an hour; each is looked for again in the next pass. */
const NEW_NAMES = 100;
const NAMES_LOOKED_FOR = 7 * NEW_NAMES;

/** How long a client waits: the machine is busy with all the others. */
const PATIENT = 60_000;

const READER = { authorization: basic("helm", "secret") };
const HOOK = "secret of the webhook";

let registry;

before(async () => {
  registry = await streaming(scope);
  const charts = Array.from({ length: TAGS }, (_, n) =>
    chart(`chart-${n % REPOSITORIES}`, `1.${Math.floor(n / REPOSITORIES)}.0`, { provenance: n === 0 }),
  );
  // One of them in a folder.
  await each(charts, 8, (made) => push(registry, `x/${made.name === "chart-9" ? "team/" : ""}${made.name}`, made));
});
after(() => scope.end());

/** A Worker behind a password, with what it asks of the registry and of its catalog counted. */
async function counted(here) {
  const upstream = await Proxy.before(here, registry.host);
  const questions = [];
  const object = (what) => void (what === "question" && questions.push(Date.now()));
  const settings = { BASIC_AUTH_USER: "helm", BASIC_AUTH_PASS: "secret", WEBHOOK_SECRET: HOOK, SUBREQUEST_BUDGET: 1_000 };
  const worker = await start(here, { REGISTRY: `http://${upstream.host}/x`, ...settings }, { object });
  return { worker, upstream, questions };
}

/** The same with its index published, and nothing counted so far. */
async function atRest(here) {
  const made = await counted(here);
  await made.worker.index("/index.yaml", { headers: READER });
  await sleep(2_000);
  made.upstream.take();
  made.questions.length = 0;
  return made;
}

/** A client as Helm is one: reads the index, whole or only if it is new, and pulls a chart of it. */
async function helm(worker, agent, kept) {
  const headers = { ...READER, ...(kept.etag && { "if-none-match": kept.etag }) };
  const index = await worker.send("/index.yaml", { headers, agent, limit: PATIENT });
  assert.ok(index.status === 200 || (kept.etag && index.status === 304), `index: ${index.status} ${index.text}`);
  if (index.status === 200) Object.assign(kept, { etag: index.headers.etag, entries: Object.values(index.json.entries).flat() });
  assert.equal(kept.entries.length, TAGS);
  const entry = kept.entries[Math.floor(Math.random() * TAGS)];
  const file = await worker.send(`/${entry.urls[0]}`, { headers: READER, agent, limit: PATIENT });
  assert.equal(file.status, 200, `package: ${file.status} ${file.text}`);
  assert.equal(hex(file.body), entry.digest);
}

/** Has so many clients do their work again and again until the time is up; gives how often it was done. */
async function crowd(clients, work) {
  const end = Date.now() + SECONDS * 1_000;
  let done = 0;
  const client = async (_, n) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = {};
    try {
      do {
        await work(agent, kept, n);
        done += 1;
      } while (Date.now() < end);
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return done;
}

const isBlob = ({ path }) => path.includes("/blobs/");

test(`${CLIENTS} clients come before the first sync: all are served, by one sync`, { timeout: 300_000 }, async (t) => {
  const here = new Scope();
  try {
    const { worker, upstream } = await counted(here);
    const begun = Date.now();
    await Promise.all(Array.from({ length: CLIENTS }, () => helm(worker, false, {})));
    t.diagnostic(`${CLIENTS} indexes and packages in ${Date.now() - begun} ms`);
    const pulled = CLIENTS;
    const calls = upstream.take();
    assert.ok(calls.length <= FIRST_SYNC + pulled, `${calls.length} calls, ${FIRST_SYNC} for a sync and ${pulled} packages`);
    assert.ok(calls.filter(({ path }) => path.includes("/_catalog")).length === 1, "one sync");
  } finally {
    await here.end();
  }
});

test(`${CLIENTS} clients read for ${SECONDS} s: no error, and no call to the registry but for packages`, { timeout: 300_000 }, async (t) => {
  const here = new Scope();
  try {
    const { worker, upstream, questions } = await atRest(here);
    const begun = Date.now();
    const done = await crowd(CLIENTS, (agent, kept) => helm(worker, agent, kept));
    const seconds = (Date.now() - begun) / 1_000;
    t.diagnostic(`${Math.round((2 * done) / seconds)} requests a second, ${questions.length} questions to the catalog`);
    const calls = upstream.take();
    assert.deepEqual(calls.filter((call) => !isBlob(call)).map(({ path }) => path), []);
    assert.ok(calls.length <= done, `${calls.length} packages fetched for ${done} clients`);
    assert.ok(questions.length <= 5, `${questions.length} questions`);
  } finally {
    await here.end();
  }
});

/** Requests that cost more than a read, or that somebody may think do; the nth of each. */
const COSTLY_REQUESTS = {
  "the front page, by strangers": () => ["/"],
  "the front page": () => ["/", { headers: READER }],
  "the page of a space": () => ["/team", { headers: READER }],
  "provenance files": () => ["/charts/chart-0-1.0.0.tgz.prov", { headers: READER }],
  "lists of charts": (n) => [`/api/charts?offset=${n % REPOSITORIES}&limit=2`, { headers: READER }],
  "charts and versions": (n) => [`/api/charts/chart-${n % 9}${n % 2 ? "" : "/1.1.0"}`, { headers: READER }],
  "spaces of the other API": (n) => [`/api/v1/spaces${["", "/team/charts", "/team/metadata"][n % 3]}`, { headers: READER }],
  "values and templates": (n) => [`/api/charts/chart-0/1.0.0/${["values", "templates"][n % 2]}`, { headers: READER }],
  "spaces that are none": (n) => [`/nothing-${n}/index.yaml`, { headers: READER }],
  "files that are none": (n) => [`/charts/nothing-${n}.0.0.tgz`, { headers: READER }],
  "wrong digests": (n) => [`/charts/${n.toString(16).padStart(16, "0")}/chart-0-1.0.0.tgz`, { headers: READER }],
  "Artifact Hub's file": (n) => [`/a${n}/artifacthub-repo.yml`, { headers: READER }],
  "the index past all caches": () => ["/index.yaml", { headers: { ...READER, "cache-control": "no-cache" } }],
  "wrong passwords": (n) => ["/index.yaml", { headers: { authorization: basic("helm", `${n}`) } }],
};

/** What is answered by the catalog itself, each time: it is for those who are known, and readers must not feel it. */
const BY_THE_CATALOG = {
  "the state": () => ["/info", { headers: AS_ADMIN }],
  "the metrics": () => ["/metrics", { headers: AS_ADMIN }],
  "deep health": () => ["/health?deep", { headers: AS_ADMIN }],
  "webhooks of Harbor about what is not there": (n) => notified("harbor", pushed(n)),
  "webhooks of distribution about what is not there": (n) => notified("distribution", { events: [{ action: "delete", target: { repository: `x/none-${n}` } }] }),
  "webhooks of GitHub about what is not there": (n) => notified("github", published(n), n),
  refreshes: (n) => [`/refresh${["", "/team", `/none-${n}`][n % 3]}`, { method: "POST", headers: AS_ADMIN }],
};

/** A notification of a registry's, which shows the secret or signs. */
function notified(kind, body, delivery) {
  const text = JSON.stringify(body);
  const signed = { "x-github-delivery": `${delivery}`, "x-hub-signature-256": `sha256=${createHmac("sha256", HOOK).update(text).digest("hex")}` };
  const headers = kind === "github" ? signed : { authorization: `Bearer ${HOOK}` };
  return [`/webhook/${kind}`, { method: "POST", headers, body: text }];
}

/** What Harbor says. */
function pushed(n) {
  const data = { resources: [{ tag: `${n}` }], repository: { repo_full_name: `x/none-${n}` } };
  return { type: "PUSH_ARTIFACT", event_data: data };
}

/** What GitHub says. */
function published(n) {
  const version = { container_metadata: { tag: { name: "1.0.0" } } };
  return { action: "published", registry_package: { namespace: "x", name: `none-${n}`, package_version: version } };
}

for (const [kinds, bounded] of [[COSTLY_REQUESTS, true], [BY_THE_CATALOG, false]]) {
  const separately = Object.entries(kinds).map(([name, request]) => [name, [request]]);
  const together = [[Object.keys(kinds).join(", "), Object.values(kinds)]];
  for (const [name, requests] of process.env.LOAD ? separately : together) {
    test(`${COSTLY} ask for ${name} for ${SECONDS} s: readers meet no error`, { timeout: 300_000 }, (t) => costly(t, requests, bounded));
  }
}

/** `COSTLY` clients make these requests in turn while others read; where `bounded`, what the catalog is asked has a bound. */
async function costly(t, requests, bounded) {
  const here = new Scope();
  try {
    const { worker, upstream, questions } = await atRest(here);
    const begun = Date.now();
    let asked = 0;
    const [read, done] = await Promise.all([
      crowd(10, async (agent, kept) => {
        await helm(worker, agent, kept);
        await sleep(50);
      }),
      crowd(COSTLY, async (agent) => {
        asked += 1;
        const [path, options] = requests[asked % requests.length](asked);
        const answer = await worker.send(path, { ...options, agent, limit: PATIENT });
        // That there are too many is an answer. That something broke is none.
        assert.notEqual(answer.status, 500, answer.text);
      }),
    ]);
    const seconds = (Date.now() - begun) / 1_000;
    const taken = upstream.take();
    const calls = taken.filter((call) => !isBlob(call)).length;
    t.diagnostic(`${done} of them and ${2 * read} of readers in ${seconds.toFixed(1)} s: ${questions.length} questions, ${calls} calls`);
    if (!bounded) {
      // One question each, besides what readers and the catalog's own interval ask. Of names that nobody knows a hundred are looked
      // for in an hour, twice at most; each refresh can begin one pass.
      assert.ok(questions.length <= asked + QUESTIONS_A_SECOND * (Math.ceil(seconds) + 1), `${questions.length} questions for ${asked}`);
      const passes = taken.filter(({ path }) => path.includes("/_catalog")).length;
      const refreshes = requests.some((request) => request(0)[0].startsWith("/refresh")) ? asked : 0;
      const each = 1 + REPOSITORIES + NEW_NAMES;
      assert.ok(passes <= refreshes + 2, `${passes} passes for ${refreshes} refreshes`);
      assert.ok(calls <= NAMES_LOOKED_FOR + (passes + 1) * each + 2 * refreshes, `${calls} calls in ${passes} passes for ${asked}`);
      return;
    }
    // The seconds of the clock that are touched: those that passed, the one they began in and the one they ended in.
    const bound = QUESTIONS_A_SECOND * (Math.ceil(seconds) + 1);
    assert.ok(questions.length <= bound, `${questions.length} questions in ${seconds} s`);
    assert.ok(calls <= bound, `${calls} calls to the registry in ${seconds} s`);
  } finally {
    await here.end();
  }
}
