// What a registry does to those who write, at each step, by both interfaces: the old version is served, the answer names host and
// step, and the same request again finishes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { form } from "./http.mjs";
import { Proxy } from "./proxy.mjs";
import { chart, each, hex } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const scope = new Scope();
const FRESH = { ...AS_ADMIN, "cache-control": "no-cache" };
/** Writes at a time. */
const WIDTH = 6;

/** The steps of a write, by what their requests look like. */
const STEPS = {
  "reading a manifest": ({ method, path }) => method === "GET" && path.includes("/manifests/1.0.0"),
  "looking for a blob": ({ method, path }) => method === "HEAD" && path.includes("/blobs/"),
  "beginning an upload": ({ method, path }) => method === "POST" && path.includes("/blobs/uploads/"),
  "writing a blob": ({ method, path }) => method === "PUT" && path.includes("/blobs/uploads/"),
  "writing a manifest": ({ method, path }) => method === "PUT" && path.includes("/manifests/"),
};

const lie = { status: 201, headers: { "docker-content-digest": `sha256:${"0".repeat(64)}`, location: "/v2/x" } };
const answers = (status, headers = {}) => ({ status, headers });

/** What the registry does, and what is told of it; HOST and STEP are those of the registry. */
const FAULTS = {
  dies: ["reset", 502, "the registry HOST could not be reached (STEP)"],
  "loses its answer": [{ lose: true }, 502, "the registry HOST could not be reached (STEP)"],
  fails: [answers(500), 502, "the registry HOST answered 500 (STEP)"],
  denies: [answers(403), 502, "the registry HOST denied access (403) (STEP)"],
  throttles: [answers(429, { "retry-after": "7" }), 503, "the registry HOST asks to slow down (STEP)"],
  lies: [lie, 502, "the registry HOST gave an unusable answer (STEP)"],
};

let registry;
let upstream;
let worker;
/** What becomes of requests to a chart's repository, by its name. */
const rules = new Map();

before(async () => {
  registry = await streaming(scope);
  upstream = await Proxy.before(scope, registry.host);
  upstream.rule = (request) => rules.get(/^\/v2\/charts\/team\/([^/]+)\//.exec(request.path)?.[1])?.(request);
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/charts` });
  await worker.send("/", { headers: AS_ADMIN });
});
after(() => scope.end());

const post = (made, query = "") =>
  worker.send(`/api/team/charts${query}`, { method: "POST", headers: AS_ADMIN, body: made.package, limit: 120_000 });

/** Replaces a version by ChartMuseum's API or that of spaces. */
function replace(made, bySpaces) {
  if (!bySpaces) return post(made, "?force");
  const { body, type } = form({ chartfile: made.package });
  const headers = { ...AS_ADMIN, "content-type": type };
  return worker.send(`/api/v1/spaces/team/charts/${made.name}/versions/1.0.0`, { method: "PUT", headers, body, limit: 120_000 });
}

/** The digest of what a client gets that trusts no cache; of those who ask so, so many a second are answered. */
async function served(made) {
  const answer = await until(`${made.file} is answered`, async () => {
    const got = await worker.send(`/team/charts/${made.file}`, { headers: FRESH });
    return got.status !== 503 && got;
  });
  return answer.status === 200 ? hex(answer.body) : answer.status;
}

const CASES = Object.keys(FAULTS).flatMap((fault) => Object.keys(STEPS).map((step) => ({ fault, step })));

test("at each step the old version is served, and the repeat finishes", async (t) => {
  const wrong = [];
  const all = CASES.map((one, nth) => ({ ...one, nth }));
  await each(all, WIDTH, async ({ fault, step, nth }) => {
    const name = `c${nth}`;
    const versions = ["old", "new"].map((description) => chart(name, "1.0.0", { metadata: { description } }));
    const [old, changed] = versions;
    const bySpaces = nth % 2 === 1;
    try {
      assert.equal((await post(old)).status, 201);
      const [what, status, told] = FAULTS[fault];
      rules.set(name, (request) => (STEPS[step](request) ? what : undefined));
      const answer = await replace(changed, bySpaces);
      rules.delete(name);
      const { error, message } = answer.json;
      const text = `${answer.status} ${error ?? message}`;
      // A mount that nobody wanted is believed, and then the manifest is refused.
      const expected =
        fault === "lies" && step === "beginning an upload"
          ? `502 the registry ${upstream.host} answered 400 (writing a manifest)`
          : `${status} ${told.replace("HOST", upstream.host).replace("STEP", step)}`;
      assert.equal(text, expected);
      if (status === 503) assert.equal(answer.headers["retry-after"], "7");
      // Whether a manifest was taken whose answer was lost nobody knows.
      const taken = fault === "loses its answer" && step === "writing a manifest";
      const after_ = await served(changed);
      if (taken) assert.ok([old.digest, changed.digest].includes(after_), `${after_}`);
      else assert.equal(after_, old.digest, "the old version");
      const again = await replace(changed, bySpaces);
      assert.equal(again.status, bySpaces ? 200 : 201, again.text);
      assert.equal(await served(changed), changed.digest);
    } catch (failure) {
      wrong.push(`${fault}, ${step}: ${failure.message}`);
    }
  });
  t.diagnostic(`${all.length} faults`);
  assert.deepEqual(wrong, []);
});
