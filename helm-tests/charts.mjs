// The charts of examples/charts, packaged and pushed by real Helm to where scripts/dev pushes them: a folder
// `<repository>/<version>` holds a chart, and Helm makes the repository's last part of the chart's name.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { hex } from "../wasm-tests/push.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";

export const EXAMPLES = join(ROOT, "examples");
const CHARTS = join(EXAMPLES, "charts");

/** The folders of the sample charts. */
function samples() {
  const files = readdirSync(CHARTS, { recursive: true });
  return files.filter((file) => basename(file) === "Chart.yaml").map((file) => join(CHARTS, dirname(file))).sort();
}

/** A package on disk. */
class Package {
  constructor(path, space, version) {
    this.path = path;
    this.file = basename(path);
    this.space = space;
    this.version = version;
    this.name = this.file.slice(0, -`-${version}.tgz`.length);
    this.bytes = readFileSync(path);
    this.digest = hex(this.bytes);
  }
}

/** Packages a chart, signed where a key is given; with another version than its own if one is given. */
export async function pack(helm, folder, { space = "", key, version } = {}) {
  const into = join(helm.home, "packages", space);
  mkdirSync(into, { recursive: true });
  const sign = key ? ["--sign", "--key", key.name, "--keyring", key.secret] : [];
  const { out } = await helm.run("package", folder, "--destination", into, ...sign, ...(version ? ["--version", version] : []));
  const [, path] = /saved it to: (.*)$/m.exec(out);
  return new Package(path, space, version ?? basename(folder));
}

/** Packages every sample; those of `hello` are signed if a key is given. */
export async function packAll(helm, key) {
  const packages = [];
  for (const folder of samples()) {
    const repository = relative(CHARTS, dirname(folder));
    const space = dirname(repository) === "." ? "" : dirname(repository);
    packages.push(await pack(helm, folder, { space, key: repository === "hello" ? key : undefined }));
  }
  return packages;
}

/** Pushes a package, with its provenance where it lies beside it, to `place`, `host/prefix`. */
export async function push(helm, place, made) {
  const target = ["oci:/", place, made.space].filter(Boolean).join("/");
  await helm.run("push", made.path, target, "--plain-http");
}

/** Adds the Worker's repository, which must have these packages and no others, and pulls each. */
export async function pullsAll(helm, url, packages, ...login) {
  await helm.run("repo", "add", "acme", url, ...login);
  const { json: found } = await helm.run("search", "repo", "acme/", "--versions", "-o", "json");
  const versions = ({ name, version }) => `${name} ${version}`;
  assert.deepEqual(found.map(versions).sort(), packages.map(({ name, version }) => `acme/${name} ${version}`).sort());
  for (const made of packages) {
    await helm.run("pull", `acme/${made.name}`, "--version", made.version);
    assert.equal(hex(readFileSync(join(helm.home, made.file))), made.digest);
  }
}
