// Every line with curl that ChartMuseum's README and docs/pushing.md have, as they stand there but for the host.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { send } from "../wasm-tests/http.mjs";
import { hex } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";
import { pack } from "./charts.mjs";
import { HELMS, Helm, Outcome } from "./helm.mjs";
import { makeKey } from "./keys.mjs";

const ADMIN_TOKEN = "t0ken";
const SAVED = '{"saved":true}';
const DELETED = '{"deleted":true}';
const EXISTS = '{"error":"file already exists"}';

const scope = new Scope();
let folder;
let helm;
let key;
let registry;
let worker;

/** A signed chart as a package in the folder in which lines are run. */
async function signed(name, version) {
  const source = join(helm.home, name);
  await helm.run("create", source);
  const made = await pack(helm, source, { key, version });
  for (const suffix of ["", ".prov"]) writeFileSync(join(folder, made.file + suffix), readFileSync(made.path + suffix));
  return made;
}

/** Runs a line in a shell. */
async function shell(line) {
  const env = { PATH: process.env.PATH, HOME: folder, ADMIN_TOKEN };
  const outcome = await Outcome.of("sh", ["-c", line], { cwd: folder, env });
  assert.equal(outcome.status, 0, `${outcome}`);
  return outcome.out;
}

const held = (path) => worker.send(path, { headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "cache-control": "no-cache" } });

before(async () => {
  folder = scope.folder();
  helm = new Helm(scope, HELMS[0]);
  key = await makeKey(scope);
  registry = await streaming(scope);
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, ADMIN_TOKEN, AUTH_ANONYMOUS_GET: "true" });
  await worker.send("/");
});
after(() => scope.end());

test("those of ChartMuseum's README", async () => {
  const made = await signed("mychart", "0.1.0");
  const delete_ = "curl -X DELETE http://localhost:8080/api/charts/mychart/0.1.0";
  const lines = [
    ['curl --data-binary "@mychart-0.1.0.tgz" http://localhost:8080/api/charts', SAVED],
    ['curl --data-binary "@mychart-0.1.0.tgz" http://localhost:8080/api/charts', EXISTS],
    ['curl --data-binary "@mychart-0.1.0.tgz.prov" http://localhost:8080/api/prov', SAVED],
    ["curl http://localhost:8080/api/charts", /^\{"mychart":\[\{.*"version":"0\.1\.0"/],
    ["curl http://localhost:8080/api/charts/mychart", /^\[\{.*"version":"0\.1\.0"/],
    ["curl http://localhost:8080/api/charts/mychart/0.1.0", new RegExp(`"digest":"${made.digest}"`)],
    [delete_, DELETED],
    // Both files at once, or one at a time.
    ['curl -F "chart=@mychart-0.1.0.tgz" -F "prov=@mychart-0.1.0.tgz.prov" http://localhost:8080/api/charts', SAVED],
    [delete_, DELETED],
    ['curl -F "chart=@mychart-0.1.0.tgz" http://localhost:8080/api/charts', SAVED],
    ['curl -F "prov=@mychart-0.1.0.tgz.prov" http://localhost:8080/api/charts', SAVED],
    ['curl -F "chart=@mychart-0.1.0.tgz" "http://localhost:8080/api/charts?force"', SAVED],
    ['curl -F "chart=@mychart-0.1.0.tgz" http://localhost:8080/api/org1/repoa/charts', SAVED],
    ["curl http://localhost:8080/health", /^\{"healthy":true\}$/],
  ];
  for (const [line, expected] of lines) {
    const said = await shell(`${line.replace("localhost:8080", worker.host)} --silent --show-error --user any:${ADMIN_TOKEN}`);
    if (expected instanceof RegExp) assert.match(said, expected, line);
    else assert.equal(said, expected, line);
  }
  for (const file of ["charts/mychart-0.1.0.tgz", "org1/repoa/charts/mychart-0.1.0.tgz"]) {
    assert.equal(hex((await held(`/${file}`)).body), made.digest, file);
  }
});

test("those of docs/pushing.md", async () => {
  const made = await signed("web", "1.4.2");
  const page = readFileSync(join(ROOT, "docs/pushing.md"), "utf8");
  const blocks = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block).filter((block) => block.includes("curl"));
  const lines = blocks.flatMap((block) => block.replaceAll("\\\n", "").split("\n")).filter((line) => /\bcurl\b/.test(line));
  const said = [];
  for (const line of lines) {
    const here = line.replaceAll("https://charts.acme.example", `http://${worker.host}`).replaceAll("curl ", "curl --silent --show-error ");
    said.push(await shell(here));
  }
  assert.deepEqual(said, [SAVED, SAVED, DELETED], lines.join("\n"));
  assert.equal((await send(registry.host, "/v2/charts/web/manifests/1.4.2")).status, 404);
  assert.equal(hex((await held("/team-a/charts/web-1.4.2.tgz")).body), made.digest);
  await helm.run("pull", `http://${worker.host}/team-a/charts/web-1.4.2.tgz`, "--verify", "--keyring", key.public);
});
