// Packs charts and pushes them to a registry over HTTP, as `helm package` and `helm push` do, for machines without Helm.
//
//   node examples/push.mjs http://127.0.0.1:5001/charts    pushes examples/charts: <repository>/<version>/Chart.yaml
//
// PORTOLAN_MODULES names a folder of npm packages that has `yaml`.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

import { push, tar } from "../wasm-tests/push.mjs";

const { parse } = createRequire(join(process.env.PORTOLAN_MODULES, "x"))("yaml");

/** Where the sample charts are. */
const SAMPLES = join(import.meta.dirname, "charts");

const target = new URL(process.argv[2]);
if (target.protocol !== "http:") throw new Error(`${target} is not http://…`);
const prefix = target.pathname.replace(/^\/|\/$/g, "");
const folders = readdirSync(SAMPLES, { recursive: true }).filter((path) => path.endsWith("/Chart.yaml")).map(dirname);
for (const folder of folders.sort()) {
  // The folders above a version are its repository.
  const repository = [prefix, dirname(folder)].filter(Boolean).join("/");
  const { tag } = await push({ push: target.host, login: {} }, repository, pack(join(SAMPLES, folder)));
  console.log(`pushed ${repository}:${tag}`);
}

/** A chart's folder as a package. The same files give the same bytes. */
function pack(folder) {
  const config = parse(readFileSync(join(folder, "Chart.yaml"), "utf8"));
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    // Chart.yaml first, as Helm has it: readers then need not read on.
    .sort((a, b) => (b === "Chart.yaml") - (a === "Chart.yaml") || (a < b ? -1 : 1));
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]));
  return { name: config.name, version: config.version, config, package: gzipSync(tar(config.name, files)) };
}
